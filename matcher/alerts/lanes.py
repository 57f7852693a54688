"""Eight records at a time: tests by vector instructions, whatever the processor has of them."""

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from matcher.alerts.layout import (
    LANES,
    SHARED_SHELF,
    SHELF_SHIFT,
    TILE_INNER,
    TILE_OWNERS,
    TILE_RADII,
    TILE_ROWS,
    TILE_X,
    TILE_Y,
    TILE_Z,
)
from matcher.alerts.places import BLUR, BLUR_BELOW

_BYTE, _SHORT, _WORD, _LONG = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_WORDS = ir.VectorType(_WORD, LANES)


class _Lanes:
    """Builds operations on eight numbers."""

    def __init__(self, builder: Any, tile: Any) -> None:
        self.builder, self._tile = builder, tile

    def load(self, offset: int, kind: Any) -> Any:
        """Eight numbers of the tile."""
        address = self.builder.add(self._tile, ir.Constant(_LONG, offset))
        pointer = self.builder.inttoptr(address, ir.VectorType(kind, LANES).as_pointer())
        return self.builder.load(pointer, align=1)

    def all(self, value: Any, kind: Any) -> Any:
        """One number of 64 bits, cut to a smaller kind, in all lanes."""
        number = value if kind is _LONG else self.builder.trunc(value, kind)
        vector = ir.VectorType(kind, LANES)
        single = self.builder.insert_element(
            ir.Constant(vector, ir.Undefined), number, ir.Constant(_WORD, 0)
        )
        zeros = ir.Constant(ir.VectorType(_WORD, LANES), [0] * LANES)
        return self.builder.shuffle_vector(single, ir.Constant(vector, ir.Undefined), zeros)

    def wide(self, lanes: Any) -> Any:
        """Numbers without sign as 32 bits."""
        return self.builder.zext(lanes, _WORDS)

    def bits(self, flags: Any) -> Any:
        """Eight flags as the bits of a number."""
        return self.builder.zext(self.builder.bitcast(flags, _BYTE), _LONG)


def _same(value: int) -> Any:
    return ir.Constant(_WORDS, [value] * LANES)


def _square_distance(lanes: _Lanes, own: Any) -> Any:
    """Squares of the distances in steps: differences of 16 bits, of which the sign counts."""
    builder, total = lanes.builder, None
    for shift, offset in ((0, TILE_X), (16, TILE_Y), (32, TILE_Z)):
        axis = lanes.all(builder.lshr(own, ir.Constant(_LONG, shift)), _SHORT)
        step = builder.sext(builder.sub(lanes.load(offset, _SHORT), axis), _WORDS)
        square = builder.mul(step, step)
        total = square if total is None else builder.add(total, square)
    return total


def _inner_steps(lanes: _Lanes, radius: Any) -> Any:
    """Steps within which everything is inside: shares of 0…255 are 0…127 and 129…256 of 256."""
    builder = lanes.builder
    share = lanes.wide(lanes.load(TILE_INNER, _BYTE))
    share = builder.add(share, builder.lshr(share, _same(7)))
    inner = builder.lshr(builder.mul(radius, share), _same(8))
    inner = builder.sub(inner, _same(BLUR_BELOW))
    return builder.select(builder.icmp_signed(">", inner, _same(0)), inner, _same(0))


def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    tile, own, owner, shelves = arguments
    lanes = _Lanes(builder, tile)
    square = _square_distance(lanes, own)
    radius = lanes.wide(lanes.load(TILE_RADII, _SHORT))
    outer, inner = builder.add(radius, _same(BLUR)), _inner_steps(lanes, radius)
    near = builder.icmp_signed("<=", square, builder.mul(outer, outer))
    inside = builder.icmp_signed("<", square, builder.mul(inner, inner))
    shelf = builder.lshr(lanes.load(TILE_ROWS, _WORD), _same(SHELF_SHIFT))
    asked = builder.and_(builder.lshr(lanes.all(shelves, _WORD), shelf), _same(1))
    perhaps = builder.and_(near, builder.icmp_signed("!=", asked, _same(0)))
    other = builder.icmp_signed("!=", lanes.load(TILE_OWNERS, _BYTE), lanes.all(owner, _BYTE))
    told = builder.icmp_signed("<", shelf, _same(SHARED_SHELF))
    sure = builder.and_(builder.and_(inside, other), told)
    return builder.or_(
        lanes.bits(perhaps), builder.shl(lanes.bits(sure), ir.Constant(_LONG, LANES))
    )


@intrinsic
def _test_lanes(typing_context: Any, tile: Any, own: Any, owner: Any, shelves: Any) -> Any:
    return types.int64(types.int64, types.int64, types.int64, types.int64), _generate


#: (tile, own place in steps as in a record, own hash of the owner, shelves that are asked for) ->
#: in the low eight bits which records may be hit as far as place and shelf go; in the next eight
#: which of them surely lie inside, are of another owner, and told their shelf exactly.
test_lanes = cast(Callable[[int, int, int, int], int], _test_lanes)
