"""What the operator sees of a running server: a second app, on a listener of its own, for whoever has the token.

To add something, write a module beside the others with a function that makes its `quart.Blueprint` of the `Node`, and
name it in `web.operator.app`.
"""

from pathlib import Path

STATIC = Path(__file__).parent / "static"
