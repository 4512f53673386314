"""Tests `mailproc rules explain`: a file, a ticket, a mail made of options; with a site and without one."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailproc.cli import cli
from tests.cli.conftest import Shell

FreshMail = Callable[..., bytes]
RULES = """\
version: 1
calendars: {office: {timezone: Europe/Warsaw, hours: {mon-fri: "08:00-17:00"}}}
departments: {desk: {forward_to: desk@acme.example}, oncall: {forward_to: oncall@acme.example}}
defaults: {department: desk}
classify:
  - {name: down, when: {subject: [down, outage], not: {auto: [reply]}}, set: {priority: urgent}}
route:
  - {name: night, when: {priority: urgent, time: {outside: office}}, do: {department: oncall}}
  - {name: rest, do: {tags: [rest]}}
"""
NIGHT = ("--subject", "All is down", "--at", "2026-11-24T23:10:00+01:00")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "somewhere"
    folder.mkdir()
    (folder / "rules.yaml").write_text(RULES, "utf-8")
    return folder


def explain(folder: Path, *words: str) -> tuple[int, str]:
    """The command on rules without a site."""
    result = CliRunner().invoke(
        cli, ["rules", "explain", "--rules", str(folder), "--address", "support@acme.example", *words]
    )
    return result.exit_code, result.output


def test_explain_when_a_mail_is_made_of_options_shows_every_condition(rules: Path) -> None:
    code, out = explain(rules, *NIGHT)
    assert code == 0, out
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[0] == "opened: A new request."
    start = lines.index("classify")
    assert lines[start + 1].startswith("  ✓ down → priority: urgent   ")
    assert set(lines[start + 2 : start + 4]) == {
        '      ✓ subject.words: subject="All is down"',
        "      ✓ not auto: auto=human",
    }
    start = lines.index("route")
    assert lines[start + 1].startswith("  ✓ night → department: oncall   ")
    assert "      ✓ priority: priority=urgent" in lines[start:]
    assert "      ✓ time.outside(office): Tue 23:10 is outside" in lines
    assert "  department  oncall" in lines and "  rule        night" in lines
    assert any(line.startswith("── received to someone@customer.example: [ACME-") for line in lines)
    assert any(line.startswith("── forward to oncall@acme.example: ") for line in lines)


def test_explain_when_rules_fail_shows_what_they_saw(rules: Path) -> None:
    out = explain(rules, "--subject", "Automatic reply: down", "--header", "Auto-Submitted: auto-replied")[1]
    assert "  ✗ down   " in out
    assert '      ✓ subject.words: subject="Automatic reply: down"' in out
    assert "      ✗ not auto: auto=reply" in out
    assert "  ✓ rest → tags: rest" in out


def test_explain_when_json_is_asked_for(rules: Path) -> None:
    options = ("--from", "Ann <a@b.example>", "--to", "support@acme.example")
    answer = json.loads(explain(rules, *NIGHT, *options, "--json")[1])
    assert (answer["outcome"], answer["reason"]) == ("opened", "new")
    [walk] = answer["walks"]
    assert [(rule["rule"], rule["matched"], rule["list"]) for rule in walk["rules"]] == [
        ("down", True, "classify"),
        ("night", True, "route"),
    ]
    assert {"name": "priority", "seen": "priority=urgent", "met": True} in walk["rules"][1]["conditions"]
    assert (walk["result"]["department"], walk["result"]["ticket"], walk["at"]) == (
        "oncall",
        "new",
        "2026-11-24T23:10:00+01:00",
    )
    assert {(mail["purpose"], mail["to"]) for mail in answer["mails"]} == {
        ("received", "a@b.example"),
        ("forward", "oncall@acme.example"),
    }


def test_explain_when_given_a_file_and_no_site(rules: Path, tmp_path: Path) -> None:
    path = tmp_path / "mail.eml"
    path.write_bytes(b"From: a@b.example\r\nTo: support@acme.example\r\nSubject: outage\r\n\r\nhelp\r\n")
    code, out = explain(rules, str(path))
    assert code == 0 and "  ✓ down → priority: urgent" in out and "── forward to " in out


def test_explain_when_rules_are_not_asked_says_why(rules: Path, tmp_path: Path) -> None:
    path = tmp_path / "mail.eml"
    path.write_bytes(
        b"From: a@b.example\r\nTo: support@acme.example\r\nSubject: outage\r\n" + b"X: y\r\n" * 40_000 + b"\r\nhelp\r\n"
    )
    out = explain(rules, str(path))[1]
    assert out.startswith("held: ") and "the rules were not asked:" in out


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "give one of"),
        (("--ticket", "ACME-1", "--subject", "x"), "give one of"),
        (("--ticket", "ACME-1"), "needs a site"),
        (("--from", "nobody"), "is not one address"),
        (("--header", "no colon"), "X-Priority: 1"),
        (("--header", "X: a\r\nBcc: b@c.example"), "X-Priority: 1"),
        (("--subject", "two\nlines"), "one line"),
        (("--at", "noon"), "2026-11-24T23:10"),
    ],
)
def test_usage_when_wrong_exits_2(rules: Path, words: tuple[str, ...], text: str) -> None:
    code, out = explain(rules, *words)
    assert code == 2 and text in out


def test_explain_when_the_rules_are_broken_shows_where(rules: Path) -> None:
    (rules / "rules.yaml").write_text(RULES.replace("department: desk}", "department: dsk}"), "utf-8")
    code, out = explain(rules, "--subject", "x")
    assert code == 1 and "R101" in out


def count_rows(shell: Shell) -> tuple[int, ...]:
    from mailproc import settings
    from mailproc.store.database import open_store

    with open_store(settings.load(shell.folder / "mailproc.yaml").database) as store, store.read() as tx:
        tables = ("inbox", "decision", "ticket", "event", "outbox", "rulebook", "meta")
        return tuple(tx.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)


def put_rules(shell: Shell, words: str) -> None:
    """Rules that know these words for money, instead of the starter ones."""
    for path in (shell.folder / "rules").glob("*.yaml"):
        path.unlink()
    (shell.folder / "rules" / "rules.yaml").write_text(
        "version: 1\ndefaults: {department: frontdesk}\n"
        "departments: {frontdesk: {forward_to: f@acme.example}, billing: {forward_to: b@acme.example}}\n"
        f"route: [{{name: money, when: {{subject: {words}}}, do: {{department: billing}}}}]\n",
        "utf-8",
    )


def test_explain_when_given_a_file_at_a_site_stores_nothing(shell: Shell, fresh_mail: FreshMail) -> None:
    put_rules(shell, "[invoice]")
    shell.take(fresh_mail())
    before = count_rows(shell)
    path = shell.folder / "mail.eml"
    path.write_bytes(fresh_mail(subject="Invoice 7", message_id="<2@c.example>"))
    code, out, err = shell("rules", "explain", str(path))
    assert (code, err) == (0, "")
    assert "  ✓ money → department: billing" in out and "── forward to b@acme.example: [ACME-" in out
    assert count_rows(shell) == before


def test_explain_when_a_ticket_is_named_shows_then_and_now(shell: Shell, fresh_mail: FreshMail) -> None:
    put_rules(shell, "[invoice]")
    shell.take(fresh_mail(subject="Faktura 7"))
    [ticket] = shell.json("ticket", "list")
    put_rules(shell, "[invoice, faktura]")
    before = count_rows(shell)
    code, out, err = shell("rules", "explain", "--ticket", ticket["number"])
    assert (code, err) == (0, "")
    then, now = out.split("\nnow: ")
    assert "then: opened (new)" in then and "  ✗ money ✗" in then
    assert "    ✓ money → department: billing" in now and "department  billing" in now
    answer = shell.json("rules", "explain", "--ticket", ticket["number"])
    [mail] = answer["mails"]
    assert (mail["then"]["outcome"], mail["walks"][0]["result"]["department"]) == ("opened", "billing")
    assert count_rows(shell) == before


def test_explain_when_there_is_no_such_ticket_exits_2(shell: Shell) -> None:
    assert shell("rules", "explain", "--ticket", "ACME-999-999")[0] == 2


def test_explain_when_made_of_options_writes_the_mails_of_the_site(shell: Shell, fresh_mail: FreshMail) -> None:
    own = shell.folder / "templates" / "en" / "received.txt.j2"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("Subject: Thanks\n{{ number }}: we are on it.\n", encoding="utf-8")
    code, out, err = shell("rules", "explain", "--subject", "A question")
    assert code == 0, err
    assert ": we are on it." in out


def test_explain_when_the_mail_came_before_shows_its_rules_all_the_same(shell: Shell, fresh_mail: FreshMail) -> None:
    raw = fresh_mail(subject="Refund, please")
    shell.take(raw)
    file = shell.folder / "refund.eml"
    file.write_bytes(raw)
    code, out, _ = shell("rules", "explain", str(file))
    assert code == 0 and out.startswith("duplicate: ")
    assert "had it not come before:" in out and "✓ money → department: billing" in out
    found = shell.json("rules", "explain", str(file))
    assert (found["outcome"], found["mails"]) == ("duplicate", [])
    assert found["walks"][0]["result"]["department"] == "billing"
