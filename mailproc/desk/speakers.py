"""Who is speaking, and whether they may: the trust table of mail-policy section 3. Dry."""

from dataclasses import dataclass
from datetime import timedelta

from mailproc.desk.draft import Arrival
from mailproc.message.parts import first
from mailproc.records.mail import Inbound, Level, MailClass
from mailproc.records.site import Site
from mailproc.records.ticket import Ticket
from mailproc.rulebook.book import Agent
from mailproc.tickets.followup import LOOP_HEADER, Keys
from mailproc.tickets.token import (
    AGENT_TOKEN_LIFE,
    CUSTOMER_TOKEN_LIFE,
    PURPOSES,
    TokenClaim,
    is_genuine,
    is_key_in_force,
    split_reply_address,
)

# How agents release held mail of their own: it is mine; as it is; I know of the colleague's answer, or of the notes
BY_AGENT = ("confirmed", "ok", "anyway")
_LARGEST_CLOCK_ERROR = timedelta(days=1)
AGENT_MAIL_LIFE = timedelta(days=7)  # older than this an agent's mail may be a copy somebody kept (T19)


@dataclass(frozen=True, slots=True)
class AgentStanding:
    """Whether an agent's mail on a ticket may do its work; `reason` says why not, "" when it may."""

    agent: Agent
    reason: str
    purpose: str = "r"  # what the token is for: r reply, n note, d done

    @property
    def may_act(self) -> bool:
        return not self.reason


def department_identity(department: str) -> str:
    """The identity of a token that any agent of a department may use."""
    return f"department:{department}"


def find_agent(arrival: Arrival) -> Agent | None:
    """The agent whose address stands in From, whatever proves it."""
    return arrival.policy.book.find_agent(arrival.sender) if arrival.sender else None


def is_department(arrival: Arrival) -> bool:
    """True when the mail comes from an address that departments' mail is forwarded to."""
    departments = arrival.policy.book.departments.values()
    return any(arrival.sender in department.forward_to for department in departments)


def speaks_as_agent(arrival: Arrival, ticket: Ticket) -> bool:
    """True when a mail on this ticket is an agent's work rather than a customer's word.

    An agent who is the ticket's requester speaks as the customer, unless the mail came with an agent's token.
    """
    if find_agent(arrival) is None:
        return False
    return arrival.sender not in ticket.participants or any(
        PURPOSES[claim.purpose] == "agent" for claim in arrival.keys.tokens if claim.serial == ticket.serial
    )


def agent_standing(arrival: Arrival, agent: Agent, ticket: Ticket) -> AgentStanding:
    """What the trust table says of this agent on this ticket, checked at the time of processing (T04)."""
    claim = _agent_claim(arrival, agent, ticket)
    purpose = claim.purpose if claim else "r"

    def refused(reason: str) -> AgentStanding:
        return AgentStanding(agent, reason, purpose)

    if arrival.released_as == "agent":
        return AgentStanding(agent, "", purpose)
    if not agent.is_active:
        return refused("agent-inactive")
    if ticket.department not in agent.departments:
        return refused("agent-not-entitled")
    if arrival.released_as in BY_AGENT:
        return AgentStanding(agent, "", purpose)  # the agent said so at the address of the directory
    if claim is None and not _answers_our_mail_to(arrival, agent, ticket):
        return refused("agent-without-token")
    if not is_proven_agent(arrival):
        return refused("agent-unproven")
    own = set(agent.addresses)
    if any(address.addr not in own for address in arrival.inbound.reply_to):
        return refused("agent-reply-to")
    date = arrival.inbound.date
    if date is None or not -_LARGEST_CLOCK_ERROR < arrival.now - date <= AGENT_MAIL_LIFE:
        return refused("agent-stale")
    if not _is_addressed_to(arrival, ticket):
        return refused("agent-redirected")
    if any(mark in arrival.known.by_id for mark in (arrival.inbound.message_id, *arrival.keys.marks) if mark):
        return refused("agent-replay")  # the same mail with other bytes: a copy somebody changed (T19)
    return AgentStanding(agent, "", purpose)


def is_participant(arrival: Arrival, ticket: Ticket) -> bool:
    """True when the From address is exactly one of the ticket's people (never its domain: T24)."""
    return arrival.sender in ticket.participants


def is_verified_customer(arrival: Arrival, ticket: Ticket) -> bool:
    """True when a participant's mail may be treated as theirs: proven, or with the token we gave them."""
    if arrival.released_as == "customer" or arrival.trust.level >= Level.A2:
        return True
    if _is_fresh(arrival, ticket, CUSTOMER_TOKEN_LIFE):
        for claim in arrival.keys.tokens:
            is_theirs = (
                claim.serial in (ticket.serial, arrival.match.merged_from) and PURPOSES[claim.purpose] == "customer"
            )
            if is_theirs and _is_genuine(arrival, ticket, claim, arrival.sender):
                return True
    is_fresh = _is_fresh(arrival, ticket, CUSTOMER_TOKEN_LIFE)
    return is_fresh and _sent_to(arrival, ticket, {arrival.sender}, "customer")


def mail_class(arrival: Arrival) -> MailClass:
    """The mail's class once the site and its sender's other mails are known (mail-policy section 4)."""
    found = class_at_site(arrival.inbound, arrival.keys, arrival.policy.site)
    if found is not MailClass.HUMAN:
        return found
    # RFC 5321 section 4.5.5: no person writes with a null return path, whatever the headers say
    is_machine = arrival.judgement is not None and arrival.judgement.is_automatic
    return MailClass.AUTO if is_machine or arrival.envelope.sender == "" else found


def class_at_site(inbound: Inbound, keys: Keys, site: Site) -> MailClass:
    """OWN by our signed ids; our own address as From without them is a machine of ours (a contact form)."""
    if keys.own_id is not None:
        return MailClass.OWN
    if inbound.mail_class is MailClass.HUMAN and keys.sender and split_reply_address(site, keys.sender)[0]:
        return MailClass.ROLE
    if inbound.mail_class is MailClass.HUMAN and first(inbound.headers, LOOP_HEADER):
        return MailClass.AUTO  # another help desk of our kind
    return inbound.mail_class


def _agent_claim(arrival: Arrival, agent: Agent, ticket: Ticket) -> TokenClaim | None:
    if not _is_fresh(arrival, ticket, AGENT_TOKEN_LIFE):
        return None
    # Every identity is tried so that the time does not tell which one it was
    identities = [*agent.addresses, *(department_identity(key) for key in agent.departments)]
    genuine = [
        claim
        for claim in arrival.keys.tokens
        if claim.serial in (ticket.serial, arrival.match.merged_from)
        and PURPOSES[claim.purpose] == "agent"
        and sum(_is_genuine(arrival, ticket, claim, identity) for identity in identities)
    ]
    # To several addresses at once: what was meant to stay inside stays inside
    return min(genuine, key=lambda claim: "ndrh".index(claim.purpose), default=None)


def _answers_our_mail_to(arrival: Arrival, agent: Agent, ticket: Ticket) -> bool:
    """Where addresses carry no token, the signed id of the notification the agent answers stands in for it."""
    if arrival.policy.site.address_extension != "none" or not _is_fresh(arrival, ticket, AGENT_TOKEN_LIFE):
        return False
    identities = {*agent.addresses, *(department_identity(key) for key in agent.departments)}
    return _sent_to(arrival, ticket, identities, "agent")


def _sent_to(arrival: Arrival, ticket: Ticket, identities: set[str], role: str) -> bool:
    """Whether it answers a mail that we sent to one of these in that role, and that was not revoked since."""
    keys, now = arrival.policy.keys, arrival.now
    if arrival.policy.site.address_extension != "none":
        return False
    for our_id in arrival.keys.our_ids:
        sent = arrival.known.sent.get((our_id.serial, our_id.n))
        if (
            our_id.serial == ticket.serial
            and our_id.n > ticket.token_epoch
            and sent is not None
            and sent.role == role
            and sent.identity in identities
            and is_key_in_force(our_id.key_id, keys, role, now)
        ):
            return True
    return False


def _is_genuine(arrival: Arrival, ticket: Ticket, claim: TokenClaim, identity: str) -> bool:
    """Whether we made this token for that identity, and neither it nor its key was taken back since."""
    keys = arrival.policy.keys
    named = arrival.known.tickets.get(claim.serial, ticket)  # a merged number's own epoch
    is_ours = is_genuine(claim, keys, identity, named.token_epoch)
    return is_ours and is_key_in_force(claim.key_id, keys, PURPOSES[claim.purpose], arrival.now)


def _is_addressed_to(arrival: Arrival, ticket: Ticket) -> bool:
    """Whether the agent's own To and Cc lead here. A signature covers them; where a mail is sent it does not.

    Without this, whoever knows an address of the case could have any mail of an agent's delivered to its customer.
    """
    site, mine = arrival.policy.site, (ticket.serial, arrival.match.merged_from)
    visible = [split_reply_address(site, address.addr) for address in (*arrival.inbound.to, *arrival.inbound.cc)]
    claims = [claim for _, claim in visible if claim is not None]
    return any(base for base, _ in visible) and (not claims or any(claim.serial in mine for claim in claims))


def _is_fresh(arrival: Arrival, ticket: Ticket, life: timedelta) -> bool:
    return arrival.now - (ticket.last_mail_at or ticket.updated_at) <= life


def is_proven_agent(arrival: Arrival) -> bool:
    """True when the mail shows what `agent_trust` asks of an agent besides the token."""
    trust, mode = arrival.trust, arrival.policy.site.trust.agent_trust
    if trust.level is Level.A0 or not arrival.inbound.from_ok:
        return False
    if mode == "token":
        return True
    return trust.level is Level.A3 or trust.has_aligned_dkim or (mode == "network" and trust.is_submitted)
