"""A text template's source to what jinja2 compiles: its text, and the HTML of the same mail. No I/O, renders nothing.

Admins write each mail once, as text with a few marks (templates/README.md lists them). The marks are read in the
template only, before any value is in it: nothing that a customer writes can become a mark. Both sources keep their
lines where they were, so that an error names the line of the file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import NamedTuple

from mailproc.render.variables import MULTILINE

_TOKEN = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})")
_CONTROL = re.compile(r"\s*(?:\{%-?\s*(\w+)(?:(?!%\}).)*%\}|\{#(?:(?!#\}).)*#\})\s*")
_VALUE = re.compile(r"\s*\{\{\s*((\w+)(?:\s+or\s+(?:\"[^\"]*\"|'[^']*'))?)\s*(\|\s*quoted)?\s*\}\}\s*")
_ROW = re.compile(r"([^{}:]{1,40}?)([ \u00a0\u202f]?:) {2,}(\S.*)")
_ITEM = re.compile(r"- (.+)")
_BANNER = re.compile(r"!! (.+)")
_BUTTON = re.compile(r"\[(.+)\]\((\{\{\s*\w+\s*\}\}|https?://[^\s()]+)((?: [^()]*)?)\)")
_SMALL = re.compile(r"---")
_RULE = re.compile(r"-{4,}")
_STRONG = re.compile(r"\*\*")
_BOLD = "\x02"  # begins or ends bold, until the lines of a paragraph are together
_NUMBERS = ("number", "other_number", "merged_number", "join_number")  # never broken over two lines
_OWN_WORDS = re.compile(r"[A-Z]+\[|\w+\(|\w+\s*\|\s*counted\b")  # words of a template, and counts: no long addresses
_OPENERS = frozenset({"if", "for", "with", "filter", "call", "macro", "block", "raw", "autoescape"})
_SAME_LEVEL = frozenset({"elif", "else"})
_LONGEST_LINE = 4000
_STYLES = ("PARAGRAPH", "LEAD", "SMALL", "BANNER", "RULE", "QUOTE", "LIST", "CARD", "LABEL", "CELL", "BUTTON", "ACTION")
_HEAD = (
    '{% extends "layout.html.j2" %}{% from "parts.html.j2" import ' + ", ".join(_STYLES) + " %}{% block content %}"
)
_GROUPS = {
    "item": ('<ul style="{{ LIST }}">', "</ul>"),
    "row": ('<table style="{{ CARD }}">', "</table>"),
    "banner": ('<p role="alert" style="{{ BANNER }}">', "</p>"),
    "words": ('<p style="{{ %s }}">', "</p>"),
}


@dataclass(slots=True)
class _Node:
    """A line, or what stands between the lines of an `if` or `for`, those included."""

    kind: str  # blank control small rule quote value item row banner button words; "" for an if or for
    lines: list[int] = field(default_factory=list)
    inside: list["_Node"] = field(default_factory=list)


class _Line(NamedTuple):
    kind: str
    found: re.Match[str] | None = None


def to_text(source: str) -> str:
    """The text template without its marks."""
    lines = source.split("\n")
    return "\n".join([_text_line(line, reading.kind) for line, reading in zip(lines, _read(lines), strict=True)])


def to_html(source: str) -> str:
    """An HTML template that says what the text template says; the first line, a subject, is left out."""
    lines = source.split("\n")
    lines[0] = ""
    readings = list(_read(lines))
    before, after = [""] * len(lines), [""] * len(lines)
    before[0] = _HEAD
    nodes, rest = _gather(readings, 0)
    if rest < len(lines):  # an `endif` too many: jinja2 says so when it compiles the text
        nodes.append(_Node("control", list(range(rest, len(lines)))))
    _wrap(nodes, lines, before, after)
    after[-1] += "{% endblock %}"
    made = [_html_line(line, reading) for line, reading in zip(lines, readings, strict=True)]
    _carry_bold(made, after)
    return "\n".join([f"{first}{line}{last}" for first, line, last in zip(before, made, after, strict=True)])


def _carry_bold(made: list[str], after: list[str]) -> None:
    """Turn the marks of bold into tags; what is bold stays so over the lines of a paragraph and ends with it."""
    is_strong = False
    for number, line in enumerate(made):
        if _BOLD in line:
            first, *parts = line.split(_BOLD)
            for part in parts:
                is_strong = not is_strong
                first += ("<strong>" if is_strong else "</strong>") + part
            made[number] = first
        if is_strong and ("</p>" in after[number] or not line or line.endswith(("</li>", "</tr>", "</a></p>"))):
            made[number] += "</strong>"
            is_strong = False


def _read(lines: list[str]) -> Iterator[_Line]:
    """What kind of line each one is; lines inside a tag of several lines are left as they are."""
    end = ""  # what closes the tag that is open
    for number, line in enumerate(lines, 1):
        if len(line) > _LONGEST_LINE:  # looking for marks would take for ever
            raise ValueError(f"line {number} is longer than {_LONGEST_LINE} characters")
        if end:
            end = "" if end in line else end
            yield _Line("control")
            continue
        bare = _TOKEN.sub("", line)
        start = next((mark for mark in ("{%", "{{", "{#") if mark in bare), "")
        if start:
            end = {"{%": "%}", "{{": "}}", "{#": "#}"}[start]
            yield _Line("control")
            continue
        yield _read_line(line)


def _read_line(line: str) -> _Line:
    if not line.strip():
        return _Line("blank")
    for kind, pattern in _KINDS:
        found = pattern.fullmatch(line)
        if found is None:
            continue
        if kind == "value":
            if found[3]:
                return _Line("quote", found)
            if found[2] not in MULTILINE:
                continue
        return _Line(kind, found)
    return _Line("words")


_KINDS = (
    ("control", _CONTROL),
    ("value", _VALUE),
    ("small", _SMALL),
    ("rule", _RULE),
    ("item", _ITEM),
    ("banner", _BANNER),
    ("button", _BUTTON),
    ("row", _ROW),
)


def _gather(readings: list[_Line], start: int) -> tuple[list[_Node], int]:
    """The nodes from a line on up to the end of the `if` or `for` it stands in, and the line after them."""
    nodes: list[_Node] = []
    at = start
    while at < len(readings):
        kind, found = readings[at]
        word = (found[1] or "") if kind == "control" and found is not None else ""
        if word.startswith("end"):
            return nodes, at
        if word in _OPENERS:
            inside, end = _gather(readings, at + 1)
            nodes.append(_Node("", [at, min(end, len(readings) - 1)], [_Node("control", [at]), *inside]))
            if end < len(readings):
                nodes[-1].inside.append(_Node("control", [end]))
            at = end + 1
            continue
        joins = bool(nodes) and nodes[-1].kind == kind and kind in ("words", "banner")
        if joins:
            nodes[-1].lines.append(at)
        else:
            nodes.append(_Node(kind, [at]))
        at += 1
    return nodes, at


def _group_of(node: _Node) -> str:
    """item or row where all that a node holds is that, else ""."""
    if node.kind:
        return node.kind if node.kind in ("item", "row") else ""
    kinds = {_group_of(child) for child in node.inside if child.kind not in ("control", "blank")}
    return kinds.pop() if len(kinds) == 1 else ""


def _wrap(nodes: list[_Node], lines: list[str], before: list[str], after: list[str]) -> None:
    """Put the tags around lists, cards and paragraphs."""
    at = 0
    small = False
    while at < len(nodes):
        node = nodes[at]
        group = _group_of(node)
        if group:
            last = at
            for later in range(at + 1, len(nodes)):
                if _group_of(nodes[later]) == group:
                    last = later
                elif nodes[later].kind not in ("control",):
                    break
            opening, closing = _GROUPS[group]
            before[node.lines[0]] = opening + before[node.lines[0]]
            after[nodes[last].lines[-1]] += closing
            at = last + 1
            continue
        if node.kind in ("words", "banner"):
            opening, closing = _GROUPS[node.kind]
            if node.kind == "words":
                after_it = next((later.kind for later in nodes[at + 1 :] if later.kind not in ("blank", "control")), "")
                leads = lines[node.lines[-1]].rstrip().endswith(":") and after_it != "words"  # else it greets
                opening %= "SMALL" if small else "LEAD" if leads else "PARAGRAPH"
            before[node.lines[0]] += opening
            after[node.lines[-1]] = closing + after[node.lines[-1]]
        elif not node.kind:
            _wrap(node.inside, lines, before, after)
        small = node.kind == "small"
        at += 1


def _text_line(line: str, kind: str) -> str:
    if kind == "control":
        return line
    if kind == "button":
        found = _BUTTON.fullmatch(line)
        assert found is not None
        # words for the mail are for a button; who reads text just answers
        return "{# a button #}" if found[3].strip() else f"{_unmark(found[1])}:{{{{ '\\n' }}}}  {found[2]}"
    return _keep_end(_unmark(line))


def _keep_end(line: str) -> str:
    """The line end after `{% endif %}` in the middle of a sentence is one; jinja2 would take it away."""
    return f"{line[:-2]}+%}}" if line.endswith("%}") and line[-3:-2] not in ("-", "+") else line


def _unmark(line: str) -> str:
    line = line[:-1].rstrip() if line.endswith("\\") else line
    if "**" not in line:
        return line
    return "".join([piece if piece.startswith("{") else _STRONG.sub("", piece) for piece in _TOKEN.split(line)])


def _html_line(line: str, reading: _Line) -> str:
    kind, found = reading
    if kind in ("control", "blank"):
        return line
    if kind == "small":
        return ""
    if kind == "rule":
        return '<hr style="{{ RULE }}">'
    if found is None:
        return _inline(line)
    if kind == "quote":
        return (
            f'<blockquote type="cite" dir="auto" style="{{{{ QUOTE }}}}">{{{{ ({found[1]})|breaks }}}}</blockquote>'
        )
    if kind == "value":
        return f'<div dir="auto" style="{{{{ PARAGRAPH }}}}">{{{{ ({found[1]})|breaks }}}}</div>'
    if kind == "item":
        return f"<li>{_inline(found[1])}</li>"
    if kind == "banner":
        return _inline(found[1])
    if kind == "row":
        return (
            f'<tr><th scope="row" style="{{{{ LABEL }}}}">{_inline(found[1])}</th>'
            f'<td style="{{{{ CELL }}}}">{_inline(found[3])}</td></tr>'
        )
    return _button(found)


def _button(found: re.Match[str]) -> str:
    label, target, words = _inline(found[1], isolates=False), found[2], found[3].strip()
    if target.startswith("http"):
        href = escape(target)
    else:
        address = target.strip("{} ")
        href = f"{{{{ {address}|mailto(reply_subject, {_as_expression(words)}) }}}}"
    return f'<p style="{{{{ ACTION }}}}"><a href="{href}" style="{{{{ BUTTON }}}}">{label}</a></p>'


def _as_expression(words: str) -> str:
    """Literal text and `{{ }}` as one jinja2 expression."""
    pieces = []
    for piece in _TOKEN.split(words):
        if piece.startswith("{{"):
            pieces.append(f"({piece[2:-2].strip()})")
        elif piece:
            pieces.append('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"')
    return " ~ ".join(pieces) or '""'


def _inline(line: str, *, isolates: bool = True) -> str:
    """A line of text as markup: what the admin wrote is escaped, each value stands in a direction of its own."""
    keeps_end = line.endswith("\\")
    if keeps_end:
        line = line[:-1].rstrip()
    made = []
    for piece in _TOKEN.split(line):
        if piece.startswith("{{"):
            name = piece[2:-2].strip()
            if name in _NUMBERS:
                piece = f'<strong style="white-space:nowrap">{piece}</strong>'
            else:
                piece = piece if _OWN_WORDS.match(name) else f"{{{{ ({name})|soft }}}}"
                if isolates:
                    piece = f"<bdi>{piece}</bdi>"
            made.append(piece)
        elif piece.startswith(("{%", "{#")):
            made.append(piece)
        else:
            made.append(_STRONG.sub(_BOLD, escape(piece, quote=False)))
    return "".join(made) + "<br>" if keeps_end else _keep_end("".join(made))
