"""Mails as data: who sends, to whom, with which subject, thread, token and card. Dry: rendered later by `engine`.

Times are given in ISO 8601; the template writes them as its language does, in the site's time.
"""

from dataclasses import replace

from mailproc.desk.draft import Arrival, Draft, Policy
from mailproc.desk.mails.blocked import find_blocked, name_blocked
from mailproc.desk.mails.names import shown_name
from mailproc.desk.mails.relayed import find_risky_names
from mailproc.desk.mails.threads import make_chain, outlook_fields
from mailproc.desk.speakers import department_identity
from mailproc.desk.words.fileabout import tell_about
from mailproc.message.addresses import clean_display_name, is_sendable
from mailproc.records.effects import Mail
from mailproc.records.mail import Address, Inbound, Level
from mailproc.records.ticket import ThreadMessage, Ticket
from mailproc.rulebook.book import Department
from mailproc.tickets.casenumber import format_tag
from mailproc.tickets.token import split_reply_address

_HISTORY_PURPOSES = ("request", "followup", "answer", "resolved")
_MOST_HISTORY = 5
_MOST_ABOUT = 20  # files that are described
_MOST_TEXT = 200_000  # characters of a mail's text that a department gets; the whole mail is kept


def customer_addresses(policy: Policy, ticket: Ticket) -> tuple[Address, ...]:
    """Everybody outside who gets the ticket's answers; addresses of our own and unusable ones are left out (T34)."""
    people = [ticket.requester, *(Address(addr) for addr in ticket.participants if addr != ticket.requester.addr)]
    return tuple(
        person for person in people if is_sendable(person.addr) and not split_reply_address(policy.site, person.addr)[0]
    )


def department_of(policy: Policy, ticket: Ticket) -> Department:
    """The ticket's department; the default one when its own left the rules."""
    departments = policy.book.departments
    return departments.get(ticket.department) or departments[policy.book.defaults.department]


def mail_to_customer(
    draft: Draft,
    ticket: Ticket,
    recipient: Address,
    *,
    purpose: str,
    template: str,
    subject: str,
    in_reply_to: str,
    is_automatic: bool = True,
    is_limited: bool = False,
    is_unproven: bool = False,
    may_resend: bool = True,
    author: str = "",
    text: str = "",
    attaches: bool = False,
    history: tuple[tuple[str, str, str], ...] = (),
    from_name: str = "",
    context: tuple[tuple[str, str], ...] = (),
) -> Mail:
    """A mail to somebody outside: tokened for them, in the ticket's language, tagged as the site wants it."""
    mode, is_first = draft.policy.site.subject_tag, ticket.mails_out == 0
    return build_mail(
        draft,
        ticket,
        recipient.addr,
        purpose=purpose,
        template=template,
        role="customer",
        identity=recipient.addr,
        subject=subject,
        tag="" if mode == "never" or (mode == "reply" and is_first) else format_tag(ticket.number),
        in_reply_to=in_reply_to,
        is_automatic=is_automatic,
        is_limited=is_limited,
        is_unproven=is_unproven,
        may_resend=may_resend,
        author=author,
        text=text,
        attaches=attaches,
        history=history,
        from_name=from_name or draft.policy.site.name,
        context=context,
    )


def mail_to_department(
    draft: Draft,
    arrival: Arrival,
    ticket: Ticket,
    department: Department,
    recipient: str,
    purpose: str,
    rule: str,
    *,
    has_token: bool = True,
    extra: tuple[tuple[str, str], ...] = (),
) -> Mail:
    """What a customer wrote, for a department or its assignee, with the card above it."""
    site, inbound = draft.policy.site, arrival.inbound
    who = shown_name(draft.policy, inbound.from_.name if inbound.from_ else "", arrival.sender)
    blocked = find_blocked(inbound.attachments, site)
    passed = [item for item in inbound.attachments if all(item is not one.item for one in blocked)]
    is_taken_down = arrival.brought is not None and arrival.brought.is_taken_down
    language = inner_language(draft.policy, recipient, department)
    text = (inbound.text if purpose == "forward" else words_of(draft.policy, inbound) or inbound.text)[:_MOST_TEXT]
    if any(item.summary and item.summary == text for item in inbound.attachments):
        text = tell_about(text, language)  # an invitation alone: we wrote its words
    return build_mail(
        draft,
        ticket,
        recipient,
        purpose=purpose,
        template=purpose,
        role="agent",
        identity=agent_identity(draft.policy, recipient, department) if has_token else "",
        language=language,
        subject=ticket.subject,
        text=text,
        attaches=bool(inbound.attachments),
        in_reply_to=inbound.message_id,
        history=history_of(draft.policy, ticket) if purpose == "followup" else (),
        from_name=f"{who} via {site.name}" if who else site.name,
        is_automatic=True,
        headers=department_headers(draft.policy, ticket, department, rule),
        context=(
            *card(ticket, department),
            ("requester_name", inbound.from_.name if inbound.from_ else ""),
            ("requester_address", arrival.sender or "-"),
            # Nobody doubts an agent's record of what was said
            ("level", "" if is_taken_down else arrival.trust.level.name),
            ("is_unverified", "yes" if arrival.trust.level < Level.A2 and not is_taken_down else ""),
            ("rule", rule),
            ("attachments_about", "\n".join(_about_attachments(inbound, language))),
            ("attachments_risky", "\n".join(find_risky_names(passed)[:_MOST_ABOUT])),
            ("attachments_kept_back", "\n".join(name_blocked(blocked))),
            ("answers_wanted_at", _other_reply_address(arrival)),
            *_brought(arrival),
            *extra,
        ),
    )


def words_of(policy: Policy, inbound: Inbound) -> str:
    """What a mail from outside says that is new: its own words, and the mail that it forwards in its text.

    A mail of ours that comes back that way is a quote like any other.
    """
    forwarded = inbound.forwarded
    if forwarded is None or not inbound.cut_text or not forwarded.text.strip():
        return inbound.new_text
    if forwarded.from_ is not None and split_reply_address(policy.site, forwarded.from_.addr)[0]:
        return inbound.new_text
    first_line = forwarded.text.strip().splitlines()[0].strip()
    return inbound.text if first_line in inbound.cut_text else inbound.new_text  # else it came as a file


def _brought(arrival: Arrival) -> tuple[tuple[str, str], ...]:
    """Who brought it in that did not write it, for the card."""
    brought, form = arrival.brought, arrival.inbound.form
    if form is not None:
        return ("brought_how", "form"), ("brought_by", f"{form.name} ({form.sender.addr})")
    if brought is None:
        return ()
    who = brought.by_name or brought.by
    return ("brought_how", brought.way), ("brought_by", who), ("channel", brought.channel), ("cover", brought.cover)


def _other_reply_address(arrival: Arrival) -> str:
    """Where a mail wants its answers that is not its sender's address: told, and never followed (T16)."""
    addresses = (person.addr for person in arrival.inbound.reply_to)
    return next((addr for addr in addresses if addr and addr != arrival.sender), "")


def _about_attachments(inbound: Inbound, language: str) -> list[str]:
    """What can be said of the files, a line each; what the text says already is left out."""
    told = [item for item in inbound.attachments if item.summary and item.summary not in inbound.text]
    return [f"{item.filename}: {tell_about(item.summary, language)}" for item in told[:_MOST_ABOUT]]


def build_mail(
    draft: Draft,
    ticket: Ticket,
    recipient: str,
    *,
    purpose: str,
    template: str,
    role: str,
    identity: str,
    subject: str,
    reply_purpose: str = "",
    tag: str | None = None,
    language: str = "",
    in_reply_to: str = "",
    is_automatic: bool = True,
    is_limited: bool = False,
    is_unproven: bool = False,
    may_resend: bool = True,
    author: str = "",
    text: str = "",
    attaches: bool = False,
    history: tuple[tuple[str, str, str], ...] = (),
    from_name: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    context: tuple[tuple[str, str], ...] = (),
) -> Mail:
    """A mail as data; all mails of the desk are made here, so that number, thread, language and tag are right."""
    site = draft.policy.site
    if tag is None:
        tag = "" if site.subject_tag == "never" else format_tag(ticket.number)
    number = draft.next_mail(ticket.serial, ticket.mails_out)
    return Mail(
        serial=ticket.serial,
        n=number,
        purpose=purpose,
        template=template,
        recipient=recipient,
        language=language or ticket.language,
        identity=identity,
        token_epoch=ticket.token_epoch,
        role=role,
        reply_purpose=reply_purpose or ("c" if role == "customer" else "r"),
        tag=tag,
        subject=subject,
        from_name=from_name or site.name,
        from_address=site.addresses[0],
        is_automatic=is_automatic,
        is_limited=is_limited,
        is_unproven=is_unproven,
        may_resend=may_resend,
        author=author,
        text=text,
        in_reply_to=in_reply_to,
        references=make_chain(ticket, in_reply_to, role),
        context=(("number", ticket.number), ("site_name", site.name), *context),
        history=history,
        attaches=attaches,
        headers=(*headers, *outlook_fields(ticket, in_reply_to, role, subject, number, draft.now)),
    )


def agent_identity(policy: Policy, recipient: str, department: Department) -> str:
    """Whom the token in a mail to this recipient speaks for: the agent it goes to, else the whole department."""
    agent = policy.book.find_agent(recipient)
    return recipient if agent is not None else department_identity(department.key)


def inner_language(policy: Policy, recipient: str, department: Department) -> str:
    """The language of mail to the inside: the agent's, else the first of the department's that the site speaks."""
    agent = policy.book.find_agent(recipient)
    if agent is not None and agent.language:
        return agent.language
    spoken = (language for language in department.languages if language in policy.site.languages)
    return next(spoken, policy.site.default_language)


def workers_of(policy: Policy, ticket: Ticket, department: Department) -> tuple[str, ...]:
    """Who at this department works on the ticket: its assignee while that agent is there, else everybody."""
    agent = policy.book.find_agent(ticket.assignee) if ticket.assignee else None
    is_here = agent is not None and agent.is_active and ticket.assignee_back_on is None
    if is_here and department.key == department_of(policy, ticket).key:
        return (ticket.assignee,)
    return department.forward_to


def department_headers(
    policy: Policy, ticket: Ticket, department: Department, rule: str
) -> tuple[tuple[str, str], ...]:
    """What agents' mail clients can sort by."""
    name = clean_display_name(department.name) or department.key
    headers = [
        ("X-Mailproc-Ticket", ticket.number),
        ("X-Mailproc-Department", department.key),
        ("X-Mailproc-Priority", ticket.priority),
        ("List-Id", f"{name} <{department.key}.{policy.site.domain}>"),  # RFC 2919: mail clients filter by it
    ]
    if rule:
        headers.append(("X-Mailproc-Rule", rule))
    return tuple(headers)


def card(ticket: Ticket, department: Department) -> tuple[tuple[str, str], ...]:
    """The facts at the top of a mail to the inside."""
    away = ticket.assignee_back_on
    return (
        ("away_assignee", ticket.assignee if away is not None else ""),
        ("away_until", away.isoformat() if away is not None else ""),
        ("subject", ticket.subject),
        ("requester_name", ticket.requester.name),
        ("requester_address", ticket.requester.addr),
        ("department", department.name),
        ("priority", ticket.priority),
        ("due", ticket.due_at.isoformat() if ticket.due_at else ""),
    )


def as_seen_by(ticket: Ticket, address: str) -> Ticket:
    """The ticket with nothing that was written before somebody joined it (T01, T47)."""
    since = dict(ticket.joined).get(address)
    if since is None:
        return ticket
    return replace(ticket, thread=tuple(message for message in ticket.thread if message.date >= since))


def history_of(policy: Policy, ticket: Ticket) -> tuple[tuple[str, str, str], ...]:
    """The public thread, newest first, as (author, date, text); never what nothing proved, never a note."""
    return _entries(policy, ticket, [message for message in ticket.thread if _is_public(message)])


def inner_history_of(policy: Policy, ticket: Ticket) -> tuple[tuple[str, str, str], ...]:
    """All that was written but the first request, newest first, for somebody inside who takes the case over."""
    shown = [
        message
        for message in ticket.thread
        if message.purpose in ("followup", "note", "logged") or (_is_public(message) and message.purpose != "request")
    ]
    return _entries(policy, ticket, [message for message in shown if message.text.strip()])


def summary_of(ticket: Ticket) -> tuple[tuple[str, str], ...]:
    """What was asked first and answered last, for the mail that resolves."""
    # What an agent took down are their words: no customer is shown them
    asked = next((m for m in ticket.thread if m.purpose == "request" and m.visibility == "public"), None)
    answers = [m for m in ticket.thread if m.purpose == "answer" and m.direction == "out"]
    return (
        ("asked_at", asked.date.isoformat() if asked else ""),
        ("asked_text", first_lines(asked.text) if asked else ticket.subject),
        ("answered_at", answers[-1].date.isoformat() if answers else ""),
        ("answered_text", first_lines(answers[-1].text) if answers else ""),
    )


def _is_public(message: ThreadMessage) -> bool:
    return (
        message.visibility == "public"
        and message.purpose in _HISTORY_PURPOSES
        and not message.is_unverified
        and bool(message.text.strip())
    )


def _entries(policy: Policy, ticket: Ticket, messages: list[ThreadMessage]) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (
            # What went out is shown by the name it went out under: an agent's address is nobody's outside
            message.author.name or (message.author.addr if message.direction == "in" else policy.site.name),
            message.date.isoformat(),
            message.text,
        )
        for message in reversed(messages[-_MOST_HISTORY:])
    )


def last_customer_id(ticket: Ticket) -> str:
    """The Message-ID of the customer's latest mail that is surely theirs."""
    for message in reversed(ticket.thread):
        if (
            message.direction == "in"
            and message.visibility == "public"
            and not message.is_unverified
            and message.message_id
        ):
            return message.message_id
    return ticket.requester_message_id


def reply_subject(subject: str) -> str:
    """The subject of a mail that answers."""
    return f"Re: {subject}" if subject else ""


def first_lines(text: str, most_lines: int = 12, most_characters: int = 1000) -> str:
    """The beginning of a text, with an ellipsis where something was left out."""
    lines = text.strip().splitlines()
    cut = "\n".join(lines[:most_lines])[:most_characters].rstrip()
    return cut if len(lines) <= most_lines and len(cut) == len(text.strip()) else cut + " …"
