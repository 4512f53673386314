"""STARTTLS of both listeners: what came in clear does not count, and a renewed certificate is taken up."""

import datetime
import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mailproc.errors import Permanent
from mailproc.intake.certificate import Certificate
from mailproc.intake.smtp import SmtpListener
from tests.postfix import wait_until

MAIL = b"Subject: Printer\r\n\r\nIt burns.\r\n"
Listen = Callable[..., SmtpListener]
Connect = Callable[..., Any]


def write_pair(folder: Path, name: str) -> dict[str, str]:
    """A fresh certificate of that name with its key, as settings."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = {"tls_certificate": str(folder / "mx.crt"), "tls_key": str(folder / "mx.key")}
    Path(files["tls_certificate"]).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    Path(files["tls_key"]).write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files


def shown_name(client: Any) -> str:
    """The common name of the certificate that STARTTLS shows."""
    client.say(f"{client.hello} x")
    assert client.say("STARTTLS").startswith("220")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client.socket = context.wrap_socket(client.socket)
    shown = x509.load_der_x509_certificate(client.socket.getpeercert(binary_form=True))
    return str(shown.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def test_t51_commands_sent_in_clear_behind_starttls_are_dropped(
    both: type[SmtpListener], tls_files: dict[str, str], listen: Listen, connect: Connect, ledger: Any
) -> None:
    client = connect(listen(both, **tls_files).port)
    assert "250 STARTTLS" in client.say(f"{client.hello} x")
    assert client.say("STARTTLS\r\nNOOP\r\nMAIL FROM:<evil@c.test>").startswith("220")
    client.shake_hands()
    # What was said in clear, the greeting too, is forgotten: RFC 3207 section 4.2
    assert client.say("MAIL FROM:<a@c.test>").startswith("503")
    assert "STARTTLS" not in client.say(f"{client.hello} x")
    client.begin()
    client.send(MAIL + b".\r\n")
    assert client.read().startswith("250")
    assert ledger.mails[0][1].sender == "cust@c.test"


def test_second_starttls_is_refused(
    both: type[SmtpListener], tls_files: dict[str, str], listen: Listen, connect: Connect
) -> None:
    client = connect(listen(both, **tls_files).port, starttls=True)
    assert client.say("STARTTLS").startswith("503")
    assert client.say("QUIT").startswith("221")


def test_starttls_that_was_not_offered_is_refused(both: type[SmtpListener], listen: Listen, connect: Connect) -> None:
    client = connect(listen(both).port)
    assert "STARTTLS" not in client.say(f"{client.hello} x")
    assert client.say("STARTTLS").startswith("454")


def test_failed_handshake_leaves_the_listener_alive(
    tls_files: dict[str, str], listen: Listen, connect: Connect, ledger: Any
) -> None:
    listener = listen(**tls_files)
    client = connect(listener.port)
    client.say("EHLO x")
    assert client.say("STARTTLS").startswith("220")
    client.send(b"this is no handshake\r\n" * 10)
    assert client.is_closed()
    assert wait_until(lambda: len(listener.admission) == 0)
    client = connect(listener.port, starttls=True)
    client.begin()
    client.send(MAIL + b".\r\n")
    assert client.read().startswith("250")


def test_client_that_begins_no_handshake_is_cut_off(
    tls_files: dict[str, str], listen: Listen, connect: Connect
) -> None:
    listener = listen(idle_seconds=1.0, **tls_files)
    client = connect(listener.port)
    client.say("EHLO x")
    assert client.say("STARTTLS").startswith("220")
    assert client.is_closed()
    assert wait_until(lambda: len(listener.admission) == 0)


def test_idle_client_under_tls_is_cut_off(tls_files: dict[str, str], listen: Listen, connect: Connect) -> None:
    client = connect(listen(idle_seconds=1.0, **tls_files).port, starttls=True)
    assert client.read().startswith("421 4.4.2")


def test_certificate_that_is_renewed_is_shown_without_a_restart(
    tmp_path: Path, listen: Listen, connect: Connect
) -> None:
    listener = listen(look_seconds=0.0, **write_pair(tmp_path, "old.test"))
    assert shown_name(connect(listener.port)) == "old.test"
    write_pair(tmp_path, "renewed.test")
    assert shown_name(connect(listener.port)) == "renewed.test"


def test_certificate_is_read_again_when_asked(tmp_path: Path, listen: Listen, connect: Connect) -> None:
    listener = listen(look_seconds=3600, **write_pair(tmp_path, "old.test"))
    assert shown_name(connect(listener.port)) == "old.test"
    write_pair(tmp_path, "renewed.test")
    assert shown_name(connect(listener.port)) == "old.test"
    listener.reload()
    assert shown_name(connect(listener.port)) == "renewed.test"


@pytest.mark.parametrize("spoiled", ["tls_certificate", "tls_key"])
@pytest.mark.parametrize("content", [b"", b"half a certificate", None])
def test_former_certificate_stays_when_the_new_files_do_not_fit(
    spoiled: str, content: bytes | None, tmp_path: Path, listen: Listen, connect: Connect
) -> None:
    files = write_pair(tmp_path, "good.test")
    listener = listen(look_seconds=0.0, **files)
    if content is None:
        other = tmp_path / "other"
        other.mkdir()
        os.replace(write_pair(other, "other.test")[spoiled], files[spoiled])
    else:
        Path(files[spoiled]).write_bytes(content)
    assert shown_name(connect(listener.port)) == "good.test"
    listener.reload()
    assert shown_name(connect(listener.port)) == "good.test"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (("none.crt", "mx.key"), r"cannot read .*/none\.crt \(tls_certificate, tls_key\); mailproc's user"),
        (("mx.crt", "none.key"), r"cannot read .*/none\.key"),
        (("mx.key", "mx.key"), r"mx\.key are no certificate \(PEM, leaf first\) with its key"),
    ],
)
def test_certificate_that_cannot_be_used_says_why(
    files: tuple[str, str], words: str, tmp_path: Path, listen: Listen
) -> None:
    write_pair(tmp_path, "mx.test")
    with pytest.raises(Permanent, match=f"^intake smtp: .*{words}"):
        listen(tls_certificate=str(tmp_path / files[0]), tls_key=str(tmp_path / files[1]))


def test_key_may_stand_in_the_certificates_file(tmp_path: Path) -> None:
    files = write_pair(tmp_path, "mx.test")
    both = tmp_path / "both.pem"
    both.write_bytes(b"".join(Path(path).read_bytes() for path in files.values()))
    assert Certificate(both).context(0.0).minimum_version == ssl.TLSVersion.TLSv1_2
