"""Content-Type and Content-Disposition: the value and its parameters (RFC 2045, RFC 2231). Dry: no I/O."""

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from mailproc.message.charsets import codec_for, decode_bytes
from mailproc.message.limits import VALUE
from mailproc.records.mail import Defect

_LONGEST_KEPT = 200  # characters of a value whose reading is kept
MOST = 100  # parameters of one field, continuations counted
# Every repetition is bounded or stops at a character that the next part needs: linear on any input
_PARAMETER = re.compile(
    r"""[;\s]*([^\s=;"]{1,80})\s{0,20}=\s{0,20}(?:"((?:[^"\\]|\\.){0,2000})"|([^;]*))[^;]*(?:;|$)""", re.S
)
_CONTINUED = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")
_ESCAPED = re.compile(r"\\(.)", re.S)


def parse_parameters(value: str, defects: list[Defect]) -> tuple[str, dict[str, str]]:
    """(value in lower case, parameters by lower-case name), RFC 2231 continuations joined and decoded."""
    if len(value) <= _LONGEST_KEPT and "*" not in value:
        main, pairs = _parse_plain(value)
        return main, dict(pairs)
    main, rest = _split_main(value)
    parameters: dict[str, str] = {}
    split: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, text in _pairs(rest):
        if "*" not in name:
            parameters.setdefault(name, text)
            continue
        match = _CONTINUED.fullmatch(name)
        if match is not None:
            number, is_encoded = int(match.group(2) or 0), match.group(3) is not None
            split.setdefault(match.group(1), {}).setdefault(number, (text, is_encoded))
    for name, sections in split.items():
        parameters[name] = _join(sections, defects)
    return main, parameters


@lru_cache(maxsize=512)
def _parse_plain(value: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The same for a value without RFC 2231; of these mails have few, again and again."""
    main, rest = _split_main(value)
    parameters: dict[str, str] = {}
    for name, text in _pairs(rest):
        parameters.setdefault(name, text)
    return main, tuple(parameters.items())


def _split_main(value: str) -> tuple[str, str]:
    main, _, rest = value[:VALUE].partition(";")
    if "=" in main and "/" not in main:
        return "", value[:VALUE]  # the value itself was left out
    return main.partition("(")[0].strip().lower(), rest


def _pairs(rest: str) -> Iterator[tuple[str, str]]:
    at = 0
    for _ in range(MOST):
        match = _PARAMETER.match(rest, at)
        if match is None:
            # A piece without "=": go on behind it
            at = rest.find(";", at) + 1
            if at == 0:
                return
            continue
        at = match.end()
        name, quoted, bare = match.groups()
        if quoted is not None:
            yield name.lower(), _ESCAPED.sub(r"\1", quoted) if "\\" in quoted else quoted
        else:
            yield name.lower(), bare.strip().strip('"')


def _join(sections: dict[int, tuple[str, bool]], defects: list[Defect]) -> str:
    """RFC 2231 sections 3 and 4: the pieces in their order, the charset from the first."""
    label = ""
    content = bytearray()
    for number in sorted(sections):
        text, is_encoded = sections[number]
        if is_encoded and number == 0 and text.count("'") >= 2:
            label, _, text = text.split("'", 2)
        packed = text.encode("utf-8", "surrogateescape")
        content += unquote_to_bytes(packed) if is_encoded else packed
    if label and codec_for(label) is None:
        return decode_bytes(bytes(content), label, defects)
    return decode_bytes(bytes(content), label or "utf-8", defects)
