"""An SPF record, read by the grammar of RFC 7208 section 12, and its macros expanded; asks nobody."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST = 16_384  # characters of one record
_LONGEST_NAME = 253
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)", re.S)
_DIRECTIVE = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9]*)((?:[:/].*)?)", re.S)
_PREFIXES = re.compile(r"(?:/(0|[1-9][0-9]{0,2}))?(?://(0|[1-9][0-9]{0,2}))?\Z")
_MACRO = re.compile(r"%(?:\{([SLODIPHCRTVslodiphcrtv])([0-9]{0,9})([Rr]?)([.+,/_=-]*)\}|([%_-]))")
_DOMAIN_END = re.compile(r".*(?:\.(?=[A-Za-z0-9-]*[A-Za-z-])[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?|\})", re.S)
_QUALIFIERS = {"": "pass", "+": "pass", "?": "neutral", "~": "softfail", "-": "fail"}
_LOOKING_UP = frozenset({"include", "a", "mx", "ptr", "exists"})


class PermError(Exception):
    """The record cannot be evaluated (RFC 7208 section 2.6.7)."""


@dataclass(frozen=True, slots=True)
class Directive:
    """One mechanism with its qualifier as a result word."""

    result: str
    name: str
    spec: str = ""  # domain-spec, macros not expanded; "" is the current domain
    network: Network | None = None  # of ip4 and ip6
    prefix4: int = 32
    prefix6: int = 128

    @property
    def looks_up(self) -> bool:
        """Whether it counts against the limit of look-ups (RFC 7208 section 4.6.4)."""
        return self.name in _LOOKING_UP


@dataclass(frozen=True, slots=True)
class Record:
    """The directives in order, and where the record goes on when none of them fits."""

    directives: tuple[Directive, ...]
    redirect: str = ""


def is_spf(text: str) -> bool:
    """Whether a TXT record is an SPF record (RFC 7208 section 4.5)."""
    return text[:6].lower() == "v=spf1" and text[6:7] in ("", " ")


def read_record(text: str) -> Record:
    """The record; raises PermError for any error in it, wherever it stands (RFC 7208 section 4.6)."""
    if not text.isascii() or len(text) > LONGEST:
        raise PermError("its record cannot be read")
    directives: list[Directive] = []
    modifiers: dict[str, str] = {}
    for term in text[6:].split(" "):
        if not term:
            continue
        if match := _MODIFIER.fullmatch(term):
            name, value = match[1].lower(), match[2]
            if name in ("redirect", "exp"):
                # RFC 7208 section 6: at most once each
                if name in modifiers:
                    raise PermError(f"its record has two {name}=")
                modifiers[name] = _check_domain_spec(value)
            else:
                _check_macros(value)
            continue
        match = _DIRECTIVE.fullmatch(term)
        if match is None:
            raise PermError(f"its record has the term {_show(term)}")
        directives.append(_read_directive(_QUALIFIERS[match[1]], match[2].lower(), match[3], term))
    return Record(tuple(directives), modifiers.get("redirect", ""))


def expand(text: str, value_of: Callable[[str], str]) -> str:
    """The macro string with its macros replaced (RFC 7208 section 7); `value_of` gives a lower-case letter's value."""

    def replace(match: re.Match[str]) -> str:
        letter, digits, reverse, delimiters, literal = match.groups()
        if literal is not None:
            return {"%": "%", "_": " ", "-": "%20"}[literal]
        parts = re.split(f"[{re.escape(delimiters or '.')}]", value_of(letter.lower()))
        if reverse:
            parts.reverse()
        value = ".".join(parts[-int(digits) :] if digits else parts)
        return quote(value, safe="") if letter.isupper() else value

    return _MACRO.sub(replace, text)


def shorten_name(name: str) -> str:
    """A name that is too long loses labels on its left (RFC 7208 section 7.3)."""
    name = name.removesuffix(".")
    while len(name) > _LONGEST_NAME and "." in name:
        name = name[-_LONGEST_NAME - 1 :].partition(".")[2]
    return name


def _read_directive(result: str, name: str, rest: str, term: str) -> Directive:
    if name == "all":
        if rest:
            raise PermError(f"its record has the term {_show(term)}")
        return Directive(result, name)
    if name in ("ip4", "ip6"):
        return Directive(result, name, network=_read_network(name, rest, term))
    if name in ("include", "exists"):
        if not rest.startswith(":"):
            raise PermError(f"its record has the term {_show(term)}")
        return Directive(result, name, _check_domain_spec(rest[1:]))
    if name == "ptr":
        return Directive(result, name, _check_domain_spec(rest[1:]) if rest.startswith(":") else _nothing(rest, term))
    if name in ("a", "mx"):
        spec, prefix4, prefix6 = _split_prefixes(rest)
        if prefix4 <= 32 and prefix6 <= 128:
            spec = _check_domain_spec(spec[1:]) if spec.startswith(":") else _nothing(spec, term)
            return Directive(result, name, spec, None, prefix4, prefix6)
    raise PermError(f"its record has the term {_show(term)}")


def _split_prefixes(rest: str) -> tuple[str, int, int]:
    """(what stands before the prefix lengths, that of IPv4, that of IPv6); the name itself may hold slashes."""
    match = _PREFIXES.search(rest)
    if match is None:  # the pattern fits the empty end of everything
        return rest, 32, 128
    return rest[: match.start()], int(match[1] or 32), int(match[2] or 128)


def _nothing(rest: str, term: str) -> str:
    if rest:
        raise PermError(f"its record has the term {_show(term)}")
    return ""


def _read_network(name: str, rest: str, term: str) -> Network:
    address, slash, prefix = rest[1:].partition("/")
    is_prefix = not slash or (prefix.isdigit() and (prefix == "0" or prefix[0] != "0") and len(prefix) < 4)
    if rest.startswith(":") and is_prefix and "%" not in address:
        try:
            if name == "ip4":
                return ipaddress.IPv4Network(f"{address}/{prefix or 32}", strict=False)
            return ipaddress.IPv6Network(f"{address}/{prefix or 128}", strict=False)
        except ValueError:
            pass
    raise PermError(f"its record has the term {_show(term)}")


def _check_domain_spec(spec: str) -> str:
    _check_macros(spec)
    if _DOMAIN_END.fullmatch(spec) is None:
        raise PermError(f"its record has the domain {_show(spec)}")
    return spec


def _check_macros(text: str) -> None:
    plain = _MACRO.sub("", text)
    if "%" in plain or any(not "!" <= character <= "~" for character in plain):
        raise PermError(f"its record has the macro {_show(text)}")
    for match in _MACRO.finditer(text):
        # c, r and t are for explanations only, and 0 parts make no name
        if (match[1] and match[1] in "CRTcrt") or (match[2] and not int(match[2])):
            raise PermError(f"its record has the macro {_show(text)}")


def _show(text: str) -> str:
    return ascii(text[:60])
