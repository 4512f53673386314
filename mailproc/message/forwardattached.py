"""Reads a mail that is attached to another one (message/rfc822, or a file that is one). Dry: no I/O.

With this room's own reader of MIME trees, so that its limits hold for attached mails too: of one past them the header
alone is read.
"""

from collections.abc import Callable

from mailproc.message.addresses import parse_mailboxes
from mailproc.message.attachments import read_attachments
from mailproc.message.body import read_body
from mailproc.message.headers import decode, guarded, read_head
from mailproc.message.ids import find_ids
from mailproc.message.limits import LimitExceededError
from mailproc.message.mime import TreeReader
from mailproc.message.parts import Headers, Part, first
from mailproc.records.mail import Address, Attachment, Forwarded

_MOST_MAILS = 20  # attached beside each other that are read
_MOST_IDS = 60
_NO_PARTS: tuple[Part, ...] = ()
_NO_FILES: tuple[Attachment, ...] = ()
_MAX_RECIPIENTS = 200
_MAIL_TYPES = ("message/rfc822", "message/global", "message/news")
_NAMING = frozenset(("from", "subject", "date", "message-id", "received"))


# Subject, text and parts of an attached mail -> what it forwards in turn
FindInner = Callable[[str, str, tuple[Part, ...]], Forwarded | None]


def find_attached(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The outermost attached mails in their order; the one that a report returns is none."""
    found: list[Part] = []
    for part in parts:
        if part.content_type in ("text/plain", "text/html") and not part.is_attachment:
            continue
        if part.report_type or part.parent_type == "multipart/report":
            continue
        is_mail = part.content_type in _MAIL_TYPES or (
            part.filename.lower().endswith(".eml") and b":" in part.content[:200]
        )
        if is_mail and part.content.strip():
            found.append(part)
    outermost = min((part.depth for part in found), default=0)
    return tuple(part for part in found if part.depth == outermost)[:_MOST_MAILS]


def read_attached(part: Part, find_inner: FindInner | None = None) -> Forwarded | None:
    """The attached mail; None when its bytes are none. `find_inner` finds what it forwards itself."""
    raw = part.content
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    raw = raw.lstrip(b"\r\n")
    if raw.startswith((b"From ", b">From ")):
        raw = raw.partition(b"\n")[2]  # mbox
    head = read_head(raw, 0, len(raw))
    if not any(name in _NAMING for name, _ in head.headers):
        return None
    senders = [box for name, value in head.headers if name == "from" for box in parse_mailboxes(value)]
    ids = find_ids(first(head.headers, "message-id"))
    subject = decode(first(head.headers, "subject"))
    (text, parts), _problem = guarded(lambda: _read_body(raw, head.headers, head.body_at), ("", _NO_PARTS))
    files, _problem = guarded(lambda: read_attachments(parts), _NO_FILES)
    inner, _problem = guarded(lambda: find_inner(subject, text, parts) if find_inner is not None else None, None)
    answered, references = (find_ids(first(head.headers, name)) for name in ("in-reply-to", "references"))
    return Forwarded(
        from_=senders[0] if len(senders) == 1 else None,  # of two nobody knows who wrote it
        subject=subject,
        date=decode(first(head.headers, "date")),
        message_id=ids[0] if ids else "",
        text=text,
        to=_mailboxes(head.headers, "to"),
        cc=_mailboxes(head.headers, "cc"),
        references=tuple(dict.fromkeys((*answered, *reversed(references))))[:_MOST_IDS],
        is_attached=True,
        attachments=files,
        inner=inner,
    )


def _mailboxes(headers: Headers, name: str) -> tuple[Address, ...]:
    values = [value for key, value in headers if key == name][:20]
    return tuple([box for value in values for box in parse_mailboxes(value) if box.addr][:_MAX_RECIPIENTS])


def _read_body(raw: bytes, headers: Headers, body_at: int) -> tuple[str, tuple[Part, ...]]:
    """The text of an attached mail as a person would read it, and its parts; ("", ()) when it is past a limit."""
    reader = TreeReader(raw, [])
    try:
        tree = reader.read(headers, body_at, len(raw))
    except LimitExceededError:
        return "", ()
    return read_body(tree, []).text.strip(), tuple(reader.parts)
