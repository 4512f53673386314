"""Tests `mailproc report rules` on a site that took real mail: text, JSON, CSV, shadow rules and gone ones."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.conftest import Shell

RULES = """\
version: 1
departments:
  desk: {forward_to: desk@acme.example}
  billing: {forward_to: billing-team@acme.example}
defaults: {department: desk}
classify:
  - {name: vip, when: {from: vip.example}, set: {priority: high}, also: [reply]}
  - {name: maybe urgent, when: {subject: printer}, set: {priority: urgent}, mode: shadow}
route:
  - name: money
    when: {subject: [invoice, refund]}
    do: {department: billing}
    rules:
      - {name: refunds, when: {subject: refund}, do: {tags: [refund]}}
  - {name: press, when: {from: newspaper.example}, do: {tags: [press]}}
"""
MAILS = ("invoice 1", "invoice 2", "refund", "printer", "hello")


@pytest.fixture
def worked(shell: Shell, fresh_mail: Callable[..., bytes]) -> Shell:
    """A site whose rules saw five mails."""
    for path in (shell.folder / "rules").glob("*.yaml"):
        path.unlink()
    (shell.folder / "rules" / "rules.yaml").write_text(RULES, encoding="utf-8")
    shell.take(*(fresh_mail(subject=subject, message_id=f"<{n}@c.example>") for n, subject in enumerate(MAILS)))
    return shell


def rows_of(answer: dict[str, Any]) -> dict[str, tuple[str, int, float, int]]:
    return {row["rule"]: (row["state"], row["hits"], row["share"], row["shadow_hits"]) for row in answer["rules"]}


def test_report_when_json_is_asked_for_has_a_row_a_rule(worked: Shell) -> None:
    answer = worked.json("report", "rules")
    assert (answer["mails"], answer["unmatched"]) == (5, 2)
    assert rows_of(answer) == {
        "vip": ("live", 0, 0.0, 0),
        "maybe urgent": ("shadow", 0, 0.0, 1),
        "money": ("live", 3, 0.6, 0),
        "money/refunds": ("live", 1, 0.2, 0),
        "press": ("live", 0, 0.0, 0),
    }
    assert (answer["never_hit"], answer["gone"]) == (["vip", "press"], [])
    money = answer["rules"][2]
    assert answer["since"] < money["first_hit"] <= money["last_hit"] <= answer["until"]


def test_report_when_text_has_the_busiest_rule_first(worked: Shell) -> None:
    code, out, _ = worked("report", "rules", "--since", "12h")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith("since ") and lines[0].endswith(": 5 mails, 2 of them matched by no rule")
    assert lines[2].split() == ["hits", "share", "shadow", "rule", "first", "and", "last"]
    assert lines[3].split()[:4] == ["3", "60", "%", "money"]
    assert any(line.split()[:3] == ["1", "maybe", "urgent"] for line in lines)
    never = lines.index("never hit")
    assert lines[never + 1 : never + 3] == ["  vip", "  press"]


def test_report_when_a_rule_left_the_book_lists_it_apart(worked: Shell) -> None:
    (worked.folder / "rules" / "rules.yaml").write_text(RULES.replace("name: money", "name: cash"), encoding="utf-8")
    answer = worked.json("report", "rules")
    assert [(row["rule"], row["hits"]) for row in answer["gone"]] == [("money", 3), ("money/refunds", 1)]
    assert "cash" in answer["never_hit"]
    _, out, _ = worked("report", "rules")
    assert out.splitlines()[-3] == "no longer in the rules" and out.splitlines()[-2].split()[3] == "money"
    _, out, _ = worked("report", "rules", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["rule"], row["state"]) for row in rows][-2:] == [("money", "gone"), ("money/refunds", "gone")]
    assert rows[0]["first_hit"] == "" and rows[-1]["first_hit"] != ""


def test_report_when_nothing_happened_yet_is_short(shell: Shell) -> None:
    code, out, _ = shell("report", "rules")
    assert code == 0 and ": 0 mails" in out.splitlines()[0] and "never hit" in out


def test_report_when_mail_is_older_than_asked_for_leaves_it_out(worked: Shell) -> None:
    assert worked.json("report", "rules", "--since", "2000-01-01")["mails"] == 5
    assert worked.json("report", "rules", "--since", "0s")["mails"] == 0


@pytest.mark.parametrize("since", ["soon", "30", "2026-13-01", "2026-1", "none"])
def test_since_when_it_is_no_time_is_a_usage_error(shell: Shell, since: str) -> None:
    code, _, err = shell("report", "rules", "--since", since)
    assert code == 2 and "--since" in err


def test_help_when_asked_for_has_an_example(shell: Shell) -> None:
    code, out, _ = shell("report", "rules", "--help")
    assert code == 0 and "mailproc report rules --since 30d" in out


def test_report_when_a_regex_ran_out_of_time_counts_the_mails(shell: Shell, fresh_mail: Callable[..., bytes]) -> None:
    for path in (shell.folder / "rules").glob("*.yaml"):
        path.unlink()
    slow = "  - {name: slow, when: {body: {regex: '^(?:(?:qz)+(?:qz)+)+y$'}}, do: {tags: [slow]}}\n"
    (shell.folder / "rules" / "rules.yaml").write_text(RULES + slow, encoding="utf-8")
    shell.take(fresh_mail(text="qz" * 6_000 + "y!"), fresh_mail(subject="press", message_id="<2@c.example>"))
    [row] = [row for row in shell.json("report", "rules")["rules"] if row["rule"] == "slow"]
    assert (row["hits"], row["timed_out"]) == (0, 1)
    _, out, _ = shell("report", "rules")
    assert "       1 mail   slow" in out.splitlines()
    _, out, _ = shell("report", "rules", "--format", "csv")
    assert {row["rule"]: row["timed_out"] for row in csv.DictReader(io.StringIO(out))}["slow"] == "1"


def test_log_when_a_regex_ran_out_of_time_names_the_rule(shell: Shell, fresh_mail: Callable[..., bytes]) -> None:
    from mailproc import maillog

    slow = "route: [{name: slow, when: {body: {regex: '^(?:(?:qz)+(?:qz)+)+y$'}}, do: {tags: [slow]}}]\n"
    for path in (shell.folder / "rules").glob("*.yaml"):
        path.unlink()
    (shell.folder / "rules" / "rules.yaml").write_text(RULES.partition("route:")[0] + slow, encoding="utf-8")
    assert shell("deliver", stdin=fresh_mail(text="qz" * 6_000 + "y!"))[0] == 0
    log = io.StringIO()
    from mailproc.opening import open_site

    with open_site(shell.folder / "mailproc.yaml") as site:
        maillog.setup("text", log)
        try:
            site.engine.work()
            assert maillog.flush()
        finally:
            maillog.shut_down()
    [line] = [line for line in log.getvalue().splitlines() if "rules_timed_out" in line]
    assert "warning" in line and "rules=slow" in line
