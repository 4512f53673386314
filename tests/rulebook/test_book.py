"""Tests what is said about wrong rule files: places, codes, texts, hints; and that nothing comes of a wrong book."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from mailproc.errors import ConfigError
from mailproc.records.site import Site
from mailproc.rulebook.book import load, read_book
from mailproc.rulebook.check import run_tests
from mailproc.rulebook.codes import CODES

HERE = Path(__file__).parent
BOTTOM = (
    "version: 1\ndepartments: {d: {forward_to: d@x.example, escalate_to: billing}, "
    "billing: {forward_to: b@x.example}}\n"
)
DEFAULTS = "defaults: {department: d}\n"


def complaints(text: str, site: Site, templates: frozenset[str] | None = None) -> list[str]:
    """`line:col code text`, then the hint, of all that is wrong with a file that stands below a good start."""
    _, problems = read_book((("r.yaml", BOTTOM + DEFAULTS + dedent(text)),), site, templates)
    first = BOTTOM.count("\n") + DEFAULTS.count("\n")
    return [
        f"{problem.line - first}:{problem.column} {problem.code} {problem.text}"
        + (f" | {problem.hint}" if problem.hint else "")
        for problem in problems
    ]


REFERENCES = [
    (
        "route: [{name: a, do: {department: biling}}]",
        ['1:36 R101 unknown department "biling": did you mean "billing"? | In route[0].do.department.'],
    ),
    (
        "route: [{name: a, when: {from: {list: vip}}, do: {tags: x}}]",
        ['1:39 R102 unknown list "vip" | In route[0].when.from.list. The book has no lists.'],
    ),
    (
        "route: [{name: a, when: {time: {inside: offce}}, do: {tags: x}}]",
        ['1:41 R103 unknown calendar "offce" | In route[0].when.time.inside. Known: 24x7'],
    ),
    (
        "classify: [{name: a, set: {sla: gold}}]",
        ['1:33 R104 unknown sla "gold" | In classify[0].set.sla. The book has no slas.'],
    ),
    (
        "route: [{name: a, do: {assign: Anna}}]\nagents: [{name: Anna K, address: a@x.example, departments: d}]",
        ['1:32 R105 unknown agent "Anna": did you mean "anna k"? | In route[0].do.assign.'],
    ),
    (
        "classify: [{name: a, set: {field.ordr: x}}]\nfields: {order: {label: Order}}",
        ['1:28 R106 unknown field "ordr": did you mean "order"? | In classify[0].set.field.ordr.'],
    ),
    (
        "tests: [{name: t, mail: {subject: x}, expect: {rule: b}}]\nroute: [{name: a, do: {tags: x}}]",
        ['1:54 R108 unknown rule "b" | In tests[0].expect.rule. A rule is named by its path: parent/child.'],
    ),
    (
        "calendars: {c: {timezone: Europe/Warschau, hours: {mon: 8:00-9:00}}}",
        ['1:27 R109 unknown time zone "Europe/Warschau": did you mean "Europe/Warsaw"? | '
         'In calendars.c.timezone. Write it as Europe/Warsaw.'],
    ),
    (
        "calendars: {c: {hours: {mon: 8:00-9:00}, holidays: XX}}",
        ['1:52 R109 unknown holiday country "XX" | In calendars.c.holidays. '
         "Write a code such as PL or DE-BY, or a list of dates."],
    ),
]  # fmt: skip

SHAPES = [
    ("route: [{when: {to: x.example}, do: {tags: x}}]",
     ["1:9 R020 route[0] has no name | A rule is known by its name: in histories and reports."]),
    ("route: [{name: a, do: {tags: x}, rules: [{do: {tags: y}}]}]",
     ["1:42 R020 route[0].rules[0] has no name | A rule is known by its name: in histories and reports."]),
    ("rout: []", ['1:1 R021 unknown key "rout" in the file: did you mean "route"?']),
    ("route: [{name: a, do: {tags: x}, contine: yes}]",
     ['1:34 R021 unknown key "contine" in route[0]: did you mean "continue"?']),
    ("agents: [{name: A, adress: a@x.example, departments: d}]",
     ["1:10 R024 agents[0] has no address", '1:20 R021 unknown key "adress" in agents[0]: did you mean "address"?']),
    ("route: {name: a}", ["1:8 R022 route must be a list of rules | Each rule starts with  - name: ..."]),
    ("route:", ["1:7 R022 route must be a list of rules | Each rule starts with  - name: ..."]),
    ("route: [{name: a, when: [{to: x.example}], do: {tags: x}}]",
     ["1:25 R022 route[0].when must be a mapping of conditions, not a list | "
      "Write  any: [...]  or  all: [...]  in front of a list of conditions."]),
    ("route: [{name: a, when: {any: {to: x.example}}, do: {tags: x}}]",
     ["1:31 R022 route[0].when.any must be a list of conditions | Write  any: [{to: ...}, {subject: ...}]"]),
    ("classify: [{name: a, set: {field.o: {order}}}]\nfields: {o: {label: O}}",
     ['1:37 R022 classify[0].set.field.o must be a text, not a mapping | A text with braces is quoted: "{order}"']),
    ("route: [{name: a, do: {priority: hihg}}]",
     ['1:34 R023 unknown priority "hihg" in route[0].do.priority: did you mean "high"?']),
    ("route: [{name: a, when: {auto: [bounces]}, do: {tags: x}}]",
     ['1:33 R023 unknown kind of mail "bounces" in route[0].when.auto: did you mean "bounce"?']),
    ("route: [{name: a, do: {tags: x}, continue: perhaps}]",
     ['1:44 R023 route[0].continue must be yes or no, not "perhaps"']),
    ("route: [{name: a, do: {tags: [two words]}}]",
     ['1:31 R023 route[0].do.tags: "two words" is no tag | A tag is one word: vip, eu-west.']),
    ("route: [{name: a, when: {to: x.example}}]",
     ["1:9 R024 route[0] has no do | Write do: {...} with what the rule sets."]),
    ("route: [{name: a, set: {tags: x}}]",
     ["1:9 R024 route[0] has no do | Rules of route use do: instead of set:",
      '1:19 R021 unknown key "set" in route[0] | Known: also, continue, do, mode, name, rules, when']),
    ("agents: [{name: A, address: a@x.example, departments: d}, {name: B, address: A@x.example, departments: d}]",
     ["1:59 R026 two agents have the address a@x.example: A and B"]),
    ("route: [{name: a, do: {tags: x}, rules: [{name: a, do: {tags: y}}]}]",
     ['1:49 R026 two rules are named "a" (the first at r.yaml:4)']),
    ("route: [{name: a, when: {size: {over: big}}, do: {tags: x}}]",
     ['1:39 R028 route[0].when.size.over must be a size such as 500KB or 5MB, not "big"']),
    ("route: [{name: a, when: {spam_score: 5}, do: {tags: x}}]",
     ["1:38 R022 route[0].when.spam_score is compared with over and under | Write  spam_score: {over: 5}"]),
    ("slas: {s: {resolution: soon}}",
     ['1:24 R028 slas.s.resolution must be a time span such as 30m, 8h or 3d, not "soon"']),
    ("calendars: {c: {hours: {mon-fri: 8-17}}}",
     ['1:34 R028 calendars.c.hours.mon-fri must be hours such as 08:00-17:00, not "8-17"']),
    ("calendars: {c: {hours: {funday: 8:00-17:00}}}",
     ['1:25 R023 calendars.c.hours: "funday" is no weekday | Write days as mon, mon-fri or sat,sun.']),
    ("tests: [{name: t, mail: {at: noon}, expect: {tags: []}}]",
     ['1:30 R028 tests[0].mail.at: "noon" is no moment | '
      "Write it as 2026-11-24T23:10 (the site's time) or 2026-11-24T23:10:00+01:00."]),
    ("lists: {l: [acme]}",
     ['1:13 R029 "acme" is neither an address nor a domain | '
      "In lists.l[0]. Write jane@acme.com, acme.com, or .acme.com for a domain with its subdomains."]),
    ("route: [{name: a, when: {from: '@acme.com'}, do: {tags: x}}]",
     ['1:32 R029 "@acme.com" is not an address | In route[0].when.from. Write acme.com (a bare name is a domain).']),
    ("route: [{name: a, when: {from: vip}, do: {tags: x}}]\nlists: {vip: []}",
     ['1:32 R029 "vip" is neither an address nor a domain | '
      "In route[0].when.from. For the list of that name write {list: vip}"]),
    ("route: [{name: a, when: {sujbect: x}, do: {tags: x}}]",
     ['1:26 R030 unknown condition "sujbect": did you mean "subject"?']),
    ("route: [{name: a, when: {subject: {matches: x}}, do: {tags: x}}]",
     ['1:36 R031 unknown operator "matches" in route[0].when.subject | '
      "Write  glob: for a whole text with *, or  regex:."]),
    ("route: [{name: a, when: {}, do: {tags: x}}]",
     ["1:25 R032 route[0].when is empty | Leave when: out for a rule that always matches."]),
    ("route: [{name: a, when: {to: []}, do: {tags: x}}]", ["1:30 R032 route[0].when.to is an empty list"]),
    ("route: [{name: a, when: {subject: 'invoic*'}, do: {tags: x}}]",
     ['1:35 R033 route[0].when.subject: "invoic*" is no whole word | '
      "For a part of a word write contains: or regex:, for a whole text with * write glob:"]),
    ("route: [{name: a/b, do: {tags: x}}]",
     ['1:16 R034 route[0]: a name has no "/" and at most 100 characters: "a/b"']),
    ("route: [{name: a, do: {departmnt: d}}]", ['1:24 R040 unknown action "departmnt": did you mean "department"?']),
    ("classify: [{name: a, set: {copy_to: a@x.example}}]",
     ['1:28 R041 "copy_to" is an action of route: rules of classify set values only | '
      "They may set department, priority, language, sla, tags and field.NAME."]),
    ("classify: [{name: a, when: {subject: {regex: '(?P<order>x)'}}, set: {tags: '{ordr}'}}]",
     ['1:76 R042 no regex of this rule or its parents captures {ordr}: did you mean "order"? | '
      "In classify[0].set.tags. A regex captures it as (?P<ordr>...)"]),
    ("classify: [{name: a, set: {field.o: x}}]\nfields: {o: {pattern: '[0-9]+'}}",
     ['1:37 R043 classify[0].set.field.o: "x" does not fit the field\'s pattern [0-9]+']),
    ("route: [{name: a, when: {subject: {regex: '(x'}}, do: {tags: x}}]",
     ["1:43 R112 route[0].when.subject.regex: the regex (x cannot be read: missing ) at position 2"]),
    ("route: [{name: a, when: {language: fr}, do: {tags: x}}]",
     ['1:36 R202 "fr" is none of the site\'s languages (en, de, pl) | '
      "In route[0].when.language. Add it to languages: in mailproc.yaml."]),
    ("route: [{name: a, do: {tags: x}, rules: [{name: b, also: [reply], do: {tags: y}}]}]",
     ['1:42 R203 "b" is never tried on replies, because "a" is not | Give the parent also: [reply] too.']),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), REFERENCES + SHAPES)
def test_wrong_file_when_read_is_explained(site: Site, text: str, expected: list[str]) -> None:
    assert complaints(text, site) == expected


def test_load_when_much_is_wrong_names_all_of_it_with_carets(site: Site) -> None:
    text = dedent("""\
        version: 2
        departments:
          frontdesk: {forward_to: support@acme.example}
          billing: {name: Billing}
        defaults: {department: biling}
        route:
          - when: {to: x.example}
            do: {priority: very}
        """)
    with pytest.raises(ConfigError) as caught:
        load((("rules/a.yaml", text),), site)
    assert [problem.split("\n")[0] for problem in caught.value.problems] == [
        "rules/a.yaml:1:10 R027 this program reads rules of version: 1",
        'rules/a.yaml:3:27 R110 "support@acme.example" is an intake address: mail to it would come back as a new '
        "request",
        "rules/a.yaml:4:12 R024 departments.billing has no forward_to",
        'rules/a.yaml:5:24 R101 unknown department "biling": did you mean "billing"?',
        "rules/a.yaml:7:5 R020 route[0] has no name",
        'rules/a.yaml:8:20 R023 unknown priority "very" in route[0].do.priority',
    ]
    assert caught.value.problems[3].split("\n")[1:] == [
        "    defaults: {department: biling}",
        "                           ^",
        "    In defaults.department.",
    ]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ((), ["rules R024 there is no rule file"]),
        ((("a.yaml", ""),), ["a.yaml R019 the file is empty"]),
        ((("a.yaml", "# nothing\n"), ("b.yaml", "version: 1\n")), ["a.yaml R019 the file is empty"]),
        ((("a.yaml", "- a\n"),), ["a.yaml:1:1 R022 the file must be a mapping with keys such as version, calendars, "
                                  "slas, departments, not a list"]),
        ((("a.yaml", "version: 1\n"),), ["a.yaml R024 no file has departments", "a.yaml R024 no file has defaults"]),
        ((("a.yaml", BOTTOM + DEFAULTS), ("b.yaml", "defaults: {department: d}\n")),
         ['b.yaml:1:1 R025 key "defaults" stands in two files (first at a.yaml:3)']),
        ((("a.yaml", BOTTOM.replace("version: 1\n", "") + DEFAULTS),), ["a.yaml R027 no file says version: 1"]),
        ((("a.yaml", BOTTOM + DEFAULTS + "agents: [}\n"),), ["a.yaml:4:10 R0"]),
        ((("a.yaml", BOTTOM + DEFAULTS + "route:\n  - {name: a, do: {tags: x}}\n"),
          ("b.yaml", "route:\n  - {name: a, do: {tags: y}}\n")),
         ['b.yaml:2:12 R026 two rules are named "a" (the first at a.yaml:5)']),
    ],
)  # fmt: skip
def test_files_when_put_together(site: Site, files: tuple[tuple[str, str], ...], expected: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(files, site)
    found = [problem.split("\n")[0] for problem in caught.value.problems]
    assert [line[: len(wanted)] for line, wanted in zip(found, expected, strict=True)] == expected


def test_files_when_several_have_rules_are_joined_in_their_order(site: Site) -> None:
    book = load(
        (
            ("a.yaml", BOTTOM + "route:\n  - {name: a, when: {to: x.example}, do: {tags: x}}\n"),
            ("b.yaml", DEFAULTS + "route:\n  - {name: b, do: {tags: y}}\ntests: []\n"),
        ),
        site,
    )
    assert [rule.name for rule in book.route] == ["a", "b"]
    assert book.warnings == ()


def test_complete_sample_when_loaded_passes_its_tests(site: Site) -> None:
    book = load((("rules.yaml", (HERE / "complete.yaml").read_text(encoding="utf-8")),), site)
    mail = b"From: x@y.example\r\nTo: support@acme.example\r\nSubject: outage\r\n\r\nhelp\r\n"
    results = run_tests(book, site, read_mail={"samples/outage.eml": mail}.__getitem__)
    assert book.warnings == ()
    assert [result.line for result in results if not result.passed] == []
    assert len(results) == 5


def test_complete_sample_when_loaded_knows_its_people(site: Site) -> None:
    book = load((("rules.yaml", (HERE / "complete.yaml").read_text(encoding="utf-8")),), site)
    bo = book.find_agent("bo.berg@acme.example")
    assert bo is not None
    assert (bo.name, bo.addresses[0], bo.role, bo.is_active) == ("Bo Berg", "bo@acme.example", "supervisor", True)
    assert book.find_agent("nobody@acme.example") is None
    frontdesk = book.departments["frontdesk"]
    assert (frontdesk.forward_to, frontdesk.escalate_to, frontdesk.sla, frontdesk.calendar, frontdesk.tier) == (
        ("frontdesk@acme.example",), "engineering", "standard", "office", 1,
    )  # fmt: skip
    assert book.departments["oncall"].calendar == "24x7"
    assert dict(book.fields["order"].labels) == {"en": "Order number", "de": "Bestellnummer"}
    assert not book.has_reply_rules


def test_every_code_that_is_used_is_in_the_table() -> None:
    room = HERE.parents[1] / "mailproc" / "rulebook"
    used = {code for path in room.rglob("*.py") for code in re.findall(r'"([RT]\d{3})"', path.read_text("utf-8"))}
    assert used <= set(CODES)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (
            "- {name: money, when: {subject: [invoice, faktura]}, do: {tags: a}}\n"
            "- {name: faktura PL, when: {subject: faktura, to: x.example}, do: {tags: b}}",
            '"faktura PL" can never run: "money" (line 5) matches all that it matches',
        ),
        ("- {name: a, do: {tags: a}}\n- {name: b, do: {tags: b}}",
         '"b" can never run: "a" (line 5) matches all that it matches'),
        (
            "- {name: p, do: {tags: p}, rules: [{name: a, when: {any: [{to: x.example}, {auto: [list, own]}]},"
            " do: {tags: a}}, {name: b, when: {auto: own}, do: {tags: b}}]}",
            '"b" can never run: "a" (line 5) matches all that it matches',
        ),
        ("- {name: a, do: {tags: a}, continue: yes}\n- {name: b, do: {tags: b}}", ""),
        ("- {name: a, do: {tags: a}, mode: shadow}\n- {name: b, do: {tags: b}}", ""),
        ("- {name: a, do: {tags: a}}\n- {name: b, do: {tags: b}, also: [reply]}", ""),
        ("- {name: a, when: {subject: x}, do: {tags: a}}\n- {name: b, when: {body: x}, do: {tags: b}}", ""),
        ("- {name: a, when: {subject: x, to: x.example}, do: {tags: a}}\n"
         "- {name: b, when: {subject: x}, do: {tags: b}}", ""),
        # a rule in between may change what priority says
        ("- {name: a, when: {priority: high}, do: {tags: a}}\n- {name: b, when: {priority: high}, do: {tags: b}}", ""),
        ("- {name: a, when: {not: {subject: [x, y]}}, do: {tags: a}}\n"
         "- {name: b, when: {not: {subject: x}}, do: {tags: b}}", ""),
    ],
)  # fmt: skip
def test_r201_when_a_rule_can_never_run(site: Site, rules: str, expected: str) -> None:
    text = BOTTOM + DEFAULTS + "route:\n" + "\n".join("  " + line for line in rules.splitlines())
    warnings = [line.split("warning: ")[1].split("\n")[0] for line in load((("r.yaml", text),), site).warnings]
    assert warnings == ([expected] if expected else [])


@pytest.mark.parametrize(
    "address",
    ["support@acme.example", "SUPPORT@acme.example", "support+x@acme.example", "help+a.b@ACME.example"],
)
@pytest.mark.parametrize(
    "text",
    [
        "route: [{name: a, do: {copy_to: ADDRESS}}]",
        "route: [{name: a, do: {notify: [ADDRESS]}}]",
        "agents: [{name: A, address: ADDRESS, departments: [d]}]",
    ],
)
def test_t34_target_when_it_is_an_intake_address_is_refused(site: Site, text: str, address: str) -> None:
    [found] = complaints(text.replace("ADDRESS", address), site)
    assert f'R110 "{address}" is an intake address: mail to it would come back as a new request' in found


def test_t34_department_when_it_forwards_to_an_intake_address_is_refused(site: Site) -> None:
    text = "version: 1\ndepartments: {d: {forward_to: [a@x.example, support+d@acme.example]}}\n" + DEFAULTS
    with pytest.raises(ConfigError, match="R110"):
        load((("r.yaml", text),), site)


@pytest.mark.parametrize("pattern", [r"(\w+\s*)+$", "(a+)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)(.*)(.*)x$"])
def test_t58_regex_when_it_may_hang_is_refused(site: Site, pattern: str) -> None:
    [found] = complaints(f"route: [{{name: a, when: {{subject: {{regex: '{pattern}'}}}}, do: {{tags: x}}}}]", site)
    assert f"R115 regex may take exponential time: {pattern} ran out of its 100 ms on a probe text" in found


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("route: !!python/object/apply:os.system ['id']\n", "R003", 4),
        ("lists: {a: &a [x.example]}\n", "R002", 4),
        ("lists: {a: *b}\n", "R002", 4),
        ("lists: {a: [x.example], a: [y.example]}\n", "R013", 4),
        ("lists: {a: [@acme.com]}\n", "R012", 4),
        ("lists:\n\t- x\n", "R011", 5),
        ("a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n", "R002", 4),
    ],
)
def test_t59_yaml_when_it_is_dangerous_is_refused_with_its_line(site: Site, text: str, code: str, line: int) -> None:
    with pytest.raises(ConfigError) as caught:
        load((("r.yaml", BOTTOM + DEFAULTS + text),), site)
    assert any(problem.startswith(f"r.yaml:{line}:") and f" {code} " in problem for problem in caught.value.problems)


def test_t59_scalars_when_yaml_would_guess_are_the_text_that_was_written(site: Site) -> None:
    text = "route: [{name: no, when: {subject: [on, 1e3, 22:30, 0x10]}, do: {tags: [no, 012]}}]\n"
    [rule] = load((("r.yaml", BOTTOM + DEFAULTS + text),), site).route
    assert rule.name == "no"
    assert rule.actions[0].values == ("no", "012")


def test_t59_file_when_larger_than_a_megabyte_is_refused(site: Site) -> None:
    with pytest.raises(ConfigError, match="R004"):
        load((("r.yaml", BOTTOM + DEFAULTS + "#" * 1_000_000),), site)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("route: [{name: a, do: {department: nobody}}]", "R101"),
        ("route: [{name: a, do: {ack: recieved}}]", "R107"),
        ("route: [{name: a, do: {reply: recieved}}]", "R107"),
        ("agents: [{name: A, address: a@x.example, departments: [nobody]}]", "R101"),
        ("route: [{name: a, do: {ask: [nothing]}}]", "R106"),
    ],
)
def test_f26_rule_when_it_refers_to_nothing_is_refused_with_its_line(site: Site, text: str, code: str) -> None:
    [found] = complaints(text, site, frozenset({"received", "resolved"}))
    assert re.match(rf"1:\d+ {code} unknown ", found)
    if code == "R107":
        assert 'did you mean "received"?' in found


def test_f26_template_when_it_exists_or_is_none_is_taken(site: Site) -> None:
    text = "route: [{name: a, do: {ack: none, reply: resolved}}]"
    assert complaints(text, site, frozenset({"received", "resolved"})) == []
