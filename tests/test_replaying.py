"""Tests that deciding stored mail again says what the engine said then; a month of mail through the real engine."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mailproc.desk.draft import Policy
from mailproc.engine import Engine
from mailproc.records.mail import Envelope, Level
from mailproc.render import Renderer
from mailproc.replaying import REPLY, Findings, Replay, decide_again, find_kind, recall
from mailproc.rulebook.difference import Side
from mailproc.store import history, inbox, queries
from mailproc.store.database import Store, open_store
from tests.builders import KEYS, NOW, SITE, make_mail, make_policy

RULES = """\
version: 1
calendars: {office: {timezone: UTC, hours: {mon-fri: "08:00-17:00"}}}
departments:
  frontdesk: {forward_to: frontdesk@acme.example}
  billing: {forward_to: billing-team@acme.example}
  oncall: {forward_to: oncall@acme.example}
agents: [{name: Ann, address: ann@acme.example, departments: [frontdesk]}]
fields: {order: {label: Order}}
defaults: {department: frontdesk}
classify:
  - {name: known, when: {known_sender: yes}, set: {tags: [known]}}
  - {name: proven, when: {auth: {level: A3}}, set: {tags: [proven]}}
  - {name: hurry, when: {subject: [down, urgent]}, set: {priority: urgent, tags: [hurry]}, also: [reply]}
  - name: waits
    when: {ticket: {state: [new, open]}, body: again}
    set: {priority: high, field.order: "7", department: billing}
    also: [reply]
route:
  - {name: machines, when: {auto: [reply, generated]}, do: {ticket: none}}
  - {name: junk, when: {subject: lottery}, do: {hold: spam}}
  - {name: night, when: {priority: urgent, time: {outside: office}}, do: {department: oncall}}
  - {name: money, when: {to: billing@acme.example}, do: {department: billing}}
"""
AFTER = RULES.replace("route:\n", "route:\n  - {name: paper, when: {subject: paper}, do: {department: billing}}\n")


class Month:
    """An engine whose clock is moved by hand, and what it was given."""

    def __init__(self, store: Store, rules: str = RULES) -> None:
        self.at = NOW - timedelta(days=30)
        self.store = store
        self.last = b""
        policy = make_policy(rules=rules)
        self.engine = Engine(policy, store, Renderer(None), clock=lambda: self.at)

    def take(self, raw: bytes, after: timedelta = timedelta(hours=7), recipients: tuple[str, ...] = ()) -> int:
        """One mail arrives so much later and is decided at once; its inbox id."""
        self.at += after
        date = self.at.strftime("%a, %d %b %Y %H:%M:%S +0000").encode()
        self.last = raw = raw.replace(b"Tue, 13 Jan 2026 08:59:00 +0000", date)
        envelope = Envelope("pipe", self.at, "x@customer.example", recipients or ("support@acme.example",))
        inbox_id = self.engine.receive(raw, envelope).result()
        self.engine.work()
        return inbox_id

    def number(self, inbox_id: int) -> str:
        with self.store.read() as tx:
            return next(history.read_mails(tx, [inbox_id])).number


@pytest.fixture
def month(tmp_path: Path) -> Iterator[Month]:
    with open_store(f"sqlite:///{tmp_path}/store.db", checkpoints=True) as store:
        yield Month(store)


def fill(month: Month, people: int = 12) -> None:
    """New requests of all kinds, replies, machines, bounces, copies."""
    for number in range(people):
        who = f"p{number}@customer.example"
        subject = ["Printer", "All is down", "Paper jam", "You won the lottery"][number % 4]
        raw = make_mail(sender=who, subject=subject, message_id=f"<{number}.1@c.example>")
        first = month.take(raw)
        month.take(month.last, timedelta(minutes=3))  # the same bytes again
        tag = month.number(first)
        for turn, words in enumerate(("It happens again.", "Is it urgent? yes")):
            subject = f"Re: [{tag}] {'urgent' if turn else 'x'}" if tag else "Another one"
            message_id = f"<{number}.{turn + 2}@c.example>"
            month.take(make_mail(sender=who, subject=subject, text=words, message_id=message_id))
    month.take(make_mail(subject="Away", message_id="<away@c.example>", Auto_Submitted="auto-replied"))
    both = ("support@acme.example", "billing@acme.example")
    month.take(make_mail(to=", ".join(both), message_id="<both@c.example>"), recipients=both)


def judge(month: Month, old: str, new: str) -> Findings:
    books = [make_policy(rules=text).book for text in (old, new)]
    with month.store.read() as tx:
        ids = history.list_ids(tx, NOW - timedelta(days=40), NOW + timedelta(days=40))
        return Replay(SITE, KEYS, *books).judge(tx, ids)


def test_decisions_when_replayed_by_their_own_rules_are_what_is_stored(month: Month) -> None:
    fill(month)
    policy = make_policy(rules=RULES)
    kinds = set()
    with month.store.read() as tx:
        for stored in history.read_mails(tx, history.list_ids(tx, NOW - timedelta(days=40), NOW)):
            kind = find_kind(stored)
            if kind not in ("", REPLY):
                continue
            past = recall(tx, stored, SITE, KEYS, is_reply=kind == REPLY)
            assert past is not None
            routing = decide_again(past, policy, Side(policy.book)).routing
            kinds.add((kind, stored.outcome))
            assert [(step.text, step.matched) for step in routing.trace] == [
                (step.text, step.matched) for step in stored.steps if step.room == "rules"
            ], stored
            if stored.outcome == "opened":
                row = tx.execute(
                    "SELECT data FROM event WHERE serial = ? AND kind = 'opened'", (stored.serial,)
                ).fetchone()
                assert f'"{routing.department}"' in row[0] and f'"{routing.priority}"' in row[0]
    assert kinds == {("", "opened"), ("", "held"), ("", "recorded"), (REPLY, "appended")}


def test_replay_when_the_rules_are_the_same_changes_nothing(month: Month) -> None:
    fill(month)
    found = judge(month, RULES, RULES)
    assert found.changed == []
    assert found.routed >= 30
    assert found.not_routed["duplicates"] >= 12


def test_replay_when_a_rule_comes_says_whom_it_touches(month: Month) -> None:
    fill(month)
    found = judge(month, RULES, AFTER)
    assert len(found.changed) == 3
    for example, changes in found.changed:
        assert example.subject == "Paper jam" and example.number.startswith("ACME-")
        assert [(change.text, change.why) for change in changes] == [("frontdesk → billing", 'rule "paper"')]


def test_replay_when_run_again_or_later_gives_the_same(month: Month) -> None:
    fill(month, 4)
    assert judge(month, RULES, AFTER) == judge(month, RULES, AFTER)


def test_replay_when_it_looks_at_replies_sees_the_ticket_as_it_was(month: Month) -> None:
    fill(month, 4)
    # The second mail of each found its ticket without the field; the third one found it
    was = "  - {name: was, when: {field.order: '7'}, set: {tags: [was]}, also: [reply]}\n"
    calm = RULES.replace("  - {name: hurry", was + "  - {name: hurry")
    found = judge(month, RULES, calm)
    assert {change.text for _, changes in found.changed for change in changes} == {"tag +was"}
    assert all("urgent" in example.subject for example, _ in found.changed)
    assert found.changed


def test_replay_when_no_rule_sees_replies_leaves_them_out(month: Month) -> None:
    fill(month, 2)
    plain = RULES.replace(", also: [reply]", "").replace("    also: [reply]\n", "")
    found = judge(month, plain, plain)
    assert found.not_routed["replies (no rule sees them)"] == 4


def test_what_was_known_then_when_more_is_known_now(month: Month) -> None:
    first = month.take(make_mail(message_id="<a@c.example>"))
    second = month.take(make_mail(message_id="<b@c.example>", subject="Other"))
    with month.store.read() as tx:
        known = [stored.was_known for stored in history.read_mails(tx, [first, second])]
    assert known == [False, True]


def test_level_when_dns_said_it_is_taken_from_the_decision(month: Month) -> None:
    inbox_id = month.take(make_mail(message_id="<a@c.example>"))

    def rewrite(tx):  # type: ignore[no-untyped-def]
        tx.execute("UPDATE decision SET trace = replace(trace, 'A1: ', 'A3: we checked: dmarc=pass (p=reject); ')")

    month.store.run(rewrite)
    with month.store.read() as tx:
        [stored] = history.read_mails(tx, [inbox_id])
        past = recall(tx, stored, SITE, KEYS, is_reply=False)
    assert past is not None
    assert (past.trust.level, past.trust.dmarc) == (Level.A3, "pass")


def test_mail_when_its_bytes_are_gone_or_damaged_is_counted(month: Month) -> None:
    gone, broken = (month.take(make_mail(message_id=f"<{n}@c.example>", subject=n * 400)) for n in "ab")

    def spoil(tx):  # type: ignore[no-untyped-def]
        tx.execute("DELETE FROM inbox_raw WHERE inbox_id = ?", (gone,))
        tx.execute("UPDATE inbox_raw SET codec = 1, data = ? WHERE inbox_id = ?", (b"no", broken))

    month.store.run(spoil)
    found = judge(month, RULES, AFTER)
    assert found.not_routed == {"erased": 1}
    [problem] = found.unreadable
    assert problem.startswith(f"mail {broken}: stored mail is damaged")
    assert found.routed == 0


def test_replay_changes_nothing_in_the_store(month: Month) -> None:
    fill(month, 3)

    def count() -> list[int]:
        with month.store.read() as tx:
            tables = ("inbox", "decision", "ticket", "event", "outbox", "contact", "message", "meta", "rulebook")
            return [tx.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]

    before = count()
    judge(month, RULES, AFTER)
    assert count() == before
    with month.store.read() as tx:
        assert inbox.count_waiting(tx) == 0
        assert queries.list_outbox(tx, state="sending") == []


def test_mail_when_released_counts_as_what_it_became(month: Month) -> None:
    held = month.take(make_mail(subject="lottery", message_id="<l@c.example>"))
    month.engine.release(held, "new")
    found = judge(month, RULES, RULES.replace("hold: spam", "hold: checked"))
    [(_, [change])] = [(example, changes) for example, changes in found.changed]
    assert change.text == 'held "spam" → held "checked"'


def test_moment_when_a_calendar_asks_is_the_arrival(month: Month) -> None:
    month.at = datetime.fromisoformat("2026-01-06T21:00:00+00:00")
    month.take(make_mail(subject="All is down", message_id="<n@c.example>"), timedelta(0))
    found = judge(month, RULES, RULES.replace("08:00-17:00", "08:00-23:00"))
    [(_, changes)] = found.changed
    assert [change.text for change in changes] == ["oncall → frontdesk"]
    assert isinstance(month.engine.policy, Policy)
