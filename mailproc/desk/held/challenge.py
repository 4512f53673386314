"""The mails that ask about held mail: the challenge to an agent, the question to a department or the operator. Dry.

A challenge goes to the agent's address in the directory, whatever the mail said; at most one an hour (mail-policy
section 3). Its token is bound to the held mail.
"""

from collections.abc import Iterable
from dataclasses import replace

from mailproc.desk.draft import Arrival, Draft, Policy
from mailproc.desk.held.holdtokens import ANSWER_LIFE, digest_identity, hold_identity, operator_of
from mailproc.desk.mails.outgoing import build_mail, department_of, first_lines, inner_language
from mailproc.desk.reasons import REASONS
from mailproc.desk.words.saying import Saying, put, put_all
from mailproc.message.addresses import is_sendable
from mailproc.records.effects import HoldMail, Mail
from mailproc.records.holds import HeldMail
from mailproc.records.ticket import Ticket
from mailproc.rulebook.book import Agent
from mailproc.tickets.casenumber import format_tag

CHALLENGES_PER_HOUR = 1
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
    hold: HoldMail,
    allowed: frozenset[str],
) -> None:
    """Ask a department or the operator what is to become of a mail; `allowed` are the answers besides `discard`."""
    inbound = arrival.inbound
    context = (
        ("reason", hold.reason),
        ("subject", inbound.subject),
        ("requester_name", inbound.from_.name if inbound.from_ else ""),
        ("requester_address", arrival.sender),
        ("level", arrival.trust.level.name if inbound.from_ok else ""),
        ("files", "\n".join(item.filename for item in inbound.attachments[:20])),
        *((f"may_{word}", "yes") for word in sorted(allowed)),
    )
    text = first_lines(inbound.new_text or inbound.text, _MOST_LINES, _MOST_TEXT)
    for recipient in recipients:
        told = ("explanation", _explain(hold, _language(draft.policy, recipient, ticket), recipient, draft.policy))
        inbox_id = arrival.known.holds.inbox_id
        _ask(draft, recipient, ticket, hold.reason, inbox_id, (told, *context), text, arrival.released_as)


def _explain(hold: HoldMail, language: str, recipient: str, policy: Policy) -> str:
    """What is said besides the reason: the rule's own words; what a reader of mail found wrong is English, and is for
    who reads English or runs the site."""
    if hold.detail or hold.text == REASONS.get(hold.reason):
        return hold.detail
    return hold.text if language.startswith("en") or recipient == operator_of(policy) else ""


def explain_answer(draft: Draft, recipient: str, ticket: Ticket | None, held: HeldMail, problem: Saying) -> None:
    """To somebody whose answer could not be carried out: why, and the question once more."""
    context = (
        ("problem", put(problem, _language(draft.policy, recipient, ticket))),
        ("reason", held.reason),
        ("subject", held.subject),
        ("requester_address", held.sender),
    )
    _ask(draft, recipient, ticket, held.reason, held.inbox_id, context, "", "")


def tell_digest(
    arrival: Arrival,
    draft: Draft,
    asked: str,
    done: Iterable[Saying] = (),
    failed: Iterable[Saying] = (),
    settled: Iterable[Saying] = (),
) -> None:
    """To somebody whose answer to a digest was not carried out as a whole: what was, what was not, line by line.

    Its own answer counts as one to the digest.
    """
    site, recipient = draft.policy.site, arrival.sender
    language = _language(draft.policy, recipient, None)
    number = next((claim.serial for claim in arrival.keys.holds), 0)
    draft.send(
        Mail(
            serial=0,
            n=0,
            purpose="transcript",
            template="transcript",
            recipient=recipient,
            language=language,
            identity=digest_identity(asked),
            role="agent",
            tag="",
            subject="",
            from_name=site.name,
            from_address=site.addresses[0],
            held=number,
            in_reply_to=arrival.inbound.message_id,
            context=(
                ("site_name", site.name),
                ("number", ""),
                ("done", "\n".join(put_all(done, language))),
                ("failed", "\n".join(put_all(failed, language))),
                ("lines", "\n".join(put_all(settled, language))),
            ),
        )
    )


def _language(policy: Policy, recipient: str, ticket: Ticket | None) -> str:
    departments = policy.book.departments
    department = department_of(policy, ticket) if ticket else departments[policy.book.defaults.department]
    return inner_language(policy, recipient, department)


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
    site = draft.policy.site
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
                language=_language(draft.policy, recipient, ticket),
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
