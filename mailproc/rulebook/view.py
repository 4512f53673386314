"""One mail while its rules are evaluated: every derived text is made once, when a condition first asks. Dry: no I/O."""

from collections.abc import Callable
from types import EllipsisType
from typing import TypeVar

from regex import Match

from mailproc.message.headers import header_values
from mailproc.records.site import Site
from mailproc.rulebook.draft import LONGEST_VALUE, Draft
from mailproc.rulebook.facts import Facts
from mailproc.rulebook.folding import Addresses, Text
from mailproc.rulebook.patterns import Budget, Pattern
from mailproc.tickets.token import split_reply_address

T = TypeVar("T")

_SHOWN = 60
_MOST_STARTS = 16  # places in a text where a pattern is tried one by one


class _Once(dict[str, T]):
    """What stands under a name, made when first asked for: a look-up costs no call of ours."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[str], T]) -> None:  # a dict of its own needs no super().__init__()
        self._make = make

    def __missing__(self, source: str) -> T:
        found = self[source] = self._make(source)
        return found


class View:
    """What conditions see: the facts, the draft so far, and by the name of a source what can be made of it.

    Sources are `subject`, `body`, `from`, `to`, `cc`, `attachment` and `header.NAME`.
    """

    __slots__ = (
        "_found", "addresses", "budget", "draft", "facts", "groups", "seen", "site", "texts", "unknowns",
        "words",
    )  # fmt: skip

    def __init__(self, facts: Facts, draft: Draft, site: Site, budget: Budget) -> None:
        self.facts = facts
        self.draft = draft
        self.site = site
        self.groups: dict[str, str] = {}  # captured by the rule being tried, and its parents
        self.budget = budget  # of all regexes of the mail
        self.unknowns = 0  # searches that ended without an answer
        # by a pattern's identity (the book holds them) and text; Ellipsis where no answer came in time
        self._found: dict[tuple[int, str], Match[str] | EllipsisType | None] = {}
        self.texts = _Once(self._find_texts)
        self.words = _Once(self._find_words)  # of all its texts
        self.addresses = _Once(self._find_addresses)  # of `from`, `to`, `cc`, normalised
        self.seen = _Once(self._describe)  # short, as a trace shows it

    def search(self, pattern: Pattern, text: str) -> bool:
        """True when the pattern is found; keeps its named groups. Out of time is not found, and counted."""
        if len(text) <= pattern.safe_length:
            match = pattern.compiled.search(text)
        else:
            try:
                match = self._search_once(pattern, text)
            except TimeoutError:
                self.unknowns += 1
                return False
        return self._take(pattern, match)

    def search_in(self, pattern: Pattern, text: Text) -> bool:
        """The same for a pattern with leads: tried only where one of them stands, which finds the same match."""
        lowered = text.lowered
        # Where the lower case is as long as the text, letters stand where they stood; to a regex the Turkish i is an i
        if len(lowered) != len(text.raw) or not (lowered.isascii() or "\u0131" not in lowered):
            return self.search(pattern, text.searched)
        starts: list[int] = []
        for lead in pattern.leads:
            at = lowered.find(lead)
            while at >= 0:
                starts.append(at)
                at = lowered.find(lead, at + 1)
                if len(starts) > _MOST_STARTS:
                    return self.search(pattern, text.searched)
        if not starts:
            return False
        for at in sorted(starts):
            match = pattern.compiled.match(text.searched, at)
            if match is not None:
                return self._take(pattern, match)
        return False

    def _take(self, pattern: Pattern, match: Match[str] | None) -> bool:
        if match is None:
            return False
        for name in pattern.groups:
            value = match[name]
            if value is not None:
                self.groups[name] = _clean(value)
        return True

    def _search_once(self, pattern: Pattern, text: str) -> Match[str] | None:
        """What may be slow is searched once: a trace that asks again gets the same answer."""
        key = (id(pattern), text)
        if key not in self._found:
            self._found[key] = ...
            self._found[key] = pattern.search(text, self.budget)
        found = self._found[key]
        if isinstance(found, EllipsisType):
            raise TimeoutError
        return found

    def _find_texts(self, source: str) -> tuple[Text, ...]:
        if source == "subject":
            return (Text(self.facts.inbound.subject),)
        return tuple([Text(raw) for raw in self._read(source)])

    def _find_words(self, source: str) -> frozenset[str]:
        texts = self.texts[source]
        return texts[0].words if len(texts) == 1 else frozenset().union(*(text.words for text in texts))

    def _find_addresses(self, source: str) -> Addresses:
        """The addresses; one of ours with a sub-address counts without it too."""
        inbound = self.facts.inbound
        if source == "from":
            return Addresses((inbound.from_.addr,) if inbound.from_ else ())
        found = self.facts.recipients if source == "to" else tuple([copy.addr for copy in inbound.cc])
        ours = self.site.addresses
        for address in found:
            if address not in ours and (base := split_reply_address(self.site, address)[0]):
                found = (*found, base)
        return Addresses(tuple(dict.fromkeys(found)) if len(found) > 1 else found)

    def _read(self, source: str) -> tuple[str, ...]:
        inbound = self.facts.inbound
        if source == "body":
            return (inbound.new_text,)
        if source == "from":
            return (inbound.from_.addr, inbound.from_.name) if inbound.from_ else ()
        if source == "attachment":
            return tuple(attachment.filename for attachment in inbound.attachments)
        if source.startswith("header."):
            return header_values(inbound, source.removeprefix("header."))
        return self.addresses[source].all

    def _describe(self, source: str) -> str:
        if source == "subject":
            return f'subject="{shown(subject)}"' if (subject := self.texts["subject"][0].raw) else "no subject"
        if source == "body":
            return f"body={len(self.facts.inbound.new_text)} characters"
        if source == "to":
            return f"to={shown(', '.join(self.facts.recipients)) or 'nobody'}"
        if source == "from":
            return f"from={shown(next(iter(self.addresses['from'].all), '')) or 'nobody'}"
        values = ", ".join([text.raw for text in self.texts[source]])
        name = source.removeprefix("header.")
        return f'{name}="{shown(values)}"' if values else f"no {name}"


def shown(value: str) -> str:
    """A value out of a mail as a trace shows it: printable, short."""
    if len(value) < _SHOWN and value.isprintable():
        return value
    cut = value[: _SHOWN + 1]
    if not cut.isprintable():
        cut = "".join(char if char.isprintable() else " " for char in cut)
    return cut if len(value) <= _SHOWN else cut[: _SHOWN - 1] + "…"


def _clean(value: str) -> str:
    """What a regex captured, fit for a field: one line, no control characters, not endless."""
    cut = value[:LONGEST_VALUE]
    if not cut.isprintable():
        cut = "".join(char if char.isprintable() else " " for char in cut)
    return cut.strip()
