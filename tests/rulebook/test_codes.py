"""Tests that every code is printed by a mistake of its kind, with exactly these words."""

from pathlib import Path

import pytest

from mailproc.records.site import Site
from mailproc.rulebook.book import read_book
from mailproc.rulebook.check import run_tests
from mailproc.rulebook.codes import CODES
from mailproc.yamlnodes import Problem, format_problem
from mailproc.yamlnodes import load as load_yaml

SITE = Site("Acme", "ACME", ("support@acme.example", "billing@acme.example"), "acme.example", languages=("en", "de"))
TEMPLATES = frozenset({"en/received", "de/received", "en/resolved"})
HEAD = """\
version: 1
departments: {desk: {forward_to: desk@acme.example}}
defaults: {department: desk}
"""
NEXT_FILE = "\n===\n"

# code -> what stands below HEAD (or "-" and all of the file, or two files), the first line of what is said, the hint
ROWS: dict[str, tuple[str | bytes, str, str]] = {
    "R001": (
        'defaults2: "\\d"\n',
        "r.yaml:4:13 R001 between double quotes a backslash begins an escape, and this one is unknown",
        "Use single quotes, where a backslash is just a backslash: '\\d+'",
    ),
    "R002": (
        "lists: {a: &x [x.example]}\n",
        "r.yaml:4:12 R002 &x is an anchor: anchors are not used here",
        'Remove it, or quote the value if it is text: "&x"',
    ),
    "R003": (
        "agents: !list []\n",
        "r.yaml:4:9 R003 !list is a tag: tags are not used here",
        "Remove it, or quote the value if it is text; every value is read as text.",
    ),
    "R004": (
        "#" * 1_000_001,
        "r.yaml R004 the file is larger than 1 MB",
        "Split it, or check that it is the right file.",
    ),
    "R005": (
        b"ort: K\xf6ln\n",
        "r.yaml:1:7 R005 this is not UTF-8 text: byte 0xF6 belongs to another encoding",
        "Save the file as UTF-8 in your editor.",
    ),
    "R006": (
        'route: [{name: "a\\0", do: {tags: [x]}}]\n',
        "r.yaml:4:16 R006 the value holds the control character U+0000",
        "Remove its escape (such as \\0) from the text between the quotes.",
    ),
    "R007": (
        "lists: " + "[" * 60 + "]" * 60,
        "r.yaml:4:57 R007 lists and mappings are nested more than 50 deep here",
        "",
    ),
    "R008": (
        "-version: 1\n---\nroute: []\n",
        "r.yaml:2:1 R008 a second document starts here",
        "Remove the line ---, or move what follows into a file of its own.",
    ),
    "R009": (
        "classify: [{name: a, set: {tags: [{{order}}]}}]\n",
        "r.yaml:4:36 R009 a key must be plain text, not a list or mapping",
        'If braces or brackets belong to the text, quote it: "{...}"',
    ),
    "R010": (
        "route: [{name: a, do: {tags: x}}\n",
        'r.yaml:4:8 R010 the list that opens here with "[" is not closed properly',
        'Put commas between its items and "]" at its end.',
    ),
    "R011": (
        "route:\n\t- {name: a, do: {tags: x}}\n",
        "r.yaml:5:1 R011 a tab cannot indent YAML",
        "Use spaces.",
    ),
    "R012": (
        "route: [{name: a, when: {from: @acme.com}, do: {tags: x}}]\n",
        'r.yaml:4:32 R012 "@acme.com" cannot stand unquoted in YAML. Write  from: acme.com  (a bare name is a domain)',
        "",
    ),
    "R013": (
        "route: []\nroute: []\n",
        'r.yaml:5:1 R013 key "route" appears twice (first at line 4)',
        "Keep one of the two, or join what they say.",
    ),
    "R014": (
        "route:\n  - name: a\n    when:\n      subject: Order #123\n    do: {tags: x}\n",
        'r.yaml:7:22 R014 warning: the text after " #" is a comment, so the value ends at "Order". Quote it: '
        '"Order #123"',
        "",
    ),
    "R019": (
        "-# nothing\n",
        "r.yaml R019 the file is empty",
        "Delete it, or put a key such as route: in it.",
    ),
    "R020": (
        "route: [{do: {tags: x}}]\n",
        "r.yaml:4:9 R020 route[0] has no name",
        "A rule is known by its name: in histories and reports.",
    ),
    "R021": (
        "rout: []\n",
        'r.yaml:4:1 R021 unknown key "rout" in the file: did you mean "route"?',
        "",
    ),
    "R022": (
        "route: {name: a}\n",
        "r.yaml:4:8 R022 route must be a list of rules",
        "Each rule starts with  - name: ...",
    ),
    "R023": (
        "route: [{name: a, do: {priority: hihg}}]\n",
        'r.yaml:4:34 R023 unknown priority "hihg" in route[0].do.priority: did you mean "high"?',
        "",
    ),
    "R024": (
        "route: [{name: a, when: {to: x.example}}]\n",
        "r.yaml:4:9 R024 route[0] has no do",
        "Write do: {...} with what the rule sets.",
    ),
    "R025": (
        "route: []\n\n===\ndefaults: {department: desk}\n",
        'r.yaml:1:1 R025 key "defaults" stands in two files (first at first.yaml:3)',
        "Join the two; only classify, route, tests may stand in several files.",
    ),
    "R026": (
        "route: [{name: a, do: {tags: x}, continue: yes}, {name: a, do: {tags: y}}]\n",
        'r.yaml:4:57 R026 two rules are named "a" (the first at r.yaml:4)',
        "",
    ),
    "R027": (
        "-version: 2\ndepartments: {desk: {forward_to: desk@acme.example}}\ndefaults: {department: desk}\n",
        "r.yaml:1:10 R027 this program reads rules of version: 1",
        "",
    ),
    "R028": (
        "slas: {s: {resolution: soon}}\n",
        'r.yaml:4:24 R028 slas.s.resolution must be a time span such as 30m, 8h or 3d, not "soon"',
        "",
    ),
    "R029": (
        "lists: {l: [acme]}\n",
        'r.yaml:4:13 R029 "acme" is neither an address nor a domain',
        "In lists.l[0]. Write jane@acme.com, acme.com, or .acme.com for a domain with its subdomains.",
    ),
    "R030": (
        "route: [{name: a, when: {sujbect: x}, do: {tags: x}}]\n",
        'r.yaml:4:26 R030 unknown condition "sujbect": did you mean "subject"?',
        "",
    ),
    "R031": (
        "route: [{name: a, when: {subject: {matches: x}}, do: {tags: x}}]\n",
        'r.yaml:4:36 R031 unknown operator "matches" in route[0].when.subject',
        "Write  glob: for a whole text with *, or  regex:.",
    ),
    "R032": (
        "route: [{name: a, when: {}, do: {tags: x}}]\n",
        "r.yaml:4:25 R032 route[0].when is empty",
        "Leave when: out for a rule that always matches.",
    ),
    "R033": (
        "route: [{name: a, when: {subject: 'invoic*'}, do: {tags: x}}]\n",
        'r.yaml:4:35 R033 route[0].when.subject: "invoic*" is no whole word',
        "For a part of a word write contains: or regex:, for a whole text with * write glob:",
    ),
    "R034": (
        "route: [{name: a/b, do: {tags: x}}]\n",
        'r.yaml:4:16 R034 route[0]: a name has no "/" and at most 100 characters: "a/b"',
        "",
    ),
    "R040": (
        "route: [{name: a, do: {tag: x}}]\n",
        'r.yaml:4:24 R040 unknown action "tag": did you mean "tags"?',
        "",
    ),
    "R041": (
        "classify: [{name: a, set: {copy_to: a@x.example}}]\n",
        'r.yaml:4:28 R041 "copy_to" is an action of route: rules of classify set values only',
        "They may set department, priority, language, sla, tags and field.NAME.",
    ),
    "R042": (
        "classify: [{name: a, when: {subject: {regex: '(?P<order>x)'}}, set: {tags: '{ordr}'}}]\n",
        'r.yaml:4:76 R042 no regex of this rule or its parents captures {ordr}: did you mean "order"?',
        "In classify[0].set.tags. A regex captures it as (?P<ordr>...)",
    ),
    "R043": (
        "fields: {o: {pattern: '[0-9]+'}}\nclassify: [{name: a, set: {field.o: x}}]\n",
        'r.yaml:5:37 R043 classify[0].set.field.o: "x" does not fit the field\'s pattern [0-9]+',
        "",
    ),
    "R101": (
        "route: [{name: a, do: {department: dsk}}]\n",
        'r.yaml:4:36 R101 unknown department "dsk": did you mean "desk"?',
        "In route[0].do.department.",
    ),
    "R102": (
        "lists: {vip: []}\nroute: [{name: a, when: {from: {list: vpi}}, do: {tags: x}}]\n",
        'r.yaml:5:39 R102 unknown list "vpi": did you mean "vip"?',
        "In route[0].when.from.list.",
    ),
    "R103": (
        "route: [{name: a, when: {time: {inside: offce}}, do: {tags: x}}]\n",
        'r.yaml:4:41 R103 unknown calendar "offce"',
        "In route[0].when.time.inside. Known: 24x7",
    ),
    "R104": (
        "classify: [{name: a, set: {sla: gold}}]\n",
        'r.yaml:4:33 R104 unknown sla "gold"',
        "In classify[0].set.sla. The book has no slas.",
    ),
    "R105": (
        "agents: [{name: Ann, address: ann@acme.example, departments: desk}]\nroute: [{name: a, do: {assign: Anna}}]\n",
        'r.yaml:5:32 R105 unknown agent "Anna": did you mean "ann"?',
        "In route[0].do.assign.",
    ),
    "R106": (
        "route: [{name: a, do: {ask: [order]}}]\n",
        'r.yaml:4:30 R106 unknown field "order"',
        "In route[0].do.ask. The book has no fields.",
    ),
    "R107": (
        "route: [{name: a, do: {ack: recieved}}]\n",
        'r.yaml:4:29 R107 unknown template "recieved": did you mean "received"?',
        "In route[0].do.ack.",
    ),
    "R108": (
        "route: [{name: a, do: {tags: x}}]\ntests: [{name: t, mail: {subject: x}, expect: {rule: b}}]\n",
        'r.yaml:5:54 R108 unknown rule "b"',
        "In tests[0].expect.rule. A rule is named by its path: parent/child.",
    ),
    "R109": (
        "calendars: {c: {timezone: Europe/Warschau, hours: {mon: 8:00-9:00}}}\n",
        'r.yaml:4:27 R109 unknown time zone "Europe/Warschau": did you mean "Europe/Warsaw"?',
        "In calendars.c.timezone. Write it as Europe/Warsaw.",
    ),
    "R110": (
        "route: [{name: a, do: {copy_to: billing+x@acme.example}}]\n",
        'r.yaml:4:33 R110 "billing+x@acme.example" is an intake address: mail to it would come back as a new request',
        "In route[0].do.copy_to. Use a mailbox that mailproc does not read.",
    ),
    "R111": (
        "forms: {website: {from: form@x.example}}\nroute: [{name: a, when: {form: web}, do: {tags: x}}]\n",
        'r.yaml:5:32 R111 unknown form "web": did you mean "website"?',
        "In route[0].when.form.",
    ),
    "R112": (
        "route: [{name: a, when: {subject: {regex: '(x'}}, do: {tags: x}}]\n",
        "r.yaml:4:43 R112 route[0].when.subject.regex: the regex (x cannot be read: missing ) at position 2",
        "",
    ),
    "R113": (
        "agents: [{name: Ann, address: ann@acme.example, departments: desk}]\nforms: {web: {from: ann@acme.example}}\n",
        "r.yaml:5:21 R113 forms.web.from: ann@acme.example is an agent's: their own mail would be taken for the form",
        "Let the form send from an address of its own, such as no-reply@shop.example.",
    ),
    "R115": (
        "route: [{name: a, when: {subject: {regex: '(\\w+\\s*)+$'}}, do: {tags: x}}]\n",
        "r.yaml:4:43 R115 regex may take exponential time: (\\w+\\s*)+$ ran out of its 100 ms on a probe text",
        "In route[0].when.subject.regex. Avoid a repetition inside a repetition, such as (a+)+",
    ),
    "R201": (
        "route:\n  - {name: money, when: {subject: [invoice, faktura]}, do: {tags: a}}\n  - {name: faktura "
        "PL, when: {subject: faktura, from: .pl}, do: {tags: b}}\n",
        'r.yaml:6:5 R201 warning: "faktura PL" can never run: "money" (line 5) matches all that it matches',
        'Move it above "money", or give that one continue: yes.',
    ),
    "R202": (
        "route: [{name: a, when: {language: fr}, do: {tags: x}}]\n",
        'r.yaml:4:36 R202 warning: "fr" is none of the site\'s languages (en, de)',
        "In route[0].when.language. Add it to languages: in mailproc.yaml.",
    ),
    "R203": (
        "route: [{name: a, do: {tags: x}, rules: [{name: b, also: [reply], do: {tags: y}}]}]\n",
        'r.yaml:4:42 R203 warning: "b" is never tried on replies, because "a" is not',
        "Give the parent also: [reply] too.",
    ),
    "R204": (
        "route: [{name: a, when: {ticket: {new: no}}, do: {tags: x}}]\n",
        'r.yaml:4:9 R204 warning: "a" can never match: ticket.new asks for a reply, and the rule is not '
        'tried on replies',
        "Give it  also: [reply]",
    ),
    "R205": (
        "classify:\n  - {name: a, when: {subject: down}, set: {priority: high}}\n  - {name: b, set: {priority: low}}\n",
        'r.yaml:5:5 R205 warning: "a" has no effect: "b" (line 6) sets all of it again',
        "Rules further down have the last word: move it below that one, or delete it.",
    ),
    "R206": (
        "-version: 1\ndepartments: {desk: {forward_to: desk@acme.example}, lab: {forward_to: "
        "lab@acme.example}}\ndefaults: {department: desk}\n",
        'r.yaml:2:54 R206 warning: no rule sends mail to the department "lab"',
        "Write a rule with  department: lab  or name it in escalate_to or defaults.",
    ),
    "R207": (
        "route: [{name: a, when: {to: support@acme.example}, do: {tags: x}}]\n",
        "r.yaml:4:1 R207 warning: no rule names the intake address billing@acme.example",
        "Mail to it goes where other rules or the defaults send it. A rule for it:  when: {to: billing@acme.example}",
    ),
    "R208": (
        "route: [{name: a, when: {subject: x}, do: {reply: resolved}}]\n",
        'r.yaml:4:51 R208 warning: the template "resolved" is not there in de',
        "Who writes in de is answered in en until there is templates/de/resolved.txt.j2",
    ),
    "R209": (
        "lists: {vip: [corp.example], blocked: [.corp.example]}\nclassify: [{name: a, when: {from: {list: "
        "[vip, blocked]}}, set: {tags: x}}]\n",
        'r.yaml:4:30 R209 warning: the lists "vip" and "blocked" overlap: corp.example is in .corp.example',
        "Rules on the one match mail of the other too: keep each in one list.",
    ),
    "R210": (
        "calendars: {office: {hours: {mon-fri: 8:00-16:00}}}\n",
        'r.yaml:4:13 R210 warning: the calendar "office" has no effect: no department, sla or rule uses it',
        "Use it or delete it.",
    ),
    "R211": (
        "slas: {gold: {resolution: 1d}}\n",
        'r.yaml:4:8 R211 warning: the sla "gold" has no effect: no department or rule uses it',
        "Use it or delete it.",
    ),
    "R212": (
        "lists: {vip: [x.example]}\n",
        'r.yaml:4:9 R212 warning: the list "vip" has no effect: no rule uses it',
        "Use it or delete it.",
    ),
    "R213": (
        "fields: {order: {label: Order}}\n",
        'r.yaml:4:10 R213 warning: the field "order" has no effect: no rule sets it, asks for it or looks at it',
        "Use it or delete it.",
    ),
    "R214": (
        "agents: [{name: Bo, address: bo@acme.example, departments: desk, active: no}]\n"
        "route: [{name: a, do: {assign: Bo}}]\n",
        'r.yaml:5:32 R214 warning: "Bo" is not active: nothing is sent to that agent',
        "Name somebody else, or make the agent active again.",
    ),
    "T001": (
        "tests: [{name: t, mail: {subject: x}, expect: {priority: low}}]\n",
        'r.yaml:4:9 T001 test "t" failed: priority: expected low, got normal',
        "",
    ),
    "T002": (
        "tests: [{name: t, mail: {eml: x.eml}, expect: {priority: low}}]\n",
        'r.yaml:4:9 T002 test "t": x.eml cannot be read: nobody here reads mail from files',
        "",
    ),
}


def read(text: str | bytes) -> tuple[str, tuple[Problem, ...]]:
    """The (last) file and all that is said: problems, or else how its tests end."""
    if isinstance(text, bytes):  # the command line says what YAML says of what is not even text
        return text.decode("utf-8", "replace"), load_yaml(text, "r.yaml").problems
    first, _, whole = text.rpartition(NEXT_FILE)
    whole = whole.removeprefix("-") if text.startswith("-") or first else HEAD + whole
    files = ((("first.yaml", HEAD + first),) if first else ()) + (("r.yaml", whole),)
    book, problems = read_book(files, SITE, TEMPLATES)
    tests = run_tests(book, SITE) if book is not None else ()
    return whole, (*problems, *(test.problem for test in tests if test.problem is not None))


@pytest.mark.parametrize("code", ROWS)
def test_code_when_its_mistake_is_made_says_this(code: str) -> None:
    text, expected, hint = ROWS[code]
    whole, problems = read(text)
    [found] = [problem for problem in problems if problem.code == code]
    assert format_problem(found, whole).split("\n")[0] == expected
    assert found.hint == hint
    assert found.is_warning == CODES[code].startswith("warning: ") == (" warning: " in expected)


@pytest.mark.parametrize("code", ROWS)
def test_mistake_when_made_once_is_told_once(code: str) -> None:
    assert [problem.code for problem in read(ROWS[code][0])[1]] == [code]


def test_every_code_has_its_row() -> None:
    assert list(ROWS) == list(CODES)


def test_every_code_that_is_used_is_in_the_table() -> None:
    room = Path(__file__).resolve().parents[2] / "mailproc"
    sources = [
        path.read_text("utf-8") for folder in ("rulebook", "yamlnodes") for path in (room / folder).rglob("*.py")
    ]
    unused = [code for code in CODES if sum(source.count(f'"{code}"') for source in sources) < 2]
    assert unused == [], "a code that nothing prints"
