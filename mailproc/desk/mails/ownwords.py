"""What an agent's mail says in the agent's own words, and what of it must never reach a customer. Dry.

Our notifications carry a card, signed addresses and colleagues' addresses; mail clients quote them in a hundred ways.
Where the usual marks of a quote do not cut the card away, what we sent is subtracted (mail-policy section 6); what then
still looks like it stops the mail. A shape is no leak: a token counts only when it is genuine.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from urllib.parse import unquote

from mailproc.desk.draft import Arrival, Policy
from mailproc.desk.mails.filewords import words_of_file
from mailproc.desk.mails.shingles import repeats_a_note, shingles
from mailproc.desk.speakers import department_identity
from mailproc.desk.words.saying import Saying, saying
from mailproc.message.addresses import normalise
from mailproc.message.forwarded import names_forward
from mailproc.message.quotes import split_reply
from mailproc.records.mail import Attachment, Inbound
from mailproc.records.ticket import Known, Ticket
from mailproc.tickets.followup import LOOP_HEADER
from mailproc.tickets.token import PURPOSES, is_genuine, read_token, split_reply_address

_TOKEN_START = re.compile(r"(?=([a-z2-7][rndho])([0-9]{5,14}))")
_SIGNATURE_LENGTH = 16
_ADDRESS_LIKE = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_BARE_MARKS = re.compile(r"[>\s]*>[>\s]*")
_MOST_TEXT = 300_000
_CARD_LINES = 14  # at the top and at the end of a notification
_TELLING_LENGTH = 20


def find_own_words(arrival: Arrival, ticket: Ticket) -> str:
    """The agent's text without what we sent them, whatever their mail client made of the quote."""
    text = arrival.inbound.new_text
    sent = _sent_texts(arrival, ticket)
    if sent and _holds_card(text, sent):
        text = split_reply(arrival.inbound.text[:_MOST_TEXT], "", sent)[0]
    lines = [line for line in text.splitlines() if not _BARE_MARKS.fullmatch(line)]
    words = [line for line in lines if line.strip()]
    return "" if all(line.lstrip().startswith(">") for line in words) else "\n".join(lines)


def find_leaks(arrival: Arrival, ticket: Ticket, text: str) -> tuple[Saying, ...]:
    """Why these words must not go out: a signed address of ours, our card, or a piece of an internal note (T46)."""
    if _has_inner_address(text, arrival.policy, ticket):
        return (saying("leak-address"),)
    if arrival.released_as not in ("", "confirmed"):
        return ()  # an operator read it, or its agent after they were told
    public = cache(lambda: _public_shingles(ticket))
    if repeats_a_note(text, _notes(arrival.known, ticket), public):
        return (saying("leak-note"),)
    if sent := _sent_texts(arrival, ticket):
        met = set(shingles(text)).intersection(shingle for mail in sent for shingle in shingles(mail))
        if met and not met <= public():
            return (saying("leak-ours"),)
    return ()


def find_typed_leaks(
    text: str, ticket: Ticket, known: Known, policy: Policy, *, may_repeat_notes: bool
) -> tuple[Saying, ...]:
    """The same of words that were typed at a terminal and answer no mail; who typed them may insist on a note's."""
    if _has_inner_address(text, policy, ticket):
        return (saying("leak-address"),)
    if not may_repeat_notes and repeats_a_note(text, _notes(known, ticket), lambda: _public_shingles(ticket)):
        return (saying("leak-note"),)
    return ()


def find_attached_leaks(
    attachments: Iterable[Attachment], policy: Policy, ticket: Ticket | None = None
) -> tuple[Saying, ...]:
    """Why these files must not go out: one of them is a mail of ours to the inside, or repeats a note of the case."""
    notes = tuple(note for note in _notes_of(ticket) if note) if ticket is not None else ()
    for item in attachments:
        # Outlook's .msg writes each letter in two bytes
        head = item.content[:_MOST_TEXT].replace(b"\0", b"").lower()
        is_ours = LOOP_HEADER.encode("ascii") in head or b"x-mailproc-" in head
        words = words_of_file(item)
        texts = (head.decode("utf-8", "replace"), words) if words else (head.decode("utf-8", "replace"),)
        if is_ours or any(_has_inner_address(text, policy, ticket) for text in texts):
            return (saying("file-ours", name=item.filename),)
        if notes and repeats_a_note(words, notes, set):
            return (saying("file-note", name=item.filename),)
    return ()


def hide_inner_addresses(text: str, policy: Policy) -> str:
    """The text with agents' and departments' own addresses replaced by the site's (mail-policy section 5)."""
    inner = {address for department in policy.book.departments.values() for address in department.forward_to}

    def replaced(match: re.Match[str]) -> str:
        address = normalise(match.group())
        is_inner = address in inner or policy.book.find_agent(address) is not None
        return policy.site.addresses[0] if is_inner and address not in policy.site.addresses else match.group()

    return _ADDRESS_LIKE.sub(replaced, text) if "@" in text else text


def customer_lines(ticket: Ticket) -> frozenset[str]:
    """Lines that people outside wrote on this ticket: none of them is an agent's command."""
    return frozenset(
        " ".join(line.split()).casefold()
        for message in ticket.thread
        if message.author.addr in ticket.participants
        for line in message.text.splitlines()
        if line.strip()
    )


def unread_lines(inbound: Inbound, text: str) -> frozenset[str]:
    """Of a forward whose form nobody knows, every line: what stands at its end is hardly the agent's command."""
    if inbound.forwarded is not None or not names_forward(inbound.subject):
        return frozenset()
    return frozenset(" ".join(line.split()).casefold() for line in text.splitlines() if line.strip())


def _sent_texts(arrival: Arrival, ticket: Ticket) -> tuple[str, ...]:
    ours = (arrival.known.sent.get((our_id.serial, our_id.n)) for our_id in arrival.keys.our_ids)
    mine = (ticket.serial, arrival.match.merged_from)
    return tuple(mail.text for mail in ours if mail is not None and mail.text and mail.serial in mine)


def _holds_card(text: str, sent: tuple[str, ...]) -> bool:
    found = {" ".join(line.strip(" \t>").split()) for line in text.splitlines()}
    for mail in sent:
        lines = [" ".join(line.split()) for line in mail.splitlines()]
        if any(line in found for line in (*lines[:_CARD_LINES], *lines[-_CARD_LINES:]) if len(line) >= _TELLING_LENGTH):
            return True
    return False


def _public_shingles(ticket: Ticket) -> set[tuple[str, ...]]:
    """What customers have seen; what nothing proved is a stranger's: agents saw it, its words go to nobody."""
    return {
        shingle
        for message in ticket.thread
        if message.visibility == "public" and not message.is_unverified
        for shingle in shingles(message.text)
    }


def _notes(known: Known, ticket: Ticket) -> Iterator[str]:
    """The notes of the case, and of those that were merged into it."""
    yield from _notes_of(ticket)
    for other in known.tickets.values():
        if other.serial != ticket.serial and other.merged_into == ticket.serial:
            yield from _notes_of(other)


def _notes_of(ticket: Ticket) -> Iterator[str]:
    yield from ticket.notes
    yield from (message.text for message in ticket.thread if message.purpose == "note")


def _has_inner_address(text: str, policy: Policy, ticket: Ticket | None = None) -> bool:
    """A signed address that is nobody's outside. In its full form it counts whether or not its token still does."""
    plain = unquote(text[:_MOST_TEXT])
    if "@" in plain and any(
        claim is not None and PURPOSES[claim.purpose] != "customer"
        for claim in (split_reply_address(policy.site, found)[1] for found in set(_ADDRESS_LIKE.findall(plain)))
    ):
        return True
    return _has_genuine_token(plain, policy, ticket)


def _has_genuine_token(text: str, policy: Policy, ticket: Ticket | None) -> bool:
    """However a client glued, split or encoded it; whose it is decides, not what it looks like."""
    plain = unicodedata.normalize("NFKC", text).lower()
    plain = re.sub(r"[^a-z0-9]+", "", plain)
    identities = [address for agent in policy.book.agents for address in agent.addresses]
    identities += [department_identity(key) for key in policy.book.departments]
    for match in _TOKEN_START.finditer(plain):
        for digits in range(5, len(match[2]) + 1):
            at = match.start() + 2 + digits
            claim = read_token(plain[match.start() : at + _SIGNATURE_LENGTH])
            if claim is None or policy.keys.find(claim.key_id) is None:
                continue
            epochs = {0, ticket.token_epoch} if ticket is not None and ticket.serial == claim.serial else {0}
            if any(is_genuine(claim, policy.keys, identity, epoch) for identity in identities for epoch in epochs):
                return True
    return False
