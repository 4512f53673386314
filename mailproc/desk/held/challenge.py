"""The mails that ask about held mail: the challenge to an agent, the question to a department or the operator. Dry.

A challenge goes to the agent's address in the directory, whatever the mail said; at most one an hour (mail-policy
section 3). Its token is bound to the held mail.
"""

from collections.abc import Iterable
from dataclasses import replace

from mailproc.desk.draft import Arrival, Draft
from mailproc.desk.held.holdtokens import ANSWER_LIFE, hold_identity
from mailproc.desk.mails.outgoing import build_mail, department_of, first_lines, inner_language
from mailproc.desk.reasons import REASONS
from mailproc.message.addresses import is_sendable
from mailproc.records.effects import Mail
from mailproc.records.holds import HeldMail
from mailproc.records.ticket import Ticket
from mailproc.rulebook.book import Agent
from mailproc.tickets.casenumber import format_tag

CHALLENGES_PER_HOUR = 1
# Reasons that `HOLDS` in words.j2 says in each language
_WORDED = frozenset(
    "unparsable from-malformed sender-contradicted spam rule-hold agent-not-entitled agent-inactive"
    " department-not-agent poison".split()
)
_MOST_LINES, _MOST_TEXT = 40, 4_000


def challenge(arrival: Arrival, draft: Draft, agent: Agent, ticket: Ticket, reason: str) -> bool:
    """Ask the agent whether the held mail is theirs; False when they were asked within the hour."""
    recipient = agent.addresses[0]
    if arrival.known.holds.challenged >= CHALLENGES_PER_HOUR:
        draft.suppress(ticket.serial, "challenge", recipient, "challenged")
        return False
    mail = build_mail(
        draft,
        ticket,
        recipient,
        purpose="challenge",
        template="challenge",
        role="agent",
        identity="",
        subject="",
        language=inner_language(draft.policy, recipient, department_of(draft.policy, ticket)),
        text=arrival.inbound.new_text[:_MOST_TEXT],
        context=(
            ("subject", ticket.subject),
            ("received_at", arrival.envelope.received_at.isoformat()),
            ("expires_at", (arrival.now + ANSWER_LIFE).isoformat()),
        ),
    )
    draft.send(bind(mail, reason, arrival.known.holds.inbox_id))
    return True


def bind(mail: Mail, reason: str, inbox_id: int) -> Mail:
    """The mail with a reply address that answers about this hold and nothing else."""
    return replace(mail, held=inbox_id, identity=hold_identity(reason, mail.recipient))


def review(
    arrival: Arrival,
    draft: Draft,
    recipients: Iterable[str],
    ticket: Ticket | None,
    reason: str,
    explanation: str,
    allowed: frozenset[str],
) -> None:
    """Ask a department or the operator what is to become of a mail; `allowed` are the answers besides `discard`."""
    inbound = arrival.inbound
    context = (
        ("reason", reason),
        ("explanation", "" if explanation == REASONS.get(reason) and reason in _WORDED else explanation),
        ("subject", inbound.subject),
        ("requester_name", inbound.from_.name if inbound.from_ else ""),
        ("requester_address", arrival.sender),
        ("level", arrival.trust.level.name if inbound.from_ok else ""),
        ("files", "\n".join(item.filename for item in inbound.attachments[:20])),
        *((f"may_{word}", "yes") for word in sorted(allowed)),
    )
    text = first_lines(inbound.new_text or inbound.text, _MOST_LINES, _MOST_TEXT)
    for recipient in recipients:
        _ask(draft, recipient, ticket, reason, arrival.known.holds.inbox_id, context, text, arrival.released_as)


def explain_answer(draft: Draft, recipient: str, ticket: Ticket | None, held: HeldMail, problem: str) -> None:
    """To somebody whose answer could not be carried out: why, and the question once more."""
    context = (
        ("problem", problem),
        ("reason", held.reason),
        ("subject", held.subject),
        ("requester_address", held.sender),
    )
    _ask(draft, recipient, ticket, held.reason, held.inbox_id, context, "", "")


def _ask(
    draft: Draft,
    recipient: str,
    ticket: Ticket | None,
    reason: str,
    inbox_id: int,
    context: tuple[tuple[str, str], ...],
    text: str,
    released_as: str,
) -> None:
    site, book = draft.policy.site, draft.policy.book
    department = department_of(draft.policy, ticket) if ticket else book.departments[book.defaults.department]
    context = (("number", ticket.number if ticket else ""), *context)
    if not is_sendable(recipient):
        return
    draft.send(
        bind(
            Mail(
                serial=ticket.serial if ticket else 0,
                n=draft.next_mail(ticket.serial, ticket.mails_out) if ticket else 0,
                # One mail is asked about twice where its release met another doubt
                purpose="review-again" if released_as else "review",
                template="review",
                recipient=recipient,
                language=inner_language(draft.policy, recipient, department),
                identity="",
                role="agent",
                tag=format_tag(ticket.number) if ticket and site.subject_tag != "never" else "",
                subject="",
                from_name=site.name,
                from_address=site.addresses[0],
                text=text,
                context=(("site_name", site.name), *context),
            ),
            reason,
            inbox_id,
        )
    )
