"""What requesters hear of their case besides answers: how it stands, and changes they should know of. Dry.

All of it goes to the requester alone, or to who asked, and passes the limits (`sluice`); what is not sent is recorded
with its reason. Which changes are told at all is the site's `notify_requester`; an answer in the same decision tells
more than any of these. Nothing goes to an address that nothing proves and that nobody has answered (T30).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mailproc.desk.draft import Arrival, Draft, Policy
from mailproc.desk.mails.blocked import find_blocked, name_blocked
from mailproc.desk.mails.outgoing import department_of, first_lines, last_customer_id, mail_to_customer, reply_subject
from mailproc.desk.speakers import mail_class
from mailproc.desk.stops.limits import is_too_old, over_limit, refuse_address
from mailproc.records.effects import Mail, RememberContact, SendMail, SetState
from mailproc.records.mail import Address, Attachment, Intent, Level, MailClass
from mailproc.records.ticket import State, ThreadMessage, Ticket
from mailproc.tickets.lifecycle import may_change

FINISHED = frozenset({State.RESOLVED, State.CLOSED})
_AWAITING = {State.NEW: "us", State.OPEN: "us", State.PENDING: "you", State.ON_HOLD: "other"}
_ANSWERS = ("answer", "resolved")
# Files that mail clients add by themselves
_FILES_OF_CLIENTS = frozenset(
    "application/pkcs7-signature application/x-pkcs7-signature application/pgp-signature application/pgp-keys "
    "text/vcard text/x-vcard".split()
)


def only_says(arrival: Arrival, *intents: Intent) -> bool:
    """Whether the mail says one of these and nothing else: a file beside it may say more."""
    inbound = arrival.inbound
    return inbound.intent in intents and all(
        item.is_inline or item.content_type in _FILES_OF_CLIENTS for item in inbound.attachments
    )


def is_settled_by(arrival: Arrival, ticket: Ticket, *, is_verified: bool) -> bool:
    """Whether the requester says, proven, that a case in work is solved: their word ends it."""
    if not is_verified or arrival.sender != ticket.requester.addr or not only_says(arrival, Intent.WORKS):
        return False
    return ticket.state not in FINISHED and may_change(ticket.state, State.RESOLVED, "customer")


def settle(arrival: Arrival, draft: Draft, ticket: Ticket) -> Ticket:
    """The case as the requester's "it works" leaves it: resolved, and closed later as any other."""
    draft.step("verbs", f"the requester says that it works: {ticket.state} -> resolved", True)
    reason = "the requester says that it works"
    draft.add(SetState(ticket.serial, State.RESOLVED, reason, arrival.sender, arrival.now))
    return replace(ticket, state=State.RESOLVED)


def is_answered_alone(arrival: Arrival, draft: Draft, ticket: Ticket, *, is_verified: bool) -> bool:
    """Whether a mail only asks how a case in work stands, and the status mail is all that it needs.

    Who asks again before anybody has written to them is not put off twice: that goes to the department as well. So does
    what cannot be answered.
    """
    if not is_verified or ticket.state in FINISHED or not only_says(arrival, Intent.STATUS):
        return False
    if _has_been_told(ticket):
        return False
    return not draft.quiet_reason and not _refuse_question(arrival)


def answer_customer(
    arrival: Arrival, draft: Draft, before: Ticket, after: Ticket, *, is_verified: bool, is_reopened: bool
) -> None:
    """What goes back to who wrote on their case: how it stands where they ask, else the changes they should know of.

    `after` is the case as the mail and the rules leave it, its state aside: the effects gathered so far say that.
    """
    changes = [effect for effect in draft.effects if isinstance(effect, SetState) and effect.serial == after.serial]
    after = replace(after, state=State(changes[-1].state)) if changes else after
    if only_says(arrival, Intent.STATUS):
        refused = _refuse_question(arrival) if is_verified else "unproven"
        if refused:
            draft.suppress(after.serial, "status", arrival.sender, refused)
        else:
            asker = arrival.inbound.from_ or Address(arrival.sender)
            _send_status(draft, after, asker, is_proven=True, in_reply_to=arrival.inbound.message_id)
        return
    if is_reopened and is_verified and only_says(arrival, Intent.STILL_BROKEN):
        # Any other mail that opens a case again says something that somebody will answer
        _notify(draft, after, "reopened", (("is_by_customer", "yes"),), is_proven=True)
    elif after.department != before.department:
        tell_changes(draft, before, after)
    tell_left_out(arrival, draft, after, is_verified=is_verified)


def send_status(draft: Draft, ticket: Ticket, *, is_proven: bool | None = None) -> None:
    """How a case stands, to its requester: for rules, the command #status and the clock.

    `is_proven` where the caller knows better than the thread. An address that nothing proves gets nothing that its
    sender chose.
    """
    proven = is_known_requester(draft.policy, ticket) if is_proven is None else is_proven
    _send_status(draft, ticket, ticket.requester, is_proven=proven)


def remind_requester(draft: Draft, ticket: Ticket) -> None:
    """Asked for by a person: that we wait for the requester's answer where we do, else how the case stands."""
    if ticket.state is State.PENDING:
        _notify(draft, ticket, "awaiting", _what_we_asked(ticket, draft.now), is_asked_for=True)
    elif is_known_requester(draft.policy, ticket):
        send_status(draft, ticket)
    else:
        draft.suppress(ticket.serial, "status", ticket.requester.addr, "unproven")


def tell_changes(draft: Draft, before: Ticket, after: Ticket, waiting_days: int = 0) -> None:
    """The one change of this decision that the site wants requesters told of, where no answer goes with it.

    `waiting_days`: it is closed because nobody wrote for so long.
    """
    mails = (effect.mail for effect in draft.effects if isinstance(effect, SendMail))
    if any(mail.serial == after.serial and mail.purpose in _ANSWERS for mail in mails):
        return
    if before.state in FINISHED and after.state not in FINISHED:
        _notify(draft, after, "reopened")
    elif after.state is State.CLOSED and before.state is not State.CLOSED:
        days = draft.policy.site.reopen_within.days
        _notify(draft, after, "closed", (("waiting_days", str(waiting_days)), ("reopen_days", str(days))))
    elif after.department != before.department:
        _notify(draft, after, "moved", (("department", department_of(draft.policy, after).name),))
    elif after.state is State.PENDING and before.state is not State.PENDING:
        _notify(draft, after, "awaiting", _what_we_asked(after, draft.now))


def tell_merged(draft: Draft, survivor: Ticket, merged: Ticket) -> None:
    """The requester of a case that became part of another one learns its number from now on."""
    own = survivor.requester.addr == merged.requester.addr
    # Of somebody else's case they learn the number alone
    told = replace(
        survivor,
        requester=merged.requester,
        subject=survivor.subject if own else merged.subject,
        thread=survivor.thread if own else merged.thread,
        language=merged.language,
    )
    _notify(draft, told, "merged", (("merged_number", merged.number),))


def tell_left_out(arrival: Arrival, draft: Draft, ticket: Ticket, *, is_verified: bool) -> None:
    """Files that do not reach the department: their sender can send them smaller or as something else, nobody else can.

    With a new request the acknowledgement says so (`find_template`): that is all an unproven sender hears of it.
    """
    rejected = find_rejected(arrival)
    if not rejected or mail_class(arrival) is not MailClass.HUMAN or arrival.sender != ticket.requester.addr:
        return
    if any(isinstance(effect, SendMail) and effect.mail.template == "rejected" for effect in draft.effects):
        return
    if not is_verified:
        draft.suppress(ticket.serial, "rejected", arrival.sender, "unproven")
        return
    context = (("is_verified", "yes"), *rejected)
    _notify(draft, ticket, "rejected", context, is_proven=True, in_reply_to=arrival.inbound.message_id)


def find_template(arrival: Arrival, template: str, questions: tuple[str, ...]) -> str:
    """The template of an acknowledgement: where a file is missing it says so, instead of "nothing more to do".

    One mail and not two of the same minute, of which an unproven sender would only get the first.
    """
    if template != "received" or questions:
        return template
    is_told = "rejected" in arrival.policy.site.notify_requester and find_rejected(arrival)
    return "rejected" if is_told else template


def find_rejected(arrival: Arrival) -> tuple[tuple[str, str], ...]:
    """The files that do not reach the department, as the mail about them names them; () when all of them do."""
    site, files = arrival.policy.site, arrival.inbound.attachments
    blocked = find_blocked(files, site)
    limit = site.max_attachments_size
    _, left = split_by_room([item for item in files if all(item is not one.item for one in blocked)], limit)
    if not blocked and not left:
        return ()
    each_is_large = bool(left) and all(item.size > limit for item in left)
    return (
        ("files_unsafe", "\n".join(name_blocked(blocked))),
        ("files_too_large", "\n".join(item.filename for item in left)),
        ("limit_mb", str(limit // 1_000_000) if each_is_large else ""),
    )


def split_by_room(attachments: Sequence[Attachment], room: int) -> tuple[list[Attachment], list[Attachment]]:
    """The attachments that one mail can carry, in their order, and those that are left out."""
    carried: list[Attachment] = []
    left: list[Attachment] = []
    for item in attachments:
        if item.size <= room:
            room -= item.size
            carried.append(item)
        else:
            left.append(item)
    return carried, left


def is_known_requester(policy: Policy, ticket: Ticket) -> bool:
    """Whether a mail of the requester was proven, or somebody has answered them: the case is not a stranger's prank."""
    return any(_is_proof(policy, message, ticket) for message in ticket.thread)


def _is_proof(policy: Policy, message: ThreadMessage, ticket: Ticket) -> bool:
    if message.direction == "out":
        # A summary without a word of an agent's has no author but us, and answers nobody
        return message.purpose in _ANSWERS and message.author.addr not in policy.site.addresses
    if message.visibility != "public" or message.author.addr != ticket.requester.addr:
        return False
    if message.purpose == "followup":
        return not message.is_unverified
    return message.level in Level.__members__ and Level[message.level] >= Level.A2


def _has_been_told(ticket: Ticket) -> bool:
    """Whether a status mail went out since a person last wrote to the requester."""
    for message in reversed(ticket.thread):
        if message.direction == "out" and message.purpose in _ANSWERS:
            return False
        if message.direction == "out" and message.purpose == "status":
            return True
    return False


def _refuse_question(arrival: Arrival) -> str:
    """Why a question how the case stands gets no status mail, "" when it does; its sender is proven."""
    if mail_class(arrival) is not MailClass.HUMAN:
        return "class"
    if is_too_old(arrival):
        return "old"
    if arrival.judgement is not None and arrival.judgement.quiet:
        return arrival.judgement.quiet
    site, known = arrival.policy.site, arrival.known
    return refuse_address(site, arrival.sender, known.requester) or over_limit(site.limits, known.counts, Level.A2)


def _notify(
    draft: Draft,
    ticket: Ticket,
    occasion: str,
    context: tuple[tuple[str, str], ...] = (),
    *,
    is_proven: bool = False,
    is_asked_for: bool = False,
    in_reply_to: str = "",
) -> None:
    """One notice to the requester, if the site sends such; the occasion is the name of its template."""
    if occasion not in draft.policy.site.notify_requester and not is_asked_for:
        return
    to = ticket.requester
    refused = "" if is_proven or is_known_requester(draft.policy, ticket) else "unproven"
    if any(isinstance(effect, RememberContact) and effect.is_silenced for effect in draft.effects):
        refused = "silenced"
    if refused:
        draft.suppress(ticket.serial, occasion, to.addr, refused)
        return
    shared = (("requester_name", to.name), ("subject", ticket.subject))
    draft.send(_mail(draft, ticket, to, occasion, (*shared, *context), in_reply_to=in_reply_to))


def _send_status(draft: Draft, ticket: Ticket, to: Address, *, is_proven: bool, in_reply_to: str = "") -> None:
    answers = [message for message in ticket.thread if message.direction == "out" and message.purpose in _ANSWERS]
    context = (
        ("requester_name", to.name if is_proven else ""),
        ("subject", ticket.subject if is_proven else ""),
        ("state", str(ticket.state)),
        ("opened_at", ticket.created_at.isoformat()),
        ("age_days", str((draft.now - ticket.created_at).days)),
        ("department", department_of(draft.policy, ticket).name),
        ("awaiting", _AWAITING.get(ticket.state, "")),
        ("last_answer_at", answers[-1].date.isoformat() if answers else ""),
    )
    draft.send(_mail(draft, ticket, to, "status", context, is_proven=is_proven, in_reply_to=in_reply_to))


def _mail(
    draft: Draft,
    ticket: Ticket,
    to: Address,
    occasion: str,
    context: tuple[tuple[str, str], ...],
    *,
    is_proven: bool = True,
    in_reply_to: str = "",
) -> Mail:
    """Limited, and never sent twice: who misses one has lost nothing."""
    mail = mail_to_customer(
        draft,
        ticket,
        to,
        purpose=occasion,
        template=occasion,
        subject=reply_subject(ticket.subject) if is_proven else "",
        in_reply_to=(in_reply_to or last_customer_id(ticket)) if is_proven else "",
        is_limited=True,
        may_resend=False,
        context=context,
    )
    return replace(mail, is_unproven=not is_proven)


def _what_we_asked(ticket: Ticket, now: datetime) -> tuple[tuple[str, str], ...]:
    asked = [message for message in ticket.thread if message.direction == "out" and message.purpose == "answer"]
    if not asked:
        return ()
    days = (now - asked[-1].date).days
    text = first_lines(asked[-1].text)
    return (("text", text), ("asked_at", asked[-1].date.isoformat()), ("waiting_days", str(days)))
