"""The files of a mail under names that are safe to show, with what can be said of them in one line. Dry: no I/O."""

from mailproc.message.appointments import CALENDAR_TYPES, summarise
from mailproc.message.body import LONGEST_TEXT
from mailproc.message.charsets import clean_text
from mailproc.message.filenames import clean_filename, default_filename, guess_type
from mailproc.message.headers import decode, read_head
from mailproc.message.limits import HEADER_BLOCK
from mailproc.message.parts import Part, first
from mailproc.message.protection import describe, name_of
from mailproc.message.richtext import read_rtf
from mailproc.message.winmail import is_winmail, read_winmail
from mailproc.records.mail import Attachment

_MOST_READ = 10  # winmail.dat, and appointments, that are looked into in one mail
_MOST_RTF, _LONGEST_RTF = 2, 500_000  # parts and bytes that a text is looked for in
_LONGEST_SUBJECT = 1_000  # bytes as they stand
_NO_PATH = str.maketrans({"/": "-", "\\": "-", "\ufffd": ""})
_MAILS = ("message/rfc822", "message/global")
_RTF_TYPES = ("text/rtf", "application/rtf", "text/richtext")


def read_attachments(parts: tuple[Part, ...]) -> tuple[Attachment, ...]:
    """The files in their order, none without a name; those inside a winmail.dat follow it."""
    attached = [part for part in parts if part.is_attachment]
    if not attached:
        return ()
    found: list[Attachment] = []
    winmails, appointments = _of_interest(attached)
    for part in attached:
        disposition = first(part.headers, "content-disposition").lstrip().lower()
        is_inline = disposition.startswith("inline") or bool(
            part.content_id and part.parent_type == "multipart/related" and not disposition
        )
        packed = _unpack(part) if id(part) in winmails else []
        name = part.filename or name_of(part) or _name_of_mail(part)
        name = name or default_filename(part.content_type, len(found) + 1)
        summary = summarise(part.content, part.charset) if id(part) in appointments else describe(part)
        if packed:
            files = "1 file, listed on its own" if len(packed) == 1 else f"{len(packed)} files, listed on their own"
            summary = f"Outlook's wrapping of {files} too"
        found.append(
            Attachment(name, part.content_type, len(part.content), is_inline, part.content_id, part.content, summary)
        )
        found += packed
    return tuple(found)


def find_spare_text(parts: tuple[Part, ...]) -> str:
    """What stands in for the text of a mail that has none: an appointment, rich text, the body in a winmail.dat."""
    for part in [part for part in parts if part.content_type in CALENDAR_TYPES][:_MOST_READ]:
        if line := summarise(part.content, part.charset):
            return line
    for part in [part for part in parts if part.content_type in _RTF_TYPES and part.content][:_MOST_RTF]:
        if text := read_rtf(part.content[:_LONGEST_RTF]):
            return text
    for part in [part for part in parts if is_winmail(part.content)][:_MOST_READ]:
        if text := read_winmail(part.content).text:
            return text[:LONGEST_TEXT].replace("\r\n", "\n").replace("\r", "\n").strip("\n").rstrip()
    return ""


def _of_interest(parts: list[Part]) -> tuple[list[int], list[int]]:
    """The ids of those that are looked into: (winmail.dat, appointments); a mail may hold hundreds of each."""
    winmails = [id(part) for part in parts if is_winmail(part.content)]
    appointments = [id(part) for part in parts if part.content_type in CALENDAR_TYPES]
    return winmails[:_MOST_READ], appointments[:_MOST_READ]


def _name_of_mail(part: Part) -> str:
    """A mail inside the mail is called what it is about."""
    if part.content_type not in _MAILS:
        return ""
    raw = part.content.lstrip(b"\r\n") if part.content[:1] in b"\r\n" else part.content
    head = read_head(raw, 0, min(len(raw), HEADER_BLOCK))
    # A name is short, and a mail may hold hundreds of mails with subjects that take long to decode
    subject = decode(first(head.headers, "subject")[:_LONGEST_SUBJECT]).translate(_NO_PATH)
    return clean_filename(f"{subject}.eml") if clean_filename(subject) else ""


def _unpack(part: Part) -> list[Attachment]:
    found: list[Attachment] = []
    for number, file in enumerate(read_winmail(part.content).files, 1):
        name = clean_filename(clean_text(file.name))
        content_type = clean_text(file.content_type)
        if "/" not in content_type or not content_type.isascii() or not content_type.isprintable():
            content_type = guess_type(name)
        name = name or default_filename(content_type, number)
        content_id = clean_text(file.content_id)
        found.append(Attachment(name, content_type, len(file.content), False, content_id, file.content))
    return found
