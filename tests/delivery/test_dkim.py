"""Our DKIM signatures, verified by dkimpy and by our own verifier's canonical forms."""

import subprocess
from email import message_from_bytes
from pathlib import Path
from typing import Any

import dkim
import pytest

from mailproc.delivery.dkim import SIGNED, Signer, SigningDelivery
from mailproc.errors import Permanent
from mailproc.records.delivery import Receipt, ReceiptState

RAW = (
    b"From: Acme Support <support@our.test>\r\nTo: jane@c.test\r\nSubject: Re: [ACME-1]\r\n  a folded  subject\r\n"
    b"Date: Tue, 13 Jan 2026 09:00:00 +0000\r\nMessage-ID: <t.10000.1.x@our.test>\r\nReply-To: support+x@our.test\r\n"
    b"References: <a@b.test>\r\n <c@d.test>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello  Jane \r\n.\r\n\r\n"
)


def make_key(folder: Path, algorithm: str, bits: int = 2048) -> Path:
    path = folder / f"{algorithm}-{bits}.pem"
    options = ["-algorithm", "ed25519"] if algorithm == "ed25519" else ["-algorithm", "rsa", "-pkeyopt",
                                                                        f"rsa_keygen_bits:{bits}"]  # fmt: skip
    subprocess.run(["openssl", "genpkey", *options, "-out", str(path)], check=True, capture_output=True)
    return path


@pytest.fixture(scope="module", params=["rsa-sha256", "ed25519-sha256"])
def signer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Signer:
    path = make_key(tmp_path_factory.mktemp("key"), request.param.partition("-")[0])
    return Signer("mail2026", "our.test", path, request.param)


def verifies(signer: Signer, raw: bytes) -> bool:
    name, text = signer.dns_record()
    return bool(
        dkim.verify(raw, dnsfunc=lambda asked, timeout=5: text.encode() if asked.decode() == f"{name}." else b"")
    )


@pytest.mark.parametrize("body", [b"", b"\r\n", b"x", b"a \t b\t\r\n\r\n\r\n", b"\xc3\xa9\r\n", b"x\r\n" * 5000])
def test_signature_is_taken_by_others(signer: Signer, body: bytes) -> None:
    assert verifies(signer, signer.sign(RAW.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body))


def test_signature_covers_what_is_shown_and_threaded(signer: Signer) -> None:
    signed = signer.sign(RAW)
    field = message_from_bytes(signed)["DKIM-Signature"]
    tags = dict(part.strip().partition("=")[::2] for part in "".join(field.split()).split(";"))
    standing = {line.partition(b":")[0].decode().lower() for line in RAW.split(b"\r\n\r\n")[0].split(b"\r\n")}
    assert tags["h"].split(":") == [name for name in SIGNED if name in standing]
    assert tags["h"].split(":").count("from") == 2 and tags["d"] == "our.test" and tags["s"] == "mail2026"
    assert not {"t", "x", "l"} & tags.keys()
    assert max(map(len, signed.split(b"\r\n"))) <= 78 and signed.endswith(RAW)
    assert signed.count(b"\n") == signed.count(b"\r\n")


@pytest.mark.parametrize(
    "change",
    [(b"jane@c.test", b"eve@c.test"), (b"Re: [ACME-1]", b"Re: [ACME-2]"), (b"Hello", b"Hullo"),
     (b"From: Acme", b"From: evil@x.test\r\nFrom: Acme"), (b"Reply-To: support+x", b"Reply-To: support+y")],
)  # fmt: skip
def test_a_change_breaks_it(signer: Signer, change: tuple[bytes, bytes]) -> None:
    assert not verifies(signer, signer.sign(RAW).replace(*change))


def test_f20_the_same_mail_signed_again_has_the_same_bytes(signer: Signer) -> None:
    assert signer.sign(RAW) == signer.sign(RAW)


def test_mail_is_signed_as_it_leaves(signer: Signer, host: Any, mail: Any, sender: Any) -> None:
    peer = host()
    way_out = SigningDelivery(sender(peer.port), signer)
    assert way_out.deliver(mail(raw=RAW)).state is ReceiptState.SENT
    wire = peer.log[-1].encode("latin-1").removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
    assert verifies(signer, wire)
    way_out.close()


def test_mail_that_cannot_be_signed_fails(signer: Signer, mail: Any) -> None:
    class Nowhere:
        def deliver(self, mail: Any) -> Receipt:
            raise AssertionError("went out unsigned")

        def close(self) -> None: ...

    receipt = SigningDelivery(Nowhere(), signer).deliver(mail(raw=b"no header at all\r\n\r\nx\r\n"))
    assert receipt.state is ReceiptState.FAILED and "cannot be signed" in receipt.text


@pytest.mark.parametrize(
    ("content", "algorithm", "says"),
    [("", "rsa-sha256", "cannot read the key"), ("nonsense", "rsa-sha256", "holds no private key"),
     ("ed25519", "rsa-sha256", "not one for rsa-sha256"), ("rsa", "ed25519-sha256", "not one for ed25519-sha256"),
     ("rsa-8", "rsa-sha256", "has 512 bits")],
)  # fmt: skip
def test_a_key_that_cannot_be_used_says_what_to_do(tmp_path: Path, content: str, algorithm: str, says: str) -> None:
    path = tmp_path / "key.pem"
    if content == "nonsense":
        path.write_text(content)
    elif content:
        path = make_key(tmp_path, content.partition("-")[0], 512 if content == "rsa-8" else 2048)
    with pytest.raises(Permanent, match=says):
        Signer("s", "our.test", path, algorithm)
