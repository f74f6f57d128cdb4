"""Element types, layouts and tensor descriptions: the vocabulary every other module shares."""
from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lite.records import dataclass, field

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]
else:
    Array = np.ndarray


class DType(IntEnum):
    """Element types; the values are MindSpore's type ids, as `.ms` files and MindIR casts store them."""

    STRING = 12
    BOOL = 30
    INT8 = 32
    INT16 = 33
    INT32 = 34
    INT64 = 35
    UINT8 = 37
    UINT16 = 38
    UINT32 = 39
    UINT64 = 40
    FLOAT16 = 42
    FLOAT32 = 43
    FLOAT64 = 44

    @property
    def dtype(self) -> np.dtype[Any]:
        """The numpy dtype. Named so that numpy accepts a DType wherever it accepts a dtype."""
        return _NUMPY[self]

    @property
    def itemsize(self) -> int:
        """Bytes an element takes."""
        return _NUMPY[self].itemsize

    @classmethod
    def of(cls, dtype: npt.DTypeLike) -> DType:
        """The DType of a numpy dtype, in either byte order. Raises KeyError where there is none."""
        return _FROM_NUMPY[np.dtype(dtype).newbyteorder("=")]

    def __str__(self) -> str:
        return self.name.lower()


_NUMPY: dict[DType, np.dtype[Any]] = {
    t: np.dtype(object if t is DType.STRING else t.name.lower()) for t in DType
}
_FROM_NUMPY: dict[np.dtype[Any], DType] = {v: k for k, v in _NUMPY.items()}


class Format(IntEnum):
    """Memory order of a tensor's dimensions, numbered as in the `.ms` schema (the ones in use here)."""

    NCHW = 0
    NHWC = 1
    KCHW = 5
    KHWC = 7
    NC = 11


class Stored(Protocol):
    """A float32 constant that is stored in another form: lite.coded.Coded or lite.halves.Half.

    words: what is stored. bits: how many an element takes, before compression. storage: the form, in words for people.
    """

    @property
    def words(self) -> Array: ...
    @property
    def bits(self) -> int: ...
    @property
    def storage(self) -> str: ...
    @property
    def nbytes(self) -> int: ...
    def decode(self) -> Array: ...


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """What is known of a tensor before it is computed.

    shape: one int for each dimension, -1 where it is not known yet. data: the elements of a constant, or of a shape
    computed from constants, as a read-only array or in the form that they are stored in; None for all other tensors.
    Two specs are equal when their names, dtypes and shapes are equal.
    """

    dtype: DType
    shape: tuple[int, ...]
    name: str = ""
    data: Array | Stored | None = field(default=None, compare=False)

    @property
    def is_known(self) -> bool:
        """True for a tensor whose elements are known."""
        return self.data is not None

    @property
    def value(self) -> Array | None:
        """The elements, where they are known; each call decodes those that are stored in another form."""
        data = self.data
        return data if data is None or isinstance(data, (np.ndarray, np.generic)) else data.decode()

    @property
    def stored(self) -> Stored | None:
        """The form that the elements are stored in, where that is not a plain array."""
        data = self.data
        return None if data is None or isinstance(data, (np.ndarray, np.generic)) else data

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def is_static(self) -> bool:
        """True where every dimension is known."""
        return all(d >= 0 for d in self.shape)

    @property
    def size(self) -> int:
        """Number of elements; the shape must be static."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes the elements take, without padding; the shape must be static."""
        return self.size * self.dtype.itemsize

    def like(self, shape: tuple[int, ...] | None = None, dtype: DType | None = None) -> TensorSpec:
        """A nameless spec with this one's dtype and shape, or the given ones, and no value."""
        return TensorSpec(self.dtype if dtype is None else dtype, self.shape if shape is None else shape)

    def named(self, name: str) -> TensorSpec:
        """The same spec under another name."""
        return TensorSpec(self.dtype, self.shape, name, self.data)

    @classmethod
    def of(cls, value: Array, name: str = "") -> TensorSpec:
        """The spec of an array whose elements are known."""
        return cls(DType.of(value.dtype), value.shape, name, value)

    def __repr__(self) -> str:
        return f"TensorSpec({self})"

    def __str__(self) -> str:
        dims = ",".join("?" if d < 0 else str(d) for d in self.shape)
        prefix = f"{self.name}: " if self.name else ""
        return f"{prefix}{self.dtype}[{dims}]"


@dataclass(frozen=True, slots=True, eq=False)
class QuantParams:
    """real = (stored - zero_point) * scale * var_corr + mean_corr, for a whole tensor or for each of its channels.

    All are arrays of one element, or one for each channel: scale float64, zero_point int32, num_bits of storage int32,
    var_corr and mean_corr, which few files have, float32.
    """

    scale: Array
    zero_point: Array
    num_bits: Array
    var_corr: Array
    mean_corr: Array

    def __len__(self) -> int:
        return len(self.scale)

    @property
    def is_corrected(self) -> bool:
        """Whether var_corr and mean_corr change anything."""
        return bool((self.var_corr != 1).any() or (self.mean_corr != 0).any())
