"""What kinds of file an attachment is: by its name, its label, its first bytes, and what an archive holds. Dry: no I/O.

A name is what its sender wants it to look like; Windows goes by its end, a mail program perhaps by the label, and a
program stays one under any name. So each of them counts. Kinds are written as the usual ending of such a file: `exe`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailproc.message.archives import Budget, find_reader
from mailproc.message.filenames import clean_filename
from mailproc.message.parse import parse
from mailproc.message.winmail import is_winmail, read_winmail
from mailproc.records.filegroups import ARCHIVE_TOO_LARGE, CLASS_ID
from mailproc.records.mail import Attachment

_DEPTH = 3  # an archive in an archive in a mail
_MOST_MAIL = 5_000_000  # bytes of an attached mail that is looked into
_TYPES = {
    "application/x-msdownload": "exe", "application/x-msdos-program": "exe", "application/x-dosexec": "exe",
    "application/vnd.microsoft.portable-executable": "exe", "application/x-executable": "elf",
    "application/x-elf": "elf", "application/x-mach-binary": "app", "application/hta": "hta",
    "application/java-archive": "jar", "application/x-java-archive": "jar", "application/x-java-jnlp-file": "jnlp",
    "application/vnd.android.package-archive": "apk", "application/x-ms-shortcut": "lnk", "application/x-msi": "msi",
    "application/x-apple-diskimage": "dmg", "application/x-iso9660-image": "iso", "application/vnd.ms-cab-compressed":
    "cab", "text/javascript": "js", "application/javascript": "js", "application/x-javascript": "js",
    "application/x-sh": "sh", "application/x-shellscript": "sh", "text/x-shellscript": "sh", "text/vbscript": "vbs",
    "application/x-bat": "bat", "application/x-powershell": "ps1", "image/svg+xml": "svg", "text/html": "html",
    "application/xhtml+xml": "xhtml",
}  # fmt: skip
_STARTS = (
    (b"\x7fELF", "elf"), (b"\xfe\xed\xfa\xce", "app"), (b"\xfe\xed\xfa\xcf", "app"), (b"\xce\xfa\xed\xfe", "app"),
    (b"\xcf\xfa\xed\xfe", "app"), (b"\xca\xfe\xba\xbe", "class"), (b"dex\n", "dex"), (b"MSCF", "cab"),
    (b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F", "lnk"), (b"ITSF", "chm"), (b"vhdxfile", "vhdx"),
    (b"conectix", "vhd"), (b"#@~^", "vbe"), (b"#!/", "sh"), (b"#! /", "sh"), (b"\xef\xbb\xbf#!/", "sh"),
)  # fmt: skip
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MSI_CLASS = b"\x84\x10\x0c\x00\0\0\0\0\xc0\0\0\0\0\0\0F"
_OLE_MACROS = "_VBA_PROJECT".encode("utf-16-le")
_MACROS_MEMBER = "vbaproject.bin"
_MARKUP = re.compile(rb"<(?:!doctype\s{1,20}html|html|head|body|script|(svg))[\s>]", re.I)
# Windows opens such a file by that class and shows nothing of it
_CLASS_ID_END = re.compile(r"\.\{[0-9a-f]{8}-[0-9a-f-]{27}\}\Z", re.I)
_ENDING = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}\Z")


@dataclass(frozen=True, slots=True)
class FileKind:
    """One thing that a file is, or holds."""

    kind: str
    inside: str = ""  # the member of the archive that it is said of, "" for the file itself


def find_kinds(item: Attachment) -> Iterator[FileKind]:
    """All that this file is and holds, what is told soonest first; its cost is bounded whatever it is."""
    yield from _look(item.filename, item.content_type, item.content, "", _DEPTH, Budget())


def _look(name: str, content_type: str, content: bytes, inside: str, depth: int, budget: Budget) -> Iterator[FileKind]:
    ending = ending_of(name)
    if ending:
        yield FileKind(ending, inside)
    if (labelled := _TYPES.get(content_type.lower(), "")) and labelled != ending:
        yield FileKind(labelled, inside)
    if (sniffed := _sniff(content)) and sniffed != ending:
        yield FileKind(sniffed, inside)
    if not depth or not content:
        return
    if is_winmail(content):
        for file in read_winmail(content).files:
            yield from _look(file.name, file.content_type, file.content, _join(inside, file.name), depth - 1, budget)
    elif content_type.lower() in ("message/rfc822", "message/global") or ending == "eml":
        yield from _look_into_mail(content, inside, depth, budget)
    elif (reader := find_reader(name, content)) is not None:
        for member, nested in reader(name, content, budget):
            if member.lower().endswith(_MACROS_MEMBER):
                yield FileKind("docm", inside)
            yield from _look(member, "", nested, _join(inside, member), depth - 1, budget)
        if budget.is_spent:
            yield FileKind(ARCHIVE_TOO_LARGE, inside)


def _look_into_mail(content: bytes, inside: str, depth: int, budget: Budget) -> Iterator[FileKind]:
    head = content[:_MOST_MAIL]
    if b"name" not in head.lower():
        return  # no file has a name in it
    for item in parse(head, languages=()).attachments:
        where = _join(inside, item.filename)
        yield from _look(item.filename, item.content_type, item.content, where, depth - 1, budget)


def ending_of(name: str) -> str:
    """What stands behind the last dot of a name as Windows reads it, in lower case; "" where there is none."""
    if _CLASS_ID_END.search(name.rstrip(". ")):
        return CLASS_ID
    ending = name.rstrip(". \0").rpartition(".")[1:]
    return ending[1].lower() if ending[0] and _ENDING.match(ending[1].lower()) else ""


def _sniff(content: bytes) -> str:
    head = content[:64]
    # An old DOS program has little more than these two letters; a text that begins with them has no NUL
    if head[:2] in (b"MZ", b"ZM") and b"\0" in head:
        return "exe"
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head.startswith(_OLE):
        # An installer is such a file with its own class; macros are a storage of that name
        return "msi" if _MSI_CLASS in content else "docm" if _OLE_MACROS in content else ""
    if content[32_769:32_774] == b"CD001":
        return "iso"
    if content[-512:-508] == b"koly":
        return "dmg"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" and (found := _MARKUP.search(content[:1_024])):
        return "svg" if found[1] else "html"
    return ""


def _join(inside: str, name: str) -> str:
    shown = clean_filename(name) or "?"
    return f"{inside} > {shown}"[-200:] if inside else shown
