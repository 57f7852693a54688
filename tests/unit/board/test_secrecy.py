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
