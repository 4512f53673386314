"""YAML text to nodes, with parser events and a stack of its own. Dry: no I/O.

Nothing is built from a tag, no alias is followed, no value gets a type.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from mailproc.yamlnodes.nodes import Document, Mapping, Node, Problem, Scalar, Sequence
from mailproc.yamlnodes.show import LINE_BREAK, shorten, split_lines
from mailproc.yamlnodes.syntax import explain_syntax, place, quote

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_PROBLEMS = 100

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # only its scanner and parser are used
_NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_ESCAPED_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def load(text: str | bytes, name: str) -> Document:
    """The nodes of a YAML text and everything wrong with it, in file order; never raises, whatever the text."""
    raw = text if isinstance(text, bytes) else text[: MAX_BYTES + 1].encode("utf-8", "surrogatepass")
    if len(raw) > MAX_BYTES:
        hint = "Split it, or check that it is the right file."
        return _refuse(Problem(name, 0, 0, "R004", "the file is larger than 1 MB", hint))
    if isinstance(text, bytes):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            return _refuse(_not_utf8(name, raw, error))
    text = text.removeprefix("\ufeff")
    odd = _NOT_PRINTABLE.search(text)
    if odd:
        line, column = _position(text, odd.start())
        what = "NUL byte" if odd.group() == "\0" else f"control character U+{ord(odd.group()):04X}"
        hint = "Remove it; a file written by an editor in UTF-8 has none."
        return _refuse(Problem(name, line, column, "R006", f"a {what} stands here", hint))
    builder = _Builder(name, split_lines(text))
    parser = _LOADER(text)
    try:
        builder.build(_events(parser))
    except yaml.MarkedYAMLError as error:
        builder.report(*explain_syntax(error, builder.lines))
        builder.is_broken = True
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError):  # the Python scanner on \UFFFFFFFF and the like
        builder.report(0, 0, "R001", "this is not YAML", "Start again from a file that worked.")
        builder.is_broken = True
    finally:
        parser.dispose()
    problems = sorted(builder.problems + builder.warnings, key=lambda problem: (problem.line, problem.column))
    return Document(None if builder.is_broken else builder.root, tuple(problems))


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet; `key` waits for its value."""

    is_list: bool
    line: int
    column: int
    items: list[Node] = field(default_factory=list)
    entries: dict[str, tuple[Scalar, Node]] = field(default_factory=dict)
    key: Scalar | None = None


class _Builder:
    """Builds the tree from parser events with a stack of its own: depth costs no recursion."""

    def __init__(self, name: str, lines: list[str]) -> None:
        self.name = name
        self.lines = lines
        self.problems: list[Problem] = []  # never more than MAX_PROBLEMS: a wrong file is shown, not flooded with
        self.warnings: list[Problem] = []
        self.root: Node | None = None
        self.is_broken = False
        self._open: list[_Open] = []
        self._is_second = False

    def report(self, line: int, column: int, code: str, text: str, hint: str = "") -> None:
        self.problems.append(Problem(self.name, line, column, code, text, hint))

    def build(self, events: Iterator[yaml.Event]) -> None:
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                self._take(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                if self._is_second:
                    self.report(*place(event.start_mark), "R008", "a second document starts here",
                                "Remove the line ---, or move what follows into a file of its own.")  # fmt: skip
                    return
                self._is_second = True
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close()
            if self.is_broken or len(self.problems) >= MAX_PROBLEMS:
                self.is_broken = True
                return

    def _take(self, event: yaml.NodeEvent) -> None:
        line, column = place(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            shown = shorten(f"*{event.anchor}")
            self.report(line, column, "R002", f"{shown} is an alias: aliases are not used here",
                        f'Write the value out, or quote it if it is text: "{shown}"')  # fmt: skip
            self._add(Scalar(shown, line, column))
            return
        if event.anchor is not None:
            shown = shorten(f"&{event.anchor}")
            self.report(line, column, "R002", f"{shown} is an anchor: anchors are not used here",
                        f'Remove it, or quote the value if it is text: "{shown}"')  # fmt: skip
        tag = getattr(event, "tag", None)
        if tag is not None:
            self.report(line, column, "R003", f"{_show_tag(tag)} is a tag: tags are not used here",
                        "Remove it, or quote the value if it is text; every value is read as text.")  # fmt: skip
        if isinstance(event, yaml.ScalarEvent):
            self._take_scalar(event, line, column)
            return
        if len(self._open) >= MAX_DEPTH:
            self.report(line, column, "R007", f"lists and mappings are nested more than {MAX_DEPTH} deep here")
            self.is_broken = True
            return
        self._open.append(_Open(isinstance(event, yaml.SequenceStartEvent), line, column))

    def _take_scalar(self, event: yaml.ScalarEvent, line: int, column: int) -> None:
        odd = _ESCAPED_CONTROL.search(event.value)
        if odd:
            self.report(line, column, "R006", f"the value holds the control character U+{ord(odd.group()):04X}",
                        "Remove its escape (such as \\0) from the text between the quotes.")  # fmt: skip
        if event.style in (None, ""):
            self._warn_of_comment(event)
        self._add(Scalar(event.value, line, column))

    def _warn_of_comment(self, event: yaml.ScalarEvent) -> None:
        """R014: `Order #123` ends at `Order`. A comment set off in the usual way (` # why`) is left in peace."""
        line, end = place(event.end_mark)
        source = self.lines[line - 1] if line <= len(self.lines) else ""
        rest = source[end - 1 : end + 200]  # a slice: one line may hold half a million values
        hidden = rest.lstrip(" \t")
        gap = len(rest) - len(hidden)
        if not gap or len(hidden) < 2 or hidden[0] != "#" or hidden[1] in " \t#!-=*:":
            return
        if gap > 1 and not (hidden[1].isdigit() or not event.value):
            return
        first_line, start = place(event.start_mark)
        whole = shorten(source[(start if first_line == line else end) - 1 :].strip())
        seen = f'the value ends at "{shorten(event.value)}"' if event.value else "the value is empty"
        text = f'the text after " #" is a comment, so {seen}. Quote it: {quote(whole)}'
        if len(self.warnings) < MAX_PROBLEMS:
            self.warnings.append(Problem(self.name, line, end + gap, "R014", text, is_warning=True))

    def _close(self) -> None:
        done = self._open.pop()
        if done.is_list:
            self._add(Sequence(tuple(done.items), done.line, done.column))
        else:
            self._add(Mapping(tuple(done.entries.values()), done.line, done.column))

    def _add(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if parent.is_list:
            parent.items.append(node)
        elif parent.key is None:
            parent.key = self._as_key(node)
        else:
            key, parent.key = parent.key, None
            first = parent.entries.get(key.value)
            if first is None:
                parent.entries[key.value] = (key, node)
            else:
                self.report(key.line, key.column, "R013",
                            f'key "{shorten(key.value)}" appears twice (first at line {first[0].line})',
                            "Keep one of the two, or join what they say.")  # fmt: skip

    def _as_key(self, node: Node) -> Scalar:
        if isinstance(node, Scalar):
            return node
        self.report(node.line, node.column, "R009", "a key must be plain text, not a list or mapping",
                    'If braces or brackets belong to the text, quote it: "{...}"')  # fmt: skip
        return Scalar(f"?{len(self._open[-1].entries)}", node.line, node.column)


def _events(parser: Any) -> Iterator[yaml.Event]:
    event = parser.get_event()
    while not isinstance(event, yaml.StreamEndEvent):
        yield event
        event = parser.get_event()


def _refuse(problem: Problem) -> Document:
    return Document(None, (problem,))


def _not_utf8(name: str, raw: bytes, error: UnicodeDecodeError) -> Problem:
    line, column = _position(raw[: error.start].decode("utf-8"), error.start)
    text = f"this is not UTF-8 text: byte 0x{raw[error.start]:02X} belongs to another encoding"
    return Problem(name, line, column, "R005", text, "Save the file as UTF-8 in your editor.")


def _position(text: str, index: int) -> tuple[int, int]:
    lines = LINE_BREAK.split(text[:index])
    return len(lines), len(lines[-1]) + 1


def _show_tag(tag: str) -> str:
    return shorten(tag.replace("tag:yaml.org,2002:", "!!", 1))
