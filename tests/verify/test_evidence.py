"""The evidence for a mail to our own listener: DKIM, SPF and DMARC together, and the level of trust it leads to."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from mailproc.message.parse import parse
from mailproc.message.trust import assess
from mailproc.records.mail import Envelope, Level, Trust, Verified
from mailproc.records.site import Site, TrustPolicy
from mailproc.verify import Verifier, WaitingRoom, wants
from tests.verify.dnsserver import SERVFAIL, SILENT, TIMEOUT, DnsServer
from tests.verify.signing import Keys

SITE = Site("Our", "OUR", ("support@our.test",), "our.test", trust=TrustPolicy(trusted_networks=("10.0.0.0/8",)))
MAIL = (
    b"From: Jane <jane@c.test>\r\nTo: support@our.test\r\nSubject: Printer\r\n"
    b"Date: Mon, 5 Oct 2026 10:00:00 +0000\r\nMessage-ID: <1@c.test>\r\n\r\nIt does not print.\r\n"
)
HOST = "192.0.2.9"
STRANGER = "198.51.100.7"


def envelope(sender: str | None = "jane@c.test", client: str = HOST, helo: str = "mail.c.test") -> Envelope:
    return Envelope("smtp", datetime.now(UTC), sender, ("support@our.test",), client=client, helo=helo)


def look(
    verifier: Verifier, raw: bytes, sender: str | None = "jane@c.test", client: str = HOST, helo: str = "mail.c.test"
) -> tuple[Verified, Trust]:
    inbound, came = parse(raw), envelope(sender, client, helo)
    verified = verifier.evidence(raw, inbound, came)
    return verified, assess(inbound, came, SITE, verified)


@pytest.fixture(autouse=True)
def published(zone: DnsServer, keys: Keys) -> None:
    """c.test signs, and sends from HOST; each test says what it has for DMARC."""
    zone.add("c.test", TXT=f"v=spf1 ip4:{HOST} -all", A=HOST)
    zone.add("s._domainkey.c.test", TXT=keys.rsa_record())
    zone.add("s._domainkey.x.test", TXT=keys.rsa_record())
    zone.add("x.test", TXT="v=spf1 +all")
    zone.add("_dmarc.x.test", TXT="v=DMARC1; p=reject")


def dmarc(zone: DnsServer, record: str = "p=reject") -> None:
    zone.add("_dmarc.c.test", TXT=f"v=DMARC1; {record}")


def test_dmarc_passes_by_signature(zone: DnsServer, verifier: Verifier, keys: Keys) -> None:
    dmarc(zone)
    verified, trust = look(verifier, keys.sign(MAIL), sender="bounce@esp.test", client=STRANGER)
    assert verified.dkim_domains == ("c.test",) and verified.dmarc == "pass" and verified.dmarc_policy == "reject"
    assert trust.level is Level.A3 and trust.source == "verified" and trust.has_aligned_dkim
    assert trust.evidence == (
        "we checked: dmarc=pass (p=reject)",
        "dkim passes for c.test",
        "spf: the envelope sender is of esp.test, which does not speak for c.test",
    )


def test_dmarc_passes_by_envelope(zone: DnsServer, verifier: Verifier) -> None:
    dmarc(zone)
    verified, trust = look(verifier, MAIL)
    assert (verified.spf, verified.spf_domain, verified.dmarc) == ("pass", "c.test", "pass")
    assert trust.level is Level.A3 and trust.has_aligned_spf and not trust.has_aligned_dkim
    assert trust.evidence == ("we checked: dmarc=pass (p=reject)", "no valid dkim", "spf=pass for c.test")


@pytest.mark.parametrize("policy", ["none", "quarantine", "reject"])
def test_dmarc_fails_for_a_stranger(zone: DnsServer, verifier: Verifier, keys: Keys, policy: str) -> None:
    dmarc(zone, f"p={policy}")
    for sender in ("jane@c.test", "evil@x.test", ""):
        verified, trust = look(verifier, keys.sign(MAIL, "x.test"), sender, STRANGER, "mail.x.test")
        assert (verified.dmarc, verified.dmarc_policy) == ("fail", policy)
        assert trust.level is Level.A0 and not trust.has_aligned_dkim
        assert "it is signed by x.test, which does not speak for c.test" in trust.evidence
        assert any("p=none" in line and "forwarder" in line for line in trust.evidence) is (policy == "none")
    assert zone.count("TXT", "x.test") == 0, "what cannot count is not looked up"


def test_without_a_dmarc_record_a_part_proves_a2(zone: DnsServer, verifier: Verifier, keys: Keys) -> None:
    verified, trust = look(verifier, keys.sign(MAIL), client=STRANGER)
    assert (verified.dmarc, verified.dkim_domains, verified.spf) == ("none", ("c.test",), "fail")
    assert trust.level is Level.A2
    assert "c.test publishes no DMARC record" in trust.evidence
    assert look(verifier, MAIL)[1].level is Level.A2
    assert look(verifier, MAIL, client=STRANGER)[1].level is Level.A1
    assert look(verifier, keys.sign(MAIL, "x.test"), "a@x.test")[1].level is Level.A1


def test_t20_a_signature_with_a_length_leaves_a1(zone: DnsServer, verifier: Verifier, keys: Keys) -> None:
    for raw in (keys.sign(MAIL, has_length=True) + b"Pay here\r\n", keys.sign(MAIL, cover="from date to")):
        verified, trust = look(verifier, raw, client=STRANGER)
        assert trust.level is Level.A1 and not verified.dkim_domains
        assert any("a signature of c.test does not count" in line for line in trust.evidence)


def test_t11_a_second_from_is_looked_up_nowhere(zone: DnsServer, verifier: Verifier, keys: Keys) -> None:
    dmarc(zone)
    verified, trust = look(verifier, b"From: boss@c.test\r\n" + keys.sign(MAIL))
    assert trust.level is Level.A0 and not verified.dkim_domains
    assert not zone.asked


@pytest.mark.parametrize("line", [b"From : boss@c.test", b"\x00From: boss@c.test", b"no field", b"X: \rFrom: b@c.test"])
def test_t12_lines_that_are_read_in_two_ways_prove_nothing(
    zone: DnsServer, verifier: Verifier, keys: Keys, line: bytes
) -> None:
    verified, trust = look(verifier, line + b"\r\n" + keys.sign(MAIL), client=STRANGER)
    assert not verified.dkim_domains and trust.level < Level.A2


def test_t17_results_in_the_mail_change_nothing_for_our_own_listener(zone: DnsServer, verifier: Verifier) -> None:
    dmarc(zone)
    forged = b"Authentication-Results: our.test; dmarc=pass header.from=c.test\r\n" + MAIL
    assert look(verifier, forged, "evil@x.test", STRANGER)[1].level is Level.A0


def test_t19_a_replayed_mail_still_proves_its_from_and_nothing_else(
    zone: DnsServer, verifier: Verifier, keys: Keys
) -> None:
    """A copy that a stranger hands in again is the same proof: `desk` knows copies by Message-ID, bytes and age."""
    dmarc(zone)
    signed = keys.sign(MAIL)
    inbound, later = parse(signed), Envelope("smtp", datetime.now(UTC) + timedelta(days=8), "evil@x.test",
                                             client=STRANGER)  # fmt: skip
    assert verifier.evidence(signed, inbound, later).dmarc == "pass"
    assert parse(b"Received: from evil by x\r\n" + signed).fingerprint == inbound.fingerprint


def test_expired_signature_leaves_spf_to_prove(zone: DnsServer, verifier: Verifier, keys: Keys) -> None:
    dmarc(zone)
    raw = keys.sign(MAIL).replace(b"q=dns/txt;", b"q=dns/txt; x=1600000000;")
    assert b"x=1600000000" in raw
    _, trust = look(verifier, raw, client=STRANGER)
    assert trust.level is Level.A0 and any("it has expired" in line for line in trust.evidence)
    assert look(verifier, raw)[1].level is Level.A3


@pytest.mark.parametrize(
    ("record", "signer", "level"),
    [
        ("p=reject", "mail.c.test", Level.A3),
        ("p=reject; adkim=r", "mail.c.test", Level.A3),
        ("p=reject; adkim=s", "mail.c.test", Level.A0),
        ("p=reject; adkim=s", "c.test", Level.A3),
        ("p=reject; aspf=s", "mail.c.test", Level.A3),
        ("p=reject", "xc.test", Level.A0),
    ],
)
def test_alignment_of_signatures(
    zone: DnsServer, verifier: Verifier, keys: Keys, record: str, signer: str, level: Level
) -> None:
    dmarc(zone, record)
    zone.zone[f"s._domainkey.{signer}"] = {"TXT": [keys.rsa_record()]}
    verified, trust = look(verifier, keys.sign(MAIL, signer), client=STRANGER)
    assert trust.level is level
    assert trust.has_aligned_dkim is (level is Level.A3)


def test_names_beside_each_other_speak_for_one_organisation(zone: DnsServer, verifier: Verifier, keys: Keys) -> None:
    dmarc(zone)
    zone.add("s._domainkey.news.c.test", TXT=keys.rsa_record())
    raw = keys.sign(MAIL.replace(b"jane@c.test", b"jane@mail.c.test"), "news.c.test")
    verified, trust = look(verifier, raw, "bounce@esp.test")
    assert verified.organisation == "c.test"
    assert trust.level is Level.A3 and trust.has_aligned_dkim


@pytest.mark.parametrize(("record", "level"), [("p=reject; aspf=s", Level.A0), ("p=reject", Level.A3)])
def test_alignment_of_envelopes(zone: DnsServer, verifier: Verifier, record: str, level: Level) -> None:
    dmarc(zone, record)
    zone.add("bounce.c.test", TXT="v=spf1 +all")
    assert look(verifier, MAIL, "b@bounce.c.test", STRANGER)[1].level is level


def test_null_sender_is_checked_by_its_helo(zone: DnsServer, verifier: Verifier) -> None:
    dmarc(zone)
    zone.add("mail.c.test", TXT="v=spf1 a -all", A=HOST)
    verified, trust = look(verifier, MAIL, "")
    assert (verified.spf, verified.spf_domain) == ("pass", "mail.c.test")
    assert trust.level is Level.A3
    for helo in ("", "[192.0.2.9]", "localhost", "\x1b]0;x"):
        assert look(verifier, MAIL, "", helo=helo)[1].level is Level.A0


@pytest.mark.parametrize("client", ["", "nonsense"])
def test_spf_when_the_client_is_not_known(zone: DnsServer, verifier: Verifier, client: str) -> None:
    verified, trust = look(verifier, MAIL, client=client)
    assert verified.spf == "none" and trust.level is Level.A1


@pytest.mark.parametrize("client", ["127.0.0.1", "10.200.0.1", "192.168.1.1", "::1", "fd00::1", "::ffff:10.1.1.1"])
def test_a_relay_of_our_own_that_nobody_named_is_no_forger(zone: DnsServer, verifier: Verifier, client: str) -> None:
    dmarc(zone)
    verified, trust = look(verifier, MAIL, client=client)
    assert verified.dmarc == "temperror"
    assert any("trusted_networks" in note for note in verified.notes)
    site = Site("Our", "OUR", ("support@our.test",), "our.test")
    assert assess(parse(MAIL), envelope(client=client), site, verified).level is Level.A1


def test_sender_that_the_intake_was_not_told(zone: DnsServer, verifier: Verifier) -> None:
    assert look(verifier, MAIL, None)[0].spf == "none"


@pytest.mark.parametrize("behaviour", [SILENT, SERVFAIL])
@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("_dmarc.c.test", Level.A1),
        ("s._domainkey.c.test", Level.A1),
        ("c.test", Level.A1),
    ],
)
def test_dns_trouble_is_a_temperror_and_a1(
    zone: DnsServer, verifier: Verifier, keys: Keys, behaviour: str, name: str, level: Level
) -> None:
    if name != "_dmarc.c.test":
        dmarc(zone)
    zone.zone[name] = behaviour
    if name == "s._domainkey.c.test":
        zone.zone["c.test"] = {"TXT": ["v=spf1 -all"]}
    raw = MAIL if name == "c.test" else keys.sign(MAIL)
    started = time.monotonic()
    verified, trust = look(verifier, raw)
    assert time.monotonic() - started < TIMEOUT + 1
    assert verified.dmarc == "temperror" and trust.level is level
    assert any("c.test" in note for note in verified.notes)


def test_dns_trouble_of_one_part_does_not_hide_the_others_pass(zone: DnsServer, verifier: Verifier, keys: Keys) -> None:
    dmarc(zone)
    zone.zone["s._domainkey.c.test"] = SERVFAIL
    assert look(verifier, keys.sign(MAIL))[1].level is Level.A3


def test_a_strangers_slow_dns_cannot_turn_a_failure_into_trouble(
    zone: DnsServer, verifier: Verifier, keys: Keys
) -> None:
    dmarc(zone)
    for name in ("x.test", "_dmarc.x.test", "s._domainkey.x.test"):
        zone.zone[name] = SILENT
    started = time.monotonic()
    _, trust = look(verifier, keys.sign(keys.sign(MAIL, "x.test"), "x.test"), "evil@x.test", STRANGER, "x.test")
    assert trust.level is Level.A0
    assert time.monotonic() - started < TIMEOUT / 2


def test_a_flood_of_signatures_is_cut(zone: DnsServer, verifier: Verifier, keys: Keys) -> None:
    raw = MAIL
    for number in range(8):
        raw = keys.sign(raw, f"m{number}.c.test")
    verified, _ = look(verifier, raw, "evil@x.test")
    assert "only 5 of its signatures were looked at" in verified.notes
    assert sum("_domainkey" in name for _, _, name in zone.asked) == 5


def test_np_applies_to_names_that_do_not_exist(zone: DnsServer, verifier: Verifier) -> None:
    dmarc(zone, "p=none; np=reject")
    raw = MAIL.replace(b"jane@c.test", b"jane@ghost.c.test")
    assert look(verifier, raw, "evil@x.test", STRANGER)[0].dmarc_policy == "reject"
    zone.add("real.c.test", A=HOST)
    raw = MAIL.replace(b"jane@c.test", b"jane@real.c.test")
    assert look(verifier, raw, "evil@x.test", STRANGER)[0].dmarc_policy == "none"


def test_a_from_domain_with_letters_beyond_ascii(zone: DnsServer, verifier: Verifier, keys: Keys) -> None:
    zone.add("_dmarc.xn--bcher-kva.test", TXT="v=DMARC1; p=reject")
    zone.add("s._domainkey.xn--bcher-kva.test", TXT=keys.rsa_record())
    raw = keys.sign(MAIL.replace(b"jane@c.test", "jane@b\xfccher.test".encode()), "xn--bcher-kva.test")
    assert look(verifier, raw, "bounce@esp.test")[1].level is Level.A3
    zone.add("xn--bcher-kva.test", TXT=f"v=spf1 ip4:{HOST} -all")
    assert look(verifier, raw, "jane@b\xfccher.test")[0].spf_domain == "xn--bcher-kva.test"


def test_a_from_without_a_domain_name(zone: DnsServer, verifier: Verifier) -> None:
    verified, trust = look(verifier, MAIL.replace(b"jane@c.test", b"jane@[192.0.2.9]"))
    assert trust.level < Level.A2 and not zone.asked


def test_one_domains_flood_asks_once(zone: DnsServer, verifier: Verifier, keys: Keys) -> None:
    dmarc(zone)
    mails = []
    for number in range(40):
        raw = keys.sign(MAIL.replace(b"Printer", b"Printer %d" % number))
        mails.append((raw, parse(raw), envelope()))
    room = WaitingRoom[int](verifier)
    for number, mail in enumerate(mails):
        room.add(number, mail)
    assert [verified.dmarc for _, verified in room.take(None)] == ["pass"] * 40
    assert len(zone.asked) == 4  # _dmarc.c.test, _dmarc.test, the key, SPF


def test_evidence_when_no_server_answers_at_all(keys: Keys) -> None:
    verified, trust = look(Verifier("127.0.0.1:1", TIMEOUT), keys.sign(MAIL))
    assert verified.dmarc == "temperror" and trust.level is Level.A1


def test_evidence_never_raises(verifier: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
    verifier.warm_up()
    monkeypatch.setattr("mailproc.verify.evidence.walk", lambda *_: 1 / 0)
    verified, trust = look(verifier, MAIL)
    assert verified.dmarc == "temperror" and trust.level is Level.A1
    assert "checking broke off (ZeroDivisionError)" in trust.evidence


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"\x00", b"From: a@c.test", b"From: a@c.test\r\n\r\n" + b" " * 100_000])
def test_evidence_of_odd_bytes(verifier: Verifier, raw: bytes) -> None:
    assert look(verifier, raw)[0].dmarc in ("none", "temperror")


def test_evidence_shows_no_byte_that_a_terminal_would_obey(zone: DnsServer, verifier: Verifier) -> None:
    zone.zone["c.test"] = {"TXT": ["v=spf1 \x1b]0;x\x07 exists:%{l}.test -all"]}
    sig = b"DKIM-Signature: v=1; a=\x1b]0; d=c.test; s=\x1b]0; h=\x1b; bh=eA==; b=eA==; i=\x1b@c.test\r\n"
    for client in (HOST, STRANGER):
        _, trust = look(verifier, sig + MAIL, "\x1b]0;x@c.test", client)
        assert all(line.isprintable() and line.isascii() for line in trust.evidence)


@pytest.mark.parametrize(
    ("kind", "client", "verify", "wanted"),
    [
        ("smtp", HOST, True, True),
        ("smtp", "", True, True),
        ("smtp", HOST, False, False),
        ("smtp", "10.1.2.3", True, False),
        ("smtp", "[IPv6:::ffff:10.1.2.3]", True, False),
        ("imap", "", True, False),
        ("lmtp", "", True, False),
        ("pipe", "", True, False),
        ("maildir", "", True, False),
        ("feed", "", True, False),
    ],
)
def test_wants_only_mail_that_nobody_of_ours_received_before(
    kind: str, client: str, verify: bool, wanted: bool
) -> None:
    site = Site("Our", "OUR", ("support@our.test",), "our.test",
                trust=TrustPolicy(trusted_networks=("10.0.0.0/8",), verify=verify))  # fmt: skip
    assert wants(Envelope(kind, datetime.now(UTC), client=client), site) is wanted


def test_importing_the_room_loads_no_library() -> None:
    import subprocess
    import sys

    code = "import sys, mailproc.verify; print(sorted({'dns', 'cryptography', 'dkim', 'nacl'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
