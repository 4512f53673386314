"""What the doctor says of the key that signs our mail."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mailproc.delivery.dkim import Signer, make_key
from mailproc.doctor import dkim, dns
from mailproc.doctor.findings import Level
from mailproc.doctor.visit import Visit
from mailproc.settings import DeliverySettings
from mailproc.settings.records import DkimSettings
from tests.doctor.conftest import levels
from tests.verify.dnsserver import SERVFAIL, DnsServer

OURS = "acme.example"


def signing(path: Path, domain: str = OURS, algorithm: str = "rsa-sha256") -> DeliverySettings:
    return replace(DeliverySettings("smtp"), dkim=DkimSettings("odd-name", domain, str(path), algorithm))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    make_key(path, "rsa-sha256")
    return path


def test_a_site_that_does_not_sign_has_nothing_to_look_at(make_visit: Callable[..., Visit]) -> None:
    visit = make_visit()
    assert not list(dkim.check_key(visit)) and not list(dkim.check_record(visit))


def test_a_key_in_order(make_visit: Callable[..., Visit], key: Path, zone: DnsServer) -> None:
    visit = make_visit(zone, delivery=signing(key), site_addresses=(f"support@{OURS}", f"billing@shop.{OURS}"))
    name, text = Signer("odd-name", OURS, key).dns_record()
    zone.add(name, TXT=text)
    found = levels([*dkim.check_key(visit), *dkim.check_record(visit)])
    assert set(found) == {Level.OK} and "publishes our key" in found[Level.OK]


@pytest.mark.parametrize(
    ("bits", "mode", "level", "words"),
    [(1024, 0o600, Level.WARN, "1024 bits"), (2048, 0o640, Level.WARN, "mode 0640"), (0, 0, Level.FAIL, "cannot read")],
)
def test_what_is_wrong_with_the_file(
    make_visit: Callable[..., Visit], tmp_path: Path, bits: int, mode: int, level: Level, words: str
) -> None:
    path = tmp_path / "key.pem"
    if bits:
        make_key(path, "rsa-sha256", bits)
        path.chmod(mode)
    found = levels(dkim.check_key(make_visit(delivery=signing(path), site_addresses=(f"support@{OURS}",))))
    assert words in found[level]
    assert not list(dkim.check_record(make_visit(delivery=signing(path)))) or bits


def test_another_domains_signature_proves_nothing_of_ours(make_visit: Callable[..., Visit], key: Path) -> None:
    visit = make_visit(delivery=signing(key, "elsewhere.example"), site_addresses=(f"support@{OURS}",))
    assert "proves nothing about acme.example" in levels(dkim.check_key(visit))[Level.WARN]


def test_what_dns_publishes(make_visit: Callable[..., Visit], key: Path, zone: DnsServer, tmp_path: Path) -> None:
    signer = Signer("odd-name", OURS, key)
    name, text = signer.dns_record()

    def look() -> dict[Level, str]:
        return levels(dkim.check_record(make_visit(zone, delivery=signing(key))))

    assert "there is no record" in look()[Level.FAIL] and text in look()[Level.FAIL]
    zone.zone[name] = SERVFAIL
    assert "not known" in look()[Level.WARN]
    make_key(tmp_path / "other.pem", "rsa-sha256")
    zone.zone[name] = {"TXT": [Signer("odd-name", OURS, tmp_path / "other.pem").dns_record()[1]]}
    assert "every mail looks forged" in look()[Level.FAIL]


def test_the_round_through_dns_knows_our_own_selector(
    make_visit: Callable[..., Visit], key: Path, zone: DnsServer
) -> None:
    name, text = Signer("odd-name", OURS, key).dns_record()
    zone.add(OURS, MX=f"10 mx.{OURS}.", TXT="v=spf1 ip4:198.51.100.0/24 -all")
    zone.add(f"mx.{OURS}", A="198.51.100.7")
    zone.add(f"_dmarc.{OURS}", TXT="v=DMARC1; p=reject")
    zone.add(name, TXT=text)
    found = levels(dns.check(make_visit(zone, delivery=signing(key), site_addresses=(f"support@{OURS}",))))
    assert f"DKIM keys of {OURS}: odd-name" in found[Level.OK]
