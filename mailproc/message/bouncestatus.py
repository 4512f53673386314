"""Reads the machine-readable part of a delivery report (RFC 3464), also where its MIME structure is damaged.

Dry: no I/O. A status is permanent by its class (RFC 3463 section 2: 5 is permanent, 4 may work when it is sent again),
not by its reason: a full mailbox that is refused with 5.2.2 is as permanent as an unknown user.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mailproc.message.addresses import normalise
from mailproc.message.bouncecopies import ADDRESS
from mailproc.message.charsets import clean_text
from mailproc.message.parts import Part

MAX_STATUS = 500_000  # bytes of one delivery-status part that are read
MAX_EXPLANATION = 300
_MAX_VALUE = 2000
_MAX_GROUPS = 1000

STATUS_TYPES = (
    *("message/delivery-status", "message/global-delivery-status", "text/delivery-status", "message/deliverystatus"),
    *("message/delivery-report", "text/x-delivery-status"),
)
FINE = ("delivered", "relayed", "expanded")

# "5.1.1" of a version or an IP address is no status: nothing that belongs to a word may stand before it
STATUS = re.compile(r"(?<![\w.])[45]\.[0-7]\.\d{1,3}(?![\d.]*\d)(?!\w)")
_REPLY = re.compile(r"(?<![\w.:/-])([45])[0-7]\d(?![\w.:/])")
_FIELD = re.compile(r"([A-Za-z][A-Za-z-]{1,40})[ \t]{0,10}:(.*)")
_INLINE = re.compile(r"^[ \t>]{0,20}(?:Final|Original)-Recipient[ \t]{0,5}:", re.IGNORECASE | re.MULTILINE)
_INLINE_CONTEXT = 2000  # characters above the first recipient that may hold the group's other fields

Group = dict[str, str]


class Verdict(NamedTuple):
    """What the recipients' groups of a report say together."""

    recipients: tuple[str, ...]
    status: str
    is_permanent: bool
    is_given_up: bool
    explanation: str


def is_success_report(parts: tuple[Part, ...]) -> bool:
    """Whether every recipient of a machine-readable report got the mail."""
    groups = [group for part in parts if part.content_type in STATUS_TYPES for group in read_groups(part.content)]
    actions = [_read_action(group) for group in groups if "action" in group]
    return bool(actions) and all(action in FINE for action in actions)


def read_groups(content: bytes) -> list[Group]:
    """The groups of fields of a delivery-status part (RFC 3464 section 2.1), the message's own first."""
    text = content[:MAX_STATUS].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return group_fields(text.split("\n"))


def group_fields(lines: Iterable[str]) -> list[Group]:
    """Fields in groups that are parted by blank lines, or by a recipient that is named a second time."""
    groups: list[Group] = []
    current: Group = {}
    name = ""
    for line in lines:
        if not line.strip():
            if current:
                groups.append(current)
            current, name = {}, ""
            if len(groups) > _MAX_GROUPS:
                break
            continue
        if line[0] in " \t" and name:
            if len(current[name]) < _MAX_VALUE:
                current[name] = f"{current[name]} {line.strip()}"
            continue
        match = _FIELD.match(line[:_MAX_VALUE])
        if match is None:
            continue
        name = match.group(1).lower()
        if name in ("final-recipient", "original-recipient") and name in current:
            groups.append(current)  # some programs forget the blank line between recipients
            current = {}
        current.setdefault(name, match.group(2).strip())
    if current:
        groups.append(current)
    return groups


def find_inline_groups(text: str) -> list[Group]:
    """Groups that stand in the text itself, as a damaged report and a report inside another one leave them."""
    match = _INLINE.search(text)
    if match is None:
        return []
    start = max(0, match.start() - _INLINE_CONTEXT)
    lines = text[start : match.start() + 20_000].split("\n")
    found = group_fields(line.lstrip("> \t") if _INLINE.match(line) else line for line in lines)
    return [group for group in found if "action" in group or "status" in group]


def read_verdict(groups: Sequence[Group]) -> Verdict | None:
    """What the groups say together, the first permanent failure before all others; None when nothing failed."""
    recipients: dict[str, None] = {}
    best: tuple[int, str, str] = (0, "", "")
    is_failed = is_permanent = is_given_up = False
    for group in groups:
        action = _read_action(group)
        if "final-recipient" not in group and "original-recipient" not in group and not action:
            continue
        if action in FINE:
            continue
        code = _read_status(group)
        if not action and not code:
            continue
        is_failed = True
        # RFC 3464 section 2.3.3: delayed is no failure yet
        permanent = action != "delayed" and _is_permanent(code, group)
        is_permanent = is_permanent or permanent
        is_given_up = is_given_up or action != "delayed"
        weight = 3 if permanent else 2 if action != "delayed" else 1
        explanation = _read_explanation(group)
        if weight > best[0]:
            best = (weight, code, explanation)
        elif weight == best[0]:
            best = (weight, best[1] or code, best[2] or explanation)
        address = _read_recipient(group)
        if address:
            recipients.setdefault(address)
    return Verdict(tuple(recipients), best[1], is_permanent, is_given_up, best[2]) if is_failed else None


def find_status(text: str) -> str:
    """The enhanced status code in the words (RFC 3463); "" when there is none. The most telling one wins."""
    codes = STATUS.findall(text)
    return next((code for code in codes if not code.endswith(".0.0")), codes[0] if codes else "")


def reply_class(text: str) -> str:
    """ "5" or "4", the class of the first SMTP reply code in the words (RFC 5321 section 4.2.1); "" without one."""
    match = _REPLY.search(text)
    return match.group(1) if match is not None else ""


def to_line(words: str) -> str:
    """The words as one line that may be stored and shown."""
    return " ".join(clean_text(words[: 4 * MAX_EXPLANATION]).split())[:MAX_EXPLANATION]


def _read_action(group: Group) -> str:
    return group.get("action", "").strip().lower().split(" ")[0].split(";")[0].strip("\"'<>.")


def _read_status(group: Group) -> str:
    """The code of Status; where it says nothing but its class, the diagnostic code of the same class."""
    stated = STATUS.search(group.get("status", ""))
    told = find_status(group.get("diagnostic-code", ""))
    if stated is None:
        return told
    code = stated.group()
    return told if code[1:] == ".0.0" and told[:1] == code[0] else code


def _is_permanent(code: str, group: Group) -> bool:
    if code:
        return code[0] == "5"
    # "Status: 5" and the like
    digit = group.get("status", "").strip()[:1]
    if digit in ("4", "5"):
        return digit == "5"
    return reply_class(group.get("diagnostic-code", "")) != "4"


def _read_recipient(group: Group) -> str:
    """The address that was written to: the original one where the report names it (RFC 3464 section 2.3.1)."""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        value = group.get(name, "")
        kind, semicolon, address = value.partition(";")
        match = ADDRESS.search(address if semicolon else kind)
        if match is not None and (usable := normalise(match.group().strip("<>"))):
            return usable
    return ""


def _read_explanation(group: Group) -> str:
    for name in ("diagnostic-code", "x-display-reason", "x-notes", "x-supplementary-info", "x-error"):
        value = group.get(name, "")
        kind, semicolon, words = value.partition(";")
        line = to_line(words if semicolon and len(kind) < 20 else value)
        if line:
            return line
    # RFC 3463: a comment may follow the code
    stated = group.get("status", "")
    match = STATUS.search(stated)
    return to_line(stated[match.end() :].strip(" ()")) if match is not None else ""
