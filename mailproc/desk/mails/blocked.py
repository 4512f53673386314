"""Files that are not passed on because of what they are: which ones, and what is said of them. Dry: no I/O.

They stay in the mail that came, which is kept: the department reads which they are and why, the requester is told
(`courtesy`), and whoever runs the site can take them out (`ticket show --extract`). What an agent sends is their own
affair.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailproc.desk.draft import Arrival, Draft
from mailproc.message.filekinds import FileKind, find_kinds
from mailproc.records.filegroups import ARCHIVE_TOO_LARGE, CLASS_ID, expand_groups
from mailproc.records.mail import Attachment
from mailproc.records.site import Site

_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Blocked:
    """One file that is kept back, and what of it is the reason."""

    item: Attachment
    found: FileKind

    def __str__(self) -> str:
        """`invoice.zip > setup.exe (EXE)`: a name, where in it, what that is; the same in every language."""
        inside = f" > {self.found.inside}" if self.found.inside else ""
        kind = "?" if self.found.kind in (CLASS_ID, ARCHIVE_TOO_LARGE) else self.found.kind.upper()
        return f"{self.item.filename}{inside} ({kind})"


def find_blocked(attachments: Sequence[Attachment], site: Site) -> tuple[Blocked, ...]:
    """The files among these that the site does not pass on, in their order."""
    if not attachments or not site.blocked_attachments:
        return ()
    refused = expand_groups(site.blocked_attachments)
    found: list[Blocked] = []
    for item in attachments:
        kind = next((kind for kind in find_kinds(item) if kind.kind in refused), None)
        if kind is not None:
            found.append(Blocked(item, kind))
    return tuple(found)


def without_blocked(attachments: Sequence[Attachment], site: Site) -> tuple[Attachment, ...]:
    """The files that may travel to the inside."""
    kept = {id(blocked.item) for blocked in find_blocked(attachments, site)}
    return tuple(item for item in attachments if id(item) not in kept)


def record(arrival: Arrival, draft: Draft, serial: int) -> None:
    """A line of the ticket's history and of the trace about what is kept back."""
    blocked = find_blocked(arrival.inbound.attachments, arrival.policy.site)
    if blocked:
        names = name_blocked(blocked)
        draft.step("notices", f"not passed on, for what they are: {', '.join(names)}", True)
        draft.event(serial, "files-kept-back", arrival.sender, files=", ".join(names))


def name_blocked(blocked: Iterable[Blocked]) -> tuple[str, ...]:
    """A line each, for the department's card."""
    return tuple(str(one) for one in blocked)[:_MOST_NAMED]

