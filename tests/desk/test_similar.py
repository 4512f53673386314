"""A second mail without a key that is much like its sender's case in work: linked, named, joined on one tap."""

from collections.abc import Iterator
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest

from mailproc.records.effects import LinkTickets
from mailproc.records.mail import Level
from mailproc.records.ticket import Resembled
from mailproc.store import lookup
from mailproc.store.lookup import Query
from tests.builders import NOW, decide, mails_of, make_known, make_mail
from tests.desks import JANE, Desk, html_of, open_desk, words_of

RESEMBLED = Resembled(10_000, "ACME-100-009", "frontdesk")


@pytest.fixture
def desk(tmp_path: Path, store_url: str) -> Iterator[Desk]:
    with open_desk(tmp_path, store_url) as opened:
        yield opened


@pytest.mark.parametrize("level", [Level.A1, Level.A3])
def test_the_card_names_the_other_case(level: Level) -> None:
    decision = decide(make_mail(), make_known(resembled=RESEMBLED), level=level)
    assert [effect for effect in decision.effects if isinstance(effect, LinkTickets)] == [
        LinkTickets(10_500, 10_000, "resembles")
    ]
    numbers = {mail.purpose: dict(mail.context).get("join_number", "") for mail in mails_of(decision)}
    assert numbers.pop("forward") == "ACME-100-009" and not any(numbers.values())  # it is for the inside alone


@pytest.mark.parametrize(
    "head",
    [{"Auto_Submitted": "auto-generated"}, {"List_Id": "<news.customer.example>"}, {"Precedence": "bulk"}],
)
def test_machines_that_write_the_same_every_night_are_not_joined(head: dict[str, str]) -> None:
    decision = decide(make_mail(**head), make_known(resembled=RESEMBLED), level=Level.A3)
    assert [effect for effect in decision.effects if isinstance(effect, LinkTickets)] == []


def _links(desk: Desk, serial: int) -> list[str]:
    return [event["data"]["kind"] for event in desk.show(serial)["events"] if event["kind"] == "linked"]


def _card(mail: EmailMessage) -> str:
    return words_of(mail).partition("Answer this mail")[0]


@pytest.mark.parametrize(
    ("subject", "sender", "days", "joined"),
    [
        ("Printer on floor 2", JANE, 6.9, True),
        ("AW: printer  on FLOOR 2", JANE, 1, True),
        ("Re: [OTHER-12] Printer on floor 2", "J. D. <Jane@Customer.example>", 0, True),
        ("Printer on floor 2", JANE, 7.1, False),
        ("Printer on floor 3", JANE, 1, False),
        ("Printer on floor 2", "Joe <joe@customer.example>", 1, False),
    ],
)
def test_a_second_mail_is_told_by_sender_subject_and_time(
    tmp_path: Path, subject: str, sender: str, days: float, joined: bool
) -> None:
    with open_desk(tmp_path, f"sqlite:///{tmp_path}/store.db") as desk:
        first = desk.write("It prints blank pages.", subject="Printer on floor 2")["serial"]
        row = desk.wait(days=days).write("It still prints blank pages, and it smells.", subject=subject, sender=sender)
        assert (row["reason"], row["serial"]) == ("new", first + 1)
        assert ("Perhaps part of: ACME-100-009" in _card(desk.last("forward"))) is joined
        assert (_links(desk, first), _links(desk, first + 1)) == ((["resembles"],) * 2 if joined else ([], []))


def test_a_finished_case_is_not_joined_and_one_that_opens_again_is(desk: Desk) -> None:
    first = desk.write("It prints blank pages.")["serial"]
    desk.ask("resolve", first)
    assert _links(desk, desk.write("It smells.")["serial"]) == []
    desk.ask("resolve", first + 1)
    desk.ask("reopen", first)
    assert _links(desk, desk.write("It burns.")["serial"]) == ["resembles"]
    assert "Perhaps part of: ACME-100-009" in _card(desk.last("forward"))


def test_the_newest_of_several_is_named(desk: Desk) -> None:
    for text in ("It prints blank pages.", "It smells.", "It burns."):
        desk.wait(hours=4).write(text)
    assert f"Perhaps part of: {desk.show(10_001)['number']}" in _card(desk.last("forward"))


def test_one_tap_writes_the_command_that_joins(desk: Desk) -> None:
    desk.write("It prints blank pages.")
    desk.write("It smells.")
    links = [unquote(unescape(part.partition('"')[0])) for part in html_of(desk.last("forward")).split('href="mailto:')]
    assert any("body=#merge ACME-100-009" in link for link in links)


def test_what_is_found_costs_one_probe_of_an_index(desk: Desk) -> None:
    """The statement is served by the index of cases in work, whatever the number of tickets."""
    desk.write("It prints blank pages.")
    from mailproc.store import resemblance

    with desk.site.store.read() as tx:
        number = resemblance.to_number("jane@customer.example", "printer")
        asked = (number, "jane@customer.example", "")
        if tx.is_postgres:
            tx.execute("SET enable_seqscan = off")  # it reads a small table whole
            plan = [row[0] for row in tx.execute(f"EXPLAIN {resemblance._FIND}", asked).fetchall()]
            tx.execute("RESET enable_seqscan")
        else:
            plan = [row[3] for row in tx.execute(f"EXPLAIN QUERY PLAN {resemblance._FIND}", asked).fetchall()]
        known = lookup.lookup(tx, Query(sender="jane@customer.example", subject_key="printer"), desk.now)
        nobody = lookup.lookup(tx, Query(subject_key="printer"), NOW)
    assert any("ticket_resembles" in line for line in plan)
    assert known.resembled == RESEMBLED and nobody.resembled is None
