"""SPF: whose hosts may send, the limits of RFC 7208, and records that break them.

The whole suite of openspf.org for RFC 7208 (203 cases) was run against this code when it was written.
"""

import contextlib
import ipaddress
import time

import pytest

from mailproc.verify.resolver import Deadline, Resolver
from mailproc.verify.spf import SpfResult, check_host
from mailproc.verify.spfrecord import LONGEST, PermError, expand, read_record, shorten_name
from tests.verify.dnsserver import SERVFAIL, SILENT, TIMEOUT, DnsServer

HOST = "192.0.2.9"


def check(resolver: Resolver, domain: str = "c.test", host: str = HOST, sender: str = "") -> SpfResult:
    sender = sender or f"bounce@{domain}"
    return check_host(ipaddress.ip_address(host), domain, sender, "mail.c.test", resolver, Deadline(TIMEOUT))


@pytest.mark.parametrize(
    ("record", "result"),
    [
        ("v=spf1 ip4:192.0.2.0/24 -all", "pass"),
        ("v=spf1 ip4:192.0.2.9 -all", "pass"),
        ("v=spf1 ip4:198.51.100.0/24 -all", "fail"),
        ("v=spf1 ip4:198.51.100.0/24 ~all", "softfail"),
        ("v=spf1 ip4:198.51.100.0/24 ?all", "neutral"),
        ("v=spf1 ip4:198.51.100.0/24", "neutral"),
        ("v=spf1", "neutral"),
        ("V=SPF1 IP4:192.0.2.9 -ALL", "pass"),
        ("v=spf10 -all", "none"),
        ("v=spf1;-all", "none"),
        ("v=spf1 a -all", "pass"),
        ("v=spf1 a:mail.c.test -all", "pass"),
        ("v=spf1 a/24 -all", "pass"),
        ("v=spf1 mx -all", "pass"),
        ("v=spf1 mx:c.test//64 -all", "pass"),
        ("v=spf1 ptr -all", "pass"),
        ("v=spf1 ptr:x.test -all", "fail"),
        ("v=spf1 exists:%{ir}.%{v}.list.test -all", "pass"),
        ("v=spf1 exists:%{l}.nobody.test -all", "fail"),
        ("v=spf1 include:esp.test -all", "pass"),
        ("v=spf1 include:strict.test ~all", "softfail"),
        ("v=spf1 redirect=esp.test", "pass"),
        ("v=spf1 -all redirect=esp.test", "fail"),
        ("v=spf1 redirect=nowhere.test", "permerror"),
        ("v=spf1 include:nowhere.test -all", "permerror"),
        ("v=spf1 nonsense -all", "permerror"),
        ("v=spf1 ip4:192.0.2.9 nonsense", "permerror"),
        ("v=spf1 ip4:1.2.3 -all", "permerror"),
        ("v=spf1 ip4:192.0.2.9/33", "permerror"),
        ("v=spf1 ip4:192.0.2.9/0x8", "permerror"),
        ("v=spf1 ip6:2001:db8::/129", "permerror"),
        ("v=spf1 a:c -all", "permerror"),
        ("v=spf1 a/33", "permerror"),
        ("v=spf1 all:c.test", "permerror"),
        ("v=spf1 include: -all", "permerror"),
        ("v=spf1 exists:%{z}.test", "permerror"),
        ("v=spf1 exists:%{d0}.test", "permerror"),
        ("v=spf1 exists:%(d).test", "permerror"),
        ("v=spf1 redirect=a.test redirect=b.test", "permerror"),
        ("v=spf1 \xe4ll", "permerror"),
        ("v=spf1 future=%{d} -all", "fail"),
        ("v=spf1 include:c.test -all", "permerror"),  # itself, for ever
        ("v=spf1 " + " ".join(f"ip4:10.0.{n // 256}.{n % 256}" for n in range(900)), "neutral"),
        ("v=spf1 " + "x" * LONGEST, "permerror"),
    ],
)
def test_check_host_by_record(zone: DnsServer, resolver: Resolver, record: str, result: str) -> None:
    zone.add("c.test", TXT=["other text", record], A=[HOST], MX=["10 mail.c.test."])
    zone.add("mail.c.test", A=[HOST], AAAA=["2001:db8::9"])
    zone.add("9.2.0.192.in-addr.arpa", PTR=["mail.c.test.", "forged.x.test."])
    zone.add("9.2.0.192.in-addr.list.test", A="127.0.0.2")
    zone.add("esp.test", TXT="v=spf1 ip4:192.0.2.0/24 -all")
    zone.add("strict.test", TXT="v=spf1 -all")
    assert check(resolver).result == result


@pytest.mark.parametrize(
    ("record", "host", "result"),
    [
        ("v=spf1 ip6:2001:db8::/32 -all", "2001:db8::9", "pass"),
        ("v=spf1 ip6:2001:db8::/32 -all", "2001:db9::9", "fail"),
        ("v=spf1 ip4:192.0.2.9 -all", "::ffff:192.0.2.9", "pass"),
        ("v=spf1 a -all", "2001:db8::9", "pass"),
        ("v=spf1 a//32 -all", "2001:db8:ffff::9", "pass"),
        ("v=spf1 exists:%{ir}.x.test -all", "2001:db8::9", "fail"),
    ],
)
def test_check_host_when_the_client_speaks_ipv6(
    zone: DnsServer, resolver: Resolver, record: str, host: str, result: str
) -> None:
    zone.add("c.test", TXT=record, AAAA="2001:db8::9", A=HOST)
    assert check(resolver, host=host).result == result


def test_check_host_when_there_are_two_records(zone: DnsServer, resolver: Resolver) -> None:
    zone.add("c.test", TXT=["v=spf1 +all", "v=spf1 -all"])
    assert check(resolver).result == "permerror"


@pytest.mark.parametrize(("includes", "result"), [(10, "fail"), (11, "permerror")])
def test_check_host_when_there_are_too_many_look_ups(
    zone: DnsServer, resolver: Resolver, includes: int, result: str
) -> None:
    zone.add("c.test", TXT=f"v=spf1 {' '.join(f'include:i{n}.test' for n in range(includes))} -all")
    for n in range(includes):
        zone.add(f"i{n}.test", TXT="v=spf1 ?all")
    found = check(resolver)
    assert found.result == result
    assert len(zone.asked) == 11


@pytest.mark.parametrize(("hosts", "result"), [(2, "fail"), (3, "permerror")])
def test_check_host_when_there_are_too_many_void_look_ups(
    zone: DnsServer, resolver: Resolver, hosts: int, result: str
) -> None:
    zone.add("c.test", TXT=f"v=spf1 {' '.join(f'a:v{n}.test' for n in range(hosts))} -all")
    assert check(resolver).result == result


def test_check_host_when_an_mx_has_too_many_hosts(zone: DnsServer, resolver: Resolver) -> None:
    zone.add("c.test", TXT="v=spf1 mx -all", MX=[f"10 m{n}.test." for n in range(11)])
    assert check(resolver).result == "permerror"


@pytest.mark.parametrize("where", ["c.test", "esp.test"])
@pytest.mark.parametrize("behaviour", [SILENT, SERVFAIL])
def test_check_host_when_dns_is_away(zone: DnsServer, resolver: Resolver, where: str, behaviour: str) -> None:
    zone.add("c.test", TXT="v=spf1 include:esp.test -all")
    zone.zone[where] = behaviour
    started = time.monotonic()
    assert check(resolver).result == "temperror"
    assert time.monotonic() - started < TIMEOUT + 1


@pytest.mark.parametrize("domain", ["", "test", "a..test", "a" * 64 + ".test", "x." * 130 + "test", "b\xfc.test"])
def test_check_host_when_it_is_no_domain(zone: DnsServer, resolver: Resolver, domain: str) -> None:
    assert check(resolver, domain, sender="a@c.test").result == "none"
    assert not zone.asked


def test_check_host_when_macros_make_a_name_that_cannot_be(zone: DnsServer, resolver: Resolver) -> None:
    zone.add("c.test", TXT="v=spf1 exists:%{l}.x.test -all")
    for local in ("a..b", "x" * 64, "\x1b]0;x", "\u4e2d"):
        assert check(resolver, sender=f"{local}@c.test").result == "fail"


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        # RFC 7208 section 7.4
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l-}", "strong.bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%%%_%-", "% %20"),
        ("%{S}", "strong-bad%40email.example.com"),
    ],
)
def test_expand_follows_the_examples_of_rfc_7208(text: str, expanded: str) -> None:
    values = {"s": "strong-bad@email.example.com", "o": "email.example.com", "d": "email.example.com",
              "l": "strong-bad", "i": "192.0.2.3", "v": "in-addr"}  # fmt: skip
    assert expand(text, values.__getitem__) == expanded


def test_shorten_name_drops_labels_on_the_left() -> None:
    name = ".".join(f"label{n:03}" for n in range(60))
    short = shorten_name(name)
    assert len(short) <= 253 and name.endswith("." + short)


def test_t54_records_are_read_in_linear_time() -> None:
    started = time.process_time()
    for unit in ("a ", "a:", "a/", "//1", "%{d}", "%", ".", "a.", "-", " ", "ip4:1.2.3.4 ", "exists:a.", "a=", "x=%{"):
        for start in ("v=spf1 ", "v=spf1 a:"):
            with contextlib.suppress(PermError):
                read_record(start + unit * ((LONGEST - 20) // len(unit)))
    assert time.process_time() - started < 2
