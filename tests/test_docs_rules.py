"""docs/rules.md against the program: its books load, their tests pass, its wrong ones are wrong, its outputs are real.

Before a YAML block an HTML comment says what it is: `book FILE` starts a new book, `file FILE` adds or replaces a file
of the book before, `warns FILE` is a book of its own with warnings, `wrong FILE` one with errors or failing tests. A
console block shows a command and what it prints for the book before it. After a message has changed,
`python tests/test_docs_rules.py` writes the outputs anew.
"""

import contextlib
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailproc.cli import cli
from mailproc.cli.rules import VERBS
from mailproc.rulebook.actions import ACTIONS
from mailproc.rulebook.conditions import CONDITIONS
from mailproc.rulebook.textoperators import OPERATORS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rules.md"
TEXT = PAGE.read_text(encoding="utf-8")
SETTINGS = """\
version: 1
site: {name: Acme Support, prefix: ACME, addresses: [support@acme.example, billing@acme.example],
       domain: acme.example, languages: [en, de, pl], default_language: en, timezone: Europe/Warsaw}
database: sqlite:///data/mailproc.db
keys_file: data/keys
rules: rules/
templates: templates/
intake: []
delivery: {kind: maildir, path: data/sent}
"""
BLOCK = re.compile(r"(?:<!-- (book|file|warns|wrong) ([\w-]+\.yaml) -->\n)?^```(\w+)\n(.*?)^```$", re.DOTALL | re.M)


@dataclass(frozen=True)
class Book:
    """The files that stand at one place of the page."""

    kind: str
    line: int
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Output:
    """A command, what the page says it prints, and the book it is about."""

    command: str
    printed: str
    book: Book
    start: int  # of the printed part in the page


def read_page(text: str) -> tuple[list[Book], list[Output]]:
    """The books and outputs of the page, in order."""
    books: list[Book] = []
    outputs: list[Output] = []
    files: dict[str, str] = {}
    for block in BLOCK.finditer(text):
        kind, name, language, content = block.groups()
        line = text.count("\n", 0, block.start(4)) + 1
        if kind:
            files = ({} if kind != "file" else files) | {name: content}
            books.append(Book(kind, line, tuple(files.items())))
        elif language == "console":
            first, _, printed = content.partition("\n")
            command = first.removeprefix("$ ")
            outputs.append(Output(command, printed, books[-1], block.start(4) + len(first) + 1))
    return books, outputs


BOOKS, OUTPUTS = read_page(TEXT)


@contextlib.contextmanager
def site_with(book: Book) -> Iterator[None]:
    """A site with that book, and we are in its folder."""
    former = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "mailproc.yaml").write_text(SETTINGS, encoding="utf-8")
        rules = Path(folder) / "rules"
        rules.mkdir()
        for name, text in book.files:
            (rules / name).write_text(text, encoding="utf-8")
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(former)


def run(command: str) -> tuple[int, str]:
    """(exit code, what it prints) of a command line as the page shows it."""
    words = shlex.split(command)
    assert words[0] == "mailproc"
    result = CliRunner().invoke(cli, ["--config", "mailproc.yaml", *words[1:]])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: f"line {book.line}")
def test_book_on_the_page_is_what_the_page_says(book: Book) -> None:
    with site_with(book):
        code, printed = run("mailproc rules check")
        is_strictly_well = run("mailproc rules check --strict")[0] == 0
    expected = {"wrong": (1, False), "warns": (0, False)}.get(book.kind, (0, True))
    assert (code, is_strictly_well) == expected, printed


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: f"{output.command} at line {output.book.line}")
def test_output_on_the_page_is_what_is_printed(output: Output) -> None:
    with site_with(output.book):
        assert run(output.command)[1] == output.printed


def test_page_has_examples_of_each_kind() -> None:
    assert {book.kind for book in BOOKS} == {"book", "file", "warns", "wrong"}
    assert len(BOOKS) >= 15 and len(OUTPUTS) >= 7
    # A YAML block that nobody runs is at most the line for editors
    untested = [block[4] for block in BLOCK.finditer(TEXT) if block[3] == "yaml" and not block[1]]
    assert untested == ["# yaml-language-server: $schema=rules.schema.json\n"]


def test_page_shows_both_verdicts_of_every_book_that_is_wrong() -> None:
    told = {output.book for output in OUTPUTS}
    assert [book.line for book in BOOKS if book.kind in ("wrong", "warns") and book not in told] == []


@pytest.mark.parametrize("name", [*CONDITIONS, *OPERATORS, "any", "all", "not", "field.NAME"])
def test_page_names_every_condition_and_operator(name: str) -> None:
    assert re.search(rf"`{re.escape(name)}\b", TEXT)


@pytest.mark.parametrize("name", [*ACTIONS, "field.NAME"])
def test_page_lists_every_action_and_where_it_may_stand(name: str) -> None:
    row = re.search(rf"^\| `{re.escape(name)}` \|.*\| ?(yes)? ?\|$", TEXT, re.MULTILINE)
    assert row, name
    assert (row[1] == "yes") == (name == "field.NAME" or ACTIONS[name].in_classify)


@pytest.mark.parametrize("verb", VERBS)
def test_page_names_every_verb(verb: str) -> None:
    assert f"mailproc rules {verb}" in TEXT


def test_page_links_lead_to_its_sections() -> None:
    titles = re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}
    assert [link for link in re.findall(r"\]\(#([^)]+)\)", TEXT) if link not in anchors] == []


def write_outputs() -> None:
    """Put what the commands print now into the page."""
    text = TEXT
    for output in reversed(OUTPUTS):
        with site_with(output.book):
            printed = run(output.command)[1]
        text = text[: output.start] + printed + text[output.start + len(output.printed) :]
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_outputs()
    sys.exit(0)
