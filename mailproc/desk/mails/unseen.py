"""A mail about a case that nobody inside can read: its mailbox refused it, and the operator is told. Dry.

A customer's mail that comes back is told to who works on the case. Where the department's own mailbox is the one that
refuses, nobody there would ever hear of the case.
"""

from mailproc.desk.draft import Draft
from mailproc.desk.held.holdtokens import addresses_of
from mailproc.desk.mails.outgoing import build_mail
from mailproc.records.holds import OPERATOR
from mailproc.records.ticket import SentMail, Ticket

# Of these nobody is told again: an alarm about an alarm has no end, and who misses a copy misses no work
_UNTOLD = ("alarm", "undelivered", "copy")
_LONGEST_ANSWER = 300


def tell_operator(draft: Draft, ticket: Ticket, sent: SentMail, explanation: str) -> None:
    """Tells the operator, else the default department, that this mail to the inside came back; once a mail."""
    if sent.is_to_customer or sent.is_bounced or sent.purpose in _UNTOLD:
        return
    answer = " ".join(explanation.split())[:_LONGEST_ANSWER]
    lines = (
        f"What: the {sent.purpose} of case {ticket.number} could not be delivered; perhaps nobody has seen the case.",
        f"Its mail server says: {answer}" if answer else "Its mail server does not say why.",
        f"What to do: mend the mailbox {sent.recipient}, or correct it in the rules (forward_to, agents).",
        f"Then: mailproc outbox list --state failed --to {sent.recipient}, and mailproc outbox retry ID sends it again;"
        f" mailproc ticket show {ticket.number} shows the case.",
    )
    for to in addresses_of(draft.policy, OPERATOR):
        if to != sent.recipient:
            subject = f"mail to {sent.recipient} comes back"
            draft.send(
                build_mail(
                    draft,
                    ticket,
                    to,
                    purpose="alarm",
                    template="alarm",
                    role="agent",
                    identity="",
                    subject="",
                    tag="",
                    language=draft.policy.site.default_language,
                    context=(("subject", subject), ("lines", "\n".join(lines))),
                )
            )
