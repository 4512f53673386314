"""What the doctor reads in DNS, from a real server on loopback."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mailproc.doctor import dns
from mailproc.doctor.findings import Level
from mailproc.doctor.visit import Visit
from mailproc.settings import DeliverySettings
from tests.doctor.conftest import levels
from tests.verify.dnsserver import SERVFAIL, SILENT, DnsServer

OURS = "acme.example"


def publish(zone: DnsServer, domain: str = OURS, **changes: Any) -> None:
    """A domain with all it needs; a change of "" leaves that out."""
    rows = {
        "mx": f"10 mx.{domain}.",
        "spf": "v=spf1 ip4:198.51.100.0/24 -all",
        "dkim": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "dmarc": "v=DMARC1; p=reject",
        **changes,
    }
    zone.add(domain, **({"MX": rows["mx"]} if rows["mx"] else {}), **({"TXT": rows["spf"]} if rows["spf"] else {}))
    zone.add(f"mx.{domain}", A="198.51.100.7")
    if rows["dkim"]:
        zone.add(f"_domainkey.{domain}")
        zone.add(f"{rows.get('selector', 'default')}._domainkey.{domain}", TXT=rows["dkim"])
    if rows["dmarc"]:
        zone.add(f"_dmarc.{domain}", TXT=rows["dmarc"])


def look(make_visit: Callable[..., Visit], zone: DnsServer, **changes: Any) -> dict[Level, str]:
    return levels(dns.check(make_visit(zone, **changes)))


def test_check_when_all_is_published(make_visit: Callable[..., Visit], zone: DnsServer) -> None:
    publish(zone)
    found = look(make_visit, zone)
    assert set(found) == {Level.OK}, found
    for words in ("mx.acme.example", "v=spf1", "DKIM keys of acme.example: default", "p=reject"):
        assert words in found[Level.OK]


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"mx": ""}, Level.FAIL, "no MX record"),
        ({"mx": "0 ."}, Level.FAIL, "null MX"),
        ({"mx": "10 dead.acme.example."}, Level.FAIL, "dead.acme.example"),
        ({"mx": ["10 mx.acme.example.", "20 dead.acme.example."]}, Level.WARN, "dead.acme.example"),
        ({"spf": ""}, Level.WARN, "no SPF record"),
        ({"spf": ["v=spf1 -all", "v=spf1 ~all"]}, Level.FAIL, "several SPF records"),
        ({"spf": "v=spf1 +all"}, Level.WARN, "the whole world"),
        ({"spf": "v=spf1 ipv4:198.51.100.7 -all"}, Level.FAIL, "SPF record of acme.example is wrong"),
        ({"dkim": ""}, Level.WARN, "no DKIM key"),
        ({"dkim": "v=DKIM1; p="}, Level.WARN, "revoked"),
        ({"dmarc": ""}, Level.WARN, "_dmarc.acme.example"),
    ],
)
def test_check_when_something_is_missing(
    make_visit: Callable[..., Visit], zone: DnsServer, changes: dict[str, Any], level: Level, words: str
) -> None:
    publish(zone, **changes)
    found = look(make_visit, zone)
    assert words in found.get(level, ""), found


def test_check_when_there_is_no_such_domain(make_visit: Callable[..., Visit], zone: DnsServer) -> None:
    assert "there is no domain acme.example" in look(make_visit, zone)[Level.FAIL]


def test_check_when_mail_goes_to_the_web_address(make_visit: Callable[..., Visit], zone: DnsServer) -> None:
    publish(zone, mx="")
    zone.add(OURS, A="198.51.100.9")
    assert "no MX record, mail goes to its web address" in look(make_visit, zone)[Level.WARN]


def test_check_when_dns_does_not_answer_warns(make_visit: Callable[..., Visit], zone: DnsServer) -> None:
    zone.zone[OURS] = SERVFAIL
    zone.zone[f"_dmarc.{OURS}"] = SERVFAIL
    found = look(make_visit, zone)
    assert Level.FAIL not in found and "SERVFAIL" in found[Level.WARN]


def test_check_when_nobody_answers_says_so_once(make_visit: Callable[..., Visit], zone: DnsServer) -> None:
    zone.zone[OURS] = SILENT
    findings = list(dns.check(replace(make_visit(zone), timeout=0.5)))
    assert len(findings) == 1 and "nothing can be said" in findings[0].text


def test_check_of_a_selector_with_a_name_of_its_own(make_visit: Callable[..., Visit], zone: DnsServer) -> None:
    publish(zone, selector="x2026a")
    assert "selectors with names of their own" in look(make_visit, zone)[Level.OK]


def test_check_of_a_provider_that_the_record_does_not_name(make_visit: Callable[..., Visit], zone: DnsServer) -> None:
    publish(zone)
    out = DeliverySettings("smtp", "smtp.gmail.com", 587, tls="starttls")
    assert "include:_spf.google.com" in look(make_visit, zone, delivery=out)[Level.WARN]


def test_check_of_the_subdomain_of_reply_addresses(make_visit: Callable[..., Visit], zone: DnsServer) -> None:
    publish(zone)
    assert "cases.acme.example" in look(make_visit, zone, site_address_extension="subdomain")[Level.FAIL]


def test_check_of_the_agents_domain(make_visit: Callable[..., Visit], zone: DnsServer) -> None:
    publish(zone, domain="help.acme.example")
    ours = ("support@help.acme.example",)
    found = look(make_visit, zone, site_addresses=ours)
    assert "agents' domain acme.example has no DMARC record" in found[Level.WARN]
    zone.add("_dmarc.acme.example", TXT="v=DMARC1; p=none")
    zone_again = make_visit(zone, site_addresses=ours)
    assert "DMARC of the agents' domain acme.example: p=none" in levels(dns.check(zone_again))[Level.OK]
