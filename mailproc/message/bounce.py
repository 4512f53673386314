"""Finds out whether a mail is a delivery report about another one, and about which recipients and which mail.

Dry: no I/O. First the machine-readable report (RFC 3464), then the texts of the programs that write none.
"""

import re
from collections.abc import Sequence

from mailproc.message import bouncetexts
from mailproc.message.addresses import normalise
from mailproc.message.bouncetexts import ADDRESS, STATUS
from mailproc.message.charsets import clean_text
from mailproc.message.headers import decode, read_head
from mailproc.message.ids import find_ids
from mailproc.message.parts import Headers, Part, first
from mailproc.records.mail import Bounce

MOST_RECIPIENTS = 200
_MAX_STATUS = 500_000  # bytes of one delivery-status part that are read
_MAX_TEXT = 200_000  # characters of a report's text that are read
_MAX_EXPLANATION = 300

_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_RETURNED_TYPES = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
_FIELD = re.compile(r"([A-Za-z][A-Za-z-]{1,40})[ \t]{0,10}:(.*)")
_FAILED = ("failed", "failure", "failed/undeliverable")
_FINE = ("delivered", "relayed", "expanded")


def find_bounce(
    headers: Headers, subject: str, text: str, parts: tuple[Part, ...], return_path: str | None
) -> Bounce | None:
    """What the report says, None for any other mail; a report of success is no bounce."""
    reports = [part for part in parts if part.content_type in _STATUS_TYPES]
    if reports:
        groups = [group for part in reports for group in read_groups(part.content)]
        verdict = _read_verdict(groups, parts, text)
        if verdict is not None or any(group.get("action", "").strip().lower() in _FINE for group in groups):
            return verdict
    is_report = "report-type" in (kind := first(headers, "content-type").lower()) and "delivery-status" in kind
    body = text[:_MAX_TEXT] or _first_text(parts)
    found = bouncetexts.read_report(
        headers,
        subject,
        body,
        return_path,
        is_report=is_report or bool(reports),
        has_returned=any(part.content_type in _RETURNED_TYPES for part in parts),
    )
    if found is None:
        return None
    recipients, status, is_permanent, explanation = found
    returned = _find_returned(parts, body)
    if not recipients:
        recipients = _recipients_of(returned)
    return Bounce(
        recipients=recipients[:MOST_RECIPIENTS],
        status=status,
        is_permanent=is_permanent,
        original_message_id=_message_id_of(returned) or _find_message_id(body),
        explanation=explanation,
    )


def is_success_report(parts: tuple[Part, ...]) -> bool:
    """Whether every recipient of a machine-readable report got the mail."""
    groups = [group for part in parts if part.content_type in _STATUS_TYPES for group in read_groups(part.content)]
    actions = [group["action"].strip().lower() for group in groups if "action" in group]
    return bool(actions) and all(action.split(" ")[0] in _FINE for action in actions)


def read_groups(content: bytes) -> list[dict[str, str]]:
    """The groups of fields of a delivery-status part (RFC 3464 section 2.1), the message's own first."""
    text = content[:_MAX_STATUS].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    groups: list[dict[str, str]] = []
    current: dict[str, str] = {}
    name = ""
    for line in text.split("\n"):
        if not line.strip():
            if current:
                groups.append(current)
            current, name = {}, ""
            continue
        if line[0] in " \t" and name:
            if len(current[name]) < 2000:
                current[name] = f"{current[name]} {line.strip()}"
            continue
        match = _FIELD.match(line[:2000])
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


def _read_verdict(groups: Sequence[dict[str, str]], parts: tuple[Part, ...], text: str) -> Bounce | None:
    recipients: dict[str, None] = {}
    status = explanation = ""
    is_permanent = False
    is_failed = False
    for group in groups:
        action = group.get("action", "").strip().lower().split(" ")[0].split(";")[0]
        if "final-recipient" not in group and "original-recipient" not in group and not action:
            continue
        if action in _FINE:
            continue
        code = _read_status(group)
        if not action and not code:
            continue
        is_failed = True
        # RFC 3464 section 2.3.3: delayed is no failure yet; RFC 3463 section 2: class 4 may work later
        permanent = action != "delayed" and not code.startswith("4")
        if permanent and not is_permanent:
            status, explanation = code, _read_explanation(group)
        is_permanent = is_permanent or permanent
        status = status or code
        explanation = explanation or _read_explanation(group)
        address = _read_recipient(group)
        if address:
            recipients.setdefault(address)
    if not is_failed:
        return None
    returned = _find_returned(parts, text)
    return Bounce(
        recipients=tuple(recipients)[:MOST_RECIPIENTS] or _recipients_of(returned),
        status=status,
        is_permanent=is_permanent,
        original_message_id=_message_id_of(returned) or _find_message_id(text[:_MAX_TEXT]),
        explanation=explanation,
    )


def _read_status(group: dict[str, str]) -> str:
    for name in ("status", "diagnostic-code"):
        match = STATUS.search(group.get(name, ""))
        if match is not None:
            return match.group()
    return ""


def _read_recipient(group: dict[str, str]) -> str:
    """The address that was written to: the original one where the report names it (RFC 3464 section 2.3.1)."""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        value = group.get(name, "")
        kind, semicolon, address = value.partition(";")
        match = ADDRESS.search(address if semicolon else kind)
        if match is not None and (usable := normalise(match.group().strip("<>"))):
            return usable
    return ""


def _read_explanation(group: dict[str, str]) -> str:
    value = group.get("diagnostic-code", "")
    kind, semicolon, words = value.partition(";")
    return to_line(words if semicolon and len(kind) < 20 else value)


def to_line(words: str) -> str:
    """The words as one line that may be stored and shown."""
    return " ".join(clean_text(words).split())[:_MAX_EXPLANATION]


def _first_text(parts: tuple[Part, ...]) -> str:
    """The report's words where the mail has no body text of its own."""
    for part in parts:
        if part.content_type not in _RETURNED_TYPES and part.content.strip():
            return part.content[:_MAX_TEXT].decode("utf-8", "replace")
    return ""


def _find_returned(parts: tuple[Part, ...], text: str) -> Headers:
    """The headers of the mail that came back, attached or below the text."""
    for kind in _RETURNED_TYPES:
        for part in parts:
            if part.content_type == kind and part.content.strip():
                raw = part.content[:_MAX_STATUS]
                raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
                return read_head(raw, 0, len(raw)).headers
    copy = bouncetexts.find_copy(text)
    if copy < 0:
        return ()
    raw = text[copy : copy + _MAX_STATUS].replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    raw = raw.lstrip(b"\n")
    return read_head(raw, 0, len(raw)).headers


def _message_id_of(headers: Headers) -> str:
    ids = find_ids(first(headers, "message-id"))
    return ids[0] if ids else ""


_MESSAGE_ID = re.compile(r"^[ \t>*]{0,20}Message-ID[ \t]{0,5}:\s{0,5}(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE)


def _find_message_id(text: str) -> str:
    match = _MESSAGE_ID.search(text[:_MAX_TEXT])
    return match.group(1) if match is not None else ""


def _recipients_of(headers: Headers) -> tuple[str, ...]:
    """To whom the returned mail was written, for reports that do not say it."""
    found = [normalise(hit) for hit in ADDRESS.findall(decode(first(headers, "to"))[:20_000])]
    return tuple(dict.fromkeys(address for address in found if address))[:MOST_RECIPIENTS]
