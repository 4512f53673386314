"""Who logged in at our own mail server to hand a mail in, as that server wrote it. Dry: no I/O.

Two forms are read: the comment "(Authenticated sender: ann)" that Postfix writes into its Received field where
`smtpd_sasl_authenticated_header` is on, and the method `auth` of Authentication-Results (RFC 8601 section 2.7.4), which
Exim and Rspamd write. Everything below the border's own Received is the sender's to write, and so is much of what
stands in that: its grammar is followed from the left, and nothing behind the protocol is looked at.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from mailproc.message.authresults import AuthResults

_LONGEST = 4_096
_BLANKS = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r'[^ \t\r\n()<>"\\;,]{1,255}')
_COMMENT_MARK = re.compile(r"[()\\]")
_CLAIM = "Authenticated sender:"
# A login is put beside an address: what could not be a part of one is no login that counts
_LOGIN = re.compile(r"[a-z0-9!#$%&'+/=?^_`{|}~.@-]{1,254}")
# RFC 3848 and RFC 6531 section 4.3: the client logged in
_WITH_LOGIN = frozenset({"ESMTPA", "ESMTPSA", "UTF8SMTPA", "UTF8SMTPSA"})
# RFC 2033: the mailbox server's own line, above that of the mail server that handed it on
_LOCAL = frozenset({"LMTP", "LMTPS", "LMTPA", "LMTPSA"})


@dataclass(frozen=True, slots=True)
class Login:
    """Who logged in, lower case, and the server that says so."""

    name: str
    host: str


@dataclass(frozen=True, slots=True)
class _Hop:
    host: str
    protocol: str
    claims: tuple[str, ...]  # logins that its comments name


def find_login(headers: Iterable[tuple[str, str]], borders: Collection[str]) -> Login | None:
    """The login that the topmost Received names, if one of these very hosts wrote that field.

    A delivery into a mailbox by LMTP may stand above it. Hosts with a * do not count: behind a provider's many hosts
    strangers log in as well.
    """
    has_local = False
    for name, value in headers:
        if name != "received":
            continue
        hop = _read_hop(value)
        if hop is None or hop.host not in borders:
            return None
        if hop.protocol in _LOCAL and not has_local:
            has_local = True
            continue
        return _login(hop.claims, hop.host) if hop.protocol in _WITH_LOGIN else None
    return None


def login_in_results(found: AuthResults | None, ids: Collection[str]) -> Login | None:
    """The login that a trusted Authentication-Results names, if its server is named in full among the ids."""
    if found is None or found.authserv_id not in ids:
        return None
    results = found.all_of("auth")
    if len(results) != 1 or results[0].result != "pass":
        return None
    return _login((results[0].find("smtp.auth"),), found.authserv_id)


def speaks_for(login: str, address: str, logins: Iterable[tuple[str, str]]) -> bool:
    """Whether `trust.logins` lets that login write as the address; a `*` is the same word on both sides, without @."""
    return any(_stands_for(login, address, *pair) for pair in logins)


def _stands_for(login: str, address: str, login_form: str, address_form: str) -> bool:
    if not login_form.startswith("*"):
        return (login, address) == (login_form, address_form)
    word = login.removesuffix(login_form[1:])
    return (
        bool(word) and "@" not in word and login == word + login_form[1:] and address == word + address_form[1:]
    )


def _login(claims: tuple[str, ...], host: str) -> Login | None:
    name = claims[0].lower() if len(claims) == 1 and claims[0].isascii() else ""
    return Login(name, host) if _LOGIN.fullmatch(name) else None


def _read_hop(value: str) -> _Hop | None:
    """The hop (RFC 5321 section 4.4) as far as the server itself chose the words; None if it is not written so."""
    if len(value) > _LONGEST:
        return None
    words: list[str] = []
    claims: list[str] = []
    at = 0
    for expected in ("from", "", "by", "", "with", ""):
        match = _WORD.match(value, _BLANKS.match(value, at).end())  # type: ignore[union-attr]  # fits the empty text
        if match is None or (expected and match.group() != expected):
            return None
        words.append(match.group())
        at = match.end()
        if expected:
            continue
        while (start := _BLANKS.match(value, at).end()) < len(value) and value[start] == "(":  # type: ignore[union-attr]
            at = _comment_end(value, start)
            if at < 0:
                return None
            comment = value[start + 1 : at - 1]
            if len(words) == 2 and comment.startswith(_CLAIM):
                claims.append(comment.removeprefix(_CLAIM).strip())
    return _Hop(words[3].lower().rstrip("."), words[5], tuple(claims))


def _comment_end(value: str, start: int) -> int:
    """Behind the parenthesis that closes this comment; -1 without one, or where a backslash may hide one."""
    depth = 0
    for match in _COMMENT_MARK.finditer(value, start):
        if match.group() == "\\":
            return -1
        depth += 1 if match.group() == "(" else -1
        if depth == 0:
            return match.end()
    return -1
