"""Held mail as daily work: who is asked about it, and what their answer does. Dry.

Whose hold it is: an agent's own mail is the agent's (told what is wrong, or challenged where nothing proves them); a
customer's or stranger's the department's it would go to; what nobody could read the operator's; spam nobody's but the
daily digest's. Every answer carries a token of its own purpose, so that it decides about one mail and nothing else.
"""

from dataclasses import replace

from mailproc.desk.commands.mailcommands import read_commands
from mailproc.desk.draft import Arrival, Draft, Policy
from mailproc.desk.held.challenge import bind, challenge, explain_answer, review, tell_digest
from mailproc.desk.held.holdtokens import (
    Asked,
    addresses_of,
    department_audience,
    find_asked,
    is_anybody,
    may_decide,
)
from mailproc.desk.held.holdwords import AS_CUSTOMER, DISCARD, OK, RELEASE, TRUST, read_answer, read_answers
from mailproc.desk.mails import notices
from mailproc.desk.mails.ownwords import find_attached_leaks, find_leaks
from mailproc.desk.reasons import AGENT_HOLDS
from mailproc.desk.routing import route_mail
from mailproc.desk.speakers import find_agent, is_participant, is_proven_agent
from mailproc.desk.stops.limits import is_too_old
from mailproc.desk.words.saying import Saying, saying
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import AskAbout, DiscardMail, Effect, HoldMail, ReleaseMail, SendMail, TrustSender
from mailproc.records.holds import OPERATOR, HeldMail
from mailproc.records.mail import Level, MailClass
from mailproc.records.ticket import Ticket
from mailproc.rulebook.evaluate import Routing
from mailproc.tickets.token import split_reply_address

MOST_ANSWERS_PER_HOUR = 5  # mails to one address that did not know how to answer
TRUSTABLE = frozenset({"spam", "rule-hold"})
_SILENT = frozenset({"spam", "hold-answer-unproven"})  # only in the digest
_OPERATORS = frozenset({"unparsable", "department-not-agent", "hold-answer-unproven", "agent-inactive", "poison"})
_NO_CHALLENGE = frozenset({"agent-inactive", "agent-not-entitled"})
_SPOKEN = (MailClass.HUMAN, MailClass.ROLE, MailClass.LIST)
# What an agent's `ok` makes of their own held mail; of the others nothing can be sent
_OWN_RELEASES = {"unknown-command": "ok", "collision": "anyway", "would-leak": "anyway"}

_DONE = {
    RELEASE: "did-release",
    OK: "did-release",
    AS_CUSTOMER: "did-release-as-customer",
    DISCARD: "did-discard",
    TRUST: "did-trust",
}


def is_challenged(reason: str) -> bool:
    """True for holds that end when the agent says at the address of the directory that the mail is theirs."""
    return reason.startswith("agent-") and reason in AGENT_HOLDS and reason not in _NO_CHALLENGE


def release_word(reason: str) -> str:
    """How a plain `release` of somebody else's mail is meant: an agent's as the agent's, all other as a new request."""
    return "agent" if reason in AGENT_HOLDS else "new"


def own_release_word(reason: str) -> str:
    """How an agent's `ok` about their own mail is meant; "" where nothing could be sent."""
    return "confirmed" if is_challenged(reason) else _OWN_RELEASES.get(reason, "")


def is_spared(arrival: Arrival, routing: Routing) -> bool:
    """True when a rule holds mail as spam whose exact address a person trusts, and nothing contradicts the address.

    It grants nothing else: no agent's right, no part in a case.
    """
    contact = arrival.known.requester
    if contact is None or not contact.is_trusted or contact.address != arrival.sender:
        return False
    return arrival.trust.level >= Level.A1 and routing.hold.strip().lower() == "spam" and find_agent(arrival) is None


# ---- asking


def ask_about(arrival: Arrival, decision: Decision) -> Decision:
    """The decision with the mails that ask about a hold, and whose digest lists it; any other as it is."""
    hold = next((effect for effect in decision.effects if isinstance(effect, HoldMail)), None)
    if hold is None:
        return decision
    draft = Draft(arrival.policy, arrival.now, "", arrival.sender)
    ticket = arrival.known.tickets.get(hold.serial) if hold.serial is not None else None
    audience = _audience(arrival, hold.reason, ticket)
    is_told = any(isinstance(effect, SendMail) for effect in decision.effects)
    if not is_told and _is_worth_asking(arrival, hold.reason):
        agent = find_agent(arrival)
        if agent is not None and ticket is not None and is_challenged(hold.reason):
            challenge(arrival, draft, agent, ticket, hold.reason)
        else:
            allowed = _allowed(arrival, hold.reason, ticket)
            recipients = [to for to in addresses_of(arrival.policy, audience) if to != arrival.sender]
            review(arrival, draft, recipients, ticket, hold, allowed)
    return replace(
        decision,
        effects=(
            *(_bind(arrival, effect, hold.reason, ticket) for effect in decision.effects),
            AskAbout(audience),
            *draft.effects,
        ),
        trace=(*decision.trace, *draft.trace),
    )


def _bind(arrival: Arrival, effect: Effect, reason: str, ticket: Ticket | None) -> Effect:
    """The mail that tells an agent why their answer was held, with the address at which `ok` counts."""
    if not isinstance(effect, SendMail) or effect.mail.template != "refused":
        return effect
    mail = bind(effect.mail, reason, arrival.known.holds.inbox_id)
    if arrival.released_as:
        mail = replace(mail, purpose="refused-again")  # it met another doubt
    can_go = reason != "unknown-command" or read_commands(arrival.inbound.new_text).is_letter
    if ticket is not None and own_release_word(reason) and can_go and not _must_stay_inside(arrival, ticket):
        mail = replace(mail, context=(*mail.context, ("may_ok", "yes")))
    return SendMail(mail)


def _must_stay_inside(arrival: Arrival, ticket: Ticket) -> bool:
    """True for what no agent's word can let out: our own signed addresses, our own mails as files."""
    released = replace(arrival, released_as="anyway")
    text, files = arrival.inbound.new_text, arrival.inbound.attachments
    return bool(find_leaks(released, ticket, text) or find_attached_leaks(files, arrival.policy))


def _is_worth_asking(arrival: Arrival, reason: str) -> bool:
    """Machines are not asked about: their answer to our question would be the next mail to ask about."""
    envelope = arrival.envelope
    is_old = envelope.kind == "feed" and not envelope.forwards_old and is_too_old(arrival)
    return reason not in _SILENT and not is_old and arrival.inbound.mail_class in _SPOKEN and envelope.sender != ""


def _audience(arrival: Arrival, reason: str, ticket: Ticket | None) -> str:
    if reason in _OPERATORS or (reason == "agent-not-entitled" and not is_proven_agent(arrival)):
        return OPERATOR
    if ticket is not None:
        return department_audience(ticket.department)
    if arrival.inbound.is_unparsable:
        return OPERATOR
    routing, _ = route_mail(arrival, Draft(arrival.policy, arrival.now))
    return department_audience(routing.department)


def _allowed(arrival: Arrival, reason: str, ticket: Ticket | None) -> frozenset[str]:
    words = set()
    if ticket is not None and reason not in AGENT_HOLDS and is_participant(arrival, ticket):
        words.add("release_as_customer")
    if reason in TRUSTABLE and is_outside(arrival.policy, arrival.sender):
        words.add("trust")
    return frozenset(words)


def is_outside(policy: Policy, address: str) -> bool:
    """True for addresses people may trust: an agent's or a department's mail is judged by the trust table alone."""
    inner = {to for department in policy.book.departments.values() for to in department.forward_to}
    return bool(
        address
        and address not in inner
        and policy.book.find_agent(address) is None
        and not split_reply_address(policy.site, address)[0]
    )


# ---- answers


def decide_answer(arrival: Arrival, draft: Draft) -> Decision | None:
    """The decision about a mail that answers one of ours about held mail; None for any other.

    A token that is not genuine for this sender is no token: the mail goes the way of all mail.
    """
    if not arrival.keys.holds or arrival.released_as:
        return None
    asked = find_asked(arrival)
    if asked is None:
        draft.step("commands", "a token of a held mail, but not one that this sender was given", False)
        return None
    if arrival.inbound.mail_class not in _SPOKEN or arrival.envelope.sender == "":
        draft.step("commands", "an automatic answer decides nothing", False)
        return draft.finish(Outcome.RECORDED, "hold-answer-automatic")
    if asked.held is None:
        return _answer_digest(arrival, draft, asked.address)
    return _answer_one(arrival, draft, asked, asked.held)


def _answer_one(arrival: Arrival, draft: Draft, asked: Asked, held: HeldMail) -> Decision:
    ticket = arrival.known.tickets.get(held.serial) if held.serial is not None else None
    serial = ticket.serial if ticket else None
    if not (is_anybody(arrival) if asked.is_own else may_decide(arrival, held.audience)):
        draft.step("commands", f"about held mail {held.inbox_id}: nothing proves {arrival.sender}", False)
        return draft.hold("hold-answer-unproven", serial=serial)
    if not held.is_held or held.reason != asked.reason:
        draft.step("commands", f"mail {held.inbox_id} is not held any more: nothing to do", False)
        return draft.finish(Outcome.RECORDED, "hold-settled", serial)
    answer = read_answer(arrival.inbound.new_text)
    problem = (
        saying("hold-unclear")
        if answer is None
        else _carry_out(arrival, draft, answer.verb, held, is_own=asked.is_own)
    )
    if problem is None:
        return draft.finish(Outcome.RECORDED, "hold-answered", serial)
    draft.step("commands", str(problem), False)
    if arrival.known.holds.asked < MOST_ANSWERS_PER_HOUR:
        if asked.is_own and ticket is not None and (agent := find_agent(arrival)) is not None:
            notices.refuse_agent_mail(draft, arrival, ticket, agent, (problem,))
            draft.effects = [
                SendMail(bind(effect.mail, held.reason, held.inbox_id)) if isinstance(effect, SendMail) else effect
                for effect in draft.effects
            ]
        else:
            explain_answer(draft, asked.address, ticket, held, problem)
    return draft.finish(Outcome.RECORDED, "hold-answer-unclear", serial)


def _answer_digest(arrival: Arrival, draft: Draft, asked: str) -> Decision:
    if not is_proven_agent(arrival):
        draft.step("commands", f"about the digest of held mail: nothing proves {arrival.sender}", False)
        return draft.hold("hold-answer-unproven")
    answer = read_answers(arrival.inbound.new_text)
    failed = [
        saying("digest-line", line=line, shown=shown, example=saying("digest-example"))
        for line, shown in answer.unclear or (() if answer.wishes else ((1, "–"),))
    ]
    failed += [saying("digest-twice", number=number) for number in answer.disputed]
    if failed:
        # Nobody knows what the rest meant: "release 17", then "no, wait"
        clear = [str(n) for wish in answer.wishes for n in wish.numbers if n not in answer.disputed]
        failed += [saying("digest-understood", numbers=", ".join(clear))] if clear else []
        failed.append(saying("digest-nothing"))
        tell_digest(arrival, draft, asked, failed=failed)
        return draft.finish(Outcome.RECORDED, "hold-answer-unclear")
    done: list[Saying] = []
    settled: list[Saying] = []
    for wish in answer.wishes:
        for number in wish.numbers:
            held = arrival.known.holds.named.get(number)
            if held is None or not held.is_held or not may_decide(arrival, held.audience):
                settled.append(saying("hold-not-yours", number=number))
            elif problem := _carry_out(arrival, draft, wish.verb, held, is_own=False):
                failed.append(saying("hold-numbered", number=number, problem=problem))
            else:
                done.append(saying(_DONE[wish.verb], number=number))
    if failed or settled:
        tell_digest(arrival, draft, asked, done, failed, settled)
    return draft.finish(Outcome.RECORDED, "hold-answered" if done else "hold-settled")


def numbers_in(text: str) -> tuple[int, ...]:
    """The held mails that an answer to a digest names; for the look-up before the decision."""
    return tuple(number for wish in read_answers(text).wishes for number in wish.numbers)


def _carry_out(arrival: Arrival, draft: Draft, verb: str, held: HeldMail, *, is_own: bool) -> Saying | None:
    """Plans what an answer asks for; why it cannot be done, None when it is."""
    actor = arrival.sender
    if verb == DISCARD:
        draft.add(DiscardMail(held.inbox_id, actor))
    elif is_own:
        as_who = own_release_word(held.reason) if verb in (OK, RELEASE) else ""
        if not as_who:
            return saying("hold-own")
        draft.add(ReleaseMail(held.inbox_id, as_who, actor))
    elif verb == TRUST:
        if held.reason not in TRUSTABLE or not is_outside(arrival.policy, held.sender):
            return saying("hold-trust")
        draft.add(TrustSender(held.sender, actor), ReleaseMail(held.inbox_id, "new", actor))
    else:
        as_who = "customer" if verb == AS_CUSTOMER else release_word(held.reason)
        draft.add(ReleaseMail(held.inbox_id, as_who, actor))
    draft.step("commands", f"held mail {held.inbox_id}: {verb}", True)
    if held.serial is not None and held.serial in arrival.known.tickets:
        draft.event(held.serial, "hold-answered", actor, mail=str(held.inbox_id), answer=verb)
    return None
