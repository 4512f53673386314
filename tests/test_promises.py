"""Promises end to end: rule files, decision, database, mail, list and timeline, on both databases with a set clock."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailproc import opening
from mailproc.desk.requests import Request
from mailproc.opening import OpenSite
from mailproc.records.mail import Envelope
from mailproc.store import queries
from tests.builders import ANN, make_mail

START = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)  # ten o'clock in Warsaw, a Tuesday
SETTINGS = """\
version: 1
site:
  name: Acme Support
  prefix: ACME
  addresses: [support@acme.example]
  domain: acme.example
  languages: [en]
  default_language: en
  timezone: Europe/Warsaw
database: "{url}"
keys_file: keys
rules: rules/
delivery: {{kind: maildir, path: sent}}
trust: {{verify: no, trusted_networks: [127.0.0.0/8], agent_trust: network}}
"""
RULES = """\
version: 1
calendars:
  office: {hours: {mon-fri: "08:00-16:00"}}
slas:
  standard: {first_response: 4h, next_response: 2h, resolution: 16h, update_requester_every: 8h}
departments:
  frontdesk: {name: Front desk, forward_to: frontdesk@acme.example, calendar: office, sla: standard, escalate_to: lab}
  lab: {name: Lab, forward_to: lab@acme.example}
agents:
  - {name: Ann Kowalska, address: ann@acme.example, departments: [frontdesk]}
defaults: {department: frontdesk}
route:
  - {name: known trouble, when: {subject: outage}, do: {link_to: ACME-100-009, ack: none, reply: received}}
"""


class Running:
    """A site whose clock is set by hand."""

    def __init__(self, site: OpenSite) -> None:
        self.site = site
        self.now = START
        site.engine.clock = lambda: self.now

    def at(self, hours: float) -> "Running":
        self.now = START + timedelta(hours=hours)
        return self

    def take(self, **mail: str) -> str:
        raw = make_mail(**({"message_id": f"<{self.now.timestamp()}@c.example>"} | mail))
        raw = raw.replace(b"Tue, 13 Jan 2026 08:59:00 +0000", self.now.strftime("%a, %d %b %Y %H:%M:%S +0000").encode())
        self.site.engine.receive(raw, Envelope("smtp", self.now, None, ("support@acme.example",), "127.0.0.1")).result()
        while self.site.engine.work():
            pass
        with self.site.store.read() as tx:
            return str(queries.list_tickets(tx)[0]["number"])

    def show(self, number: str) -> Any:
        with self.site.store.read() as tx:
            serial = queries.find_serial(tx, number)
            assert serial is not None
            return queries.get_ticket(tx, serial)

    def mails(self) -> list[tuple[str, str]]:
        with self.site.store.read() as tx:
            return [(row["purpose"], row["to"]) for row in queries.list_outbox(tx)]


@pytest.fixture
def running(tmp_path: Path, store_url: str) -> Iterator[Running]:
    (tmp_path / "mailproc.yaml").write_text(SETTINGS.format(url=store_url), encoding="utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text(RULES, encoding="utf-8")
    from mailproc import keys

    keys.create(tmp_path / "keys")
    with opening.open_site(tmp_path / "mailproc.yaml") as site:
        yield Running(site)


def due_of(ticket: Any) -> datetime | None:
    return datetime.fromisoformat(ticket["due"]) if ticket["due"] else None


def test_a_promise_from_rule_file_to_reminder_and_timeline(running: Running) -> None:
    number = running.take()
    ticket = running.show(number)
    assert due_of(ticket) == START + timedelta(hours=4)
    assert [event["data"]["promise"] for event in ticket["events"] if event["kind"] == "due"] == ["first_response"]
    assert running.at(3).site.engine.tick() == 0
    assert running.at(4.5).site.engine.tick() > 0 and running.site.engine.tick() == 0
    assert [mail for mail in running.mails() if mail[0] == "reminder"] == [
        ("reminder", "frontdesk@acme.example"), ("reminder", "lab@acme.example"),
    ]  # fmt: skip
    assert [event["data"]["promise"] for event in running.show(number)["events"] if event["kind"] == "overdue"] == [
        "first_response"
    ]
    serial = queries_serial(running, number)
    running.at(5).site.engine.act(Request("reply", serial, ANN, "Which model?"), "r1")
    assert due_of(running.show(number)) == START + timedelta(hours=48)
    running.at(23).take(subject=f"Re: [{number}] Printer", text="A B200.")
    assert due_of(running.show(number)) == START + timedelta(hours=25)
    running.site.engine.act(Request("resolve", serial, ANN), "r2")
    assert running.show(number)["due"] is None
    assert running.at(400).site.engine.tick() > 0 and running.site.engine.tick() == 0  # closes, and is quiet


def queries_serial(running: Running, number: str) -> int:
    with running.site.store.read() as tx:
        serial = queries.find_serial(tx, number)
    assert serial is not None
    return serial


def test_new_terms_in_the_rules_move_what_is_due(running: Running) -> None:
    number = running.take()
    running.site.engine.tick()
    from dataclasses import replace

    from mailproc.rulebook.book import load

    policy = running.site.engine.policy
    changed = load((("rules.yaml", RULES.replace("first_response: 4h", "first_response: 1h")),), policy.site)
    running.site.engine.policy = replace(policy, book=changed)
    assert running.at(0.5).site.engine.tick() > 0 and running.site.engine.tick() == 0
    assert due_of(running.show(number)) == START + timedelta(hours=1)
    nothing = load((("rules.yaml", RULES.replace(", sla: standard", "")),), policy.site)
    running.site.engine.policy = replace(policy, book=nothing)
    running.at(0.6).site.engine.tick()
    assert running.show(number)["due"] is None


def test_link_to_a_case_that_exists_and_to_one_that_does_not(running: Running) -> None:
    lonely = running.take(subject="outage one", message_id="<1@c.example>")  # itself: nothing to link to
    assert running.show(lonely)["links"] == []
    number = running.take(sender="joe@elsewhere.example", subject="outage two", message_id="<2@c.example>")
    assert [(link["ticket"], link["kind"]) for link in running.show(number)["links"]] == [(lonely, "rule")]
    assert [link["kind"] for link in running.show(lonely)["links"]] == ["by-rule"]
    assert [mail[0] for mail in running.mails()].count("received") == 2
