"""What tests of the rulebook share: a site, and a way to say in two lines what is asked of which rules."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from mailproc.records.site import Site
from mailproc.rulebook.book import Rulebook, load
from mailproc.rulebook.evaluate import Routing, evaluate
from mailproc.rulebook.inlinetests import InlineTestReader, SampleMail
from mailproc.rulebook.reader import Names, Reader
from mailproc.rulebook.samplemail import make_facts
from mailproc.yamlnodes import load as load_yaml

ROOT = Path(__file__).resolve().parents[2]

HEAD = """\
version: 1
calendars:
  office: {timezone: Europe/Warsaw, hours: {mon-thu: "08:00-17:00", fri: "08:00-15:00"}, holidays: [2026-01-06]}
slas:
  standard: {first_response: 8h}
  gold: {first_response: 1h, calendar: 24x7}
departments:
  frontdesk: {forward_to: frontdesk@acme.example, sla: standard}
  billing: {forward_to: billing-team@acme.example}
  oncall: {forward_to: oncall@acme.example, sla: gold}
agents:
  - {name: Ann Kowalska, address: ann@acme.example, departments: [frontdesk, billing]}
  - {name: Bo Berg, address: [bo@acme.example, bo.berg@acme.example], departments: [oncall], role: supervisor}
lists:
  vip: [bigcustomer.example, .vip.example, ceo@smallco.example]
fields:
  order: {label: {en: Order number}, pattern: '[0-9]{6,8}'}
  os: {label: Operating system}
defaults: {department: frontdesk}
"""


@pytest.fixture
def site() -> Site:
    return Site(
        "Acme Support",
        "ACME",
        ("support@acme.example", "help@acme.example"),
        "acme.example",
        languages=("en", "de", "pl"),
        timezone="Europe/Warsaw",
    )


@pytest.fixture
def make_book(site: Site) -> Callable[..., Rulebook]:
    """A book of the usual head and the rules given."""

    def make(rules: str = "") -> Rulebook:
        return load((("rules.yaml", HEAD + dedent(rules)),), site)

    return make


@pytest.fixture
def make_mail(site: Site) -> Callable[[str], SampleMail]:
    """The mail of an inline test, from its YAML."""

    def make(mail: str) -> SampleMail:
        names = Names(departments=frozenset({"frontdesk", "billing", "oncall"}))
        root = load_yaml(f"- {{name: t, mail: {{{mail}}}, expect: {{priority: normal}}}}", "mail").root
        reader = Reader("mail", site, names, [])
        assert root is not None
        [test] = InlineTestReader(()).read_list(reader, root)
        assert not reader.problems, reader.problems
        return test.mail

    return make


@pytest.fixture
def route(
    site: Site, make_book: Callable[..., Rulebook], make_mail: Callable[[str], SampleMail]
) -> Callable[[str, str], Routing]:
    """The routing that rules give to a mail, both written as YAML."""

    def run(rules: str, mail: str) -> Routing:
        book = make_book(rules)
        return evaluate(book, make_facts(book, site, make_mail(mail), None))

    return run


@pytest.fixture
def matches(route: Callable[[str, str], Routing]) -> Callable[[str, str], bool]:
    """Whether `when` (YAML, in flow style) matches a mail."""

    def run(when: str, mail: str) -> bool:
        rule = f"{{name: it, when: {when}, do: {{tags: [hit]}}}}"
        return route(f"forms: {{web: {{from: form@acme.example}}}}\nroute:\n  - {rule}\n", mail).tags == ("hit",)

    return run
