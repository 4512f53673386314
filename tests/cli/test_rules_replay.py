"""Tests `mailproc rules replay`: a site with history, changed rules, and what the command prints of the difference."""

import subprocess
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest

from mailproc.cli.rules.replay import pick_sample
from tests.cli.conftest import Shell

FreshMail = Callable[..., bytes]
RULES = """\
version: 1
departments:
  frontdesk: {forward_to: frontdesk@acme.example}
  billing: {forward_to: billing-team@acme.example}
defaults: {department: frontdesk}
route:
  - {name: automatic mail, when: {auto: [reply, bounce]}, do: {ticket: none, ack: none}}
  - {name: money, when: {subject: [invoice, refund]}, do: {department: billing}}
"""


@pytest.fixture
def site(shell: Shell, fresh_mail: FreshMail) -> Shell:
    """A site of ten mails, and draft/ beside its rules."""
    put_rules(shell.folder / "rules")
    mails = [
        fresh_mail(
            sender=f"p{n}@customer.example",
            subject="Faktura 11/2026" if n % 2 else "A question",
            message_id=f"<{n}@c.example>",
        )
        for n in range(8)
    ]
    away = fresh_mail(sender="q@customer.example", message_id="<away@c.example>", Auto_Submitted="auto-replied")
    shell.take(*mails, mails[0], away)
    draft = shell.folder / "draft"
    put_rules(draft)
    change(draft, "[invoice,", "[faktura, invoice,")
    return shell


def put_rules(folder: Path) -> None:
    """The folder with these rules and no others."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.yaml"):
        path.unlink()
    (folder / "rules.yaml").write_text(RULES, "utf-8")


def change(folder: Path, old: str, new: str) -> None:
    """Replace a text in the rules."""
    path = folder / "rules.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_replay_when_a_rule_changed_prints_the_difference(site: Shell) -> None:
    code, out, err = site("rules", "replay", "--rules", str(site.folder / "draft"))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "9 mails · 5 unchanged · 4 changed"
    assert lines[1].startswith('  4  frontdesk → billing  rule "money"  e.g. ACME-')
    assert lines[1].endswith('"Faktura 11/2026"') and lines[2].strip().endswith('"Faktura 11/2026"')
    assert lines[-1] == "not asked about: 1 duplicates"
    assert len(lines) == 5


def test_replay_when_silence_comes_says_so(site: Shell) -> None:
    change(site.folder / "draft", "{auto: [reply, bounce]}", "{any: [{auto: [reply]}, {subject: question}]}")
    out = site("rules", "replay", "--rules", str(site.folder / "draft"))[1]
    assert any("acknowledged → silent" in line and 'rule "automatic mail"' in line for line in out.splitlines())
    assert any("ticket → none" in line for line in out.splitlines())


def test_replay_when_nothing_changed_says_so(site: Shell) -> None:
    code, out, _ = site("rules", "replay")
    assert (code, out.splitlines()[0]) == (0, "9 mails · 9 unchanged · 0 changed")


def test_replay_when_json_is_asked_for_has_all_examples(site: Shell) -> None:
    answer = site.json("rules", "replay", "--rules", str(site.folder / "draft"))
    assert (answer["mails"], answer["unchanged"], answer["changed"]) == (9, 5, 4)
    assert answer["not_routed"] == {"duplicates": 1}
    [group] = answer["groups"]
    assert (group["name"], group["rule"], group["count"], len(group["examples"])) == ("department", "money", 4, 4)
    example = group["examples"][0]
    assert (example["old"], example["new"], example["subject"]) == ("frontdesk", "billing", "Faktura 11/2026")


def test_replay_when_several_processes_judge_says_the_same(site: Shell) -> None:
    words = ("rules", "replay", "--rules", str(site.folder / "draft"))
    one, many = (site.json(*words, "--jobs", jobs) for jobs in ("1", "3"))
    for answer in (one, many):
        del answer["since"], answer["until"]
    assert one == many


def test_replay_when_a_sample_is_asked_for_takes_the_same_mails(site: Shell) -> None:
    words = ("rules", "replay", "--rules", str(site.folder / "draft"), "--sample", "4")
    first, second = site.json(*words), site.json(*words)
    assert first["mails"] + sum(first["not_routed"].values()) == 4
    assert first["groups"] == second["groups"]


def test_sample_when_it_is_picked_is_spread_and_in_order() -> None:
    ids = array("q", range(1, 1001))
    picked = pick_sample(ids, 100)
    assert len(picked) == 100 and list(picked) == sorted(set(picked))
    assert picked == pick_sample(ids, 100)
    assert 20 < sum(1 for mail in picked if mail <= 500) < 80
    assert pick_sample(ids, 5000) is ids


def test_replay_when_against_a_folder_compares_with_it(site: Shell) -> None:
    draft = str(site.folder / "draft")
    assert site("rules", "replay", "--against", draft)[1].splitlines()[1].lstrip().startswith("4  billing → frontdesk")
    assert "no longer rule" in site("rules", "replay", "--against", draft)[1]
    assert site("rules", "replay", "--rules", draft, "--against", draft)[1].startswith("9 mails · 9 unchanged")


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, "-C", str(folder), *words], check=True, capture_output=True)


def test_replay_when_against_a_commit_compares_with_the_files_of_then(site: Shell) -> None:
    rules = site.folder / "rules"
    git(site.folder, "init", "-q")
    git(site.folder, "add", "rules")
    git(site.folder, "commit", "-q", "-m", "as it was")
    change(rules, "[invoice,", "[faktura, invoice,")
    assert "4 changed" in site("rules", "replay", "--against", "HEAD")[1]
    git(site.folder, "commit", "-qam", "as it is")
    assert "0 changed" in site("rules", "replay", "--against", "HEAD")[1]
    assert "4 changed" in site("rules", "replay", "--against", "HEAD~1")[1]


@pytest.mark.parametrize("ref", ["nosuchref", "--output=x", "HEAD:rules", "-h", "a b", "$(id)", ""])
def test_replay_when_against_means_nothing_exits_2(site: Shell, ref: str) -> None:
    git(site.folder, "init", "-q")
    code, _, err = site("rules", "replay", f"--against={ref}")
    assert code == 2 and "--against" in err
    assert not list(site.folder.glob("x*"))


@pytest.mark.parametrize(
    ("since", "mails"), [("30d", "9 mails"), ("1h30m", "9 mails"), ("2020-01-01", "9 mails"), ("2999-01-01", "0 mails")]
)
def test_since_when_it_is_a_span_or_a_date(site: Shell, since: str, mails: str) -> None:
    assert site("rules", "replay", "--since", since)[1].startswith(mails)


def test_since_when_it_is_neither_exits_2(site: Shell) -> None:
    code, _, err = site("rules", "replay", "--since", "yesterday")
    assert code == 2 and "30d" in err


def test_replay_when_the_new_rules_are_broken_shows_where_and_exits_1(site: Shell) -> None:
    change(site.folder / "draft", "do: {department: billing}", "do: {department: biling}")
    code, out, _ = site("rules", "replay", "--rules", str(site.folder / "draft"))
    assert code == 1 and 'R101 unknown department "biling": did you mean "billing"?' in out


def test_replay_when_the_old_rules_are_broken_says_which(site: Shell) -> None:
    change(site.folder / "draft", "do: {department: billing}", "do: {department: biling}")
    code, _, err = site("rules", "replay", "--against", str(site.folder / "draft"))
    assert code == 1 and "the rules of --against" in err and "R101" in err


def test_replay_when_no_book_was_ever_active_says_what_to_name(shell: Shell) -> None:
    code, _, err = shell("rules", "replay")
    assert code == 1 and "--against DIR" in err
