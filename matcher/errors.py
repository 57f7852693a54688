"""What the refusals of the engine have in common."""

from typing import TypeGuard


class FieldError(ValueError):
    """A value that the engine refuses. The message never carries the refused value."""

    def __init__(self, field: str, accepted: str) -> None:
        super().__init__(f"{field} must be {accepted}")
        #: Name of the refused argument.
        self.field = field
        #: What would have been accepted.
        self.accepted = accepted


_INT64 = 2**63


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def check_int64(error: type[FieldError], field: str, value: object) -> None:
    """Raise `error` unless the value is an int (never a boolean) that fits in 64 bits."""
    if not _is_whole(value) or not -_INT64 <= value < _INT64:
        raise error(field, "a whole number of at most 64 bits")


def check_whole(error: type[FieldError], field: str, value: object, low: int, high: int) -> None:
    """Raise `error` unless the value is an int (never a boolean) from low to high."""
    if not _is_whole(value) or not low <= value <= high:
        raise error(field, f"a whole number from {low} to {high}")
