"""Real keys, their DNS records, and mail signed with them by dkimpy: none of our own code."""

from base64 import b64encode

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


class Keys:
    """Private keys in the form dkimpy signs with, and their records."""

    def __init__(self) -> None:
        self.rsa = generate_private_key(65537, 2048)
        self.ed25519 = Ed25519PrivateKey.generate()

    def rsa_record(self, key: RSAPrivateKey | None = None) -> str:
        public = (key or self.rsa).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return "v=DKIM1; k=rsa; p=" + b64encode(public).decode()

    def ed25519_record(self) -> str:
        public = self.ed25519.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return "v=DKIM1; k=ed25519; p=" + b64encode(public).decode()

    def sign(
        self,
        raw: bytes,
        domain: str = "c.test",
        *,
        key: RSAPrivateKey | None = None,
        method: str = "rsa-sha256",
        forms: str = "relaxed/relaxed",
        cover: str = "from subject date to",
        has_length: bool = False,
        identity: str = "",
    ) -> bytes:
        """The mail with a signature by selector `s` above it, made by dkimpy: none of our own code."""
        if method == "ed25519-sha256":
            secret = b64encode(self.ed25519.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
        else:
            secret = (key or self.rsa).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        header = dkim.sign(
            raw,
            b"s",
            domain.encode(),
            secret,
            identity=identity.encode() or None,
            canonicalize=tuple(forms.encode().split(b"/")),
            include_headers=cover.encode().split(),
            length=has_length,
            signature_algorithm=method.encode(),
        )
        return bytes(header) + raw
