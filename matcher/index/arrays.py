"""Arrays that kernels reach by address, and that grow."""

import numpy as np
from numpy.typing import NDArray

_LINE = 64


class Memory:
    """A run of bytes at a multiple of 64, kept alive for the kernels that hold its address."""

    def __init__(self, size: int) -> None:
        self._base = np.zeros(size + _LINE, dtype=np.uint8)
        self._size = size
        self._align()

    def _align(self) -> None:
        self._skip = -self._base.ctypes.data % _LINE
        #: Address of the first byte.
        self.address: int = self._base.ctypes.data + self._skip

    def __len__(self) -> int:
        return self._size

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return self._base.nbytes

    def view(self, size: int) -> NDArray[np.uint8]:
        """The first bytes; not to be kept beyond the next change of size."""
        return self._base[self._skip : self._skip + size]

    def resized(self, size: int, kept: int) -> "Memory":
        """A larger or smaller copy whose first `kept` bytes are the same, the others 0."""
        other = Memory(size)
        other.view(kept)[:] = self.view(kept)
        return other

    def enlarge(self, size: int) -> None:
        """More bytes behind the first ones, in place where the allocator can; the new are 0."""
        skip, kept = self._skip, self._size
        self._base.resize(size + _LINE, refcheck=False)
        self._size = size
        self._align()
        if self._skip != skip:
            # An allocator that moves it to another place within a line of the cache.
            old = self._base[skip : skip + kept].copy()
            self.view(kept)[:] = old
            self._base[self._skip + kept :] = 0

    def cut(self, size: int) -> None:
        """Give back what is behind the first bytes, in place where the allocator can."""
        skip = self._skip
        self._base.resize(size + _LINE, refcheck=False)
        self._size = size
        self._align()
        if self._skip != skip:
            kept = self._base[skip : skip + size].copy()
            self.view(size)[:] = kept
