"""Tests for what differs between two rulebooks' words about one mail, and for the counting of it."""

from collections.abc import Callable

import pytest

from mailproc.records.site import Site
from mailproc.rulebook.book import Rulebook
from mailproc.rulebook.difference import (
    MOST_EXAMPLES,
    MOST_GROUPS,
    REST,
    Change,
    Example,
    Side,
    Tally,
    Verdict,
    find_changes,
)
from mailproc.rulebook.evaluate import evaluate
from mailproc.rulebook.inlinetests import SampleMail
from mailproc.rulebook.samplemail import make_facts

MakeBook = Callable[..., Rulebook]
MAIL = SampleMail(to=("support@acme.example",), subject="Invoice for order 1234567")
NOTHING = "route: [{name: any, do: {tags: [seen]}}]"


def differ(
    old: Rulebook, new: Rulebook, site: Site, mail: SampleMail = MAIL, *, is_reply: bool = False
) -> list[tuple[str, str]]:
    """(text, why) of each change."""
    verdicts = [
        Verdict(Side(book), evaluate(book, make_facts(book, site, mail, None)))
        for book in (old, new)
    ]  # fmt: skip
    return [(change.text, change.why) for change in find_changes(*verdicts, is_reply=is_reply)]


@pytest.mark.parametrize(
    ("do", "changes"),
    [
        ("{department: billing}", [("frontdesk → billing", 'rule "money"')]),
        ("{department: oncall}", [("frontdesk → oncall", 'rule "money"')]),  # its sla comes with it
        ("{department: oncall, sla: standard}", [("frontdesk → oncall", 'rule "money"')]),
        ("{priority: urgent}", [("priority normal → urgent", 'rule "money"')]),
        ("{sla: gold}", [("sla standard → gold", 'rule "money"')]),
        ("{language: de}", [("language none → de", 'rule "money"')]),
        ("{tags: [paid, vip]}", [("tag +paid", 'rule "money"'), ("tag +vip", 'rule "money"')]),
        ("{assign: Ann Kowalska}", [("assigned none → ann@acme.example", 'rule "money"')]),
        ("{copy_to: boss@acme.example}", [("copy to +boss@acme.example", 'rule "money"')]),
        ("{notify: [Ann Kowalska]}", [("notify +ann@acme.example", 'rule "money"')]),
        ("{ask: [os]}", [("ask +os", 'rule "money"')]),
        ("{reply: status}", [("reply none → status", 'rule "money"')]),
        ("{state: pending}", [("state none → pending", 'rule "money"')]),
        ("{field.os: Linux}", [("field os filled", 'rule "money"')]),
        ("{ack: none}", [("acknowledged → silent", 'rule "money"')]),
        ("{ack: status}", [("acknowledged with received → status", 'rule "money"')]),
        (
            "{ticket: none, department: billing, tags: [x]}",
            [("ticket → none", 'rule "money"'), ("acknowledged → silent", 'rule "money"')],
        ),
        (
            "{hold: not sure}",
            [('ticket → held "not sure"', 'rule "money"'), ("acknowledged → silent", 'rule "money"')],
        ),
    ],
)
def test_changes_when_a_rule_comes_name_it(
    make_book: MakeBook, site: Site, do: str, changes: list[tuple[str, str]]
) -> None:
    rule = f"route:\n  - {{name: money, when: {{subject: invoice}}, do: {do}, continue: yes}}\n"
    old, new = make_book(NOTHING), make_book(rule + "  - {name: any, do: {tags: [seen]}}")
    assert differ(old, new, site) == changes
    assert differ(new, new, site) == []
    reverse = differ(new, old, site)
    assert len(reverse) == len(changes)
    assert {why for _, why in reverse} == {'no longer rule "money"'}


def test_silent_when_acknowledged_again_says_so(make_book: MakeBook, site: Site) -> None:
    old = make_book("route: [{name: quiet, do: {ack: none}}]")
    assert differ(old, make_book(), site) == [("silent → acknowledged", 'no longer rule "quiet"')]


def test_changes_when_defaults_and_departments_change(make_book: MakeBook, site: Site) -> None:
    from dataclasses import replace

    old = make_book()
    new = replace(old, defaults=replace(old.defaults, priority="high"))
    assert differ(old, new, site) == [("priority normal → high", "defaults")]
    moved = replace(old.departments["frontdesk"], sla="gold", forward_to=("desk@acme.example",))
    new = replace(old, departments={**old.departments, "frontdesk": moved})
    assert differ(old, new, site) == [
        ("frontdesk forwarded to frontdesk@acme.example → desk@acme.example", 'department "frontdesk"'),
        ("sla standard → gold", 'department "frontdesk"'),
    ]


def test_rule_when_a_child_refines_it_is_named_by_its_path(make_book: MakeBook, site: Site) -> None:
    new = make_book("""
        route:
          - name: money
            do: {department: billing}
            rules: [{name: bills, when: {subject: invoice}, do: {tags: [payable]}}]
        """)
    assert differ(make_book(), new, site) == [
        ("frontdesk → billing", 'rule "money"'),
        ("tag +payable", 'rule "money/bills"'),
    ]


def test_reply_when_rules_see_it_may_change_the_case(make_book: MakeBook, site: Site) -> None:
    new = make_book("""
        classify:
          - name: hurry
            when: {subject: invoice}
            set: {priority: urgent, tags: [hurry], field.os: Linux, department: billing, sla: gold}
            also: [reply]
        """)
    reply = SampleMail(to=("support@acme.example",), subject="Invoice", ticket=(("state", "open"),))
    assert [text for text, _ in differ(make_book(), new, site, reply, is_reply=True)] == [
        "frontdesk → billing",
        "priority normal → urgent",
        "sla standard → gold",
        "tag +hurry",
        "field os filled",
    ]


def test_field_when_each_mail_has_its_own_value_is_one_group(make_book: MakeBook, site: Site) -> None:
    new = make_book(r"""
        classify:
          - {name: number, when: {subject: {regex: '(?P<n>\d{7})'}}, set: {field.order: "{n}"}}
        """)
    tally = Tally()
    for number in range(30):
        mail = SampleMail(subject=f"order {1_000_000 + number}")
        verdicts = [
            Verdict(Side(book), evaluate(book, make_facts(book, site, mail, None))) for book in (make_book(), new)
        ]
        tally.add(Example(number, "", mail.subject), find_changes(*verdicts))
    [group] = tally.groups()
    assert (group.count, group.change.text, group.change.why) == (30, "field order filled", 'rule "number"')
    assert len(group.examples) == MOST_EXAMPLES
    assert group.examples[3] == Example(3, "", "order 1000003", "", "1000003")


def test_tally_when_changes_never_end_stays_small() -> None:
    tally = Tally()
    for number in range(MOST_GROUPS + 500):
        tally.add(Example(number, "", "x"), [Change("tags", "", f"t{number}", f"tag +t{number}", "r", 'rule "r"')])
    groups = tally.groups()
    assert len(groups) == MOST_GROUPS + 1
    assert (groups[0].change.text, groups[0].count) == (REST, 500)


def test_groups_when_shown_have_the_largest_first() -> None:
    tally = Tally()
    change = {name: Change(name, "", "", name, "", "defaults") for name in ("a", "b")}
    tally.add(Example(1, "", ""), [change["a"], change["b"]])
    tally.add(Example(2, "", ""), [change["b"]])
    assert [(group.change.text, group.count) for group in tally.groups()] == [("b", 2), ("a", 1)]
