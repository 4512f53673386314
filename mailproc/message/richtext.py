"""Text with marks that is no HTML: text/enriched (RFC 1896), text/richtext (RFC 1341) and RTF, as plain text.

Dry: no I/O. One pass each, linear; nothing of RTF is obeyed but line ends, characters and what hides text.
"""

import re

from mailproc.message.charsets import clean_text, codec_for

LONGEST_RTF = 1_000_000  # bytes that are read

_ENRICHED_MARK = re.compile(r"<<|<(/?)([A-Za-z0-9-]{1,60})>")
_NEWLINES = re.compile(r"\n+")
_RICH_BREAKS = {"nl": "\n", "np": "\n\n", "paragraph": "\n", "/paragraph": "\n", "lt": "<"}

_RTF_MARK = re.compile(
    rb"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-z'])|([{}])|([\r\n]+)|([^\\{}\r\n]+)", re.S
)
_RTF_HIDDEN = frozenset(
    b"fonttbl colortbl stylesheet info pict object header footer headerl headerr footerl footerr filetbl listtable"
    b" listoverridetable revtbl rsidtbl generator themedata colorschememapping datastore latentstyles xmlnstbl"
    b" nonshppict fldinst bkmkstart bkmkend htmltag mhtmltag".split()
)
_RTF_WORDS = {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"page": "\n", b"row": "\n", b"tab": "\t", b"cell": "\t",
    b"emdash": "—", b"endash": "–", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”",
    b"bullet": "•", b"emspace": " ", b"enspace": " ",
}  # fmt: skip
_RTF_SYMBOLS = {b"\n": b"\n", b"\r": b"\n", b"~": b" ", b"_": b"-", b"\\": b"\\", b"{": b"{", b"}": b"}"}
_MOST_GROUPS = 1_000  # open at once


def read_enriched(text: str, is_old: bool = False) -> str:
    """text/enriched as plain text; `is_old` reads text/richtext, where line ends mean nothing."""
    pieces: list[str] = []
    at = hidden = filled = 0
    for mark in _ENRICHED_MARK.finditer(text):
        _add_enriched(pieces, text[at : mark.start()], bool(hidden), filled > 0, is_old)
        at = mark.end()
        closing, name = mark.group(1), (mark.group(2) or "").lower()
        step = -1 if closing else 1
        if not name:
            pieces.append("<")  # "<<" stands for itself
        elif name in ("param", "comment"):
            hidden = max(0, hidden + step)
        elif name in ("nofill", "verbatim"):
            filled = max(0, filled + step)
        elif is_old and (words := _RICH_BREAKS.get((closing or "") + name)):
            pieces.append(words)
    _add_enriched(pieces, text[at:], bool(hidden), filled > 0, is_old)
    return "".join(pieces)


def _add_enriched(pieces: list[str], text: str, is_hidden: bool, is_verbatim: bool, is_old: bool) -> None:
    if is_hidden or not text:
        return
    if is_old:
        pieces.append(text.replace("\n", " "))
    elif is_verbatim or "\n" not in text:
        pieces.append(text)
    else:
        # RFC 1896: one line end is a blank, each further one is a line end
        pieces.append(_NEWLINES.sub(lambda found: "\n" * (len(found.group()) - 1) or " ", text))


def read_rtf(content: bytes) -> str:
    """The words of an RTF document."""
    if not content.lstrip()[:5].startswith(b"{\\rtf"):
        return ""
    pieces: list[str] = []
    pending = bytearray()  # bytes in the document's code page
    codec = "cp1252"
    stack: list[tuple[bool, int]] = []
    is_hidden, skip = False, 1  # how many bytes stand in for a \u character
    left = 0  # of them still to be left out

    def flush() -> None:
        if pending:
            pieces.append(pending.decode(codec, "replace"))
            pending.clear()

    for mark in _RTF_MARK.finditer(content[:LONGEST_RTF]):
        word, number, byte, symbol, brace, _, plain = mark.groups()
        if plain is not None:
            if not is_hidden:
                pending += plain[left:]
            left = max(0, left - len(plain))
        elif byte is not None:
            if not is_hidden and not left:
                pending.append(int(byte, 16))
            left = max(0, left - 1)
        elif brace == b"{":
            if len(stack) >= _MOST_GROUPS:
                break
            stack.append((is_hidden, skip))
        elif brace == b"}":
            left = 0
            if stack:
                is_hidden, skip = stack.pop()
        elif symbol is not None:
            if symbol == b"*":
                is_hidden = True  # what a reader that does not know it must leave out
            elif not is_hidden:
                pending += _RTF_SYMBOLS.get(symbol, b"")
        elif word is not None:
            if word in _RTF_HIDDEN:
                is_hidden = True
            elif word == b"ansicpg" and number and codec_for(f"cp{int(number)}"):
                codec = codec_for(f"cp{int(number)}") or codec
            elif word == b"uc" and number:
                skip = min(max(int(number), 0), 10)
            elif is_hidden:
                continue
            elif word == b"u" and number:
                flush()
                pieces.append(chr(int(number) & 0xFFFF))
                left = skip
            elif word in _RTF_WORDS:
                flush()
                pieces.append(_RTF_WORDS[word])
    flush()
    # Characters beyond the first plane come as two halves
    joined = "".join(pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return clean_text("\n".join([line.rstrip() for line in joined.split("\n")])).strip("\n")
