"""Records are dataclasses to everybody who looks at one: judged by a standard class of the same text."""
from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from lite import records

Decorate = Callable[..., Callable[[type], type]]


def kinds(dataclass: Any, field: Any) -> dict[str, type]:
    @dataclass(frozen=True, slots=True)
    class Base:
        low: int
        high: int = 2
        shared: ClassVar[int] = 7

        def __post_init__(self) -> None:
            if self.low > self.high:
                raise ValueError("low > high")

        @property
        def extent(self) -> int:
            return self.high - self.low

    @dataclass(frozen=True, slots=True)
    class Derived(Base):
        high: int = 5
        names: list[str] = field(default_factory=list)
        hidden: Any = field(default=None, compare=False, repr=False)

    @dataclass(frozen=True, slots=True, eq=False)
    class Identical:
        """Compared by identity."""

        value: object

        def __str__(self) -> str:
            return "text"

    class Plain(Base):
        __slots__ = ()

    return {cls.__name__: cls for cls in (Base, Derived, Identical, Plain)}


STANDARD = kinds(dataclasses.dataclass, dataclasses.field)
OURS = kinds(records.dataclass, records.field)
for _name, _cls in OURS.items():  # where pickle looks for them
    _cls.__qualname__ = _cls.__name__
    globals()[_name] = _cls

CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Base", (1,), {}),
    ("Base", (1, 3), {}),
    ("Base", (), {"high": 4, "low": 3}),
    ("Base", (), {}),
    ("Base", (1, 2, 3), {}),
    ("Base", (1,), {"low": 2}),
    ("Base", (1,), {"width": 2}),
    ("Base", (3,), {}),
    ("Derived", (1,), {}),
    ("Derived", (1, 2, ["a"], 5), {}),
    ("Derived", (0,), {"hidden": 1}),
    ("Identical", (None,), {}),
    ("Plain", (1,), {}),
]


def outcome(cls: type, values: tuple[Any, ...], by_name: dict[str, Any]) -> Any:
    try:
        made = cls(*values, **by_name)
    except (TypeError, ValueError) as error:
        return type(error)
    names = [row.name for row in dataclasses.fields(made)]
    shown = repr(made).removeprefix("kinds.<locals>.")
    return names, [getattr(made, name) for name in names], shown, dataclasses.asdict(made), made == made


@pytest.mark.parametrize(("name", "values", "by_name"), CALLS)
def test_a_record_is_what_a_dataclass_would_be(name: str, values: tuple[Any, ...], by_name: dict[str, Any]) -> None:
    assert outcome(OURS[name], values, by_name) == outcome(STANDARD[name], values, by_name)


@pytest.mark.parametrize("name", OURS)
def test_classes_look_alike(name: str) -> None:
    ours, standard = OURS[name], STANDARD[name]
    assert dataclasses.is_dataclass(ours)
    for of in (
        lambda cls: [(row.name, row.default, row.compare, row.repr) for row in dataclasses.fields(cls)],
        lambda cls: [(p.name, p.default, p.kind) for p in inspect.signature(cls).parameters.values()][:2],
        lambda cls: cls.__match_args__,
        lambda cls: cls.__doc__ if name == "Identical" else None,
        lambda cls: hasattr(cls, "shared"),
    ):
        assert of(ours) == of(standard)  # type: ignore[no-untyped-call]


def test_equality_and_hash() -> None:
    made = OURS["Derived"]
    assert made(1, 2, (), "a") == made(1, 2, (), "b")
    assert hash(made(1, 2, (), "a")) == hash(made(1, 2, (), "b"))
    assert made(1, 2) != made(1, 3)
    assert made(1, 2) != OURS["Base"](1, 2)
    assert OURS["Plain"](1, 2) != OURS["Base"](1, 2)
    same = OURS["Identical"]
    assert same(1) != same(1)
    assert len({same(1), same(1)}) == 2
    assert str(same(1)) == "text"


def test_a_record_cannot_be_changed() -> None:
    record = OURS["Base"](1)
    for change in (
        lambda: setattr(record, "low", 2),
        lambda: setattr(record, "other", 2),
        lambda: delattr(record, "low"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            change()
    assert not hasattr(record, "__dict__")
    for replace in (dataclasses.replace, records.replace):
        assert replace(record, high=9) == OURS["Base"](1, 9)
        with pytest.raises(ValueError, match="low > high"):
            replace(record, high=0)


def test_copies_and_pickles() -> None:
    record = OURS["Derived"](1, 4, ["a"], "hidden")
    for twin in (copy.copy(record), copy.deepcopy(record), pickle.loads(pickle.dumps(record))):
        assert twin == record
        assert twin.hidden == "hidden"


def test_defaults() -> None:
    assert records.defaults(OURS["Derived"]) == {"high": 5, "names": [], "hidden": None}
