"""What an agent's mail says in the agent's own words, and what of it must never reach a customer. Dry.

Our notifications carry a card, signed addresses and colleagues' addresses; mail clients quote them in a hundred ways.
What we ourselves sent is subtracted (mail-policy section 6), and what still looks like it stops the mail.
"""

import re
from collections.abc import Iterable, Iterator

from mailproc.desk.draft import Arrival, Policy
from mailproc.message.addresses import normalise
from mailproc.message.quotes import split_reply
from mailproc.records.mail import Attachment
from mailproc.records.ticket import Ticket
from mailproc.tickets.followup import LOOP_HEADER

_SHINGLE_WORDS = 8
# However a mail client glued, split or encoded it: 28 such characters in a row do not come about by chance
_TOKEN_LIKE = re.compile(r"[a-z2-7][crndh][0-9]{5,14}[a-z2-7]{16}")
_UNSEEN = re.compile(r"[\s\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff=]+")
_ADDRESS_LIKE = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_MOST_TEXT = 300_000


def find_own_words(arrival: Arrival, ticket: Ticket) -> str:
    """The agent's text without what we sent them, whatever their mail client made of the quote."""
    inbound = arrival.inbound
    # The customer's words on this ticket were in our mails too; a client that quotes without marks brings them back
    theirs = tuple(message.text for message in ticket.thread if message.direction == "in" and message.purpose != "note")
    sent = theirs + tuple(
        mail.text
        for our_id in arrival.keys.our_ids
        if (mail := arrival.known.sent.get((our_id.serial, our_id.n))) is not None
        and mail.text
        and our_id.serial in (ticket.serial, arrival.match.merged_from)
    )
    text = split_reply(inbound.text[:_MOST_TEXT], "", sent)[0]
    lines = [line for line in text.splitlines() if line.strip(" \t>")]
    return "" if all(line.lstrip().startswith(">") for line in lines) else text


def find_leaks(text: str, ticket: Ticket) -> tuple[str, ...]:
    """Why these words must not go out: a signed address of ours, or a piece of an internal note (T46)."""
    problems = []
    if _TOKEN_LIKE.search(_UNSEEN.sub("", text.lower().replace("%2b", "+"))):
        problems.append(
            "the text holds one of our own reply addresses, which only your department may know; "
            "the mail you answered is probably quoted in it: please remove the quote"
        )
    notes = [message.text for message in ticket.thread if message.purpose == "note"]
    secret = {shingle for note in notes for shingle in _shingles(note)}
    if secret and any(shingle in secret for shingle in _shingles(text)):
        problems.append("the text repeats words of an internal note of this case")
    return tuple(problems)


def find_attached_leaks(attachments: Iterable[Attachment]) -> tuple[str, ...]:
    """Why these files must not go out: one of them is a mail of ours to the inside, signed addresses and all."""
    for item in attachments:
        is_mail = item.content_type.startswith("message/") or item.filename.lower().endswith((".eml", ".msg"))
        if is_mail and (LOOP_HEADER.encode("ascii") in item.content.lower() or b"x-mailproc-" in item.content.lower()):
            return (
                f"the attached {item.filename} is a mail that only your department may see: please send without it",
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


def _shingles(text: str) -> Iterator[tuple[str, ...]]:
    words = re.findall(r"\w+", text[:_MOST_TEXT].casefold())
    return (tuple(words[at : at + _SHINGLE_WORDS]) for at in range(len(words) - _SHINGLE_WORDS + 1))
