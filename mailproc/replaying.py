"""Stored mail, decided again by two rulebooks at once. Wet: reads the store; changes and sends nothing, asks no DNS.

What a mail could not prove again today is taken from the decision made then: its level of trust, whether its sender
was known, the ticket as it stood. Everything else comes from its bytes, read once, and its moment is the one when it
arrived; so the same store and the same rules give the same answer at any time and in any process.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mailproc.desk.contactform import read_form
from mailproc.desk.draft import Arrival, Draft, Policy
from mailproc.desk.routing import gather_facts, route_mail
from mailproc.message.parse import parse
from mailproc.message.trust import assess
from mailproc.records.mail import Inbound, Level, Trust
from mailproc.records.site import KeyRing, Site
from mailproc.records.ticket import Contact, Known, Ticket
from mailproc.rulebook.book import Rulebook
from mailproc.rulebook.difference import Change, Example, Side, Verdict, find_changes
from mailproc.rulebook.evaluate import evaluate
from mailproc.rulebook.watching import Walk, Watcher
from mailproc.store import history, inbox
from mailproc.store.history import StoredMail
from mailproc.store.transaction import Tx
from mailproc.tickets.followup import Keys, Match, find_keys

REPLY = "reply"
_NEW_OUTCOMES = frozenset({"opened"})
_RULES_SAID = frozenset({("recorded", "no-ticket"), ("held", "spam"), ("held", "rule-hold")})
_FOLLOW_UPS = frozenset({"follow-up", "follow-up-thanks", "follow-up-unverified"})

_LEVEL = re.compile(r"(A[0-3]): ")
_CHECKED = re.compile(r"we checked: dmarc=([a-z]{1,20})")


@dataclass(frozen=True, slots=True)
class Past:
    """One stored mail, understood, with what was known of it then."""

    stored: StoredMail
    inbound: Inbound
    trust: Trust
    keys: Keys
    known: Known
    ticket: Ticket | None  # of a reply, as the mail found it


@dataclass(slots=True)
class Findings:
    """What came of some mails; small enough to travel between processes."""

    routed: int = 0
    not_routed: Counter[str] = field(default_factory=Counter)  # by what became of them instead
    changed: list[tuple[Example, tuple[Change, ...]]] = field(default_factory=list)
    timed_out: Counter[str] = field(default_factory=Counter)  # rules of the new book, by mails
    unreadable: list[str] = field(default_factory=list)


class Replay:
    """Two rulebooks over one site's mail."""

    def __init__(self, site: Site, keys: KeyRing, old: Rulebook, new: Rulebook) -> None:
        self.site, self.keys = site, keys
        self._old, self._new = (Policy(site, old, keys), Side(old)), (Policy(site, new, keys), Side(new))
        self._has_reply_rules = old.has_reply_rules or new.has_reply_rules

    def judge(self, tx: Tx, ids: Sequence[int]) -> Findings:
        """What both books say about the mails with these ids; one mail is in memory at a time."""
        found = Findings()
        for stored in history.read_mails(tx, ids):
            kind = find_kind(stored)
            if kind == REPLY and not self._has_reply_rules:
                kind = "replies (no rule sees them)"
            if kind not in ("", REPLY):
                found.not_routed[kind] += 1
                continue
            try:
                past = recall(tx, stored, self.site, self.keys, is_reply=kind == REPLY)
            except ValueError as error:
                found.unreadable.append(f"mail {stored.id}: {error}")
                continue
            if past is None:
                found.not_routed["erased"] += 1
                continue
            found.routed += 1
            old, new = decide_again(past, *self._old), decide_again(past, *self._new)
            for rule in new.routing.timed_out:
                found.timed_out[rule] += 1
            changes = find_changes(old, new, is_reply=kind == REPLY)
            if changes:
                found.changed.append((Example(stored.id, stored.number, stored.subject), changes))
        return found


def find_kind(stored: StoredMail) -> str:
    """ "" for a new request that the rules were asked about, `reply`, else in words why they were not."""
    if stored.outcome in _NEW_OUTCOMES or (stored.outcome, stored.reason) in _RULES_SAID:
        return ""
    if stored.outcome == "appended" and stored.reason in _FOLLOW_UPS:
        return REPLY
    if stored.outcome == "appended":
        return "automatic mail on a case"
    words = {
        "": "not decided yet", "answered": "agents' mail", "bounce": "bounces", "duplicate": "duplicates",
        "loop": "our own mail", "held": "held",
    }  # fmt: skip
    return words.get(stored.outcome, stored.outcome)


def recall(tx: Tx, stored: StoredMail, site: Site, keys: KeyRing, *, is_reply: bool) -> Past | None:
    """The mail as it was seen then; None when its bytes or its ticket are gone.

    Raises ValueError when its row is damaged.
    """
    raw = inbox.raw_of(tx, stored.id)
    if raw is None:
        return None
    ticket = None
    if is_reply:
        at = stored.decided_at or stored.envelope.received_at
        ticket = history.ticket_before(tx, stored.serial, stored.id, at) if stored.serial is not None else None
        if ticket is None:
            return None
    inbound = parse(raw, languages=site.languages, known_fingerprint=stored.fingerprint)
    known = Known(next_serial=0, requester=Contact(stored.sender) if stored.was_known else None)
    found = find_keys(inbound, stored.envelope, site, keys)
    return Past(stored, inbound, _recall_trust(stored, inbound, site), found, known, ticket)


def decide_again(past: Past, policy: Policy, side: Side) -> Verdict:
    """What a book says about the mail, asked as the desk asks it."""
    envelope = past.stored.envelope
    at = envelope.received_at
    match = Match(past.ticket, "none")
    inbound, trust = read_form(past.inbound, envelope, past.trust, policy)
    keys = replace(past.keys, sender=inbound.from_.addr if inbound.from_ else "")
    arrival = Arrival(inbound, envelope, trust, keys, match, past.known, policy, at)
    if past.ticket is not None:
        return Verdict(side, evaluate(policy.book, gather_facts(arrival, past.ticket)))
    return Verdict(side, *route_mail(arrival, Draft(policy, at)))


def walk_again(past: Past, site: Site, keys: KeyRing, book: Rulebook) -> tuple[Walk, ...]:
    """The way of the mail through the book, condition by condition."""
    watcher = Watcher(book)
    decide_again(past, Policy(site, watcher.book, keys), Side(watcher.book))
    return tuple(watcher.walks)


def _recall_trust(stored: StoredMail, inbound: Inbound, site: Site) -> Trust:
    """The level that was found then: DNS answers and settings may be others today."""
    trust = assess(inbound, stored.envelope, site)
    said = next((step.text for step in stored.steps if step.room == "trust" and _LEVEL.match(step.text)), "")
    if not said:
        return trust
    checked = _CHECKED.search(said)
    return replace(trust, level=Level[said[:2]], dmarc=checked[1] if checked else trust.dmarc)
