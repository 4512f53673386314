"""The one gate that automatic mail to requesters passes, whoever planned it and why (T36). Dry: counts are an argument.

What plans a mail may refuse it earlier and for better reasons; what comes here is within the limits or is not sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mailproc.desk.reasons import SUPPRESSED
from mailproc.desk.stops.limits import over_limit, refuse_address
from mailproc.message.addresses import domain_of
from mailproc.message.samemailbox import find_mailbox
from mailproc.records.decision import Decision, Step
from mailproc.records.effects import AddMessage, Effect, Mail, OpenTicket, RememberContact, SendMail, SuppressMail
from mailproc.records.mail import Level
from mailproc.records.site import Site
from mailproc.records.ticket import Contact, SendCounts
from mailproc.tickets.token import split_reply_address

_SPOKEN = ("answer", "note", "command")


@dataclass(frozen=True, slots=True)
class Budget:
    """What one recipient got lately, and what is known of them."""

    counts: SendCounts
    contact: Contact | None = None


def find_addressees(decision: Decision) -> tuple[tuple[str, int], ...]:
    """(recipient, ticket) of the mails that limits are for."""
    mails = [effect.mail for effect in decision.effects if isinstance(effect, SendMail) and _is_counted(effect.mail)]
    return tuple(dict.fromkeys((mail.recipient, mail.serial) for mail in mails))


def keep_limits(decision: Decision, budgets: Mapping[tuple[str, int], Budget], site: Site) -> Decision:
    """The decision without the mails that may not go: each becomes a record of itself with the reason."""
    effects: list[Effect] = []
    steps: list[Step] = []
    passed: list[Mail] = []
    is_changed = False
    has_spoken = decision.reason == "requested" or any(
        isinstance(effect, AddMessage) and effect.purpose in _SPOKEN and effect.mail_class == "human"
        for effect in decision.effects
    )
    opened = {effect.serial for effect in decision.effects if isinstance(effect, OpenTicket)}
    # Whose address was dead and who proved to write from it again, in this very decision
    back = {one.address for one in decision.effects if isinstance(one, RememberContact) and one.is_dead is False}
    for effect in decision.effects:
        if not isinstance(effect, SendMail):
            effects.append(effect)
            continue
        mail = effect.mail
        is_counted = _is_counted(mail)
        # A person's word stands in between: what the ticket sent by itself before counts no more
        is_fresh = has_spoken or mail.serial in opened
        reason = "own-address" if split_reply_address(site, mail.recipient)[0] else ""
        if is_counted and not reason:
            budget = budgets.get((mail.recipient, mail.serial), Budget(SendCounts()))
            if budget.contact is not None and budget.contact.is_dead and mail.recipient in back:
                budget = replace(budget, contact=replace(budget.contact, is_dead=False))
            reason = _refuse(mail, budget, passed, site, is_fresh=is_fresh)
        if reason:
            is_changed = True
            effects.append(SuppressMail(mail.serial, mail.purpose, mail.recipient, reason))
            steps.append(Step("notices", f"{mail.purpose} to {mail.recipient} not sent: {SUPPRESSED[reason]}", False))
            continue
        if is_counted:
            passed.append(mail)
            if not mail.is_limited:
                is_changed, effect = True, SendMail(replace(mail, is_limited=True))
        effects.append(effect)
    return decision.changed(tuple(effects), (*decision.trace, *steps)) if is_changed else decision


def _is_counted(mail: Mail) -> bool:
    """Limits concern what no person wrote and what goes outside (mail-policy section 4)."""
    return mail.role == "customer" and mail.is_automatic


def _refuse(mail: Mail, budget: Budget, passed: list[Mail], site: Site, *, is_fresh: bool) -> str:
    mailbox, domain = find_mailbox(mail.recipient), domain_of(mail.recipient)
    counts = budget.counts
    if passed:
        here = sum(1 for other in passed if find_mailbox(other.recipient) == mailbox)
        counts = replace(
            counts,
            sender_hour=counts.sender_hour + here,
            sender_day=counts.sender_day + here,
            domain_hour=counts.domain_hour + sum(1 for other in passed if domain_of(other.recipient) == domain),
            site_hour=counts.site_hour + len(passed),
        )
    if is_fresh and (counts.ticket_hour or counts.ticket_day):
        counts = replace(counts, ticket_hour=0, ticket_day=0)  # one occasion, several people: the ticket sends once
    level = Level.A1 if mail.is_unproven else Level.A2
    return refuse_address(site, mail.recipient, budget.contact) or over_limit(site.limits, counts, level)
