"""Every bit of a token counts, in every form of address; nothing beside the exact word does (T03, T62)."""

import ast
import inspect
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproc.records.site import Key, KeyRing, Site
from mailproc.tickets import token as module
from mailproc.tickets.token import (
    AGENT_TOKEN_LIFE,
    CUSTOMER_TOKEN_LIFE,
    is_genuine,
    is_key_in_force,
    make_message_id,
    make_reply_address,
    make_token,
    read_message_id,
    split_reply_address,
)

MADE = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = KeyRing((Key("b", b"2" * 32, MADE), Key("a", b"1" * 32, MADE - timedelta(days=9), MADE)))
SITE = Site("Acme", "ACME", ("support@acme.example",), "acme.example")
ANN = "ann@acme.example"
FORMS = ("plus", "dash", "subdomain")


def accepts(site: Site, address: str, serial: int, purpose: str, identity: str, epoch: int = 0) -> bool:
    """Whether an address gives its writer what the token of that ticket, purpose and person gives."""
    _, claim = split_reply_address(site, address)
    return (
        claim is not None
        and (claim.serial, claim.purpose) == (serial, purpose)
        and is_genuine(claim, KEYS, identity, epoch)
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("purpose", "crndh")
def test_t03_no_flipped_bit_of_any_part_is_accepted(form: str, purpose: str) -> None:
    """All bits of all letters: key id, purpose, serial, signature; upper case is the one twin a letter may have."""
    site = replace(SITE, address_extension=form)
    word = make_token(KEYS, purpose, 48217, ANN)
    address = make_reply_address(site, word, SITE.addresses[0])
    assert accepts(site, address, 48217, purpose, ANN)
    at = address.index(word)
    flips = 0
    for index in range(at, at + len(word)):
        for bit in range(8):
            letter = chr(ord(address[index]) ^ (1 << bit))
            changed = address[:index] + letter + address[index + 1 :]
            flips += 1
            if letter.lower() != address[index]:
                _, claim = split_reply_address(site, changed)
                assert claim is None or not is_genuine(claim, KEYS, ANN), changed
    assert flips == 8 * 23


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz234567", min_size=16, max_size=16), st.sampled_from("crndh"))
def test_t03_a_signature_that_was_guessed_is_refused(signature: str, purpose: str) -> None:
    word = make_token(KEYS, purpose, 48217, ANN)
    if signature != word[-16:]:
        assert not accepts(SITE, f"support+{word[:-16]}{signature}@acme.example", 48217, purpose, ANN)


@given(st.text(max_size=60))
def test_t03_nothing_around_a_token_is_accepted(more: str) -> None:
    word = make_token(KEYS, "r", 48217, ANN)
    for local in (f"support+{word}{more}", f"support+{more}{word}", f"{more}support+{word}"):
        address = f"{local}@acme.example"
        if address.lower() != f"support+{word}@acme.example":
            assert not accepts(SITE, address, 48217, "r", ANN)


@pytest.mark.parametrize("purpose", "crndh")
def test_t03_a_serial_has_one_spelling(purpose: str) -> None:
    word = make_token(KEYS, purpose, 48217, ANN)
    for serial in ("048217", "0048217", "+48217", "48217.0", "\N{ARABIC-INDIC DIGIT FOUR}8217"):
        assert not accepts(SITE, f"support+{word[:2]}{serial}{word[7:]}@acme.example", 48217, purpose, ANN)
    message_id = make_message_id(KEYS, 48217, 3, "acme.example")
    for wrong in (message_id.replace("48217", "048217"), message_id.replace(".3.", ".03.")):
        assert read_message_id(wrong, KEYS) is None


@pytest.mark.parametrize("purpose", "crndh")
def test_every_part_of_what_is_signed_counts(purpose: str) -> None:
    word = make_token(KEYS, purpose, 48217, ANN, epoch=3)
    _, claim = split_reply_address(SITE, f"support+{word}@acme.example")
    assert claim is not None and is_genuine(claim, KEYS, ANN, 3)
    assert not is_genuine(claim, KEYS, ANN)  # the ticket's tokens were never revoked
    assert not is_genuine(claim, KEYS, ANN, 4)  # or again since
    for other in "crndh".replace(purpose, ""):
        assert not is_genuine(replace(claim, purpose=other), KEYS, ANN, 3)
    assert not is_genuine(replace(claim, key_id="a"), KEYS, ANN, 3)
    assert not is_genuine(claim, KEYS, "ann@acme.exampl", 3)
    assert not is_genuine(claim, KeyRing((Key("b", b"3" * 32, MADE),)), ANN, 3)


def test_t62_a_replaced_key_verifies_for_agents_for_30_days_and_for_customers_for_180() -> None:
    for role, life in (("agent", AGENT_TOKEN_LIFE), ("customer", CUSTOMER_TOKEN_LIFE)):
        assert is_key_in_force("a", KEYS, role, MADE + life - timedelta(seconds=1))
        assert not is_key_in_force("a", KEYS, role, MADE + life)
        assert is_key_in_force("b", KEYS, role, MADE + timedelta(days=9_999))
    assert (AGENT_TOKEN_LIFE.days, CUSTOMER_TOKEN_LIFE.days) == (30, 180)
    assert not is_key_in_force("c", KEYS, "customer", MADE)


def test_signatures_are_compared_in_constant_time_only() -> None:
    """No `==` and no `in` on a signature, no way out of the comparison before its end."""
    tree = ast.parse(inspect.getsource(module))
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for name in ("is_genuine", "read_message_id"):
        calls = [ast.unparse(node.func) for node in ast.walk(functions[name]) if isinstance(node, ast.Call)]
        assert calls.count("hmac.compare_digest") == 1
        compared = [node for node in ast.walk(functions[name]) if isinstance(node, ast.Compare)]
        assert all(isinstance(node.ops[0], ast.Is | ast.IsNot) for node in compared), name
    compared = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    assert not [text for text in compared if "signature" in text or "expected" in text]


def test_all_identities_are_tried_whichever_one_it_is() -> None:
    """The desk sums over an agent's identities instead of stopping at the first that fits."""
    from mailproc.desk import speakers

    source = ast.unparse(ast.parse(inspect.getsource(speakers._agent_claim)))
    assert "sum((_is_genuine(" in source and "any(" not in source
