"""Tests the warnings about parts of a book that nothing uses and parts of the site that it forgets."""

import pytest

from mailproc.records.site import Site
from mailproc.rulebook.book import read_book

SITE = Site("Acme", "ACME", ("support@acme.example", "billing@acme.example"), "acme.example", languages=("en", "pl"))
HEAD = "version: 1\ndepartments: {d: {forward_to: d@x.example}}\ndefaults: {department: d}\n"


def warnings(text: str, templates: frozenset[str] | None = None, site: Site = SITE) -> list[str]:
    book, problems = read_book((("r.yaml", HEAD + text),), site, templates)
    assert book is not None, problems
    return [f"{problem.code} {problem.text}" for problem in problems]


def route(rule: str) -> str:
    return f"route: [{{name: a, {rule}}}]\n"


@pytest.mark.parametrize(
    "text",
    [
        "calendars: {c: {hours: {mon: 8:00-9:00}}}\n" + route("when: {time: {outside: c}}, do: {tags: x}"),
        "calendars: {c: {hours: {mon: 8:00-9:00}}}\nslas: {s: {resolution: 1d, calendar: c}}\n" + route("do: {sla: s}"),
        "lists: {l: []}\n" + route("when: {not: {from: [x.example, {list: l}]}}, do: {tags: x}"),
        "fields: {f: {label: F}}\n" + route("do: {ask: f}"),
        "fields: {f: {label: F}}\n" + route("do: {field.f: x}"),
        "fields: {f: {label: F}}\n" + route("when: {field.f: {exists: yes}}, do: {tags: x}"),
    ],
)
def test_part_when_something_uses_it_is_left_in_peace(text: str) -> None:
    assert warnings(text) == []


def test_part_when_only_a_test_names_it_is_unused() -> None:
    text = "fields: {f: {label: F}}\ntests: [{name: t, mail: {subject: x}, expect: {field.f: none}}]\n"
    assert warnings(text) == ['R213 the field "f" has no effect: no rule sets it, asks for it or looks at it']


@pytest.mark.parametrize(
    ("when", "forgotten"),
    [
        ("subject: x", ()),  # a book that does not look at addresses forgets none
        ("to: support@acme.example", ("billing@acme.example",)),
        ("to: [support@acme.example, billing@acme.example]", ()),
        ("to: acme.example", ()),
        ("to: .example", ()),
        ("to: billing@acme.example", ("support@acme.example",)),
        ("to: {glob: 'supp*'}", ()),  # nobody can say what it fits
        ("not: {to: support@acme.example}", ("billing@acme.example",)),
        ("to: elsewhere@other.example", ()),
    ],
)
def test_intake_address_when_others_are_named(when: str, forgotten: tuple[str, ...]) -> None:
    expected = [f"R207 no rule names the intake address {address}" for address in forgotten]
    assert warnings(route(f"when: {{{when}}}, do: {{tags: x}}")) == expected


@pytest.mark.parametrize(
    ("templates", "missing"),
    [
        ({"en/received", "pl/received"}, ""),
        ({"en/received"}, "pl"),
        ({"de/received"}, "en, pl"),
        ({"received"}, ""),  # nobody said in which languages
    ],
)
def test_template_when_a_language_has_none(templates: set[str], missing: str) -> None:
    expected = [f'R208 the template "received" is not there in {missing}'] if missing else []
    found = warnings(route("do: {ack: received}") + "classify: []\n", frozenset(templates))
    assert found == expected


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        ("a: [x.example], b: [y.example]", ""),
        ("a: [x.example], b: [x.example, y.example]", "both hold x.example"),
        ("a: [jane@x.example], b: [x.example]", "jane@x.example is in x.example"),
        ("a: [.x.example], b: [jane@mail.x.example]", "jane@mail.x.example is in .x.example"),
        ("a: [x.example], b: [jane@mail.x.example]", ""),
        ("a: [x.example, jane@x.example], b: []", ""),  # in one list it does no harm
    ],
)
def test_lists_when_they_overlap(lists: str, words: str) -> None:
    rules = "classify: [{name: a, when: {from: {list: [a, b]}}, set: {tags: x}}]\n"
    expected = [f'R209 the lists "a" and "b" overlap: {words}'] if words else []
    assert warnings(f"lists: {{{lists}}}\n{rules}") == expected


def test_agent_when_without_departments_is_refused() -> None:
    for departments, text in (("", " has no departments"), (", departments: []", ".departments is an empty list")):
        _, problems = read_book((("r", HEAD + f"agents: [{{name: A, address: a@x.example{departments}}}]\n"),), SITE)
        assert [problem.text for problem in problems] == [f"agents[0]{text}"]
