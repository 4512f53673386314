"""Reads bounces that a sending service mails as JSON: Amazon SES by way of its notification service (SNS).

Dry: no I/O. Complaints and confirmations of delivery are no bounces.
"""

import json
from typing import Any, NamedTuple

from mailproc.message.addresses import normalise
from mailproc.message.bouncestatus import STATUS, to_line

_MAX_NOTICE = 100_000
_MOST = 200


class Notice(NamedTuple):
    """The fields of a Bounce; without recipients when the notice tells of something else."""

    recipients: tuple[str, ...] = ()
    status: str = ""
    is_permanent: bool = True
    original_message_id: str = ""
    explanation: str = ""
    is_given_up: bool = True


def may_be_notice(text: str) -> bool:
    """Whether the text is such an object: cheap, asked for every mail."""
    return text.startswith("{") and ("notificationType" in text[:3000] or "eventType" in text[:3000])


def read_notice(text: str) -> Notice | None:
    """What the object says, None when it is none of the service's."""
    # Lines past the limit of SMTP come broken up by "!" and a line end
    raw = text[:_MAX_NOTICE].replace("!\r\n ", "").replace("!\n ", "")
    try:
        found, _end = json.JSONDecoder().raw_decode(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    kind = found.get("notificationType", found.get("eventType"))
    if not isinstance(kind, str):
        return None
    bounce = found.get("bounce")
    return _read_bounce(bounce, found.get("mail")) if kind == "Bounce" and isinstance(bounce, dict) else Notice()


def _read_bounce(bounce: dict[str, Any], mail: object) -> Notice:
    failed = bounce.get("bouncedRecipients")
    rows = [row for row in failed[:_MOST] if isinstance(row, dict)] if isinstance(failed, list) else []
    addresses = (normalise(_text(row, "emailAddress").rpartition("<")[2].rstrip("> ")) for row in rows)
    status = next((match.group() for row in rows if (match := STATUS.search(_text(row, "status")))), "")
    words = next((words for row in rows if (words := _text(row, "diagnosticCode"))), "")
    is_transient = _text(bounce, "bounceType") == "Transient"
    return Notice(
        recipients=tuple(dict.fromkeys([address for address in addresses if address])),
        status=status,
        is_permanent=status[0] == "5" if status else not is_transient,
        original_message_id=_read_message_id(mail),
        explanation=to_line(words.removeprefix("smtp;")) or to_line(_text(bounce, "bounceSubType")),
    )


def _read_message_id(mail: object) -> str:
    """The Message-ID that the sender wrote; the service's own id is another one."""
    if not isinstance(mail, dict):
        return ""
    headers = mail.get("headers")
    for row in headers[:_MOST] if isinstance(headers, list) else ():
        if isinstance(row, dict) and _text(row, "name").lower() == "message-id":
            return to_line(_text(row, "value"))
    common = mail.get("commonHeaders")
    return to_line(_text(common, "messageId")) if isinstance(common, dict) else ""


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    return value[:_MAX_NOTICE] if isinstance(value, str) else ""
