"""The samples through the real engine, with a fixed clock and key: what `mailproc demo` shows, decided in process."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailproc import keys
from mailproc.cli.demo import SETTINGS, observed_of
from mailproc.cli.scenario import OutMail, Scenario, compare, fill, read_scenarios
from mailproc.desk.draft import Policy
from mailproc.message.parse import parse
from mailproc.opening import OpenSite, open_site
from mailproc.records.mail import Envelope
from mailproc.stock import rules_dir, samples_dir
from mailproc.store import outbox, queries
from tests.builders import KEYS

SCENARIOS = read_scenarios(samples_dir())
START = datetime(2026, 1, 13, 9, 0, tzinfo=UTC)


def make_site(folder: Path, clock: list[datetime]) -> OpenSite:
    (folder / "data").mkdir(mode=0o700)
    keys.create(folder / "data" / "keys")
    config = folder / "mailproc.yaml"
    config.write_text(SETTINGS.format(rules=rules_dir(), sink_port=9), encoding="utf-8")
    site = open_site(config, clock=lambda: clock[0])
    policy = site.engine.policy
    site.engine.policy = Policy(policy.site, policy.book, KEYS)
    return site


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def test_sample_goes_as_it_says(scenario: Scenario, tmp_path: Path) -> None:
    clock = [START]
    sent: list[OutMail] = []
    problems: list[str] = []
    with make_site(tmp_path, clock) as site:
        for step in scenario.steps:
            clock[0] += timedelta(minutes=1)
            raw = fill((scenario.folder / step.file).read_bytes(), clock[0], sent)
            mail = parse(raw)
            sender = step.sender if step.sender is not None else (mail.from_.addr if mail.from_ else "")
            recipients = step.recipients or tuple(address.addr for address in mail.to) or ("support@acme.example",)
            envelope = Envelope("smtp", clock[0], sender, recipients, "127.0.0.1", "demo.example")
            with site.store.read() as tx:
                before = queries.last_mail_out(tx)
            site.engine.receive(raw, envelope).result()
            assert site.engine.work() == 1
            while site.engine.work():
                pass  # what the mail released from the hold list
            with site.store.read() as tx:
                row = queries.last_decided(tx)
                assert row is not None
                seen = observed_of(tx, row)
                caused = queries.mails_caused_by(tx, row["inbox_id"], before)
                seen.mails = [OutMail(m["to"], outbox.raw_of(tx, m["id"]) or b"", m["purpose"]) for m in caused]
            sent += seen.mails
            problems += [f"{step.file}: {problem}" for problem in compare(step.expect, seen)]
    assert problems == []


def test_samples_cover_the_main_job() -> None:
    outcomes = {str(step.expect.get("outcome")) for scenario in SCENARIOS for step in scenario.steps}
    assert outcomes >= {"opened", "appended", "answered", "held", "bounce", "recorded"}
    assert len(SCENARIOS) >= 13


def test_compare_sees_what_is_wrong() -> None:
    """The comparison itself can fail: a wrong outcome, a missing mail, a forbidden word."""
    from mailproc.cli.scenario import Observed

    mail = OutMail("a@b.example", b"Subject: Hi\r\nContent-Type: text/plain\r\n\r\nsecret\r\n", "received")
    seen = Observed("opened", "new", mails=[mail])
    assert compare({"outcome": "opened", "mails": [{"purpose": "received", "to": "a@b.example"}]}, seen) == []
    assert compare({"outcome": "held"}, seen) == ["outcome: expected 'held', got 'opened'"]
    assert compare({"mails": []}, seen)
    wanted = {"purpose": "received", "to": "a@b.example"}
    assert compare({"mails": [{**wanted, "never": "secret"}]}, seen)
    assert compare({"mails": [{**wanted, "says": "public"}]}, seen)
    assert compare({"mails": [{**wanted, "subject": "Bye"}]}, seen)
    assert compare({"trace": ["rules: nothing"]}, replace(seen, trace=["trust: A1"]))
