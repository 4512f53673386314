"""One mail while its rules are evaluated: every derived text is made once, when a condition first asks. Dry: no I/O."""

from mailproc.message.headers import header_values
from mailproc.records.site import Site
from mailproc.rulebook.draft import LONGEST_VALUE, Draft
from mailproc.rulebook.facts import Facts
from mailproc.rulebook.folding import Text
from mailproc.rulebook.patterns import Pattern
from mailproc.tickets.token import split_reply_address

MOST_TIMEOUTS = 5  # of one mail: after half a second no further regex is tried
_SHOWN = 60


class View:
    """What conditions see: the facts, the draft so far, and texts by the name of their source."""

    __slots__ = ("_addresses", "_seen", "_texts", "draft", "facts", "groups", "site", "timeouts", "unknowns")

    def __init__(self, facts: Facts, draft: Draft, site: Site) -> None:
        self.facts = facts
        self.draft = draft
        self.site = site
        self.groups: dict[str, str] = {}  # captured by the rule being tried, and its parents
        self.timeouts = 0
        self.unknowns = 0  # searches that ended without an answer
        self._texts: dict[str, tuple[Text, ...]] = {}
        self._addresses: dict[str, tuple[str, ...]] = {}
        self._seen: dict[str, str] = {}

    def texts(self, source: str) -> tuple[Text, ...]:
        """The texts of `subject`, `body`, `from`, `to`, `cc`, `attachment` or `header.NAME`."""
        found = self._texts.get(source)
        if found is None:
            found = self._texts[source] = tuple(Text(raw) for raw in self._read(source))
        return found

    def addresses(self, source: str) -> tuple[str, ...]:
        """The normalised addresses of `from`, `to` or `cc`; one of ours with a sub-address counts without it too."""
        found = self._addresses.get(source)
        if found is None:
            inbound = self.facts.inbound
            if source == "from":
                found = (inbound.from_.addr,) if inbound.from_ else ()
            else:
                plain = self.facts.recipients if source == "to" else tuple(copy.addr for copy in inbound.cc)
                ours = self.site.addresses
                bases = (split_reply_address(self.site, address)[0] for address in plain if address not in ours)
                found = tuple(dict.fromkeys((*plain, *(base for base in bases if base))))
            self._addresses[source] = found
        return found

    def seen(self, source: str) -> str:
        """What stands there, short, as a trace shows it."""
        found = self._seen.get(source)
        if found is None:
            found = self._seen[source] = self._describe(source)
        return found

    def search(self, pattern: Pattern, text: str) -> bool:
        """True when the pattern is found; keeps its named groups. Out of time is not found, and counted."""
        if self.timeouts >= MOST_TIMEOUTS:
            self.unknowns += 1
            return False
        try:
            match = pattern.search(text)
        except TimeoutError:
            self.timeouts += 1
            self.unknowns += 1
            return False
        if match is None:
            return False
        for name in pattern.groups:
            value = match[name]
            if value is not None:
                self.groups[name] = _clean(value)
        return True

    def _read(self, source: str) -> tuple[str, ...]:
        inbound = self.facts.inbound
        if source == "subject":
            return (inbound.subject,)
        if source == "body":
            return (inbound.new_text,)
        if source == "from":
            return (inbound.from_.addr, inbound.from_.name) if inbound.from_ else ()
        if source == "attachment":
            return tuple(attachment.filename for attachment in inbound.attachments)
        if source.startswith("header."):
            return header_values(inbound, source.removeprefix("header."))
        return self.addresses(source)

    def _describe(self, source: str) -> str:
        if source == "body":
            return f"body={len(self.facts.inbound.new_text)} characters"
        if source == "to":
            return "to=" + (shown(", ".join(self.facts.recipients)) or "nobody")
        if source == "from":
            return "from=" + (shown(next(iter(self.addresses("from")), "")) or "nobody")
        values = ", ".join(text.raw for text in self.texts(source))
        name = source.removeprefix("header.")
        return f'{name}="{shown(values)}"' if values else f"no {name}"


def shown(value: str) -> str:
    """A value out of a mail as a trace shows it: printable, short."""
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
