"""The centres of many H3 cells at once.

The Python package of H3 takes one cell a call and spends most of it on the way in and out. The C
library that it carries exports its functions; kernels call them by their address. Where a build of
the package hides them, one call a cell gives the same numbers.
"""

import ctypes
import importlib
from typing import Any, cast

import h3.api.basic_int as h3
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from matcher.compiled import compiled, inlined, load_f64, load_i64, store_f64

_PIECE = 4096


def _library() -> tuple[int, int]:
    """Addresses of cellToLatLng and radsToDegs (h3geo.org, C API), or zeros."""
    try:
        # Where a platform keeps the symbols of a module to itself, there are none to find.
        module = importlib.import_module("h3._cy.latlng")
        library: Any = ctypes.CDLL(module.__file__)
        functions = library.cellToLatLng, library.radsToDegs
    except (ImportError, OSError, AttributeError):
        return 0, 0
    first, second = (ctypes.cast(each, ctypes.c_void_p).value or 0 for each in functions)
    return first, second


def _call_center(typing_context: Any, function: Any, cell: Any, out: Any) -> Any:
    """(address, cell, address of two float64) Calls H3Error f(H3Index, LatLng *)."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        long, word = ir.IntType(64), ir.IntType(32)
        kind = ir.FunctionType(word, [long, long]).as_pointer()
        error = builder.call(builder.inttoptr(arguments[0], kind), arguments[1:])
        return builder.zext(error, long)

    return types.int64(types.int64, types.int64, types.int64), generate


def _call_degrees(typing_context: Any, function: Any, radians: Any) -> Any:
    """(address, radians) Calls double f(double)."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.DoubleType(), [ir.DoubleType()]).as_pointer()
        return builder.call(builder.inttoptr(arguments[0], kind), arguments[1:])

    return types.float64(types.int64, types.float64), generate


_center: Any = intrinsic(_call_center)
_degrees: Any = intrinsic(_call_degrees)


@inlined
def write_center(to_center: int, to_degrees: int, cell: int, at: int) -> bool:
    """Write latitude and longitude in degrees, float64 each; False when the cell is refused."""
    if _center(to_center, cell, at) != 0:
        return False
    store_f64(at, _degrees(to_degrees, load_f64(at)))
    store_f64(at + 8, _degrees(to_degrees, load_f64(at + 8)))
    return True


@compiled
def _centers(to_center: int, to_degrees: int, cells: int, count: int, out: int) -> int:
    """Write float64 [count, 2] degrees; how many there are before the first refused cell."""
    for i in range(count):
        if not write_center(to_center, to_degrees, load_i64(cells + 8 * i), out + 16 * i):
            return i
    return count


#: Addresses of two functions for `write_center`; zeros where this build of H3 hides them.
FUNCTIONS = _library()


def centers(cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Latitude and longitude in degrees of the centre of each cell: float64 [n, 2].

    The same bits as `Place.center`. The cells are trusted to be valid.
    """
    if not FUNCTIONS[0]:
        return centers_one_by_one(cells)
    cells = np.ascontiguousarray(cells)
    degrees = np.empty((len(cells), 2))
    done = _centers(*FUNCTIONS, cells.ctypes.data, len(cells), degrees.ctypes.data)
    if done < len(cells):
        # Says which cell it refuses.
        degrees[done:] = centers_one_by_one(cells[done:])
    return degrees


def centers_one_by_one(cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """The same by the public function of the package."""
    degrees = np.empty((len(cells), 2))
    # In pieces: pairs of Python floats take twenty times what arrays do.
    for at in range(0, len(cells), _PIECE):
        piece = [h3.cell_to_latlng(cell) for cell in cells[at : at + _PIECE].tolist()]
        degrees[at : at + _PIECE] = np.array(piece, dtype=np.float64).reshape(-1, 2)
    return cast(NDArray[np.float64], degrees)
