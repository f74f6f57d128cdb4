"""`dataclass(frozen=True, slots=True)` in a tenth of the time.

The standard decorator writes the source of every method and compiles it whenever a module is imported: 0.4 ms a class,
a third of all that importing a session took. This one gives its classes methods that walk the fields' names instead;
only `__init__`, which a start calls thousands of times, is real code: the same for all classes of as many fields. To
all other code the result is a dataclass: `fields`, `replace`, `asdict`, `match`, `help` and type checkers see no
difference. It takes frozen classes with slots only; a field is an annotation, with a default or a `field(...)`.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

__all__ = ["dataclass", "defaults", "field", "replace"]

_MISSING: Any = object()  # the default of a field that has none


class _Field:
    """A field with more than a default; the options are those of dataclasses.field."""

    def __init__(self, **options: Any) -> None:
        self.options = options

    def default(self) -> Any:
        """The value of the field where it is not given."""
        factory = self.options.get("default_factory")
        return factory() if factory else self.options.get("default", _MISSING)


def defaults(cls: type) -> Mapping[str, Any]:
    """The default of every field that has one, of a class that was made here."""
    values = {name: row.default() for name, row in _fields(cls).items()}
    return {name: value for name, value in values.items() if value is not _MISSING}


def _replace(record: Any, **changes: Any) -> Any:
    """As dataclasses.replace, which works too but has to make a standard class first."""
    return type(record)(**{name: getattr(record, name) for name in _fields(type(record))} | changes)


def _fields(cls: type) -> dict[str, _Field]:
    found: dict[str, _Field] = getattr(cls, "__record_fields__", {})
    return found


def _dataclass(*, frozen: bool, slots: bool, eq: bool = True) -> Callable[[type], type]:
    """Decorator. eq: compare by fields, or else by identity."""
    if not (frozen and slots):
        raise TypeError("for any other kind of class there is the standard library's decorator")
    return lambda cls: _made_again(cls, eq)


def _made_again(cls: type, eq: bool) -> type:
    """The class with its fields as slots, which a class that is there already cannot get."""
    own: dict[str, _Field] = {}
    for name, kind in cls.__annotations__.items():
        if "ClassVar" not in kind:
            value = cls.__dict__.get(name, _MISSING)
            own[name] = value if isinstance(value, _Field) else _Field() if value is _MISSING else _Field(default=value)
    inherited = _fields(cls)
    fields = {**inherited, **own}
    dropped = {*own, "__dict__", "__weakref__"}
    made: Any = type(cls)(
        cls.__name__,
        cls.__bases__,
        {
            **_methods(tuple(fields), fields, eq),
            **{name: value for name, value in cls.__dict__.items() if name not in dropped},
            "__slots__": tuple(name for name in own if name not in inherited),
            "__match_args__": tuple(fields),
            "__record_fields__": fields,
        },
    )

    def __init__(self: Any, *values: Any, **by_name: Any) -> None:  # until there is one to make; most classes have none
        made.__init__ = _constructor(made)
        made.__init__(self, *values, **by_name)

    made.__init__ = __init__
    return cast(type, made)


def _methods(names: tuple[str, ...], fields: Mapping[str, _Field], eq: bool) -> dict[str, Any]:
    shown = [name for name in names if fields[name].options.get("repr", True)]
    compared = [name for name in names if fields[name].options.get("compare", True)]

    def __repr__(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def __eq__(self: Any, other: object) -> Any:
        if other is self:
            return True
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in compared)

    def __hash__(self: Any) -> int:
        return hash(tuple([getattr(self, name) for name in compared]))

    def __reduce__(self: Any) -> Any:
        return type(self), tuple(getattr(self, name) for name in names)

    methods = {
        "__repr__": __repr__,
        "__reduce__": __reduce__,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__signature__": _Standard(_signature),
        "__dataclass_fields__": _Standard(lambda standard: vars(standard)["__dataclass_fields__"]),
    }
    return {**methods, "__eq__": __eq__, "__hash__": __hash__} if eq else methods


def _constructor(cls: Any) -> Any:
    """`__init__` of a class: a function for as many fields as it has, which is given their names and defaults."""
    fields = _fields(cls)
    last = _post_init if hasattr(cls, "__post_init__") else _nothing
    init = _template(len(fields))(last, *[_setter(cls, name) for name in fields])
    init.__code__ = init.__code__.replace(co_varnames=("self", *fields))
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    # A factory's field is given _MISSING, which its setter replaces.
    with_default = (row.options for row in fields.values() if {"default", "default_factory"} & row.options.keys())
    init.__defaults__ = tuple(options.get("default", _MISSING) for options in with_default)
    return init


def _setter(cls: Any, name: str) -> Callable[[Any, Any], None]:
    """The function that writes a slot, since `cls` itself, which is frozen, refuses to."""
    put: Callable[[Any, Any], None] = getattr(cls, name).__set__
    factory = _fields(cls)[name].options.get("default_factory")
    return put if factory is None else lambda self, value: put(self, factory() if value is _MISSING else value)


def _post_init(self: Any) -> None:
    self.__post_init__()


def _nothing(self: Any) -> None:
    pass


# What makes an `__init__` for 0, 1, 2, ... fields, of what is called last and their setters. To compile one of them in
# every process would take 0.1 ms.
_SMALL: tuple[Callable[..., Any], ...] = (
    lambda z: lambda self: z(self),
    lambda z, r: lambda self, a: (r(self, a), z(self))[-1],
    lambda z, r, s: lambda self, a, b: (r(self, a), s(self, b), z(self))[-1],
    lambda z, r, s, t: lambda self, a, b, c: (r(self, a), s(self, b), t(self, c), z(self))[-1],
    lambda z, r, s, t, u: lambda self, a, b, c, d: (r(self, a), s(self, b), t(self, c), u(self, d), z(self))[-1],
    lambda z, r, s, t, u, v: (
        lambda self, a, b, c, d, e: (r(self, a), s(self, b), t(self, c), u(self, d), v(self, e), z(self))[-1]
    ),
    lambda z, r, s, t, u, v, w: (
        lambda self, a, b, c, d, e, f: (
            r(self, a), s(self, b), t(self, c), u(self, d), v(self, e), w(self, f), z(self)
        )[-1]
    ),
    lambda z, r, s, t, u, v, w, x: (
        lambda self, a, b, c, d, e, f, g: (
            r(self, a), s(self, b), t(self, c), u(self, d), v(self, e), w(self, f), x(self, g), z(self)
        )[-1]
    ),
    lambda z, r, s, t, u, v, w, x, y: (
        lambda self, a, b, c, d, e, f, g, h: (
            r(self, a), s(self, b), t(self, c), u(self, d), v(self, e), w(self, f), x(self, g), y(self, h), z(self)
        )[-1]
    ),
)  # fmt: skip


@cache
def _template(count: int) -> Callable[..., Any]:
    """As in _SMALL, for any number of fields."""
    if count < len(_SMALL):
        return _SMALL[count]
    each = range(count)
    arguments, setters = ("".join(f", {letter}{i}" for i in each) for letter in "as")
    calls = "".join(f"s{i}(self, a{i}), " for i in each)
    made: Callable[..., Any] = eval(f"lambda z{setters}: lambda self{arguments}: ({calls}z(self))[-1]")
    return made


def _refuse(self: Any, name: str, *value: Any) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {name!r}")


class _Standard:
    """An attribute for code that inspects classes: that of a standard dataclass of the same fields, made on demand."""

    def __init__(self, read: Callable[[type], Any]) -> None:
        self._read = read

    def __get__(self, instance: object, owner: type) -> Any:
        import dataclasses

        rows = [(name, Any, dataclasses.field(**row.options)) for name, row in _fields(owner).items()]
        return self._read(dataclasses.make_dataclass(owner.__name__, rows))


def _signature(cls: type) -> Any:
    import inspect

    return inspect.signature(cls)


if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    dataclass, field, replace = _dataclass, _Field, _replace
