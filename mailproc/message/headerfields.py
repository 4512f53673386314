"""Header fields as they go out: text in, checked, encoded and folded lines out. Dry: no I/O, and no field is ever
taken over from a parsed mail as it stands."""

import binascii
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from mailproc.errors import Permanent

LINE = 78  # RFC 5322 section 2.1.1: the width lines should keep
MAX_LINE = 998  # ... and the one they must keep
ENCODED_LINE = 76  # RFC 2047 section 2: a line that holds an encoded word
ENCODED_WORD = 75
FILENAME_LENGTH = 100  # characters; past that a file system may refuse what the reader saves
_PREFIX_Q, _PREFIX_B, _SUFFIX = "=?utf-8?q?", "=?utf-8?b?", "?="
_PAYLOAD = ENCODED_WORD - len(_PREFIX_Q) - len(_SUFFIX)
_SMALL_ROOM = 32  # columns; with less left on the line an encoded word starts a new one

# C0, DEL, C1 and the two Unicode line ends: some reader takes each of them for the end of a header line
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNCLEAN = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_OVERRIDES = re.compile("[\u202d\u202e]")  # they turn letters around whatever their script: "fdp.exe" reads "exe.pdf"
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,39}")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,900}>")
# RFC 2047 section 5 (3): what may stand bare in an encoded word wherever the word stands
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_Q = tuple("_" if b == 32 else chr(b) if b in _Q_SAFE else f"={b:02X}" for b in range(256))
# RFC 2231 section 7 attribute-char
_EXT_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`{|}~")
_EXT = tuple(chr(b) if b in _EXT_SAFE else f"%{b:02X}" for b in range(256))


def clean_header_text(text: str, limit: int = 900) -> str:
    """User text as one line for a header: controls and line ends become a space, runs of white space one space, lone
    surrogates U+FFFD, direction overrides nothing; past `limit` characters it is cut and ends in "…"."""
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", _OVERRIDES.sub("", text))
    text = _UNCLEAN.sub(" ", text).strip(" ")
    return text if len(text) <= limit else text[: limit - 1].rstrip(" ") + "…"


def clean_message_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Those of the ids that may stand in a header of ours, in their order; foreign ids can hold anything."""
    return tuple([i for i in ids if _MESSAGE_ID.fullmatch(i)])


def check_value(name: str, value: str) -> None:
    """Raise Permanent, naming the field, when the value could end its line in any reader (threat T40)."""
    if value.isprintable():  # no control character is; this is as most values are
        return
    found = _CONTROL.search(value)
    if found:
        raise Permanent(
            f"{name}: the value holds the control character U+{ord(found[0]):04X} at position {found.start() + 1}, "
            "which could forge a header; clean the text with clean_header_text first"
        )


def check_name(name: str) -> None:
    """Raise Permanent when this is no field name (RFC 5322 section 3.6.8, letters, digits and hyphens only)."""
    if not _FIELD_NAME.fullmatch(name):
        raise Permanent(f"{name[:60]!a} is no header name; use letters, digits and hyphens, 40 at most")


def format_text(name: str, value: str) -> str:
    """An unstructured field; only the stretch of words that needs it becomes encoded words (RFC 2047)."""
    # most are the same few in every mail; a long one is a customer's subject, and would only fill the cache
    return _format_cached(name, value) if len(value) < 80 else _format(name, value)


def _format(name: str, value: str) -> str:
    check_value(name, value)
    if len(name) + 2 + len(value) <= LINE and value.isascii() and "=?" not in value and "  " not in value:
        return f"{name}: {value.strip(' ')}\r\n"
    words = [word for word in value.split(" ") if word]
    room = LINE - len(name) - 2
    needy = [i for i, word in enumerate(words) if _must_encode(word, room if i == 0 else LINE - 2)]
    if not needy:
        return _fold(name, words)
    first, last = needy[0], needy[-1]
    before = _fold(name, words[:first]).removesuffix("\r\n")
    room = ENCODED_LINE - 1 - (len(before) - before.rfind("\n") - 1)
    encoded = encode_words(" ".join(words[first : last + 1]), room if room >= _SMALL_ROOM else ENCODED_WORD)
    return _fold(name, [*words[:first], *encoded, *words[last + 1 :]])


_format_cached = lru_cache(maxsize=512)(_format)


def format_mailbox(name: str, display: str, addr: str) -> str:
    """A field with one mailbox; `addr` must be a plain ASCII addr-spec already, `display` may be empty."""
    check_value(name, display)
    check_value(name, addr)
    display = " ".join([word for word in display.split(" ") if word])
    if not display:
        return f"{name}: {addr}\r\n"
    if not display.isascii() or "=?" in display or len(display) > 60:
        words = encode_words(display, ENCODED_LINE - len(name) - 2)
    elif _ATOMS.fullmatch(display):
        words = tuple(display.split(" "))
    else:
        # RFC 5322 section 3.2.4: quoted-string
        words = ('"' + display.replace("\\", "\\\\").replace('"', '\\"') + '"',)
    return _fold(name, (*words, f"<{addr}>"))


def format_ids(name: str, ids: Sequence[str]) -> str:
    """A field of message ids, folded between ids only: an id that became an encoded word would end its thread."""
    for value in ids:
        if not _MESSAGE_ID.fullmatch(value):
            check_value(name, value)
            raise Permanent(f"{name}: {value[:80]!a} is no message id; drop it with clean_message_ids first")
    return _fold(name, ids)


def encode_words(text: str, room: int = ENCODED_WORD) -> tuple[str, ...]:
    """The text as encoded words (RFC 2047 section 2) of at most 75 characters, the first of at most `room`; Q or B,
    whichever is shorter; no character is split between two words."""
    # the site's name and a ticket's subject come again with every mail; long texts would only fill the cache
    return _encode_cached(text, room) if len(text) < 300 else _encode(text, room)


def clean_filename(name: str) -> str:
    """A file name as a label: no path, no control, format or bidi character, at most 100 characters, never empty."""
    name = "".join(["_" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in name[:1000]])
    name = name.replace("\\", "/").rsplit("/", 1)[-1].strip(" .")
    if len(name) > FILENAME_LENGTH:
        stem, dot, extension = name.rpartition(".")
        keep = f"{dot}{extension}" if stem and len(extension) <= 10 else ""
        name = name[: FILENAME_LENGTH - len(keep)] + keep
    return name or "attachment"


def ascii_filename(name: str) -> str:
    """The cleaned file name in letters every mail client can show; for names that RFC 2231 carries in full."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    plain = "".join([c if c.isprintable() and c not in '"\\/' else "_" for c in plain]).strip(" .")
    stem, dot, extension = plain.rpartition(".")
    if not dot:  # nothing but the extension was ASCII, or there is none
        is_extension_only = plain and name.endswith("." + plain)
        return f"attachment.{plain}" if is_extension_only else plain or "attachment"
    return f"{stem.strip(' .') or 'attachment'}.{extension}"


def format_filename(name: str) -> str:
    """The `filename` parameters of a Content-Disposition, each on a line of its own, for an already cleaned name.

    RFC 2231 first, then the ASCII fallback: readers that know RFC 2231 take it from either place, except for parsers
    that keep the first of two; the others never see it.
    """
    fallback = f';\r\n filename="{ascii_filename(name)}"'
    if name.isascii():
        return fallback
    pieces = [_EXT[b] for b in name.encode("utf-8", "replace")]
    line = " filename*=utf-8''" + "".join(pieces)
    if len(line) <= LINE - 1:
        return f";\r\n{line}{fallback}"
    lines = [" filename*0*=utf-8''"]
    for piece in pieces:  # RFC 2231 section 3: continuations
        if len(lines[-1]) + len(piece) >= LINE - 1:
            lines.append(f" filename*{len(lines)}*=")
        lines[-1] += piece
    return ";\r\n" + ";\r\n".join(lines) + fallback


def _must_encode(word: str, room: int) -> bool:
    return len(word) > room or not word.isascii() or "=?" in word


def _fold(name: str, words: Sequence[str]) -> str:
    """One field; a line ends before a word that would not fit. The first word stays beside the name, because some
    readers lose a field whose first line is empty."""
    line = f"{name}:"
    if words:
        whole = f"{line} {' '.join(words)}"
        if len(whole) <= ENCODED_LINE or (len(whole) <= LINE and "=?" not in whole):
            return whole + "\r\n"
    lines = []
    is_first = True
    for word in words:
        width = ENCODED_LINE if word.startswith("=?") or "=?" in line else LINE
        if not is_first and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = ""
        line += " " + word
        is_first = False
    lines.append(line)
    return "\r\n".join(lines) + "\r\n"


def _encode(text: str, room: int) -> tuple[str, ...]:
    raw = text.encode("utf-8", "replace")
    room = min(room, ENCODED_WORD) - (ENCODED_WORD - _PAYLOAD)
    q_form = "".join([_Q[b] for b in raw])
    if len(q_form) <= len(raw) * 4 // 3 + 2:
        return (_q_word(q_form),) if len(q_form) <= room else _encode_q(text, room)
    return (_b_word(raw),) if len(raw) <= room // 4 * 3 else _encode_b(raw, room)


_encode_cached = lru_cache(maxsize=512)(_encode)


def _q_word(payload: str) -> str:
    return f"{_PREFIX_Q}{payload}{_SUFFIX}"


def _b_word(payload: bytes) -> str:
    return f"{_PREFIX_B}{binascii.b2a_base64(payload, newline=False).decode('ascii')}{_SUFFIX}"


def _encode_q(text: str, room: int) -> tuple[str, ...]:
    words = []
    payload = ""
    for char in text:
        piece = "".join([_Q[b] for b in char.encode("utf-8", "replace")])
        if len(payload) + len(piece) > room:
            words.append(_q_word(payload))
            payload = ""
            room = _PAYLOAD
        payload += piece
    words.append(_q_word(payload))
    return tuple(words)


def _encode_b(raw: bytes, room: int) -> tuple[str, ...]:
    words = []
    start = 0
    while start < len(raw):
        end = min(start + room // 4 * 3, len(raw))
        while end < len(raw) and raw[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        words.append(_b_word(raw[start:end]))
        start = end
        room = _PAYLOAD
    return tuple(words)
