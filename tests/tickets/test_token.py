"""Tokens and Message-IDs: only what we signed counts, for whom we signed it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailproc.records.site import Key, KeyRing, Site
from mailproc.tickets.token import (
    OurId,
    is_genuine,
    make_message_id,
    make_reply_address,
    make_token,
    read_message_id,
    read_token,
    split_reply_address,
)

KEYS = KeyRing(
    (Key("a", b"1" * 32, datetime(2026, 1, 1, tzinfo=UTC)), Key("b", b"2" * 32, datetime(2025, 1, 1, tzinfo=UTC)))
)
SITE = Site("Acme", "ACME", ("support@acme.example", "billing@acme.example"), "acme.example")
ANN = "ann@acme.example"


def test_token_has_the_form_of_the_policy() -> None:
    token = make_token(KEYS, "r", 48217, ANN)
    claim = read_token(token)
    assert claim is not None
    assert (claim.key_id, claim.purpose, claim.serial, len(claim.signature)) == ("a", "r", 48217, 16)
    assert token == token.lower() and "+" not in token and "-" not in token
    assert read_token(token.upper()) == claim


def test_t03_every_flipped_bit_of_a_signature_is_refused() -> None:
    token = make_token(KEYS, "r", 48217, ANN)
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    flips = 0
    for at in range(16):
        for bit in range(5):
            index = len(token) - 16 + at
            letter = alphabet[alphabet.index(token[index]) ^ (1 << bit)]
            claim = read_token(token[:index] + letter + token[index + 1 :])
            assert claim is not None and not is_genuine(claim, KEYS, ANN)
            flips += 1
    assert flips == 80


@pytest.mark.parametrize(
    ("purpose", "serial", "identity"),
    [("n", 48217, ANN), ("r", 48218, ANN), ("r", 48217, "bo@acme.example"), ("r", 48217, "department:billing")],
)
def test_token_of_another_purpose_ticket_or_person_is_refused(purpose: str, serial: int, identity: str) -> None:
    claim = read_token(make_token(KEYS, "r", 48217, ANN))
    assert claim is not None and is_genuine(claim, KEYS, ANN)
    assert not is_genuine(replace(claim, purpose=purpose, serial=serial), KEYS, identity)


def test_t62_tokens_of_an_older_key_hold_until_it_is_retired() -> None:
    old = KeyRing((KEYS.keys[1],))
    claim = read_token(make_token(old, "c", 48217, "x@y.example"))
    assert claim is not None
    assert is_genuine(claim, KEYS, "x@y.example")
    assert not is_genuine(claim, KeyRing((KEYS.keys[0],)), "x@y.example")


@pytest.mark.parametrize(
    "word", ["", "r", "ar48217", "ar48217" + "a" * 15, "ar48217" + "a" * 17, "az48217" + "a" * 16, "1r48217" + "a" * 16]
)
def test_read_token_refuses_what_has_not_its_form(word: str) -> None:
    assert read_token(word) is None


@pytest.mark.parametrize("extension", ["plus", "dash", "subdomain"])
def test_reply_address_comes_back_with_its_token(extension: str) -> None:
    site = replace(SITE, address_extension=extension)
    token = make_token(KEYS, "c", 48217, "x@y.example")
    address = make_reply_address(site, token, "support@acme.example")
    base, claim = split_reply_address(site, address.upper())
    assert base == "support@acme.example"
    assert claim == read_token(token)


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("support@acme.example", "support@acme.example"),
        ("support+beta@acme.example", "support@acme.example"),
        ("support-team@acme.example", ""),
        ("billing+x@acme.example", "billing@acme.example"),
        ("ann@acme.example", ""),
        ("supports@acme.example", ""),
        ("support@other.example", ""),
        ("support", ""),
    ],
)
def test_split_reply_address_knows_ours(address: str, base: str) -> None:
    assert split_reply_address(SITE, address) == (base, None)


def test_message_id_is_deterministic_and_only_ours_are_read() -> None:
    message_id = make_message_id(KEYS, 48217, 3, "acme.example")
    assert message_id == make_message_id(KEYS, 48217, 3, "acme.example")
    assert read_message_id(message_id, KEYS) == OurId(48217, 3)
    assert read_message_id(message_id.replace(".3.", ".4."), KEYS) is None
    assert read_message_id(message_id.replace("48217", "48218"), KEYS) is None
    assert read_message_id("<x@y>", KEYS) is None
    assert read_message_id(message_id, KeyRing((KEYS.keys[1],))) is None
