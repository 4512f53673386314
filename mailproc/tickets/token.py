"""Signed words in reply addresses and Message-IDs: what they say, and whether we said it.

A token (mail-policy section 3) is `<key id><purpose><serial><signature>` in lower-case base32 without `+` or `-`;
the signature is HMAC-SHA-256 cut to 80 bits over key id, ticket, role, recipient's identity and purpose. Dry: the
keys are an argument.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mailproc.records.site import KeyRing, Site

PURPOSES = {"c": "customer", "r": "agent", "n": "agent", "d": "agent", "h": "agent"}
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_BLOCK = 64  # bytes SHA-256 works on at a time
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_TOKEN = re.compile(r"([a-z2-7])([crndh])([0-9]{5,14})([a-z2-7]{16})")
_OUR_ID = re.compile(r"<t\.([0-9]{5,14})\.([0-9]{1,9})\.([a-z2-7])([a-z2-7]{16})@([a-z0-9.-]{1,253})>", re.IGNORECASE)


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


def make_token(keys: KeyRing, purpose: str, serial: int, identity: str) -> str:
    """The token that lets `identity` (an address or `department:KEY`) speak on ticket `serial` for `purpose`."""
    key = keys.current
    return f"{key.id}{purpose}{serial}{_sign(key.secret, key.id, purpose, serial, identity)}"


def read_token(word: str) -> TokenClaim | None:
    """What the word claims if it has a token's form, read without regard to case."""
    match = _TOKEN.fullmatch(word.lower())
    return TokenClaim(match[1], match[2], int(match[3]), match[4]) if match else None


def is_genuine(claim: TokenClaim, keys: KeyRing, identity: str) -> bool:
    """True when we made this token for that identity; takes the same time whatever the signature."""
    key = keys.find(claim.key_id)
    if key is None:
        return False
    expected = _sign(key.secret, key.id, claim.purpose, claim.serial, identity)
    return hmac.compare_digest(expected, claim.signature)


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
    address = address.lower()
    local, _, domain = address.rpartition("@")
    if address in site.addresses:
        return address, None
    for ours in site.addresses:
        our_local, _, our_domain = ours.rpartition("@")
        if domain == our_domain:
            for mark in "+-":
                if local.startswith(our_local + mark):
                    extension = local[len(our_local) + 1 :]
                    claim = read_token(extension)
                    # A dash is an ordinary letter of addresses: without a token's form it is somebody else's mailbox
                    if mark == "+" or claim is not None:
                        return ours, claim
        elif domain == f"cases.{our_domain}" or (domain == our_domain and domain.startswith("cases.")):
            claim = read_token(local)
            if claim is not None:
                return ours, claim
    return "", None


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
    return OurId(serial, n) if hmac.compare_digest(expected, match[4].lower()) else None


@lru_cache(maxsize=64)
def _keyed(secret: bytes) -> tuple[Any, Any]:
    """Both hashes of HMAC (RFC 2104 section 2) with the key already in: a mail signs seven times with the same one."""
    block = (hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
    return hashlib.sha256(block.translate(_INNER)), hashlib.sha256(block.translate(_OUTER))


@lru_cache(maxsize=512)
def _sign(secret: bytes, key_id: str, purpose: str, serial: int, identity: str) -> str:
    role = PURPOSES.get(purpose, "")
    message = f"{key_id}\0{serial}\0{role}\0{identity}\0{purpose}".encode()
    first, second = _keyed(secret)
    inner, outer = first.copy(), second.copy()
    inner.update(message)
    outer.update(inner.digest())
    n = int.from_bytes(outer.digest()[:10], "big")
    # Base32 (RFC 4648 section 6) of 80 bits is ten bits twice in each of eight look-ups; the library's takes longer
    p = _PAIRS
    high = p[n >> 70] + p[n >> 60 & 1023] + p[n >> 50 & 1023] + p[n >> 40 & 1023]
    return high + p[n >> 30 & 1023] + p[n >> 20 & 1023] + p[n >> 10 & 1023] + p[n & 1023]
