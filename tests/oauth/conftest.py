"""A token server, keys of a service account and an application, and entries of `oauth` that point at them."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from mailproc.settings import OAuthSettings
from tests.oauth.server import CLIENT, SECRET, USER, TokenServer

MakeEntry = Callable[..., OAuthSettings]


@pytest.fixture(scope="session")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def server(private_key: rsa.RSAPrivateKey) -> Iterator[TokenServer]:
    server = TokenServer()
    server.key, server.account_email = private_key.public_key(), "bot@project.iam.example"
    yield server
    server.close()


@pytest.fixture
def entry(server: TokenServer, private_key: rsa.RSAPrivateKey, tmp_path: Path) -> MakeEntry:
    """`entry(flow, **changes)`: an entry of `oauth` whose token server is `server`."""

    def make(flow: str = "login", **changes: str) -> OAuthSettings:
        provider = "microsoft" if flow == "client_credentials" else changes.pop("provider", "google")
        fields = {"authority": server.url, "token_file": str(tmp_path / "data" / "oauth" / "x.json")}
        if flow == "service_account":
            fields["key_file"] = str(write_service_account(tmp_path / "google.json", private_key))
        else:
            fields |= {"client_id": CLIENT, "client_secret": SECRET}
            fields |= {"tenant": "acme.example"} if provider == "microsoft" else {}
            fields |= {"user": USER} if flow == "login" else {}
        return OAuthSettings("x", provider, flow, **{**fields, **changes})

    return make


def write_service_account(path: Path, key: rsa.RSAPrivateKey, **changes: str) -> Path:
    """Google's key file."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    fields = {
        "type": "service_account",
        "client_email": "bot@project.iam.example",
        "client_id": "1234567890",
        "private_key_id": "key-1",
        "private_key": pem.decode(),
        "token_uri": "https://oauth2.googleapis.com/token",
        **changes,
    }
    path.write_text(json.dumps(fields))
    path.chmod(0o600)
    return path


def write_certificate(path: Path, key: rsa.RSAPrivateKey, ends_at: datetime | None = None) -> x509.Certificate:
    """A PEM file with a private key and a certificate of it."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mailproc")])
    ends_at = ends_at or datetime.now(UTC) + timedelta(days=365)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(ends_at - timedelta(days=730))
        .not_valid_after(ends_at)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    path.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    path.chmod(0o600)
    return certificate
