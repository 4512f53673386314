"""The variables of every shipped template, and how flat text becomes them. No I/O."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from mailproc.errors import Permanent
from mailproc.render.samples import EXAMPLES, REQUIRED

# template -> variable -> example. This is the sample context of the probe, the tests and `templates preview`;
# templates/README.md explains the variables, and a test compares the two.
VARIABLES: Mapping[str, Mapping[str, object]] = MappingProxyType(EXAMPLES)

# template -> variables that may be empty and that `build_context` fills when they are missing
OPTIONAL: Mapping[str, frozenset[str]] = MappingProxyType(
    {name: frozenset(examples) - REQUIRED[name] for name, examples in EXAMPLES.items()}
)
TO_CUSTOMERS = frozenset(
    {"received", "status", "awaiting", "answer", "resolved", "reopened", "closed", "merged", "moved", "rejected"}
)
OWN_NAME = "received"  # what a template of the site's own is, which a rule sends to the requester

# Times: given in ISO 8601, written as the template's language does; the second with the time of day
DAYS = frozenset({"asked_at", "answered_at", "opened_at", "last_answer_at", "closes_at", "away_until"})
MOMENTS = frozenset({"due", "received_at", "expires_at", "oldest_at", "other_at", "earlier_at"})


def _empty(example: object) -> object:
    if isinstance(example, int):
        return type(example)()
    return () if isinstance(example, tuple) else ""


_EMPTY = {name: {key: _empty(VARIABLES[name][key]) for key in sorted(keys)} for name, keys in OPTIONAL.items()}
_KINDS = {name: {key: type(example) for key, example in examples.items()} for name, examples in VARIABLES.items()}

# Variables of several lines; every other text is made one line, so that no name or subject can fake a line of a card
MULTILINE = frozenset({"text", "cover", "first_lines", "asked_text", "answered_text", "other_text"})

_COUNT = re.compile("[0-9]{1,9}")
_FALSE = frozenset({"", "0", "no", "false"})
_BAD_IN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BAD_IN_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_NOT_SHOWN = frozenset({"reply_subject"})  # part of a link
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def kind_of(template: str) -> str:
    """The mail whose variables a template has: its own name's, or those of an acknowledgement for a name of a site."""
    return template if template in VARIABLES else OWN_NAME


def build_context(template: str, pairs: Iterable[tuple[str, str]], **values: object) -> dict[str, object]:
    """The values for a template from flat text: lists are split at line ends, flags are false for "", "no", "false" and
    "0", missing optional variables become empty. `values` (text, history, ...) are taken as they are; names the
    template does not know are left out."""
    template = kind_of(template)
    kinds = _KINDS[template]
    context: dict[str, object] = dict(_EMPTY[template])
    for name, value in pairs:
        kind = kinds.get(name)
        if kind is str:
            context[name] = value
        elif kind is bool:
            context[name] = value.lower() not in _FALSE
        elif kind is tuple:
            context[name] = tuple([line for line in value.split("\n") if line.strip()])
        elif kind is int:
            context[name] = int(value) if _COUNT.fullmatch(value) else 0
    for name, given in values.items():
        if name in kinds:
            context[name] = given
    return context


def sample_contexts(template: str) -> tuple[dict[str, object], dict[str, object]]:
    """The examples of a template, and the same with everything optional empty: together they reach every branch."""
    template = kind_of(template)
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
            or (isinstance(value, str) and kind is str and value.isprintable() and value.isascii())
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
        return _clean_text(value) if is_multiline else _isolate(name, clean_line(value))
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


def _isolate(name: str, text: str) -> str:
    """Words written from right to left in a direction of their own, so that they do not turn our sentence around."""
    if text.isascii() or name in _NOT_SHOWN or not _RIGHT_TO_LEFT.search(text):
        return text
    return f"\u2068{text}\u2069"


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
