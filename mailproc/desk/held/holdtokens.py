"""Whose answer about held mail counts: a token of purpose h, bound to the mail, why it is held and who was asked. Dry.

The reason is in the signature: once the mail is held for something else, what was sent before opens nothing any more.
"""

from dataclasses import dataclass
from datetime import date as Day
from datetime import timedelta

from mailproc.desk.draft import Arrival, Policy
from mailproc.desk.reasons import AGENT_HOLDS, HELD
from mailproc.desk.speakers import is_proven_agent
from mailproc.message.addresses import is_sendable
from mailproc.records.holds import OPERATOR, HeldMail
from mailproc.records.mail import Level
from mailproc.rulebook.book import Agent
from mailproc.tickets.token import TokenClaim, is_genuine, split_reply_address

ANSWER_LIFE = timedelta(days=14)
_DEPARTMENT = "department:"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a genuine token says: which mail was asked about, whom, and why it was held then."""

    held: HeldMail | None  # None: a digest
    reason: str  # of the hold the token was made for; "" for a digest
    address: str  # who was asked
    is_own: bool = False  # the held mail is the agent's own


def hold_identity(reason: str, address: str) -> str:
    """The identity of a token about one held mail; no address and no department reads like it."""
    return f"hold:{reason}:{address}"


def digest_identity(address: str) -> str:
    """The identity of a token of a daily digest; its number is the day, 20261122."""
    return f"digest:{address}"


def digest_number(day: str) -> int:
    """The number in a digest's token."""
    return int(day.replace("-", ""))


def department_audience(key: str) -> str:
    """The audience of a department's holds."""
    return f"{_DEPARTMENT}{key}"


def operator_of(policy: Policy) -> str:
    """The operator's address; "" when there is none that we do not read ourselves."""
    operator = policy.site.operator
    return operator if operator and is_sendable(operator) and not split_reply_address(policy.site, operator)[0] else ""


def addresses_of(policy: Policy, audience: str) -> tuple[str, ...]:
    """Who is written to for an audience: the department's mailboxes, else the operator, else the default department."""
    department = policy.book.departments.get(audience.removeprefix(_DEPARTMENT))
    if audience != OPERATOR and department is not None:
        return department.forward_to
    operator = operator_of(policy)
    return (operator,) if operator else policy.book.departments[policy.book.defaults.department].forward_to


def find_asked(arrival: Arrival) -> Asked | None:
    """The mail that this one answers about, if we asked its sender; None when no token is genuine for them."""
    addresses = _asked_addresses(arrival)
    for claim in arrival.keys.holds:
        asked = _judge(arrival, claim, addresses)
        if asked is not None:
            return asked
    return None


def may_decide(arrival: Arrival, audience: str) -> bool:
    """True when the sender, proven as an agent must be, decides about holds of this audience now (T04)."""
    if not is_proven_agent(arrival):
        return False
    if arrival.sender in addresses_of(arrival.policy, audience):
        return True
    agent = arrival.policy.book.find_agent(arrival.sender)
    return agent is not None and _is_of(agent, audience)


def _is_of(agent: Agent, audience: str) -> bool:
    return agent.is_active and audience.removeprefix(_DEPARTMENT) in agent.departments


def is_anybody(arrival: Arrival) -> bool:
    """True when From is not contradicted: enough where the token alone went to the agent's own directory address."""
    return arrival.trust.level > Level.A0 and arrival.inbound.from_ok


def _asked_addresses(arrival: Arrival) -> tuple[str, ...]:
    """The addresses whose tokens the sender may hold: their own, their other ones, their departments' mailboxes."""
    book = arrival.policy.book
    agent = book.find_agent(arrival.sender)
    found = [arrival.sender]
    if agent is not None and agent.is_active:
        found += agent.addresses
        found += [address for key in agent.departments for address in book.departments[key].forward_to]
    return tuple(dict.fromkeys(address for address in found if address))


def _judge(arrival: Arrival, claim: TokenClaim, addresses: tuple[str, ...]) -> Asked | None:
    keys = arrival.policy.keys
    held = arrival.known.holds.named.get(claim.serial)
    agent = arrival.policy.book.find_agent(arrival.sender)
    for address in addresses:
        if is_genuine(claim, keys, digest_identity(address)) and _is_recent(arrival, claim):
            return Asked(None, "", address)
        for reason in HELD if held is not None else ():
            if is_genuine(claim, keys, hold_identity(reason, address)):
                assert held is not None
                own = agent.addresses if agent is not None else ()
                is_own = reason in AGENT_HOLDS and held.sender in own and address in own
                return Asked(held, reason, address, is_own)
    return None


def _is_recent(arrival: Arrival, claim: TokenClaim) -> bool:
    number = str(claim.serial)
    try:
        day = Day(int(number[:4]), int(number[4:6]), int(number[6:]))
    except ValueError:
        return False
    return abs(arrival.now.date() - day) <= ANSWER_LIFE
