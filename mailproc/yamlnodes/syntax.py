"""What the YAML parser says when it gives up, in words an admin understands. Dry: no I/O.

The parser's texts differ between its C and its Python form; the table knows both.
"""

import re
from typing import Any

import yaml

from mailproc.yamlnodes.show import shorten

Said = tuple[int, int, str, str, str]  # line, column, code, text, hint

_BARE_WORD = re.compile(r"[^\s,\[\]{}#]+")
_KEY_BEFORE = re.compile(r"([\w.-]{1,60})\s*:\s*$")

_MERGE = "Keep one of the two sides, and delete the lines that begin with <<<<<<<, ======= and >>>>>>>."

# (what the parser says, in C or in Python), code, text, hint, whether the place to show is where the construct began
_SYNTAX: tuple[tuple[str, str, str, str, bool], ...] = (
    ("unexpected end of stream", "R010", "the quote that opens here is never closed", "Add the closing quote.", True),
    ("unexpected document indicator", "R010", "the quote that opens here is never closed", "Add the closing quote.",
     True),
    ("',' or ']'", "R010", 'the list that opens here with "[" is not closed properly',
     'Put commas between its items and "]" at its end.', True),
    ("',' or '}'", "R010", 'the mapping that opens here with "{" is not closed properly',
     'Put commas between its entries and "}" at its end.', True),
    ("while parsing a flow", "R010", "this list or mapping is not closed properly",
     "Put commas between its entries and the closing bracket at its end.", True),
    ("unknown escape character", "R001", "between double quotes a backslash begins an escape, and this one is unknown",
     "Use single quotes, where a backslash is just a backslash: '\\d+'", False),
    ("mapping values are not allowed", "R011", 'a ":" is not expected here',
     'If it belongs to the text, quote the text: key: "one: two". Else check the indentation of this line.', False),
    ("could not find expected ':'", "R011", 'a ":" after this key is missing',
     "Write  key: value  with a space after the colon.", True),
    ("tab character", "R011", "a tab cannot indent YAML", "Use spaces.", False),
    ("expected key", "R011", "this line does not fit its neighbours",
     "Indent it like the keys of the same mapping (spaces only); text in quotes must end with its quote.", False),
    ("while parsing a block", "R011", "this line does not fit its neighbours",
     "Indent it like its neighbours (spaces only); each item of a list starts with a dash and a space.", False),
    ("entries are not allowed", "R011", "a list item is not expected here",
     "Start the list on a line of its own, indented below its key.", False),
    ("tag", "R003", "what begins with ! is a tag: tags are not used here", "Quote it if it is text.", False),
    ("anchor", "R002", "what begins with & is an anchor: anchors are not used here", "Quote it if it is text.", False),
    ("<document start>", "R001", "the file goes on after its end",
     "Look for a missing bracket, or for text that stands outside the first mapping.", False),
    ("", "R001", "YAML cannot be read from here on",
     "Look for a missing quote, colon or bracket, here or in the line above.", False),
)  # fmt: skip


def explain_syntax(error: yaml.MarkedYAMLError, lines: list[str]) -> Said:
    """Where reading ended, and why, in plain words with what to do about it."""
    conflict = next((at for at, text in enumerate(lines, 1) if text.startswith("<<<<<<< ")), 0)
    if conflict:
        return conflict, 1, "R011", "git left a merge conflict here", _MERGE
    said = f"{error.context or ''}: {error.problem or ''}"
    line, column = place(error.problem_mark or error.context_mark)
    first_line, start = place(error.context_mark or error.problem_mark)
    if "alias" in said or "cannot start any token" in said or "anchor" in said:
        unquotable = _explain_unquotable(line, start if first_line == line else column, lines)
        if unquotable:
            return unquotable
    _, code, text, hint, is_at_start = next(row for row in _SYNTAX if row[0] in said)
    if is_at_start:
        line, column = first_line, start
        hidden = re.search(r"\s(#\S*)", _source(lines, line)[column - 1 :])
        if hidden:
            hint += f' (The text after " #" is a comment: quote what holds "{shorten(hidden.group(1))}".)'
    if line > len(lines):  # the end of a file whose last line has no end is a line of its own for the parser
        line, column = len(lines), len(lines[-1]) + 1
    return line, column, code, text, hint


def place(mark: Any) -> tuple[int, int]:
    """Line and column of a mark of the parser, from 1; (0, 0) when there is none."""
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def quote(text: str) -> str:
    """The text in the quotes that leave it as it is."""
    return f'"{text}"' if '"' not in text and "\\" not in text else "'" + text.replace("'", "''") + "'"


def _explain_unquotable(line: int, column: int, lines: list[str]) -> Said | None:
    """R012 (and tabs) at a character no plain value may begin with; None when it is something else."""
    before, rest = _source(lines, line)[: column - 1], _source(lines, line)[column - 1 :]
    if rest.startswith("\t"):
        return line, column, "R011", "a tab cannot indent YAML", "Use spaces."
    word = _BARE_WORD.match(rest)
    if not word or rest[0] not in "@`%*&":
        return None
    shown = shorten(word.group())
    domain = re.fullmatch(r"\*?@([\w-]+(?:\.[\w-]+)+)", shown)
    below = re.fullmatch(r"\*(\.[\w-]+(?:\.[\w-]+)+)", shown)
    key = _KEY_BEFORE.search(before[-70:])
    prefix = f"{key.group(1)}: " if key else ""
    if domain:
        advice = f"Write  {prefix}{domain.group(1)}  (a bare name is a domain)"
    elif below:
        advice = f"Write  {prefix}{below.group(1)}  (a domain with its subdomains)"
    else:
        advice = f"Quote it: {prefix}{quote(shown)}"
    return line, column, "R012", f'"{shown}" cannot stand unquoted in YAML. {advice}', ""


def _source(lines: list[str], line: int) -> str:
    return lines[line - 1] if 0 < line <= len(lines) else ""
