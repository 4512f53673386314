"""Tests that rules are counted from stored decisions, on both databases, old rows and hostile words included."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mailproc.records.decision import Decision, Outcome, Step
from mailproc.store import reports
from mailproc.store.commit import commit
from mailproc.store.connection import connect, read_place
from mailproc.store.database import Store, open_store
from mailproc.store.migrate import MIGRATIONS, migrate
from mailproc.store.rulehits import hits_from_json, hits_from_trace, hits_to_json
from mailproc.store.values import to_json, to_time
from tests.store.makers import NOW, column, minutes

TRACE = (
    Step("trust", "A2: DKIM", None),
    Step("rules", "vip ✗ from=jane@c.test", False),
    Step("rules", 'money ✓ subject="invoice"', True),
    Step("rules", "money/big ✓ priority=high (shadow: would have set tags: big)", True),
)
DECISION = Decision(Outcome.OPENED, "new", trace=TRACE, rules=("money",))


def decide(store: Store, decision: Decision, at: datetime, name: str) -> None:
    store.run(lambda tx: commit(tx, decision, (), inbox_id=None, now=at, request_id=name))


def count(store: Store, since: datetime, until: datetime) -> reports.RuleCounts:
    with store.read() as tx:
        return reports.count_rules(tx, since, until)


def test_rules_when_counted_are_those_of_the_time_asked_for(store: Store) -> None:
    for number in range(10):
        decide(store, DECISION, minutes(number), f"r{number}")
    decide(store, replace(DECISION, rules=(), trace=TRACE[:2]), minutes(5), "unmatched")
    decide(store, replace(DECISION, rules=(), trace=TRACE[:1]), minutes(5), "not asked")
    counts = count(store, minutes(2), minutes(8))
    assert (counts.mails, counts.unmatched) == (7, 1)
    assert {path: (rule.hits, rule.shadow_hits) for path, rule in counts.rules.items()} == {
        "money": (6, 0),
        "money/big": (0, 6),
    }
    assert counts.rules["money"].span == (minutes(2), minutes(7))


def test_rules_when_decided_before_the_column_are_read_from_the_trace(store: Store) -> None:
    decide(store, DECISION, NOW, "r")
    store.run(lambda tx: tx.execute("UPDATE decision SET rules = NULL"))
    counts = count(store, minutes(-1), minutes(1))
    assert {path: (rule.hits, rule.shadow_hits) for path, rule in counts.rules.items()} == {
        "money": (1, 0),
        "money/big": (0, 1),
    }


def test_first_decision_when_there_are_many_is_found_by_halving(store: Store) -> None:
    with store.read() as tx:
        assert (reports.first_decision(tx, NOW), reports.span_of_decisions(tx, NOW)) == (0, 0)
    for number in range(100):
        decide(store, DECISION, NOW + timedelta(days=number), f"r{number}")
    store.run(lambda tx: tx.execute("DELETE FROM decision WHERE id % 3 = 0 OR id BETWEEN 40 AND 60"))
    for day in (-5, 0, 1, 39, 45, 98, 99, 200):
        moment = NOW + timedelta(days=day)
        with store.read() as tx:
            first = reports.first_decision(tx, moment)
            assert reports.span_of_decisions(tx, moment) >= 0
        # None that counts is left out, and of each day before none is read
        missed = "SELECT count(*) FROM decision WHERE id < {} AND at >= '{}'"
        early = "SELECT count(*) FROM decision WHERE id >= {} AND at < '{}'"
        times = [(moment - timedelta(hours=shift)).isoformat() for shift in (0, 2)]
        assert column(store, missed.format(first, times[0])) == [0]
        assert column(store, early.format(first, times[1])) == [0]


def test_pages_when_there_are_several_are_all_counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "_PAGE", 3)
    for number in range(10):
        decide(store, DECISION, minutes(number), f"r{number}")
    read: list[int] = []
    with store.read() as tx:
        counts = reports.count_rules(tx, minutes(-1), minutes(99), progress=read.append)
    assert (counts.mails, sum(read), max(read)) == (10, 10, 3)


@pytest.mark.parametrize(
    "text",
    [
        'money ✓ subject="x (shadow: would have set priority: low)"',
        "money ✓ tags=x (shadow: would have set priority: low)",
        'money ✓ subject="other ✓ x"',
    ],
)
def test_t41_words_of_a_mail_when_they_look_like_a_trace_count_nothing_else(text: str) -> None:
    decision = replace(DECISION, trace=(Step("rules", text, True),))
    column_text = hits_to_json(decision)
    assert column_text is not None
    assert hits_from_json(column_text) == (("money",), (), ())


def test_hits_when_no_rule_was_asked_are_none() -> None:
    assert hits_to_json(replace(DECISION, rules=(), trace=TRACE[:1])) is None
    assert hits_from_trace(TRACE[:1]) is None
    assert hits_from_trace(TRACE[:2]) == ((), (), ())


def test_f30_database_of_the_former_schema_with_decisions_is_counted(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    connection = connect(read_place(url, checkpoints=False, busy_seconds=10))
    migrate(connection, MIGRATIONS[:3])
    trace = to_json([(step.room, step.text, step.matched) for step in TRACE])
    connection.execute(
        "INSERT INTO decision (at, outcome, reason, trace) VALUES (?, 'opened', 'new', ?)", (to_time(NOW), trace)
    )
    connection.close()
    with open_store(url) as store:
        decide(store, DECISION, minutes(1), "after")
        assert count(store, NOW, minutes(2)).rules["money"].hits == 2
