"""A new request much like one that its sender has in work already: linked with it, and joined on one tap. Dry.

A resemblance is a guess, so it moves nothing: the mail opens a case of its own, and its department sees the other
number and a button. `store.resemblance` says what is alike.
"""

from mailproc.desk.draft import Arrival, Draft
from mailproc.desk.speakers import mail_class
from mailproc.records.effects import LinkTickets
from mailproc.records.mail import MailClass
from mailproc.records.ticket import Resembled

_PLAIN = ("new", "new-on-behalf", "new-logged", "new-form")


def link_resembled(arrival: Arrival, draft: Draft, serial: int, reason: str) -> Resembled | None:
    """The case in work that this new one may belong to, linked with it; None for machines and where a key led on.

    Machines write the same subject every night, and each night is a case.
    """
    resembled = arrival.known.resembled
    if reason not in _PLAIN or resembled is None or mail_class(arrival) is not MailClass.HUMAN:
        return None
    draft.step("follow-up", f"the sender has {resembled.number} in work under the same subject: linked", True)
    draft.add(LinkTickets(serial, resembled.serial, "resembles"))
    return resembled
