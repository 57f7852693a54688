"""What every form shares: fields that keep the typed text, and problems put on their fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import Field, StringField

from board.errors import Problem
from board.validation import Refused, finite


class TextField(StringField):
    """A text exactly as it was typed; the board judges it."""

    def has(self, value: str) -> bool:
        """Whether this choice is the one that was made."""
        return (self.data or "") == value


class ChoicesField(Field):
    """Any number of values under one name; empty ones are left out."""

    data: list[str]

    def process_data(self, value: Iterable[str] | None) -> None:
        self.data = list(value or ())

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = list(dict.fromkeys(str(value) for value in valuelist if value))

    def has(self, value: str) -> bool:
        """Whether this value is among the chosen ones."""
        return value in self.data


class SwitchField(Field):
    """A checkbox: on when it was sent."""

    data: bool

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = bool(valuelist)

    def has(self, value: str) -> bool:
        """Whether the box is ticked."""
        return self.data


class PageForm(FlaskForm):
    """A form whose problems come from the board and are shown beside its fields."""

    #: Field of a board's problem -> field of this form, where they differ.
    RENAMED: ClassVar[Mapping[str, str]] = {}
    #: Fields that stand on the page before those of the parent class.
    FIRST: ClassVar[tuple[str, ...]] = ()

    def refuse(self, field: str, message: str, **params: object) -> None:
        """Put a problem on a field; `message` is a msgid."""
        self.refuse_all([Problem(field, message, params)])

    def refuse_all(self, problems: Iterable[Problem]) -> None:
        """Put each problem on its field; those of no field of ours lie on the whole form."""
        for problem in problems:
            text = gettext(problem.message)
            text = text % problem.params if problem.params else text
            name = self.RENAMED.get(problem.field, problem.field)
            field = self._fields.get(name)
            if field is None:
                self.form_errors.append(text)
            elif text not in field.errors:
                field.errors = [*field.errors, text]

    def check(self, field: str, judge: Callable[[], object]) -> None:
        """Put what `judge` refuses on a field.

        The board judges again and has the last word; asked here as well, everything that is
        wrong is told at once, also where another field keeps the form from reaching the board.
        """
        try:
            judge()
        except Refused as refusal:
            self.refuse(field, refusal.message, **refusal.params)

    def number(self, field: str, least: float, most: float) -> float | None:
        """The number typed into a field, with a decimal point or comma; None where refused."""
        typed = str(self._fields[field].data or "").strip().replace(",", ".")
        try:
            return finite(typed, least=least, most=most)
        except Refused as refusal:
            self.refuse(field, refusal.message, **refusal.params)
            return None

    @property
    def refused(self) -> bool:
        """Whether anything was refused."""
        return bool(self.form_errors) or any(field.errors for field in self)

    def problem_list(self) -> list[tuple[str, str, str]]:
        """(id of the field, its label, the message) of each problem, in the page's order."""
        in_order = (*self.FIRST, *(name for name in self._fields if name not in self.FIRST))
        found = [
            (str(field.id), str(field.label.text), str(message))
            for field in map(self.__getitem__, in_order)
            for message in field.errors
        ]
        return found + [("main", gettext("The form"), text) for text in self.form_errors]
