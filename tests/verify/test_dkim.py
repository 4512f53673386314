"""DKIM signatures, made by dkimpy and verified by our own code: what passes, what fails, and what counts as none."""

import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailproc.message.canonical import Field, canonical_body, canonical_field, split_mail
from mailproc.verify.dkim import Finding, SignedMail, verify_signature
from mailproc.verify.dkimkeys import BadKey, read_key, read_tags
from mailproc.verify.resolver import Deadline, Resolver
from tests.verify.dnsserver import SERVFAIL, SILENT, TIMEOUT, DnsServer
from tests.verify.signing import Keys

KEY = "s._domainkey.c.test"
MAIL = (
    b"From: Jane Doe <jane@c.test>\r\nTo: support@our.test\r\nSubject: Printer\r\n"
    b"Date: Mon, 5 Oct 2026 10:00:00 +0000\r\nX-Fold: a\r\n\tb\r\n\r\nIt  does not print. \r\n\r\nJane\r\n\r\n\r\n"
)


def findings(raw: bytes, resolver: Resolver, now: datetime | None = None, seconds: float = TIMEOUT) -> list[Finding]:
    split = split_mail(raw)
    assert split is not None
    mail = SignedMail(*split)
    deadline = Deadline(seconds)
    now = now or datetime.now(UTC)
    return [verify_signature(signature, mail, resolver, deadline) for signature in mail.signatures(now)]


def result(raw: bytes, resolver: Resolver, now: datetime | None = None) -> tuple[str, str]:
    [found] = findings(raw, resolver, now)
    return found.result, found.why


@pytest.mark.parametrize("forms", ["relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple"])
@pytest.mark.parametrize("method", ["rsa-sha256", "ed25519-sha256"])
def test_signature_passes(zone: DnsServer, resolver: Resolver, keys: Keys, forms: str, method: str) -> None:
    zone.add(KEY, TXT=keys.rsa_record() if method == "rsa-sha256" else keys.ed25519_record())
    signed = keys.sign(MAIL, method=method, forms=forms)
    assert findings(signed, resolver) == [Finding("c.test", "pass")]


@pytest.mark.parametrize(
    "body",
    [b"", b"\r\n", b"\r\n\r\n\r\n", b" \r\n\t\r\n", b"x", b"x \t y\t\r\n", b"a\r\n\r\nb\r\n \r\n", b"\xff\x00 x\r\n"],
)
@pytest.mark.parametrize("form", ["relaxed", "simple"])
def test_signature_passes_for_any_body(zone: DnsServer, resolver: Resolver, keys: Keys, body: bytes, form: str) -> None:
    zone.add(KEY, TXT=keys.rsa_record())
    signed = keys.sign(MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body, forms=f"relaxed/{form}")
    assert result(signed, resolver) == ("pass", "")


def test_signature_passes_when_a_relay_changed_only_blanks_and_trace(
    zone: DnsServer, resolver: Resolver, keys: Keys
) -> None:
    zone.add(KEY, TXT=keys.rsa_record())
    signed = keys.sign(MAIL)
    relayed = signed.replace(b"Subject: Printer", b"SUBJECT:   Printer ").replace(b"print. \r\n", b"print.\t\r\n")
    assert result(b"Received: from a by b; x\r\n" + relayed + b"\r\n", resolver) == ("pass", "")


def test_a_saved_file_with_bare_line_feeds_passes(zone: DnsServer, resolver: Resolver, keys: Keys) -> None:
    zone.add(KEY, TXT=keys.rsa_record())
    assert result(keys.sign(MAIL).replace(b"\r\n", b"\n"), resolver) == ("pass", "")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"does not print", b"does print", "the text was changed"),
        (b"Jane\r\n", b"Jane\r\nPay here\r\n", "the text was changed"),
        (b"jane@c.test", b"boss@c.test", "the header was changed"),
        (b"Subject: Printer", b"Subject: Invoice", "the header was changed"),
        (b"To: support@our.test", b"To: other@our.test", "the header was changed"),
        (b"+0000\r\n", b"+0100\r\n", "the header was changed"),
    ],
)
def test_signature_fails_when_something_was_changed(
    zone: DnsServer, resolver: Resolver, keys: Keys, old: bytes, new: bytes, words: str
) -> None:
    zone.add(KEY, TXT=keys.rsa_record())
    signed = keys.sign(MAIL)
    assert signed.count(old) == 1
    found, why = result(signed.replace(old, new), resolver)
    assert found == "fail" and words in why


def test_signature_fails_under_another_key(zone: DnsServer, resolver: Resolver, keys: Keys) -> None:
    zone.add(KEY, TXT=keys.rsa_record(generate_private_key(65537, 2048)))
    assert result(keys.sign(MAIL), resolver)[0] == "fail"


def test_t20_a_signature_with_a_length_counts_as_none(zone: DnsServer, resolver: Resolver, keys: Keys) -> None:
    zone.add(KEY, TXT=keys.rsa_record())
    signed = keys.sign(MAIL, has_length=True)
    for raw in (signed, signed + b"Pay here\r\n"):
        found, why = result(raw, resolver)
        assert found == "none" and "l=" in why


@pytest.mark.parametrize(
    ("cover", "name"), [("from date to", "Subject"), ("from subject to", "Date"), ("from subject date", "To")]
)
def test_t20_a_signature_that_leaves_a_field_open_counts_as_none(
    zone: DnsServer, resolver: Resolver, keys: Keys, cover: str, name: str
) -> None:
    zone.add(KEY, TXT=keys.rsa_record())
    assert result(keys.sign(MAIL, cover=cover), resolver) == ("none", f"it does not cover {name}")


def test_t20_a_signature_need_not_cover_what_is_not_there(zone: DnsServer, resolver: Resolver, keys: Keys) -> None:
    zone.add(KEY, TXT=keys.rsa_record())
    bare = MAIL.replace(b"To: support@our.test\r\n", b"").replace(b"Subject: Printer\r\n", b"")
    assert result(keys.sign(bare, cover="from date"), resolver) == ("pass", "")


@pytest.mark.parametrize("name", [b"From: evil@x.test", b"Subject: Pay", b"Date: now", b"To: all@our.test"])
def test_t20_a_field_added_above_a_signed_one_makes_it_none(
    zone: DnsServer, resolver: Resolver, keys: Keys, name: bytes
) -> None:
    zone.add(KEY, TXT=keys.rsa_record())
    found, why = result(name + b"\r\n" + keys.sign(MAIL), resolver)
    assert found == "none" and "does not cover" in why


@pytest.mark.parametrize("name", [b"Content-Type: text/html", b"Reply-To: evil@x.test", b"Cc: evil@x.test"])
def test_t20_a_second_field_of_those_that_need_no_cover_makes_it_none(
    zone: DnsServer, resolver: Resolver, keys: Keys, name: bytes
) -> None:
    zone.add(KEY, TXT=keys.rsa_record())
    mail = b"Content-Type: text/plain\r\nReply-To: jane@c.test\r\nCc: bo@c.test\r\n" + MAIL
    for cover in ("from subject date to", "from subject date to content-type reply-to cc"):
        signed = keys.sign(mail, cover=cover)
        assert result(signed, resolver) == ("pass", "")
        found, why = result(name + b"\r\n" + signed, resolver)
        assert found == "none" and "does not cover each" in why


def test_t20_a_signature_that_names_a_field_twice_forbids_a_second_one(
    zone: DnsServer, resolver: Resolver, keys: Keys
) -> None:
    zone.add(KEY, TXT=keys.rsa_record())
    signed = keys.sign(MAIL, cover="from from subject subject date to")
    assert result(signed, resolver) == ("pass", "")
    assert result(b"Subject: Pay\r\n" + signed, resolver)[0] == "fail"


def signed_by_hand(tags: dict[str, str], **more: str) -> bytes:
    written = "; ".join(f"{name}={value}" for name, value in {**tags, **more}.items() if value)
    return f"DKIM-Signature: {written}\r\n".encode() + MAIL


TAGS = {"v": "1", "a": "rsa-sha256", "c": "relaxed/relaxed", "d": "c.test", "s": "s", "h": "From:Subject:Date:To",
        "bh": "eA==", "b": "eA=="}  # fmt: skip
NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"v": "2"}, "another version"),
        ({"v": ""}, "v= is missing"),
        ({"b": ""}, "b= is missing"),
        ({"a": "rsa-sha1"}, "rsa-sha1"),
        ({"a": "dsa-sha256"}, "method nobody knows"),
        ({"c": "nowsp"}, "c= cannot be read"),
        ({"c": "relaxed/relaxed/relaxed"}, "c= cannot be read"),
        ({"q": "http"}, "not in DNS"),
        ({"l": "5"}, "l="),
        ({"d": "x..y"}, "d= is no domain"),
        ({"d": "c.test\x01"}, "d= is no domain"),
        ({"s": "a b"}, "no selector"),
        ({"s": "a..b"}, "no selector"),
        ({"i": "jane@x.test"}, "i= is not of its domain"),
        ({"i": "jane@xc.test"}, "i= is not of its domain"),
        ({"h": "Subject:Date:To"}, "does not cover From"),
        ({"t": str(SECONDS + 3600)}, "from the future"),
        ({"t": "soon"}, "t= is no time"),
        ({"t": "9" * 400}, "t= is no time"),
        ({"x": str(SECONDS - 1)}, "has expired"),
        ({"x": "\u0661"}, "x= is no time"),
        ({"t": str(SECONDS + 60), "x": str(SECONDS + 30)}, "expired before it was made"),
        ({"d": "x.test; d=c.test"}, "not written as RFC 6376"),
        ({"z": "a; nonsense"}, "not written as RFC 6376"),
        ({"z": "x" * 9_000}, "too long"),
    ],
)
def test_signature_counts_as_none_when_its_tags_say_so(
    zone: DnsServer, resolver: Resolver, more: dict[str, str], words: str
) -> None:
    found, why = result(signed_by_hand(TAGS, **more), resolver, NOW)
    assert found == "none" and words in why
    assert not zone.asked, "it cannot count: nobody has to be asked"


def test_signature_is_judged_by_the_time_the_mail_came(zone: DnsServer, resolver: Resolver, keys: Keys) -> None:
    zone.add(KEY, TXT=keys.rsa_record())
    signed = keys.sign(MAIL)  # t= is now
    assert result(signed, resolver, datetime.now(UTC) - timedelta(minutes=5))[0] == "pass"  # clocks differ
    assert result(signed, resolver, datetime.now(UTC) - timedelta(hours=1)) == ("none", "it is from the future")
    assert result(signed, resolver, datetime.now(UTC) + timedelta(days=30))[0] == "pass"


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("v=DKIM1; p=", "revoked"),
        ("v=DKIM1; k=rsa", "missing from the record"),
        ("v=DKIM2; p=eA==", "not written"),
        ("nonsense", "not written"),
        ("v=DKIM1; p=eA==", "cannot be read"),
        ("v=DKIM1; p=***", "cannot be read"),
        ("v=DKIM1; k=ed25519; p=eA==", "cannot be read"),
        ("v=DKIM1; k=dsa; p=eA==", "kind nobody knows"),
        ("v=DKIM1; h=sha1; p=eA==", "not meant for this"),
        ("v=DKIM1; s=tlsrpt; p=eA==", "not meant for this"),
        ("v=DKIM1; t=y; p=eA==", "test"),
        ("v=DKIM1; t=s : y; p=eA==", "test"),
    ],
)
def test_a_key_that_proves_nothing_is_refused(record: str, words: str) -> None:
    with pytest.raises(BadKey, match=words):
        read_key(record)


@pytest.mark.parametrize(("bits", "found"), [(1024, "pass"), (1016, "none"), (768, "none")])
def test_a_weak_key_counts_as_none(zone: DnsServer, resolver: Resolver, keys: Keys, bits: int, found: str) -> None:
    # `cryptography` makes no keys as weak as that: a modulus of so many bits is enough to be refused
    key = generate_private_key(65537, bits) if bits >= 1024 else None
    number = key.public_key().public_numbers() if key else RSAPublicNumbers(65537, (1 << (bits - 1)) | 1)
    public = number.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    zone.add(KEY, TXT="v=DKIM1; p=" + b64encode(public).decode())
    assert result(keys.sign(MAIL, key=key), resolver)[0] == found


def test_a_key_with_odd_blanks_and_defaults_is_read(zone: DnsServer, resolver: Resolver, keys: Keys) -> None:
    data = keys.rsa_record().rpartition("=p")[2].split("p=", 1)[1]
    zone.add(KEY, TXT=f" p = {data[:50]} {data[50:]} ;")
    assert result(keys.sign(MAIL), resolver)[0] == "pass"


def test_the_first_row_that_is_a_key_counts(zone: DnsServer, resolver: Resolver, keys: Keys) -> None:
    zone.add(KEY, TXT=["hello", keys.rsa_record()])
    assert result(keys.sign(MAIL), resolver)[0] == "pass"


def test_a_key_of_another_kind_than_the_signature_says(zone: DnsServer, resolver: Resolver, keys: Keys) -> None:
    zone.add(KEY, TXT=keys.ed25519_record())
    assert result(keys.sign(MAIL), resolver) == ("none", "its key is not of the kind it says")


def test_a_strict_key_signs_for_its_very_domain(zone: DnsServer, resolver: Resolver, keys: Keys) -> None:
    zone.add(KEY, TXT=keys.rsa_record() + "; t=s")
    assert result(keys.sign(MAIL, identity="jane@c.test"), resolver)[0] == "pass"
    assert result(keys.sign(MAIL, identity="jane@mail.c.test"), resolver)[0] == "none"


@pytest.mark.parametrize(("behaviour", "found"), [(SILENT, "temperror"), (SERVFAIL, "temperror"), ({}, "none")])
def test_a_key_that_cannot_be_asked_for(
    zone: DnsServer, resolver: Resolver, keys: Keys, behaviour: str, found: str
) -> None:
    zone.zone[KEY] = behaviour
    started = time.monotonic()
    assert result(keys.sign(MAIL), resolver)[0] == found
    assert time.monotonic() - started < TIMEOUT + 1


def test_a_domain_with_letters_beyond_ascii_is_asked_for_in_its_ascii_form(
    zone: DnsServer, resolver: Resolver, keys: Keys
) -> None:
    zone.add("s._domainkey.xn--bcher-kva.test", TXT=keys.rsa_record())
    signed = keys.sign(MAIL, "xn--bcher-kva.test")
    assert findings(signed, resolver) == [Finding("xn--bcher-kva.test", "pass")]


@pytest.mark.parametrize(
    "head",
    [
        b"From: a@c.test\r\nno field\r\n",
        b"From: a@c.test\nSubject: x\r\n",
        b"From: a@c.test\rSubject: x\r\n",
        b"From: a@c.test\x00\r\n",
        b" From: a@c.test\r\n",
        b"Fr\xc3\xb6m: a@c.test\r\n",
        b"From: " + b"x" * 250_000 + b"\r\n",
    ],
)
def test_split_mail_when_a_line_can_be_read_in_two_ways(head: bytes) -> None:
    assert split_mail(head + b"\r\ntext\r\n") is None


def test_split_mail_when_there_is_no_header_or_no_body() -> None:
    assert split_mail(b"\r\ntext") == ((), b"text")
    assert split_mail(b"From: a@c.test\r\n") == ((Field("from", b"From: a@c.test\r\n"),), b"")


def test_canonical_forms_follow_the_examples_of_rfc_6376() -> None:
    # section 3.4.5
    split = split_mail(b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n")
    assert split is not None
    fields, body = split
    assert b"".join(canonical_field(field, True) for field in fields) == b"a:X\r\nb:Y Z\r\n"
    assert canonical_body(body, True) == b" C\r\nD E\r\n"
    assert b"".join(canonical_field(field, False) for field in fields) == b"A: X\r\nB : Y\t\r\n\tZ  \r\n"
    assert canonical_body(body, False) == b" C \r\nD \t E\r\n"


@pytest.mark.parametrize("unit", [b" ", b"\t", b"\r\n", b" \r\n", b"  x", b" \t\r\n\r", b"\r\r\n", b"x"])
def test_t54_canonical_bodies_take_linear_time(unit: bytes) -> None:
    for is_relaxed in (True, False):
        started = time.process_time()
        canonical_body(unit * (4_000_000 // len(unit)), is_relaxed)
        assert time.process_time() - started < 1


def test_t54_signatures_take_linear_time(resolver: Resolver) -> None:
    started = time.process_time()
    for filling in (" ", "a:", "=", "; ", "b=", "\r\n ", "from:"):
        raw = f"DKIM-Signature: v=1; a=rsa-sha256; d=c.test; h={filling * (7_000 // len(filling))}!\r\n".encode() + MAIL
        findings(raw, resolver)
    many = b"".join(signed_by_hand(TAGS).partition(b"\r\n")[0] + b"\r\n" for _ in range(500))
    assert len(findings(many + MAIL, resolver)) == 50
    assert time.process_time() - started < 2


@pytest.mark.parametrize("text", ["", "a", "a=1; a=2", "=1", "a b=1", "; ".join(f"t{n}=1" for n in range(60))])
def test_read_tags_when_it_is_no_list(text: str) -> None:
    assert not read_tags(text)
