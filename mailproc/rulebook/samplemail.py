"""The mail of an inline test, composed and parsed like any other, with the facts around it. Dry: no I/O."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email.header import Header
from zoneinfo import ZoneInfo

from mailproc.message.addresses import parse_mailboxes
from mailproc.message.parse import parse
from mailproc.records.mail import Inbound
from mailproc.records.site import Site
from mailproc.rulebook.book import Rulebook
from mailproc.rulebook.calendars import find_zone
from mailproc.rulebook.facts import Facts, auto_words, find_spam_score
from mailproc.rulebook.forms import fill_in
from mailproc.rulebook.inlinetests import SampleMail

ReadMail = Callable[[str], bytes]

_TYPES = {
    "pdf": "application/pdf", "xml": "application/xml", "zip": "application/zip", "json": "application/json",
    "txt": "text/plain", "csv": "text/csv", "html": "text/html", "ics": "text/calendar", "eml": "message/rfc822",
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "mp3": "audio/mpeg", "mp4": "video/mp4",
    "doc": "application/msword", "xls": "application/vnd.ms-excel",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
_DMARC = {"A0": "fail", "A1": "none", "A2": "none", "A3": "pass"}
_SENDER = "someone@customer.example"
_BOUNDARY = "=-inline-test-="


def make_facts(book: Rulebook, site: Site, mail: SampleMail, read_mail: ReadMail | None) -> Facts:
    """The facts of a test's mail; raises what `read_mail` raises, and ValueError without one for an `eml` test."""
    if mail.eml and read_mail is None:
        raise ValueError("nobody here reads mail from files")
    raw = read_mail(mail.eml) if mail.eml and read_mail is not None else compose_sample(mail, site)
    inbound = parse(raw, languages=site.languages)
    sizes = {file.name: file.size for file in mail.attachments if file.size is not None}
    if sizes:  # a test of a large file should not need one
        files = (replace(item, size=sizes.get(item.filename, item.size)) for item in inbound.attachments)
        inbound = replace(inbound, attachments=tuple(files))
    at = mail.at or datetime(2026, 1, 13, 10, 0, tzinfo=find_zone(site.timezone) or ZoneInfo("UTC"))
    recipients = _find_recipients(mail, inbound)
    is_proven = mail.level in ("A2", "A3")
    inbound = fill_in(book, inbound, recipients, at, mail.level, _DMARC[mail.level], is_proven=is_proven)
    agent = book.find_agent(inbound.from_.addr) if inbound.from_ else None
    ticket = dict(mail.ticket or ())
    return Facts(
        inbound=inbound,
        recipients=recipients,
        level=mail.level,
        dmarc=_DMARC[mail.level],
        auto=auto_words(inbound, inbound.mail_class),
        is_known_sender=mail.is_known_sender,
        sender="agent" if agent is not None and agent.is_active and mail.level != "A0" else "customer",
        spam_score=mail.spam_score if mail.spam_score is not None else find_spam_score(inbound),
        at=at,
        language=mail.language or inbound.language,
        is_new=mail.ticket is None,
        ticket_state="" if mail.ticket is None else ticket.get("state", "open"),
        ticket_department="" if mail.ticket is None else ticket.get("department", book.defaults.department),
    )


def compose_sample(mail: SampleMail, site: Site) -> bytes:
    """The bytes of a test's mail; a header that the test names itself replaces the one made here."""
    headers = {
        "From": ("From", _encode_mailboxes((mail.from_ or _SENDER,))),
        "To": ("To", _encode_mailboxes(mail.to or site.addresses[:1])),
        "Subject": ("Subject", _encode(mail.subject)),
        "Date": ("Date", "Tue, 13 Jan 2026 10:00:00 +0000"),
        "Message-ID": ("Message-ID", "<inline-test@customer.example>"),
        "MIME-Version": ("MIME-Version", "1.0"),
    }
    if mail.cc:
        headers["Cc"] = ("Cc", _encode_mailboxes(mail.cc))
    named = {name.lower() for name, _ in mail.headers}
    lines = [f"{name}: {value}" for name, value in headers.values() if name.lower() not in named]
    lines += [f"{name}: {_encode(value)}" for name, value in mail.headers]
    text = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + _base64(mail.body)
    if not mail.attachments:
        return ("\r\n".join(lines) + "\r\n" + text).encode("utf-8")
    parts = [text]
    for file in mail.attachments:
        kind = file.content_type or _TYPES.get(file.name.rpartition(".")[2].lower(), "application/octet-stream")
        if kind == "message/rfc822":
            kind = "application/octet-stream"  # the sample holds no mail
        parts.append(
            f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n"
            f'Content-Disposition: attachment; filename="{_encode(file.name)}"\r\n\r\n{_base64("x")}'
        )
    lines.append(f'Content-Type: multipart/mixed; boundary="{_BOUNDARY}"')
    body = "".join(f"--{_BOUNDARY}\r\n{part}\r\n" for part in parts)
    return ("\r\n".join(lines) + f"\r\n\r\n{body}--{_BOUNDARY}--\r\n").encode("utf-8")


def _find_recipients(mail: SampleMail, inbound: Inbound) -> tuple[str, ...]:
    """Who it was sent to: as the test says, else as the file says."""
    said = tuple(address.addr for text in (*mail.to, *mail.cc) for address in parse_mailboxes(text))
    if mail.to:
        return tuple(dict.fromkeys(said))
    listed = (*inbound.delivered_to, *(to.addr for to in inbound.to), *(copy.addr for copy in inbound.cc))
    return tuple(dict.fromkeys(listed))


def _encode(value: str) -> str:
    return value if value.isascii() else Header(value, "utf-8", maxlinelen=10_000).encode()


def _encode_mailboxes(values: tuple[str, ...]) -> str:
    found: list[str] = []
    for value in values:
        name, bracket, rest = value.rpartition("<")
        found.append(value if value.isascii() or not bracket else f"{_encode(name.strip().strip(chr(34)))} <{rest}")
    return ", ".join(found)


def _base64(text: str) -> str:
    return base64.encodebytes(text.encode("utf-8")).decode("ascii").replace("\n", "\r\n")
