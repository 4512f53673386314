"""The rules of a running daemon: files that change, break and are mended, versions that come from another process."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from mailproc.opening import OpenSite, RuleKeeper, open_site
from mailproc.opening.alarmwords import find_words
from mailproc.opening.rulefiles import find_cut, judge_folder, judge_stored, write_back
from mailproc.store import outbox, rulebooks
from mailproc.store.rulebooks import Arriving
from tests.shell import Shell
from tests.shell import call as call_here
from tests.test_daemon import ROOT, Running, start, stop, write

OPERATOR = "ops@acme.example"
NEW_RULE = """\
route:
  - name: solar
    when: {subject: {words: [solar]}}
    do: {department: engineering, tags: [solar]}
"""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Running]:
    running = start(tmp_path / "site", "sqlite:///data/mailproc.db")
    yield running
    stop(running)


@pytest.fixture
def any_daemon(tmp_path: Path, store_url: str) -> Iterator[Running]:
    running = start(tmp_path / "site", store_url)
    yield running
    stop(running)


def whole_log(running: Running) -> str:
    return (running.folder / "log").read_text(errors="replace")


def wait_until(running: Running, is_true: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, whole_log(running)[-3000:]
        time.sleep(0.05)


def wait_for_lines(running: Running, event: str, number: int) -> list[str]:
    wait_until(running, lambda: whole_log(running).count(f" {event} ") >= number)
    return [line for line in whole_log(running).splitlines() if f" {event} " in line]


def department_of(running: Running, subject: str, to: str = "support@acme.example") -> str:
    """The mailbox of the department that a mail with that subject goes to now."""
    sender = f"c{time.monotonic_ns()}@customer.example"
    before = len(running.sink.mails)
    running.send(write(sender, to, subject, "Please have a look at it."), sender)

    def find() -> list[str]:
        return [mail.recipient for mail in running.sink.mails[before:] if mail.recipient not in (sender, OPERATOR)]

    wait_until(running, lambda: bool(find()))
    return find()[0].partition("@")[0]


def alarms(running: Running) -> list[EmailMessage]:
    mails = running.wait_for_mail(0)
    return [mail for mail in mails if mail["To"] == OPERATOR]


def restart(running: Running) -> None:
    """The same site again, its log and its mail server going on."""
    running.process.terminate()
    assert running.process.wait(30) == 0
    ups = whole_log(running).count(" daemon_started ")
    with (running.folder / "log").open("a") as log:
        running.process = subprocess.Popen(
            [sys.executable, str(ROOT / "cli.py"), "--config", str(running.folder / "mailproc.yaml"), "run"],
            stdout=log,
            stderr=log,
            text=True,
        )
    wait_for_lines(running, "daemon_started", ups + 1)


def call(running: Running, *arguments: str) -> tuple[int, str]:
    """(exit code, output) of a command in this process, which is another one than the daemon's."""
    code, out, err = Shell(running.folder)(*arguments)
    return code, out + err


def versions(running: Running) -> list[tuple[str, str]]:
    """(how it came, note) of every version, oldest first."""
    code, text = call(running, "rules", "log", "--json")
    assert code == 0
    return [(row["origin"], row["note"]) for row in reversed(json.loads(text))]


def test_f25_a_changed_file_serves_within_seconds(daemon: Running) -> None:
    assert department_of(daemon, "Solar panel") == "frontdesk"
    (daemon.folder / "rules" / "00-solar.yaml").write_text(NEW_RULE, encoding="utf-8")
    wait_for_lines(daemon, "rules_loaded", 2)
    assert department_of(daemon, "Solar panel") == "engineering"
    assert versions(daemon) == [("start", ""), ("file change", "")]


def test_f25_broken_files_change_nothing_and_are_told_once(daemon: Running) -> None:
    rules = daemon.folder / "rules" / "routing.yaml"
    good = rules.read_text(encoding="utf-8")
    breaks = [
        good.replace("department: billing", "department: biling"),
        good.replace("route:", "route: ["),
        good.replace("billing@acme.example", "nobody-writes-here@acme.example"),  # its tests fail
    ]
    for number, text in enumerate(breaks, 1):
        rules.write_text(text, encoding="utf-8")
        wait_for_lines(daemon, "rules_kept", number)
        assert department_of(daemon, "Hello", "billing@acme.example") == "billing-team"
        wait_until(daemon, lambda number=number: len(alarms(daemon)) == number)  # type: ignore[misc]
    body = alarms(daemon)[0].get_body(("plain",))
    assert body is not None and 'unknown department "biling"' in body.get_content()
    assert alarms(daemon)[0]["Auto-Submitted"] == "auto-generated"
    # The same trouble again is not told again; who asks is answered, by the log alone
    os.utime(rules)
    os.kill(daemon.process.pid, signal.SIGHUP)
    assert len(wait_for_lines(daemon, "rules_kept", 4)) == 4 and len(alarms(daemon)) == 3
    # The last good book survives a restart, and nobody is told again
    restart(daemon)
    assert department_of(daemon, "Hello", "billing@acme.example") == "billing-team"
    assert len(alarms(daemon)) == 3
    rules.write_text(good, encoding="utf-8")
    wait_until(daemon, lambda: "mended=true" in whole_log(daemon))
    assert versions(daemon) == [("start", "")]
    # Well in between: the same mistake is news
    rules.write_text(breaks[0], encoding="utf-8")
    wait_until(daemon, lambda: len(alarms(daemon)) == 4)


def test_f25_a_file_cut_short_is_never_taken_up(daemon: Running) -> None:
    tests = daemon.folder / "rules" / "tests.yaml"
    text = tests.read_text(encoding="utf-8")
    shorter = text[: text.rindex("  - name:")]
    tests.write_text(shorter, encoding="utf-8")  # valid, and all the tests that are left pass
    [line] = wait_for_lines(daemon, "rules_kept", 1)
    assert "cut short" in line and versions(daemon) == [("start", "")]
    os.kill(daemon.process.pid, signal.SIGHUP)
    wait_for_lines(daemon, "rules_kept", 2)
    assert call(daemon, "rules", "apply", "--no-replay")[0] == 1
    code, text = call(daemon, "rules", "apply", "--no-replay", "--yes", "--note", "one test less")
    assert code == 0, text
    wait_until(daemon, lambda: "mended=true" in whole_log(daemon))
    assert versions(daemon) == [("start", ""), ("apply", "one test less")]


def test_a_version_of_another_host_serves_and_stays(any_daemon: Running, tmp_path: Path) -> None:
    """Another host: the same database, settings and keys, a rules folder of its own."""
    running = any_daemon
    other = tmp_path / "other"
    shutil.copytree(running.folder, other, ignore=shutil.ignore_patterns("log", "*.db*"))
    if (running.folder / "data" / "mailproc.db").exists():
        config = (other / "mailproc.yaml").read_text(encoding="utf-8")
        place = f"sqlite:///{running.folder / 'data' / 'mailproc.db'}"
        (other / "mailproc.yaml").write_text(config.replace("sqlite:///data/mailproc.db", place), encoding="utf-8")
    (other / "rules" / "00-solar.yaml").write_text(NEW_RULE, encoding="utf-8")
    there = Running(other, running.port, running.sink, running.process)
    done = there.run("rules", "apply", "--author", "ann", "--note", "solar")
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    wait_for_lines(running, "rules_loaded", 2)  # within seconds: it waits no longer
    assert department_of(running, "Solar panel") == "engineering"
    # Its own files have not changed: they do not overrule the version, not even at a restart
    restart(running)
    assert department_of(running, "Solar roof") == "engineering"
    # Back again, by a third process, without a look at the files
    assert call(running, "rules", "rollback", "--store-only")[0] == 0
    wait_until(running, lambda: whole_log(running).count("origin=rollback") == 1)
    assert department_of(running, "Solar fence") == "frontdesk"
    assert [origin for origin, _ in versions(running)] == ["start", "apply", "rollback"]


def test_rollback_writes_the_files_and_keeps_edits_aside(daemon: Running) -> None:
    rules = daemon.folder / "rules"
    before = (rules / "routing.yaml").read_text(encoding="utf-8")
    (rules / "routing.yaml").write_text(before + "  # edited\n", encoding="utf-8")
    (rules / "00-solar.yaml").write_text(NEW_RULE, encoding="utf-8")
    wait_for_lines(daemon, "rules_loaded", 2)
    (rules / "routing.yaml").write_text(before + "  # edited, and broken: [\nrout: []\n", encoding="utf-8")
    code, text = call(daemon, "rules", "rollback")
    assert code == 0, text
    assert (rules / "routing.yaml").read_text(encoding="utf-8") == before
    assert "rout:" in (rules / "routing.yaml.before-rollback").read_text(encoding="utf-8")
    assert (rules / "00-solar.yaml.before-rollback").read_text(encoding="utf-8") == NEW_RULE
    assert not (rules / "00-solar.yaml").exists()
    wait_until(daemon, lambda: "origin=rollback" in whole_log(daemon))
    assert department_of(daemon, "Solar panel") == "frontdesk"
    os.kill(daemon.process.pid, signal.SIGHUP)
    wait_until(daemon, lambda: "origin=SIGHUP" in whole_log(daemon))
    assert [origin for origin, _ in versions(daemon)] == ["start", "file change", "rollback"]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[OpenSite]:
    """A site opened as a daemon opens it, in this process."""
    assert call_here("init", str(tmp_path / "site"), "--yes")[0] == 0
    with open_site(tmp_path / "site" / "mailproc.yaml", is_daemon=True) as site:
        yield site


def test_f25_no_beginning_of_a_file_is_taken_for_the_file(opened: OpenSite) -> None:
    """Every truncation of every starter file, and some of them through the whole judgement."""
    folder = opened.settings.rules_dir
    running = opened.serving.files
    for place, (name, text) in enumerate(running):
        for length in range(len(text.rstrip())):
            cut = (*running[:place], (name, text[:length]), *running[place + 1 :])
            assert find_cut(running, cut, folder), (name, length)
    path = folder / "tests.yaml"
    whole = path.read_bytes()
    for length in range(0, len(whole.rstrip()), 997):
        path.write_bytes(whole[:length])
        assert judge_folder(opened.settings, running).book is None


def test_a_file_is_judged_once_it_is_still(opened: OpenSite) -> None:
    keeper, new = RuleKeeper(opened), opened.settings.rules_dir / "00-solar.yaml"
    keeper.poll(100.0)
    assert keeper.version == 1
    new.write_text(NEW_RULE[:-1], encoding="utf-8")  # its last line has no end yet
    for now in (101.0, 102.5, 105.0):
        keeper.poll(now)
        assert keeper.version == 1
    new.write_text(NEW_RULE, encoding="utf-8")
    keeper.poll(105.5)
    keeper.poll(106.0)
    assert keeper.version == 1
    keeper.poll(106.6)
    assert keeper.version == 2
    assert [rule.name for rule in opened.engine.policy.book.route][0] == "solar"
    # What ends its last line nowhere is taken all the same, a little later
    new.write_text(NEW_RULE[:-1].replace("solar", "wind"), encoding="utf-8")
    for now, version in ((200.0, 2), (203.0, 2), (205.1, 3)):
        keeper.poll(now)
        assert keeper.version == version


def test_tests_of_the_folder_tests_count_as_those_beside_the_rules(opened: OpenSite) -> None:
    """They stop a hot reload and an apply, and are of the version that another host takes up."""
    folder, keeper = opened.settings.rules_dir, RuleKeeper(opened)
    (folder / "tests").mkdir()
    refunds = folder / "tests" / "refunds.yaml"
    good = (
        "tests:\n  - name: refunds\n    mail: {subject: Refund}\n    expect: {department: billing}\n"
        "  - name: a mail in a file\n    mail: {eml: one.eml}\n    expect: {department: frontdesk}\n"
    )
    (folder / "tests" / "one.eml").write_bytes(b"From: a@b.example\r\nTo: support@acme.example\r\n\r\nHello")
    refunds.write_text(good.replace("billing", "frontdesk"), encoding="utf-8")
    for now in (100.0, 101.1):
        keeper.poll(now)
    assert keeper.version == 1 and judge_folder(opened.settings, opened.serving.files).book is None
    with opened.store.read() as tx:
        [row] = tx.execute("SELECT count(*) FROM outbox WHERE purpose = 'alarm'").fetchall()
    assert row[0] == 1
    code, out, _ = call_here("--config", str(opened.settings.path), "rules", "apply", "--yes")
    assert code == 1 and "tests/refunds.yaml:2:5 T001" in out
    refunds.write_text(good, encoding="utf-8")
    for now in (110.0, 111.1):
        keeper.poll(now)
    assert keeper.version == 2
    with opened.store.read() as tx:
        files = rulebooks.get_files(tx, 2)
    assert files is not None and dict(files)["tests/refunds.yaml"] == good
    # Another host, with a folder of its own: the same book, whose files come back to where they belong
    other = replace(opened.settings, rules_dir=opened.settings.rules_dir.parent / "other")
    other.rules_dir.mkdir()
    assert judge_stored(files, other).book is not None
    assert write_back(files, other.rules_dir) == ()
    assert (other.rules_dir / "tests" / "refunds.yaml").read_text(encoding="utf-8") == good
    assert judge_folder(other, None).digest == rulebooks.digest_of(files)
    # Versions of before held no tests of that folder
    older = tuple((name, text) for name, text in files if "/" not in name)
    assert judge_stored(older, other).book is not None
    assert [path.name for path in write_back(older, other.rules_dir)] == ["refunds.yaml.before-rollback"]
    with pytest.raises(ValueError, match="no name of a rule file"):
        write_back((("../evil.yaml", "x"),), other.rules_dir)


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "it", "no", "pl", "nl"])
def test_alarm_speaks_the_default_language_of_the_site(tmp_path: Path, language: str) -> None:
    assert call_here("init", str(tmp_path / "site"), "--yes")[0] == 0
    config = tmp_path / "site" / "mailproc.yaml"
    text = re.sub(r"default_language: en\b", f"default_language: {language}", config.read_text(encoding="utf-8"))
    config.write_text(re.sub(r"languages: \[en\]", f"languages: [en, {language}]", text), encoding="utf-8")
    with open_site(config, is_daemon=True) as site:
        (site.settings.rules_dir / "zz.yaml").write_text("route: [", encoding="utf-8")
        keeper = RuleKeeper(site)
        for now in (100.0, 109.0):
            keeper.poll(now)
        with site.store.read() as tx:
            [[mail_id]] = tx.execute("SELECT id FROM outbox WHERE purpose = 'alarm'").fetchall()
            raw = outbox.raw_of(tx, mail_id)
    mail = message_from_bytes(raw or b"", policy=default)
    body = mail.get_body(("plain",))
    assert isinstance(mail, EmailMessage) and body is not None
    summary, advice = find_words("files", language)
    assert summary in str(mail["Subject"])
    shown = " ".join(body.get_content().split())
    assert advice in shown, shown
    assert "zz.yaml:1:" in shown and "R010" in shown, shown
    assert (summary == find_words("files", "en")[0]) is (language in ("en", "nl"))


def test_trouble_that_ends_without_a_change_of_the_files_is_noticed(opened: OpenSite) -> None:
    keeper, new = RuleKeeper(opened), opened.settings.rules_dir / "00-solar.yaml"
    new.write_text(NEW_RULE.replace("tags: [solar]", "ack: sorry"), encoding="utf-8")
    for now in (100.0, 101.1):
        keeper.poll(now)
    assert keeper.version == 1
    template = opened.settings.templates_dir / "en" / "sorry.txt.j2"
    template.parent.mkdir(parents=True, exist_ok=True)
    template.write_text("Subject: Sorry\nSorry.\n", encoding="utf-8")
    keeper.poll(102.0)
    keeper.poll(140.0)
    assert keeper.version == 2


def test_a_version_that_cannot_serve_here_is_refused_once(opened: OpenSite) -> None:
    keeper = RuleKeeper(opened)
    book = opened.engine.policy.book
    broken = (("routing.yaml", "route: ["),)
    opened.store.run(lambda tx: rulebooks.save(tx, Arriving(broken, "apply"), opened.engine.clock()))
    for now in (100.0, 101.0, 140.0, 180.0):
        keeper.poll(now)
        assert keeper.version == 1 and opened.engine.policy.book is book
    with opened.store.read() as tx:
        assert tx.execute("SELECT count(*) FROM outbox WHERE purpose = 'alarm'").fetchone()[0] == 1
    good = (*opened.serving.files, ("zz.yaml", NEW_RULE))
    opened.store.run(lambda tx: rulebooks.save(tx, Arriving(good, "apply"), opened.engine.clock()))
    keeper.poll(181.0)
    assert keeper.version == 3
