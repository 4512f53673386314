"""Mail to the operator: how it is made and queued, whoever raises the alarm. What is worth one, others decide."""

from collections.abc import Sequence

from mailproc.engine import Engine
from mailproc.message.addresses import is_sendable
from mailproc.records.effects import Mail
from mailproc.records.site import Site
from mailproc.render.composer import compose_mail
from mailproc.store.alarms import next_number, queue_alarm
from mailproc.store.transaction import Tx
from mailproc.tickets.token import split_reply_address

_MOST_LINES = 40


def find_operator(site: Site) -> str:
    """The operator's address, "" when there is nobody to write to."""
    operator = site.operator
    # A mailbox that we read ourselves would make a ticket of it
    is_reachable = operator and is_sendable(operator) and not split_reply_address(site, operator)[0]
    return operator if is_reachable else ""


def queue_operator_mail(
    tx: Tx, engine: Engine, summary: str, lines: Sequence[str], request_id: str, *, subject: str = ""
) -> None:
    """Queue one mail; a second one of the same `request_id` changes nothing. `subject` replaces the template's."""
    now = engine.clock()
    site = engine.policy.site
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"and {len(lines) - _MOST_LINES} more"]
    mail = Mail(
        serial=0,
        n=next_number(tx),
        purpose="alarm",
        template="alarm",
        recipient=site.operator,
        language=site.default_language,
        identity="",
        role="agent",
        tag="",
        subject=subject,
        from_name=site.name,
        from_address=site.addresses[0],
        context=(("site_name", site.name), ("subject", summary), ("lines", "\n".join(lines))),
    )
    queue_alarm(tx, compose_mail(mail, (), now, engine.policy, engine.renderer), request_id, now)
