"""How far a From address is proven: whose Authentication-Results count, and what they must say."""

from datetime import UTC, datetime

import pytest

from mailproc.message.parse import parse
from mailproc.message.trust import NO_ID, assess, is_aligned
from mailproc.records.mail import Envelope, Level, Trust, Verified
from mailproc.records.site import Site, TrustPolicy

NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)
BORDER = (
    b"Received: from mail.c.test (mail.c.test [192.0.2.9]) by mx.our.test with ESMTPS; Mon, 5 Oct 2026 10:00:00 +0000"
)
FOREIGN = b"Received: from laptop by mail.c.test; Mon, 5 Oct 2026 09:59:00 +0000"
PASS = b"Authentication-Results: mx.our.test; dmarc=pass header.from=c.test"


def site(**trust: object) -> Site:
    policy = TrustPolicy(**{"trusted_authserv_ids": ("mx.our.test",), "trusted_networks": ("10.0.0.0/8",), **trust})  # type: ignore[arg-type]
    return Site("Our", "OUR", ("support@our.test", "help@brand.test"), "our.test", trust=policy)


def trust_of(
    *fields: bytes,
    sender: bytes = b"cust@c.test",
    kind: str = "imap",
    client: str = "",
    at: Site | None = None,
    verified: Verified | None = None,
) -> Trust:
    raw = b"\r\n".join([*fields, b"From: " + sender, b"Subject: x", b"", b"text", b""])
    return assess(parse(raw), Envelope(kind, NOW, client=client), at or site(), verified)


@pytest.mark.parametrize(
    ("results", "level"),
    [
        (b"dmarc=pass header.from=c.test", Level.A3),
        (b"dmarc=pass (p=none dis=none) header.from=c.test", Level.A3),
        (b"spf=fail smtp.mailfrom=x.test; dkim=pass header.d=c.test; dmarc=pass header.from=C.Test", Level.A3),
        (b"DMARC = Pass Header.From = c.test", Level.A3),
        (b"dmarc=fail (p=none) header.from=c.test", Level.A0),
        (b"dkim=pass header.d=c.test; dmarc=fail header.from=c.test", Level.A0),
        (b"dmarc=none header.from=c.test", Level.A1),
        (b"dmarc=temperror header.from=c.test", Level.A1),
        (b"dkim=pass header.d=c.test; dmarc=temperror header.from=c.test", Level.A1),
        (b"dkim=pass header.d=c.test; dmarc=none header.from=c.test", Level.A2),
        (b"dkim=pass header.d=mail.c.test", Level.A2),
        (b"dkim=pass header.i=@c.test header.b=abc/+==", Level.A2),
        (b"dkim=pass header.d=x.test", Level.A1),
        (b"dkim=fail header.d=c.test", Level.A1),
        (b"dkim=fail header.d=c.test; dkim=pass header.d=c.test", Level.A2),
        (b"spf=pass smtp.mailfrom=bounce@c.test", Level.A2),
        (b"spf=pass smtp.mailfrom=c.test", Level.A2),
        (b"spf=pass smtp.mailfrom=bounce@x.test", Level.A1),
        (b"spf=pass smtp.helo=c.test", Level.A1),
        (b"spf=pass smtp.mailfrom=", Level.A1),
        (b"none", Level.A1),
    ],
)
def test_level_follows_what_the_border_found(results: bytes, level: Level) -> None:
    trust = trust_of(b"Authentication-Results: mx.our.test; " + results, BORDER)
    assert trust.level is level
    assert trust.source == "authentication-results"
    assert trust.evidence


FORGED = [
    (b"Authentication-Results: evil.test; dmarc=pass header.from=c.test", BORDER),
    (b"Authentication-Results: mx.our.test.evil.test; dmarc=pass header.from=c.test", BORDER),
    (b"Authentication-Results: (mx.our.test) evil.test; dmarc=pass header.from=c.test", BORDER),
    (b'Authentication-Results: "mx.our.test evil"; dmarc=pass header.from=c.test', BORDER),
    (b"Authentication-Results: dmarc=pass header.from=c.test", BORDER),
    (
        b"Authentication-Results : mx.our.test; dmarc=pass header.from=c.test\r\nX-Authentication-Results: " + PASS,
        BORDER,
    ),
    (b"ARC-Authentication-Results: i=1; mx.our.test; dmarc=pass header.from=c.test", BORDER),
    (BORDER, FOREIGN, PASS),
    (BORDER, b"Received: from a by evil.test; Mon, 5 Oct 2026 09:00:00 +0000", PASS),
    (BORDER, b"DKIM-Signature: v=1", PASS),
    (BORDER, b"X-Mailer: x\r\nTo: support@our.test", PASS),
    (b"Received: from x (by mx.our.test) by evil.test; Mon, 5 Oct 2026 09:00:00 +0000", PASS),
    (b"Authentication-Results: mx.our.test; none", BORDER, PASS),
    (
        b"Authentication-Results: mx.our.test; dmarc=none header.from=c.test",
        BORDER,
        b"Authentication-Results: mx.our.test; dmarc=pass header.from=c.test",
    ),
    (b"Authentication-Results: mx.our.test; dmarc=fail header.from=c.test; dmarc=pass header.from=c.test", BORDER),
    (b"Authentication-Results: mx.our.test; dmarc=pass header.from=c.test; dmarc=fail header.from=c.test", BORDER),
    (b"Authentication-Results: mx.our.test; dmarc=pass header.from=c.test; dmarc=pass header.from=c.test", BORDER),
    (b"Authentication-Results: mx.our.test; dmarc=pass header.from=x.test header.from=c.test", BORDER),
    (b"Authentication-Results: mx.our.test; dmarc=pass", BORDER),
    (b"Authentication-Results: mx.our.test; dmarc=pass header.from=x.test", BORDER),
    (b"Authentication-Results: mx.our.test; dmarc=pass header.from=c.test.x.test", BORDER),
]


@pytest.mark.parametrize("fields", FORGED)
def test_t17_forged_results_never_prove_anything(fields: tuple[bytes, ...]) -> None:
    assert trust_of(*fields).level < Level.A2


@pytest.mark.parametrize(
    "results",
    [
        b'spf=pass smtp.mailfrom="a; dmarc=pass header.from=c.test"',
        b"spf=none (x; dmarc=pass header.from=c.test) smtp.mailfrom=x.test",
        b"spf=none (a (b) ; dmarc=pass header.from=c.test) smtp.mailfrom=x.test",
        b"spf=none (\\) ; dmarc=pass header.from=c.test) smtp.mailfrom=x.test",
        b'spf=none reason="\\"; dmarc=pass header.from=c.test" smtp.mailfrom=x.test',
        b'spf=none reason="open; dmarc=pass header.from=c.test',
        b"spf=none (open; dmarc=pass header.from=c.test",
        b"spf=none ) ; dmarc=pass header.from=c.test (",
        b"spf=none x.dmarc=pass; (dmarc=pass header.from=c.test)",
        b"spf=none; dmarc=pass (header.from=c.test)",
        b"spf=none; dmarc=pass header.from=c.test junk",
        b"spf=none; policy.dmarc=pass header.from=c.test",
    ],
)
def test_t18_values_and_comments_are_no_results(results: bytes) -> None:
    trust = trust_of(b"Authentication-Results: mx.our.test; " + results, BORDER)
    assert trust.level < Level.A2
    assert trust.dmarc != "pass"


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        ((PASS, BORDER, FOREIGN), Level.A3),
        ((BORDER, PASS, FOREIGN), Level.A3),  # Gmail writes it below
        ((BORDER, b"Received-SPF: pass", PASS, FOREIGN), Level.A3),
        ((b"Delivered-To: support@our.test", BORDER, BORDER, b"X-Received: x", b"ARC-Seal: i=1", PASS), Level.A3),
        ((PASS,), Level.A3),
        ((b"Authentication-Results: other.test; dmarc=fail header.from=c.test", PASS, BORDER), Level.A3),
    ],
)
def test_results_count_above_or_directly_below_the_border(fields: tuple[bytes, ...], level: Level) -> None:
    assert trust_of(*fields).level is level


@pytest.mark.parametrize("kind", ["imap", "lmtp", "pipe", "maildir", "feed"])
def test_results_count_when_mail_came_past_a_border(kind: str) -> None:
    trust = trust_of(PASS, BORDER, kind=kind)
    assert trust.level is Level.A3
    assert trust.came_past_border


@pytest.mark.parametrize(
    ("client", "level"),
    [
        ("10.1.2.3", Level.A3),
        ("::ffff:10.1.2.3", Level.A3),
        ("[10.1.2.3]", Level.A3),
        ("192.0.2.1", Level.A1),
        ("::1", Level.A1),
        ("", Level.A1),
        ("nonsense", Level.A1),
    ],
)
def test_t17_results_by_smtp_count_from_trusted_networks_only(client: str, level: Level) -> None:
    for verify in (True, False):
        trust = trust_of(PASS, BORDER, kind="smtp", client=client, at=site(verify=verify))
        assert trust.level is level
        assert trust.came_past_border is (level is Level.A3)


def test_border_hosts_decide_when_they_are_set() -> None:
    provider = site(
        trusted_authserv_ids=("mx.google.test",), border_hosts=("mx.google.test", "*.google.test", "2002:a05:*")
    )
    hops = (
        b"Received: by 2002:a05:7208:1 with SMTP id 1",
        b"Received: from mail.c.test by mail-1.google.test. with ESMTPS id 2",
    )
    genuine = b"Authentication-Results: mx.google.test; dmarc=pass header.from=c.test"
    assert trust_of(*hops, genuine, at=provider).level is Level.A3
    assert trust_of(*hops, FOREIGN, genuine, at=provider).level is Level.A1
    assert trust_of(b"Received: from a by xgoogle.test", genuine, at=provider).level is Level.A1


def test_a_field_without_id_counts_only_when_configured() -> None:
    field = (
        b"Authentication-Results: spf=pass (sender IP is 192.0.2.9)\r\n smtp.mailfrom=c.test; dkim=pass"
        b" (signature was verified)\r\n header.d=c.test;dmarc=pass action=none header.from=c.test;compauth=pass"
    )
    assert trust_of(field).level is Level.A1
    assert trust_of(field, at=site(trusted_authserv_ids=(NO_ID,))).level is Level.A3


SUBMIT = site(agent_trust="network")


@pytest.mark.parametrize(
    ("changes", "is_submitted"),
    [
        ({}, True),
        ({"sender": b"ann@brand.test"}, True),
        ({"at": site(agent_trust="dmarc")}, False),
        ({"at": site(agent_trust="token")}, False),
        ({"client": "192.0.2.1"}, False),
        ({"client": ""}, False),
        ({"kind": "lmtp"}, False),
        ({"sender": b"cust@c.test"}, False),
        ({"sender": b"ann@sub.our.test"}, False),
        ({"sender": b"ann@our.test, bob@our.test"}, False),
    ],
)
def test_network_form_when_mail_was_handed_in(changes: dict[str, object], is_submitted: bool) -> None:
    given = {"sender": b"ann@our.test", "kind": "smtp", "client": "10.1.2.3", "at": SUBMIT, **changes}
    trust = trust_of(**given)  # type: ignore[arg-type]
    assert trust.is_submitted is is_submitted
    assert (trust.level is Level.A3) is is_submitted


def test_network_form_when_mail_was_relayed_or_contradicted() -> None:
    given = {"sender": b"ann@our.test", "kind": "smtp", "client": "10.1.2.3", "at": SUBMIT}
    assert trust_of(BORDER, **given).level is Level.A1  # type: ignore[arg-type]
    failed = b"Authentication-Results: mx.our.test; dmarc=fail header.from=our.test"
    assert trust_of(failed, **given).level is Level.A0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verified", "level"),
    [
        (None, Level.A1),
        (Verified(), Level.A1),
        (Verified(dmarc="pass", dkim_domains=("c.test",)), Level.A3),
        (Verified(dmarc="fail", dmarc_policy="reject"), Level.A0),
        (Verified(dmarc="temperror", dkim_domains=("c.test",)), Level.A1),
        (Verified(dkim_domains=("c.test",)), Level.A2),
        (Verified(dkim_domains=("x.test",)), Level.A1),
        (Verified(spf="pass", spf_domain="c.test"), Level.A2),
        (Verified(spf="pass", spf_domain="x.test"), Level.A1),
        (Verified(spf="softfail", spf_domain="c.test"), Level.A1),
    ],
)
def test_our_own_look_ups_decide_for_our_own_listener(verified: Verified | None, level: Level) -> None:
    trust = trust_of(PASS, kind="smtp", client="192.0.2.1", verified=verified)
    assert trust.level is level
    assert trust.source == ("verified" if verified else "none")


@pytest.mark.parametrize(
    "sender", [b"cust@c.test <evil@x.test>", b"cust@c.test, x@x.test", b"", b"=?utf-8?q?cust?=@c.test"]
)
def test_t10_a_malformed_from_is_a0_whatever_else_passes(sender: bytes) -> None:
    trust = trust_of(PASS, BORDER, sender=sender)
    assert trust.level is Level.A0
    assert "From" in trust.evidence[0]


@pytest.mark.parametrize(
    ("domain", "from_domain", "aligned"),
    [
        ("c.test", "c.test", True),
        ("mail.c.test", "c.test", True),
        ("c.test", "mail.c.test", True),
        ("xc.test", "c.test", False),
        ("test", "c.test", False),
        ("co.uk", "shop.co.uk", False),
        ("shop.co.uk", "mail.shop.co.uk", True),
        ("", "c.test", False),
        ("a.c.test", "b.c.test", False),
    ],
)
def test_is_aligned_when_one_domain_lies_below_the_other(domain: str, from_domain: str, aligned: bool) -> None:
    assert is_aligned(domain, from_domain) is aligned


# Appendix A of the threats: what a reader may take for the agent, although x.test wrote it
TWO_FACED = [
    b"agent@corp.test)<evil@x.test>",
    b"agent@corp.test <evil@x.test>",
    b"<agent@corp.test>evil@x.test",
    b"agent@corp.test,evil@x.test",
    b"evil@x.test(<agent@corp.test>",
    b"agent@corp.test@x.test",
    b"<@x.test:agent@corp.test>",
    b'"agent@corp.test\\"@x.test',
    b"=?utf-8?q?agent=40corp.test=3E?= <evil@x.test>",
    b"=?utf-8?q?agent=40corp.test=2C?=@x.test",
    b"agent@corp.test\0@x.test",
    b"G: agent@corp.test, evil@x.test;",
    b"evil@x.test <agent@corp.test> <z@x.test>",
    b'"agent@corp.test" <evil@x.test>',
]


@pytest.mark.parametrize("sender", TWO_FACED)
@pytest.mark.parametrize("kind", ["imap", "smtp"])
def test_t10_a_from_with_two_faces_never_proves_the_agent(sender: bytes, kind: str) -> None:
    raw = b"\r\n".join([
        b"Authentication-Results: mx.our.test; dkim=pass header.d=x.test; spf=pass smtp.mailfrom=evil@x.test;"
        b" dmarc=pass header.from=x.test",
        BORDER, b"From: " + sender, b"Subject: x", b"", b"text", b"",
    ])  # fmt: skip
    inbound = parse(raw)
    verified = Verified(dkim_domains=("x.test",), spf="pass", spf_domain="x.test", dmarc="pass")
    trust = assess(inbound, Envelope(kind, NOW, client="192.0.2.1"), site(), verified)
    is_agent = inbound.from_ is not None and inbound.from_.addr == "agent@corp.test"
    assert not (inbound.from_ok and is_agent)
    assert trust.level is Level.A0 or (inbound.from_ is not None and inbound.from_.addr == "evil@x.test")


@pytest.mark.parametrize(
    "fields",
    [
        (b"From: cust@c.test", b"From: evil@x.test"),
        (b"From: cust@c.test, evil@x.test",),
        (b"From: G: cust@c.test;",),
        (b"Subject: y", b"From: evil@x.test", b"FROM: cust@c.test"),
    ],
)
def test_t11_more_than_one_from_or_mailbox_is_a0(fields: tuple[bytes, ...]) -> None:
    trust = assess(parse(b"\r\n".join([PASS, BORDER, *fields, b"", b"text"])), Envelope("imap", NOW), site())
    assert trust.level is Level.A0


@pytest.mark.parametrize(
    "fields",
    [
        (b"From : evil@x.test", b"From: cust@c.test"),
        (b"From: cust@c.test", b"From : evil@x.test"),
        (b"\x00From: evil@x.test", b"From: cust@c.test"),
        (b"From\x00: evil@x.test", b"From: cust@c.test"),
        (b"Subject: x\rFrom: evil@x.test", b"From: cust@c.test"),
        (b"From: cust@c.test\x00",),
        (b"From: cust@c.test\r Bcc: evil@x.test",),
    ],
)
def test_t12_names_and_lines_that_are_read_in_two_ways_are_a0(fields: tuple[bytes, ...]) -> None:
    trust = assess(parse(b"\r\n".join([PASS, BORDER, *fields, b"", b"text"])), Envelope("imap", NOW), site())
    assert trust.level is Level.A0


@pytest.mark.parametrize(
    "sender",
    [
        b"=?utf-8?q?cust=40c.test?=",
        b"=?utf-8?q?cust=40?=c.test",
        b"=?utf-7?q?cust+AEA-c.test?=",
        b"<=?utf-7?q?cust+AEA-c.test?=>",
        b"=?utf-8?q?a=40b?=@c.test",
        b"=?utf-8?b?Y3VzdEBjLnRlc3Q=?= <=?utf-8?q?cust?=@c.test>",
    ],
)
def test_t13_encoded_words_in_the_address_are_a0(sender: bytes) -> None:
    assert trust_of(PASS, BORDER, sender=sender).level is Level.A0


def test_t17_an_unreadable_field_of_the_border_hides_what_stands_below() -> None:
    broken = b'Authentication-Results: mx.our.test; spf=pass smtp.mailfrom="open'
    assert trust_of(broken, PASS, BORDER).level is Level.A1
    no_id = b'Authentication-Results: spf=pass smtp.mailfrom="open'
    below = b"Authentication-Results: dmarc=pass header.from=c.test"
    assert trust_of(no_id, below, at=site(trusted_authserv_ids=(NO_ID,))).level is Level.A1


def test_t17_nobodys_id_is_the_word_for_fields_without_one() -> None:
    field = b"Authentication-Results: microsoft365; dmarc=pass header.from=c.test"
    assert trust_of(field, at=site(trusted_authserv_ids=(NO_ID,))).level is Level.A1


@pytest.mark.parametrize(
    "name", ["mx.\u212aorp.test", "mx.korp.test.", "\uff4dx.korp.test", "mx.korp.test\u200b", "mx\u3002korp.test"]
)
def test_t17_an_id_that_only_looks_like_ours_is_anothers(name: str) -> None:
    field = f"Authentication-Results: {name}; dmarc=pass header.from=c.test".encode()
    assert trust_of(field, at=site(trusted_authserv_ids=("mx.korp.test",))).level is Level.A1


def test_ids_of_a_provider_with_many_hosts_may_hold_a_star() -> None:
    at = site(trusted_authserv_ids=("*.yahoo.test",))
    genuine = b"Authentication-Results: atlas-1.omega.yahoo.test; dmarc=pass(p=NONE) header.from=c.test;"
    assert trust_of(genuine, at=at).level is Level.A3
    for forged in (b"yahoo.test", b"xyahoo.test", b"yahoo.test.evil.test", b"*.yahoo.test.evil.test"):
        field = b"Authentication-Results: " + forged + b"; dmarc=pass header.from=c.test"
        assert trust_of(field, at=at).level is Level.A1


@pytest.mark.parametrize("results", [b"dkim=pass header.d=c.test; dmarc=fail header.from=c.test"])
def test_a_failure_leaves_nothing_aligned(results: bytes) -> None:
    trust = trust_of(b"Authentication-Results: mx.our.test; " + results, BORDER)
    assert trust.level is Level.A0 and not trust.has_aligned_dkim and not trust.has_aligned_spf
    trust = trust_of(kind="smtp", client="192.0.2.1", verified=Verified(dkim_domains=("mail.c.test",), dmarc="fail"))
    assert trust.level is Level.A0 and not trust.has_aligned_dkim


def test_the_organisation_that_dns_names_joins_names_beside_each_other() -> None:
    given = {"sender": b"cust@mail.c.test", "kind": "smtp", "client": "192.0.2.1"}
    for organisation, is_aligned_ in (("c.test", True), ("", False)):
        verified = Verified(dkim_domains=("news.c.test",), dmarc="temperror", organisation=organisation)
        assert trust_of(verified=verified, **given).has_aligned_dkim is is_aligned_  # type: ignore[arg-type]


def test_evidence_copies_no_byte_that_a_terminal_would_obey() -> None:
    trust = trust_of(
        b"Authentication-Results: mx.our.test; dkim=pass header.d=\x1b]0;dkim=pass header.d=\xff\xfe;"
        b" spf=pass smtp.mailfrom=a@\x1b[2J; dmarc=\x1b[31m header.from=c.test",
        BORDER,
    )
    assert all(line.isprintable() and line.isascii() for line in trust.evidence)
