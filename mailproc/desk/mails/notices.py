"""Who is told what: each function gathers the mails of one occasion. Dry: `engine` renders them later."""

from collections.abc import Iterable
from datetime import datetime

from mailproc.desk.draft import Arrival, Draft, Policy
from mailproc.desk.mails.courtesy import is_known_requester
from mailproc.desk.mails.outgoing import (
    agent_identity,
    as_seen_by,
    build_mail,
    card,
    customer_addresses,
    department_headers,
    department_of,
    first_lines,
    history_of,
    inner_history_of,
    inner_language,
    last_customer_id,
    mail_to_customer,
    mail_to_department,
    reply_subject,
    summary_of,
    workers_of,
)
from mailproc.desk.words.saying import Saying, put, put_all, word_for
from mailproc.message.addresses import clean_display_name
from mailproc.message.subjects import strip_prefixes
from mailproc.records.mail import Address, Level
from mailproc.records.ticket import Ticket
from mailproc.rulebook.book import Agent
from mailproc.tickets.casenumber import strip_tags

_END = "\N{MIDDLE DOT}"
# Kept with the ticket, whatever language later mails are in: a subject that changes splits a conversation
_NO_SUBJECT = {
    "en": "(no subject)",
    "de": "(kein Betreff)",
    "es": "(sin asunto)",
    "fr": "(sans objet)",
    "it": "(nessun oggetto)",
    "no": "(uten emne)",
    "pl": "(bez tematu)",
}


def base_subject(policy: Policy, subject: str, language: str = "") -> str:
    """A subject as a ticket keeps it: without our own tags and without `Re:` and its like; never empty.

    `language` is the requester's, for the words that stand in for a subject.
    """
    site = policy.site
    bare = strip_tags(subject, (site.prefix, *site.prefix_aliases))
    # With a word at its end that cannot be stripped: a subject of nothing but `Re:` is none
    return strip_prefixes(f"{bare} {_END}").removesuffix(_END).strip() or _stand_in(language or site.default_language)


def _stand_in(language: str) -> str:
    return _NO_SUBJECT.get(language) or _NO_SUBJECT.get(language.partition("-")[0]) or _NO_SUBJECT["en"]


def acknowledge(
    draft: Draft,
    arrival: Arrival,
    ticket: Ticket,
    template: str,
    questions: tuple[str, ...] = (),
    recipient: Address | None = None,
    left_out: tuple[tuple[str, str], ...] = (),
) -> None:
    """The acknowledgement of a request; below A2 it carries nothing that the sender chose (T30).

    `left_out`: the files that did not reach the department, where the template tells of them.
    """
    is_verified = arrival.trust.level >= Level.A2
    subject = "" if ticket.subject in _NO_SUBJECT.values() else ticket.subject
    mail = mail_to_customer(
        draft,
        ticket,
        recipient or ticket.requester,
        purpose="received",
        template=template,
        subject=reply_subject(ticket.subject) if is_verified else "",
        in_reply_to=arrival.inbound.message_id if is_verified else "",
        is_limited=True,
        may_resend=False,
        is_unproven=not is_verified,
        context=(
            ("is_verified", "yes" if is_verified else ""),
            ("requester_name", ticket.requester.name if is_verified else ""),
            ("subject", subject if is_verified else ""),
            ("first_lines", first_lines(arrival.inbound.new_text) if is_verified else ""),
            ("questions", "\n".join(questions)),
            *(left_out if is_verified else ()),
        ),
    )
    draft.send(mail)


def forward(
    draft: Draft,
    arrival: Arrival,
    ticket: Ticket,
    departments: Iterable[str],
    rule: str,
    links: tuple[tuple[str, str], ...] = (),
    join_number: str = "",
) -> None:
    """A new request to its department, or to its assignee where a rule named one.

    links: (number, state) of other cases for the card; join_number: the case it may belong to.
    """
    for key in dict.fromkeys(departments):
        department = draft.policy.book.departments[key]
        recipients = workers_of(draft.policy, ticket, department)
        for recipient in recipients:
            language = inner_language(draft.policy, recipient, department)
            others = "\n".join(_name_case(number, state, language) for number, state in links)
            extra = (("links", others), ("join_number", join_number))
            draft.send(mail_to_department(draft, arrival, ticket, department, recipient, "forward", rule, extra=extra))


def _name_case(number: str, state: str, language: str) -> str:
    return f"{number} ({put(word_for('state', state), language)})" if state else number


def forward_copies(draft: Draft, arrival: Arrival, ticket: Ticket, recipients: Iterable[str], rule: str) -> None:
    """Copies a rule asked for; they carry no token, so answering one reaches the site and not the customer."""
    department = draft.policy.book.departments[ticket.department]
    for recipient in recipients:
        agent = draft.policy.book.find_agent(recipient)
        if agent is not None and not agent.is_active:
            draft.step("notices", f"no copy to {recipient}: {agent.name} is not active", False)
            continue
        draft.send(mail_to_department(draft, arrival, ticket, department, recipient, "forward", rule, has_token=False))


def follow_up(
    draft: Draft,
    arrival: Arrival,
    ticket: Ticket,
    *,
    is_unverified: bool,
    is_reopened: bool,
    is_thanks: bool = False,
    is_solved: bool = False,
    is_machine: bool = False,
    rule: str = "",
) -> None:
    """A customer's further mail, to the assignee, else to the department; `rule` spoke last about it."""
    department = department_of(draft.policy, ticket)
    recipients = workers_of(draft.policy, ticket, department)
    proof = arrival.trust.level.name if is_unverified or arrival.trust.level >= Level.A2 else "token"
    extra = (
        ("level", proof),
        ("is_unverified", "yes" if is_unverified else ""),
        ("is_reopened", "yes" if is_reopened else ""),
        ("is_thanks", "yes" if is_thanks else ""),
        ("is_solved", "yes" if is_solved else ""),
        ("is_machine", "yes" if is_machine else ""),
    )
    for recipient in recipients:
        draft.send(mail_to_department(draft, arrival, ticket, department, recipient, "followup", rule, extra=extra))


def answer(
    draft: Draft, ticket: Ticket, author: Address, text: str, *, is_resolving: bool, attaches: bool = False
) -> int:
    """An agent's words to the requester and the other participants; returns how many will get them.

    Words that settle the case travel with the summary of what was asked, in one mail.
    """
    purpose = "resolved" if is_resolving else "answer"
    name, recipients = clean_display_name(author.name), customer_addresses(draft.policy, ticket)
    for recipient in recipients:
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
                author=author.addr,
                text=text,
                attaches=attaches,
                history=history_of(draft.policy, as_seen_by(ticket, recipient.addr)),
                from_name=f"{name} ({draft.policy.site.name})" if name else "",
                context=summary_of(as_seen_by(ticket, recipient.addr)) if is_resolving else (),
            )
        )
    return len(recipients)


def resolved(draft: Draft, ticket: Ticket) -> None:
    """The summary of what was asked and answered, where the resolution came without words of an agent.

    An address that nothing proves and nobody has answered gets nothing that its sender chose (T30).
    """
    is_known = is_known_requester(draft.policy, ticket)
    for recipient in customer_addresses(draft.policy, ticket):
        draft.send(
            mail_to_customer(
                draft,
                ticket,
                recipient,
                purpose="resolved",
                template="resolved",
                subject=reply_subject(ticket.subject) if is_known else "",
                in_reply_to=last_customer_id(ticket) if is_known else "",
                is_unproven=not is_known,  # one a day: many cases settled at once are many mails to one victim
                context=summary_of(as_seen_by(ticket, recipient.addr)) if is_known else (),
            )
        )


def copy_answer(
    draft: Draft,
    ticket: Ticket,
    author: Address,
    own: Iterable[str],
    text: str,
    *,
    is_resolving: bool,
    earlier: tuple[tuple[str, str], ...] = (),
) -> None:
    """An agent's answer to the rest of the department, so that two people do not answer the same mail.

    Answering the copy leaves a note: "well done" is meant for the colleague, not for the customer. `earlier` tells of
    another agent's answer to the same mail; then there is a copy in any case.
    """
    if not draft.policy.site.copy_answers and not earlier:
        return
    authors = frozenset(own)
    context = (
        ("author_name", author.name),
        ("author_address", author.addr),
        ("is_resolved", "yes" if is_resolving else ""),
        *earlier,
    )
    for recipient in department_of(draft.policy, ticket).forward_to:
        if recipient not in authors:
            _tell(draft, ticket, recipient, "copy", context, text=text, reply_purpose="n")


def undelivered(
    draft: Draft, ticket: Ticket, recipient: str, failed: str, explanation: str, *, status: str, for_good: bool
) -> None:
    """A mail to a customer came back: the author of it, or the department, is told once."""
    context = (
        ("status", status),
        ("failed_address", failed),
        ("explanation", explanation),
        ("is_permanent", "yes" if for_good else ""),
    )
    for to in (recipient,) if recipient else department_of(draft.policy, ticket).forward_to:
        _tell(draft, ticket, to, "undelivered", context)


def tell_linked(draft: Draft, ticket: Ticket, new_number: str, stranger: Address, level: str) -> None:
    """The department of a cited case learns that somebody outside it wrote; nothing else of the new case is shown."""
    context = (
        ("other_number", new_number),
        ("writer_name", stranger.name),
        ("writer_address", stranger.addr),
        ("level", level),
        ("first_lines", ""),
    )
    for recipient in department_of(draft.policy, ticket).forward_to:
        _tell(draft, ticket, recipient, "linked", context, has_token=False)


def refuse_agent_mail(
    draft: Draft, arrival: Arrival, ticket: Ticket, agent: Agent, problems: tuple[Saying, ...]
) -> None:
    """A proven agent learns why their answer was held and that nothing was sent; they write it again."""
    language = inner_language(draft.policy, agent.addresses[0], department_of(draft.policy, ticket))
    context = (("lines", "\n".join(put_all(problems, language))), ("text", arrival.inbound.new_text[:4000]))
    _tell(draft, ticket, agent.addresses[0], "refused", context, in_reply_to=arrival.inbound.message_id)


def hand_over(draft: Draft, ticket: Ticket, recipients: Iterable[str], by: str) -> None:
    """A case that moved: who has it now gets what was written so far, notes included."""
    history = inner_history_of(draft.policy, ticket)
    asked = next((message for message in ticket.thread if message.purpose == "request"), None)
    context = (
        ("level", ""),
        ("is_unverified", ""),
        ("is_reopened", ""),
        ("handed_over_by", by),
    )
    for recipient in recipients:
        _tell(draft, ticket, recipient, "followup", context, text=asked.text if asked else "", history=history)


def remind(draft: Draft, ticket: Ticket, promises: tuple[str, ...], waiting_since: datetime | None) -> None:
    """A promise lapsed: who has the case is told, and the department that theirs escalates to.

    The case stays where it is, so what that department gets carries no token: answering it reaches the site.
    """
    book, department = draft.policy.book, department_of(draft.policy, ticket)
    asked = [message for message in ticket.thread if message.direction == "in" and message.visibility == "public"]
    shared = (
        ("is_overdue", "yes"),
        ("promises", "\n".join(promises)),
        ("waiting_days", str((draft.now - waiting_since).days) if waiting_since is not None else "0"),
        ("assignee", agent.name if (agent := book.find_agent(ticket.assignee)) is not None else ""),
        ("is_unverified", "yes" if asked and asked[-1].is_unverified else ""),
    )
    text = asked[-1].text if asked else ""
    here = workers_of(draft.policy, ticket, department)
    for recipient in here:
        _tell(draft, ticket, recipient, "reminder", (*shared, ("escalated_from", "")), text=text)
    above = book.departments.get(department.escalate_to)
    for recipient in above.forward_to if above is not None else ():
        if recipient not in here:
            context = (*shared, ("escalated_from", department.name))
            _tell(draft, ticket, recipient, "reminder", context, text=text, has_token=False)


def _tell(
    draft: Draft,
    ticket: Ticket,
    recipient: str,
    purpose: str,
    context: tuple[tuple[str, str], ...],
    *,
    text: str = "",
    history: tuple[tuple[str, str, str], ...] = (),
    reply_purpose: str = "r",
    has_token: bool = True,
    in_reply_to: str = "",
) -> None:
    """A mail of ours to an agent or a department, about a case of theirs."""
    department = department_of(draft.policy, ticket)
    draft.send(
        build_mail(
            draft,
            ticket,
            recipient,
            purpose=purpose,
            template=purpose,
            role="agent",
            identity=agent_identity(draft.policy, recipient, department) if has_token else "",
            reply_purpose=reply_purpose,
            subject=ticket.subject,
            language=inner_language(draft.policy, recipient, department),
            in_reply_to=in_reply_to,
            text=text,
            history=history,
            headers=department_headers(draft.policy, ticket, department, ""),
            context=(*card(ticket, department), *context),
        )
    )
