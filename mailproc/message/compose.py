"""A mail of ours as the bytes that go on the wire, built new from its parts. Dry: no I/O; never re-serialises a mail
that came in (threat T41)."""

import binascii
import hashlib
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

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


@dataclass(frozen=True, slots=True)
class _Entity:
    """A MIME entity: its Content-* lines with their CRLF, and its body, which ends with CRLF."""

    headers: str
    body: bytes


def compose(outgoing: Outgoing) -> bytes:
    """The mail as RFC 5322 bytes; the same `outgoing` always gives the same bytes.

    Raises `Permanent` when a header value holds a control character, an address or id cannot stand in a header, a
    header of ours is named twice, or the finished header block does not hold exactly the fields that were meant.
    """
    head, names = _header_fields(outgoing)
    root = _root_entity(outgoing)
    names += ["MIME-Version", "Content-Type"]
    if "\r\nContent-Transfer-Encoding:" in root.headers:
        names.append("Content-Transfer-Encoding")
    block = f"{head}MIME-Version: 1.0\r\n{root.headers}"
    _check_block(block, names)
    raw = b"".join((block.encode("ascii"), b"\r\n", root.body))
    _check_line_ends(raw)
    return raw


def _header_fields(outgoing: Outgoing) -> tuple[str, list[str]]:
    """The block without its MIME fields, and the names that it is meant to hold, in order."""
    for name, addr in (
        ("From", outgoing.from_address),
        ("To", outgoing.recipient),
        ("Reply-To", outgoing.reply_to),
    ):
        check_value(name, addr)
        if not is_sendable(addr) and (addr or name != "Reply-To"):
            raise Permanent(f"{name}: {addr[:80]!a} is no plain mail address; correct the address")
    fields = [
        format_mailbox("From", outgoing.from_name, outgoing.from_address),
        format_mailbox("To", "", outgoing.recipient),
    ]
    names = ["From", "To"]
    if outgoing.reply_to:
        names.append("Reply-To")
        fields.append(format_mailbox("Reply-To", "", outgoing.reply_to))
    names += ["Subject", "Date", "Message-ID"]
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
        check_name(name)
        lower = name.lower()
        if lower in _RESERVED or lower.startswith(_RESERVED_PREFIXES) or lower in seen:
            raise Permanent(f"{name}: this header may not be added; it is written by mailproc, stands twice or leaks")
        seen.add(lower)
        names.append(name)
        fields.append(format_text(name, value))
    return "".join(fields), names


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
    images: list[Attachment] = []
    files: list[Attachment] = []
    for attachment in outgoing.attachments:
        (images if outgoing.html and _is_shown(attachment, outgoing.html) else files).append(attachment)
    if outgoing.html:
        html = _text_entity("html", outgoing.html)
        if images:
            # RFC 2387: the markup and the images it shows
            parts = [html, *(_attachment_entity(image, is_inline=True) for image in images)]
            html = _multipart("related", outgoing.message_id, parts, '; type="text/html"')
        root = _multipart("alternative", outgoing.message_id, [root, html])
    if files:
        parts = [root, *(_attachment_entity(file, is_inline=False) for file in files)]
        root = _multipart("mixed", outgoing.message_id, parts)
    return root


def _is_shown(attachment: Attachment, html: str) -> bool:
    content_id = attachment.content_id.strip("<>")
    return (
        attachment.is_inline
        and attachment.content_type.lower().startswith("image/")
        and _CONTENT_ID.fullmatch(content_id) is not None
        and f"cid:{content_id}" in html
    )


def _text_entity(subtype: str, text: str) -> _Entity:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.endswith("\n"):
        text += "\n"
    if _is_plain(text):
        body = text.replace("\n", "\r\n").encode("ascii")
        encoding = "7bit"
    else:
        # every line ends with CRLF already, so that binascii breaks lines with CRLF too; it also encodes blanks at
        # line ends and a line of one dot
        body = binascii.b2a_qp(text.replace("\n", "\r\n").encode("utf-8", "replace"), istext=True)
        if body.startswith(b"From ") or b"\nFrom " in body:
            # RFC 4155: a mailbox file on the way would write ">From "; a soft line break keeps lines short
            body = re.sub(rb"(?m)^From ", b"From=\r\n ", body)
        encoding = "quoted-printable"
    return _Entity(
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n",
        body,
    )


def _is_plain(text: str) -> bool:
    """True for text that any relay leaves as it is: printable ASCII, short lines, nothing a mailbox or SMTP quotes."""
    return (
        text.isascii()
        and text.replace("\n", "").isprintable()
        and " \n" not in text
        and "\n." not in text
        and "\nFrom " not in text
        and not text.startswith((".", "From "))
        and max(map(len, text.split("\n"))) <= _TEXT_LINE
    )


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
    return _Entity("".join(headers), _base64(attachment.content))


def _charset_parameter(content: bytes) -> str:
    if len(content) > _CHARSET_CHECK or content.isascii():
        return ""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "; charset=utf-8"


def _base64(content: bytes) -> bytes:
    """Base64 in lines of 76 columns, cut in blocks of 64 lines: encoding each line by itself costs threefold."""
    encoded = binascii.b2a_base64(content, newline=False)
    whole = len(encoded) // _BASE64_BLOCK * _BASE64_BLOCK
    lines: list[bytes] = []
    for block in _BASE64_LINES.iter_unpack(memoryview(encoded)[:whole]):
        lines += block
    lines += [encoded[i : i + _TEXT_LINE] for i in range(whole, len(encoded), _TEXT_LINE)]
    lines.append(b"")
    return b"\r\n".join(lines)


def _multipart(subtype: str, message_id: str, parts: Sequence[_Entity], parameters: str = "") -> _Entity:
    boundary = _boundary(subtype, message_id, parts)
    delimiter = f"--{boundary}\r\n"
    chunks: list[bytes] = []
    for part in parts:
        # RFC 2046 section 5.1.1: the CRLF before a delimiter belongs to the delimiter
        chunks += ((delimiter + part.headers + "\r\n").encode("ascii"), part.body, b"\r\n")
    chunks.append(f"--{boundary}--\r\n".encode("ascii"))
    return _Entity(
        f'Content-Type: multipart/{subtype}{parameters};\r\n boundary="{boundary}"\r\n',
        b"".join(chunks),
    )


def _boundary(subtype: str, message_id: str, parts: Sequence[_Entity]) -> str:
    """A boundary that the Message-ID decides and no part contains; "=_" cannot stand in quoted-printable or base64, so
    only 7bit text can ever ask for a second try."""
    for attempt in range(100):
        digest = hashlib.sha256(f"{subtype} {attempt} {message_id}".encode()).hexdigest()
        boundary = f"=_{digest[:32]}"
        wanted = boundary.encode("ascii")
        if not any(wanted in part.body for part in parts if "Content-Transfer-Encoding: base64" not in part.headers):
            return boundary
    raise Permanent("boundary: the text holds every boundary that was tried; send it as an attachment")


def _check_block(block: str, meant: Sequence[str]) -> None:
    """Read the finished header block again, as a suspicious reader would, and compare its field names (T40, T41)."""
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


def _check_line_ends(raw: bytes) -> None:
    # RFC 5321 section 2.3.8; bare ones are how mails are smuggled (T43)
    if not raw.count(b"\r\n") == raw.count(b"\r") == raw.count(b"\n"):
        raise Permanent("body: a line ends with CR or LF alone; nothing was sent")
