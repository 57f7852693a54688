"""Compiled kernels: how functions are compiled, and loads and stores at raw addresses.

A kernel takes one array of addresses and numbers instead of twenty arrays: unpacking an array
costs a compiled call about 60 ns. Addresses are those of NumPy arrays that the caller keeps alive.
"""

import hashlib
import logging
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import __version__, njit, types
from numba.core import config as numba_config
from numba.core.caching import FunctionCache
from numba.extending import intrinsic

# Its variables are set while it is imported, where no type checker sees them.
_settings: Any = numba_config
_njit: Any = njit
_unliteral: Any = types.unliteral
_log = logging.getLogger(__name__)


def _cache_folder() -> Path | None:
    """A folder for the kernels of exactly these sources and this numba; None where none can be.

    numba itself sees a change in the file of a function, but not in those of the functions that it
    calls, and would run old code.
    """
    package = Path(__file__).parent
    digest = hashlib.blake2b(__version__.encode(), digest_size=8)
    for source in sorted(package.rglob("*.py")):
        digest.update(source.read_bytes())
    chosen = [Path(_settings.CACHE_DIR)] if _settings.CACHE_DIR else []
    for parent in (*chosen, package / "__pycache__"):
        folder = parent / f"kernels-{digest.hexdigest()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            _log.warning("compiled kernels cannot be kept in %s: %s", parent, reason)
        else:
            return folder
    _log.warning(
        "each process compiles the engine anew, which takes up to a minute; "
        "set NUMBA_CACHE_DIR to a folder that can be written"
    )
    return None


#: Where compiled kernels are kept, below NUMBA_CACHE_DIR where that is set; None where nowhere.
KERNELS = _cache_folder()
if KERNELS is not None:
    _settings.CACHE_DIR = str(KERNELS)


class _KernelCache(FunctionCache):
    """The compiled forms of one function on disk: what cannot be read or kept is compiled anew."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled form for these types of arguments, or None."""
        try:
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        except Exception as error:
            # After a loss of power a file may be cut off, and unpickling then fails in many ways.
            _warn_once("read", type(error).__name__)
            with suppress(OSError):
                self.flush()  # type: ignore[no-untyped-call]
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled form, if the disk has room and the folder is still there."""
        try:
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]
        except OSError as error:
            _warn_once("kept", error.strerror or type(error).__name__)


@cache
def _warn_once(done: str, reason: str) -> None:
    """Hundreds of kernels may have the same reason."""
    _log.warning("compiled kernels cannot be %s in %s: %s", done, KERNELS, reason)


_Function = TypeVar("_Function", bound=Callable[..., Any])


def _kernel(function: _Function, **options: bool) -> _Function:
    """Compile a function once, whatever constants it is called with, and keep it on disk.

    numba takes a constant in a call for a type of its own and would compile the function, and all
    that it calls, again for each: a third of the time that compiling takes.
    """
    dispatcher = _njit(nogil=True, **options)(function)
    template = dispatcher.get_call_template

    def template_of_kinds(args: Any, keywords: Any) -> Any:
        return template([_unliteral(each) for each in args], keywords)

    dispatcher.get_call_template = template_of_kinds
    if KERNELS is not None:
        # What cache=True does, with a cache of ours.
        dispatcher._cache = _KernelCache(function)  # type: ignore[no-untyped-call]
    return cast(_Function, dispatcher)


def compiled(function: _Function) -> _Function:
    """Compile on the first call, keep it on disk, and let other threads run meanwhile."""
    return _kernel(function)


def inlined(function: _Function) -> _Function:
    """The same for small functions that are always inlined by the optimiser."""
    return _kernel(function, forceinline=True)


_LoadsWhole = Callable[[int], int]
_StoresWhole = Callable[[int, int], None]
_LoadsReal = Callable[[int], float]
_StoresReal = Callable[[int, float], None]


def _load(kind: Any, widened: Any) -> Any:
    """A function (address) -> the value there, as `widened`: no mixing of signs in kernels."""

    def load(typing_context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer = builder.inttoptr(arguments[0], context.get_value_type(kind).as_pointer())
            value = builder.load(pointer, align=1)
            return context.cast(builder, value, kind, widened)

        return widened(types.int64), generate

    return intrinsic(load)


def _store(kind: Any, widened: Any) -> Any:
    """A function (address, value) that writes the value, given as `widened`, as `kind`."""

    def store(typing_context: Any, address: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer = builder.inttoptr(arguments[0], context.get_value_type(kind).as_pointer())
            builder.store(context.cast(builder, arguments[1], widened, kind), pointer, align=1)
            return context.get_dummy_value()

        return types.void(types.int64, widened), generate

    return intrinsic(store)


# Whole numbers come and go as int64: NumPy's rules would make a float of uint64 + int64.
load_u8: _LoadsWhole = _load(types.uint8, types.int64)
store_u8: _StoresWhole = _store(types.uint8, types.int64)
load_u16: _LoadsWhole = _load(types.uint16, types.int64)
store_u16: _StoresWhole = _store(types.uint16, types.int64)
load_u32: _LoadsWhole = _load(types.uint32, types.int64)
store_u32: _StoresWhole = _store(types.uint32, types.int64)
load_i32: _LoadsWhole = _load(types.int32, types.int64)
store_i32: _StoresWhole = _store(types.int32, types.int64)
load_i64: _LoadsWhole = _load(types.int64, types.int64)
store_i64: _StoresWhole = _store(types.int64, types.int64)
#: uint64, for bits; it mixes with nothing but np.uint64.
load_u64: Callable[[int], Any] = _load(types.uint64, types.uint64)
store_u64: Callable[[int, Any], None] = _store(types.uint64, types.uint64)
load_f32: _LoadsReal = _load(types.float32, types.float64)
store_f32: _StoresReal = _store(types.float32, types.float64)
load_f64: _LoadsReal = _load(types.float64, types.float64)
store_f64: _StoresReal = _store(types.float64, types.float64)


def _prefetch(typing_context: Any, address: Any) -> Any:
    """(address) Ask for the cache line there without waiting for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())
        word = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer(), word, word, word])
        function = builder.module.declare_intrinsic(
            "llvm.prefetch", [ir.IntType(8).as_pointer()], kind
        )
        # For reading, to be kept in all caches, data rather than instructions.
        builder.call(function, [pointer, word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(types.int64), generate


def _popcount(typing_context: Any, value: Any) -> Any:
    """(uint64) How many bits are set, as int64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


def _signed(typing_context: Any, bits: Any) -> Any:
    """(uint64) The same bits as int64; int() would leave the type as it is."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return arguments[0]

    return types.int64(types.uint64), generate


signed = cast(Callable[[Any], int], intrinsic(_signed))
prefetch = cast(Callable[[int], None], intrinsic(_prefetch))
popcount = cast(Callable[[Any], int], intrinsic(_popcount))
