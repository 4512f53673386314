"""Two people at one case: a second answer to the same mail, a case taken from somebody, an assignee who is away. Dry.

Within `collision_window` a second agent's answer waits and shows its writer both texts; later it goes, and the
department's copy says that somebody had answered before (mail-policy section 6).
"""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from mailproc.desk.draft import Arrival, Draft
from mailproc.desk.mails import notices
from mailproc.desk.mails.outgoing import agent_identity, build_mail, card, department_of, inner_language
from mailproc.desk.speakers import BY_AGENT
from mailproc.desk.words.saying import put, saying
from mailproc.records.decision import Decision
from mailproc.records.effects import RememberAbsence
from mailproc.records.mail import Level
from mailproc.records.ticket import ThreadMessage, Ticket
from mailproc.rulebook.book import Agent

LONGEST_ABSENCE = timedelta(days=120)  # what lies further away was misread, or is no absence any more
_MOST_TEXT = 4_000


def find_rival(arrival: Arrival, agent: Agent, ticket: Ticket) -> ThreadMessage | None:
    """The last answer of somebody else since the customer wrote last; None when this is the first."""
    site = arrival.policy.site
    for message in reversed(ticket.thread):
        if message.direction == "in" and message.visibility == "public":
            return None
        is_answer = message.direction == "out" and message.purpose in ("answer", "resolved")
        author = message.author.addr
        if is_answer and author not in agent.addresses and author not in site.addresses:
            return message
    return None


def collides(arrival: Arrival, rival: ThreadMessage | None) -> bool:
    """True when the answer has to wait for its writer's word: they cannot have seen the other one."""
    if rival is None or arrival.released_as not in ("", BY_AGENT[0]):
        return False
    return arrival.now - rival.date < arrival.policy.site.collision_window


def hold(arrival: Arrival, draft: Draft, agent: Agent, ticket: Ticket, rival: ThreadMessage) -> Decision:
    """The answer waits; its writer gets both texts, and `ok` sends it."""
    who = name_of(draft, rival)
    department = department_of(draft.policy, ticket)
    language = inner_language(draft.policy, agent.addresses[0], department)
    here = rival.date.astimezone(ZoneInfo(draft.policy.site.timezone))
    problem = saying("collision", who=who, at=f"{here:%Y-%m-%d %H:%M}")
    draft.step("commands", str(problem), False)
    draft.send(
        build_mail(
            draft,
            ticket,
            agent.addresses[0],
            purpose="refused",
            template="refused",
            role="agent",
            identity=agent_identity(draft.policy, agent.addresses[0], department),
            subject=ticket.subject,
            language=language,
            in_reply_to=arrival.inbound.message_id,
            context=(
                *card(ticket, department),
                ("lines", put(problem, language)),
                ("text", arrival.inbound.new_text[:_MOST_TEXT]),
                ("other_author", who),
                ("other_at", rival.date.isoformat()),
                ("other_text", rival.text[:_MOST_TEXT]),
            ),
        )
    )
    return draft.hold("collision", f"{problem}. Nothing was sent.", ticket.serial)


def earlier_answer(draft: Draft, rival: ThreadMessage | None) -> tuple[tuple[str, str], ...]:
    """For the department's copy: who had answered the same mail before, and when."""
    if rival is None:
        return ()
    return (("earlier_author", name_of(draft, rival)), ("earlier_at", rival.date.isoformat()))


def name_of(draft: Draft, message: ThreadMessage) -> str:
    """An agent's name, else what the mail said."""
    agent = draft.policy.book.find_agent(message.author.addr)
    return agent.name if agent is not None else message.author.name or message.author.addr


def tell_former(draft: Draft, ticket: Ticket, assignee: str, by: str, own: tuple[str, ...] = ()) -> None:
    """Who had the case until now learns who has it; not the one who did that."""
    former = draft.policy.book.find_agent(ticket.assignee) if ticket.assignee else None
    if former is None or not former.is_active or not assignee or assignee == ticket.assignee:
        return
    if assignee in former.addresses or ticket.assignee in own:
        return
    department = department_of(draft.policy, ticket)
    taker = draft.policy.book.find_agent(assignee)
    draft.send(
        build_mail(
            draft,
            ticket,
            former.addresses[0],
            purpose="taken",
            template="taken",
            role="agent",
            identity=agent_identity(draft.policy, former.addresses[0], department),
            reply_purpose="n",
            subject=ticket.subject,
            language=inner_language(draft.policy, former.addresses[0], department),
            context=(*card(ticket, department), ("taken_by", taker.name if taker else assignee), ("done_by", by)),
        )
    )


def hand_over(draft: Draft, assignee: str, department: str, before: Ticket, after: Ticket, agent: Agent) -> None:
    """Who has the case by an agent's word gets it, and who had it is told."""
    tell_former(draft, before, assignee, agent.name, agent.addresses)
    if assignee and assignee not in (before.assignee, *agent.addresses):
        notices.hand_over(draft, after, (assignee,), agent.name)
    elif department and department != before.department:
        notices.hand_over(draft, after, draft.policy.book.departments[department].forward_to, agent.name)


# ---- who is away


def note_absence(arrival: Arrival, draft: Draft, agent: Agent, ticket: Ticket) -> None:
    """An agent's out-of-office about a mail of ours that names a day: until then their mail goes to the department.

    A case of theirs goes there at once: what made the note come was read by nobody.
    """
    until = arrival.inbound.away_until
    if not arrival.inbound.is_away or until is None or not answers_us(arrival, agent):
        return
    today = arrival.now.date()
    if not today < until <= today + LONGEST_ABSENCE:
        draft.step("commands", f"{agent.name} says to be away until {until}: not believed", False)
        return
    draft.step("commands", f"{agent.name} is away until {until}", True)
    draft.add(RememberAbsence(agent.addresses[0], until.isoformat()))
    draft.event(ticket.serial, "agent-away", agent.addresses[0], until=until.isoformat())
    if ticket.assignee in agent.addresses:
        away = replace(ticket, assignee_back_on=until)
        notices.hand_over(draft, away, department_of(draft.policy, ticket).forward_to, agent.name)


def answers_us(arrival: Arrival, agent: Agent) -> bool:
    """True when a mail of an agent, at least not contradicted, cites a signed id of a mail that we sent them."""
    sent = (arrival.known.sent.get((ours.serial, ours.n)) for ours in arrival.keys.our_ids)
    return arrival.trust.level > Level.A0 and any(
        mail is not None and mail.role == "agent" and mail.recipient in agent.addresses for mail in sent
    )


def note_return(arrival: Arrival, draft: Draft, agent: Agent) -> None:
    """Who writes by hand is back."""
    if agent.addresses[0] in arrival.known.holds.absent:
        draft.add(RememberAbsence(agent.addresses[0], ""))
