"""One mail, from raw bytes to an `Inbound`, whatever the bytes are: `parse` never raises. Dry: no I/O.

Every other file of this room reads one thing; this one only puts them together. What one of them cannot read becomes a
defect and leaves its field empty, so that a strange mail costs its strangest part and no more.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from mailproc.message.attachments import find_spare_text, read_attachments
from mailproc.message.autoreply import ClassResult, classify
from mailproc.message.basics import Basics
from mailproc.message.body import Body, drop_placeholders, read_body
from mailproc.message.bounce import find_bounce
from mailproc.message.dates import parse_date, received_date
from mailproc.message.defects import add_defect
from mailproc.message.forwarded import find_forwarded
from mailproc.message.headers import OUR_PREFIX, drop_ours, guarded, read_head
from mailproc.message.intents import find_intent
from mailproc.message.language import detect
from mailproc.message.limits import LimitExceededError
from mailproc.message.mime import TreeReader
from mailproc.message.parts import Part
from mailproc.message.protection import find_protection
from mailproc.message.quotes import split_reply
from mailproc.message.source import Source, fingerprint_of
from mailproc.records.mail import Defect, Inbound, Intent, MailClass

T = TypeVar("T")

LONGEST_READ = 300_000  # characters of the text that are looked at for quotes, bounces, forwards, language
MOST_LINES = 10_000

SHIPPED_LANGUAGES = ("en", "de", "es", "fr", "it", "no", "pl")


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
    inbound, _ = guarded(lambda: _unparsable(raw, Source(raw), [], defect), None)
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
    source = Source(raw)
    return fingerprint_of(source, read_head(source.raw, source.start, source.head_end))


def _read(raw: bytes, languages: tuple[str, ...], known_fingerprint: str) -> Inbound:
    source = Source(raw)
    raw_lf, defects = source.raw, list[Defect]()
    if source.has_foreign_lines:
        defects.append(Defect("line-ends", "the lines do not end in CRLF or LF"))
    head = read_head(raw_lf, source.start, source.head_end)
    limit = source.check_limits(head)
    if limit is not None:
        return _unparsable(raw, source, defects, limit)
    headers = drop_ours(head.headers) if OUR_PREFIX in head.block.lower() else head.headers
    reader = TreeReader(raw_lf, defects)
    try:
        tree = reader.read(headers, head.body_at, len(raw_lf))
    except LimitExceededError as problem:
        return _unparsable(raw, source, defects, problem.defect)
    parts = tuple(reader.parts)
    body = _guard(defects, "text", lambda: read_body(tree, defects), Body())
    if len(parts) > 1 or not body.text:
        body = _guard(defects, "text", lambda: _complete(body, parts), body)
    known_as = known_fingerprint or fingerprint_of(source, head)
    return _fill(Basics(head, headers, source, defects), parts, body, languages, len(raw), known_as)


def _complete(body: Body, parts: tuple[Part, ...]) -> Body:
    """The text with what other parts say about it: names of pictures taken out, an appointment where there is none."""
    text = drop_placeholders(body.text, parts) if body.text else find_spare_text(parts)
    return body if text == body.text else replace(body, text=text)


def _fill(
    basics: Basics,
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
    intent = Intent.NONE
    if result.mail_class is MailClass.HUMAN:
        intent = _guard(defects, "intent", lambda: find_intent(subject, new_text, language), intent)
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
        in_reply_to=basics.ids("in-reply-to"),
        references=basics.ids("references"),
        date=parse_date(firsts.get("date", "")),
        received_at=received_date(firsts.get("received", "")),
        headers=headers,
        text=body.text,
        html=body.html,
        has_html=any(part.content_type == "text/html" and not part.is_attachment for part in parts),
        new_text=new_text,
        cut_text=cut_text,
        language=language,
        language_confidence=confidence,
        attachments=_guard(defects, "attachments", lambda: read_attachments(parts), ()),
        mail_class=result.mail_class,
        class_evidence=result.evidence,
        auto_kind=result.auto_kind,
        is_away=result.is_away,
        away_until=result.away_until,
        intent=intent,
        protection=find_protection(headers, parts, body.armour),
        bounce=bounce,
        forwarded=None if bounce else _guard(defects, "forwarded", lambda: find_forwarded(subject, text, parts), None),
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


def _unparsable(raw: bytes, source: Source, defects: list[Defect], limit: Defect) -> Inbound:
    """A mail past a limit: only what names it, for the person who looks at the hold."""
    head = read_head(source.raw, source.start, source.head_end)
    headers = drop_ours(head.headers[:200])
    basics = Basics(head, headers, source, defects)
    return Inbound(
        size=len(raw),
        fingerprint=fingerprint_of(source, head),
        from_=basics.from_,
        from_ok=False,
        from_defect=basics.from_defect or "the mail is past a limit and was not read",
        to=basics.mailboxes("to"),
        delivered_to=basics.delivered_to(),
        return_path=basics.return_path,
        subject=basics.subject,
        message_id=basics.message_id,
        date=parse_date(basics.firsts.get("date", "")),
        received_at=received_date(basics.firsts.get("received", "")),
        headers=tuple([(name, value[:2_000]) for name, value in headers]),
        defects=(*defects, limit),
        is_unparsable=True,
    )


def _guard(defects: list[Defect], code: str, read: Callable[[], T], default: T) -> T:
    """What a reader finds, or the default with a defect."""
    found, problem = guarded(read, default)
    if problem:
        add_defect(defects, f"unread-{code}", f"the {code.replace('-', ' ')} could not be read ({problem})")
    return found
