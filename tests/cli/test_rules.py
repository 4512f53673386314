"""Tests `mailproc rules`: what it prints, and its exit codes 0 (fine), 1 (findings), 2 (usage)."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailproc.cli import cli
from mailproc.errors import ConfigError
from mailproc.rulebook.codes import CODES

RULES = """\
version: 1
departments: {desk: {forward_to: desk@acme.example}}
defaults: {department: desk}
route:
  - {name: vip, when: {from: vip.example}, do: {priority: high}}
  - {name: rest, when: {to: acme.example}, do: {tags: [rest]}}
tests:
  - {name: a vip, mail: {from: a@vip.example, subject: x}, expect: {priority: high}}
"""
FAILING = RULES.replace("expect: {priority: high}", "expect: {priority: low}")
WRONG = RULES.replace("department: desk}", "department: dsk}")
DOUBTFUL = RULES + "  - {name: fr, mail: {language: fr}, expect: {priority: normal}}\n"
SETTINGS = """\
version: 1
site: {name: Acme, prefix: ACME, addresses: [support@acme.example], domain: acme.example, languages: [en],
       default_language: en, timezone: Europe/Warsaw}
database: sqlite:///data/mailproc.db
keys_file: data/keys
rules: rules/
templates: templates/
intake: []
delivery: {kind: maildir, path: data/sent}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["rules", *arguments])


def run_on(folder: Path, text: str, *arguments: str) -> Result:
    """A command on rules without a site."""
    (folder / "rules.yaml").write_text(text, encoding="utf-8")
    return run(arguments[0], "--rules", str(folder), "--address", "support@acme.example", *arguments[1:])


@pytest.mark.parametrize(
    ("text", "arguments", "code", "last"),
    [
        (RULES, ("check",), 0, "1 file, 2 rules, 1 test: all is well"),
        (FAILING, ("check",), 1, "1 file, 2 rules, 1 test: 1 failed test"),
        (WRONG, ("check",), 1, "1 error; the tests were not run"),
        (RULES, ("test",), 0, "1 test, 1 passed"),
        (FAILING, ("test",), 1, "1 test, 0 passed"),
        (RULES, ("test", "--only", "a vip"), 0, "1 test, 1 passed"),
        (RULES, ("test", "--coverage"), 0, "1 test, 1 passed"),
        (RULES, ("test", "--fail-under", "60"), 1, "1 test, 1 passed"),
        (RULES, ("test", "--fail-under", "50"), 0, "1 test, 1 passed"),
    ],
)
def test_command_when_run_on_a_folder(rules: Path, text: str, arguments: tuple[str, ...], code: int, last: str) -> None:
    result = run_on(rules, text, *arguments)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (code, last), result.output


def test_check_when_something_is_wrong_shows_the_place(rules: Path) -> None:
    lines = run_on(rules, WRONG, "check").stdout.splitlines()
    assert lines[0].endswith('rules.yaml:3:24 R101 unknown department "dsk": did you mean "desk"?')
    assert lines[1:4] == ["    defaults: {department: dsk}", " " * 27 + "^", "    In defaults.department."]


def test_check_when_a_test_fails_shows_the_rules_tried(rules: Path) -> None:
    lines = run_on(rules, FAILING, "check").stdout.splitlines()
    assert lines[0].endswith('rules.yaml:8:5 T001 test "a vip" failed: priority: expected low, got high')
    assert lines[3] == "    vip ✓"


def test_warnings_when_strict_are_findings(rules: Path, tmp_path: Path) -> None:
    (tmp_path / "mailproc.yaml").write_text(SETTINGS, encoding="utf-8")
    (rules / "rules.yaml").write_text(DOUBTFUL, encoding="utf-8")
    runner, config = CliRunner(), ["--config", str(tmp_path / "mailproc.yaml"), "rules"]
    relaxed = runner.invoke(cli, [*config, "check"])
    assert relaxed.exit_code == 0 and "R202 warning: " in relaxed.stdout
    assert relaxed.stdout.splitlines()[-1] == "1 file, 2 rules, 2 tests: 1 warning"
    assert runner.invoke(cli, [*config, "check", "--strict"]).exit_code == 1
    # `test` reports errors and tests alone
    assert "R202" not in runner.invoke(cli, [*config, "test"]).stdout


def test_check_when_json_is_asked_for(rules: Path) -> None:
    result = run_on(rules, FAILING, "check", "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 1
    assert answer["problems"] == []
    assert answer["tests"][0]["passed"] is False
    assert answer["tests"][0]["problem"] == {
        "file": answer["files"][0],
        "line": 8,
        "column": 5,
        "code": "T001",
        "severity": "error",
        "text": 'test "a vip" failed: priority: expected low, got high',
        "hint": "vip ✓",
    }
    problems = json.loads(run_on(rules, WRONG, "check", "--format", "json").stdout)["problems"]
    assert [(problem["code"], problem["line"], problem["column"]) for problem in problems] == [("R101", 3, 24)]


def test_check_when_github_is_asked_for_annotates(rules: Path) -> None:
    [line] = run_on(rules, WRONG, "check", "--format", "github").stdout.splitlines()
    assert line.startswith("::error file=") and ",line=3,col=24::R101 unknown department" in line
    assert line.endswith("%0AIn defaults.department.")


def test_coverage_when_asked_for_names_rules_no_test_reaches(rules: Path) -> None:
    result = run_on(rules, RULES, "test", "--coverage")
    assert 'no test reaches "rest"' in result.stdout and "50 % of the rules" in result.stdout
    assert json.loads(run_on(rules, RULES, "test", "--coverage", "--json").stdout)["unreached"] == ["rest"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("test", "--only", "a vpi"),
        ("check", "no/such/folder"),
        ("check", "--format", "xml"),
        ("chek",),
    ],
)
def test_usage_when_wrong_exits_2(rules: Path, arguments: tuple[str, ...]) -> None:
    assert run_on(rules, RULES, *arguments).exit_code == 2


def test_only_when_no_test_has_the_name_suggests_one(rules: Path) -> None:
    assert (
        'there is no test named "a vpi": did you mean "a vip"?'
        in run_on(rules, RULES, "test", "--only", "a vpi").output
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("check", "--address", "support@acme.example"), "--address is for rules without a site"),
        (("check", "--rules", ".", "--address", "nonsense"), "'nonsense' is not an address"),
    ],
)
def test_address_when_it_makes_no_sense_exits_2(arguments: tuple[str, ...], text: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2 and text in result.output


def test_paths_when_named_are_read_instead_of_the_folder(rules: Path) -> None:
    other = rules / "other.yaml"
    other.write_text(RULES, encoding="utf-8")
    (rules / "broken.yaml").write_text("route: [", encoding="utf-8")
    assert run("check", str(other), "--address", "support@acme.example").exit_code == 0
    assert run("check", str(rules), "--address", "support@acme.example").exit_code == 1


def test_check_when_there_is_no_site_says_how_to_go_on(
    rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MAILPROC_CONFIG", raising=False)
    result = run("check", "--rules", str(rules))
    assert result.exit_code == 1
    assert isinstance(result.exception, ConfigError)
    assert "--address support@acme.example" in str(result.exception)


def test_file_when_it_is_no_text_is_named(rules: Path) -> None:
    (rules / "latin.yaml").write_bytes("route: [{name: Störung}]\n".encode("latin-1"))
    result = run_on(rules, RULES, "check")
    assert result.exit_code == 1 and "latin.yaml:1:18 R005" in result.stdout


def test_template_when_no_such_mail_exists_is_an_error(rules: Path) -> None:
    result = run_on(
        rules, RULES.replace("priority: high}}\n  - {name: rest", "ack: recieved}}\n  - {name: rest"), "check"
    )
    assert 'R107 unknown template "recieved": did you mean "received"?' in result.stdout


def test_mail_of_a_test_when_in_a_file_is_found_beside_the_rules(rules: Path) -> None:
    (rules.parent / "vip.eml").write_bytes(b"From: a@vip.example\r\nTo: x@y.example\r\nSubject: hi\r\n\r\nhello\r\n")
    text = RULES.replace("mail: {from: a@vip.example, subject: x}", "mail: {eml: vip.eml}")
    assert run_on(rules, text, "check").exit_code == 0
    assert "T002" in run_on(rules, text.replace("vip.eml", "gone.eml"), "check").stdout


def test_rules_when_their_tests_stand_in_a_folder_are_one_book(rules: Path) -> None:
    (rules / "tests").mkdir()
    head, tests = RULES.split("tests:\n")
    (rules / "tests" / "vip.yaml").write_text(f"tests:\n{tests}", encoding="utf-8")
    (rules / "tests" / "more.yaml").write_text(f"tests:\n{tests.replace('a vip', 'another')}", encoding="utf-8")
    result = run_on(rules, head, "check")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "3 files, 2 rules, 2 tests: all is well")


def test_coverage_when_a_rule_is_in_shadow_mode_counts_it(rules: Path) -> None:
    text = RULES.replace("do: {tags: [rest]}}", "do: {tags: [rest]}, mode: shadow}")
    result = run_on(rules, text + "  - {name: b, mail: {subject: x}, expect: {tags: []}}\n", "test", "--coverage")
    assert result.exit_code == 0 and "100 % of the rules" in result.stdout


def test_check_when_a_template_is_missing_in_a_language_warns(rules: Path, tmp_path: Path) -> None:
    spoken = SETTINGS.replace("languages: [en]", "languages: [en, nl]")
    (tmp_path / "mailproc.yaml").write_text(spoken, encoding="utf-8")
    text = RULES.replace("defaults: {department: desk}", "defaults: {department: desk, ack: received}")
    (rules / "rules.yaml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(cli, ["--config", str(tmp_path / "mailproc.yaml"), "rules", "check"])
    assert result.exit_code == 0
    assert 'R208 warning: the template "received" is not there in nl' in result.stdout


def test_codes_when_printed_are_all_of_them() -> None:
    result = run("codes")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == list(CODES)
    assert json.loads(run("codes", "--json").stdout) == CODES
