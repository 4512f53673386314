"""How mail programs put mails together, written from their published descriptions; knows nothing of our own code.

JWZ: jwz.org/doc/threading.html. RFC 5256 names the base subject. Gmail: the same subject without prefixes and tags in
brackets, and an id in common (its rule since 2019); the stricter reading, in which brackets count, is there too.
Outlook: by Thread-Index and Thread-Topic ([MS-OXOMSG] sections 2.2.1.2 to 2.2.1.5), or by the topic alone.
"""

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header

_ID = re.compile(r"<[^<>\s]+>")
_REPLY = re.compile(r"\s*(?:re|aw|sv|antw|odp|fwd?|wg|rif|r)(?:\[\d+\]|\(\d+\))?\s*:\s*", re.I)
_BLOB = re.compile(r"\s*\[[^\[\]]*\]\s*")
_OUTLOOK_PREFIX = re.compile(r"[^\s:]{1,3}: ")

Groups = list[set[int]]


@dataclass(slots=True)
class Seen:
    """A mail as a mail program indexes it."""

    message_id: str
    references: list[str]
    in_reply_to: list[str]
    subject: str
    topic: str
    index: bytes

    @property
    def parents(self) -> list[str]:
        """All ids it points at, the nearest last."""
        return list(dict.fromkeys([*self.references, *self.in_reply_to[:1]]))


@dataclass(eq=False, slots=True)
class _Container:
    mail: int | None = None
    parent: "_Container | None" = None
    children: list["_Container"] = field(default_factory=list)


def read(raw: bytes) -> Seen:
    """What a mail program takes from a mail."""
    mail = message_from_bytes(raw)

    def text(name: str) -> str:
        return " ".join(str(make_header(decode_header(mail.get(name, "")))).split())

    try:
        index = base64.b64decode("".join(mail.get("Thread-Index", "").split()), validate=True)
    except ValueError:
        index = b""
    return Seen(
        next(iter(_ID.findall(mail.get("Message-ID", ""))), ""),
        _ID.findall(mail.get("References", "")),
        _ID.findall(mail.get("In-Reply-To", "")),
        text("Subject"),
        text("Thread-Topic"),
        index if len(index) >= 22 else b"",
    )


def base_subject(subject: str, *, keeps_brackets: bool = False) -> str:
    """The subject without prefixes and, in front, tags in brackets (RFC 5256 section 2.1)."""
    while True:
        shorter = _REPLY.sub("", subject, count=1) if _REPLY.match(subject) else subject
        if not keeps_brackets and (found := _BLOB.match(shorter)) and found.end() < len(shorter):
            shorter = shorter[found.end() :]
        if shorter == subject or not shorter:
            return subject.strip().casefold()
        subject = shorter


def jwz(mails: list[Seen], *, by_subject: bool = False) -> Groups:
    """The threads of jwz's algorithm, in the order of the mailbox; by ids alone, or with its step 5 (same subject)."""
    table: dict[str, _Container] = {}
    for number, mail in enumerate(mails):
        own = table.setdefault(mail.message_id or f"<none-{number}>", _Container())
        if own.mail is not None:
            own = table.setdefault(f"<again-{number}>", _Container())
        own.mail = number
        previous: _Container | None = None
        for one in mail.parents:
            container = table.setdefault(one, _Container())
            if previous is not None and container.parent is None and not _is_above(container, previous):
                _link(previous, container)
            previous = container
        if previous is not None and _is_above(own, previous):
            previous = None
        if own.parent is not None:
            own.parent.children.remove(own)
            own.parent = None
        if previous is not None and previous is not own:
            _link(previous, own)
    roots = [container for container in table.values() if container.parent is None]
    groups = [group for root in roots if (group := _mails_below(root))]
    if not by_subject:
        return groups
    return _join(groups, lambda group: base_subject(mails[min(group)].subject))


def gmail(mails: list[Seen], *, brackets_count: bool = False) -> Groups:
    """The conversations as mails arrive: an id in common and the same subject; one changed subject splits."""
    groups: list[tuple[str, set[str], set[int]]] = []
    for number, mail in enumerate(mails):
        subject = base_subject(mail.subject, keeps_brackets=brackets_count)
        ids = {mail.message_id, *mail.parents}
        for known_subject, known_ids, group in reversed(groups):
            if known_subject == subject and known_ids & ids:
                known_ids |= ids
                group.add(number)
                break
        else:
            groups.append((subject, ids, {number}))
    return [group for _, _, group in groups]


def outlook_by_topic(mails: list[Seen]) -> Groups:
    """The conversations of an Outlook that reads by IMAP: by the topic, or the subject of a mail without one."""
    return _join([{number} for number in range(len(mails))], lambda group: _topic_of(mails[min(group)]))


def exchange(mails: list[Seen]) -> Groups:
    """The conversations of an Exchange mailbox: by the index, else the mail that is answered, else the topic."""
    keys: dict[str, object] = {}
    topics: dict[str, object] = {}
    groups: dict[object, set[int]] = {}
    for number, mail in enumerate(mails):
        key: object = mail.index[6:22] if mail.index else None
        if key is None or key not in groups:
            known = next((keys[one] for one in reversed(mail.parents) if one in keys), None)
            key = known or (key if key is not None else topics.get(_topic_of(mail), f"mail {number}"))
        groups.setdefault(key, set()).add(number)
        keys[mail.message_id] = key
        topics.setdefault(_topic_of(mail), key)
    return list(groups.values())


def _topic_of(mail: Seen) -> str:
    subject = mail.subject
    while found := _OUTLOOK_PREFIX.match(subject):
        subject = subject[found.end() :]
    return (mail.topic or subject).casefold()


def _join(groups: Iterable[set[int]], key: Callable[[set[int]], str]) -> Groups:
    joined: dict[str, set[int]] = {}
    for group in groups:
        joined.setdefault(key(group), set()).update(group)
    return list(joined.values())


def _link(parent: _Container, child: _Container) -> None:
    child.parent = parent
    parent.children.append(child)


def _is_above(container: _Container, other: _Container) -> bool:
    """Whether `other` is the container or below it: a link would make a circle."""
    above: _Container | None = other
    while above is not None:
        if above is container:
            return True
        above = above.parent
    return False


def _mails_below(root: _Container) -> set[int]:
    found, waiting = set(), [root]
    while waiting:
        container = waiting.pop()
        found |= {container.mail} if container.mail is not None else set()
        waiting += container.children
    return found
