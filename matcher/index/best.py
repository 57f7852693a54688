"""The k best rows found so far: a heap with the worst on top."""

from matcher.compiled import compiled, inlined, load_i64, store_i64

# Each place of the heap has three words: score, id, and what explains the match.
# The first words of the heap are how many there are, and k.
HEAP_COUNT = 0
HEAP_K = 8
HEAP_ITEMS = 16
ITEM_BYTES = 24


@inlined
def _worse(item: int, other: int) -> bool:
    """Whether an item ranks after another: by score descending, then by id ascending."""
    score, other_score = load_i64(item), load_i64(other)
    if score != other_score:
        return score < other_score
    return load_i64(item + 8) > load_i64(other + 8)


@inlined
def _swap(item: int, other: int) -> None:
    for at in range(0, ITEM_BYTES, 8):
        kept = load_i64(item + at)
        store_i64(item + at, load_i64(other + at))
        store_i64(other + at, kept)


@inlined
def _set(item: int, score: int, number: int, meaning: int) -> None:
    store_i64(item, score)
    store_i64(item + 8, number)
    store_i64(item + 16, meaning)


@inlined
def _sink(items: int, place: int, count: int) -> None:
    """Let an item sink until both below it rank before it."""
    while True:
        child = 2 * place + 1
        if child >= count:
            return
        if child + 1 < count and _worse(
            items + ITEM_BYTES * (child + 1), items + ITEM_BYTES * child
        ):
            child += 1
        if not _worse(items + ITEM_BYTES * child, items + ITEM_BYTES * place):
            return
        _swap(items + ITEM_BYTES * child, items + ITEM_BYTES * place)
        place = child


@compiled
def offer(heap: int, score: int, number: int, meaning: int) -> bool:
    """Keep an id if it is among the k best; whether the heap is full and has changed."""
    count, k, items = load_i64(heap + HEAP_COUNT), load_i64(heap + HEAP_K), heap + HEAP_ITEMS
    if count < k:
        place = count
        _set(items + ITEM_BYTES * place, score, number, meaning)
        while place > 0:
            above = (place - 1) // 2
            if not _worse(items + ITEM_BYTES * place, items + ITEM_BYTES * above):
                break
            _swap(items + ITEM_BYTES * place, items + ITEM_BYTES * above)
            place = above
        store_i64(heap + HEAP_COUNT, count + 1)
        return count + 1 == k
    worst = load_i64(items)
    if score < worst:
        return False
    if score == worst and number > load_i64(items + 8):
        return False
    _set(items, score, number, meaning)
    _sink(items, 0, count)
    return True


@compiled
def write_out(heap: int, ids: int, scores: int, meanings: int) -> int:
    """Write the ids from the best to the worst, and empty the heap; how many there were."""
    count, items = load_i64(heap + HEAP_COUNT), heap + HEAP_ITEMS
    for left in range(count - 1, -1, -1):
        store_i64(ids + 8 * left, load_i64(items + 8))
        store_i64(scores + 8 * left, load_i64(items))
        store_i64(meanings + 8 * left, load_i64(items + 16))
        _swap(items, items + ITEM_BYTES * left)
        _sink(items, 0, left)
    store_i64(heap + HEAP_COUNT, 0)
    return count
