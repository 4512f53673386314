"""Problems as an admin reads them, and the word that was probably meant. Dry: no I/O."""

import difflib
import re
from collections.abc import Iterable

from mailproc.yamlnodes.nodes import Problem

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_UNSAFE_TO_SHOW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")
_SHOWN_WIDTH = 120


def split_lines(text: str) -> list[str]:
    """The lines as YAML counts them, without their ends."""
    return LINE_BREAK.split(text.removeprefix("\ufeff"))


def format_problem(problem: Problem, source_text: str) -> str:
    """`file:line:col code text`, then the source line with a caret, then the suggestion; no newline at the end."""
    where = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    text = _UNSAFE_TO_SHOW.sub("?", problem.text.replace("\n", " "))
    rows = [f"{where} {problem.code} {'warning: ' if problem.is_warning else ''}{text}"]
    lines = split_lines(source_text) if problem.line else []
    if 0 < problem.line <= len(lines) and lines[problem.line - 1].strip():
        line = lines[problem.line - 1]
        column = min(max(problem.column, 1), len(line) + 1)
        start = max(0, column - 80) if len(line) > _SHOWN_WIDTH else 0
        shown = line[start : start + _SHOWN_WIDTH]
        before = "".join("\t" if char == "\t" else " " for char in shown[: column - 1 - start])
        rows += ["    " + _UNSAFE_TO_SHOW.sub("?", shown), f"    {before}^"]
    rows += ["    " + _UNSAFE_TO_SHOW.sub("?", row) for row in problem.hint.splitlines()]
    return "\n".join(rows)


def find_nearest(word: str, choices: Iterable[str]) -> str:
    """The choice that looks most like `word`, "" when none is near."""
    if not word or len(word) > 64:
        return ""
    by_plain = {_plain(choice): choice for choice in choices}
    plain = _plain(word)
    if plain in by_plain:
        return by_plain[plain]
    near = difflib.get_close_matches(plain, by_plain, n=1, cutoff=0.6)
    return by_plain[near[0]] if near else ""


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """`did you mean "billing"?` for `biling`, "" when nothing is near."""
    nearest = find_nearest(word, choices)
    return f'did you mean "{nearest}"?' if nearest else ""


def shorten(text: str) -> str:
    """`text`, cut where it would flood a message."""
    return text if len(text) <= 80 else text[:77] + "..."


def _plain(word: str) -> str:
    return word.casefold().replace("-", "_").replace(" ", "_")
