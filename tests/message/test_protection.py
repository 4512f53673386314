"""Signed and encrypted mail: recognised, its parts named and kept, its words read where they can be."""

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.cms import kind_of, read_signed
from mailproc.message.parse import parse
from mailproc.message.protection import read_clear_signed

FROM = b"From: a@b.test\nSubject: x\n"
SIGNATURE = b"-----BEGIN PGP SIGNATURE-----\n\niQEz\n=abcd\n-----END PGP SIGNATURE-----\n"
ENCRYPTED = b"-----BEGIN PGP MESSAGE-----\n\nhQEM\n=abcd\n-----END PGP MESSAGE-----\n"
INNER = b"Content-Type: text/plain; charset=utf-8\r\n\r\nsigned w\xc3\xb6rds\r\n"


def element(tag: int, *inner: bytes, is_open: bool = False) -> bytes:
    held = b"".join(inner)
    if is_open:  # BER: of indefinite length
        return bytes([tag, 0x80]) + held + b"\0\0"
    size = bytes([len(held)]) if len(held) < 128 else bytes([0x82]) + len(held).to_bytes(2, "big")
    return bytes([tag]) + size + held


def cms(kind: str = "02", inner: bytes = INNER, is_open: bool = False) -> bytes:
    octets = element(0x24, element(4, inner[:9]), element(4, inner[9:]), is_open=True) if is_open else element(4, inner)
    held = element(
        0x30, bytes.fromhex("06092a864886f70d010701"), element(0xA0, octets, is_open=is_open), is_open=is_open
    )
    data = element(0x30, element(2, b"\1"), element(0x31, b""), held, element(0x31, b""), is_open=is_open)
    return element(
        0x30, bytes.fromhex("06092a864886f70d0107" + kind), element(0xA0, data, is_open=is_open), is_open=is_open
    )


def multipart(kind: bytes, *parts: bytes) -> bytes:
    return b"Content-Type: multipart/" + kind + b"; boundary=b\n\n" + b"".join(b"--b\n" + p for p in parts) + b"--b--\n"


def p7m(content: bytes, kind: bytes = b"; smime-type=signed-data") -> bytes:
    head = b"Content-Type: application/pkcs7-mime" + kind + b"\nContent-Transfer-Encoding: base64\n\n"
    return head + base64.encodebytes(content)


WORDS = b"Content-Type: text/plain\n\nhello\n"
MAILS = {
    "PGP/MIME signed": (
        multipart(
            b'signed; protocol="application/pgp-signature"',
            WORDS,
            b"Content-Type: application/pgp-signature\n\n" + SIGNATURE,
        ),
        "pgp-signed", "hello", ["signature.asc"],
    ),
    "PGP/MIME encrypted": (
        multipart(
            b'encrypted; protocol="application/pgp-encrypted"',
            b"Content-Type: application/pgp-encrypted\n\nVersion: 1\n",
            b"Content-Type: application/octet-stream\n\n" + ENCRYPTED,
        ),
        "pgp-encrypted", "", ["pgp-version.asc", "encrypted.asc"],
    ),
    "PGP/MIME as Exchange rewrites it": (
        multipart(
            b"mixed",
            b"Content-Type: text/plain\n\n\n",
            b"Content-Type: application/pgp-encrypted; name=v\n\nVersion: 1\n",
            b'Content-Type: application/octet-stream; name="encrypted.asc"\n\n' + ENCRYPTED,
        ),
        "pgp-encrypted", "", ["v", "encrypted.asc"],
    ),
    "S/MIME signed": (
        multipart(
            b'signed; protocol="application/x-pkcs7-signature"',
            WORDS,
            b"Content-Type: application/x-pkcs7-signature\n\nx\n",
        ),
        "smime-signed", "hello", ["smime.p7s"],
    ),
    "S/MIME encrypted": (p7m(cms("03"), b"; smime-type=enveloped-data"), "smime-encrypted", "", ["smime.p7m"]),
    "S/MIME encrypted, not said": (p7m(b"\x30\x03x", b"; name=smime.p7m"), "smime-encrypted", "", ["smime.p7m"]),
    "S/MIME wrapped": (p7m(cms()), "smime-signed", "signed wörds", ["smime.p7m"]),
    "S/MIME wrapped, not said": (p7m(cms(), b""), "smime-signed", "signed wörds", ["smime.p7m"]),
    "S/MIME wrapped in pieces": (p7m(cms(is_open=True)), "smime-signed", "signed wörds", ["smime.p7m"]),
    "S/MIME wrapped twice": (p7m(cms(inner=p7m(cms()))), "smime-signed", "signed wörds", ["smime.p7m", "smime.p7m"]),
    "S/MIME certificates": (p7m(cms(inner=b""), b"; smime-type=certs-only"), "", "", ["smime.p7m"]),
    "PGP in the text": (
        b"\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhello\n- -- \nme\n" + SIGNATURE,
        "pgp-signed", "hello\n-- \nme", [],
    ),
    "PGP message in the text": (b"\n" + ENCRYPTED, "pgp-encrypted", ENCRYPTED.decode().strip(), []),
    "in the open": (b"\nhello\n", "", "hello", []),
    "PGP quoted": (b"\nwhat is this?\n" + ENCRYPTED, "", "what is this?\n" + ENCRYPTED.decode().strip(), []),
}  # fmt: skip


@pytest.mark.parametrize("name", MAILS)
def test_protected_mail_is_recognised_and_its_parts_named(name: str) -> None:
    raw, protection, text, names = MAILS[name]
    inbound = parse(FROM + raw)
    assert (inbound.protection, inbound.text) == (protection, text)
    assert [one.filename for one in inbound.attachments] == names
    if protection:
        assert all(one.summary for one in inbound.attachments)
    assert all(one.content for one in inbound.attachments)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhello\n",
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhello\n-----BEGIN PGP SIGNATURE-----\nall that follows",
        "-----BEGIN PGP SIGNED MESSAGE-----\n" + SIGNATURE.decode(),
        "before\n-----BEGIN PGP SIGNED MESSAGE-----\n\nhello\n" + SIGNATURE.decode(),
    ],
)
def test_nothing_is_taken_out_of_armour_that_is_not_whole(text: str) -> None:
    assert read_clear_signed(text) == text


def test_words_below_the_signature_stay() -> None:
    text = "-----BEGIN PGP SIGNED MESSAGE-----\n\nhello\n" + SIGNATURE.decode() + "\nlist footer"
    assert read_clear_signed(text) == "hello\n\n\nlist footer"


def test_t53_signatures_inside_signatures_end_at_the_limit() -> None:
    raw = INNER
    for _ in range(25):
        raw = p7m(cms(inner=raw))
        if len(raw) > 60_000:
            break
    inbound = parse(FROM + raw)
    assert inbound.is_unparsable or inbound.protection == "smime-signed"


def test_t53_each_signature_around_a_mail_is_not_another_copy_of_it() -> None:
    raw = INNER + b"x" * 50_000
    for _ in range(15):
        raw = b"Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: binary\n\n" + cms(inner=raw)
    inbound = parse(FROM + raw)
    assert inbound.protection == "smime-signed" and len(inbound.attachments) == 3
    assert sum(attachment.size for attachment in inbound.attachments) < 160_000


def test_a_cut_structure_is_read_as_far_as_it_goes() -> None:
    whole = cms()
    for end in range(len(whole)):
        assert INNER.startswith(read_signed(whole[:end]))
    assert kind_of(whole) == "signed" and kind_of(cms("03")) == "enveloped" and kind_of(b"x") == ""


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 60))
def test_any_bytes_are_read_without_an_exception(noise: bytes, at: int) -> None:
    whole = cms(is_open=True)
    for raw in (whole[:at] + noise + whole[at:], noise):
        found = read_signed(raw)
        assert len(found) <= len(raw)


def test_t53_many_pieces_are_read_in_time() -> None:
    held = cms(is_open=True)[: -len(b"\0\0" * 6)].partition(b"\x24\x80")[0] + b"\x24\x80"
    started = time.process_time()
    read_signed(held + b"\x04\x01a" * 3_000_000)
    assert time.process_time() - started < 0.5
