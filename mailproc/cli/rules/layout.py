"""The normal form of a rule file: two-space steps, the keys of a rule in their usual order, no needless quotes.

Every comment stays with the line it belongs to, and a list in brackets over several lines stays as its writer laid it
out. A text whose meaning, comments or normal form would not be sure is refused, never written. No file access.

Not ruamel.yaml: it drops comments inside brackets, and comments do not move with a key that changes its place.
"""

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import Any

import yaml

from mailproc import yamlnodes
from mailproc.yamlnodes import Mapping, Node, Scalar, Sequence

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # reads what `yamlnodes` reads
STEP = 2

RULE_KEYS = ("name", "mode", "also", "when", "set", "do", "continue", "rules")
TEST_KEYS = ("name", "mail", "expect")
AGENT_KEYS = ("name", "address", "departments", "language", "role")
# key of a list -> the order of the keys in its items
_ORDERS = {
    "classify": RULE_KEYS, "route": RULE_KEYS, "rules": RULE_KEYS, "tests": TEST_KEYS, "agents": AGENT_KEYS,
}  # fmt: skip

# A word that every reader of YAML takes for text, ours and an editor's; sentences keep the quotes they were given
_PLAIN = re.compile(r"[A-Za-z][\w.@/+-]*", re.ASCII)
_WORDS_OF_YAML = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


class Unsure(Exception):
    """The text is left as it is; the words say why."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A comment or blank line between two entries."""

    text: str  # without indentation
    column: int


def normalise(text: str, name: str = "") -> str:
    """The text in its normal form. Raises Unsure when that could lose anything, or the text has errors."""
    former = yamlnodes.load(text, name)
    if former.root is None or former.errors:
        raise Unsure("it has errors")
    done = _lay_out(text)
    again = yamlnodes.load(done, name)
    if again.root is None or again.errors or not _is_same(former.root, again.root):
        raise Unsure("its meaning would change")
    if _comments(text) != _comments(done):
        raise Unsure("a comment would be lost")
    if _lay_out(done) != done:
        raise Unsure("its layout has no normal form")
    return done


def _lay_out(text: str) -> str:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").expandtabs(8)
    node = yaml.compose(text, Loader=_LOADER)
    if node is None:
        return text
    return "\n".join(_Layout(text).lay_out(node)) + "\n"


class _Layout:
    """One file being laid out; line and column numbers are those of the text given."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]  # index of each line

    def lay_out(self, root: yaml.Node) -> list[str]:
        first, last = root.start_mark.line, self._last_line(root)
        head = self._between(-1, first)
        if any(line.text and not line.text.startswith("#") for line in head):
            raise Unsure("something stands before its first key")
        lines = [line.text for line in _thin_out(head)]
        while lines and not lines[0]:
            del lines[0]
        lines += self._block(root, 0, self._between(last, len(self.lines)), ())
        while lines and not lines[-1]:
            lines.pop()
        return lines

    # ---- blocks

    def _block(self, node: yaml.Node, column: int, tail: list[_Line], order: tuple[str, ...]) -> list[str]:
        """A collection from `column` on, with the comments behind it that belong inside."""
        if isinstance(node, yaml.MappingNode) and not node.flow_style:
            return self._mapping(node, column, tail, order)
        if isinstance(node, yaml.SequenceNode) and not node.flow_style:
            return self._sequence(node, column, tail, order)
        lines = self._value(node, column, column, order)
        return [" " * column + lines[0] + self._trailing(node), *lines[1:], *_indent(tail, column)]

    def _mapping(self, node: yaml.MappingNode, column: int, tail: list[_Line], order: tuple[str, ...]) -> list[str]:
        pairs = node.value
        old_column = pairs[0][0].start_mark.column
        chunks: list[tuple[str, list[_Line], list[str]]] = []
        lead: list[_Line] = []
        end: list[_Line] = []
        for index, (key, value) in enumerate(pairs):
            is_last = index + 1 == len(pairs)
            last = self._last_line_of(key, value)
            behind = tail if is_last else self._between(last, pairs[index + 1][0].start_mark.line)
            inside, rest = _split_tail(behind, old_column)
            chunks.append((key.value, lead, self._entry(key, value, column, inside)))
            lead, end = rest, rest if is_last else []
        if order:
            ranks = {name: rank for rank, name in enumerate(order)}
            chunks.sort(key=lambda chunk: ranks.get(chunk[0], len(ranks)))
        lines: list[str] = []
        for _, before, entry in chunks:
            lines += [*_indent(before, column), *entry]
        return lines + _indent(end, column)

    def _entry(self, key: yaml.Node, value: yaml.Node, column: int, inside: list[_Line]) -> list[str]:
        """`key: value` with what stands below it."""
        if not isinstance(key, yaml.ScalarNode) or key.start_mark.line != key.end_mark.line:
            raise Unsure(f"line {key.start_mark.line + 1} has an unusual key")
        head = " " * column + self._scalar(key) + ":"
        order = _ORDERS.get(key.value, ()) if isinstance(value, yaml.SequenceNode) else ()
        if isinstance(value, yaml.CollectionNode) and not value.flow_style:
            comment = self._comment_behind(key.end_mark.line, key.end_mark.column, skip=":")
            first = self._between(key.end_mark.line, self._first_line(value))
            below = self._block(value, column + STEP, inside, order)
            return [head + comment, *_indent(first, column + STEP), *below]
        if value.start_mark.line != key.end_mark.line and self._between(key.end_mark.line, value.start_mark.line):
            raise Unsure(f"line {key.start_mark.line + 1}: something stands between the key and its value")
        lines = self._value(value, column, key.start_mark.column, order)
        comment = self._trailing(value)
        if value.start_mark.line != key.end_mark.line:
            comment = self._comment_behind(key.end_mark.line, key.end_mark.column, skip=":") + comment
        if isinstance(value, yaml.ScalarNode) and value.style in ("|", ">"):
            lines[0] += comment
        else:
            lines[-1] += comment
        lines[0] = head + (f" {lines[0]}" if lines[0].strip() and not lines[0].startswith("  ") else lines[0])
        return [*(line.rstrip() for line in lines), *_indent(inside, column + STEP)]

    def _sequence(self, node: yaml.SequenceNode, column: int, tail: list[_Line], order: tuple[str, ...]) -> list[str]:
        dashes = [self._find_dash(item) for item in node.value]
        old_column = dashes[0][1]
        lines: list[str] = []
        for index, item in enumerate(node.value):
            is_last = index + 1 == len(node.value)
            behind = tail if is_last else self._between(self._last_line(item), dashes[index + 1][0])
            inside, rest = _split_tail(behind, old_column)
            if item.start_mark.line != dashes[index][0] and self._text_between(dashes[index], item):
                raise Unsure(f"line {dashes[index][0] + 1}: something stands between the dash and its item")
            entry = self._block(item, column + STEP, inside, order)
            # Comments above what is now the first key of the item go above its dash
            above = next((place for place, line in enumerate(entry) if line.strip() and line.strip()[0] != "#"), 0)
            if above:
                lines += [" " * column + line.strip() if line.strip() else "" for line in entry[:above]]
                entry = entry[above:]
            entry[0] = " " * column + "- " + entry[0].lstrip()
            lines += [*entry, *_indent(rest, column)]
        return lines

    # ---- values

    def _value(self, node: yaml.Node, column: int, old_column: int, order: tuple[str, ...]) -> list[str]:
        """A scalar or a collection in brackets: its first line without indentation, the others with it."""
        is_one_line = node.start_mark.line == node.end_mark.line
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            return self._literal(node, column)
        if is_one_line:
            return [self._inline(node, order)]
        source = self.text[node.start_mark.index : node.end_mark.index].split("\n")
        if isinstance(node, yaml.ScalarNode):
            if node.style is None:
                source = "\n".join(source).rstrip().split("\n")
            pad = " " * (column + STEP)
            return [source[0].rstrip(), *(pad + line.strip() if line.strip() else "" for line in source[1:])]
        shift = column - old_column
        return [source[0].rstrip(), *(_shift(line, shift) for line in source[1:])]

    def _inline(self, node: yaml.Node, order: tuple[str, ...]) -> str:
        """A value on one line, in one way of writing it."""
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return f"[{', '.join(self._inline(item, order) for item in node.value)}]"
        assert isinstance(node, yaml.MappingNode)
        ranks = {name: rank for rank, name in enumerate(order)}
        pairs = sorted(node.value, key=lambda pair: ranks.get(pair[0].value, len(ranks)))
        parts = []
        for key, value in pairs:
            below = _ORDERS.get(key.value, ()) if isinstance(value, yaml.SequenceNode) else ()
            shown = self._inline(value, below)
            parts.append(f"{self._scalar(key)}: {shown}" if shown else f"{self._scalar(key)}:")
        return "{" + ", ".join(parts) + "}"

    def _scalar(self, node: yaml.ScalarNode) -> str:
        source = self.text[node.start_mark.index : node.end_mark.index].rstrip()
        value = str(node.value)
        if node.style in ("'", '"') and _may_be_plain(value):
            return value
        is_printable = value.isprintable() and "\\" in value
        if node.style == '"' and is_printable:
            # A regex is read more easily without doubled backslashes
            return "'" + value.replace("'", "''") + "'"
        return source

    def _literal(self, node: yaml.ScalarNode, column: int) -> list[str]:
        """A text below `|` or `>`."""
        line, at = node.start_mark.line, node.start_mark.column
        header = self.lines[line][at:].partition(" #")[0].strip()
        if not re.fullmatch(r"[|>]-?", header):
            raise Unsure(f"line {line + 1}: {header} is laid out by hand")
        body = self.lines[line + 1 : self._last_line(node) + 1]
        margin = min((len(text) - len(text.lstrip(" ")) for text in body if text.strip()), default=0)
        pad = " " * (column + STEP)
        return [header, *(pad + text[margin:].rstrip() if text.strip() else "" for text in body)]

    # ---- what stands around

    def _trailing(self, node: yaml.Node) -> str:
        """The comment behind a value, with its gap; "" when there is none."""
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            header = self.lines[node.start_mark.line][node.start_mark.column :]
            _, mark, comment = header.partition(" #")
            return f"  #{comment.rstrip()}" if mark else ""
        end = node.end_mark
        if isinstance(node, yaml.ScalarNode) and node.style is None:
            source = self.text[node.start_mark.index : end.index]
            extra = len(source) - len(source.rstrip())
            if extra:
                return self._comment_behind(*self._place(end.index - extra))
        return self._comment_behind(end.line, end.column)

    def _comment_behind(self, line: int, column: int, skip: str = "") -> str:
        rest = self.lines[line][column:] if line < len(self.lines) else ""
        body = rest.lstrip()
        if skip and body.startswith(skip):
            rest = body[len(skip) :]
            body = rest.lstrip()
        if not body.startswith("#"):
            return ""
        gap = max(len(rest) - len(body), 2)
        return " " * gap + body.rstrip()

    def _between(self, last: int, head: int) -> list[_Line]:
        """The comment and blank lines after the line `last` and above the line `head`."""
        found = []
        for text in self.lines[last + 1 : head]:
            body = text.strip()
            found.append(_Line(body, len(text) - len(text.lstrip(" ")) if body else 0))
        return found

    def _text_between(self, dash: tuple[int, int], item: yaml.Node) -> str:
        start = self._starts[dash[0]] + dash[1] + 1
        return self.text[start : item.start_mark.index].strip()

    def _find_dash(self, item: yaml.Node) -> tuple[int, int]:
        """(line, column) of the dash before an item of a list."""
        index = item.start_mark.index - 1
        while index >= 0 and self.text[index] != "-":
            index -= 1
        return self._place(index)

    def _place(self, index: int) -> tuple[int, int]:
        """(line, column) of a character."""
        line = bisect_right(self._starts, index) - 1
        return line, index - self._starts[line]

    def _first_line(self, node: yaml.Node) -> int:
        if isinstance(node, yaml.SequenceNode) and not node.flow_style:
            return self._find_dash(node.value[0])[0]
        return node.start_mark.line

    def _last_line_of(self, key: yaml.Node, value: yaml.Node) -> int:
        return max(key.end_mark.line, self._last_line(value))

    def _last_line(self, node: yaml.Node) -> int:
        """The last line with something of the node on it."""
        if isinstance(node, yaml.MappingNode) and not node.flow_style:
            return self._last_line_of(*node.value[-1])
        if isinstance(node, yaml.SequenceNode) and not node.flow_style:
            return max(self._find_dash(node.value[-1])[0], self._last_line(node.value[-1]))
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            line = node.end_mark.line - (1 if node.end_mark.column == 0 or node.end_mark.index >= len(self.text) else 0)
            line = min(max(line, node.start_mark.line), len(self.lines) - 1)
            while line > node.start_mark.line and not self.lines[line].strip():
                line -= 1
            return line
        source = self.text[node.start_mark.index : node.end_mark.index].rstrip()
        return node.start_mark.line + source.count("\n")


def find_end_of_list(text: str, key: str) -> tuple[int, int] | None:
    """(line below the last item, column of the dashes) of the list under a top-level key; None when it has no such key.

    Raises Unsure when that is no list of lines with dashes.
    """
    root = yaml.compose(text, Loader=_LOADER)
    found = [node for name, node in root.value if name.value == key] if isinstance(root, yaml.MappingNode) else []
    if not found:
        return None
    node = found[0]
    if not isinstance(node, yaml.SequenceNode) or node.flow_style:
        raise Unsure(f"{key}: is no list of lines that start with a dash")
    layout = _Layout(text)
    return layout._last_line(node) + 1, layout._find_dash(node.value[-1])[1]


def _split_tail(lines: list[_Line], column: int) -> tuple[list[_Line], list[_Line]]:
    """(what belongs inside the entry above, what belongs to the entry below): comments further in are the former's."""
    cut = max((place + 1 for place, line in enumerate(lines) if line.text and line.column > column), default=0)
    return lines[:cut], lines[cut:]


def _thin_out(lines: list[_Line]) -> list[_Line]:
    """Without a second blank line in a row."""
    return [line for place, line in enumerate(lines) if line.text or place == 0 or lines[place - 1].text]


def _indent(lines: list[_Line], column: int) -> list[str]:
    return [" " * column + line.text if line.text else "" for line in _thin_out(lines)]


def _shift(line: str, by: int) -> str:
    body = line.strip()
    return " " * max(len(line) - len(line.lstrip(" ")) + by, 0) + body if body else ""


def _may_be_plain(value: str) -> bool:
    return bool(_PLAIN.fullmatch(value)) and value.lower() not in _WORDS_OF_YAML


def _is_same(one: Node, other: Node) -> bool:
    """The same texts in the same lists; the order of keys says nothing."""
    if isinstance(one, Scalar) and isinstance(other, Scalar):
        return one.value == other.value
    if isinstance(one, Sequence) and isinstance(other, Sequence):
        return len(one.items) == len(other.items) and all(map(_is_same, one.items, other.items))
    if isinstance(one, Mapping) and isinstance(other, Mapping) and len(one.entries) == len(other.entries):
        found = {key.value: value for key, value in other.entries}
        return all(key.value in found and _is_same(value, found[key.value]) for key, value in one.entries)
    return False


def _comments(text: str) -> Counter[str]:
    """Every comment of a YAML text, however often it stands there."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    plain: list[str] = []
    at = 0
    for token in yaml.scan(text, Loader=_LOADER):
        if isinstance(token, yaml.ScalarToken):
            end = token.end_mark.index
            if token.style in ("|", ">"):
                end = token.start_mark.index + len(text[token.start_mark.index : end].rstrip())
                header = text[token.start_mark.index : end].partition("\n")[0]
                plain.append(text[at : token.start_mark.index] + header + "\n")
            else:
                plain.append(text[at : token.start_mark.index])
            at = end
    plain.append(text[at:])
    return Counter(match.rstrip() for part in plain for match in re.findall("#.*", part))
