"""Tests `mailproc rules fmt`: the normal form, comments that stay, texts that are left alone."""

import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc import yamlnodes
from mailproc.cli import cli
from mailproc.cli.rules.layout import Unsure, normalise
from mailproc.records.site import Site
from mailproc.rulebook.book import load

ROOT = Path(__file__).resolve().parents[2]
STARTER = sorted((ROOT / "rules").glob("*.yaml"))
BOOKS = [*STARTER, ROOT / "tests" / "rulebook" / "complete.yaml"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["rules", "fmt", *arguments])


@pytest.mark.parametrize("path", STARTER, ids=lambda path: path.name)
def test_starter_rules_are_in_normal_form(path: Path) -> None:
    assert normalise(path.read_text(encoding="utf-8")) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # steps, and lists below their key
        ("a:\n    b:\n    - c\n    -   d: 1\n        e: 2\n", "a:\n  b:\n    - c\n    - d: 1\n      e: 2\n"),
        ("route:\n- name: x\n", "route:\n  - name: x\n"),
        # the order of a rule's keys, each with its comments
        (
            "route:\n  - do: {ack: none}  # quietly\n    # what it is for\n    when: {to: x.example}\n    name: one\n",
            "route:\n  - name: one\n    # what it is for\n    when: {to: x.example}\n    do: {ack: none}  # quietly\n",
        ),
        ("classify:\n  - {set: {priority: high}, name: a}\n", "classify:\n  - {name: a, set: {priority: high}}\n"),
        (
            "route:\n  - rules:\n      - do: {ack: none}\n        name: b\n    name: a\n",
            "route:\n  - name: a\n    rules:\n      - name: b\n        do: {ack: none}\n",
        ),
        ("tests:\n  - mail: {}\n    name: a\n", "tests:\n  - name: a\n    mail: {}\n"),
        # keys elsewhere stay in their order
        ("set: {b: 1, a: 2}\nname: x\n", "set: {b: 1, a: 2}\nname: x\n"),
        # quotes only where they are needed; sentences keep theirs
        ('a: "word"\nb: \'x@y.example\'\n', "a: word\nb: x@y.example\n"),
        ('a: "yes"\nb: "1"\nc: "22:30"\nd: "# x"\n', 'a: "yes"\nb: "1"\nc: "22:30"\nd: "# x"\n'),
        ('a: "two words"\n', 'a: "two words"\n'),
        ('a: "\\\\bx\\\\b it\'s"\n', "a: '\\bx\\b it''s'\n"),
        ('a: "tab\\there"\n', 'a: "tab\\there"\n'),
        # brackets: one way on a line, as written over several
        ("a: [ b,c ,  d ]\nb: {c:   d,e: f}\n", "a: [b, c, d]\nb: {c: d, e: f}\n"),
        ("a: [to: x]\n", "a: [{to: x}]\n"),
        ("a:\n    b: [\n      c,   # one\n      d,\n    ]\n", "a:\n  b: [\n    c,   # one\n    d,\n  ]\n"),
        # comments and blank lines
        ("\n\n\n# top\na: 1\n\n\n\nb: 2 # two\n# end", "# top\na: 1\n\nb: 2  # two\n# end\n"),
        ("a:   # of a\n    b: c\n    # inside\n# out\nd: e\n", "a:   # of a\n  b: c\n  # inside\n# out\nd: e\n"),
        ("a:\n    - b\n    # after b\nc: d\n", "a:\n  - b\n  # after b\nc: d\n"),
        # texts over several lines
        ("a: |  # kept\n     x\n       y\n\nb: c\n", "a: |  # kept\n  x\n    y\n\nb: c\n"),
        ("a:\n    b: one\n        two\n    c: d\n", "a:\n  b: one\n    two\n  c: d\n"),
        ("a:\nb: c\r\n", "a:\nb: c\n"),
    ],
)  # fmt: skip
def test_text_when_normalised(text: str, expected: str) -> None:
    assert normalise(text) == expected
    assert normalise(expected) == expected


@pytest.mark.parametrize("text", ["a: [", "a: &x b\n", "a: 1\na: 2\n", "", "a: |+\n  x\n\n\nb: c\n", "---\na: b\n"])
def test_text_when_it_is_not_sure_is_left_alone(text: str) -> None:
    with pytest.raises(Unsure):
        normalise(text)


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.name)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=12, deadline=None)
def test_book_when_written_carelessly_comes_back(path: Path, seed: int) -> None:
    """Wider steps, blank lines, comments anywhere: the same meaning, every comment, one normal form."""
    careless = _spoil(path.read_text(encoding="utf-8"), random.Random(seed))
    try:
        done = normalise(careless)
    except Unsure:
        # Only where a comment fell into the middle of a value
        return
    assert normalise(done) == done
    again, former = yamlnodes.load(done, "x"), yamlnodes.load(careless, "x")
    assert not again.errors and not former.errors
    assert sorted(part for part in careless.split() if part.startswith("#mark")) == sorted(
        part for part in done.split() if part.startswith("#mark")
    )


@given(seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_any_text_when_normalised_is_done_or_left_alone(seed: int) -> None:
    dice = random.Random(seed)
    text = (ROOT / "rules" / "routing.yaml").read_text(encoding="utf-8")
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(text))
        piece = dice.choice(["", " ", "\n", "#", "-", ":", '"', "|", "{", "]", "\t", "  \n"])
        text = text[:at] + piece + text[at + dice.randint(0, 3) :]
    try:
        done = normalise(text)
    except Unsure:
        return
    assert normalise(done) == done


def test_book_when_normalised_means_the_same() -> None:
    site = Site("Acme", "ACME", ("support@acme.example", "billing@acme.example"), "acme.example")
    files = tuple((path.name, path.read_text(encoding="utf-8")) for path in STARTER)
    spoiled = tuple((name, _widen(text, 3)) for name, text in files)
    assert spoiled != files
    one, other = load(files, site), load(tuple((name, normalise(text)) for name, text in spoiled), site)
    assert [rule.path for rule in one.route] == [rule.path for rule in other.route]
    assert (one.departments, one.agents, one.lists, one.defaults) == (
        other.departments, other.agents, other.lists, other.defaults,
    )  # fmt: skip


def test_many_rules_when_normalised_take_time_in_proportion() -> None:
    import time

    def measure(count: int) -> float:
        rule = "  - name: r{0}\n    # why\n    when: {{to: r{0}@acme.example}}\n    do: {{tags: [t{0}]}}\n"
        text = "route:\n" + "".join(rule.format(number) for number in range(count))
        best = 1e9
        for _ in range(2):
            started = time.process_time()
            normalise(text)
            best = min(best, time.process_time() - started)
        return best

    assert measure(400) < 3 * measure(200) + 2  # quadratic shows in the bench; here only what hangs


def test_fmt_writes_only_what_is_not_in_normal_form(tmp_path: Path) -> None:
    good, bad, wrong = (tmp_path / name for name in ("a.yaml", "b.yaml", "c.yaml"))
    good.write_text("route:\n  - name: x\n", encoding="utf-8")
    bad.write_text("route:\n- name: x\n", encoding="utf-8")
    bad.chmod(0o640)
    before = good.stat().st_mtime_ns
    checked = run("--check", str(tmp_path))
    assert checked.exit_code == 1 and "b.yaml: not in normal form" in checked.stdout
    assert bad.read_text(encoding="utf-8") == "route:\n- name: x\n"
    shown = run("--diff", str(tmp_path))
    assert shown.exit_code == 0 and "+  - name: x" in shown.stdout
    done = run(str(tmp_path))
    assert done.exit_code == 0 and "b.yaml: written" in done.stdout and "a.yaml" not in done.stdout
    assert bad.read_text(encoding="utf-8") == good.read_text(encoding="utf-8")
    assert bad.stat().st_mode & 0o777 == 0o640 and good.stat().st_mtime_ns == before
    assert run("--check", str(tmp_path)).stdout.strip() == "2 files in normal form"
    wrong.write_text("route: [", encoding="utf-8")
    broken = run(str(tmp_path))
    assert broken.exit_code == 1 and "c.yaml:1:9 R010" in broken.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.yaml", "b.yaml", "c.yaml"]


def _widen(text: str, times: int) -> str:
    return "\n".join(_widen_line(line, times) for line in text.split("\n"))


def _widen_line(line: str, times: int) -> str:
    body = line.lstrip(" ")
    if body.startswith("- "):
        body = "-" + " " * (2 * times - 1) + body[2:]
    return " " * (times * (len(line) - len(line.lstrip(" ")))) + body


def _spoil(text: str, dice: random.Random) -> str:
    lines: list[str] = []
    wide = dice.choice([1, 2, 3])
    for number, line in enumerate(text.split("\n")):
        if dice.random() < 0.05:
            indent = len(line) - len(line.lstrip(" "))
            lines.append(" " * dice.choice([0, indent * wide]) + f"#mark{number}")
        if dice.random() < 0.05:
            lines.append("")
        lines.append(_widen_line(line, wide))
    return "\n".join(lines)
