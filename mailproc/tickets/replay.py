"""What a mail is known by when somebody sends a copy of it again with another Message-ID (T19). Dry.

A DKIM signature is over bytes that its holder cannot change; whoever sends a signed mail again has to leave it in.
Where a mail has none, its sender, date, recipients and words are what makes it that mail.
"""

import binascii
import hashlib
from base64 import b64decode

from mailproc.records.mail import Inbound
from mailproc.records.site import Site
from mailproc.tickets.token import PURPOSES, OurId, TokenClaim

MARK = "said:"  # every mail that may be an agent's has a mark that begins so
_MOST_SIGNATURES = 50  # as many as are read when they are verified
_MOST_TEXT = 200_000


def find_marks(
    inbound: Inbound, tokens: tuple[TokenClaim, ...], our_ids: tuple[OurId, ...], site: Site
) -> tuple[str, ...]:
    """The marks of a mail that may be an agent's work; none of all other mail, which costs nothing then.

    No mark has the form of a Message-ID, so that no References can name one.
    """
    may_be_agents = any(PURPOSES[claim.purpose] == "agent" for claim in tokens) or (
        site.address_extension == "none" and bool(our_ids)
    )
    return make_marks(inbound) if may_be_agents else ()


def make_marks(inbound: Inbound) -> tuple[str, ...]:
    """The marks of a mail, whether or not it names a case: an agent's commands and forwards are copied as well."""
    if inbound.from_ is None:
        return ()
    signatures = [value for name, value in inbound.headers if name == "dkim-signature"][:_MOST_SIGNATURES]
    marks = [f"dkim:{hashlib.sha256(raw).hexdigest()}" for raw in map(_signature_bytes, signatures) if raw]
    words = " ".join(inbound.text[:_MOST_TEXT].split())
    date = inbound.date.isoformat() if inbound.date is not None else ""
    # The same words to two cases in one second are two mails: a mail program's macro writes to many
    to = " ".join(sorted({person.addr for person in (*inbound.to, *inbound.cc)}))
    said = f"{inbound.from_.addr}\0{date}\0{to}\0{words}".encode("utf-8", "surrogatepass")
    return (*dict.fromkeys(marks), f"{MARK}{hashlib.sha256(said).hexdigest()}")


def _signature_bytes(value: str) -> bytes:
    """The bytes of tag b= (RFC 6376 section 3.5): blanks and base64's spare bits are not part of them."""
    for tag in value.split(";"):
        name, _, text = tag.partition("=")
        if name.strip() == "b":
            plain = "".join(text.split()).rstrip("=")
            try:
                return b64decode(plain + "=" * (-len(plain) % 4))
            except (binascii.Error, ValueError):
                return b""
    return b""
