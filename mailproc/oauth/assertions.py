"""What vouches for a service account or an application: JWTs signed with a key from a file (RFC 7523)."""

import base64
import json
import os
import shlex
import stat
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from mailproc.errors import ConfigError
from mailproc.settings import values

_MOST_BYTES = 65_536
_CERTIFICATE_BEGIN = b"-----BEGIN CERTIFICATE-----"
_CERTIFICATE_END = b"-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Google's key file."""

    email: str
    client_id: str  # what domain-wide delegation names
    key_id: str
    token_url: str
    key: rsa.RSAPrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A private key and what Microsoft Entra knows of it."""

    thumbprint: str  # SHA-256 in base64url
    expires_at: datetime
    key: rsa.RSAPrivateKey = field(repr=False)


def read_service_account(path: Path) -> ServiceAccount:
    """Google's JSON. Raises ConfigError when it cannot be used, or when everybody may read it."""
    raw = _read(path)
    try:
        fields = json.loads(raw)
        if fields.get("type") != "service_account":
            raise ValueError
        token_url = values.read_url(fields["token_uri"]) if fields.get("token_uri") else ""
        return ServiceAccount(
            email=str(fields["client_email"]),
            client_id=str(fields.get("client_id", "")),
            key_id=str(fields["private_key_id"]),
            token_url=token_url,
            key=_load_key(str(fields["private_key"]).encode()),
        )
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):  # BadValue is a ValueError
        text = f"{path}: this is not the JSON key of a Google service account. Make a key of the type JSON there"
        raise ConfigError((text,)) from None


def read_certificate(path: Path) -> Certificate:
    """The first private key and the first certificate of a PEM file. Raises ConfigError like `read_service_account`."""
    raw = _read(path)
    begin, end = raw.find(_CERTIFICATE_BEGIN), raw.find(_CERTIFICATE_END)
    try:
        if begin < 0 or end < begin:
            raise ValueError
        certificate = x509.load_pem_x509_certificate(raw[begin : end + len(_CERTIFICATE_END)])
        key = _load_key(raw[:begin] if b"PRIVATE KEY" in raw[:begin] else raw[end + len(_CERTIFICATE_END) :])
        if key.public_key() != certificate.public_key():
            raise ValueError
    except (ValueError, UnsupportedAlgorithm):
        text = f"{path}: this is not a PEM file with an RSA private key and the certificate that belongs to it"
        raise ConfigError((text,)) from None
    thumbprint = _encode(certificate.fingerprint(hashes.SHA256()))
    return Certificate(thumbprint, certificate.not_valid_after_utc, key)


def sign_for_account(account: ServiceAccount, scope: str, subject: str, audience: str, now: float) -> str:
    """Google's assertion: the account asks for a token of `subject`."""
    claims: dict[str, object] = {"iss": account.email, "scope": scope, "aud": audience, "sub": subject}
    claims |= {"iat": int(now), "exp": int(now) + 3600}
    return _sign({"alg": "RS256", "typ": "JWT", "kid": account.key_id}, claims, account.key)


def sign_for_client(certificate: Certificate, client_id: str, audience: str, now: float) -> str:
    """Microsoft's assertion: the application proves itself by its certificate instead of a secret."""
    claims: dict[str, object] = {"iss": client_id, "sub": client_id, "aud": audience, "jti": str(uuid.uuid4())}
    claims |= {"nbf": int(now) - 60, "exp": int(now) + 600}
    return _sign({"alg": "PS256", "typ": "JWT", "x5t#S256": certificate.thumbprint}, claims, certificate.key)


def _sign(header: dict[str, str], claims: dict[str, object], key: rsa.RSAPrivateKey) -> str:
    parts = (json.dumps(part, separators=(",", ":")).encode() for part in (header, claims))
    text = ".".join(_encode(part) for part in parts)
    # RFC 7518 section 3.5: the salt is as long as the hash
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
    scheme = pss if header["alg"] == "PS256" else padding.PKCS1v15()
    return f"{text}.{_encode(key.sign(text.encode(), scheme, hashes.SHA256()))}"


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _load_key(pem: bytes) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("no RSA key")
    return key


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            raw = stream.read(_MOST_BYTES)
    except OSError as error:
        raise ConfigError((f"{path}: the key file cannot be read: {error.strerror}",)) from None
    if mode & 0o007:
        text = (
            f"{path}: everybody may read or change this key (mode {mode:04o}). Run  chmod 640 {shlex.quote(str(path))}"
        )
        raise ConfigError((text,))
    return raw
