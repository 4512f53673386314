"""What the doctor says of settings that are well written and still not wise."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mailproc.cli import main
from mailproc.doctor import site
from mailproc.doctor.findings import Level
from mailproc.doctor.rounds import read_settings
from mailproc.doctor.visit import Visit
from mailproc.records.site import TrustPolicy
from mailproc.settings import DeliverySettings, IntakeSettings
from tests.doctor.conftest import levels

IMAP = IntakeSettings("imap", "support", "imap.acme.example", 993, user="box@acme.example", password="x")
SMTP = IntakeSettings("smtp", "smtp", "127.0.0.1", 2525)
OUT = DeliverySettings("smtp", "mail.acme.example", 25)
KNOWN = TrustPolicy(trusted_authserv_ids=("mx.acme.example",))


def test_check_of_a_site_that_is_well(make_visit: Callable[..., Visit]) -> None:
    visit = make_visit(
        intakes=(IMAP,), delivery=OUT, site_trust=KNOWN, site_addresses=("support@help.acme.example",),
        site_operator="ops@acme.example", alarm_command=("/bin/true",),
    )  # fmt: skip
    found = levels(site.check(visit))
    assert set(found) == {Level.OK}, found


@pytest.mark.parametrize(
    ("intakes", "trust", "level", "words"),
    [
        ((SMTP,), TrustPolicy(agent_trust="token"), Level.WARN, "agent_trust: token"),
        ((IMAP,), TrustPolicy(), Level.FAIL, "no agent can answer"),
        ((SMTP,), TrustPolicy(verify=False), Level.FAIL, "no agent can answer"),
        ((SMTP, IMAP), TrustPolicy(), Level.WARN, "comes by imap is proven by nobody"),
        ((SMTP,), TrustPolicy(agent_trust="network"), Level.FAIL, "trusted_networks is empty"),
        ((SMTP,), TrustPolicy(), Level.OK, "agents are told by dmarc"),
        ((IMAP,), TrustPolicy(border_hosts=("mx.acme.example",), logins=(("*@a.example", "*@a.example"),)), Level.OK,
         "agents are told by dmarc"),
        ((), KNOWN, Level.WARN, "no way in"),
    ],
)
def test_check_of_trust(
    make_visit: Callable[..., Visit], intakes: tuple[IntakeSettings, ...], trust: TrustPolicy, level: Level, words: str
) -> None:
    assert words in levels(site.check(make_visit(intakes=intakes, site_trust=trust)))[level]


def test_t02_check_warns_when_support_is_in_the_agents_domain(make_visit: Callable[..., Visit]) -> None:
    assert "agents' own domain (acme.example)" in levels(site.check(make_visit()))[Level.WARN]


@pytest.mark.parametrize(
    ("operator", "level", "words"),
    [
        ("", Level.WARN, "nobody is told"),
        ("support@acme.example", Level.FAIL, "a mailbox that mailproc reads"),
        ("support+ops@acme.example", Level.FAIL, "a mailbox that mailproc reads"),
        ("box@acme.example", Level.FAIL, "a mailbox that mailproc reads"),
        ("ops@acme.example", Level.OK, "alarms go to ops@acme.example"),
    ],
)
def test_check_of_the_operator(make_visit: Callable[..., Visit], operator: str, level: Level, words: str) -> None:
    assert words in levels(site.check(make_visit(intakes=(IMAP,), site_operator=operator)))[level]


@pytest.mark.parametrize(
    ("command", "level", "words"),
    [
        ((), Level.WARN, "an alarm by mail does not arrive"),
        (("/no/such/pager",), Level.FAIL, "/no/such/pager cannot be run"),
        (("/bin/sh", "-c", "x"), Level.OK, "alarms also go to /bin/sh"),
    ],
)
def test_check_of_the_other_route(
    make_visit: Callable[..., Visit], command: tuple[str, ...], level: Level, words: str
) -> None:
    assert words in levels(site.check(make_visit(intakes=(IMAP,), alarm_command=command)))[level]


def test_check_when_nothing_leaves_the_host(make_visit: Callable[..., Visit]) -> None:
    visit = make_visit()
    assert "nothing leaves this host" in levels(site.check(visit))[Level.WARN]
    warned = replace(visit.settings, warnings=("x.yaml:3:1: S009 not wise\n    a: b\n    ^\n    Write  a: c",))
    assert "S009 not wise -> Write  a: c" in levels(site.check(replace(visit, settings=warned)))[Level.WARN]


def test_secret_that_is_not_at_hand_is_told_once_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_visit: Callable[..., Visit]
) -> None:
    monkeypatch.delenv("MAIL_PASSWORD", raising=False)
    with pytest.raises(SystemExit):
        main(["init", str(tmp_path / "other"), "--yes", "--provider", "gmail", "--address", "support@acme.example"])
    settings, told = read_settings(tmp_path / "other" / "mailproc.yaml")
    assert settings is not None and len(told) == 2
    assert all(finding.text.endswith("the environment variable MAIL_PASSWORD is not set") for finding in told)
    assert not [finding for finding in site.check(replace(make_visit(), settings=settings)) if "env" in finding.text]


def test_broken_settings_are_told_with_the_remedy_of_their_line(tmp_path: Path) -> None:
    path = tmp_path / "mailproc.yaml"
    path.write_text("version: 1\nsite: {adresses: [support@acme.example]}\n")
    settings, told = read_settings(path)
    assert settings is None and told
    assert not [finding for finding in told if "^" in finding.text or finding.remedy == "" or ".;" in finding.remedy]
