"""Reading JSON into attrs classes without turning anything into something else.

cattrs would turn 1 into "1" and True into 1; the other side is a program of ours, so a wrong type is a bug of ours.
"""

from __future__ import annotations

import math
from typing import Any

import cattrs


def converter() -> cattrs.Converter:
    """Make a converter that takes the types that are said and no others; a float is finite and not negative."""
    made = cattrs.Converter(forbid_extra_keys=True, detailed_validation=False)
    made.register_structure_hook(str, string)
    made.register_structure_hook(int, integer)
    made.register_structure_hook(bool, _boolean)
    made.register_structure_hook(float, _seconds)
    return made


def string(value: Any, _: object = None) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a string was expected, not {type(value).__name__}")
    return value


def integer(value: Any, _: object = None) -> int:
    if type(value) is not int:
        raise TypeError(f"an integer was expected, not {type(value).__name__}")
    return value


def _boolean(value: Any, _: object = None) -> bool:
    if type(value) is not bool:
        raise TypeError(f"true or false was expected, not {type(value).__name__}")
    return value


def _seconds(value: Any, _: object = None) -> float:
    if type(value) is not float or not 0.0 <= value < math.inf:
        raise TypeError(f"seconds were expected, not {value!r}")
    return value
