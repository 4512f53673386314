"""The fields that name a mail, read from its header alone: who, to whom, about what, which. Dry: no I/O."""

import re

from mailproc.message.addresses import normalise, read_mailboxes
from mailproc.message.defects import add_defect
from mailproc.message.fromfield import check_from
from mailproc.message.headers import Head, decode_value
from mailproc.message.ids import find_ids
from mailproc.message.parts import Headers
from mailproc.message.source import Source
from mailproc.records.mail import Address, Defect

MOST_FIELDS = 100  # of one name whose mailboxes are read
MOST_MAILBOXES = 500
_CHARSET = re.compile(r"charset\s{0,5}=\s{0,5}\"?([A-Za-z0-9_.:-]{2,40})", re.I)
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to")


class Basics:
    """What the top of the mail says; `defects` collects what was worked around."""

    def __init__(self, head: Head, headers: Headers, source: Source, defects: list[Defect]) -> None:
        self.headers, self.defects = headers, defects
        self.firsts = dict(reversed(headers))  # the topmost of each name
        # Raw 8-bit header text is most likely in the charset that the text is labelled with
        content_type = self.firsts.get("content-type", "")
        match = _CHARSET.search(content_type[:1_000]) if content_type else None
        self.hint = match.group(1) if match else ""
        if head.is_unseparated:
            add_defect(defects, "no-separator", "no blank line stands between the header and the text")
        if head.oddities:
            add_defect(defects, "header-line", f"a header line is no field: {ascii(head.oddities[0])}")
        self.return_path = self._read_return_path()
        self.from_: Address | None
        self.from_, self.from_defect = self._read_from(head, source)
        if self.from_defect:
            defects.append(Defect("from", self.from_defect))
        self.subject = decode_value(self.firsts.get("subject", ""), defects, self.hint)
        ids = self.ids("message-id")
        self.message_id = ids[0] if ids else ""

    def mailboxes(self, name: str) -> tuple[Address, ...]:
        """The mailboxes of all fields of that name; some clients write one field for each recipient."""
        if name not in self.firsts:
            return ()
        values = [value for key, value in self.headers if key == name]
        found = [box for value in values[:MOST_FIELDS] for box in read_mailboxes(value, self.defects, self.hint)]
        if name != "from":
            found = [box for box in found if box.addr]
        return tuple(found[:MOST_MAILBOXES])

    def ids(self, name: str) -> tuple[str, ...]:
        """The message ids of the topmost field of that name."""
        value = self.firsts.get(name)
        return find_ids(value) if value else ()

    def delivered_to(self) -> tuple[str, ...]:
        """The addresses that relays say the mail was for, top first."""
        if self.firsts.keys().isdisjoint(_DELIVERED):
            return ()
        found = [normalise(value.strip("<> \t")) for key, value in self.headers if key in _DELIVERED]
        return tuple(dict.fromkeys([addr for addr in found if addr]))

    def _read_from(self, head: Head, source: Source) -> tuple[Address | None, str]:
        """(whom the mail shows as its author, why that identifies nobody or "")."""
        addr, defect = check_from(head)
        if source.has_foreign_lines and not defect:
            defect = "there is a bare carriage return in the header"
        shown = self.mailboxes("from")
        box = shown[0] if shown else None
        if not defect and (box is None or box.addr != addr or len(shown) != 1):
            # Two readers of this room disagree, so would others
            defect = "the From field can be read in two ways"
        if defect and box is None:
            box = self._stand_in()
        elif defect and box is not None and not box.addr:
            box = _join_name(shown) or box
        return box, defect

    def _stand_in(self) -> Address | None:
        """Who else may have written a mail whose From says nothing; for display, it identifies nobody (section 3)."""
        for name in ("sender", "reply-to", "resent-from"):
            if found := self.mailboxes(name):
                return found[0]
        return Address(self.return_path) if self.return_path else None

    def _read_return_path(self) -> str | None:
        value = self.firsts.get("return-path")
        if value is None:
            return None
        value = value.strip()
        if "<" in value:
            value = value.partition("<")[2].partition(">")[0].strip()
        return normalise(value) if value else ""


def _join_name(boxes: tuple[Address, ...]) -> Address | None:
    """The only mailbox of `Doe, Jane <jane@x>` without its quotes, whose comma makes two of it; for display."""
    reachable = [box for box in boxes if box.addr]
    if len(reachable) != 1 or reachable[0] is not boxes[-1]:
        return None
    return Address(reachable[0].addr, ", ".join([box.name for box in boxes if box.name]))
