"""Tests how inline tests end, and the exact words for one that fails."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from textwrap import dedent

import pytest

from mailproc.records.mail import MailClass
from mailproc.records.site import Site
from mailproc.rulebook.book import Rulebook, load
from mailproc.rulebook.check import run_tests
from mailproc.rulebook.facts import auto_words, find_spam_score
from mailproc.rulebook.inlinetests import SampleMail
from mailproc.rulebook.samplemail import compose_sample, make_facts

ROUTING = """\
version: 1
calendars: {office: {hours: {mon-fri: "08:00-17:00"}}}
slas: {standard: {resolution: 3d}}
departments:
  frontdesk: {forward_to: f@x.example, sla: standard}
  oncall: {forward_to: o@x.example}
defaults: {department: frontdesk}
classify:
  - {name: loud, when: {subject: outage}, set: {priority: urgent, tags: [loud]}}
route:
  - name: automatic mail
    when: {auto: [reply, bounce]}
    do: {ticket: none}
  - name: urgent out of hours
    when: {priority: urgent, time: {outside: office}}
    do: {department: oncall}
  - name: product support
    when: {to: support@acme.example}
    do: {department: frontdesk}
tests:
"""


def run(site: Site, test: str) -> str:
    """What is said about one test."""
    book = load((("rules/routing.yaml", ROUTING + dedent(test)),), site)
    [result] = run_tests(book, site)
    assert result.passed is (result.line == "")
    return result.line


def test_failed_test_when_shown_says_what_was_expected_and_why_it_came_so(site: Site) -> None:
    test = """\
      - name: VIP outage at night
        mail: {to: support@acme.example, subject: outage}
        expect: {department: oncall}
    """
    assert run(site, test) == (
        'rules/routing.yaml:21:3 T001 test "VIP outage at night" failed: department: expected oncall, got frontdesk\n'
        "     automatic mail ✗ auto=human · urgent out of hours ✗ time.outside(office): Tue 10:00 is inside · "
        "product support ✓"
    )


@pytest.mark.parametrize(
    ("expect", "text"),
    [
        ("department: frontdesk, priority: urgent, tags: [loud], ack: received, sla: standard", ""),
        ("ticket: new, hold: none, reply: none, assign: none, state: new, language: en, link_to: none", ""),
        ("rule: product support, copy_to: [], notify: none, ask: []", ""),
        ("priority: low", "priority: expected low, got urgent"),
        ("tags: []", "tags: expected none, got loud"),
        ("tags: [loud, vip]", "tags: expected loud, vip, got loud"),
        ("ack: none", "ack: expected none, got received"),
        ("ticket: none", "ticket: expected none, got new"),
        ("rule: automatic mail", "rule: expected automatic mail, got product support"),
        ("hold: spam, state: pending", "hold: expected spam, got none; state: expected pending, got new"),
    ],
)
def test_expectation_when_compared(site: Site, expect: str, text: str) -> None:
    line = run(site, f"- {{name: t, mail: {{to: support@acme.example, subject: outage}}, expect: {{{expect}}}}}\n")
    assert line.split("\n")[0].partition(" failed: ")[2] == text


def test_lists_when_compared_are_sets(site: Site) -> None:
    text = (
        ROUTING.replace("tags: [loud]", "tags: [a, b]")
        + "- {name: t, mail: {subject: outage}, expect: {tags: [b, a]}}\n"
    )
    assert [result.passed for result in run_tests(load((("r", text),), site), site)] == [True]


def test_classify_rules_when_they_set_what_failed_are_shown(site: Site) -> None:
    line = run(site, "- {name: t, mail: {to: x@y.example, subject: fine}, expect: {priority: urgent}}\n")
    assert line.split("\n     ")[1].startswith('loud ✗ subject="fine" · automatic mail ✗ auto=human')


def test_only_when_named_runs_that_test(site: Site) -> None:
    tests = "".join(f"- {{name: {name}, mail: {{subject: x}}, expect: {{priority: normal}}}}\n" for name in "abc")
    book = load((("r", ROUTING + tests),), site)
    assert [result.name for result in run_tests(book, site, only="b")] == ["b"]
    assert run_tests(book, site, only="d") == ()


def test_mail_from_a_file_when_it_cannot_be_read_fails_the_test(site: Site) -> None:
    book = load((("r", ROUTING + "- {name: t, mail: {eml: a.eml}, expect: {priority: normal}}\n"),), site)

    def refuse(name: str) -> bytes:
        raise FileNotFoundError(f"no file {name}")

    [result] = run_tests(book, site, read_mail=refuse)
    assert result.line == 'r:21:3 T002 test "t": a.eml cannot be read: no file a.eml'
    assert not run_tests(book, site)[0].passed


def test_mail_from_a_file_when_read_gives_its_own_recipients(site: Site) -> None:
    book = load((("r", ROUTING + "- {name: t, mail: {eml: a.eml}, expect: {rule: product support}}\n"),), site)
    raw = b"From: x@y.example\r\nTo: support@acme.example\r\nSubject: hi\r\n\r\nhello\r\n"
    assert run_tests(book, site, read_mail=lambda name: raw)[0].line == ""


def test_facts_when_a_test_says_nothing_are_the_defaults(make_book: Callable[..., Rulebook], site: Site) -> None:
    facts = make_facts(make_book(), site, SampleMail(), None)
    assert facts.recipients == ("support@acme.example",)
    assert facts.at.isoformat() == "2026-01-13T10:00:00+01:00"
    assert (facts.level, facts.dmarc, facts.sender, facts.auto, facts.is_new) == (
        "A2", "none", "customer", frozenset({"human"}), True,
    )  # fmt: skip


def test_facts_when_a_test_says_all_of_it(
    make_book: Callable[..., Rulebook], make_mail: Callable[[str], SampleMail], site: Site
) -> None:
    mail = make_mail(
        "to: ['Jörg <support+x@acme.example>', b@y.example], from: 'Ann <ANN@acme.example>', cc: c@y.example, "
        "subject: 'Störung ☎', body: \"line one\\nline two\", headers: {X-A: 'ü', List-Id: [<a.b>, <c.d>]}, "
        "attachments: ['März.pdf', {name: big.zip, size: 7MB}, {name: x, type: image/png}], "
        "at: '2026-11-24T23:10:00+01:00', language: pl, level: A3, known_sender: yes, spam_score: 3.5, "
        "ticket: {state: pending, department: oncall}"
    )
    facts = make_facts(make_book(), site, mail, None)
    inbound = facts.inbound
    assert facts.recipients == ("support+x@acme.example", "b@y.example", "c@y.example")
    assert inbound.from_ is not None and (inbound.from_.addr, inbound.from_.name) == ("ann@acme.example", "Ann")
    assert (inbound.subject, inbound.text.split()) == ("Störung ☎", ["line", "one", "line", "two"])
    assert [(item.filename, item.content_type) for item in inbound.attachments] == [
        ("März.pdf", "application/pdf"), ("big.zip", "application/zip"), ("x", "image/png"),
    ]  # fmt: skip
    assert inbound.attachments[1].size == 7_000_000
    assert facts.at.astimezone(UTC) == datetime(2026, 11, 24, 22, 10, tzinfo=UTC)
    assert (facts.language, facts.level, facts.dmarc, facts.sender) == ("pl", "A3", "pass", "agent")
    assert (facts.is_known_sender, facts.spam_score, facts.auto) == (True, 3.5, frozenset({"list"}))
    assert (facts.is_new, facts.ticket_state, facts.ticket_department) == (False, "pending", "oncall")


def test_sample_mail_when_a_header_is_named_by_the_test_has_it_once(site: Site) -> None:
    raw = compose_sample(SampleMail(from_="a@x.example", headers=(("From", "b@y.example"), ("X-A", "1"))), site)
    assert raw.count(b"From: ") == 1 and b"From: b@y.example\r\n" in raw


@pytest.mark.parametrize(
    ("mail_class", "kind", "word"),
    [
        (MailClass.AUTO, "reply", "reply"),
        (MailClass.AUTO, "generated", "generated"),
        (MailClass.AUTO, "", "generated"),
        (MailClass.REPORT, "", "receipt"),
        (MailClass.OWN, "", "own"),
        (MailClass.BOUNCE, "", "bounce"),
        (MailClass.REACTION, "", "reaction"),
        (MailClass.RECALL, "", "recall"),
        (MailClass.CALENDAR, "", "calendar"),
        (MailClass.LIST, "", "list"),
        (MailClass.ROLE, "", "role"),
        (MailClass.HUMAN, "reply", "human"),
    ],
)
def test_auto_words_when_classified(
    make_book: Callable[..., Rulebook], site: Site, mail_class: MailClass, kind: str, word: str
) -> None:
    inbound = replace(make_facts(make_book(), site, SampleMail(), None).inbound, auto_kind=kind)
    assert auto_words(inbound, mail_class) == frozenset({word})


@pytest.mark.parametrize(
    ("headers", "score"),
    [
        ((), None),
        ((("X-Spam-Score", "4.2"),), 4.2),
        ((("X-Spam-Score", "-1.5 (no)"),), -1.5),
        ((("X-Spam-Status", "No, score=1.9 required=5.0"),), 1.9),
        ((("X-Spam-Flag", "YES"),), 10.0),
        ((("X-Spam-Flag", "yes"), ("X-Spam-Score", "15")), 15.0),
        ((("X-Spam-Flag", "NO"),), None),
        ((("X-Spam-Score", "high"),), None),
    ],
)
def test_spam_score_when_headers_say_it(
    make_book: Callable[..., Rulebook], site: Site, headers: tuple[tuple[str, str], ...], score: float | None
) -> None:
    facts = make_facts(make_book(), site, SampleMail(headers=headers), None)
    assert find_spam_score(facts.inbound) == score
