"""The address that outgoing mail comes back to: it names the mail, signed, so that a report needs no copy of it (VERP).

The word is `<key id>b<serial>n<n><signature>`, in the same place of an address as a reply token. Dry: no I/O.
"""

import hmac

from mailproc.message.addresses import LONGEST_LOCAL
from mailproc.records.site import KeyRing, Site
from mailproc.tickets.token import BOUNCE_WORD, OurId, make_reply_address, sign_word, split_extension

_PURPOSE = "bounce"


def make_bounce_address(site: Site, keys: KeyRing, serial: int, n: int, base: str) -> str:
    """The envelope sender of mail `n` of ticket `serial`; the base itself where no word fits, or the site takes none.

    Then a report is known by the Message-ID of the mail it returns.
    """
    if site.address_extension == "none" or not (serial and n):
        return base
    key = keys.current
    word = f"{key.id}b{serial}n{n}{sign_word(key, _PURPOSE, serial, str(n))}"
    address = make_reply_address(site, word, base)
    # RFC 5321 section 4.5.3.1.1: a word grows with the case, and no server takes a mail from an address too long
    return address if len(address.rpartition("@")[0]) <= LONGEST_LOCAL else base


def read_bounce_address(site: Site, keys: KeyRing, address: str) -> OurId | None:
    """Which mail of ours this address belongs to; None when we did not make it."""
    base, word = split_extension(site, address)
    match = BOUNCE_WORD.fullmatch(word) if base and word else None
    key = keys.find(match[1]) if match else None
    if match is None or key is None or "0" in (match[2][0], match[3][0]):
        return None  # we write a number in one way only
    serial, n = int(match[2]), int(match[3])
    is_ours = hmac.compare_digest(sign_word(key, _PURPOSE, serial, str(n)), match[4])
    return OurId(serial, n, key.id) if is_ours else None
