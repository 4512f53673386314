"""Tests the starter rules that `mailproc init` copies: they load, their tests hold, cut short they never serve."""

from dataclasses import replace
from pathlib import Path

import pytest

from mailproc.errors import ConfigError
from mailproc.records.site import Site
from mailproc.rulebook.book import Rulebook, load
from mailproc.rulebook.check import run_tests
from mailproc.rulebook.rules import walk

RULES = Path(__file__).resolve().parents[2] / "rules"
FILES = tuple((path.name, path.read_text(encoding="utf-8")) for path in sorted(RULES.glob("*.yaml")))
CHUNKS = 8


@pytest.fixture(scope="module")
def site() -> Site:
    addresses = ("support@acme.example", "billing@acme.example")
    return Site("Acme Support", "ACME", addresses, "acme.example", timezone="Europe/Warsaw")


def describe(book: Rulebook) -> tuple[object, ...]:
    """All of a book that decides anything."""
    rules = tuple((rule.path, rule.actions, rule.continues) for rule in (*book.classify, *walk(book.route)))
    return rules, book.departments, book.agents, book.lists, book.defaults


def test_starter_rules_when_loaded_have_no_errors_warnings_or_failing_tests(site: Site) -> None:
    book = load(FILES, site, frozenset({"received", "resolved"}))
    assert book.warnings == ()
    assert [result.line for result in run_tests(book, site) if not result.passed] == []
    assert len(book.agents) == 2


@pytest.mark.parametrize("languages", [("en",), ("de",), ("en", "de", "pl")])
def test_starter_rules_when_the_site_speaks_other_languages_load(site: Site, languages: tuple[str, ...]) -> None:
    other = replace(site, languages=languages, default_language=languages[0], timezone="UTC")
    book = load(FILES, other)
    assert (book.warnings, book.defaults.language) == ((), languages[0])
    assert all(result.passed for result in run_tests(book, other))


def test_starter_rules_when_the_domain_is_changed_load(site: Site) -> None:
    mine = tuple((name, text.replace("acme.example", "mine.test")) for name, text in FILES)
    other = replace(site, addresses=("support@mine.test",), domain="mine.test")
    book = load(mine, other)
    assert book.warnings == ()
    assert all(result.passed for result in run_tests(book, other))


def test_every_starter_rule_is_reached_by_a_test(site: Site) -> None:
    book = load(FILES, site)
    reached = {path for result in run_tests(book, site) for path in result.rules}
    assert reached == {rule.path for rule in (*book.classify, *walk(book.route))}


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("name", [name for name, _ in FILES])
def test_f25_file_when_cut_at_any_byte_is_refused_or_changes_nothing(site: Site, name: str, chunk: int) -> None:
    whole = describe(load(FILES, site))
    raw = dict(FILES)[name].encode()
    for length in range(chunk, len(raw), CHUNKS):
        cut = raw[:length].decode("utf-8", "ignore")
        files = tuple((other, cut if other == name else text) for other, text in FILES)
        try:
            book = load(files, site)
        except ConfigError as error:
            assert error.problems
            continue
        # What can be read and is not the whole book must fail a test: nothing partial ever serves
        if describe(book) != whole:
            assert not all(result.passed for result in run_tests(book, site)), f"{name} cut at {length}"
