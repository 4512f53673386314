"""Reads the delivery reports that programs write for people only: qmail, Exim, Postfix, Exchange, Yahoo and others.

Dry: no I/O. One pass over the lines above the returned mail; patterns are linear (T58). A mail counts as a report
only when a mail system wrote it and it says that a delivery failed.
"""

import re
from typing import NamedTuple

from mailproc.message.bouncecopies import MAX_LINE, find_addresses, find_copy, has_real_copy, lines_above_copy, unify
from mailproc.message.bouncerecipients import find_bare_names, find_recipients
from mailproc.message.bouncestatus import STATUS, find_status, reply_class, to_line
from mailproc.message.bouncewords import (
    DAEMON,
    FAILURE,
    GIVEN_UP,
    NO_REPLY,
    PROGRAM,
    RETRYING,
    SUBJECT,
    SYSTEM_SENDER,
    TEMPORARY,
    TRANSIENT_WORDS,
)

_MAX_SAID = 40_000  # characters of the report's own words that are looked at for failures
_MAX_FIRST = 25  # lines in which a program says what it is
_FORWARD = re.compile(r"(?:fwd?|wg|tr|rv|vb|vs|vl|pd|enc|i|doorst|转发|転送)\s?[:：]")
_ANSWER = re.compile(
    r"(?:re|aw|sv|antw|odp|res|r|rif|ynt|回复|auto\w{0,20}(?: \w{1,15})?|out of office|abwesen\w{0,20})\s?[:：]"
)
# A line that belongs to the session's transcript, or begins the next recipient
_NEXT_ITEM = re.compile(r">>>|<<<|-{3,}|={3,}|\*{3,}|[<\"']?[^\s<>@]{1,64}@[^\s<>@]{1,255}[>\"']?\s?:|\.\.\. while")
_NOISE = re.compile(r"\W*$|(?:>>>|in:|out:)|<?[^\s<>@]{1,64}@[^\s<>@]{1,255}>?:?$")


class Sender(NamedTuple):
    """What the From of a mail and its way say about who wrote it."""

    is_daemon: bool
    is_system: bool
    is_no_reply: bool
    is_null: bool  # RFC 5321 section 4.5.5: reports have no return path

    has_no_path: bool  # nothing is known about the return path

    @property
    def is_person(self) -> bool:
        return not (self.is_daemon or self.is_system or self.is_null)


class Report(NamedTuple):
    """A report's own words, read once."""

    text: str  # with LF line ends
    lines: list[str]  # above the returned mail
    fails: list[int]  # those of them that name a failure
    copy: int  # offset of the returned mail in the text, -1 without one


class Finding(NamedTuple):
    """What the words of a report say."""

    recipients: tuple[str, ...]
    status: str
    is_permanent: bool
    is_given_up: bool
    explanation: str


def read_sender(value: str, return_path: str | None) -> Sender:
    """Who wrote a mail, by its decoded From and its return path."""
    low = value[:1000].casefold()
    return Sender(
        is_daemon=DAEMON.search(low) is not None,
        is_system=SYSTEM_SENDER.search(low) is not None or (bool(low) and "@" not in low),
        is_no_reply=NO_REPLY.search(low) is not None,
        is_null=return_path is not None and (not return_path or "mailer-daemon" in return_path.casefold()),
        has_no_path=return_path is None,
    )


def has_report_subject(subject: str) -> bool:
    """Whether the subject is one that only reports have; an answer to a report has none."""
    return SUBJECT.match(subject[:300].strip().casefold()) is not None


def is_passed_on(subject: str) -> bool:
    """Whether somebody says by the subject that the mail is forwarded or answered."""
    low = subject[:60].strip().casefold()
    return _FORWARD.match(low) is not None or _ANSWER.match(low) is not None


def read_words(text: str) -> Report:
    """The text of a mail as the words of a report."""
    text = unify(text)
    lines = lines_above_copy(text)
    fails: list[int] = []
    said = 0
    for number, line in enumerate(lines):
        said += len(line)
        if said > _MAX_SAID:
            break
        if line and FAILURE.search(line.casefold()):
            fails.append(number)
    return Report(text, lines, fails, find_copy(text))


def is_report(report: Report, sender: Sender, subject: str, *, is_labelled: bool, has_returned: bool) -> bool:
    """Whether a mail with these words tells of a failed delivery; `is_labelled`: it says so in its MIME types."""
    has_subject = has_report_subject(subject)
    if is_labelled:
        return bool(report.fails) or has_subject or sender.is_null
    if not report.fails:
        return sender.is_daemon and has_subject and (has_returned or report.copy >= 0)
    has_copy = has_returned or report.copy >= 0
    is_answer = is_passed_on(subject)
    if sender.is_daemon and not is_answer:
        return True
    if sender.is_null:
        if sender.is_system or has_subject:
            return True
        return not is_answer and ((has_copy and _speaks_program(report)) or _cites_reply(report))
    if sender.is_daemon or sender.is_system:
        if _FORWARD.match(subject[:60].strip().casefold()):
            return False
        # A postmaster is a person too, and "Royal Mail Delivery" brings parcels
        return has_copy or _speaks_program(report) or (has_subject and bool(_told(report)))
    is_copied = has_returned or (has_real_copy(report.text, report.copy) and bool(_told(report)))
    if sender.is_no_reply:
        return is_copied and (has_subject or has_returned)
    # Nobody who is known to write reports: it has to be one from its first line on
    return is_copied and has_subject and sender.has_no_path and _begins_as_report(report)


def read_finding(
    report: Report, subject: str, excluded: frozenset[str], named: tuple[str, ...], domain: str
) -> Finding:
    """What the words say; `named` are recipients that a header names, `domain` is the reporting site's."""
    recipients = named
    if not recipients:
        told, guessed = find_recipients(report.lines, report.fails, excluded)
        if not told and report.copy >= 0:
            # PMDF and its heirs describe the mail first and name the recipients below that
            all_lines = [line[:MAX_LINE].strip() for line in report.text.split("\n", 400)[:400]]
            if len(all_lines) > len(report.lines):
                fails = [number for number, line in enumerate(all_lines) if line.casefold().startswith(_LABELS)]
                told = find_recipients([all_lines[number] for number in fails], list(range(len(fails))), excluded).told
        recipients = told or guessed or find_bare_names(report.lines, report.fails, domain)
    status, explanation = find_reason(report.lines, report.fails)
    is_permanent, is_given_up = _judge(report, status, subject)
    return Finding(recipients, status, is_permanent, is_given_up, explanation)


_LABELS = ("recipient address:", "final-recipient:", "original-recipient:", "original address:", "recipient:")


def find_reason(lines: list[str], fails: list[int]) -> tuple[str, str]:
    """(enhanced status code, the words that say why) of a report's lines."""
    best = -1
    status = ""
    for number, line in enumerate(lines):
        codes = STATUS.search(line)
        if codes is not None:
            code = find_status(line)
            if best < 0 or (status.endswith(".0.0") and not code.endswith(".0.0") and code[0] == status[0]):
                best, status = number, code
            if not status.endswith(".0.0"):
                break
    if best < 0:
        best = next((number for number, line in enumerate(lines) if _is_reply_line(line)), -1)
    if best < 0:
        # The last one names the cause, the first only says that there is one
        telling = [number for number in fails if not _NOISE.match(lines[number])]
        best = (telling or fails or [-1])[-1]
    if best < 0:
        # No word that is known, as in a language that is not: what opens the text will be it
        best = next((number for number, line in enumerate(lines[:20]) if len(line) >= 30), -1)
    return status, _read_paragraph(lines, best) if best >= 0 else ""


def _is_reply_line(line: str) -> bool:
    return bool(reply_class(line)) and not line.startswith((">>>", "In:", "Out: 2", "Out: 3"))


def _read_paragraph(lines: list[str], at: int) -> str:
    """The line, and those that go on with its sentence."""
    said = lines[at]
    for line in lines[at + 1 : at + 5]:
        if not line or len(said) >= 300 or _NEXT_ITEM.match(line) or (said[-1:] in ".!" and len(said) > 20):
            break
        said = f"{said} {line}"
    return to_line(said.removeprefix("<<<").lstrip())


def _judge(report: Report, status: str, subject: str) -> tuple[bool, bool]:
    """(is permanent, is given up): RFC 3463 section 2 where there is a code, words where there is none."""
    text = "\n".join(report.lines)[:_MAX_SAID].casefold()
    both = f"{subject[:300].casefold()}\n{text}"
    is_final = GIVEN_UP.search(text) is not None
    is_transient = any(word in both for word in TRANSIENT_WORDS)
    tries_on = RETRYING.search(both) is not None and (is_transient or not is_final)
    if status:
        return status[0] == "5", not tries_on
    if tries_on:
        return False, False
    codes = {reply_class(line) for line in report.lines if not line.startswith((">>>", "In:"))} - {""}
    if codes:
        return "5" in codes, True
    return is_final or TEMPORARY.search(both) is None, True


def _cites_reply(report: Report) -> bool:
    """Whether the words quote what the other side answered, and name whom it refused: few people have both."""
    return any(_is_reply_line(report.lines[number]) for number in report.fails) and bool(_told(report))


def _speaks_program(report: Report) -> bool:
    first = [line for line in report.lines if line][:_MAX_FIRST]
    return any(PROGRAM.search(line.casefold()) for line in first)


def _begins_as_report(report: Report) -> bool:
    first = [line.casefold() for line in report.lines if line][:3]
    return any(PROGRAM.search(line) or FAILURE.search(line) for line in first) and not any(
        line.startswith(("from:", "---", "> ")) for line in first
    )


def _told(report: Report) -> tuple[str, ...]:
    return find_recipients(report.lines, report.fails, frozenset()).told


def excluded_addresses(values: list[str]) -> frozenset[str]:
    """Our own address and the reporter's are never the ones that failed."""
    return frozenset(find_addresses(values))
