"""Words of care, said wherever two strangers begin to deal with each other.

All texts are English message ids; whoever shows them translates them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from board.i18n import N_

MEETING: Final = N_("Meet for the first time in a public place, and tell somebody where you go.")
MONEY: Final = N_(
    "Never send money in advance, nor a copy of your identity card or bank card. For shopping, pay "
    "on delivery, against the receipt."
)
KEYS: Final = N_(
    "Give your keys to nobody before you have met and spoken with somebody who knows this person."
)
MEDICINE: Final = N_(
    "Only a doctor or a pharmacist says what to take. Send no photo of a prescription here: show "
    "it to the pharmacist."
)
CHILDREN: Final = N_(
    "Leave no child alone with somebody you have just met. Stay there the first times, and ask for "
    "a person who can speak for them."
)
ELDERLY: Final = N_(
    "An older person should not be alone at the first visit: a relative or neighbour comes too. "
    "Nobody who helps needs a bank card, a code or a signature."
)
PAPERS: Final = N_(
    "Show your papers, but do not hand over the originals. Formalities with the authorities cost "
    "nothing beyond their official fees."
)

#: Category → what there is to say besides the meeting and the money.
_OF_CATEGORY: Final[Mapping[str, tuple[str, ...]]] = {
    "medicine": (MEDICINE,),
    "health-guidance": (MEDICINE,),
    "childcare": (CHILDREN,),
    "tutoring": (CHILDREN,),
    "eldercare": (ELDERLY,),
    "listening": (ELDERLY,),
    "housing": (KEYS, PAPERS),
    "pets": (KEYS,),
    "moving": (KEYS,),
    "errands": (KEYS,),
    "admin": (PAPERS,),
    "legal": (PAPERS,),
    "repatriation": (PAPERS,),
    "jobs": (PAPERS,),
    "newcomers": (PAPERS,),
}


def words_for(categories: Iterable[str]) -> tuple[str, ...]:
    """What to say beside a contact about these categories, each once."""
    own = (each for slug in categories for each in _OF_CATEGORY.get(slug, ()))
    return tuple(dict.fromkeys((MEETING, MONEY, *own)))
