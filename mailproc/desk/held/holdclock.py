"""What the clock says about held mail: one alarm about what waits too long, one digest a day for each who decides. Dry.

Mail held as spam is in the digest only.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from mailproc.desk.draft import Draft, Policy
from mailproc.desk.held.holdtokens import addresses_of, digest_identity, digest_number, operator_of
from mailproc.desk.mails.outgoing import inner_language
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import Mail, TellHolds
from mailproc.records.holds import OPERATOR, HeldMail, HoldsDue

ALARM_AFTER = timedelta(hours=4)
MERGE = timedelta(minutes=15)
DIGEST_HOUR = 7  # of the site's day
_MOST_LINES = 60


def decide_holds(due: HoldsDue, policy: Policy, now: datetime) -> Decision:
    """The mails about held mail that are due now."""
    draft = Draft(policy, now)
    reason = "nothing-to-do"
    if due.ageing:
        reason = "holds-old"
        operator = operator_of(policy)
        for recipient in (operator,) if operator else addresses_of(policy, OPERATOR):
            _tell(draft, recipient, due.ageing, "hold-alarm", due.day)
        draft.add(TellHolds(tuple(held.inbox_id for held in due.ageing)))
    for audience, mails in due.digests.items():
        reason = "holds-digest" if reason == "nothing-to-do" else reason
        for recipient in addresses_of(policy, audience):
            _tell(draft, recipient, mails, f"digest {audience}", due.day)
        draft.add(TellHolds(tuple(held.inbox_id for held in mails), audience, due.day))
    return draft.finish(Outcome.CHANGED if draft.effects else Outcome.NOTHING, reason)


def _tell(draft: Draft, recipient: str, mails: Sequence[HeldMail], purpose: str, day: str) -> None:
    policy, shown = draft.policy, mails[:_MOST_LINES]
    site, book = policy.site, policy.book
    number = digest_number(day) if day else int(f"{draft.now:%Y%m%d}")
    draft.send(
        Mail(
            serial=0,
            n=0,
            purpose=purpose,
            template="held",
            recipient=recipient,
            language=inner_language(policy, recipient, book.departments[book.defaults.department]),
            identity=digest_identity(recipient),
            role="agent",
            tag="",
            subject="",
            from_name=site.name,
            from_address=site.addresses[0],
            held=number,
            context=(
                ("site_name", site.name),
                ("count", str(len(mails))),
                ("lines", "\n".join(_line(held) for held in shown)),
                ("numbers", "\n".join(str(held.inbox_id) for held in shown)),
                ("reasons", "\n".join(held.reason for held in shown)),
                ("oldest_at", min(held.held_at for held in mails).isoformat()),
                ("is_spam", "yes" if all(held.reason == "spam" for held in mails) else ""),
            ),
        )
    )


def _line(held: HeldMail) -> str:
    words = [str(held.inbox_id), held.sender or "?", held.subject[:80] or "-"]
    return " · ".join(" ".join(word.split()) for word in words)
