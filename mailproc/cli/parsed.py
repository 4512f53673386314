"""What was understood of one mail: as a JSON object for programs, and as text for people.

Makes values from records; must not read or print anything.
"""

import re
from typing import Any

from mailproc.records.mail import Address, Attachment, Bounce, Forwarded, Inbound, Intent, Level, MailClass, Trust

# What a terminal would take for an order
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LANGUAGES = {
    "de": "German", "en": "English", "es": "Spanish", "fr": "French", "it": "Italian", "no": "Norwegian",
    "pl": "Polish",
}  # fmt: skip
_CLASSES = {
    MailClass.OWN: "a mail of our own that came back",
    MailClass.BOUNCE: "a mail server says what became of a mail",
    MailClass.REPORT: "a receipt or a report, nobody's words",
    MailClass.REACTION: "a reaction to a mail, no answer",
    MailClass.RECALL: "an attempt to call a mail back",
    MailClass.CALENDAR: "an answer to an invitation",
    MailClass.AUTO: "sent by a machine",
    MailClass.LIST: "sent through a mailing list",
    MailClass.ROLE: "sent from an address that stands for no person",
    MailClass.HUMAN: "written by a person",
}
LEVELS = {
    Level.A0: "the From address is not to be relied on",
    Level.A1: "not proven",
    Level.A2: "the From domain is proven by DKIM or SPF alone",
    Level.A3: "the From address is proven",
}
_INTENTS = {
    Intent.THANKS: "says thanks and nothing more",
    Intent.WORKS: "says that it works now",
    Intent.STILL_BROKEN: "says that it still does not work",
    Intent.STATUS: "asks how things stand",
    Intent.UNSUBSCRIBE: "wants no more of this mail",
}
_PROTECTIONS = {
    "smime-signed": "signed (S/MIME); the signature is not checked",
    "smime-encrypted": "encrypted (S/MIME): the text cannot be read here",
    "pgp-signed": "signed (PGP); the signature is not checked",
    "pgp-encrypted": "encrypted (PGP): the text cannot be read here",
}
_LONGEST_LIST = 20  # addresses that people are shown


def as_object(inbound: Inbound, trust: Trust) -> dict[str, Any]:
    """What was understood; other programs rely on every key and on the kind of its value."""
    return {
        "from": inbound.from_.addr if inbound.from_ else "",
        "from_name": inbound.from_.name if inbound.from_ else "",
        "reply_to": inbound.reply_to[0].addr if inbound.reply_to else "",
        "to": [box.addr for box in inbound.to],
        "cc": [box.addr for box in inbound.cc],
        "subject": inbound.subject,
        "message_id": inbound.message_id,
        "in_reply_to": " ".join(inbound.in_reply_to),
        "references": list(inbound.references),
        "date": inbound.date.isoformat() if inbound.date else None,
        "text": inbound.text,
        "new_text": inbound.new_text,
        "cut_text": inbound.cut_text,
        "html_present": inbound.has_html,
        "language": inbound.language,
        "language_confidence": round(inbound.language_confidence, 3),
        "attachments": [_attachment(item) for item in inbound.attachments],
        "class": str(inbound.mail_class),
        "class_evidence": inbound.class_evidence,
        "intent": str(inbound.intent),
        "away": {"until": inbound.away_until.isoformat() if inbound.away_until else None} if inbound.is_away else None,
        "protection": inbound.protection,
        "bounce": _bounce(inbound.bounce) if inbound.bounce else None,
        "forwarded": _forwarded(inbound.forwarded) if inbound.forwarded else None,
        "from_ok": inbound.from_ok,
        "trust": {"level": trust.level.name, "source": trust.source, "evidence": list(trust.evidence)},
        "defects": [{"code": defect.code, "text": defect.text} for defect in inbound.defects],
    }


def describe(inbound: Inbound, trust: Trust, name: str = "") -> str:
    """The same in plain words, without anything a terminal would obey; `name` heads it where there are several."""
    lines = [f"── {name}"] if name else []
    lines += [_row(label, value) for label, value in _rows(inbound, trust) if value]
    lines += ["", inbound.new_text]
    if inbound.cut_text:
        lines += ["", f"({len(inbound.cut_text.splitlines())} quoted lines not shown)"]
    return clean_text("\n".join(lines)) + "\n"


def clean_text(text: str) -> str:
    """What a mail says, without anything a terminal would obey."""
    return _CONTROLS.sub("\ufffd", text)


def clean_name(name: str) -> str:
    """A file's name fit for a terminal and for JSON, whatever bytes it has."""
    return _CONTROLS.sub("?", name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")).replace("\n", "?")


def _rows(inbound: Inbound, trust: Trust) -> list[tuple[str, str]]:
    doubt = "" if inbound.from_ok else f"  (cannot be relied on: {inbound.from_defect})"
    sender = (_person(inbound.from_) if inbound.from_ else "nobody") + doubt
    return [
        ("from", sender),
        ("reply to", _people(inbound.reply_to)),
        ("to", _people(inbound.to)),
        ("cc", _people(inbound.cc)),
        ("subject", inbound.subject),
        ("date", inbound.date.isoformat() if inbound.date else ""),
        ("message id", inbound.message_id),
        ("in reply to", " ".join(inbound.in_reply_to)),
        ("class", _class_words(inbound)),
        ("away", _away_words(inbound)),
        ("intent", _INTENTS.get(inbound.intent, "")),
        ("language", _language_words(inbound)),
        ("trust", "\n".join((f"{trust.level.name}, {LEVELS[trust.level]}", *trust.evidence))),
        ("protection", _PROTECTIONS.get(inbound.protection, inbound.protection)),
        ("bounced", _bounce_words(inbound.bounce) if inbound.bounce else ""),
        ("forwards", _forwarded_words(inbound.forwarded) if inbound.forwarded else ""),
        *(("attached", _attachment_words(item)) for item in inbound.attachments),
        *(("defect", f"{defect.code}: {defect.text}") for defect in inbound.defects),
    ]


def _row(label: str, value: str) -> str:
    first, *rest = value.split("\n")
    return "\n".join((f"{label:<12} {first}", *(f"{'':<12} - {line}" for line in rest)))


def _class_words(inbound: Inbound) -> str:
    words = f"{inbound.mail_class}, {_CLASSES[inbound.mail_class]}"
    if inbound.mail_class is MailClass.AUTO and inbound.auto_kind == "reply":
        words += " in answer to a mail"
    return words + (f"\nbecause of {inbound.class_evidence}" if inbound.class_evidence else "")


def _away_words(inbound: Inbound) -> str:
    if not inbound.is_away:
        return ""
    return f"back on {inbound.away_until.isoformat()}" if inbound.away_until else "names no day of return"


def _language_words(inbound: Inbound) -> str:
    if not inbound.language:
        return ""
    name = _LANGUAGES.get(inbound.language, inbound.language)
    return f"{name}, {inbound.language_confidence:.0%} sure"


def _bounce_words(bounce: Bounce) -> str:
    kind = "for good" if bounce.is_permanent else "for now"
    words = " ".join(filter(None, (", ".join(bounce.recipients) or "an unnamed recipient", kind, bounce.status)))
    return "\n".join(filter(None, (words, bounce.explanation)))


def _forwarded_words(forwarded: Forwarded) -> str:
    found = [f"a mail of {_person(forwarded.from_) if forwarded.from_ else 'somebody'}"]
    for label, value in (
        ("subject", forwarded.subject),
        ("date", forwarded.date),
        ("to", _people(forwarded.to)),
        ("cc", _people(forwarded.cc)),
    ):
        if value:
            found.append(f"{label}: {value}")
    return "\n".join(found)


def _attachment_words(item: Attachment) -> str:
    return f"{item.filename}  {item.content_type}, {item.size} bytes" + (f"\n{item.summary}" if item.summary else "")


def _people(boxes: tuple[Address, ...]) -> str:
    shown = ", ".join(map(_person, boxes[:_LONGEST_LIST]))
    return shown + (f" and {len(boxes) - _LONGEST_LIST} more" if len(boxes) > _LONGEST_LIST else "")


def _person(box: Address) -> str:
    return f"{box.name} <{box.addr}>" if box.name and box.addr else box.addr or box.name


def _attachment(item: Attachment) -> dict[str, Any]:
    found: dict[str, Any] = {"filename": item.filename, "content_type": item.content_type, "size": item.size}
    if item.summary:
        found["summary"] = item.summary
    return found


def _bounce(bounce: Bounce) -> dict[str, Any]:
    return {
        "recipients": list(bounce.recipients),
        "status": bounce.status,
        "permanent": bounce.is_permanent,
        "given_up": bounce.is_given_up,
        "original_message_id": bounce.original_message_id,
        "explanation": bounce.explanation,
    }


def _forwarded(forwarded: Forwarded) -> dict[str, Any]:
    return {
        "from": forwarded.from_.addr if forwarded.from_ else "",
        "from_name": forwarded.from_.name if forwarded.from_ else "",
        "to": [box.addr for box in forwarded.to],
        "cc": [box.addr for box in forwarded.cc],
        "subject": forwarded.subject,
        "date": forwarded.date,
        "text": forwarded.text,
    }
