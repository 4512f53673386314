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
from mailproc.desk.speakers import department_identity
from mailproc.message.addresses import normalise
from mailproc.message.quotes import split_reply
from mailproc.records.mail import Attachment
from mailproc.records.ticket import Ticket
from mailproc.tickets.followup import LOOP_HEADER
from mailproc.tickets.token import is_genuine, read_token

_SHINGLE_WORDS = 8
_TOKEN_START = re.compile(r"(?=([a-z2-7][rndh])([0-9]{5,14}))")
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


def find_leaks(arrival: Arrival, ticket: Ticket, text: str) -> tuple[str, ...]:
    """Why these words must not go out: a signed address of ours, our card, or a piece of an internal note (T46)."""
    if _has_genuine_token(text, arrival.policy):
        return (
            "the text holds one of our own reply addresses, which only your department may know; "
            "the mail you answered is probably quoted in it: please remove the quote",
        )
    if arrival.released_as:
        return ()  # an operator read it
    public = {
        shingle for message in ticket.thread if message.visibility == "public" for shingle in _shingles(message.text)
    }
    own = set(_shingles(text)) - public
    if not own:
        return ()
    if any(shingle in own for note in ticket.thread if note.purpose == "note" for shingle in _shingles(note.text)):
        return ("the text repeats words of an internal note of this case",)
    if any(shingle in own for sent in _sent_texts(arrival, ticket) for shingle in _shingles(sent)):
        return ("the text repeats the mail that only your department got: please remove the quote",)
    return ()


def find_attached_leaks(attachments: Iterable[Attachment], policy: Policy) -> tuple[str, ...]:
    """Why these files must not go out: one of them is a mail of ours to the inside, signed addresses and all."""
    for item in attachments:
        head = item.content[:_MOST_TEXT].lower()
        is_ours = LOOP_HEADER.encode("ascii") in head or b"x-mailproc-" in head
        if is_ours or _has_genuine_token(head.decode("utf-8", "replace"), policy):
            return (
                f"the attached {item.filename} holds a mail that only your department may see: please send without it",
            )
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


def _has_genuine_token(text: str, policy: Policy) -> bool:
    """However a client glued, split or encoded it; whose it is decides, not what it looks like."""
    plain = unicodedata.normalize("NFKC", unquote(text[:_MOST_TEXT])).lower()
    plain = re.sub(r"[^a-z0-9]+", "", plain)
    identities = [address for agent in policy.book.agents for address in agent.addresses]
    identities += [department_identity(key) for key in policy.book.departments]
    for match in _TOKEN_START.finditer(plain):
        for digits in range(5, len(match[2]) + 1):
            at = match.start() + 2 + digits
            claim = read_token(plain[match.start() : at + _SIGNATURE_LENGTH])
            if claim is None or policy.keys.find(claim.key_id) is None:
                continue
            if any(is_genuine(claim, policy.keys, identity) for identity in identities):
                return True
    return False


def _shingles(text: str) -> Iterator[tuple[str, ...]]:
    words = re.findall(r"[^\W_]+", text[:_MOST_TEXT].casefold())
    return (tuple(words[at : at + _SHINGLE_WORDS]) for at in range(len(words) - _SHINGLE_WORDS + 1))
