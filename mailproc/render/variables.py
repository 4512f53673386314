"""The variables of every shipped template with an example each, and how flat text becomes them. No I/O."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from mailproc.errors import Permanent

_CASE = {"site_name": "Acme Support", "number": "ACME-482-170"}
_WRITER = {
    "requester_name": "Jane Doe",
    "requester_address": "jane@customer.example",
    "level": "A3",
    "is_unverified": True,
}
_CARD = {"department": "Billing", "priority": "high", "due": "3 November 2026, 17:00"}
_BUTTONS = {
    "reply_address": "support+k2r10000abcdefghjkmnpqrs@acme.example",
    "resolve_address": "support+k2d10000abcdefghjkmnpqrs@acme.example",
    "note_address": "support+k2n10000abcdefghjkmnpqrs@acme.example",
    "reply_subject": "Re: [ACME-482-170] Charged twice in October",
}
_SUBJECT = {"subject": "Charged twice in October"}
_TEXT = {"text": "Hello,\n\nyou took 49 EUR twice:\n  2 October\n  4 October\n\nJane Doe"}
_ABOUT = {"attachments_about": ("appointment.ics: Invitation: Visit of the technician · 2026-11-30 10:00 to 11:00",)}
_LEFT_OUT = {"attachments_left_out": ("statement.pdf (23 MB)", "video.mp4 (180 MB)")}
_HISTORY = {
    "history": (
        ("Acme Support", "2 November 2026, 09:12", "Could you send us the two booking numbers?\n\nAnn"),
        ("Jane Doe", "1 November 2026, 18:40", "You charged me twice in October."),
    )
}

# template -> variable -> example. This is the sample context of the probe, the tests and `templates preview`;
# templates/README.md explains the variables, and a test compares the two.
VARIABLES: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "received": {
            **_CASE,
            "is_verified": True,
            "requester_name": "Jane Doe",
            **_SUBJECT,
            "first_lines": "Hello,\nyou took 49 EUR twice.",
            "questions": ("your order number", "the day of the booking"),
        },
        "forward": {
            **_CASE,
            **_WRITER,
            **_CARD,
            "rule": "money/invoices",
            "links": ("ACME-471-032 Charged twice in May (resolved)",),
            **_SUBJECT,
            **_TEXT,
            **_ABOUT,
            **_LEFT_OUT,
            **_BUTTONS,
        },
        "followup": {
            **_CASE,
            **_WRITER,
            **_CARD,
            "is_reopened": True,
            "is_thanks": True,
            "handed_over_by": "Ann Miller",
            **_SUBJECT,
            **_TEXT,
            **_ABOUT,
            **_LEFT_OUT,
            **_HISTORY,
            **_BUTTONS,
        },
        "answer": {**_CASE, **_SUBJECT, **_TEXT, **_HISTORY},
        "copy": {
            **_CASE,
            **_SUBJECT,
            "author_name": "Ann Miller",
            "author_address": "ann@acme.example",
            "is_resolved": True,
            "requester_name": "Jane Doe",
            "requester_address": "jane@customer.example",
            **_TEXT,
        },
        "resolved": {
            **_CASE,
            **_SUBJECT,
            **_TEXT,
            "asked_at": "1 November 2026",
            "asked_text": "You charged me twice in October.",
            "answered_at": "3 November 2026",
            "answered_text": "We have sent the 49 EUR back to you.",
        },
        "undelivered": {
            **_CASE,
            **_SUBJECT,
            "failed_address": "jane@customer.example",
            "status": "5.1.1",
            "is_permanent": True,
            "explanation": "550 5.1.1 <jane@customer.example>: user unknown",
            **_TEXT,
        },
        "linked": {
            **_CASE,
            "other_number": "ACME-482-188",
            "writer_name": "Joe Roe",
            "writer_address": "joe@elsewhere.example",
            "level": "A1",
            **_SUBJECT,
            "first_lines": "Hello,\nwhat is the state of this case?",
        },
        "refused": {
            **_CASE,
            **_SUBJECT,
            "lines": ("line 1 `#clsoe`: did you mean `#close`?",),
            **_TEXT,
        },
        "alarm": {
            "site_name": "Acme Support",
            "subject": "no mail could be sent for 30 minutes",
            "lines": ("The mail server mail.acme.example refuses our password.", "12 mails are waiting."),
        },
    }
)

# template -> variables that may be empty and that `build_context` fills when they are missing
OPTIONAL: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "received": frozenset({"is_verified", "requester_name", "subject", "first_lines", "questions"}),
        "forward": frozenset(
            {"requester_name", "due", "rule", "links", "subject", "text", *_ABOUT, *_LEFT_OUT, *_BUTTONS}
        ),
        "followup": frozenset(
            {
                "requester_name",
                "level",
                "due",
                "is_reopened",
                "is_thanks",
                "handed_over_by",
                "subject",
                "text",
                "history",
                *_ABOUT,
                *_LEFT_OUT,
                *_BUTTONS,
            }
        ),
        "answer": frozenset({"subject", "text", "history"}),
        "copy": frozenset({"subject", "text", "author_name", "is_resolved", "requester_name"}),
        "resolved": frozenset({"subject", "text", "asked_at", "asked_text", "answered_at", "answered_text"}),
        "undelivered": frozenset({"subject", "status", "is_permanent", "explanation", "text"}),
        "linked": frozenset({"writer_name", "subject", "first_lines"}),
        "refused": frozenset({"subject", "text"}),
        "alarm": frozenset({"lines"}),
    }
)


def _empty(example: object) -> object:
    if isinstance(example, bool):
        return False
    return () if isinstance(example, tuple) else ""


_EMPTY = {name: {key: _empty(VARIABLES[name][key]) for key in sorted(keys)} for name, keys in OPTIONAL.items()}
_KINDS = {name: {key: type(example) for key, example in examples.items()} for name, examples in VARIABLES.items()}

# Variables of several lines; every other text is made one line, so that no name or subject can fake a line of a card
MULTILINE = frozenset({"text", "first_lines", "asked_text", "answered_text"})

_FALSE = frozenset({"", "0", "no", "false"})
_BAD_IN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BAD_IN_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def build_context(template: str, pairs: Iterable[tuple[str, str]], **values: object) -> dict[str, object]:
    """The values for a template from flat text: lists are split at line ends, flags are false for "", "no", "false" and
    "0", missing optional variables become empty. `values` (text, history, ...) are taken as they are; names the
    template does not know are left out."""
    kinds = _KINDS.get(template)
    if kinds is None:
        raise Permanent(f"template {template}: there is no mail of that name; known are {', '.join(VARIABLES)}")
    context: dict[str, object] = dict(_EMPTY[template])
    for name, value in pairs:
        kind = kinds.get(name)
        if kind is str:
            context[name] = value
        elif kind is bool:
            context[name] = value.lower() not in _FALSE
        elif kind is tuple:
            context[name] = tuple([line for line in value.split("\n") if line.strip()])
    for name, given in values.items():
        if name in kinds:
            context[name] = given
    return context


def sample_contexts(template: str) -> tuple[dict[str, object], dict[str, object]]:
    """The examples of a template, and the same with everything optional empty: together they reach every branch."""
    full = dict(VARIABLES[template])
    bare = full | _EMPTY[template]
    bare |= {name: not value for name, value in bare.items() if value is True}
    return full, bare


def clean_context(template: str, context: Mapping[str, object]) -> dict[str, object]:
    """The values as templates get them: plain str, int, bool, tuple and dict, without control characters, one line
    where one line is meant. Raises `Permanent` for any other type: an object would open its attributes to templates,
    and a str subclass could pass itself off as markup."""
    cleaned: dict[str, object] = {}
    for name, value in context.items():
        kind = type(value)
        # As most are; this stands in the way of every mail
        if (
            kind is bool
            or (kind is tuple and not value)
            or (isinstance(value, str) and kind is str and value.isprintable())
        ):
            cleaned[name] = value
        else:
            cleaned[name] = _clean(template, name, value, name in MULTILINE)
    return cleaned


def clean_line(text: str) -> str:
    """The text as one line without control and bidi override characters."""
    if text.isprintable() or not _BAD_IN_LINE.search(text):
        return text
    return " ".join(_BAD_IN_LINE.sub(_replace_in_line, text).split())


def _clean(template: str, name: str, value: object, is_multiline: bool) -> object:
    kind = type(value)
    if kind is str:
        assert isinstance(value, str)
        return _clean_text(value) if is_multiline else clean_line(value)
    if kind is int or kind is bool:
        return value
    if kind is tuple:
        assert isinstance(value, tuple)
        if name == "history":
            return tuple([_clean_entry(template, entry) for entry in value])
        return tuple([_clean(template, name, item, is_multiline) for item in value])
    if kind is dict:
        assert isinstance(value, dict)
        return {
            _clean(template, name, key, False): _clean(template, name, item, is_multiline)
            for key, item in value.items()
        }
    raise Permanent(
        f"template {template}: the variable {name} is a {kind.__name__}; templates take str, int, bool, tuple and dict"
    )


def _clean_entry(template: str, entry: object) -> object:
    """One (author, date, text) of a history."""
    if type(entry) is not tuple or len(entry) != 3:
        raise Permanent(f"template {template}: each entry of history must be (author, date, text)")
    return tuple([_clean(template, "history entry", item, index == 2) for index, item in enumerate(entry)])


def _clean_text(text: str) -> str:
    if text.replace("\n", "").isprintable() or not _BAD_IN_TEXT.search(text):
        return text
    text = _LINE_END.sub("\n", text)
    return _BAD_IN_TEXT.sub(lambda found: "\ufffd" if _SURROGATE.match(found[0]) else "", text)


def _replace_in_line(found: re.Match[str]) -> str:
    char = found[0]
    if _SURROGATE.match(char):
        return "\ufffd"
    return "" if char > "\u2029" else " "
