"""Checks of the names and values that users give to options and settings."""
from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from converter.errors import OptionError

_SHOWN = 200  # characters of a value


def check_names(given: Iterable[object], known: Sequence[str]) -> None:
    """Raise OptionError for a name that is not known, with the nearest one that is."""
    for name in given:
        if not isinstance(name, str) or name not in known:
            raise OptionError(f"there is no option {shown(name)}; {nearest(name, known)}")


def nearest(name: object, known: Sequence[str]) -> str:
    """What an error about an unknown name suggests: the nearest known name, or all of them."""
    near = get_close_matches(name, known, n=1) if isinstance(name, str) else ()
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"


def check_choice(option: str, value: object, known: Iterable[str]) -> None:
    """Raise OptionError where an option is not one of these names."""
    if not isinstance(value, str) or value not in known:
        raise OptionError(option, f" is {shown(value)}: expected one of {', '.join(known)}")


def check_sequence_of_names(option: str, value: object) -> None:
    """Raise OptionError where an option is not a sequence of strings."""
    names = value if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else [None]
    if not all(isinstance(name, str) for name in names):
        raise OptionError(option, f" is {shown(value)}: expected a sequence of names")


def check_flag(option: str, value: object) -> None:
    """Raise OptionError where an option is not True or False."""
    if not isinstance(value, bool):
        raise OptionError(option, f" is {shown(value)}: expected True or False")


def is_integer(value: object, least: int, most: int) -> bool:
    """Whether a value is an integer, or a numpy integer, in [least, most]; True and False are not."""
    try:
        return not isinstance(value, bool) and least <= operator.index(value) <= most  # type: ignore[arg-type]
    except TypeError:  # an array among them
        return False


def is_number(value: object, least: float = -math.inf, most: float = math.inf) -> bool:
    """Whether a value is a finite Python number in [least, most]; True and False are not."""
    try:
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an int beyond all floats
        return False
    return number and least <= value <= most  # type: ignore[operator]


def shown(value: object) -> str:
    """A value of any type as messages show it, shortened where it is long."""
    try:
        text = repr(value)
    except Exception:  # an int of thousands of digits, or an object whose own code fails
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."
