"""Arrays that kernels reach by address, and that grow."""

import numpy as np
from numpy.typing import NDArray

_LINE = 64


class Memory:
    """Bytes at a multiple of 64, at first all 0."""

    def __init__(self, size: int) -> None:
        self._base = np.zeros(size + _LINE, dtype=np.uint8)
        start: int = self._base.ctypes.data
        skip = -start % _LINE
        #: uint8 [size].
        self.view: NDArray[np.uint8] = self._base[skip : skip + size]
        #: Of the first byte.
        self.address: int = start + skip

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return self._base.nbytes

    def resized(self, size: int, kept: int) -> "Memory":
        """A larger copy of which the first `kept` bytes are the same, the others 0."""
        other = Memory(size)
        other.view[:kept] = self.view[:kept]
        return other
