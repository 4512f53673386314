"""What a refused delivery means for its ticket. Dry: the receipt is an argument."""

import re
from datetime import datetime

from mailproc.desk.draft import Draft, Policy
from mailproc.desk.mails import notices, unseen
from mailproc.records.decision import Decision, Outcome
from mailproc.records.delivery import Receipt
from mailproc.records.effects import MarkBounced, RememberContact
from mailproc.records.ticket import Known

_ENHANCED = re.compile(r"\s*(?:5[0-9]{2}[ -])?(5\.[0-9]{1,3}\.[0-9]{1,3})\b")
_NOBODY = re.compile(
    r"no such (?:user|mailbox|recipient|address)|unknown (?:user|recipient|address)|"
    r"(?:user|mailbox|recipient|address)[^.;]{0,60}(?:unknown|not found|does not exist|doesn't exist|no such)",
    re.IGNORECASE,
)
# RFC 3463 section 3.2: the address itself is wrong. Other refusals, a spam filter's say, are about one mail
_NO_SUCH_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})


def says_no_such_address(code: int, text: str) -> bool:
    """True when a server's answer means that nobody will ever read mail to this address."""
    # The code a server puts first is its verdict; codes further on are prose
    enhanced = _ENHANCED.match(text)
    if enhanced is not None:
        return enhanced[1] in _NO_SUCH_ADDRESS
    return code in (0, 550, 551, 553) and _NOBODY.search(text[:2_000]) is not None


def find_status(code: int, text: str) -> str:
    """The enhanced code of a refusal (RFC 3463), as a report would name it; "" where the answer tells none."""
    enhanced = _ENHANCED.match(text)
    if enhanced is not None:
        return enhanced[1]
    return "5.1.1" if says_no_such_address(code, text) else ""


def decide_failed(known: Known, serial: int, n: int, receipt: Receipt, policy: Policy, now: datetime) -> Decision:
    """A server refused a mail of ours for good (RFC 5321 section 4.2.1): recorded, and its author is told."""
    draft = Draft(policy, now)
    ticket, sent = known.tickets.get(serial), known.sent.get((serial, n))
    if ticket is None or sent is None:
        return draft.finish(Outcome.NOTHING, "nothing-to-do")
    draft.add(MarkBounced(serial, n, sent.recipient, str(receipt.code), True, receipt.text[:500]))
    if sent.is_to_customer:
        if says_no_such_address(receipt.code, receipt.text):
            draft.add(RememberContact(sent.recipient, is_dead=True))
        agent = policy.book.find_agent(sent.author) if sent.author else None
        to = agent.addresses[0] if agent is not None and agent.is_active else ""
        status = find_status(receipt.code, receipt.text)
        notices.undelivered(draft, ticket, to, sent.recipient, receipt.text, status=status, for_good=True)
    unseen.tell_operator(draft, ticket, sent, receipt.text)
    return draft.finish(Outcome.CHANGED, "delivery-refused", serial)
