"""Authentication-Results, read by the grammar of RFC 8601 section 2.2 and no other way (threats T17, T18).

Dry: no I/O. Says what a field claims; whether the field is to be believed is decided in `trust`.
"""

import re
from dataclasses import dataclass

_LONGEST = 16_384
_MOST = 200  # results of one field
_WORD = re.compile(r'[^ \t\r\n;="()]+')
# pvalue holds addresses, and their local part may hold "="; behind a blank it is the next property's
_VALUE = re.compile(r'[^ \t\r\n;"()]+')
# Most of a field is such pairs: what they match is read as `read_name` and `read_value` would read it, in one step
_PAIR = re.compile(r'([^ \t\r\n;="()]*[^ \t\r\n;="()./])=([^ \t\r\n;"()]+)(?=[ \t\r\n;]|\Z)[ \t\r\n]*')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.S)
_ESCAPED = re.compile(r"\\(.)", re.S)
_BLANKS = re.compile(r"[ \t\r\n]*")
_EQUALS = re.compile(r"[ \t\r\n]*=")
_HOST_NAME = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Result:
    """One method's result, such as dkim=pass, with its properties."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()  # ("header.d", "example.com"), names in lower case

    def find(self, name: str) -> str:
        """The property's value in lower case, "" when it is missing, stands there twice or is beyond ASCII."""
        values = [value for key, value in self.properties if key == name]
        return values[0].lower() if len(values) == 1 and values[0].isascii() else ""


@dataclass(frozen=True, slots=True)
class AuthResults:
    """One field: who speaks ("" for Microsoft 365, which leaves its id out) and what it found."""

    authserv_id: str
    results: tuple[Result, ...] = ()

    def all_of(self, method: str) -> tuple[Result, ...]:
        """Every result of that method."""
        return tuple([result for result in self.results if result.method == method])


def parse_auth_results(value: str) -> AuthResults | None:
    """What the field says; None when it does not follow the grammar, because then two readers may differ."""
    if len(value) > _LONGEST or "\x00" in value:
        return None
    reader = _Reader(value)
    try:
        return reader.read()
    except _NotReadable:
        return None


class _NotReadable(Exception):
    """The field does not follow the grammar."""


class _Reader:
    """One pass over a field, never back; comments and quoted strings are stepped over wherever they may stand."""

    def __init__(self, value: str) -> None:
        self.value = value
        self.at = 0

    def read(self) -> AuthResults:
        authserv_id = self.read_id()
        results: list[Result] = []
        while self.at < len(self.value) and len(results) < _MOST:
            result = self.read_result(has_id=bool(authserv_id))
            if result is not None:
                results.append(result)
            if not self.take(";") and self.at < len(self.value):
                raise _NotReadable
        return AuthResults(authserv_id, tuple(results))

    def read_id(self) -> str:
        """authserv-id [CFWS version]; "" where the field starts with a result at once, as Microsoft 365 writes it."""
        self.skip()
        start = self.at
        name = self.word_or_quoted()
        if not name or not name.isascii():  # KELVIN SIGN and its like turn into ASCII when lowered
            raise _NotReadable
        if self.peek() == "=":
            self.at = start
            return ""
        if self.peek() not in (";", ""):
            version = self.word()
            if not (version.isascii() and version.isdigit()) or self.peek() not in (";", ""):
                raise _NotReadable
        self.take(";")
        return name.lower()

    def read_result(self, *, has_id: bool) -> Result | None:
        """methodspec [reasonspec] *propspec up to the next semicolon; None for an empty one and for "none"."""
        pairs: list[tuple[str, str]] = []
        while self.peek() not in (";", ""):
            if pair := _PAIR.match(self.value, self.at):
                self.at = pair.end()
                pairs.append((pair[1].lower(), pair[2]))
                if self.peek() == "(":
                    self.skip()
                continue
            name = self.read_name()
            if self.peek() != "=":
                # "none" (no-result), or a host alone: Microsoft 365 writes the recipient's domain between two results
                is_filler = name.lower() == "none" or (not has_id and _HOST_NAME.fullmatch(name) is not None)
                if pairs or not is_filler or self.peek() not in (";", ""):
                    raise _NotReadable
                return None
            self.at += 1
            pairs.append((name.lower(), self.read_value()))
        if not pairs:
            return None
        method = pairs[0][0].partition("/")[0]
        if not method or not (method + pairs[0][1]).isascii():
            raise _NotReadable
        return Result(method, pairs[0][1].lower(), tuple(pairs[1:]))

    def read_name(self) -> str:
        """method or ptype.property; blanks and comments may stand around the slash and the dot (appendix B.7)."""
        name = self.word()
        while name and (name[-1] in "./" or self.peek() in (".", "/")):
            more = self.word()
            if not more:
                break
            name += more
        if not name:
            raise _NotReadable
        return name

    def read_value(self) -> str:
        """A value: words and quoted strings without a blank between; "" where there is none (`smtp.mailfrom=`)."""
        start = self.at
        self.skip()
        is_close = self.at == start
        pieces: list[str] = []
        while True:
            if self.value.startswith('"', self.at):
                pieces.append(self.quoted())
                continue
            match = (_VALUE if is_close else _WORD).match(self.value, self.at)
            if match is None:
                break
            if not is_close and not pieces and _EQUALS.match(self.value, match.end()):
                break  # the next property: this one is empty
            pieces.append(match.group())
            self.at = match.end()
        self.skip()
        return "".join(pieces)

    def word_or_quoted(self) -> str:
        if self.value.startswith('"', self.at):
            found = self.quoted()
            self.skip()
            return found
        return self.word()

    def quoted(self) -> str:
        match = _QUOTED.match(self.value, self.at)
        if match is None:
            raise _NotReadable
        self.at = match.end()
        return _ESCAPED.sub(r"\1", match[1])

    def word(self) -> str:
        """The word that stands here, "" without one; steps behind it and the blanks and comments that follow."""
        match = _WORD.match(self.value, self.at)
        if match is None:
            return ""
        self.at = match.end()
        self.skip()
        return match.group()

    def take(self, mark: str) -> bool:
        if not self.value.startswith(mark, self.at):
            return False
        self.at += len(mark)
        self.skip()
        return True

    def peek(self) -> str:
        return self.value[self.at : self.at + 1]

    def skip(self) -> None:
        """Step behind blanks and comments (CFWS)."""
        while True:
            blank = _BLANKS.match(self.value, self.at)
            self.at = blank.end() if blank else self.at
            if not self.value.startswith("(", self.at):
                return
            self.at = _comment_end(self.value, self.at)
            if self.at < 0:
                raise _NotReadable


def _comment_end(value: str, at: int) -> int:
    depth = 0
    while at < len(value):
        character = value[at]
        if character == "\\":
            at += 1
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return -1
