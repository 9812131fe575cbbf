"""How browsers get in: the Quart-Trio app, its websockets, the command line, and the composition root."""

from web.app import create_app

__all__ = ["create_app"]
