"""Signed words in reply addresses and Message-IDs: what they say, and whether we said it.

A token (mail-policy section 3) is `<key id><purpose><serial><signature>` in lower-case base32 without `+` or `-`;
the signature is HMAC-SHA-256 cut to 80 bits over key id, ticket, role, recipient's identity and purpose, and over the
ticket's epoch once its tokens were revoked. Dry: the keys are an argument.

Purposes: c customer, r agent's reply, n note, d done (reply and resolve), h held mail, o open a case. The last belongs
to an agent and no ticket (its serial is 00000): a standing address, good as long as the key.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from mailproc.records.site import Key, KeyRing, Site

PURPOSES = {"c": "customer", "r": "agent", "n": "agent", "d": "agent", "h": "hold", "o": "opener"}
STANDING = "o"
_NEW = "new"  # of `new+TOKEN@`, for people who remember a word rather than a mailbox
# How long a token counts after the ticket's last mail, and after the key that signed it was replaced
CUSTOMER_TOKEN_LIFE = timedelta(days=180)
AGENT_TOKEN_LIFE = timedelta(days=30)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_LEAST_DIGITS = 5  # of a serial; the number of a held mail is filled up with zeros
_BLOCK = 64  # bytes SHA-256 works on at a time
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_TOKEN = re.compile(r"([a-z2-7])([crndho])([0-9]{5,14})([a-z2-7]{16})")
# What `bounceaddress` makes: it stands where a token stands, and is none
BOUNCE_WORD = re.compile(r"([a-z2-7])b([0-9]{5,14})n([0-9]{1,9})([a-z2-7]{16})")
_OUR_ID = re.compile(
    r"<t\.([1-9][0-9]{4,13})\.(0|[1-9][0-9]{0,8})\.([a-z2-7])([a-z2-7]{16})@([a-z0-9.-]{1,253})>", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class TokenClaim:
    """What a token says; nothing of it is proven before `is_genuine`."""

    key_id: str
    purpose: str
    serial: int
    signature: str


@dataclass(frozen=True, slots=True)
class OurId:
    """A Message-ID of ours with a valid signature: outgoing mail `n` of ticket `serial`; n = 0 is the root id."""

    serial: int
    n: int
    key_id: str = field(default="", compare=False)


def make_token(keys: KeyRing, purpose: str, serial: int, identity: str, epoch: int = 0) -> str:
    """The token that lets `identity` (an address or `department:KEY`) speak on ticket `serial` for `purpose`.

    For purpose h the serial is a held mail's inbox id; its role is one of its own, so that no ticket takes it. `epoch`
    is the ticket's: tokens of an earlier one were revoked.
    """
    key = keys.current
    return f"{key.id}{purpose}{serial:05d}{_sign(key.secret, key.id, purpose, serial, identity, epoch)}"


def read_token(word: str) -> TokenClaim | None:
    """What the word claims if it has a token's form, read without regard to case."""
    match = _TOKEN.fullmatch(word.lower())
    if match is None or (match[3][0] == "0" and len(match[3]) > _LEAST_DIGITS):
        return None  # we write a number in one way only
    return TokenClaim(match[1], match[2], int(match[3]), match[4])


def make_standing_token(keys: KeyRing, identity: str) -> str:
    """The token with which an agent of that address, or any of that department, begins cases."""
    return make_token(keys, STANDING, 0, identity)


def make_hold_id(site: Site, token: str) -> str:
    """The Message-ID that carries a token of a held mail in References, for sites whose addresses carry none."""
    return f"<{token}@hold.{site.domain}>"


def read_hold_id(message_id: str, site: Site) -> TokenClaim | None:
    """The token that such a Message-ID claims."""
    local, _, domain = message_id.strip().strip("<>").rpartition("@")
    claim = read_token(local) if domain.lower() == f"hold.{site.domain}" else None
    return claim if claim is not None and claim.purpose == "h" else None


def is_genuine(claim: TokenClaim, keys: KeyRing, identity: str, epoch: int = 0) -> bool:
    """True when we made this token for that identity; takes the same time whatever the signature."""
    key = keys.find(claim.key_id)
    if key is None:
        return False
    expected = _sign(key.secret, key.id, claim.purpose, claim.serial, identity, epoch)
    return hmac.compare_digest(expected, claim.signature)


def is_key_in_force(key_id: str, keys: KeyRing, role: str, now: datetime) -> bool:
    """Whether what this key signed for a customer or an agent still counts: for a while after it was replaced."""
    key = keys.find(key_id)
    return key is not None and key.verifies(AGENT_TOKEN_LIFE if role == "agent" else CUSTOMER_TOKEN_LIFE, now)


def make_reply_address(site: Site, token: str, base: str) -> str:
    """The address that carries the token: `support+TOKEN@`, `support-TOKEN@`, `TOKEN@support.`, or the base itself."""
    local, _, domain = base.rpartition("@")
    if site.address_extension == "plus":
        return f"{local}+{token}@{domain}"
    if site.address_extension == "dash":
        return f"{local}-{token}@{domain}"
    if site.address_extension == "subdomain":
        return f"{token}@{domain}" if domain.startswith("cases.") else f"{token}@cases.{domain}"
    return base


def split_reply_address(site: Site, address: str) -> tuple[str, TokenClaim | None]:
    """(our address without its extension, the token it claims); ("", None) when the address is none of ours."""
    base, word = split_extension(site, address)
    return base, read_token(word) if word else None


def split_extension(site: Site, address: str) -> tuple[str, str]:
    """(our address without its extension, the extension in lower case); ("", "") when the address is none of ours."""
    address = address.lower()
    local, _, domain = address.rpartition("@")
    if address in site.addresses:
        return address, ""
    for ours in site.addresses:
        our_local, _, our_domain = ours.rpartition("@")
        if domain == our_domain:
            for mark in "+-":
                if local.startswith(our_local + mark):
                    extension = local[len(our_local) + 1 :]
                    # A dash is an ordinary letter of addresses: without a token's form it is somebody else's mailbox
                    if mark == "+" or _is_word(extension):
                        return ours, extension
        elif (
            domain == f"cases.{our_domain}" or (domain == our_domain and domain.startswith("cases."))
        ) and _is_word(local):
            return ours, local
        if domain == our_domain and local.startswith((f"{_NEW}+", f"{_NEW}-")):
            claim = read_token(local[len(_NEW) + 1 :])
            if claim is not None and claim.purpose == STANDING:
                return site.addresses[0], local[len(_NEW) + 1 :]
    return "", ""


def _is_word(text: str) -> bool:
    return read_token(text) is not None or BOUNCE_WORD.fullmatch(text) is not None


def sign_word(key: Key, purpose: str, serial: int, identity: str) -> str:
    """The signature of a word of ours that is no token, with the key that it names."""
    return _sign(key.secret, key.id, purpose, serial, identity)


def make_message_id(keys: KeyRing, serial: int, n: int, domain: str) -> str:
    """`<t.SERIAL.N.SIG@domain>`: the same ticket and n give the same id as long as the key lives."""
    key = keys.current
    return f"<t.{serial}.{n}.{key.id}{_sign(key.secret, key.id, 'id', serial, str(n))}@{domain}>"


def read_message_id(message_id: str, keys: KeyRing) -> OurId | None:
    """Which mail of ours this id names; None when we did not make it, whatever it looks like."""
    match = _OUR_ID.fullmatch(message_id.strip())
    if match is None:
        return None
    key = keys.find(match[3].lower())
    if key is None:
        return None
    serial, n = int(match[1]), int(match[2])
    expected = _sign(key.secret, key.id, "id", serial, str(n))
    return OurId(serial, n, key.id) if hmac.compare_digest(expected, match[4].lower()) else None


@lru_cache(maxsize=64)
def _keyed(secret: bytes) -> tuple[Any, Any]:
    """Both hashes of HMAC (RFC 2104 section 2) with the key already in: a mail signs seven times with the same one."""
    block = (hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
    return hashlib.sha256(block.translate(_INNER)), hashlib.sha256(block.translate(_OUTER))


@lru_cache(maxsize=512)
def _sign(secret: bytes, key_id: str, purpose: str, serial: int, identity: str, epoch: int = 0) -> str:
    role = PURPOSES.get(purpose, "")
    message = f"{key_id}\0{serial}\0{role}\0{identity}\0{purpose}".encode()
    if epoch:
        message += b"\0%d" % epoch
    first, second = _keyed(secret)
    inner, outer = first.copy(), second.copy()
    inner.update(message)
    outer.update(inner.digest())
    n = int.from_bytes(outer.digest()[:10], "big")
    # Base32 (RFC 4648 section 6) of 80 bits is ten bits twice in each of eight look-ups; the library's takes longer
    p = _PAIRS
    high = p[n >> 70] + p[n >> 60 & 1023] + p[n >> 50 & 1023] + p[n >> 40 & 1023]
    return high + p[n >> 30 & 1023] + p[n >> 20 & 1023] + p[n >> 10 & 1023] + p[n & 1023]
