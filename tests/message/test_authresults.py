"""Authentication-Results as RFC 8601 and the large providers write it, and as nobody should."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproc.message.authresults import AuthResults, Result, parse_auth_results


def read(value: str) -> AuthResults:
    found = parse_auth_results(value)
    assert found is not None
    return found


def claims(value: str) -> dict[str, list[str]]:
    """The results of a field with the domains they are about."""
    told: dict[str, list[str]] = {}
    for result in read(value).results:
        about = [result.find(name) for name in ("header.d", "header.i", "header.from", "smtp.mailfrom", "smtp.mail")]
        told.setdefault(result.method, []).append(" ".join([result.result, *filter(None, about)]))
    return told


PROVIDERS = [
    (
        # Gmail
        "mx.google.com;\r\n       dkim=pass header.i=@c.test header.s=20230601 header.b=\"aB3/+x==\";\r\n"
        "       dkim=pass header.i=@esp.test header.s=s1 header.b=k9/aZ==;\r\n"
        "       spf=pass (google.com: domain of bounce+jane=our.test@esp.test designates 192.0.2.9 as permitted sender)"
        " smtp.mailfrom=\"bounce+jane=our.test@esp.test\";\r\n"
        "       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=c.test;\r\n       dara=pass header.i=@our.test",
        "mx.google.com",
        {"dkim": ["pass @c.test", "pass @esp.test"], "spf": ["pass bounce+jane=our.test@esp.test"],
         "dmarc": ["pass c.test"], "dara": ["pass @our.test"]},
    ),
    (
        # Microsoft 365, no id, with the recipient's domain between the results
        "spf=pass (sender IP is 192.0.2.9)\r\n smtp.mailfrom=c.test; our.test; dkim=pass (signature was verified)\r\n"
        " header.d=c.test;our.test; dmarc=pass action=none\r\n header.from=c.test;compauth=pass reason=100",
        "",
        {"spf": ["pass c.test"], "dkim": ["pass c.test"], "dmarc": ["pass c.test"], "compauth": ["pass"]},
    ),
    (
        # Microsoft 365, nothing signed, null sender
        "spf=none (sender IP is )\r\n smtp.mailfrom=; dkim=none (message not signed)\r\n header.d=none;dmarc=none"
        " action=none header.from=c.test;",
        "",
        {"spf": ["none"], "dkim": ["none none"], "dmarc": ["none c.test"]},
    ),
    (
        # Yahoo
        "atlas-production.v2-mail-prod1-gq1.omega.yahoo.test;\r\n dkim=pass header.i=@c.test header.s=s1;\r\n"
        " spf=pass smtp.mailfrom=c.test;\r\n dmarc=pass(p=REJECT) header.from=c.test;",
        "atlas-production.v2-mail-prod1-gq1.omega.yahoo.test",
        {"dkim": ["pass @c.test"], "spf": ["pass c.test"], "dmarc": ["pass c.test"]},
    ),
    (
        # Fastmail
        "mx6.messagingengine.test;\r\n    arc=none (no signatures found);\r\n    bimi=skipped (DMARC did not pass);\r\n"
        "    dkim=pass (2048-bit rsa key sha256) header.d=c.test header.i=@c.test\r\n    header.b=aB3x=="
        " header.a=rsa-sha256 header.s=s1 x-bits=2048;\r\n    dmarc=pass policy.published-domain-policy=none\r\n"
        "    policy.applied-disposition=none policy.policy-from=p header.from=c.test;\r\n    iprev=pass"
        " smtp.remote-ip=192.0.2.9 (mail.c.test);\r\n    spf=pass smtp.mailfrom=jane@c.test smtp.helo=mail.c.test;\r\n"
        "    x-tls=pass smtp.version=TLSv1.3",
        "mx6.messagingengine.test",
        {"arc": ["none"], "bimi": ["skipped"], "dkim": ["pass c.test @c.test"], "dmarc": ["pass c.test"],
         "iprev": ["pass"], "spf": ["pass jane@c.test"], "x-tls": ["pass"]},
    ),
    (
        # mail.ru
        "mxs.mail.test; spf=pass (mx123.i.mail.test: domain of c.test designates 192.0.2.9 as permitted sender)"
        " smtp.mailfrom=jane@c.test smtp.helo=mail.c.test;\r\n\t dkim=pass header.d=c.test; dmarc=pass"
        " header.from=jane@c.test",
        "mxs.mail.test",
        {"spf": ["pass jane@c.test"], "dkim": ["pass c.test"], "dmarc": ["pass jane@c.test"]},
    ),
    (
        # Yandex
        "myt5-0123.qloud-c.yandex.test; spf=pass (myt5-0123: domain of c.test designates 192.0.2.9 as permitted sender,"
        " rule=[ip4:192.0.2.0/24]) smtp.mail=jane@c.test; dkim=pass header.i=@c.test",
        "myt5-0123.qloud-c.yandex.test",
        {"spf": ["pass jane@c.test"], "dkim": ["pass @c.test"]},
    ),
    (
        # GMX
        "gmx.test; dkim=pass header.i=@c.test",
        "gmx.test",
        {"dkim": ["pass @c.test"]},
    ),
    (
        # rspamd, an address with = that is not quoted
        "mx.our.test;\r\n\tdkim=pass header.d=c.test header.s=s1 header.b=aB3/+x==;\r\n\tdmarc=pass (policy=reject)"
        " header.from=c.test;\r\n\tspf=pass (mx.our.test: domain of x designates y as permitted sender)"
        " smtp.mailfrom=srs0=ab=cd=c.test=jane@esp.test",
        "mx.our.test",
        {"dkim": ["pass c.test"], "dmarc": ["pass c.test"], "spf": ["pass srs0=ab=cd=c.test=jane@esp.test"]},
    ),
    (
        # OpenDMARC
        "OpenDMARC; dmarc=pass (p=reject dis=none) header.from=c.test",
        "opendmarc",
        {"dmarc": ["pass c.test"]},
    ),
    (
        # RFC 8601 appendix B.7: comments everywhere
        "foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n"
        " policy (A dot can go here) . (like that) expired (this surprised me) = (as I wasn't expecting it) 1362471462",
        "foo.example.net",
        {"dkim": ["fail"]},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("value", "authserv_id", "told"), PROVIDERS)
def test_parse_auth_results_of_a_provider(value: str, authserv_id: str, told: dict[str, list[str]]) -> None:
    assert read(value).authserv_id == authserv_id
    assert claims(value) == told


@pytest.mark.parametrize(
    ("value", "value_of_sender"),
    [
        ('mx; spf=pass smtp.mailfrom="a b"@c.test', "a b@c.test"),
        ('mx; spf=pass smtp.mailfrom="a;dmarc=pass"@c.test', "a;dmarc=pass@c.test"),
        ('mx; spf=pass smtp.mailfrom="a\\"b"@c.test', 'a"b@c.test'),
        ("mx; spf=pass smtp.mailfrom= a@c.test", "a@c.test"),
        ("mx; spf=pass smtp.mailfrom = a@c.test (x)", "a@c.test"),
        ("mx; spf=pass smtp.mailfrom=", ""),
        ("mx; spf=pass smtp.mailfrom= smtp.helo=c.test", ""),
        ("mx; spf=pass smtp.mailfrom=j\xfcrgen@c.test", ""),
        ("mx; spf=pass smtp.mailfrom=a@c.test smtp.mailfrom=b@c.test", ""),
    ],
)
def test_parse_auth_results_reads_addresses(value: str, value_of_sender: str) -> None:
    [spf] = read(value).all_of("spf")
    assert spf.find("smtp.mailfrom") == value_of_sender
    assert not read(value).all_of("dmarc")


def test_parse_auth_results_allows_letters_beyond_ascii_where_they_prove_nothing() -> None:
    assert claims("mx; spf=pass (f\xfcr dich) smtp.mailfrom=j\udcfc@x.test; dmarc=pass header.from=c.test") == {
        "spf": ["pass"], "dmarc": ["pass c.test"],
    }  # fmt: skip
    for value in ("m\u212a; dmarc=pass", "mx; dm\u0430rc=pass", "mx; dmarc=p\u0430ss", "mx;\u00a0dmarc=pass"):
        assert parse_auth_results(value) is None


def test_parse_auth_results_reads_the_whole_grammar() -> None:
    found = parse_auth_results(
        'mx.Our.test 1; (ok) dkim/1 = pass (2048 bits) reason="all; good" header.d=c.test header.b="a=b"; iprev=pass'
    )
    assert found is not None
    assert found.authserv_id == "mx.our.test"
    assert found.results == (
        Result("dkim", "pass", (("reason", "all; good"), ("header.d", "c.test"), ("header.b", "a=b"))),
        Result("iprev", "pass"),
    )


@pytest.mark.parametrize(
    "value", ["", ";", "mx; =pass", "mx; dkim", "mx; dkim=pass x", "a b c; none", 'mx; "', "mx; (", "m\xe4x; none"]
)
def test_parse_auth_results_when_it_is_none(value: str) -> None:
    assert parse_auth_results(value) is None


def test_t54_auth_results_are_read_in_linear_time() -> None:
    started = time.process_time()
    for unit in ("(", '"', "a=", ";", "\\", "(a)", '""', "a=b;"):
        parse_auth_results("mx; " + unit * (16_000 // len(unit)))
    assert time.process_time() - started < 2


def test_t54_auth_results_double_their_time_with_their_length() -> None:
    for unit in ("x=y ", "a=b; ", '"x"', "(a(b)c)", "a=b(c)"):
        times = []
        for length in (4_000, 16_000):
            value = "mx; a=" + unit * (length // len(unit))
            times.append(min(_seconds(value) for _ in range(9)))
        assert times[1] < 4 * times[0] * 2 + 0.002


def _seconds(value: str) -> float:
    started = time.process_time()
    parse_auth_results(value)
    return time.process_time() - started


@given(st.text(alphabet='mx; dmarc=pass().,"\\\\\r\n\t@\x00\xe4', max_size=80))
def test_parse_auth_results_always_returns(value: str) -> None:
    found = parse_auth_results(value)
    assert found is None or all(result.method for result in found.results)


@given(st.text(max_size=60))
def test_t18_what_is_quoted_or_a_comment_is_never_a_result(text: str) -> None:
    quoted = text.replace("\\", "").replace('"', "")
    found = parse_auth_results(f'mx; spf=none smtp.mailfrom="{quoted}; dmarc=pass header.from=c.test"')
    assert found is None or not found.all_of("dmarc")
    inside = text.replace("\\", "").replace("(", "").replace(")", "")
    found = parse_auth_results(f"mx; spf=none ({inside}; dmarc=pass header.from=c.test)")
    assert found is None or not found.all_of("dmarc")


@given(
    st.lists(st.sampled_from(["a", "dkim/1", ".", "/", "=", " ", ";", "(x)", '"q"', "\t", "pass", "x@y"]), max_size=20)
)
def test_the_short_way_through_a_pair_reads_what_the_long_way_reads(pieces: list[str]) -> None:
    value = "mx; " + "".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mailproc.message.authresults._PAIR", re.compile(r"(?!)"))
        long_way = parse_auth_results(value)
    assert parse_auth_results(value) == long_way
