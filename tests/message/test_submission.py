"""Who logged in at our own mail server: what its own words prove, and what a stranger can write into them (T03)."""

import time
from datetime import UTC, datetime

import pytest

from mailproc.message.authresults import parse_auth_results
from mailproc.message.parse import parse
from mailproc.message.submission import Login, find_login, login_in_results, speaks_for
from mailproc.message.trust import assess
from mailproc.records.mail import Envelope, Level, Trust
from mailproc.records.site import Site, TrustPolicy

NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)
TAIL = "id 4C1; Mon, 5 Oct 2026 10:00:00 +0000 (UTC)"
# As Postfix 3.7 writes them
SUBMITTED = (
    "from laptop (dsl.isp.test [198.51.100.7])\r\n"
    "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n"
    "\t key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256)\r\n"
    "\t(No client certificate requested)\r\n\t(Authenticated sender: ann@our.test)\r\n"
    f"\tby mx.our.test (Postfix) with ESMTPSA {TAIL}"
)
OUTSIDE = f"from mail.x.test (mail.x.test [192.0.2.9])\r\n\tby mx.our.test (Postfix) with ESMTPS {TAIL}"
DOVECOT = f"from mx.our.test\r\n\tby mx.our.test with LMTP\r\n\tid aB/Cd (envelope-from <ann@our.test>); {TAIL}"
EXIM = "mx.our.test; iprev=pass (dsl.isp.test) smtp.remote-ip=198.51.100.7; auth=pass (PLAIN) smtp.auth=ann@our.test"

ANN = Login("ann@our.test", "mx.our.test")


def hops(*received: str) -> list[tuple[str, str]]:
    return [("return-path", "<x>"), *(("received", value) for value in received), ("from", "ann@our.test")]


@pytest.mark.parametrize(
    "received",
    [
        (SUBMITTED,),
        (SUBMITTED, OUTSIDE),
        (DOVECOT, SUBMITTED),
        (SUBMITTED.replace("ESMTPSA", "ESMTPA"),),
        (SUBMITTED.replace("ESMTPSA", "UTF8SMTPSA"),),
        (SUBMITTED.replace("ann@", "Ann@").replace("by mx.our.test", "by MX.our.test"),),
        (SUBMITTED.replace("from laptop", "from [198.51.100.7]"),),
        (SUBMITTED.replace("from laptop", "from [IPv6:2001:db8::7]"),),
    ],
)
def test_find_login_in_what_postfix_writes(received: tuple[str, ...]) -> None:
    assert find_login(hops(*received), ("mx.our.test",)) == ANN


FORGED = {
    "below the border's own": (OUTSIDE, SUBMITTED),
    "below a mailbox server's and the border's": (DOVECOT, OUTSIDE, SUBMITTED),
    "below two of a mailbox server": (DOVECOT, DOVECOT, SUBMITTED),
    "another host": (SUBMITTED.replace("by mx.our.test", "by mx.x.test"),),
    "a name that begins alike": (SUBMITTED.replace("by mx.our.test", "by mx.our.test.x.test"),),
    "without a login": (SUBMITTED.replace("ESMTPSA", "ESMTPS"),),
    "no login named": (SUBMITTED.replace("(Authenticated sender: ann@our.test)", ""),),
    "HELO that claims a login": (OUTSIDE.replace("from mail.x.test", "from (Authenticated sender: ann@our.test)"),),
    "HELO that goes on": (OUTSIDE.replace("from mail.x.test", "from a by mx.our.test with ESMTPSA (x"),),
    "HELO with a line": (OUTSIDE.replace("from mail.x.test", "from a\r\n (Authenticated sender: ann@our.test)"),),
    "the recipient's local part": (
        OUTSIDE.replace("id 4C1;", 'id 4C1 for <"support+(Authenticated sender: ann@our.test)"@our.test>;'),
    ),
    "the recipient and the protocol": (
        SUBMITTED.replace("(Authenticated sender: ann@our.test)", "").replace(
            "id 4C1;", 'id 4C1 for <"support+ (Authenticated sender: ann@our.test) by mx.our.test"@our.test>;'
        ),
    ),
    "a certificate's name": (
        SUBMITTED.replace("(No client certificate requested)", '(Client CN "a (Authenticated sender: ann@our.test) b")')
        .replace("\t(Authenticated sender: ann@our.test)", "\t"),
    ),
    "behind the host": (
        SUBMITTED.replace("(Authenticated sender: ann@our.test)", "").replace(
            "(Postfix)", "(Authenticated sender: ann@our.test)"
        ),
    ),
    "two logins": (SUBMITTED.replace("(No client", "(Authenticated sender: bo@our.test) (No client"),),
    "a login of two words": (SUBMITTED.replace("sender: ann@our.test", "sender: ann@our.test bo@our.test"),),
    "a login with a comment": (SUBMITTED.replace("sender: ann@our.test", "sender: ann@our.test (x)"),),
    "a comment that never ends": (SUBMITTED.replace("sender: ann@our.test)", "sender: ann@our.test"),),
    "a backslash": (SUBMITTED.replace("(No client", "(\\) No client"),),
    "letters that fold": (SUBMITTED.replace("sender: ann@", "sender: \u212aann@"),),
    "no from": (SUBMITTED.removeprefix("from laptop "),),
    "by itself": ("",),
    "too long": (SUBMITTED.replace("(No client", "(" + "x" * 5_000 + ") (No client"),),
    "local": (f"by mx.our.test (Postfix, from userid 1000)\r\n\t{TAIL}", SUBMITTED),
    "nothing": (),
}  # fmt: skip


@pytest.mark.parametrize("received", FORGED.values(), ids=FORGED)
def test_t03_no_stranger_writes_a_login(received: tuple[str, ...]) -> None:
    found = find_login(hops(*received), ("mx.our.test",))
    assert found is None or found.name != "ann@our.test"


def test_hosts_of_a_provider_with_many_do_not_count() -> None:
    """Its other customers log in there, too."""
    assert find_login(hops(SUBMITTED), ("*.our.test",)) is None
    assert login_in_results(parse_auth_results(EXIM), ("*.our.test",)) is None


@pytest.mark.parametrize(
    ("field", "login"),
    [
        (EXIM, ANN),
        ("mx.our.test; auth=pass smtp.auth=ann@our.test smtp.mailfrom=ann@our.test", ANN),  # Rspamd
        ("mx.our.test; auth=fail smtp.auth=ann@our.test", None),
        ("mx.our.test; auth=pass", None),
        ("mx.our.test; auth=pass smtp.mailfrom=ann@our.test", None),
        ("mx.our.test; auth=pass smtp.auth=ann@our.test smtp.auth=bo@our.test", None),
        ("mx.our.test; auth=pass smtp.auth=ann@our.test; auth=pass smtp.auth=bo@our.test", None),
        ("mx.our.test; auth=pass (smtp.auth=ann@our.test)", None),
        ("mx.our.test; dkim=pass reason=\"; auth=pass smtp.auth=ann@our.test\" header.d=x.test", None),
        ('mx.our.test; auth=pass smtp.auth="ann@our.test bo"', None),
        ("mx.x.test; auth=pass smtp.auth=ann@our.test", None),
        ("auth=pass smtp.auth=ann@our.test", None),
    ],
)  # fmt: skip
def test_login_in_results_of_our_own_server(field: str, login: Login | None) -> None:
    assert login_in_results(parse_auth_results(field), ("mx.our.test",)) == login
    assert login_in_results(None, ("mx.our.test",)) is None


@pytest.mark.parametrize(
    ("login", "address", "pair", "may"),
    [
        ("ann@our.test", "ann@our.test", ("*@our.test", "*@our.test"), True),
        ("bo@our.test", "ann@our.test", ("*@our.test", "*@our.test"), False),
        ("ann", "ann@our.test", ("*@our.test", "*@our.test"), False),
        ("ann@x.test", "ann@x.test", ("*@our.test", "*@our.test"), False),
        ("ann@our.test", "ann@x.test", ("*@our.test", "*@our.test"), False),
        ("@our.test", "@our.test", ("*@our.test", "*@our.test"), False),
        ("ann@x.test@our.test", "ann@x.test@our.test", ("*@our.test", "*@our.test"), False),
        ("ann", "ann@our.test", ("*", "*@our.test"), True),
        ("bo", "ann@our.test", ("*", "*@our.test"), False),
        ("ann@x.test", "ann@x.test@our.test", ("*", "*@our.test"), False),
        ("ann@login.our.test", "ann@our.test", ("*@login.our.test", "*@our.test"), True),
        ("asmith", "ann@our.test", ("asmith", "ann@our.test"), True),
        ("asmith", "asmith@our.test", ("asmith", "ann@our.test"), False),
        ("*", "*@our.test", ("asmith", "ann@our.test"), False),
    ],
)
def test_speaks_for_the_address_that_the_operator_said(
    login: str, address: str, pair: tuple[str, str], may: bool
) -> None:
    assert speaks_for(login, address, (pair,)) is may
    assert not speaks_for(login, address, ())


# ---- what it is worth


def trust_of(
    *fields: str,
    logins: tuple[tuple[str, str], ...] = (("*@our.test", "*@our.test"),),
    sender: str = "ann@our.test",
    kind: str = "lmtp",
    client: str = "",
    ids: tuple[str, ...] = (),
) -> Trust:
    policy = TrustPolicy(
        trusted_authserv_ids=ids, border_hosts=("mx.our.test",), trusted_networks=("10.0.0.0/8",), logins=logins
    )
    site = Site("Our", "OUR", ("support@our.test",), "our.test", trust=policy)
    raw = "\r\n".join([*fields, f"From: {sender}", "Subject: x", "", "text", ""]).encode()
    return assess(parse(raw), Envelope(kind, NOW, client=client), site)


HANDED_IN = f"Received: {SUBMITTED}"


@pytest.mark.parametrize("kind", ["lmtp", "pipe", "imap", "maildir"])
def test_who_logged_in_as_the_address_in_from_is_proven(kind: str) -> None:
    trust = trust_of(HANDED_IN, kind=kind)
    assert (trust.level, trust.source) == (Level.A3, "submission")
    assert any("ann@our.test logged in" in line for line in trust.evidence)


@pytest.mark.parametrize(
    "changes",
    [
        {"logins": ()},
        {"sender": "bo@our.test"},
        {"sender": "jane@c.test"},
        {"kind": "smtp", "client": "192.0.2.1"},
        {"kind": "smtp"},
    ],
)
def test_t03_a_login_proves_nothing_else(changes: dict[str, object]) -> None:
    trust = trust_of(HANDED_IN, **changes)  # type: ignore[arg-type]
    assert trust.level is Level.A1 and trust.source == "none"


def test_by_smtp_from_a_trusted_relay_it_counts() -> None:
    assert trust_of(HANDED_IN, kind="smtp", client="10.0.0.5").level is Level.A3


def test_a_malformed_from_stays_a0() -> None:
    assert trust_of(HANDED_IN, sender="ann@our.test <evil@x.test>").level is Level.A0


def test_results_of_our_server_name_the_login_and_contradict_it() -> None:
    field = f"Authentication-Results: {EXIM}"
    outside = f"Received: {OUTSIDE}"
    assert trust_of(field, outside, ids=("mx.our.test",)).level is Level.A3
    assert trust_of(field, outside, ids=()).level is Level.A1
    failed = trust_of(f"{field}; dmarc=fail header.from=our.test", HANDED_IN, ids=("mx.our.test",))
    assert failed.level is Level.A0
    below = trust_of(outside, "Received: from a by mail.x.test; x", field, ids=("mx.our.test",))
    assert below.level is Level.A1


def test_a_login_that_writes_as_somebody_else_is_said() -> None:
    (line,) = trust_of(HANDED_IN, sender="bo@our.test").evidence
    said = "mx.our.test says ann@our.test logged in and handed it in"
    assert line == f"{said}, who by trust.logins does not write as From"


def test_what_is_longer_than_any_hop_is_not_read() -> None:
    """Up to that size one pass is made, so that a stranger's field costs next to nothing."""
    start = time.process_time()
    for filling in ("(" * 2_000 + ")" * 2_000, "()" * 2_000, "(x" * 2_000, " " * 4_000, "(" * 1_000_000):
        for _ in range(20):
            assert find_login(hops(f"from a {filling} by mx.our.test with ESMTPSA"), ("mx.our.test",)) is None
    assert time.process_time() - start < 2
