"""Who is told what: each function gathers the mails of one occasion. Dry: `engine` renders them later."""

from collections.abc import Iterable

from mailproc.desk.draft import Arrival, Draft, Policy
from mailproc.desk.outgoing import (
    agent_identity,
    build_mail,
    card,
    customer_addresses,
    department_headers,
    department_of,
    first_lines,
    history_of,
    last_customer_id,
    mail_to_customer,
    mail_to_department,
    reply_subject,
    summary_of,
)
from mailproc.message.addresses import clean_display_name
from mailproc.message.subjects import strip_prefixes
from mailproc.records.mail import Address, Level
from mailproc.records.ticket import Ticket
from mailproc.rulebook.book import Agent
from mailproc.tickets.casenumber import strip_tags


def base_subject(policy: Policy, subject: str) -> str:
    """A subject as a ticket keeps it: without our own tags and without `Re:` and its like."""
    site = policy.site
    return strip_prefixes(strip_tags(subject, (site.prefix, *site.prefix_aliases))).strip()


def acknowledge(draft: Draft, arrival: Arrival, ticket: Ticket, template: str, questions: tuple[str, ...]) -> None:
    """The acknowledgement of a new request; below A2 it carries nothing that the sender chose (T30)."""
    is_verified = arrival.trust.level >= Level.A2
    draft.send(
        mail_to_customer(
            draft,
            ticket,
            ticket.requester,
            purpose="received",
            template=template,
            subject=reply_subject(ticket.subject) if is_verified else "",
            in_reply_to=arrival.inbound.message_id if is_verified else "",
            is_limited=True,
            may_resend=False,
            context=(
                ("is_verified", "yes" if is_verified else ""),
                ("requester_name", ticket.requester.name if is_verified else ""),
                ("subject", ticket.subject if is_verified else ""),
                ("first_lines", first_lines(arrival.inbound.new_text) if is_verified else ""),
                ("questions", "\n".join(questions)),
            ),
        )
    )


def forward(
    draft: Draft,
    arrival: Arrival,
    ticket: Ticket,
    departments: Iterable[str],
    rule: str,
    links: tuple[str, ...] = (),
) -> None:
    """A new request to its department, or to its assignee where a rule named one."""
    for key in dict.fromkeys(departments):
        department = draft.policy.book.departments[key]
        recipients = (ticket.assignee,) if ticket.assignee and key == ticket.department else department.forward_to
        for recipient in recipients:
            extra = (("links", "\n".join(links)),)
            draft.send(mail_to_department(draft, arrival, ticket, department, recipient, "forward", rule, extra=extra))


def forward_copies(draft: Draft, arrival: Arrival, ticket: Ticket, recipients: Iterable[str], rule: str) -> None:
    """Copies a rule asked for; they carry no token, so answering one reaches the site and not the customer."""
    department = draft.policy.book.departments[ticket.department]
    for recipient in recipients:
        draft.send(mail_to_department(draft, arrival, ticket, department, recipient, "forward", rule, has_token=False))


def follow_up(draft: Draft, arrival: Arrival, ticket: Ticket, *, is_unverified: bool, is_reopened: bool) -> None:
    """A customer's further mail, to the assignee, else to the department."""
    department = department_of(draft.policy, ticket)
    recipients = (ticket.assignee,) if ticket.assignee else department.forward_to
    extra = (("is_unverified", "yes" if is_unverified else ""), ("is_reopened", "yes" if is_reopened else ""))
    for recipient in recipients:
        draft.send(mail_to_department(draft, arrival, ticket, department, recipient, "followup", "", extra=extra))


def answer(draft: Draft, arrival: Arrival, ticket: Ticket, agent: Agent, text: str, *, is_resolving: bool) -> int:
    """The agent's words to the requester and the other participants; returns how many will get them."""
    inbound, count = arrival.inbound, 0
    for recipient in customer_addresses(draft.policy, ticket):
        draft.send(
            mail_to_customer(
                draft,
                ticket,
                recipient,
                purpose="resolved" if is_resolving else "answer",
                template="resolved" if is_resolving else "answer",
                subject=reply_subject(ticket.subject),
                in_reply_to=last_customer_id(ticket),
                is_automatic=False,
                author=arrival.sender,
                text=text,
                attaches=bool(inbound.attachments),
                history=history_of(ticket),
                from_name=f"{clean_display_name(agent.name)} ({draft.policy.site.name})" if agent.name else "",
                context=summary_of(ticket, text) if is_resolving else (),
            )
        )
        count += 1
    return count


def resolved(draft: Draft, ticket: Ticket) -> None:
    """The summary of what was asked and answered, where the resolution came without words of an agent."""
    for recipient in customer_addresses(draft.policy, ticket):
        draft.send(
            mail_to_customer(
                draft,
                ticket,
                recipient,
                purpose="resolved",
                template="resolved",
                subject=reply_subject(ticket.subject),
                in_reply_to=last_customer_id(ticket),
                history=history_of(ticket),
                context=summary_of(ticket, ""),
            )
        )


def spoken_answer(draft: Draft, ticket: Ticket, author: str, text: str, *, is_resolving: bool = False) -> int:
    """An answer typed at the command line, to the requester and the other participants."""
    count = 0
    for recipient in customer_addresses(draft.policy, ticket):
        purpose = "resolved" if is_resolving else "answer"
        draft.send(
            mail_to_customer(
                draft,
                ticket,
                recipient,
                purpose=purpose,
                template=purpose,
                subject=reply_subject(ticket.subject),
                in_reply_to=last_customer_id(ticket),
                is_automatic=False,
                author=author,
                text=text,
                history=history_of(ticket),
                context=summary_of(ticket, text) if is_resolving else (),
            )
        )
        count += 1
    return count


def copy_answer(
    draft: Draft, ticket: Ticket, author: Address, own: Iterable[str], text: str, *, is_resolving: bool
) -> None:
    """An agent's answer to the rest of the department, so that two people do not answer the same mail."""
    if not draft.policy.site.copy_answers:
        return
    department, authors = department_of(draft.policy, ticket), frozenset(own)
    for recipient in department.forward_to:
        if recipient in authors:
            continue
        draft.send(
            build_mail(
                draft,
                ticket,
                recipient,
                purpose="copy",
                template="copy",
                role="agent",
                identity=agent_identity(draft.policy, recipient, department),
                subject=ticket.subject,
                text=text,
                headers=department_headers(draft.policy, ticket, department, ""),
                context=(
                    *card(draft.policy, ticket, department),
                    ("author_name", author.name),
                    ("author_address", author.addr),
                    ("is_resolved", "yes" if is_resolving else ""),
                ),
            )
        )


def undelivered(
    draft: Draft, ticket: Ticket, recipient: str, failed: str, explanation: str, *, status: str, for_good: bool
) -> None:
    """A mail to a customer came back: the author of it, or the department, is told once."""
    department = department_of(draft.policy, ticket)
    context = (
        *card(draft.policy, ticket, department),
        ("status", status),
        ("failed_address", failed),
        ("explanation", explanation),
        ("is_permanent", "yes" if for_good else ""),
    )
    for to in (recipient,) if recipient else department.forward_to:
        draft.send(
            build_mail(
                draft,
                ticket,
                to,
                purpose="undelivered",
                template="undelivered",
                role="agent",
                identity=agent_identity(draft.policy, to, department),
                subject=ticket.subject,
                headers=department_headers(draft.policy, ticket, department, ""),
                context=context,
            )
        )


def tell_linked(draft: Draft, ticket: Ticket, new_number: str, stranger: Address, level: str) -> None:
    """The department of a cited case learns that somebody outside it wrote; nothing else of the new case is shown."""
    department = department_of(draft.policy, ticket)
    for recipient in department.forward_to:
        draft.send(
            build_mail(
                draft,
                ticket,
                recipient,
                purpose="linked",
                template="linked",
                role="agent",
                identity="",
                subject=ticket.subject,
                headers=department_headers(draft.policy, ticket, department, ""),
                context=(
                    *card(draft.policy, ticket, department),
                    ("other_number", new_number),
                    ("writer_name", stranger.name),
                    ("writer_address", stranger.addr),
                    ("level", level),
                    ("first_lines", ""),
                ),
            )
        )


def refuse_agent_mail(draft: Draft, arrival: Arrival, ticket: Ticket, agent: Agent, problems: tuple[str, ...]) -> None:
    """A proven agent learns why their answer was held and that nothing was sent; they write it again."""
    draft.send(
        build_mail(
            draft,
            ticket,
            agent.addresses[0],
            purpose="refused",
            template="refused",
            role="agent",
            identity=agent.addresses[0],
            language=agent.language or draft.policy.site.default_language,
            subject=ticket.subject,
            in_reply_to=arrival.inbound.message_id,
            context=(
                *card(draft.policy, ticket, department_of(draft.policy, ticket)),
                ("lines", "\n".join(problems)),
                ("text", arrival.inbound.new_text[:4000]),
            ),
        )
    )


def hand_over(draft: Draft, arrival: Arrival, ticket: Ticket, by: str) -> None:
    """A case that moved: its new department gets what was written so far."""
    department = department_of(draft.policy, ticket)
    asked = next((message for message in ticket.thread if message.purpose == "request"), None)
    for recipient in department.forward_to:
        draft.send(
            build_mail(
                draft,
                ticket,
                recipient,
                purpose="forward",
                template="forward",
                role="agent",
                identity=agent_identity(draft.policy, recipient, department),
                subject=ticket.subject,
                text=asked.text if asked else "",
                history=history_of(ticket),
                headers=department_headers(draft.policy, ticket, department, ""),
                context=(
                    *card(draft.policy, ticket, department),
                    ("level", ""),
                    ("is_unverified", ""),
                    ("rule", f"handed over by {by}"),
                ),
            )
        )
