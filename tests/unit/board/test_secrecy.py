"""Reply addresses: constant, unguessable, and read back only by the holder of the key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from board.secrecy import Vault

OURS = Vault("a secret that only this test knows, long")
THEIRS = Vault("another secret that is as long as ours is")
ids = st.integers(min_value=1, max_value=2**63 - 1)


@given(ids, ids)
def test_a_reply_token_names_its_pair(conversation_id: int, member_id: int) -> None:
    """The same each time, in any case, short enough for the local part of an address."""
    token = OURS.reply_token(conversation_id, member_id)
    assert token == OURS.reply_token(conversation_id, member_id)
    assert len(f"c+{token}") <= 64 and token.isalnum() and token == token.lower()
    for written in (token, token.upper(), token.title()):
        assert OURS.reply_conversation(written) == conversation_id
        assert OURS.is_reply_token(written, conversation_id, member_id)


@given(ids, ids, ids)
def test_a_token_is_good_for_nothing_else(conversation_id: int, member_id: int, other: int) -> None:
    """Neither for another member or conversation, nor made with another key."""
    token = OURS.reply_token(conversation_id, member_id)
    if other != member_id:
        assert not OURS.is_reply_token(token, conversation_id, other)
    if other != conversation_id:
        assert not OURS.is_reply_token(token, other, member_id)
    forged = THEIRS.reply_token(conversation_id, member_id)
    assert not OURS.is_reply_token(forged, conversation_id, member_id)


def test_neighbours_share_nothing_to_be_seen() -> None:
    """Who has some addresses cannot count conversations or guess the next."""
    tokens = [OURS.reply_token(number, 7) for number in range(1, 200)]
    assert len({token[:10] for token in tokens}) == len({token[-10:] for token in tokens}) == 199


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    """Whoever writes to the listener chooses it."""
    number = OURS.reply_conversation(text)
    assert number is None or not OURS.is_reply_token(text, number, 1)
    assert not OURS.is_reply_token(text, 1, 1)
    assert OURS.bounced(text) is None


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**24 - 1))
def test_a_bounce_token_names_its_member_and_hour(member_id: int, hour: int) -> None:
    """The same each time, in any case, short enough, and readable with our key alone."""
    token = OURS.bounce_token(member_id, hour)
    assert token == OURS.bounce_token(member_id, hour)
    assert len(f"b+{token}") <= 64 and token.isalnum() and token == token.lower()
    for written in (token, token.upper(), token.title()):
        assert OURS.bounced(written) == (member_id, hour)
    assert THEIRS.bounced(token) is None
    assert OURS.reply_conversation(token) is None


def test_bounce_tokens_of_neighbours_share_nothing_to_be_seen() -> None:
    """Who has some addresses cannot count members, or tell two mails to one from mails to two."""
    tokens = [OURS.bounce_token(number, 7) for number in range(1, 200)]
    tokens += [OURS.bounce_token(7, number) for number in range(8, 200)]
    assert len({token[:10] for token in tokens}) == len({token[-10:] for token in tokens}) == 391


@given(st.integers(0, 42), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_changed_bounce_token_is_none(at: int, sign: str) -> None:
    """Of every one of its signs."""
    token = OURS.bounce_token(7, 500_000)
    changed = token[:at] + sign + token[at + 1 :]
    assert OURS.bounced(changed) == ((7, 500_000) if changed == token else None)
