"""What an agent's mail says in the agent's own words, and what of it must never reach a customer. Dry.

Our notifications carry a card, signed addresses and colleagues' addresses; mail clients quote them in a hundred ways.
Where the usual marks of a quote do not cut the card away, what we sent is subtracted (mail-policy section 6); what then
still looks like it stops the mail. A shape is no leak: a token counts only when it is genuine.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from mailproc.desk.draft import Arrival, Policy
from mailproc.desk.mails.shingles import repeats_a_note, shingles
from mailproc.desk.speakers import department_identity
from mailproc.message.addresses import normalise
from mailproc.message.parse import parse
from mailproc.message.quotes import split_reply
from mailproc.records.mail import Attachment
from mailproc.records.ticket import Ticket
from mailproc.tickets.followup import LOOP_HEADER
from mailproc.tickets.token import PURPOSES, is_genuine, read_token, split_reply_address

_TOKEN_START = re.compile(r"(?=([a-z2-7][rndho])([0-9]{5,14}))")
_SIGNATURE_LENGTH = 16
_ADDRESS_LIKE = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_MARKUP = re.compile(r"<[^<>]{0,2000}>")
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


def find_leaks(arrival: Arrival, ticket: Ticket, text: str) -> tuple[str, ...]:
    """Why these words must not go out: a signed address of ours, our card, or a piece of an internal note (T46)."""
    if _has_inner_address(text, arrival.policy, ticket):
        return (
            "the text holds one of our own reply addresses, which only your department may know; "
            "the mail you answered is probably quoted in it: please remove the quote",
        )
    if arrival.released_as not in ("", "confirmed"):
        return ()  # an operator read it, or its agent after they were told
    # What nothing proved is a stranger's: agents saw it, its words go to nobody
    public = {
        shingle
        for message in ticket.thread
        if message.visibility == "public" and not message.is_unverified
        for shingle in shingles(message.text)
    }
    if repeats_a_note(text, _notes(arrival, ticket), public):
        return ("the text repeats words of an internal note of this case",)
    own = set(shingles(text)) - public
    if any(shingle in own for sent in _sent_texts(arrival, ticket) for shingle in shingles(sent)):
        return ("the text repeats the mail that only your department got: please remove the quote",)
    return ()


def find_attached_leaks(
    attachments: Iterable[Attachment], policy: Policy, ticket: Ticket | None = None
) -> tuple[str, ...]:
    """Why these files must not go out: one of them is a mail of ours to the inside, or repeats a note of the case."""
    notes = tuple(note for note in _notes_of(ticket) if note) if ticket is not None else ()
    for item in attachments:
        # Outlook's .msg writes each letter in two bytes
        head = item.content[:_MOST_TEXT].replace(b"\0", b"").lower()
        is_ours = LOOP_HEADER.encode("ascii") in head or b"x-mailproc-" in head
        if is_ours or _has_inner_address(head.decode("utf-8", "replace"), policy, ticket):
            return (
                f"the attached {item.filename} holds a mail that only your department may see: please send without it",
            )
        if notes and repeats_a_note(_words_of_file(item), notes, set()):
            return (f"the attached {item.filename} repeats words of an internal note of this case",)
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


def _notes(arrival: Arrival, ticket: Ticket) -> Iterator[str]:
    """The notes of the case, and of those that were merged into it."""
    yield from _notes_of(ticket)
    for other in arrival.known.tickets.values():
        if other.serial != ticket.serial and other.merged_into == ticket.serial:
            yield from _notes_of(other)


def _notes_of(ticket: Ticket) -> Iterator[str]:
    yield from ticket.notes
    yield from (message.text for message in ticket.thread if message.purpose == "note")


def _words_of_file(item: Attachment) -> str:
    """What a person reads in a file that is text or a mail, "" for all others."""
    content = item.content[:_MOST_TEXT]
    if item.content_type == "message/rfc822" or item.filename.lower().endswith(".eml"):
        return parse(content, languages=()).text
    if not item.content_type.startswith("text/"):
        return ""
    return _MARKUP.sub(" ", content.decode("utf-8", "replace")) if "html" in item.content_type else content.decode(
        "utf-8", "replace"
    )


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
