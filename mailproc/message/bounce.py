"""Finds out whether a mail is a delivery report about another one, and about which recipients and which mail.

Dry: no I/O. First the machine-readable report (RFC 3464), then the texts of the programs that write none. Most mail is
none, and leaves at the first look at its header.
"""

from mailproc.message import bouncecopies as copies
from mailproc.message import bouncetexts as texts
from mailproc.message.bouncelists import LIST_SIGNS, read_list_answer
from mailproc.message.bouncenotices import may_be_notice, read_notice
from mailproc.message.bouncestatus import (
    STATUS_TYPES,
    Group,
    Verdict,
    find_inline_groups,
    is_success_report,
    read_groups,
    read_verdict,
)
from mailproc.message.bouncewords import MAIL_HINTS, SENDER_HINTS, SUBJECT
from mailproc.message.headers import decode
from mailproc.message.ids import find_ids
from mailproc.message.parts import Headers, Part, first
from mailproc.records.mail import Bounce

__all__ = ["find_bounce", "is_success_report", "read_groups"]

MOST_RECIPIENTS = 200
_MAX_TEXT = 200_000  # characters of a report's text that are read
_MOST_PARTS = 20
_RECIPIENT = b"final-recipient"
_FEEDBACK_TYPES = ("message/feedback-report", "message/disposition-notification")
_PLAIN_TYPES = frozenset(("text/plain", "text/html"))
_TELLING_FIELDS = frozenset(("from", "content-type", "x-failed-recipients", *LIST_SIGNS))


def find_bounce(
    headers: Headers, subject: str, text: str, parts: tuple[Part, ...], return_path: str | None
) -> Bounce | None:
    """What the report says, None for any other mail; a report of success is no bounce.

    `is_permanent` is the class of the status (RFC 3463 section 2), `is_given_up` whether nobody tries again.
    """
    if not _may_be(headers, subject, parts, return_path, text):
        return None
    return _Mail(headers, subject, text, parts, return_path).read()


def _may_be(headers: Headers, subject: str, parts: tuple[Part, ...], return_path: str | None, text: str) -> bool:
    """Whether to look closer: cheap, and true for everything that could be a report."""
    if return_path is not None and (not return_path or "daemon" in return_path):
        return True
    sender = ""
    for name, value in headers:
        if name in _TELLING_FIELDS:
            if name == "from":
                sender = sender or value
            elif name != "content-type" or "report" in value:
                return True
    for part in parts:
        if part.content_type not in _PLAIN_TYPES and (part.content_type in STATUS_TYPES or part.report_type):
            return True
    low = sender.lower()
    if "@" not in low:
        return True
    for hint in SENDER_HINTS:
        if hint in low:
            return True
    if "mail" in low:
        for hint in MAIL_HINTS:
            if hint in low:
                return True
    return SUBJECT.match(subject[:300].casefold()) is not None or may_be_notice(text)


class _Mail:
    """A mail that could be a report, looked at closely."""

    def __init__(
        self, headers: Headers, subject: str, text: str, parts: tuple[Part, ...], return_path: str | None
    ) -> None:
        fields = dict(headers[::-1])  # the topmost of each name
        self.fields, self.subject, self.parts = fields, subject, parts
        self.from_ = decode(fields.get("from", "")[:2000])
        self.sender = texts.read_sender(self.from_, return_path)
        self.kind = fields.get("content-type", "").lower()
        self.text = copies.unify(text[:_MAX_TEXT] or _first_text(parts))
        self.attached = copies.find_attached(parts)
        self.named = copies.find_addresses([value for name, value in headers if name == "x-failed-recipients"])

    def read(self) -> Bounce | None:
        # RFC 5965: somebody complains. RFC 8098: somebody has read it
        is_feedback = "feedback-report" in self.kind or any(p.content_type == _FEEDBACK_TYPES[0] for p in self.parts)
        if is_feedback or (self.is_receipt() and "rejected" not in self.text[:2000].lower()):
            return None
        notice = read_notice(self.text) if may_be_notice(self.text) else None
        if notice is not None:
            return Bounce(**notice._asdict()) if notice.recipients else None
        return self.read_status() or self.read_words()

    def is_receipt(self) -> bool:
        return "disposition-notification" in self.kind or any(
            part.content_type == _FEEDBACK_TYPES[1] for part in self.parts
        )

    def read_status(self) -> Bounce | None:
        reports = [part for part in self.parts if part.content_type in STATUS_TYPES]
        groups = [group for part in reports for group in read_groups(part.content)]
        if not groups and not self.sender.is_person:
            groups = find_inline_groups(self.text) or self.find_mislabelled_groups()
        verdict = read_verdict(groups)
        if verdict is None or self.is_forwarded_report():
            return None
        return self.fill(verdict)

    def find_mislabelled_groups(self) -> list[Group]:
        """The groups of a part that does not say what it is."""
        for part in self.parts[:_MOST_PARTS]:
            if part.content_type not in copies.RETURNED_TYPES and _RECIPIENT in part.content[:_MAX_TEXT].lower():
                return find_inline_groups(copies.unify(part.content[:_MAX_TEXT].decode("utf-8", "replace")))
        return []

    def is_forwarded_report(self) -> bool:
        """Whether a person sends on the report that he got: Apple Mail attaches its parts one by one."""
        if "multipart/report" in self.kind or not self.sender.is_person or self.named:
            return False
        return not self.sender.has_no_path or not texts.has_report_subject(self.subject)

    def fill(self, verdict: Verdict) -> Bounce:
        returned = self.returned(copies.find_copy(self.text))
        report = texts.read_words(self.text)
        explanation, status = verdict.explanation, verdict.status
        if not explanation or not status or status.endswith(".0.0"):
            told, words = texts.find_reason(report.lines, report.fails)
            explanation = explanation or words
            # RFC 3464 section 2.3.4: Status is required, but not all write it, or no more than its class
            status = told if told[:1] == (status[:1] or ("5" if verdict.is_permanent else "4")) else status
        recipients = verdict.recipients or self.named
        if not recipients:
            recipients = texts.read_finding(report, self.subject, self.excluded(), (), "").recipients
        return Bounce(
            recipients=(recipients or copies.recipients_of(returned))[:MOST_RECIPIENTS],
            status=status,
            is_permanent=verdict.is_permanent,
            original_message_id=self.original_id(returned, verdict),
            explanation=explanation,
            is_given_up=verdict.is_given_up,
        )

    def read_words(self) -> Bounce | None:
        is_labelled = ("delivery-status" in self.kind and "report-type" in self.kind) or any(
            part.content_type in STATUS_TYPES for part in self.parts
        )
        if is_success_report(self.parts) or self.is_answer() or (is_labelled and self.is_forwarded_report()):
            return None
        answer = read_list_answer(self.fields, self.subject, self.text)
        report = texts.read_words(self.text)
        has_returned = bool(self.attached) and not self.is_report_attached()
        if (
            answer is None
            and not self.named
            and not texts.is_report(
                report, self.sender, self.subject, is_labelled=is_labelled, has_returned=has_returned
            )
        ):
            return None
        named = self.named or (answer.recipients if answer is not None else ())
        domain = self.from_.rpartition("@")[2].strip("<> \"'").lower()
        finding = texts.read_finding(report, self.subject, self.excluded(), named, domain)
        returned = self.returned(report.copy)
        recipients = finding.recipients
        if not recipients:
            inner = read_verdict(find_inline_groups(self.attached[:_MAX_TEXT].decode("utf-8", "replace")))
            recipients = (inner.recipients if inner is not None else ()) or copies.recipients_of(returned)
        return Bounce(
            recipients=recipients[:MOST_RECIPIENTS],
            status=finding.status,
            is_permanent=True if answer is not None else finding.is_permanent,
            original_message_id=self.original_id(returned, None),
            explanation=answer.explanation if answer is not None else finding.explanation,
            is_given_up=True if answer is not None else finding.is_given_up,
        )

    def is_answer(self) -> bool:
        """Out-of-office answers carry a null sender too (RFC 3834 section 3.3)."""
        value = self.fields.get("auto-submitted", "").casefold()
        return "auto-replied" in value and "failure" not in value and not self.named and not self.sender.is_system

    def is_report_attached(self) -> bool:
        """Whether a person attaches the report that he got: it was written to him, not by him."""
        if not self.sender.is_person:
            return False
        inner = dict(copies.read_returned(self.attached, "", -1)[::-1])
        to, own = copies.find_addresses([inner.get("to", "")]), copies.find_addresses([self.from_])
        return bool(set(to) & set(own)) or not texts.read_sender(inner.get("from", ""), None).is_person

    def excluded(self) -> frozenset[str]:
        return texts.excluded_addresses([self.fields.get(name, "") for name in ("from", "to", "reply-to", "sender")])

    def returned(self, copy: int) -> Headers:
        return copies.read_returned(self.attached, self.text, copy)

    def original_id(self, returned: Headers, verdict: Verdict | None) -> str:
        found = copies.message_id_of(returned, self.text)
        if found:
            return found
        if verdict is not None:
            for part in self.parts:
                if part.content_type in STATUS_TYPES:
                    for group in read_groups(part.content)[:1]:
                        # Exchange names it there
                        ids = find_ids(group.get("x-original-message-id", "") or group.get("original-message-id", ""))
                        if ids:
                            return ids[0]
        # The parts of a damaged report begin with the returned mail's own fields
        for part in self.parts:
            ids = find_ids(first(part.headers, "message-id")) if part.depth else ()
            if ids:
                return ids[0]
        # Gmail and Exchange send back no header but answer the mail
        for name in ("in-reply-to", "references"):
            ids = find_ids(self.fields.get(name, ""))
            if ids:
                return ids[-1]
        return ""


def _first_text(parts: tuple[Part, ...]) -> str:
    """The report's words where the mail has no body text of its own."""
    for part in parts:
        if part.content_type not in copies.RETURNED_TYPES and part.content.strip():
            return part.content[:_MAX_TEXT].decode("utf-8", "replace")
    return ""
