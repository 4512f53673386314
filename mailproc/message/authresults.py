"""Authentication-Results, read by the grammar of RFC 8601 section 2.2 and no other way (threats T17, T18).

Dry: no I/O. Says what a field claims; whether the field is to be believed is decided in `trust`.
"""

import re
from dataclasses import dataclass

_LONGEST = 16_384
_MOST = 200  # results of one field
# Comments and quoted strings first: what stands in them is never a result
_TOKEN = re.compile(r'(?P<blank>[ \t\r\n]+)|(?P<word>[^\s;="()]+)|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<mark>[;=])', re.S)
_ESCAPED = re.compile(r"\\(.)", re.S)


@dataclass(frozen=True, slots=True)
class Result:
    """One method's result, such as dkim=pass, with its properties."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()  # ("header.d", "example.com"), names in lower case

    def find(self, name: str) -> str:
        """The property's value in lower case, "" when it is missing or stands there twice."""
        values = [value for key, value in self.properties if key == name]
        return values[0].lower() if len(values) == 1 else ""


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
    tokens = _tokenise(value)
    if tokens is None:
        return None
    groups: list[list[tuple[str, str]]] = [[]]
    for token in tokens:
        if token == ("mark", ";"):
            groups.append([])
        else:
            groups[-1].append(token)
    head = groups[0]
    authserv_id = ""
    if ("mark", "=") not in head:
        # authserv-id [version]
        if not head or len(head) > 2 or (len(head) == 2 and not head[1][1].isdigit()):
            return None
        authserv_id = head[0][1].lower()
        groups = groups[1:]
    results = []
    for group in groups[:_MOST]:
        if not group or [text.lower() for _, text in group] == ["none"]:
            continue
        result = _read_result(group)
        if result is None:
            return None
        results.append(result)
    return AuthResults(authserv_id, tuple(results))


def _tokenise(value: str) -> list[tuple[str, str]] | None:
    if len(value) > _LONGEST or not value.isascii() or "\x00" in value:
        return None
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(value):
        if value[at] == "(":
            at = _comment_end(value, at)
            if at < 0:
                return None
            continue
        match = _TOKEN.match(value, at)
        if match is None:
            return None  # an unclosed quote or a lone parenthesis
        at = match.end()
        kind = match.lastgroup or "blank"
        if kind == "quoted":
            tokens.append(("word", _ESCAPED.sub(r"\1", match["quoted"])))
        elif kind != "blank":
            tokens.append((kind, match[kind]))
    return tokens


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


def _read_result(group: list[tuple[str, str]]) -> Result | None:
    """methodspec [reasonspec] *propspec: pairs of key = value and nothing else."""
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(group):
        piece = group[at : at + 3]
        kinds = [kind for kind, _ in piece]
        if kinds[:2] != ["word", "mark"] or piece[1][1] != "=":
            return None
        if kinds == ["word", "mark", "word"]:
            pairs.append((piece[0][1].lower(), piece[2][1]))
            at += 3
        else:
            pairs.append((piece[0][1].lower(), ""))  # an empty pvalue, such as smtp.mailfrom= of a bounce
            at += 2
        # Base64 values end in "=" and are often not quoted: header.b=aBc1==
        while at < len(group) and group[at] == ("mark", "="):
            at += 1
    method = pairs[0][0].partition("/")[0].strip()
    return Result(method, pairs[0][1].lower(), tuple(pairs[1:])) if method else None
