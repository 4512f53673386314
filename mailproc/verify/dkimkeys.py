"""A DKIM public key as its domain publishes it, and whether it verifies a signature (RFC 6376 section 3.6).

`cryptography` is imported with the first key. Keys are read tolerantly and judged strictly: what could not prove
anything (RFC 8301: less than 1024 bits, a test, revoked) is refused by name.
"""

import binascii
import hashlib
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass

SMALLEST_RSA = 1_024  # RFC 8301 section 3.2
_BIGGEST_RSA = 8_192  # more costs time and nobody uses it
_MOST_TAGS = 40
_TAG_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_BLANKS = re.compile(r"[ \t\r\n]+")


class BadKey(Exception):
    """Why a key proves nothing, in words that go behind the name of its domain."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key that may be used; `verifies(signature, what was signed)` never raises."""

    kind: str  # rsa | ed25519
    is_strict: bool  # t=s: i= must name the very domain of d=
    verifies: Callable[[bytes, bytes], bool]


def read_tags(text: str) -> dict[str, str] | None:
    """The tags of a list (RFC 6376 section 3.2), blanks around values removed; None when it is no such list."""
    tags: dict[str, str] = {}
    specs = text.split(";", _MOST_TAGS)
    if not specs[-1].strip(" \t\r\n"):
        specs.pop()
    if len(specs) > _MOST_TAGS:
        return None
    for spec in specs:
        name, equals, value = spec.partition("=")
        name = name.strip(" \t\r\n")
        if not equals or _TAG_NAME.fullmatch(name) is None or name in tags:
            return None
        tags[name] = value.strip(" \t\r\n")
    return tags


def read_base64(text: str) -> bytes:
    """The bytes; b"" when this is no base64."""
    try:
        return b64decode(_BLANKS.sub("", text), validate=True)
    except (binascii.Error, ValueError):
        return b""


def read_key(record: str) -> Key:
    """The key in a TXT record; raises BadKey."""
    tags = read_tags(record)
    if tags is None or tags.get("v", "DKIM1") != "DKIM1":
        raise BadKey("its key is not written as RFC 6376 says")
    kind = tags.get("k", "rsa").lower()
    hashes = [word.strip(" \t\r\n").lower() for word in tags.get("h", "sha256").split(":")]
    services = [word.strip(" \t\r\n").lower() for word in tags.get("s", "*").split(":")]
    flags = [word.strip(" \t\r\n").lower() for word in tags.get("t", "").split(":")]
    if "p" not in tags:
        raise BadKey("its key is missing from the record")
    if not tags["p"]:
        raise BadKey("its key is revoked")
    if "sha256" not in hashes or not {"*", "email"} & set(services):
        raise BadKey("its key is not meant for this")
    if "y" in flags:
        # RFC 6376 section 3.6.1: mail signed in a test is treated as unsigned
        raise BadKey("its key is marked as a test (t=y)")
    data = read_base64(tags["p"])
    if kind == "rsa":
        return Key("rsa", "s" in flags, _rsa(data))
    if kind == "ed25519":
        return Key("ed25519", "s" in flags, _ed25519(data))
    raise BadKey("its key is of a kind nobody knows")


def _rsa(data: bytes) -> Callable[[bytes, bytes], bool]:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise BadKey("its key cannot be read") from None
    if not isinstance(key, RSAPublicKey):
        raise BadKey("its key is not of the kind it says")
    if key.key_size < SMALLEST_RSA:
        raise BadKey(f"its key has {key.key_size} bits, too few to prove anything")
    if key.key_size > _BIGGEST_RSA:
        raise BadKey(f"its key has {key.key_size} bits, more than are worked with")

    def verifies(signature: bytes, signed: bytes) -> bool:
        try:
            key.verify(signature, signed, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    return verifies


def _ed25519(data: bytes) -> Callable[[bytes, bytes], bool]:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(data)
    except ValueError:
        raise BadKey("its key cannot be read") from None

    def verifies(signature: bytes, signed: bytes) -> bool:
        try:
            # RFC 8463 section 3: what is signed is the SHA-256 of the hash input
            key.verify(signature, hashlib.sha256(signed).digest())
        except (InvalidSignature, ValueError):
            return False
        return True

    return verifies
