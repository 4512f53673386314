"""What a person reads in a file that goes along with a mail: texts, mails with all that is in them, office files. Dry.

For the leak check: whatever a transfer encoding, a character set, markup or a packed file hides from a plain search.
"""

import html
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

from mailproc.message.parse import parse
from mailproc.records.mail import Attachment

MOST_TEXT = 300_000  # characters of one file
_MOST_DEPTH = 4  # mails in mails
_MOST_FILES = 50  # in one mail
_MOST_MEMBERS = 40  # of a packed file that are read
_MOST_UNPACKED = 2_000_000  # bytes of each, and of all of them twice that
_WRITTEN = ("text/", "application/json", "application/xml", "application/xhtml", "application/rtf", "application/ics")
_WRITTEN_NAMES = (
    ".txt", ".csv", ".tsv", ".htm", ".html", ".xhtml", ".xml", ".json", ".md", ".log", ".rtf", ".ics", ".vcs",
)  # fmt: skip
_MARKUP = re.compile(r"<[^<>]{0,2000}>")
# A word of an office file may be cut into runs anywhere; these end one
_BLOCK_END = re.compile(
    r"</(?:w:p|w:tc|a:p|si|c|row|text:p|text:h|table:table-cell)>|<(?:w:br|w:tab|text:s|text:tab)\b"
)
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, RuntimeError, ValueError, OSError, EOFError)
_RTF_WORD = re.compile(r"\\(?:par|line|tab|cell)\b ?")
_RTF_CODE = re.compile(r"\\[a-z]{1,32}-?[0-9]{0,10} ?|[{}]")


def words_of_file(item: Attachment) -> str:
    """The text of the file, "" for one that holds none we can read."""
    return "\n".join(_texts_of(item, _MOST_DEPTH))[: 2 * MOST_TEXT]


def is_mail(item: Attachment) -> bool:
    """Whether the file is a mail of its own."""
    return item.content_type.startswith("message/") or item.filename.lower().endswith(".eml")


def _texts_of(item: Attachment, depth: int) -> Iterator[str]:
    name, kind = item.filename.lower(), item.content_type.lower()
    if is_mail(item):
        if depth > 0:
            inside = parse(item.content, languages=())
            yield inside.text[:MOST_TEXT]
            yield _plain(inside.html[:MOST_TEXT])
            for inner in inside.attachments[:_MOST_FILES]:
                yield from _texts_of(inner, depth - 1)
    elif item.content[:4] == b"PK\x03\x04":
        yield from _unpack(item.content)
    elif kind.startswith(_WRITTEN) or name.endswith(_WRITTEN_NAMES):
        text = _decode(item.content)
        if text.startswith("{\\rtf"):
            yield _RTF_CODE.sub("", _RTF_WORD.sub("\n", text))
        else:
            yield _plain(text) if "<" in text or "&" in text else text


def _decode(content: bytes) -> str:
    """As UTF-8, or in two bytes a letter as Windows writes "Unicode"."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content[: 2 * MOST_TEXT].decode("utf-16", "replace")
    head = content[:MOST_TEXT]
    return (head.replace(b"\0", b"") if b"\0" in head else head).decode("utf-8", "replace")


def _plain(markup: str) -> str:
    return html.unescape(_MARKUP.sub(" ", markup)) if markup else ""


def _unpack(content: bytes) -> Iterator[str]:
    """The texts in a zip: word/document.xml, xl/sharedStrings.xml, content.xml, files that are text."""
    left = 2 * _MOST_UNPACKED
    try:
        packed = zipfile.ZipFile(io.BytesIO(content))
    except _DAMAGED:
        return
    named = [info for info in packed.infolist() if info.filename.lower().endswith(_WRITTEN_NAMES)]
    for info in named[:_MOST_MEMBERS]:
        try:
            with packed.open(info) as member:
                raw = member.read(min(left, _MOST_UNPACKED))
        except _DAMAGED:
            continue  # encrypted, or damaged
        left -= len(raw)
        text = raw.decode("utf-8", "replace")
        yield html.unescape(_MARKUP.sub("", _BLOCK_END.sub(" <", text)))[:MOST_TEXT]
        if left <= 0:
            return
