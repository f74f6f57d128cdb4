"""Names that a user gives: of options, of settings."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from converter.errors import OptionError


def check_names(given: Iterable[object], known: Sequence[str]) -> None:
    """Raise OptionError, with the nearest name there is, for one that is not known."""
    for name in given:
        if name not in known:
            raise OptionError(f"there is no option {name!r}; {nearest(name, known)}")


def nearest(name: object, known: Sequence[str]) -> str:
    """What to say of a name that is not known."""
    near = get_close_matches(str(name), known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"


def check_sequence_of_names(option: str, value: object) -> None:
    """Raise OptionError where an option is not a sequence of strings."""
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(name, str) for name in value):
        raise OptionError(f"{option} is {value!r}: expected a sequence of names")
