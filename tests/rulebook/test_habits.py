"""Tests what is said to people who write as in other programs, or whose text is not what it looks like."""

import pytest

from mailproc.records.site import Site
from mailproc.rulebook.book import read_book, show_problems

SITE = Site("Acme", "ACME", ("support@acme.example",), "acme.example", languages=("en",))
HEAD = """\
version: 1
departments: {a: {forward_to: a@team.example}, b: {forward_to: b@team.example}}
defaults: {department: a}
route:
"""


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("{name: x, if: {subject: a}, do: {department: b}}", "Write  when."),
        ("{name: x, when: {subject: a}, then: {department: b}}", "Write  do."),
        ("{name: x, do: {delete: yes}}", "Nothing is deleted: ticket: none keeps the mail and opens no case."),
        ("{name: x, do: {forward_to: b@team.example}}", "a copy to an address is  copy_to: [jane@acme.example]"),
        ("{name: x, do: {queue: b}}", "Write  department: NAME."),
        ("{name: x, do: {labels: [b]}}", "Write  tags."),
        ("{name: x, when: {recipient: a.example}, do: {department: b}}", "Write  to."),
        ("{name: x, when: {subject: {starts_with: a}}, do: {department: b}}", "Write  glob: 'text*'."),
        ("{name: x, when: {subject: {matches: 'a*'}}, do: {department: b}}", "for a whole text with *, or  regex:."),
        ("{name: x, when: {subject: {not: a}}, do: {department: b}}", "Write  not: in front of the condition."),
        ("{name: x, when: subject contains a, do: {department: b}}", "Below when stand keys with their values:"),
        ("{name: x, do: [{department: b}]}", "Write its keys without dashes in front, one below the other."),
        ("{name: x, when: {size: '> 5MB'}, do: {department: b}}", "Write  size: {over: 5MB}"),
        ("{name: x, when: {size: '<5MB'}, do: {department: b}}", "Write  size: {under: 5MB}"),
        ("{name: x, do: {department: \u2018b\u2019}}", 'did you mean "b"?'),
        ("{name: x, do: {ack: false}}", 'did you mean "none"?'),
        ("{name: x, do: {copy_to: Jo <jo@x.example>}}", "Write it as jo@x.example"),
        ("{name: x, do: {copy_to: 'jo@x.example, al@x.example'}}", "Several addresses are a list: ["),
        ("{name: x, \u00a0do: {department: b}}", "It holds an invisible character (U+00A0)"),
        ("{name: x, do: {department: b}, frobnicate: yes}", "Known: also, continue, do, mode, name, rules, when"),
    ],
)
def test_habit_of_other_programs_is_answered_with_ours(rules: str, said: str) -> None:
    files = (("r.yaml", f"{HEAD}  - {rules}\n"),)
    book, problems = read_book(files, SITE, frozenset({"received"}))
    text = "\n".join(show_problems(problems, files))
    assert book is None and said in text, text
    assert all(problem.line and problem.column for problem in problems), text


def test_advice_when_that_key_may_not_stand_there_is_not_given() -> None:
    files = (("r.yaml", HEAD + "  - {name: x, do: {department: b}}\ntests:\n  - {name: t, then: {}, mail: {}}\n"),)
    _, problems = read_book(files, SITE)
    assert not any("Write  do." in problem.hint for problem in problems)


def test_merge_conflict_of_git_is_called_by_its_name() -> None:
    text = HEAD + "<<<<<<< HEAD\n  - {name: x, do: {department: b}}\n=======\n  - {name: y}\n>>>>>>> other\n"
    book, [problem] = read_book((("r.yaml", text),), SITE)
    assert book is None and (problem.line, problem.code) == (5, "R011")
    assert problem.text == "git left a merge conflict here" and "one of the two sides" in problem.hint
