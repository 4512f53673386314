"""One mail, from raw bytes to an `Inbound`, whatever the bytes are: `parse` never raises. Dry: no I/O.

Every other file of this room reads one thing; this one only puts them together. What one of them cannot read becomes a
defect and leaves its field empty, so that a strange mail costs its strangest part and no more.
"""

import hashlib
import re
from collections.abc import Callable
from typing import TypeVar

from mailproc.message.addresses import normalise, read_mailboxes
from mailproc.message.autoreply import ClassResult, classify
from mailproc.message.body import Body, read_body
from mailproc.message.bounce import find_bounce
from mailproc.message.dates import parse_date, received_date
from mailproc.message.defects import add_defect
from mailproc.message.filenames import default_filename
from mailproc.message.forwarded import find_forwarded
from mailproc.message.fromfield import check_from
from mailproc.message.headers import Head, decode_value, drop_ours, guarded, read_head
from mailproc.message.ids import find_ids
from mailproc.message.language import detect
from mailproc.message.limits import HEADER_BLOCK, LimitExceededError, check_head, check_received
from mailproc.message.mime import TreeReader
from mailproc.message.parts import Headers, Part, first
from mailproc.message.quotes import split_reply
from mailproc.records.mail import Address, Attachment, Defect, Inbound, MailClass

T = TypeVar("T")

LONGEST_READ = 300_000  # characters of the text that are looked at for quotes, bounces, forwards, language
MOST_LINES = 10_000

SHIPPED_LANGUAGES = ("en", "de", "es", "fr", "it", "no", "pl")

_MBOX_LINE = re.compile(rb"(?:\r?\n)*(?:>?From [^\r\n]{0,500}\r?\n)?")
_BLANK_LINE = re.compile(rb"\n\r?\n")
_FAR = 2 * HEADER_BLOCK  # no header block within its limit is longer, not even with CRLF
_CHARSET = re.compile(r"charset\s{0,5}=\s{0,5}\"?([A-Za-z0-9_.:-]{2,40})", re.I)
_TRACE = frozenset(
    "received x-received return-path delivered-to x-original-to envelope-to authentication-results received-spf".split()
)
_TRACE_PREFIXES = ("arc-", "x-spam-")


def parse(
    raw: bytes, *, languages: tuple[str, ...] = SHIPPED_LANGUAGES, known_fingerprint: str = ""
) -> Inbound:
    """What these bytes say; `languages` are those that the text's language is looked for in. Never raises.

    `known_fingerprint` is what `fingerprint` said about the same bytes, for callers that asked it before.
    """
    inbound, problem = guarded(lambda: _read(raw, languages, known_fingerprint), None)
    if inbound is not None:
        return inbound
    defect = Defect("parser-error", f"the mail could not be read ({problem})")
    inbound, _ = guarded(lambda: _unparsable(raw, _Source(raw), [], defect), None)
    if inbound is not None:
        return inbound
    return Inbound(
        size=len(raw),
        fingerprint=hashlib.sha256(raw).hexdigest(),
        from_=None,
        from_ok=False,
        from_defect="the header could not be read",
        defects=(defect,),
        is_unparsable=True,
    )


def fingerprint(raw: bytes) -> str:
    """SHA-256 of the mail without the fields that its way adds and without its line ends: same mail, same value."""
    source = _Source(raw)
    return _fingerprint(source, read_head(source.raw, source.start, source.head_end))


class _Source:
    """The bytes as they are read: where the header begins, foreign line ends made LF."""

    def __init__(self, raw: bytes) -> None:
        self.has_foreign_lines = False
        if b"\n" not in raw and b"\r" in raw:
            raw, self.has_foreign_lines = raw.replace(b"\r", b"\n"), True
        elif b"\r\r\n" in raw[:4_096]:
            raw, self.has_foreign_lines = raw.replace(b"\r\r\n", b"\n"), True
        self.raw = raw
        match = _MBOX_LINE.match(raw)
        self.start = match.end() if match else 0
        # A header block past its limit is read only so far, for the few fields that name the mail
        self.head_end = len(raw)
        self.is_head_cut = False
        if len(raw) - self.start > _FAR and _BLANK_LINE.search(raw, self.start, self.start + _FAR) is None:
            self.head_end, self.is_head_cut = self.start + HEADER_BLOCK, True


def _read(raw: bytes, languages: tuple[str, ...], known_fingerprint: str) -> Inbound:
    source = _Source(raw)
    raw_lf, defects = source.raw, list[Defect]()
    if source.has_foreign_lines:
        defects.append(Defect("line-ends", "the lines do not end in CRLF or LF"))
    head = read_head(raw_lf, source.start, source.head_end)
    limit = _check_limits(source, head)
    if limit is not None:
        return _unparsable(raw, source, defects, limit)
    headers = drop_ours(head.headers)
    reader = TreeReader(raw_lf, defects)
    try:
        tree = reader.read(headers, head.body_at, len(raw_lf))
    except LimitExceededError as problem:
        return _unparsable(raw, source, defects, problem.defect)
    parts = tuple(reader.parts)
    body = _guard(defects, "text", lambda: read_body(tree, defects), Body())
    known_as = known_fingerprint or _fingerprint(source, head)
    return _fill(_Basics(head, headers, source, defects), parts, body, languages, len(raw), known_as)


def _fill(
    basics: "_Basics",
    parts: tuple[Part, ...],
    body: Body,
    languages: tuple[str, ...],
    size: int,
    known_as: str,
) -> Inbound:
    headers, defects, firsts = basics.headers, basics.defects, basics.firsts
    text, subject = body.text[:LONGEST_READ], basics.subject
    bounce = _guard(defects, "bounce", lambda: find_bounce(headers, subject, text, parts, basics.return_path), None)
    result = _guard(
        defects,
        "class",
        lambda: classify(headers, subject, text, parts, basics.from_, basics.return_path, bounce),
        ClassResult(MailClass.HUMAN, ""),
    )
    new_text, cut_text = _guard(defects, "new-text", lambda: _split(body), (body.text, ""))
    language, confidence = _guard(
        defects, "language", lambda: detect((new_text or text)[:LONGEST_READ], languages), ("", 0.0)
    )
    return Inbound(
        size=size,
        fingerprint=known_as,
        from_=basics.from_,
        from_ok=not basics.from_defect,
        from_defect=basics.from_defect,
        sender=(basics.mailboxes("sender") or (None,))[0],
        reply_to=basics.mailboxes("reply-to"),
        to=basics.mailboxes("to"),
        cc=basics.mailboxes("cc"),
        delivered_to=basics.delivered_to(),
        return_path=basics.return_path,
        subject=subject,
        message_id=basics.message_id,
        in_reply_to=find_ids(firsts.get("in-reply-to", "")),
        references=find_ids(firsts.get("references", "")),
        date=parse_date(firsts.get("date", "")),
        received_at=received_date(firsts.get("received", "")),
        headers=headers,
        text=body.text,
        has_html=any(part.content_type == "text/html" and not part.is_attachment for part in parts),
        new_text=new_text,
        cut_text=cut_text,
        language=language,
        language_confidence=confidence,
        attachments=read_attachments(parts),
        mail_class=result.mail_class,
        class_evidence=result.evidence,
        auto_kind=result.auto_kind,
        bounce=bounce,
        forwarded=_guard(defects, "forwarded", lambda: find_forwarded(subject, text, parts), None),
        defects=tuple(defects),
    )


def _split(body: Body) -> tuple[str, str]:
    """New text and cut text; what lies past a length that nobody types goes where the end of the rest went."""
    at = len(body.text)
    if at > LONGEST_READ or body.text.count("\n") > MOST_LINES:
        at = min(LONGEST_READ, sum(map(len, body.text.split("\n", MOST_LINES)[:MOST_LINES])) + MOST_LINES - 1)
    new_text, cut_text = split_reply(body.text[:at], body.html)
    if cut_text:
        return new_text, cut_text + body.text[at:]
    return new_text + body.text[at:], ""


def read_attachments(parts: tuple[Part, ...]) -> tuple[Attachment, ...]:
    """The files of a mail under names that are safe to show, none empty."""
    found: list[Attachment] = []
    for part in parts:
        if not part.is_attachment:
            continue
        name = part.filename or default_filename(part.content_type, len(found) + 1)
        disposition = first(part.headers, "content-disposition").lstrip().lower()
        is_inline = disposition.startswith("inline") or bool(
            part.content_id and part.parent_type == "multipart/related" and not disposition.startswith("attachment")
        )
        found.append(Attachment(name, part.content_type, len(part.content), is_inline, part.content_id, part.content))
    return tuple(found)


class _Basics:
    """The fields that name a mail, read from its header alone."""

    def __init__(self, head: Head, headers: Headers, source: _Source, defects: list[Defect]) -> None:
        self.headers, self.defects = headers, defects
        self.firsts = dict(reversed(headers))  # the topmost of each name
        # Raw 8-bit header text is most likely in the charset that the text is labelled with
        content_type = self.firsts.get("content-type", "")
        match = _CHARSET.search(content_type[:1_000]) if content_type else None
        self.hint = match.group(1) if match else ""
        if head.is_unseparated:
            add_defect(defects, "no-separator", "no blank line stands between the header and the text")
        if head.oddities:
            add_defect(defects, "header-line", f"a header line is no field: {ascii(head.oddities[0])}")
        addr, self.from_defect = check_from(head)
        if source.has_foreign_lines and not self.from_defect:
            self.from_defect = "there is a bare carriage return in the header"
        shown = self.mailboxes("from")
        self.from_: Address | None = shown[0] if shown else None
        if not self.from_defect and (self.from_ is None or self.from_.addr != addr or len(shown) != 1):
            # Two readers of this room disagree, so would others
            self.from_defect = "the From field can be read in two ways"
        if self.from_defect:
            defects.append(Defect("from", self.from_defect))
        self.subject = decode_value(self.firsts.get("subject", ""), defects, self.hint)
        ids = find_ids(self.firsts.get("message-id", ""))
        self.message_id = ids[0] if ids else ""
        self.return_path = self.read_return_path()

    def mailboxes(self, name: str) -> tuple[Address, ...]:
        """The mailboxes of all fields of that name; some clients write one field for each recipient."""
        if name not in self.firsts:
            return ()
        values = [value for key, value in self.headers if key == name]
        found = [box for value in values[:100] for box in read_mailboxes(value, self.defects, self.hint)]
        if name != "from":
            found = [box for box in found if box.addr]
        return tuple(found[:500])

    def delivered_to(self) -> tuple[str, ...]:
        names = ("delivered-to", "x-original-to", "envelope-to")
        if self.firsts.keys().isdisjoint(names):
            return ()
        found = [normalise(value.strip("<> \t")) for key, value in self.headers if key in names]
        return tuple(dict.fromkeys([addr for addr in found if addr]))

    def read_return_path(self) -> str | None:
        value = self.firsts.get("return-path")
        if value is None:
            return None
        value = value.strip().partition("<")[2].partition(">")[0] if "<" in value else value.strip()
        return normalise(value) if value else ""


def _check_limits(source: _Source, head: Head) -> Defect | None:
    if source.is_head_cut:
        return check_head(_FAR, ())
    return check_head(head.size, head.fields) or check_received(sum(1 for n, _ in head.headers if n == "received"))


def _unparsable(raw: bytes, source: _Source, defects: list[Defect], limit: Defect) -> Inbound:
    """A mail past a limit: only what names it, for the person who looks at the hold."""
    head = read_head(source.raw, source.start, source.head_end)
    headers = drop_ours(head.headers[:200])
    basics = _Basics(head, headers, source, defects)
    return Inbound(
        size=len(raw),
        fingerprint=_fingerprint(source, head),
        from_=basics.from_,
        from_ok=False,
        from_defect=basics.from_defect or "the mail is past a limit and was not read",
        to=basics.mailboxes("to"),
        delivered_to=basics.delivered_to(),
        return_path=basics.return_path,
        subject=basics.subject,
        message_id=basics.message_id,
        date=parse_date(first(headers, "date")),
        received_at=received_date(first(headers, "received")),
        headers=tuple([(name, value[:2_000]) for name, value in headers]),
        defects=(*defects, limit),
        is_unparsable=True,
    )


def _fingerprint(source: _Source, head: Head) -> str:
    """All carriage returns are left out, not those of CRLF alone: with many lines that is twenty times faster."""
    kept = []
    for field in head.fields:
        name = field.partition(":")[0].strip().lower()
        if name not in _TRACE and not name.startswith(_TRACE_PREFIXES):
            kept.append(field)
    rest = source.raw[head.body_at :].replace(b"\r", b"")
    digest = hashlib.sha256("\n".join(kept).replace("\r", "").encode("ascii", "surrogateescape"))
    digest.update(b"\n\n")
    # What stores mail adds a line end at its end
    digest.update(rest.rstrip(b"\n"))
    return digest.hexdigest()


def _guard(defects: list[Defect], code: str, read: Callable[[], T], default: T) -> T:
    """What a reader finds, or the default with a defect."""
    found, problem = guarded(read, default)
    if problem:
        add_defect(defects, f"unread-{code}", f"the {code.replace('-', ' ')} could not be read ({problem})")
    return found
