"""What an admin reads when a file is no YAML: the place, plain words, and what to write instead."""

import subprocess
import sys

import pytest

from mailproc.yamlnodes import load

UNQUOTABLE = [
    (
        "from: @acme.com",
        7,
        '"@acme.com" cannot stand unquoted in YAML. Write  from: acme.com  (a bare name is a domain)',
    ),
    ("to: *@acme.com", 5, '"*@acme.com" cannot stand unquoted in YAML. Write  to: acme.com  (a bare name is a domain)'),
    (
        "{to: *@acme.com}",
        6,
        '"*@acme.com" cannot stand unquoted in YAML. Write  to: acme.com  (a bare name is a domain)',
    ),
    ("to: [x, @acme.com]", 9, '"@acme.com" cannot stand unquoted in YAML. Write  acme.com  (a bare name is a domain)'),
    (
        "to: *.acme.com",
        5,
        '"*.acme.com" cannot stand unquoted in YAML. Write  to: .acme.com  (a domain with its subdomains)',
    ),
    ("to: @ann", 5, '"@ann" cannot stand unquoted in YAML. Quote it: to: "@ann"'),
    ("a: %x", 4, '"%x" cannot stand unquoted in YAML. Quote it: a: "%x"'),
    ("- `x`", 3, '"`x`" cannot stand unquoted in YAML. Quote it: "`x`"'),
]


@pytest.mark.parametrize("text, column, expected", UNQUOTABLE)
def test_r012_says_what_to_write(text: str, column: int, expected: str) -> None:
    (problem,) = load(text, "x.yaml").problems
    assert (problem.line, problem.column, problem.code, problem.text) == (1, column, "R012", expected)


BROKEN = [
    ("a: 'x\nb: 1\n", 1, 4, "R010", "the quote that opens here is never closed"),
    ("a: [x, y\nb: 1\n", 1, 4, "R010", 'the list that opens here with "[" is not closed properly'),
    ("a: {x: y\nb: 1\n", 1, 4, "R010", 'the mapping that opens here with "{" is not closed properly'),
    ("a: b: c", 1, 5, "R011", 'a ":" is not expected here'),
    ("a:\n   b: 1\n  c: 2", 3, 3, "R011", "this line does not fit its neighbours"),
    ("- a\nb: c", 2, 1, "R011", "this line does not fit its neighbours"),
    ("\ta: b", 1, 1, "R011", "a tab cannot indent YAML"),
    ("a:\n\tb: c", 2, 1, "R011", "a tab cannot indent YAML"),
    ("a: - b", 1, 4, "R011", "a list item is not expected here"),
    ("a: b\nc\nd: e", 2, 1, "R011", 'a ":" after this key is missing'),
    ('a: "\\d"', 1, 5, "R001", "between double quotes a backslash begins an escape, and this one is unknown"),
    ("a: b\n...\nc", 3, 1, "R001", "the file goes on after its end"),
    ('a: "\\UFFFFFFFF"', 1, 7, "R001", "YAML cannot be read from here on"),
]


@pytest.mark.parametrize("text, line, column, code, expected", BROKEN)
def test_broken_text_is_explained(text: str, line: int, column: int, code: str, expected: str) -> None:
    document = load(text, "x.yaml")
    (problem,) = document.problems
    assert document.root is None
    assert (problem.line, problem.column, problem.code, problem.text) == (line, column, code, expected)
    assert problem.hint


def test_a_comment_that_swallows_a_bracket_is_named() -> None:
    problem = load("tags: [vip, #urgent]\nx: 1", "x.yaml").errors[0]
    assert problem.hint == (
        'Put commas between its items and "]" at its end. '
        '(The text after " #" is a comment: quote what holds "#urgent]".)'
    )


def test_without_the_c_parser_places_and_codes_agree() -> None:
    script = """
import sys, yaml
for name in ("CSafeLoader", "CLoader"):
    if hasattr(yaml, name):
        delattr(yaml, name)
from mailproc import yamlnodes
for text in sys.stdin.read().split("\\0"):
    document = yamlnodes.load(text, "x")
    print([(problem.line, problem.code) for problem in document.problems])
"""
    texts = (
        [text for text, *_ in UNQUOTABLE]
        + [text for text, *_ in BROKEN[:-1]]
        + ["a: [no, 22:30]", "a: &x b", "a: !t b"]
    )
    run = subprocess.run(
        [sys.executable, "-c", script], input="\0".join(texts), text=True, capture_output=True, check=True
    )
    expected = [str([(problem.line, problem.code) for problem in load(text, "x").problems]) for text in texts]
    assert run.stdout.splitlines() == expected
