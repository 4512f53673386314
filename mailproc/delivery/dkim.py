"""Signs outgoing mail with the site's DKIM key as it leaves (RFC 6376, 8301, 8463): what is stored stays unsigned.

A mail is signed with the key in force on the day it goes, so that keys can be changed while mail waits. No time is
part of a signature: the same mail signed again with the same key has the same bytes (F20).
"""

import base64
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from mailproc.delivery.base import Delivery, OutgoingMail
from mailproc.errors import Permanent
from mailproc.message.canonical import Field, canonical_body, canonical_field, split_mail
from mailproc.records.delivery import Receipt, ReceiptState

# RFC 6376 section 5.4.1, and what mail programs show or thread by. From stands twice: nobody can add a second one
SIGNED = (
    "from", "from", "to", "subject", "date", "message-id", "reply-to", "in-reply-to", "references", "mime-version",
    "content-type", "content-transfer-encoding", "list-id", "auto-submitted",
)  # fmt: skip
_LEAST_RSA_BITS, _MOST_RSA_BITS = 1024, 4096  # RFC 8301 section 3.2
_LINE = 70


class Signer:
    """One key of the site. Raises Permanent, with what to do, when the key cannot be used."""

    def __init__(self, selector: str, domain: str, key_file: Path, algorithm: str = "rsa-sha256") -> None:
        self.selector, self.domain, self.algorithm = selector, domain, algorithm
        self._key = _read_key(key_file, algorithm)

    def sign(self, raw: bytes) -> bytes:
        """The mail with its signature as the first field. Raises Permanent for what is no mail of ours."""
        parts = split_mail(raw)
        if parts is None:
            raise Permanent("the mail has a header that cannot be signed")
        fields, body = parts
        names = [name for name in SIGNED if name == "from" or any(item.name == name for item in fields)]
        body_hash = base64.b64encode(hashlib.sha256(canonical_body(body, True)).digest()).decode("ascii")
        head = (
            f"DKIM-Signature: v=1; a={self.algorithm}; c=relaxed/relaxed; d={self.domain};\r\n"
            f" s={self.selector};\r\n h={_fold(':'.join(names), ':')};\r\n bh={body_hash};\r\n b="
        ).encode("ascii")
        # RFC 6376 section 3.7: the fields of h= from the bottom up, then the signature itself with an empty b=
        standing: dict[str, list[Field]] = {}
        for item in fields:
            standing.setdefault(item.name, []).append(item)
        pieces = [canonical_field(left.pop(), True) for name in names if (left := standing.get(name))]
        pieces.append(canonical_field(Field("dkim-signature", head + b"\r\n"), True).removesuffix(b"\r\n"))
        signature = base64.b64encode(self._make_signature(b"".join(pieces))).decode("ascii")
        lines = [signature[at : at + _LINE] for at in range(0, len(signature), _LINE)]
        return head + "\r\n ".join(lines).encode("ascii") + b"\r\n" + raw

    @property
    def bits(self) -> int:
        """The size of an RSA key, 0 for another."""
        return self._key.key_size if isinstance(self._key, rsa.RSAPrivateKey) else 0

    def dns_record(self) -> tuple[str, str]:
        """(name, text) of the TXT record under which others find the public key."""
        kind = self.algorithm.partition("-")[0]
        text = f"v=DKIM1; k={kind}; p={base64.b64encode(self.public_bytes()).decode('ascii')}"
        return f"{self.selector}._domainkey.{self.domain}", text

    def public_bytes(self) -> bytes:
        """The public key as it stands in DNS, before base64 (RFC 6376 section 3.6.1, RFC 8463 section 4)."""
        public = self._key.public_key()
        if isinstance(public, ed25519.Ed25519PublicKey):
            return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def _make_signature(self, text: bytes) -> bytes:
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(hashlib.sha256(text).digest())  # RFC 8463 section 3: of the hash
        return self._key.sign(text, padding.PKCS1v15(), hashes.SHA256())


@dataclass(frozen=True, slots=True)
class _SignedMail:
    id: int
    recipient: str
    envelope_from: str
    raw: bytes = field(repr=False)


class SigningDelivery:
    """Another delivery whose mails are signed."""

    def __init__(self, inner: Delivery, signer: Signer) -> None:
        self._inner = inner
        self._signer = signer

    def __str__(self) -> str:
        return str(self._inner)

    def deliver(self, mail: OutgoingMail) -> Receipt:
        """As the inner delivery's; FAILED for what cannot be signed."""
        try:
            raw = self._signer.sign(mail.raw)
        except Permanent as error:
            return Receipt(ReceiptState.FAILED, 0, str(error))
        return self._inner.deliver(_SignedMail(mail.id, mail.recipient, mail.envelope_from, raw))

    def close(self) -> None:
        """As the inner delivery's."""
        self._inner.close()


def make_key(path: Path, algorithm: str, bits: int = 2048) -> None:
    """A new private key in a file that only its owner can read. Raises Permanent, also where there is one already."""
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if algorithm == "ed25519-sha256":
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(public_exponent=65_537, key_size=bits)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
    except FileExistsError:
        raise Permanent(
            f"there is a key already: {path}; for a new one name another --selector, or another file with --out"
        ) from None
    except OSError as error:
        raise Permanent(f"cannot write {path}: {error.strerror or error}") from error


def _fold(text: str, at: str) -> str:
    """The text with folds behind some of its separators, so that lines stay short."""
    lines, line = [], ""
    for word in text.split(at):
        if line and len(line) + len(word) > _LINE:
            lines.append(line)
            line = ""
        line += word + at
    return "\r\n  ".join([*lines, line.removesuffix(at)])


def _read_key(path: Path, algorithm: str) -> rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey:
    make = "mailproc dkim new" + (" --algorithm ed25519" if algorithm == "ed25519-sha256" else "")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Permanent(
            f"delivery dkim: cannot read the key {path}: {error.strerror or error}; make one:  {make} --out {path}"
        ) from error
    try:
        key = serialization.load_pem_private_key(raw, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Permanent(f"delivery dkim: {path} holds no private key in PEM without a password: {error}") from error
    if algorithm == "ed25519-sha256" and isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    if algorithm == "rsa-sha256" and isinstance(key, rsa.RSAPrivateKey):
        if _LEAST_RSA_BITS <= key.key_size <= _MOST_RSA_BITS:
            return key
        raise Permanent(f"delivery dkim: the key {path} has {key.key_size} bits; receivers take 1024 to 4096, use 2048")
    raise Permanent(f"delivery dkim: the key {path} is not one for {algorithm}; make one:  {make} --out {path}")
