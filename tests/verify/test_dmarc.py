"""DMARC: which record applies, what an organisation is, and who speaks for whom."""

import pytest

from mailproc.verify.dmarc import Record, is_spoken_for, read_record, walk
from mailproc.verify.resolver import Deadline, DnsTrouble, Resolver
from tests.verify.dnsserver import SERVFAIL, SILENT, TIMEOUT, DnsServer


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("v=DMARC1; p=reject", Record("reject")),
        ("v=DMARC1;p=none;rua=mailto:a@c.test;", Record("none")),
        ("v=DMARC1; P=reject", None),
        ("v=DMARC1; p=Reject; sp=QUARANTINE; np=none", Record("reject", "quarantine", "none")),
        ("v=DMARC1; p=reject; adkim=s; aspf=s", Record("reject", is_dkim_strict=True, is_spf_strict=True)),
        ("v=DMARC1; p=reject; adkim=x; sp=x; t=maybe; psd=u; pct=0; unknown=1", Record("reject")),
        ("v=DMARC1; p=reject; psd=y; t=y", Record("reject", psd="y", is_test=True)),
        ("v=DMARC1; rua=mailto:a@c.test", Record("none")),
        ("v=DMARC1; p=bogus; rua=mailto:a@c.test", Record("none")),
        ("v=DMARC1; p=bogus", None),
        ("v=DMARC1", None),
        ("v=DMARC11; p=reject", None),
        ("p=reject; v=DMARC1", None),
        ("v=dmarc1; p=reject", None),
        ("v=DMARC1; p=reject; p=none", None),
        ("v=DMARC1; p=reject; junk", None),
        ("", None),
    ],
)
def test_read_record(text: str, record: Record | None) -> None:
    assert read_record(text) == record


REJECT, NONE = "v=DMARC1; p=reject", "v=DMARC1; p=none"


@pytest.mark.parametrize(
    ("records", "domain", "record_at", "organisation"),
    [
        ({}, "mail.c.test", "", ""),
        ({"c.test": REJECT}, "c.test", "c.test", "c.test"),
        ({"c.test": REJECT}, "a.b.mail.c.test", "c.test", "c.test"),
        ({"c.test": REJECT, "mail.c.test": NONE}, "mail.c.test", "mail.c.test", "c.test"),
        ({"c.test": REJECT, "mail.c.test": NONE}, "a.mail.c.test", "c.test", "c.test"),
        ({"mail.c.test": NONE}, "mail.c.test", "mail.c.test", "mail.c.test"),
        ({"c.test": REJECT, "b.c.test": NONE + "; psd=n"}, "a.b.c.test", "b.c.test", "b.c.test"),
        ({"bank.test": NONE + "; psd=y"}, "a.c.bank.test", "bank.test", "c.bank.test"),
        ({"bank.test": NONE + "; psd=y", "c.bank.test": REJECT}, "c.bank.test", "c.bank.test", "c.bank.test"),
        ({"bank.test": NONE + "; psd=y"}, "bank.test", "bank.test", "bank.test"),
        # A registry that only forgot psd=y makes its customers no organisation
        ({"test": NONE}, "c.test", "", ""),
        ({"co.uk": NONE}, "c.co.uk", "", ""),
        ({"co.uk": NONE, "c.co.uk": REJECT}, "a.c.co.uk", "c.co.uk", "c.co.uk"),
        ({"c.test": "v=DMARC1; p=bogus"}, "c.test", "", ""),
    ],
)
def test_walk_finds_record_and_organisation(
    zone: DnsServer, resolver: Resolver, records: dict[str, str], domain: str, record_at: str, organisation: str
) -> None:
    for name, text in records.items():
        zone.add(f"_dmarc.{name}", TXT=["unrelated", text])
    found = walk(domain, resolver, Deadline(TIMEOUT))
    assert (found.record_at, found.organisation, found.trouble) == (record_at, organisation, "")
    assert (found.record is None) is (record_at == "")


def test_walk_when_there_are_two_records_counts_none(zone: DnsServer, resolver: Resolver) -> None:
    zone.add("_dmarc.c.test", TXT=[REJECT, NONE])
    assert walk("c.test", resolver, Deadline(TIMEOUT)).record is None


def test_walk_asks_eight_times_at_most(zone: DnsServer, resolver: Resolver) -> None:
    zone.add("_dmarc.c.test", TXT=REJECT)
    name = ".".join("abcdefghijklmnopqrst") + ".c.test"
    assert walk(name, resolver, Deadline(TIMEOUT)).record_at == "c.test"
    assert [asked for _, _, asked in zone.asked][:2] == [f"_dmarc.{name}", "_dmarc.p.q.r.s.t.c.test"]
    assert len(zone.asked) == 8


@pytest.mark.parametrize("behaviour", [SILENT, SERVFAIL])
def test_walk_when_dns_is_away(zone: DnsServer, resolver: Resolver, behaviour: str) -> None:
    zone.zone["_dmarc.c.test"] = behaviour
    found = walk("c.test", resolver, Deadline(TIMEOUT))
    assert found.record is None and found.trouble
    zone.add("_dmarc.mail.c.test", TXT=REJECT)
    found = walk("mail.c.test", resolver, Deadline(TIMEOUT))
    assert found.record is not None and found.organisation == "" and found.trouble


@pytest.mark.parametrize(
    ("identifier", "is_strict", "is_spoken"),
    [
        ("mail.c.test", True, True),
        ("mail.c.test", False, True),
        ("c.test", False, True),
        ("c.test", True, False),
        ("news.c.test", False, True),
        ("a.news.c.test", False, True),
        ("own.c.test", False, False),
        ("a.own.c.test", False, False),
        ("xc.test", False, False),
        ("test", False, False),
        ("x.test", False, False),
    ],
)
def test_is_spoken_for(zone: DnsServer, resolver: Resolver, identifier: str, is_strict: bool, is_spoken: bool) -> None:
    zone.add("_dmarc.c.test", TXT=REJECT)
    zone.add("_dmarc.own.c.test", TXT=REJECT + "; psd=n")
    tree = walk("mail.c.test", resolver, Deadline(TIMEOUT))
    assert is_spoken_for(identifier, tree, is_strict, resolver, Deadline(TIMEOUT)) is is_spoken


def test_is_spoken_for_when_dns_is_away(zone: DnsServer, resolver: Resolver) -> None:
    zone.add("_dmarc.c.test", TXT=REJECT)
    zone.zone["_dmarc.news.c.test"] = SERVFAIL
    tree = walk("c.test", resolver, Deadline(TIMEOUT))
    with pytest.raises(DnsTrouble):
        is_spoken_for("news.c.test", tree, False, resolver, Deadline(TIMEOUT))
    zone.zone["_dmarc.test"] = SERVFAIL
    tree = walk("c.test", Resolver(zone.address, TIMEOUT), Deadline(TIMEOUT))
    assert is_spoken_for("c.test", tree, False, resolver, Deadline(TIMEOUT))
    with pytest.raises(DnsTrouble):
        is_spoken_for("a.c.test", tree, False, resolver, Deadline(TIMEOUT))


@pytest.mark.parametrize(
    ("record", "domain", "does_exist", "policy"),
    [
        ("p=reject", "c.test", True, "reject"),
        ("p=reject; sp=none", "c.test", True, "reject"),
        ("p=reject; sp=none", "a.c.test", True, "none"),
        ("p=none; np=reject", "a.c.test", True, "none"),
        ("p=none; np=reject", "a.c.test", False, "reject"),
        ("p=none; sp=quarantine", "a.c.test", False, "quarantine"),
        ("p=reject; t=y", "c.test", True, "quarantine"),
        ("p=none; t=y", "c.test", True, "none"),
    ],
)
def test_policy_of_a_domain(
    zone: DnsServer, resolver: Resolver, record: str, domain: str, does_exist: bool, policy: str
) -> None:
    zone.add("_dmarc.c.test", TXT=f"v=DMARC1; {record}")
    assert walk(domain, resolver, Deadline(TIMEOUT)).policy(does_exist) == policy
