"""Which push services a message may be handed to: those of the browsers, and no other host.

An endpoint is an address that a browser gives us and that the server then connects to. Without a
list it could name any machine. What is accepted is written down sign by sign, so that two readers
of one address cannot find two hosts in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from config.settings import Settings

#: Chrome and what is made of it (Google, Firebase Cloud Messaging); Firefox (Mozilla, autopush).
HOSTS: Final = frozenset({"fcm.googleapis.com", "updates.push.services.mozilla.com"})
#: Safari: Apple asks servers to allow all subdomains. Edge: Windows Push Notification Services,
#: whose hosts are named by region.
DOMAINS: Final = ("push.apple.com", "notify.windows.com")
#: Longer than any that a browser gives.
ENDPOINT_MAX: Final = 2000

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_BEHIND = r"/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*"
#: https, its own port, no user, no fragment, nothing that is not in a plain address.
_ENDPOINT = re.compile(rf"https://((?:{_LABEL}\.)+[a-z]{{2,}})({_BEHIND})", re.ASCII)
_PLAIN = re.compile(_BEHIND, re.ASCII)


def service_of(endpoint: str, settings: Settings) -> str | None:
    """The host of an accepted push service that this endpoint is at; None for all else."""
    if len(endpoint) > ENDPOINT_MAX:
        return None
    found = _ENDPOINT.fullmatch(endpoint)
    if found is not None and _is_listed(found[1]):
        return found[1]
    return _of_tests(endpoint, settings)


def _is_listed(host: str) -> bool:
    return host in HOSTS or any(host.endswith(f".{domain}") for domain in DOMAINS)


def _of_tests(endpoint: str, settings: Settings) -> str | None:
    """As `service_of` for the origins of PUSH_TEST_SERVICES, which production refuses."""
    if settings.production or settings.push_test_services is None:
        return None
    for origin in settings.push_test_services.split(","):
        if endpoint.startswith(f"{origin}/") and _PLAIN.fullmatch(endpoint[len(origin) :]):
            return origin.partition("://")[2]
    return None
