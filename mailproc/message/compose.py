"""A mail of ours as the bytes that go on the wire, built new from its parts. Dry: no I/O; never re-serialises a mail
that came in (threat T41)."""

import binascii
import hashlib
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from mailproc.errors import Permanent
from mailproc.message.addresses import is_sendable
from mailproc.message.headerfields import (
    MAX_LINE,
    ascii_filename,
    check_name,
    check_value,
    clean_filename,
    clean_header_text,
    clean_message_ids,
    format_filename,
    format_ids,
    format_mailbox,
    format_text,
)
from mailproc.message.threadindex import read_index
from mailproc.records.mail import Attachment

__all__ = ["Outgoing", "clean_header_text", "clean_message_ids", "compose"]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TEXT_LINE = 76  # columns of a body line, RFC 2045 sections 6.7 and 6.8
# Fields `compose` writes itself, and fields that would reroute a mail, show others' addresses or ask for receipts (T47)
_RESERVED = frozenset(
    {"from", "sender", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id", "in-reply-to", "references"}
    | {"mime-version", "return-path", "received", "delivered-to", "errors-to", "dkim-signature", "x-originating-ip"}
    | {"authentication-results", "disposition-notification-to", "return-receipt-to"}
)
_RESERVED_PREFIXES = ("content-", "resent-", "arc-")
_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")
_CONTENT_ID = re.compile(r"[!-;=?-~]{1,200}")
_BASE64_LINES = struct.Struct("76s" * 64)
_BASE64_BLOCK = _BASE64_LINES.size
_CHARSET_CHECK = 1_000_000  # bytes of a text attachment that are tried as UTF-8


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One mail to one recipient, ready to become bytes; text and html are user text and markup of ours."""

    message_id: str  # with its angle brackets
    from_name: str
    from_address: str
    recipient: str
    reply_to: str  # "" for none
    subject: str
    date: datetime  # aware
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    text: str = ""
    html: str = ""  # "" for a mail of text only
    attachments: tuple[Attachment, ...] = ()


class _Entity(NamedTuple):
    """A MIME entity: its Content-* lines with their CRLF, and its body in pieces, which ends with CRLF."""

    headers: str
    body: list[bytes]  # joined once, at the end: an attachment is large


def compose(outgoing: Outgoing) -> bytes:
    """The mail as RFC 5322 bytes; the same `outgoing` always gives the same bytes.

    Raises `Permanent` when a header value holds a control character, an address or id cannot stand in a header, a
    header of ours is named twice, or the finished header block does not hold exactly the fields that were meant.
    """
    head, names = _header_fields(outgoing)
    root = _root_entity(outgoing)
    names += ("MIME-Version", "Content-Type")
    if "\r\nContent-Transfer-Encoding:" in root.headers:
        names.append("Content-Transfer-Encoding")
    block = f"{head}MIME-Version: 1.0\r\n{root.headers}"
    _check_block(block, names, outgoing.recipient)
    return b"".join((block.encode("utf-8"), b"\r\n", *root.body))


def _header_fields(outgoing: Outgoing) -> tuple[str, list[str]]:
    """The block without its MIME fields, and the names that it is meant to hold, in order."""
    _check_address("From", outgoing.from_address)
    _check_address("To", outgoing.recipient)
    names = ["From", "To"]
    fields = [
        format_mailbox("From", outgoing.from_name, outgoing.from_address),
        format_mailbox("To", "", outgoing.recipient),
    ]
    if outgoing.reply_to:
        _check_address("Reply-To", outgoing.reply_to)
        names.append("Reply-To")
        fields.append(format_mailbox("Reply-To", "", outgoing.reply_to))
    names += ("Subject", "Date", "Message-ID")
    fields.append(format_text("Subject", outgoing.subject))
    fields.append(_format_date(outgoing.date))
    fields.append(format_ids("Message-ID", (outgoing.message_id,)))
    if outgoing.in_reply_to:
        names.append("In-Reply-To")
        fields.append(format_ids("In-Reply-To", (outgoing.in_reply_to,)))
    if outgoing.references:
        names.append("References")
        fields.append(format_ids("References", outgoing.references))
    seen = set()
    for name, value in outgoing.headers:
        lower = _check_added_name(name)
        if lower in seen:
            raise Permanent(f"{name}: this header stands twice; every header of ours may stand once")
        seen.add(lower)
        names.append(name)
        fields.append(_format_index(value) if lower == "thread-index" else format_text(name, value))
    return "".join(fields), names


def _format_index(value: str) -> str:
    """Thread-Index: a long word of base64, which must not become an encoded word."""
    if read_index(value) != value:
        check_value("Thread-Index", value)
        raise Permanent(f"Thread-Index: {value[:80]!a} is none; leave it out")
    return f"Thread-Index: {value}\r\n"


def _check_address(name: str, addr: str) -> None:
    if not is_sendable(addr):
        check_value(name, addr)
        raise Permanent(f"{name}: {addr[:80]!a} is no plain mail address; correct the address")


@lru_cache(maxsize=256)  # the names are the same few in every mail; what is refused is not kept
def _check_added_name(name: str) -> str:
    """The name in lower case; raises `Permanent` when it may not be added."""
    check_name(name)
    lower = name.lower()
    if lower in _RESERVED or lower.startswith(_RESERVED_PREFIXES):
        raise Permanent(f"{name}: this header may not be added; it is written by mailproc or leaks")
    return lower


@lru_cache(maxsize=64)  # all mails of one decision are written at the same moment
def _format_date(at: datetime) -> str:
    # RFC 5322 section 3.3, always in UTC: the agent's time zone is nobody's business
    if at.utcoffset() is None:
        raise Permanent("Date: the time has no time zone; pass an aware datetime")
    at = at.astimezone(UTC)
    return (
        f"Date: {_DAYS[at.weekday()]}, {at.day:02d} {_MONTHS[at.month - 1]} {at.year:04d} "
        f"{at.hour:02d}:{at.minute:02d}:{at.second:02d} +0000\r\n"
    )


def _root_entity(outgoing: Outgoing) -> _Entity:
    """The MIME tree: mixed(alternative(text, related(html, images)), files), each level only where it is needed."""
    root = _text_entity("plain", outgoing.text)
    parts = [root]  # the two that may hold 7bit text
    images: list[Attachment] = []
    files: list[Attachment] = []
    for attachment in outgoing.attachments:
        (images if outgoing.html and _is_shown(attachment, outgoing.html) else files).append(attachment)
    if outgoing.html:
        html = _html_entity(outgoing.html)
        parts.append(html)
    bare = [part.body[0] for part in parts if "7bit" in part.headers]
    if outgoing.html:
        if images:
            # RFC 2387: the markup and the images it shows
            shown = [html, *(_attachment_entity(image, is_inline=True) for image in images)]
            html = _multipart("related", outgoing.message_id, shown, bare, '; type="text/html"')
        root = _multipart("alternative", outgoing.message_id, [root, html], bare)
    if files:
        carried = [root, *(_attachment_entity(file, is_inline=False) for file in files)]
        root = _multipart("mixed", outgoing.message_id, carried, bare)
    return root


def _is_shown(attachment: Attachment, html: str) -> bool:
    content_id = attachment.content_id.strip("<>")
    return (
        attachment.is_inline
        and attachment.content_type.lower().startswith("image/")
        and _CONTENT_ID.fullmatch(content_id) is not None
        and f"cid:{content_id}" in html
    )


def _html_entity(html: str) -> _Entity:
    """Markup whose letters beyond ASCII are character references (HTML section 13.5) and that needs no encoding then.

    References mean nothing inside styles and scripts, which an admin's template may hold.
    """
    if not html.isascii() and "<style" not in html and "<script" not in html:
        html = html.encode("ascii", "xmlcharrefreplace").decode("ascii")
    return _text_entity("html", html, MAX_LINE)


def _text_entity(subtype: str, text: str, longest: int = _TEXT_LINE) -> _Entity:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.removesuffix("\n")
    lines = text.split("\n")
    if _is_plain(text, lines, longest):
        body = ("\r\n".join(lines) + "\r\n").encode("ascii")
        _check_line_ends(body)
        encoding = "7bit"
    else:
        body = _quoted_printable(text)
        encoding = "quoted-printable"
    return _Entity(
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n",
        [body],
    )


def _is_plain(text: str, lines: list[str], longest: int) -> bool:
    """True for text that any relay leaves as it is: printable ASCII, no longer lines than `longest`, nothing a mailbox
    or SMTP quotes."""
    return (
        text.isascii()
        and len(text) < (longest + 1) * len(lines)
        and max(map(len, lines)) <= longest
        and not text.startswith((".", "From "))
        and not text.endswith(" ")
        and " \n" not in text
        and "\n." not in text
        and "\nFrom " not in text
        and "".join(lines).isprintable()
    )


def _quoted_printable(text: str) -> bytes:
    """Lines that end with "\\n", the last one without it, as quoted-printable lines (RFC 2045 section 6.7)."""
    # with CRLF already in the text binascii breaks lines with CRLF too; it also encodes blanks at line ends and a line
    # of one dot
    body = binascii.b2a_qp(text.replace("\n", "\r\n").encode("utf-8", "replace") + b"\r\n", istext=True)
    if body.startswith(b"From ") or b"\nFrom " in body:
        # RFC 4155: a mailbox file on the way would write ">From "; a soft line break keeps lines short
        body = re.sub(rb"(?m)^From ", b"From=\r\n ", body)
    _check_line_ends(body)
    return body


def _attachment_entity(attachment: Attachment, *, is_inline: bool) -> _Entity:
    name = clean_filename(attachment.filename)
    content_type = attachment.content_type.lower()
    charset = ""
    if not _CONTENT_TYPE.fullmatch(content_type) or content_type.startswith("multipart/"):
        content_type = "application/octet-stream"
    elif content_type.startswith("message/"):
        # RFC 2046 section 5.2.1 forbids base64 for message/rfc822, and 7bit would put a stranger's bare bytes and
        # boundaries inside our mail. As a plain file named .eml every mail client opens it, and its bytes stay what
        # they were, signatures included.
        if content_type in ("message/rfc822", "message/global") and not name.lower().endswith(".eml"):
            name = clean_filename(f"{name[:90]}.eml")
        content_type = "application/octet-stream"
    elif content_type.startswith("text/"):
        charset = _charset_parameter(attachment.content)
    headers = [f'Content-Type: {content_type}{charset};\r\n name="{ascii_filename(name)}"\r\n']
    if is_inline:
        headers.append(f"Content-ID: <{attachment.content_id.strip('<>')}>\r\n")
    headers.append(f"Content-Disposition: {'inline' if is_inline else 'attachment'}{format_filename(name)}\r\n")
    headers.append("Content-Transfer-Encoding: base64\r\n")
    return _Entity("".join(headers), [_base64(attachment.content)])


def _charset_parameter(content: bytes) -> str:
    if len(content) > _CHARSET_CHECK or content.isascii():
        return ""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "; charset=utf-8"


def _base64(content: bytes) -> bytes:
    """Base64 in lines of 76 columns, each ended by CRLF, so that no one needs to look for line ends in it again; cut in
    blocks of 64 lines, because encoding or cutting each line by itself costs more."""
    encoded = binascii.b2a_base64(content, newline=False)
    whole = len(encoded) // _BASE64_BLOCK * _BASE64_BLOCK
    lines: list[bytes] = []
    for block in _BASE64_LINES.iter_unpack(memoryview(encoded)[:whole]):
        lines += block
    lines += [encoded[i : i + _TEXT_LINE] for i in range(whole, len(encoded), _TEXT_LINE)]
    lines.append(b"")
    return b"\r\n".join(lines)


def _multipart(
    subtype: str, message_id: str, parts: Sequence[_Entity], bare: Sequence[bytes], parameters: str = ""
) -> _Entity:
    boundary = _boundary(subtype, message_id, bare)
    body: list[bytes] = []
    start = f"--{boundary}\r\n"
    for part in parts:
        head = f"{start}{part.headers}\r\n".encode("ascii")
        _check_line_ends(head)
        body.append(head)
        body += part.body
        # RFC 2046 section 5.1.1: the CRLF before a delimiter belongs to the delimiter
        start = f"\r\n--{boundary}\r\n"
    body.append(f"\r\n--{boundary}--\r\n".encode("ascii"))
    return _Entity(f'Content-Type: multipart/{subtype}{parameters};\r\n boundary="{boundary}"\r\n', body)


def _boundary(subtype: str, message_id: str, bare: Sequence[bytes]) -> str:
    """A boundary that the Message-ID decides and no part contains: "=_" cannot stand in quoted-printable or base64, so
    that only the `bare` bodies, 7bit text, can ever ask for a second try."""
    for attempt in range(100):
        digest = hashlib.sha256(f"{subtype} {attempt} {message_id}".encode()).hexdigest()
        boundary = f"=_{digest[:32]}"
        wanted = boundary.encode("ascii")
        if not any(wanted in text for text in bare):
            return boundary
    raise Permanent("boundary: the text holds every boundary that was tried; send it as an attachment")


def _check_block(block: str, meant: Sequence[str], recipient: str) -> None:
    """Read the finished header block again, as a suspicious reader would, and compare its field names (T40, T41).

    The recipient's checked address is all that may hold letters beyond ASCII (RFC 6532 section 3.2).
    """
    if not block.isascii():
        block = block.replace(recipient, "x@x", 1)
    lines = block.removesuffix("\r\n").split("\r\n")
    found = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    is_wrong = (
        found != list(meant)
        or not block.isascii()
        or not "".join(lines).isprintable()  # takes in a bare CR or LF
        or max(map(len, lines)) > MAX_LINE
        or not all(map(str.strip, lines))  # an empty line would end the block early
    )
    if is_wrong:
        raise Permanent(f"header block: meant {', '.join(meant)}; got {', '.join(found)!a}; nothing was sent")


def _check_line_ends(piece: bytes) -> None:
    # RFC 5321 section 2.3.8; bare ones are how mails are smuggled (T43). Every piece passes by itself and ends with
    # CRLF, and so does the mail that is made of them
    if not piece.count(b"\r\n") == piece.count(b"\r") == piece.count(b"\n"):
        raise Permanent("body: a line ends with CR or LF alone; nothing was sent")
