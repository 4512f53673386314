"""Which ticket a mail belongs to: the keys it carries, and the match against what the database knows.

The order is mail-policy section 2: address token, Message-IDs (ours, then theirs), subject tag, else none. The
body and attachments are never searched. Dry: lookups happen between `find_keys` and `match_ticket`.
"""

from dataclasses import dataclass

from mailproc.message.parts import first
from mailproc.message.subjects import comparable
from mailproc.records.mail import Envelope, Inbound, MailClass
from mailproc.records.making import quick_to_make
from mailproc.records.site import KeyRing, Site
from mailproc.records.ticket import Known, Ticket
from mailproc.tickets.bounceaddress import read_bounce_address
from mailproc.tickets.casenumber import find_case_numbers
from mailproc.tickets.replay import find_marks
from mailproc.tickets.token import OurId, TokenClaim, read_hold_id, read_message_id, split_reply_address

LOOP_HEADER = "x-loop-guard"  # every mail of ours carries its own signed Message-ID here as well

_MOST_IDS = 60  # of References; the newest count


@quick_to_make
@dataclass(frozen=True, slots=True)
class Keys:
    """Everything in a mail that can lead to a ticket."""

    tokens: tuple[TokenClaim, ...]  # of the recipient addresses, envelope first
    our_ids: tuple[OurId, ...]  # In-Reply-To, then References newest first; signatures checked
    other_ids: tuple[str, ...]  # the same order
    serials: tuple[int, ...]  # tags in the subject
    doubtful: tuple[str, ...]  # tags with a wrong check digit
    recipients: tuple[str, ...]  # our own addresses it came to, extension removed, in the order that counts
    sender: str  # normalised From address, "" when there is none
    fingerprint: str
    subject_key: str
    own_id: OurId | None = None  # its own Message-ID or loop guard is one of ours: it came back
    bounced_id: OurId | None = None  # the mail of ours this delivery report is about
    is_bounced_by_address: bool = False  # told by the envelope sender we gave that mail, which its readers do not see
    marks: tuple[str, ...] = ()  # what a changed copy of an agent's mail is known by (T19)
    holds: tuple[TokenClaim, ...] = ()  # tokens of held mail: their serial is an inbox id, never a ticket

    def all_serials(self) -> tuple[int, ...]:
        """Every ticket named by a token, an id of ours or a tag."""
        return tuple(
            dict.fromkeys(
                [claim.serial for claim in self.tokens]
                + [our.serial for our in self.our_ids]
                + list(self.serials)
                + [our.serial for our in (self.own_id, self.bounced_id) if our is not None]
            )
        )


@dataclass(frozen=True, slots=True)
class Match:
    """The ticket a mail belongs to, and why; `linked` are tickets to name on a new one."""

    ticket: Ticket | None
    reason: str  # token | our-id | their-id | tag | two-tags | none
    claim: TokenClaim | None = None  # a token of this ticket that came with the mail, not yet checked
    our_id: OurId | None = None  # the mail of ours it answers
    linked: tuple[int, ...] = ()
    merged_from: int | None = None


def find_keys(inbound: Inbound, envelope: Envelope, site: Site, keys: KeyRing) -> Keys:
    """The keys of a mail; costs one pass over its recipients, ids and subject."""
    claims: list[TokenClaim] = []
    ours: list[str] = []
    holds: list[TokenClaim] = []
    addressed = (
        *envelope.recipients,
        *inbound.delivered_to,
        *(address.addr for address in inbound.to),
        *(address.addr for address in inbound.cc),
    )
    for address in dict.fromkeys(addressed):
        base, claim = split_reply_address(site, address)
        if base and base not in ours:
            ours.append(base)
        kept = holds if claim is not None and claim.purpose == "h" else claims
        if claim is not None and claim not in kept:
            kept.append(claim)
    our_ids: list[OurId] = []
    other_ids: list[str] = []
    newest_first = (*inbound.in_reply_to, *reversed(inbound.references[-_MOST_IDS:]))
    for message_id in dict.fromkeys(newest_first):
        our_id = read_message_id(message_id, keys) if message_id.startswith("<t.") else None
        if our_id is not None:
            our_ids.append(our_id)
        else:
            other_ids.append(message_id)
    if site.address_extension == "none":
        holds += [claim for message_id in other_ids if (claim := read_hold_id(message_id, site)) is not None]
    returned = next((our for address in addressed if (our := read_bounce_address(site, keys, address))), None)
    # Whoever answers by machine to the envelope sender says so in a header; what comes from nobody is a report
    is_report = inbound.bounce is not None or (
        returned is not None and envelope.sender == "" and inbound.mail_class in (MailClass.HUMAN, MailClass.ROLE)
    )
    if returned is not None and not is_report and returned not in our_ids:
        our_ids.insert(0, returned)
    bounced = inbound.bounce.original_message_id if inbound.bounce else ""
    found = find_case_numbers(inbound.subject, (site.prefix, *site.prefix_aliases))
    return Keys(
        tokens=tuple(claims),
        our_ids=tuple(our_ids),
        other_ids=tuple(other_ids[:_MOST_IDS]),
        serials=found.serials[:8],
        doubtful=found.doubtful[:3],
        recipients=_in_policy_order(tuple(ours), inbound, site),
        sender=inbound.from_.addr if inbound.from_ else "",
        fingerprint=inbound.fingerprint,
        subject_key=comparable(inbound.subject),
        own_id=_find_own_id(inbound, keys),
        holds=tuple(dict.fromkeys(holds)),
        bounced_id=returned or read_message_id(bounced, keys) or next(iter(our_ids), None) if is_report else None,
        is_bounced_by_address=is_report and returned is not None,
        marks=find_marks(inbound, tuple(claims), tuple(our_ids), site),
    )


def match_ticket(keys: Keys, known: Known) -> Match:
    """The ticket these keys lead to among what is known; the first kind of key that finds one wins."""
    for claim in keys.tokens:
        if claim.serial in known.tickets:
            return _survivor(known, claim.serial, "token", claim=claim)
    # RFC 5322 section 3.6.4: the last id of References is the newest, the parent
    for our_id in keys.our_ids:
        if our_id.serial in known.tickets:
            return _survivor(known, our_id.serial, "our-id", our_id=our_id)
    for message_id in keys.other_ids:
        serial = known.by_id.get(message_id)
        if serial is not None and serial in known.tickets:
            return _survivor(known, serial, "their-id")
    tagged = [serial for serial in keys.serials if serial in known.tickets]
    if len(keys.serials) > 1:
        return Match(None, "two-tags", linked=tuple(tagged))
    if tagged:
        return _survivor(known, tagged[0], "tag")
    return Match(None, "none")


def _survivor(
    known: Known, serial: int, reason: str, claim: TokenClaim | None = None, our_id: OurId | None = None
) -> Match:
    ticket, merged_from, seen = known.tickets[serial], None, {serial}
    while ticket.merged_into is not None and ticket.merged_into in known.tickets and ticket.merged_into not in seen:
        merged_from = serial
        seen.add(ticket.merged_into)
        ticket = known.tickets[ticket.merged_into]
    return Match(ticket, reason, claim=claim, our_id=our_id, merged_from=merged_from)


def _find_own_id(inbound: Inbound, keys: KeyRing) -> OurId | None:
    for candidate in (inbound.message_id, first(inbound.headers, LOOP_HEADER)):
        if candidate.startswith("<t."):
            own_id = read_message_id(candidate, keys)
            if own_id is not None:
                return own_id
    return None


def _in_policy_order(ours: tuple[str, ...], inbound: Inbound, site: Site) -> tuple[str, ...]:
    """Our addresses with the first one of To/Cc first: its department gets the ticket."""
    if len(ours) < 2:
        return ours
    visible = [split_reply_address(site, address.addr)[0] for address in (*inbound.to, *inbound.cc)]
    ranked = [address for address in dict.fromkeys(visible) if address in ours]
    return (*ranked, *(address for address in ours if address not in ranked))
