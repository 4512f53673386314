"""Tests the starter rules that `mailproc init` copies: they load, their tests hold, cut short they never serve."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailproc.cli import cli
from mailproc.cli.init import init
from mailproc.errors import ConfigError
from mailproc.records.site import Site
from mailproc.rulebook.book import Rulebook, load, read_book
from mailproc.rulebook.check import run_tests
from mailproc.rulebook.rules import walk
from mailproc.stock.providers import PRESETS

RULES = Path(__file__).resolve().parents[2] / "rules"
FILES = tuple((path.name, path.read_text(encoding="utf-8")) for path in sorted(RULES.glob("*.yaml")))
STEP = 53  # bytes between two cuts; prime, so that cuts fall into every part of a line


@pytest.fixture(scope="module")
def site() -> Site:
    addresses = ("support@acme.example", "billing@acme.example")
    return Site("Acme Support", "ACME", addresses, "acme.example", timezone="Europe/Warsaw")


def describe(book: Rulebook) -> tuple[object, ...]:
    """All of a book that decides anything."""
    rules = tuple((rule.path, rule.actions, rule.continues) for rule in (*book.classify, *walk(book.route)))
    hours = tuple((name, calendar.hours) for name, calendar in book.calendars.items())
    return rules, book.departments, book.agents, book.lists, book.defaults, hours, book.slas, tuple(book.fields)


def failing(book: Rulebook, site: Site) -> list[str]:
    return [result.line for result in run_tests(book, site) if not result.passed]


def test_starter_rules_when_loaded_have_no_errors_warnings_or_failing_tests(site: Site) -> None:
    book = load(FILES, site, frozenset({"received", "resolved"}))
    assert book.warnings == ()
    assert failing(book, site) == []
    assert len(book.agents) == 2


@pytest.mark.parametrize("languages", [("en",), ("de",), ("en", "de", "pl")])
def test_starter_rules_when_the_site_speaks_other_languages_load(site: Site, languages: tuple[str, ...]) -> None:
    other = replace(site, languages=languages, default_language=languages[0], timezone="UTC")
    book = load(FILES, other)
    assert (book.warnings, book.defaults.language) == ((), languages[0])
    assert failing(book, other) == []


def test_starter_rules_when_the_domain_is_changed_load(site: Site) -> None:
    mine = tuple((name, text.replace("acme.example", "mine.test")) for name, text in FILES)
    other = replace(site, addresses=("support@mine.test",), domain="mine.test")
    book = load(mine, other)
    assert book.warnings == ()
    assert failing(book, other) == []


def test_every_starter_rule_is_reached_by_a_test(site: Site) -> None:
    book = load(FILES, site)
    reached = {path for result in run_tests(book, site) for path in result.rules}
    assert reached == {rule.path for rule in (*book.classify, *walk(book.route))}


@pytest.mark.parametrize("provider", PRESETS)
def test_starter_rules_when_copied_by_init_pass_with_full_coverage(tmp_path: Path, provider: str) -> None:
    runner = CliRunner()
    options = ["--provider", provider, "--address", "hilfe@firma.example", "--address", "geld@firma.example",
               "--language", "de", "--language", "en"]  # fmt: skip
    assert runner.invoke(init, [str(tmp_path), "--yes", *options]).exit_code == 0
    config = ["--config", str(tmp_path / "mailproc.yaml"), "rules"]
    tested = runner.invoke(cli, [*config, "test", "--coverage", "--fail-under", "100"])
    assert tested.exit_code == 0, tested.output
    checked = runner.invoke(cli, [*config, "check", "--strict"])
    assert checked.exit_code == 0, checked.output


def test_starter_rules_when_checked_in_a_checkout_are_well() -> None:
    options = ["--rules", str(RULES), "--address", "support@acme.example", "--address", "billing@acme.example"]
    result = CliRunner().invoke(cli, ["rules", "check", "--strict", *options])
    assert result.exit_code == 0, result.output


def _speak_german(text: str) -> str:
    """The files with the German desk switched on, as their comments say."""
    german = r"^( *)# (- name: german desk|  when: \{language: de\}|  do: \{department: support-de\}|support-de: .*)$"
    text = re.sub(german, r"\1\2", text, flags=re.MULTILINE)
    tests = r"^  # (- name: German mail .*|  mail: .*language: de\}|  expect: \{department: support-de.*)$"
    return re.sub(tests, r"  \1", text, flags=re.MULTILINE)


def test_second_language_when_its_comments_are_taken_away_works(site: Site) -> None:
    files = tuple((name, _speak_german(text)) for name, text in FILES)
    german = replace(site, languages=("en", "de"))
    book = load(files, german)
    assert (book.warnings, failing(book, german)) == ((), [])
    assert "support-de" in book.departments
    assert "German mail goes to the German desk" in [test.name for test in book.tests]
    assert "german desk" in [rule.name for rule in book.route]


def test_on_call_when_nobody_is_can_be_deleted_as_its_comment_says(site: Site) -> None:
    without = {
        "desk.yaml": lambda text: re.sub(r"\n  oncall:.*?(?=\n  #)", "", text, flags=re.DOTALL)
        .replace(", oncall]", "]"),
        "routing.yaml": lambda text: re.sub(r"\n  - name: urgent out of hours.*?(?=\n\n)", "", text, flags=re.DOTALL),
        "tests.yaml": lambda text: re.sub(r"\n  - name: urgent (?:at|on a) .*?(?=\n\n)", "", text, flags=re.DOTALL),
    }  # fmt: skip
    files = tuple((name, without[name](text)) for name, text in FILES)
    book, problems = read_book(files, site)
    assert problems == () and book is not None
    assert "oncall" not in book.departments and failing(book, site) == []


@pytest.mark.parametrize("name", [name for name, _ in FILES])
def test_f25_file_when_cut_at_any_byte_is_refused_or_changes_nothing(site: Site, name: str) -> None:
    whole = describe(load(FILES, site))
    raw = dict(FILES)[name].encode()
    ends = [match.end() for match in re.finditer(rb"[\]}\w]\n(?=\n| *- name)", raw)]  # where YAML would still be whole
    for length in sorted({*range(0, len(raw), STEP), *ends, len(raw) - 1}):
        cut = raw[:length].decode("utf-8", "ignore")
        files = tuple((other, cut if other == name else text) for other, text in FILES)
        try:
            book = load(files, site)
        except ConfigError as error:
            assert error.problems
            continue
        # What can be read and is not the whole book must fail a test: nothing partial ever serves
        if describe(book) != whole:
            assert failing(book, site), f"{name} cut at {length}"
