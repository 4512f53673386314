"""Reads what a web form mails: labels with values, in lines of text or in cells of an HTML table. Dry: no I/O.

Only labels that are asked for are found, so that no line somebody typed can make a field up. What stands in one cell,
or below a label up to the next known one, is that label's value and nobody else's.
"""

import html as entities
import re
import unicodedata
from collections.abc import Mapping

from mailproc.message.charsets import clean_text
from mailproc.message.htmltext import strip_tags

LONGEST_LABEL = 80
_LONGEST_TEXT = 200_000
_MOST_LINES = 5_000
_MOST_CELLS = 2_000
_LONGEST_MARKUP = 300_000
_LONGEST_CELL = 50_000

# Name: Jane · *Name:* Jane · Name = Jane · - Name : Jane
_LABELLED = re.compile(r"[\s>*_•·-]{0,8}([^:：=]{1,80}?)[\s*_]{0,4}[:：=][\s*_]{0,4}(.*)", re.S)
# Columns of a table that a mail program laid out as text
_COLUMNS = re.compile(r"\s{0,8}(\S.{0,78}?)(?:\t|[ \xa0]{2,})[ \t\xa0]*(\S.*)", re.S)
_REMARK = re.compile(r"\([^()]{1,40}\)[\s:：*]{0,4}\Z")  # Name (required):
_CELL = re.compile(r"<(/?)(tr|td|th|dt|dd|table|dl|body)\b[^<>]{0,2000}>", re.I)
_EDGES = " \t\r\n\xa0:：=*_•·-?!.()[]"
_SIGNATURE = re.compile(r"(?:-- ?|[-_=*–—]{3,})\s*")


def fold_label(label: str) -> str:
    """The label as labels are compared: without case, accents, marks at its ends and `(required)`."""
    text = unicodedata.normalize("NFKD", label[: 2 * LONGEST_LABEL].strip().casefold())
    text = "".join(character for character in text if not unicodedata.combining(character))
    return " ".join(_REMARK.sub("", text).strip(_EDGES).split())[:LONGEST_LABEL]


def read_values(text: str, markup: str, labels: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """What each label has, by what `labels` (folded label -> name) call it; every different value, in their order.

    Cells of HTML count before lines of text: nothing that somebody typed can end a cell.
    """
    found = _read_cells(markup[:_LONGEST_MARKUP], labels) if markup else {}
    for name, values in _read_lines(text[:_LONGEST_TEXT], labels).items():
        found.setdefault(name, values)
    return {name: tuple(dict.fromkeys(value for value in values if value)) for name, values in found.items()}


def one_line(value: str, longest: int) -> str:
    """The first line of a value that says something, clean and short."""
    for line in clean_text(value[:_LONGEST_CELL]).splitlines():
        plain = "".join(character if character.isprintable() else " " for character in line)
        if plain.strip():
            return " ".join(plain.split())[:longest].strip()
    return ""


def _read_lines(text: str, labels: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    name, value = "", list[str]()

    def keep() -> None:
        if name:
            found.setdefault(name, []).append("\n".join(value).strip())

    for line in text.splitlines()[:_MOST_LINES]:
        begun = _find_label(line, labels)
        if begun is not None:
            keep()
            name, value = begun[0], [begun[1]]
        elif name and _SIGNATURE.fullmatch(line.strip()):
            keep()
            name, value = "", []
        elif name:
            value.append(line.rstrip())
    keep()
    return found


def _find_label(line: str, labels: Mapping[str, str]) -> tuple[str, str] | None:
    """(name, what follows it) where a line begins with a known label."""
    for form in (_LABELLED, _COLUMNS):
        match = form.fullmatch(line)
        if match is not None and (name := labels.get(fold_label(match[1]))):
            return name, match[2].strip()
    bare = line.strip()
    # A label alone on its line, its value below
    if bare and len(bare) <= LONGEST_LABEL and (name := labels.get(fold_label(bare))):
        return name, ""
    return None


def _read_cells(markup: str, labels: Mapping[str, str]) -> dict[str, list[str]]:
    """Values that stand in the cell behind their label, or in the row below it."""
    found: dict[str, list[str]] = {}
    waiting = ""
    for row in _read_rows(markup):
        cells = [cell for cell in row if cell]
        if not cells:
            continue
        name = labels.get(fold_label(cells[0])) if len(cells[0]) <= 2 * LONGEST_LABEL else None
        if name and len(cells) > 1:
            found.setdefault(name, []).append("\n".join(cells[1:]))
            waiting = ""
        elif name and len(row) == 1:
            waiting = name
        elif waiting:
            found.setdefault(waiting, []).append("\n".join(cells))
            waiting = ""
    return found


def _read_rows(markup: str) -> list[list[str]]:
    rows: list[list[str]] = [[]]
    start, cells = -1, 0

    def end(at: int) -> None:
        inside = markup[start : min(at, start + _LONGEST_CELL)]
        rows[-1].append(entities.unescape(strip_tags(inside)).strip())

    for tag in _CELL.finditer(markup):
        closing, kind = bool(tag[1]), tag[2].lower()
        if start >= 0:
            end(tag.start())
            start, cells = -1, cells + 1
        if cells >= _MOST_CELLS:
            break
        if kind in ("tr", "dt") and not closing:
            rows.append([])
        if kind in ("td", "th", "dt", "dd") and not closing:
            start = tag.end()
    if start >= 0 and cells < _MOST_CELLS:
        end(len(markup))
    return rows
