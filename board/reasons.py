"""Listed reasons: why something is held, refused, reported, looked up; and who is banned for what.

Codes are stored, texts are English message ids. The audit log holds the codes, never a free text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from board.i18n import N_

#: Why a person looks at a listing or a message before, or while, others see it.
HELD: Final[Mapping[str, str]] = {
    "danger": N_("Words of danger"),
    "first-childcare": N_("First post about childcare"),
    "first-eldercare": N_("First post about help for older people"),
    "phone": N_("A telephone number"),
    "email": N_("An e-mail address"),
    "iban": N_("A bank account number"),
    "payment": N_("A means of payment"),
    "messaging": N_("A messaging service"),
    "money": N_("Money is asked for"),
    "prescription": N_("Medicines on prescription"),
    "network": N_("Many listings from one network"),
    "unproven": N_("Several listings in a day, sent without the check against robots"),
    "reports": N_("Reported by readers"),
    "edited": N_("Changed after a moderator asked for it"),
}

#: Why a listing is refused, or has to be changed.
REFUSAL: Final[Mapping[str, str]] = {
    "contact": N_("It holds contact data: the board passes messages on, so nobody needs them."),
    "money": N_("It asks for money, or names a means of payment."),
    "medicines": N_("It is about medicines on prescription. Only a pharmacist hands them out."),
    "unsafe": N_("It could put a child, an older person or somebody else at risk."),
    "unclear": N_("It does not say clearly what is needed or offered."),
    "no-help": N_("It is neither a request for help nor an offer of it."),
    "selling": N_("It is advertising or a sale."),
    "twice": N_("The same is on the board already."),
    "insulting": N_("It insults or threatens somebody, or a group of people."),
    "illegal": N_("It is against the law."),
    "untrue": N_("It seems to be untrue."),
}

#: Those for which a message is refused.
REFUSAL_OF_MESSAGES: Final[Mapping[str, str]] = {
    code: REFUSAL[code]
    for code in (
        *("contact", "money", "medicines", "unsafe", "selling", "insulting", "illegal", "untrue"),
    )
}

#: What a reader can report.
REPORT: Final[Mapping[str, str]] = {
    "scam": N_("Somebody wants money, or it looks like a fraud"),
    "danger": N_("Somebody is in danger, or could be"),
    "private": N_("It shows somebody’s address, telephone number or other private data"),
    "hate": N_("It insults or threatens"),
    "illegal": N_("It is forbidden, or about forbidden things"),
    "spam": N_("It is advertising, or the same again and again"),
    "untrue": N_("It is untrue, or out of date"),
    "other": N_("Something else"),
}

#: Why a member is banned.
BAN: Final[Mapping[str, str]] = {
    "fraud": N_("Attempts to get money or data from others"),
    "danger": N_("Endangering others"),
    "hate": N_("Insults or threats"),
    "illegal": N_("Offers or requests against the law"),
    "spam": N_("Advertising, or the same again and again"),
    "refusals": N_("Several listings that had to be refused"),
}

#: Why a moderator looks up a member's address.
REVEAL: Final[Mapping[str, str]] = {
    "danger": N_("Somebody is in danger"),
    "law": N_("An authority asks for it, with a right to"),
    "fraud": N_("To compare with a reported fraud"),
    "erasure": N_("The member asks for their data, or for its erasure"),
    "contact": N_("To write to the member about a decision"),
}
