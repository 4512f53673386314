"""YAML text to nodes: values stay text, places are right, and nothing but text, lists and mappings comes in."""

import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc import yamlnodes
from mailproc.yamlnodes import Document, Mapping, Node, Scalar, Sequence, load


def plain(node: Node | None) -> object:
    """The tree as Python values, to compare with."""
    if isinstance(node, Mapping):
        return {key.value: plain(value) for key, value in node.entries}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.value if node else None


def first(document: Document) -> tuple[int, int, str, str]:
    problem = document.problems[0]
    return problem.line, problem.column, problem.code, problem.text


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a: no", {"a": "no"}),
        ("on: off", {"on": "off"}),
        ("hours: 22:30", {"hours": "22:30"}),
        ("n: 1e3", {"n": "1e3"}),
        ("n: 0o17", {"n": "0o17"}),
        ("phone: +48221234567", {"phone": "+48221234567"}),
        ("day: 2026-01-31", {"day": "2026-01-31"}),
        ("a: null\nb: ~\nc:", {"a": "null", "b": "~", "c": ""}),
        ("[a, 'b', \"c\\n\"]", ["a", "b", "c\n"]),
        ("a: |\n  x\n  y\nb: >\n  x\n  y\n", {"a": "x\ny\n", "b": "x y\n"}),
        ("a: {b: [c, {d: e}]}", {"a": {"b": ["c", {"d": "e"}]}}),
        ("%YAML 1.1\n---\na: b\n...\n", {"a": "b"}),
        ("\ufeffa: b", {"a": "b"}),
        ("zażółć: gęślą", {"zażółć": "gęślą"}),
        ("", None),
        ("# nothing\n", None),
    ],
)
def test_values_stay_text(text: str, expected: object) -> None:
    document = load(text, "x.yaml")
    assert document.problems == ()
    assert plain(document.root) == expected


def test_places_count_from_one() -> None:
    root = load("a: 1\nb:\n  - x\n  - {ü: [y, z]}\n", "x.yaml").root
    assert isinstance(root, Mapping)
    assert root.get("a") == Scalar("1", 1, 4)
    assert root.find_key("b") == Scalar("b", 2, 1)
    items = root.get("b")
    assert isinstance(items, Sequence) and (items.line, items.column) == (3, 3)
    inner = items.items[1]
    assert isinstance(inner, Mapping) and (inner.line, inner.column) == (4, 5)
    assert inner.get("ü") == Sequence((Scalar("y", 4, 10), Scalar("z", 4, 13)), 4, 9)
    assert root.get("nothing") is None


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a: 1\nb: 2\na: 3\n", (3, 1, "R013", 'key "a" appears twice (first at line 1)')),
        ("route:\n  - {x: 1, 'x': 2}", (2, 12, "R013", 'key "x" appears twice (first at line 2)')),
        ("a: &x 1", (1, 4, "R002", "&x is an anchor: anchors are not used here")),
        ("a: *x", (1, 4, "R002", "*x is an alias: aliases are not used here")),
        ("*x : a", (1, 1, "R002", "*x is an alias: aliases are not used here")),
        ("a: &x [1]\nb:\n  <<: *x\n", (1, 4, "R002", "&x is an anchor: anchors are not used here")),
        (
            "a: !!python/object:os.system x",
            (1, 4, "R003", "!!python/object:os.system is a tag: tags are not used here"),
        ),
        ("!!map {a: b}", (1, 1, "R003", "!!map is a tag: tags are not used here")),
        ("a: !secret [b]", (1, 4, "R003", "!secret is a tag: tags are not used here")),
        ("a: !nope!x b", (1, 4, "R003", "what begins with ! is a tag: tags are not used here")),
        ("a: 1\n---\nb: 2\n", (2, 1, "R008", "a second document starts here")),
        ("subject: {{ x }}", (1, 11, "R009", "a key must be plain text, not a list or mapping")),
        ("? [a, b]\n: c", (1, 3, "R009", "a key must be plain text, not a list or mapping")),
        ("a\x00b: c", (1, 2, "R006", "a NUL byte stands here")),
        ("a: b\n  \x1b[31m", (2, 3, "R006", "a control character U+001B stands here")),
        ('a: "\\0"', (1, 4, "R006", "the value holds the control character U+0000")),
        ('a: "\\e[0m"', (1, 4, "R006", "the value holds the control character U+001B")),
        ("a: \ud800", (1, 4, "R006", "a control character U+D800 stands here")),
        ("[" * 60 + "]" * 60, (1, 51, "R007", "lists and mappings are nested more than 50 deep here")),
    ],
)
def test_what_is_refused_names_its_place(text: str, expected: tuple[int, int, str, str]) -> None:
    document = load(text, "x.yaml")
    assert first(document) == expected
    assert document.errors and not document.warnings


def test_not_utf8_names_the_byte() -> None:
    document = load("name: Gr\u00fc\u00dfe\nort: K\u00f6ln".encode("latin-1"), "x.yaml")
    assert document.root is None
    assert first(document) == (1, 9, "R005", "this is not UTF-8 text: byte 0xFC belongs to another encoding")
    assert load("ort: Köln".encode(), "x.yaml").problems == ()


@pytest.mark.parametrize("text", ["a: " + "x" * 1_000_000, b"a: " + b"x" * 1_000_000, "ü" * 600_000])
def test_a_file_over_a_megabyte_is_refused(text: str | bytes) -> None:
    assert first(load(text, "x.yaml")) == (0, 0, "R004", "the file is larger than 1 MB")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("subject: Order #123", (1, 16, 'the value ends at "Order". Quote it: "Order #123"')),
        ("subject: Order    #123", (1, 19, 'the value ends at "Order". Quote it: "Order    #123"')),
        ('subject: say "hi" #close', (1, 19, 'the value ends at "say "hi"". Quote it: \'say "hi" #close\'')),
        ("a: #urgent\nb: c", (1, 4, 'the value is empty. Quote it: "#urgent"')),
        ("tags:\n  - #vip\n", (2, 5, 'the value is empty. Quote it: "#vip"')),
        ("a: [x,\n  y #1\n  ]", (2, 5, 'the value ends at "y". Quote it: "y #1"')),
    ],
)
def test_a_hash_that_hides_text_is_warned_of(text: str, expected: tuple[int, int, str]) -> None:
    document = load(text, "x.yaml")
    line, column, rest = expected
    assert first(document) == (line, column, "R014", f'the text after " #" is a comment, so {rest}')
    assert not document.errors and document.root is not None


@pytest.mark.parametrize(
    "text",
    [
        "a: b  # why",
        "a: b # why",
        "a: b     #why",
        "a: b #",
        "a: b #---",
        "a: 'b' #1",
        "a: b#c",
        "rules: #these\n  - x",
    ],
)
def test_a_comment_is_left_in_peace(text: str) -> None:
    assert load(text, "x.yaml").problems == ()


def test_every_problem_is_reported_in_file_order() -> None:
    text = "b: #x\na: *x\nc: 1\na: !t 2\nc: 3\n"
    assert [(problem.line, problem.code) for problem in load(text, "x.yaml").problems] == [
        (1, "R014"), (2, "R002"), (4, "R013"), (4, "R003"), (5, "R013"),
    ]  # fmt: skip


def test_problems_are_capped() -> None:
    document = load("".join(f"k{n}: &a b\n" for n in range(5000)), "x.yaml")
    assert len(document.problems) == yamlnodes.MAX_PROBLEMS and document.root is None
    document = load("".join(f"k{n}: a #1\n" for n in range(5000)), "x.yaml")
    assert len(document.problems) == yamlnodes.MAX_PROBLEMS and document.root is not None


T59 = {
    "object": ("a: 1\nrun: !!python/object/apply:os.system ['touch /tmp/x']\n", 2, "R003"),
    "laughs": ("a: &a [x, x]\n" + "".join(f"{chr(98 + n)}: [*a, *a]\n" for n in range(20)), 1, "R002"),
    "duplicate": ("departments: {a: {}}\nroute: []\ndepartments: {}\n", 3, "R013"),
    "norway": ("languages: [de, no]\nat: 22:30\n", 0, ""),
    "huge": ("a: b\n" * 250_000, 0, "R004"),
    "broken": ("a: 1\nroute:\n  - {name: x\n", 3, "R010"),
}


@pytest.mark.parametrize("name", T59)
def test_t59_six_files(name: str) -> None:
    text, line, code = T59[name]
    document = load(text, f"{name}.yaml")
    if code:
        assert (document.problems[0].line, document.problems[0].code) == (line, code)
    else:
        assert plain(document.root) == {"languages": ["de", "no"], "at": "22:30"}


@pytest.mark.parametrize(
    "part", ["[", "{", "- ", "? ", "a: ", "{a: ", "&a ", "*a ", "!", "'", '"\\\n', "|\n ", "a:\n", "#a ", "\t"]
)
def test_hostile_repetition_ends_soon(part: str) -> None:
    started = time.process_time()
    load(part * (900_000 // len(part)), "x.yaml")
    assert time.process_time() - started < 5


_ODD = st.text(alphabet=st.sampled_from("ab: -?[]{},#&*!|>'\"%@`\n\t\r\\0x~=<\x00\ufeff\u2028\x85é"), max_size=60)


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(max_size=200), _ODD, st.binary(max_size=100)))
def test_load_never_raises(text: str | bytes) -> None:
    document = load(text, "x.yaml")
    for problem in document.problems:
        assert problem.code in yamlnodes.CODES
        shown = yamlnodes.format_problem(problem, text if isinstance(text, str) else text.decode("utf-8", "replace"))
        assert shown.startswith("x.yaml") and not any(char in shown for char in "\x00\x1b\r")
    assert document.root is not None or document.errors or not str(text).strip("b'\"") or plain(document.root) is None


_VALUES = st.recursive(
    st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=100)
@given(_VALUES)
def test_what_yaml_writes_is_read_back(value: object) -> None:
    text = yaml.safe_dump(value, allow_unicode=True, default_style='"')
    document = load(text.replace("!!map ", "").replace("!!seq ", ""), "x.yaml")
    if not document.errors:
        assert plain(document.root) == value
    else:
        assert {problem.code for problem in document.errors} <= {"R006"}
