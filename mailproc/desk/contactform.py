"""Mail of a web form as the desk takes it: the person's who filled it in, whom nothing proves. Dry.

The form's own mail may be proven; that says that somebody filled it in, not who. So the person stands at A1, and what
goes back to them carries nothing that anybody typed.
"""

from dataclasses import replace

from mailproc.desk.draft import Policy
from mailproc.records.mail import Envelope, Inbound, Level, Trust
from mailproc.rulebook.forms import fill_in


def read_form(inbound: Inbound, envelope: Envelope, trust: Trust, policy: Policy) -> tuple[Inbound, Trust]:
    """The mail and its trust, those of the person where a form of the rules sent it; any other as they are."""
    if not policy.book.forms:
        return inbound, trust
    recipients = tuple(
        dict.fromkeys(
            (*envelope.recipients, *inbound.delivered_to, *(box.addr for box in (*inbound.to, *inbound.cc)))
        )
    )
    # An address of our own proves nothing by itself: anybody can write it
    is_proven = trust.level >= Level.A2 or trust.is_submitted
    seen = fill_in(
        policy.book, inbound, recipients, envelope.received_at, trust.level.name, trust.dmarc, is_proven=is_proven
    )
    if seen.form is None or not seen.form.has_person:
        return seen, trust
    said = f"{seen.form.sender.addr} says that they filled in the form {seen.form.name}; nothing proves who did"
    level = min(trust.level, Level.A1)
    return seen, replace(
        trust,
        level=level,
        dmarc="none" if level else trust.dmarc,
        has_aligned_dkim=False,
        has_aligned_spf=False,
        is_submitted=False,
        evidence=(*trust.evidence, said),
    )
