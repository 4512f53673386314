"""The envelope of a mail that a local MTA pipes into `mailproc deliver`, or that `mailproc feed` reads from a file.

Makes records only: reading standard input and the exit codes belong to the command.
"""

import hashlib
from datetime import datetime

from mailproc.intake.base import Accepts, find_recipients
from mailproc.message.addresses import normalise
from mailproc.records.mail import Envelope


def envelope_from_pipe(
    raw: bytes,
    sender: str | None,
    recipients: tuple[str, ...],
    addresses: tuple[str, ...],
    now: datetime,
    *,
    accepts: Accepts | None = None,
) -> Envelope:
    """How a piped mail came in; what the MTA's arguments say goes before what the mail's headers say.

    `sender` is None when the MTA named none, "" or "<>" for the null sender. A recipient that is no usable address
    is left out; with none left the mail's headers decide, in the end the site's first address.
    """
    named = tuple(dict.fromkeys(usable for usable in map(normalise, recipients) if usable))
    return Envelope(
        kind="pipe",
        received_at=now,
        sender=_read_sender(sender),
        recipients=named or find_recipients(raw, addresses, accepts),
    )


def envelope_from_file(
    raw: bytes,
    addresses: tuple[str, ...],
    now: datetime,
    *,
    accepts: Accepts | None = None,
    forwards_old: bool = False,
) -> Envelope:
    """How a fed mail came in: it arrives now, whatever its age; its headers say whom it was for.

    Its bytes are its name, so that feeding it again adds nothing, whether or not it has a Message-ID.
    """
    return Envelope(
        kind="feed",
        received_at=now,
        recipients=find_recipients(raw, addresses, accepts),
        identity=f"feed:{hashlib.sha256(raw).hexdigest()}",
        forwards_old=forwards_old,
    )


def _read_sender(sender: str | None) -> str | None:
    if sender is None:
        return None
    bare = sender.strip().removeprefix("<").removesuffix(">").strip()
    if not bare or bare.upper() == "MAILER-DAEMON":  # local(8) of Postfix names the null sender so
        return ""
    return normalise(bare) or None
