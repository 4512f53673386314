"""Whether the From field can identify somebody: a strict reading of the raw bytes (mail-policy section 3).

Dry: no I/O. `addresses` guesses what broken fields mean, for display; this file only says yes where every reader
would see the same single address (threats T10 to T13).
"""

from functools import lru_cache

from mailproc.message.addresses import is_sendable, normalise
from mailproc.message.headers import Head, is_from_like
from mailproc.message.lazily import lazily

_MORE_THAN_ONE = "there is more than one address in the From field"
_LONGEST = 2_000
_CONTROL = lazily("[\x00-\x08\x0a-\x1f\x7f]")
_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-"
_UATEXT = _ATEXT + "\u00a1-\U0010ffff"  # RFC 6531 section 3.3
_ADDR_SPEC = lazily(rf"[{_UATEXT}]+(?:\.+[{_UATEXT}]+)*@[A-Za-z0-9\u0080-\U0010ffff._-]+")
# A display name: atoms (RFC 5322 obs-phrase: dots too), quoted strings, raw 8-bit text; no @ outside quotes
_PHRASE = lazily(rf'(?:[{_ATEXT}.\[\]\u0080-\U0010ffff \t]|"(?:[^"\\]|\\.){{0,1000}}")*')
_COMMENT = lazily(r"\(([^()\\<>@]{0,1000})\)")


def check_from(head: Head) -> tuple[str, str]:
    """(the one address, "") or ("", why the field cannot identify anybody)."""
    if head.oddities and (why := _odd_line(head)):
        return "", why
    block = head.block
    if "\x00" in block:
        return "", "there is a NUL byte in the header"
    if "\r" in block:
        return "", "there is a bare carriage return in the header"
    values = [value for name, value in head.headers if name == "from"]
    if len(values) != 1:
        return "", "there is no From field" if not values else f"there are {len(values)} From fields"
    return _check_value(values[0]) if len(values[0]) <= _LONGEST else ("", "the From field is too long")


@lru_cache(maxsize=1024)
def _check_value(value: str) -> tuple[str, str]:
    if not value.strip():
        return "", "the From field is empty"
    if not value.isascii():
        value = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if _CONTROL.search(value):
        return "", "there is a control character in the From field"
    text = value.strip()
    if "<" not in text:
        # RFC 5322 appendix A.1.2's older form: addr-spec, then the name as a comment
        text, opening, comment = text.partition("(")
        if opening and _COMMENT.fullmatch("(" + comment.rstrip()) is None:
            return "", "the comment in the From field can be read in two ways"
        return _check_addr_spec(text.strip())
    return _check_angle(text)


def _check_angle(text: str) -> tuple[str, str]:
    addr = ""
    at = 0
    while at < len(text):  # comments may stand around the name, never inside the brackets
        name = _PHRASE.match(text, at)
        at = name.end() if name is not None else at
        if at == len(text):
            break
        if text[at] == "(":
            comment = _COMMENT.match(text, at)
            if comment is None:
                return "", "the comment in the From field can be read in two ways"
            at = comment.end()
        elif text[at] == "<":
            stop = text.find(">", at)
            if stop < 0:
                return "", "the From address has no closing bracket"
            addr, at = text[at + 1 : stop], stop + 1
            if _COMMENT.sub("", text[at:]).strip():
                return "", _MORE_THAN_ONE if "," in text[at:] else "there is text behind the From address"
            break
        else:
            return "", _name_problem(text[at])
    if not addr:
        return "", "there is no address in the From field"
    return _check_addr_spec(addr.strip(" \t"))


def _check_addr_spec(addr: str) -> tuple[str, str]:
    if "=?" in addr:
        return "", "there is an encoded word in the From address"
    if addr.startswith("@") and ":" in addr:
        return "", "the From address has a route"
    if "(" in addr or ")" in addr:
        return "", "there is a comment in the From address"
    if '"' in addr:
        return "", "the From address has a quoted local part"
    if ":" in addr:
        return "", "the From field is a group"
    if "," in addr or addr.count("@") > 1:
        return "", _MORE_THAN_ONE
    if _ADDR_SPEC.fullmatch(addr) is None:
        return "", "the From field holds no plain address"
    normalised = normalise(addr)
    if not normalised.isascii() and not is_sendable(normalised):
        return "", "the From field holds no plain address"
    return (normalised, "") if normalised else ("", "the domain of the From address is not valid")


def _name_problem(character: str) -> str:
    if character == "@":
        return "there is an address in the name of the From field"
    if character in ",;":
        return _MORE_THAN_ONE
    if character == ":":
        return "the From field is a group"
    return f"the name in the From field has a stray {character!r}"


def _odd_line(head: Head) -> str:
    """Why lines that are no field spoil From: other readers may find their From in one of them (threat T12)."""
    for line in head.oddities:
        if "\x00" in line:
            return "there is a NUL byte in the header"
        if "\r" in line:
            return "there is a bare carriage return in the header"
        if is_from_like(line):
            return "there is a blank or a stray byte in the name of a From field"
    if head.stray_at >= 0 and any(name == "from" for name, _ in head.headers[head.stray_at :]):
        return "From stands below a line that is no field, where not every reader looks"
    return ""
