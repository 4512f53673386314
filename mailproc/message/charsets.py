"""Bytes of a mail to text: only charsets on a list, wrong labels repaired, no character that a database refuses.

Dry: no I/O. A label never reaches Python's codec registry, which knows utf_7, idna, rot13 and others that
change, hide or refuse text (threat T56).
"""

import re

from mailproc.message.defects import add_defect
from mailproc.records.mail import Defect

GUESS_BYTES = 65_536  # the detector sees no more than this

_SINGLE = {  # label without punctuation -> Python codec
    "usascii": "ascii", "ascii": "ascii", "ansix341968": "ascii", "iso646us": "ascii", "646": "ascii",
    "ansix3110": "ascii", "7bit": "ascii", "8bit": "ascii", "binary": "ascii", "unknown": "ascii",
    "unknown8bit": "ascii", "xunknown": "ascii", "default": "ascii", "none": "ascii",
    # What says Latin-1 nearly always means Windows-1252 (the WHATWG encoding standard does the same)
    "iso88591": "cp1252", "latin1": "cp1252", "l1": "cp1252", "isoir100": "cp1252", "cp819": "cp1252",
    "ibm819": "cp1252", "iso885911987": "cp1252", "ansi": "cp1252", "westerneurope": "cp1252",
    "xansi": "cp1252", "iso88599": "cp1254", "latin5": "cp1254", "iso88598i": "cp1255", "iso88598": "iso8859_8",
    "iso88598e": "iso8859_8", "logical": "cp1255", "visual": "iso8859_8",
    "latin2": "iso8859_2", "l2": "iso8859_2", "latin3": "iso8859_3", "latin4": "iso8859_4", "latin6": "iso8859_10",
    "latin7": "iso8859_13", "latin8": "iso8859_14", "latin9": "iso8859_15", "latin10": "iso8859_16",
    "latin0": "iso8859_15", "cyrillic": "iso8859_5", "greek": "iso8859_7", "hebrew": "iso8859_8",
    "arabic": "iso8859_6", "iso88591windows1252": "cp1252", "iso88592windows1250": "cp1250",
    "iso885911": "cp874", "tis620": "cp874", "windows874": "cp874", "dos874": "cp874", "cp874": "cp874",
    "koi8r": "koi8_r", "koi8": "koi8_r", "koi": "koi8_r", "cskoi8r": "koi8_r", "koi8u": "koi8_u", "koi8ru": "koi8_u",
    "macintosh": "mac_roman", "mac": "mac_roman", "macroman": "mac_roman", "xmacroman": "mac_roman",
    "applemacintosh": "mac_roman", "xmaccyrillic": "mac_cyrillic", "maccyrillic": "mac_cyrillic",
    "xmacce": "mac_latin2", "maccentraleurope": "mac_latin2", "xmacgreek": "mac_greek", "xmacturkish": "mac_turkish",
    "hproman8": "hp_roman8", "ptcp154": "ptcp154", "kz1048": "kz1048", "windows1252http": "cp1252",
}  # fmt: skip
_MULTI = {
    "utf8": "utf_8", "utf8mb4": "utf_8", "utf": "utf_8", "unicode11utf8": "utf_8", "xunicode20utf8": "utf_8",
    "utf8sig": "utf_8", "unicodeutf8": "utf_8", "csutf8": "utf_8",
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "cp936": "gb18030", "ms936": "gb18030",
    "windows936": "gb18030", "xgbk": "gb18030", "euccn": "gb18030", "gb231280": "gb18030", "csgb2312": "gb18030",
    "chinese": "gb18030", "gb23121980": "gb18030", "hzgb2312": "hz", "hz": "hz",
    "big5": "cp950", "cp950": "cp950", "ms950": "cp950", "xxbig5": "cp950", "csbig5": "cp950", "big5eten": "cp950",
    "big5hkscs": "big5hkscs",
    "shiftjis": "cp932", "sjis": "cp932", "xsjis": "cp932", "mskanji": "cp932", "windows31j": "cp932",
    "cswindows31j": "cp932", "cp932": "cp932", "ms932": "cp932", "csshiftjis": "cp932", "windows932": "cp932",
    "eucjp": "euc_jp", "xeucjp": "euc_jp", "ujis": "euc_jp",
    "iso2022jp": "iso2022_jp_ext", "csiso2022jp": "iso2022_jp_ext", "jis": "iso2022_jp_ext",
    "iso2022jp1": "iso2022_jp_ext", "iso2022jp2": "iso2022_jp_2", "iso2022jp3": "iso2022_jp_3",
    "iso2022jp2004": "iso2022_jp_2004", "iso2022jpms": "iso2022_jp_ext", "iso2022kr": "iso2022_kr",
    "euckr": "cp949", "ksc56011987": "cp949", "ksc5601": "cp949", "ksc56011989": "cp949", "korean": "cp949",
    "uhc": "cp949", "cp949": "cp949", "ms949": "cp949", "windows949": "cp949", "ksx1001": "cp949",
    "ks": "cp949", "kscjohab": "johab", "johab": "johab",
    "utf16": "utf_16", "utf16le": "utf_16_le", "utf16be": "utf_16_be", "unicode": "utf_16", "ucs2": "utf_16",
    "iso10646ucs2": "utf_16", "utf32": "utf_32", "utf32le": "utf_32_le", "utf32be": "utf_32_be", "ucs4": "utf_32",
}  # fmt: skip
_TABLE = {**_SINGLE, **_MULTI}
_TABLE.update({f"iso8859{n}": f"iso8859_{n}" for n in (2, 3, 4, 5, 6, 7, 10, 13, 14, 15, 16)})
_TABLE.update({f"{name}{n}": f"cp{n}" for n in range(1250, 1259) for name in ("windows", "cp", "win", "xcp", "ms")})
_TABLE.update(
    {
        f"{name}{n}": f"cp{n}"
        for n in (437, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869)
        for name in ("cp", "ibm", "dos", "")
    }
)
_SEVEN_BIT = frozenset({"iso2022_jp_ext", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_2004", "iso2022_kr", "hz"})
_MULTIBYTE = frozenset(_MULTI.values())
_WIDE = frozenset({"utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be"})
_PUNCTUATION = re.compile(r"[^a-z0-9]+")
# What no text column, header or screen should get: NUL and lone surrogates
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_WESTERN = frozenset({"cp1252", "iso8859_15", "mac_roman"})
_HIGH_BYTES = bytes(range(128, 256))
_LETTER_BYTES = bytes([*range(65, 91), *range(97, 123), *range(128, 256)])
_MARKS = (b"\xff\xfe", b"\xfe\xff")  # byte order marks of UTF-16
_SHORT = 8  # bytes above 127 that may be valid UTF-8 by accident
_SPARSE = 6  # this many bytes above 127 or fewer: too little for a detector
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s{0,5}=\s{0,5}["']?\s{0,5}([A-Za-z0-9_:.-]{2,40})""", re.I)


def codec_for(label: str) -> str | None:
    """The Python codec for a charset label, None when the label is not on the list."""
    codec = _TABLE.get(label)
    if codec is None and label:
        # RFC 2231 language and junk behind the name: utf-8*en
        codec = _TABLE.get(_PUNCTUATION.sub("", label.lower().partition("*")[0])[:40])
    return codec


def decode_bytes(content: bytes, label: str, defects: list[Defect], hint: str = "") -> str:
    """The text of these bytes; `hint` is a label that other parts of the mail had, for bytes without one.

    A label that is refused or wrong adds a defect; no input raises.
    """
    codec = codec_for(label)
    if codec is None and label:
        add_defect(defects, "charset-refused", f"charset {_show(label)!r} is not on the list")
    if content.isascii():
        text = _decode_seven_bit(content, codec)
    else:
        text = _decode_eight_bit(content, codec, label, defects, hint).removeprefix("\ufeff")
    # None of the codecs on the list makes lone surrogates
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


def clean_text(text: str) -> str:
    """The text with NUL and lone surrogates replaced: PostgreSQL and UTF-8 encoders refuse both."""
    if "\x00" in text or not _is_encodable(text):
        return _UNSTORABLE.sub("\ufffd", text)
    return text


def repair_surrogates(value: str, defects: list[Defect], hint: str = "") -> str:
    """A header value whose raw 8-bit bytes are surrogate escapes, with these read as UTF-8 or what they seem to be."""
    if value.isascii():
        return value
    content = value.encode("utf-8", "surrogateescape")
    add_defect(defects, "raw-8bit-header", "a header has bytes above 127 outside encoded words")
    return decode_bytes(content, "", defects, hint)


def html_label(content: bytes) -> str:
    """The charset that an HTML document claims in its own head, "" when it does not say."""
    match = _META.search(content, 0, 4_096)
    return match.group(1).decode("ascii").lower() if match else ""


def _decode_seven_bit(content: bytes, codec: str | None) -> str:
    if codec is not None and (codec in _SEVEN_BIT or (codec in _WIDE and b"\x00" in content)):
        return content.decode(codec, "replace")
    # Japanese and Korean mail often comes without a label; ESC $ is not found in other text
    if b"\x1b$" in content:
        for candidate in ("iso2022_kr", "iso2022_jp_ext") if b"\x1b$)C" in content else ("iso2022_jp_ext",):
            if (text := _try(content, candidate)) is not None:
                return text
    return content.decode("ascii")


def _decode_eight_bit(content: bytes, codec: str | None, label: str, defects: list[Defect], hint: str) -> str:
    text: str | None
    if codec in (None, "ascii", "utf_8") and (text := _try(content, "utf_8")) is not None:
        return text  # what most mail is; nothing has to be counted
    if content.startswith(_MARKS) and b"\x00" in content[:200] and (text := _try(content, "utf_16")) is not None:
        return text
    if codec is not None and codec not in _MULTIBYTE and codec not in _WESTERN:
        # One byte a character: valid UTF-8 is no accident, anything else is what the label says
        if (text := _try(content, "utf_8")) is None:
            text = _try(content, codec)
        elif codec != "ascii":
            add_defect(defects, "charset-wrong", f"labelled {_show(label)!r}, is utf_8")
        if text is not None:
            return text
    high = len(content) - len(content.translate(None, _HIGH_BYTES))
    for candidate in _candidates(codec, high):
        if candidate in _WESTERN and _is_doubtful(content, high):
            continue
        text = _try(content, candidate)
        if text is not None:
            if candidate != codec and codec not in (None, "ascii"):
                add_defect(defects, "charset-wrong", f"labelled {_show(label)!r}, is {candidate}")
            return text
    if codec in _MULTIBYTE:
        text = content.decode(codec or "utf_8", "replace")
        if text.count("\ufffd") * 8 <= high:
            add_defect(defects, "charset-wrong", f"some bytes are not {_show(label)!r}")
            return text
    guessed = _guess(content, high, codec_for(hint) if hint else None, codec)
    if not label:
        add_defect(defects, "charset-missing", f"no charset given, read as {guessed}")
    elif guessed != codec:
        add_defect(defects, "charset-wrong", f"labelled {_show(label)!r}, read as {guessed}")
    text = _try(content, guessed)
    return text if text is not None else content.decode(guessed, "replace")


def _candidates(codec: str | None, high: int) -> tuple[str, ...]:
    """What to try strictly, in order: valid UTF-8 is no accident unless it is a few bytes of a two-byte charset."""
    if codec is None or codec == "ascii" or codec == "utf_8":
        return ("utf_8",)
    if codec in _WIDE or (codec in _MULTIBYTE and high < _SHORT):
        return (codec, "utf_8")
    return ("utf_8", codec)


def _try(content: bytes, codec: str) -> str | None:
    """The strictly decoded text; what Windows-1252 leaves undefined (81 8D 8F 90 9D) is taken as Latin-1."""
    try:
        return content.decode(codec)
    except UnicodeError:
        return content.decode("latin_1") if codec == "cp1252" else None


def _is_doubtful(content: bytes, high: int) -> bool:
    """Whether there are more bytes above 127 than any Western language has accents."""
    letters = len(content) - len(content.translate(None, _LETTER_BYTES))
    return high > _SPARSE and high * 2 > letters


def _guess(content: bytes, high: int, hint: str | None, labelled: str | None) -> str:
    """The codec these bytes are most likely in: the hint where it fits, else the detector's word, else a default."""
    if hint is not None and hint not in ("ascii", "utf_8") and hint not in _WIDE and _try(content, hint) is not None:
        return hint
    fallback = labelled if labelled is not None and labelled not in _MULTIBYTE and labelled != "ascii" else "cp1252"
    if high <= _SPARSE:
        return fallback
    from cchardet import detect  # heavy, and most mail never needs it

    found = detect(content[:GUESS_BYTES])
    codec = codec_for(str(found.get("encoding") or ""))
    if codec is None or codec in ("ascii", "utf_8") or codec in _WIDE or _try(content, codec) is None:
        return fallback
    return codec if float(found.get("confidence") or 0.0) >= 0.3 else fallback


def _is_encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode("utf_8")
    except UnicodeEncodeError:
        return False
    return True


def _show(label: str) -> str:
    return label[:40].encode("ascii", "backslashreplace").decode("ascii")
