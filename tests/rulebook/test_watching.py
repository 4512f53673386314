"""Tests for the copy of a book that tells how each condition ended: it must decide as the book does."""

from collections.abc import Callable

from mailproc.records.site import Site
from mailproc.rulebook.book import Rulebook
from mailproc.rulebook.evaluate import evaluate
from mailproc.rulebook.inlinetests import SampleMail
from mailproc.rulebook.samplemail import make_facts
from mailproc.rulebook.watching import Seen, Watcher

MakeBook = Callable[..., Rulebook]
RULES = r"""
    classify:
      - name: number
        when: {from: {list: vip}, subject: {regex: 'order (?P<n>\d{7})'}}
        set: {field.order: "{n}", priority: high}
      - {name: all, set: {tags: [all]}}
    route:
      - {name: night, when: {priority: high, time: {outside: office}}, do: {department: oncall}}
      - name: money
        when: {any: [{subject: invoice}, {body: invoice}], not: {auto: [reply]}}
        do: {department: billing}
        rules:
          - {name: ghost, mode: shadow, do: {priority: low}}
          - {name: big, when: {priority: urgent}, do: {priority: low}}
    """
MAILS = [
    SampleMail(from_="a@bigcustomer.example", subject="order 1234567", body="invoice"),
    SampleMail(from_="a@small.example", subject="order 1234567"),
    SampleMail(subject="Invoice", headers=(("Auto-Submitted", "auto-replied"),)),
]


def test_watched_book_when_asked_decides_as_the_book_does(make_book: MakeBook, site: Site) -> None:
    book = make_book(RULES)
    for mail in MAILS:
        facts = make_facts(book, site, mail, None)
        routing, watched = evaluate(book, facts), evaluate(Watcher(book).book, facts)
        for name in ("department", "priority", "tags", "fields", "rule", "rules", "ack", "makes_ticket", "sla"):
            assert getattr(watched, name) == getattr(routing, name), (mail, name)


def test_watcher_when_a_rule_fails_still_tells_of_its_other_conditions(make_book: MakeBook, site: Site) -> None:
    book = make_book(RULES)
    watcher = Watcher(book)
    facts = make_facts(book, site, MAILS[1], None)
    evaluate(watcher.book, facts)
    [walk] = watcher.walks
    assert [(tried.path, tried.is_met, tried.is_classify) for tried in walk.tried] == [
        ("number", False, True),
        ("all", True, True),
        ("night", False, False),
        ("money", False, False),
    ]
    number, everything, _, money = walk.tried
    assert [seen.is_met for seen in number.conditions] == [False, True]
    assert number.conditions[1].value == 'subject="order 1234567"'
    assert number.actions == ("field.order: {n}", "priority: high")
    assert number.place.startswith("rules.yaml:")
    assert everything.conditions == ()
    assert money.conditions[0].name == "any of (subject.words, body.words)"
    assert money.conditions[1] == Seen("not auto", "auto=human", True)


def test_watcher_when_rules_have_children_and_shadows_tells_of_them(make_book: MakeBook, site: Site) -> None:
    book = make_book(RULES)
    watcher = Watcher(book)
    evaluate(watcher.book, make_facts(book, site, MAILS[0], None))
    [walk] = watcher.walks
    assert [(tried.path, tried.is_met, tried.is_shadow) for tried in walk.tried] == [
        ("number", True, False),
        ("all", True, False),
        ("night", False, False),
        ("money", True, False),
        ("money/ghost", True, True),
        ("money/big", False, False),
    ]


def test_watcher_when_asked_twice_tells_of_two_walks(make_book: MakeBook, site: Site) -> None:
    book = make_book(RULES)
    watcher = Watcher(book)
    for mail in MAILS[:2]:
        evaluate(watcher.book, make_facts(book, site, mail, None))
    assert [walk.facts.inbound.from_.addr for walk in watcher.walks if walk.facts.inbound.from_] == [
        "a@bigcustomer.example",
        "a@small.example",
    ]
