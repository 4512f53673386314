"""Reads a mail that is attached to another one (message/rfc822, or a file that is one). Dry: no I/O.

With this room's own reader of MIME trees, so that its limits hold for attached mails too: of one past them the header
alone is read.
"""

from mailproc.message.addresses import parse_mailboxes
from mailproc.message.body import read_body
from mailproc.message.headers import decode, guarded, read_head
from mailproc.message.ids import find_ids
from mailproc.message.limits import LimitExceededError
from mailproc.message.mime import TreeReader
from mailproc.message.parts import Headers, Part, first
from mailproc.records.mail import Address, Forwarded

_MAX_ATTACHED = 2_000_000  # bytes of an attached mail that are read for its text
_MAX_RECIPIENTS = 200
_MAIL_TYPES = ("message/rfc822", "message/global", "message/news")
_NAMING = frozenset(("from", "subject", "date", "message-id", "received"))


def find_attached(parts: tuple[Part, ...]) -> Part | None:
    """The outermost attached mail; the one that a report returns is none."""
    found: Part | None = None
    for part in parts:
        if part.content_type in ("text/plain", "text/html") and not part.is_attachment:
            continue
        if part.report_type or part.parent_type == "multipart/report":
            continue
        is_mail = part.content_type in _MAIL_TYPES or (
            part.filename.lower().endswith(".eml") and b":" in part.content[:200]
        )
        if is_mail and part.content.strip() and (found is None or part.depth < found.depth):
            found = part
    return found


def read_attached(part: Part) -> Forwarded | None:
    """The attached mail; None when its bytes are none."""
    raw = part.content[:_MAX_ATTACHED]
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    raw = raw.lstrip(b"\r\n")
    if raw.startswith((b"From ", b">From ")):
        raw = raw.partition(b"\n")[2]  # mbox
    head = read_head(raw, 0, len(raw))
    if not any(name in _NAMING for name, _ in head.headers):
        return None
    senders = parse_mailboxes(first(head.headers, "from"))
    ids = find_ids(first(head.headers, "message-id"))
    text, _problem = guarded(lambda: _read_text(raw, head.headers, head.body_at), "")
    return Forwarded(
        from_=senders[0] if senders else None,
        subject=decode(first(head.headers, "subject")),
        date=decode(first(head.headers, "date")),
        message_id=ids[0] if ids else "",
        text=text,
        to=_mailboxes(head.headers, "to"),
        cc=_mailboxes(head.headers, "cc"),
    )


def _mailboxes(headers: Headers, name: str) -> tuple[Address, ...]:
    values = [value for key, value in headers if key == name][:20]
    return tuple([box for value in values for box in parse_mailboxes(value) if box.addr][:_MAX_RECIPIENTS])


def _read_text(raw: bytes, headers: Headers, body_at: int) -> str:
    """The text of an attached mail as a person would read it, "" when it has none or is past a limit."""
    try:
        tree = TreeReader(raw, []).read(headers, body_at, len(raw))
    except LimitExceededError:
        return ""
    return read_body(tree, []).text.strip()
