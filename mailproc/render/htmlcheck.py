"""What is wrong with the HTML of a mail: tags that do not fit, content from elsewhere, code. Reads a text, no I/O.

To say where in a template it is, the template's tags are marked with their places before it is rendered.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import NamedTuple

_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_FORBIDDEN = frozenset("applet audio base embed form frame frameset iframe input link object script video".split())
_LOADING = frozenset({"src", "srcset", "background", "poster", "data", "lowsrc"})
_LINKS = ("mailto:", "tel:", "https://", "http://", "#")
_REMOTE_STYLE = re.compile(r"url\s*\(|@import|expression\s*\(", re.IGNORECASE)
_TRAP = re.compile(r"(?<![\w-])color\s*:\s*(?:#000(?:000)?|#fff(?:fff)?|black|white)\b", re.IGNORECASE)
_BACKGROUND = re.compile(r"background", re.IGNORECASE)
_TAG = re.compile(r"<!--.*?-->|\{[{%#].*?[}%#]\}|</?[a-zA-Z]", re.DOTALL)
_MARK = re.compile(r"@(\d+)@")


class Fault(NamedTuple):
    """One thing wrong; `file`, `line` and `column` are of the template, "" and 0 where nobody knows."""

    kind: str  # unbalanced | remote | code | dark
    text: str
    file: str
    line: int
    column: int


class Places:
    """Where each tag of the templates stands; `mark` is given to `Templates`."""

    def __init__(self) -> None:
        self._known: list[tuple[str, int, int]] = []

    def mark(self, source: str, file: str) -> str:
        """The template with a comment before each tag that says which one it is."""

        def put(found: re.Match[str]) -> str:
            if found[0][:2] in ("<!", "{{", "{%", "{#"):
                return found[0]
            line = source.count("\n", 0, found.start()) + 1
            column = found.start() - source.rfind("\n", 0, found.start())
            self._known.append((file, line, column))
            return f"<!--@{len(self._known) - 1}@-->{found[0]}"

        return _TAG.sub(put, source)

    def find(self, mark: str) -> tuple[str, int, int] | None:
        found = _MARK.fullmatch(mark)
        return self._known[int(found[1])] if found and int(found[1]) < len(self._known) else None


def find_faults(html: str, places: Places) -> tuple[Fault, ...]:
    """What is wrong with rendered HTML, each fault once."""
    reader = _Reader(places)
    reader.feed(html)
    reader.close()
    reader.end()
    return tuple(dict.fromkeys(reader.faults))


def visible_text(html: str) -> str:
    """What a reader of the HTML sees."""
    reader = _Reader(Places())
    reader.feed(html)
    reader.close()
    return "".join(reader.text)


class _Reader(HTMLParser):
    def __init__(self, places: Places) -> None:
        super().__init__()
        self.faults: list[Fault] = []
        self.text: list[str] = []
        self._places = places
        self._at = ("", 0, 0)
        self._open: list[tuple[str, tuple[str, int, int]]] = []

    def handle_comment(self, data: str) -> None:
        self._at = self._places.find(data) or self._at

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._look_at(tag, attrs)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._look_at(tag, attrs)
        if tag not in _VOID:
            self._open.append((tag, self._at))

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not any(name == tag for name, _ in self._open):
            self._add("unbalanced", f"</{tag}> closes nothing", self._at)
            return
        while self._open:
            name, at = self._open.pop()
            if name == tag:
                return
            self._add("unbalanced", f"<{name}> is not closed before </{tag}>", at)

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] == "style":
            if _REMOTE_STYLE.search(data):
                self._add("remote", "a style loads something from elsewhere", self._at)
        elif not (self._open and self._open[-1][0] in ("title", "script")):
            self.text.append(data)

    def end(self) -> None:
        for name, at in self._open:
            self._add("unbalanced", f"<{name}> is never closed", at)

    def _look_at(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _FORBIDDEN:
            self._add("code", f"<{tag}> has no place in a mail: mail programs remove it or warn of it", self._at)
        for text in _judge_attributes(attrs):
            self._add("remote" if "loads" in text else "dark" if "dark" in text else "code", text, self._at)

    def _add(self, kind: str, text: str, at: tuple[str, int, int]) -> None:
        self.faults.append(Fault(kind, text, *at))


def _judge_attributes(attrs: list[tuple[str, str | None]]) -> Iterator[str]:
    for name, given in attrs:
        value = (given or "").strip()
        if name in _LOADING and not value.lower().startswith("cid:"):
            yield f"{name}={value[:60]!r} loads something from elsewhere: readers are warned, or tracked"
        elif name.startswith("on"):
            yield f"{name}= is code, which no mail program runs"
        elif name in ("href", "action", "formaction") and not value.lower().startswith(_LINKS):
            yield f"{name}={value[:60]!r} is no link for a mail; use https:, mailto: or tel:"
        elif name == "style" and _REMOTE_STYLE.search(value):
            yield "the style loads something from elsewhere"
        elif name == "style" and _TRAP.search(value) and not _BACKGROUND.search(value):
            yield "pure black or white letters vanish in dark or light mail programs; set no colour, or both"
