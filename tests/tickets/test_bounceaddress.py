"""Envelope senders that name their mail: made, read, and nobody else's."""

from dataclasses import replace

import pytest

from mailproc.message.addresses import is_sendable
from mailproc.records.site import Site
from mailproc.settings.schema import LONGEST_TOKEN
from mailproc.tickets.bounceaddress import make_bounce_address, read_bounce_address
from mailproc.tickets.token import make_reply_address, make_token, split_reply_address
from tests.builders import KEYS, SITE

BASE = "support@acme.example"
SITES = {form: replace(SITE, address_extension=form) for form in ("plus", "dash", "subdomain", "none")}


@pytest.mark.parametrize("form", ["plus", "dash", "subdomain"])
@pytest.mark.parametrize(("serial", "n"), [(10_000, 1), (48_217, 12), (99_999_999, 999)])
def test_an_address_names_its_mail_in_every_form(form: str, serial: int, n: int) -> None:
    site = SITES[form]
    address = make_bounce_address(site, KEYS, serial, n, BASE)
    assert len(address.partition("@")[0]) <= 64 and address.isascii()
    for written in (address, address.upper()):
        found = read_bounce_address(site, KEYS, written)
        assert found is not None and (found.serial, found.n) == (serial, n)
        assert split_reply_address(site, written) == (BASE, None)  # ours, and no token


@pytest.mark.parametrize("site", [SITES["none"]])
def test_without_words_in_addresses_it_is_the_plain_one(site: Site) -> None:
    assert make_bounce_address(site, KEYS, 10_000, 1, BASE) == BASE
    assert read_bounce_address(site, KEYS, BASE) is None


def test_where_no_server_would_take_it_it_is_the_plain_one() -> None:
    base = f"{'a' * 35}@acme.example"
    site = replace(SITES["plus"], addresses=(base,))
    made = [make_bounce_address(site, KEYS, 10_000, 1, base), make_bounce_address(site, KEYS, 10**10, 10**5, base)]
    assert read_bounce_address(site, KEYS, made[0]) is not None and made[1] == base
    token = make_token(KEYS, "r", 10**10 - 1, "ann@acme.example")
    assert len(token) == LONGEST_TOKEN and is_sendable(make_reply_address(site, token, base))


def test_a_mail_of_no_case_has_none() -> None:
    assert make_bounce_address(SITES["plus"], KEYS, 0, 0, BASE) == BASE


def test_t32_one_letter_changed_is_nobodys_mail() -> None:
    site = SITES["plus"]
    address = make_bounce_address(site, KEYS, 10_000, 12, BASE)
    local, _, domain = address.rpartition("@")
    for at in range(len("support+"), len(local)):
        for letter in "a7":
            forged = f"{local[:at]}{letter}{local[at + 1 :]}@{domain}"
            if forged != address:
                assert read_bounce_address(site, KEYS, forged) is None, forged
    assert read_bounce_address(site, KEYS, address.replace("n12", "n012")) is None
    assert read_bounce_address(site, KEYS, address.replace("acme", "other")) is None
