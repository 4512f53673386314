"""A good mailproc.yaml: every key, its value, and what is taken where it is missing."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from mailproc import settings
from mailproc.errors import ConfigError
from mailproc.records.site import Limits, Site, TrustPolicy
from mailproc.settings import DeliverySettings, IntakeSettings

SITE = "site:\n  name: Acme Support\n  prefix: ACME\n  addresses: [support@acme.example]\n"
FILE = Path("/srv/acme/mailproc.yaml")

FULL = """\
version: 1
site:
  name: Acme Support
  prefix: ACME                        # of case numbers
  prefix_aliases: [OLD, ACME]
  addresses: [Support@ACME.example, billing@acme.example]
  domain: Acme.Example
  languages: [en, de, no]
  default_language: no
  timezone: Europe/Warsaw
database: postgresql://user:${env:PGPASSWORD}@host/name
keys_file: /etc/mailproc/keys
rules: rules/
templates: ../templates/
intake:
  - {kind: smtp, listen: "127.0.0.1:2525"}
  - {kind: lmtp, listen: "unix:data/lmtp.sock"}
  - {kind: imap, name: support, host: IMAP.acme.example, port: 993, tls: required, user: support,
     password: "${env:IMAP_PASSWORD}", folder: INBOX, start: 2026-01-31, after: "move:Done it", idle: no,
     poll_seconds: 30}
  - {kind: maildir, path: /var/mail/support}
  - {kind: smtp, listen: "[::1]:25"}
delivery: {kind: smtp, host: smtp.acme.example, tls: starttls, user: me, password: "${file:secret}"}
operator: ops@acme.example
trust: {trusted_authserv_ids: MX.acme.example,
        border_hosts: [MX1.acme.example, 192.0.2.1, "*.Outlook.com", "2002:A05:*"],
        trusted_networks: [10.0.0.0/8, 192.0.2.7], agent_trust: network, verify: no, resolver: "127.0.0.1:5353"}
address_extension: dash
subject_tag: Reply
numbering: shuffled
copy_answers: off
notify_requester: [closed, moved]
max_message_size: 1.5MB
max_attachments_size: 500 KB
reopen_within: 2w
auto_close_after: none
collision_window: 1h30m
undo_window: 30s
limits: {ack_max_age: none, sender_per_hour: 0, sender_per_day: none, breaker_per_hour: 5}
"""


def test_every_key_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret/ü\n", "utf-8")
    path = tmp_path / "mailproc.yaml"
    path.write_text(FULL, "utf-8")
    loaded = settings.load(path, {"PGPASSWORD": "a@b/c:d", "IMAP_PASSWORD": "x y"})
    assert loaded.site == Site(
        name="Acme Support",
        prefix="ACME",
        addresses=("support@acme.example", "billing@acme.example"),
        domain="acme.example",
        prefix_aliases=("OLD",),
        languages=("en", "de", "no"),
        default_language="no",
        timezone="Europe/Warsaw",
        operator="ops@acme.example",
        trust=TrustPolicy(
            ("mx.acme.example",),
            ("mx1.acme.example", "192.0.2.1", "*.outlook.com", "2002:a05:*"),
            ("10.0.0.0/8", "192.0.2.7/32"),
            "network",
            False,
            "127.0.0.1:5353",
        ),
        address_extension="dash",
        subject_tag="reply",
        numbering="shuffled",
        copy_answers=False,
        notify_requester=("closed", "moved"),
        max_attachments_size=500_000,
        reopen_within=timedelta(weeks=2),
        auto_close_after=None,
        collision_window=timedelta(minutes=90),
        undo_window=timedelta(seconds=30),
        limits=Limits(ack_max_age=None, sender_per_hour=0, sender_per_day=None, breaker_per_hour=5),
    )
    assert loaded.path == path and loaded.folder == tmp_path
    assert loaded.database == "postgresql://user:a%40b%2Fc%3Ad@host/name"
    assert loaded.shown_database == "postgresql://user@host/name"
    assert loaded.keys_file == Path("/etc/mailproc/keys")
    assert loaded.rules_dir == tmp_path / "rules"
    assert loaded.templates_dir == tmp_path / ".." / "templates"
    assert loaded.max_message_size == 1_500_000
    assert loaded.delivery == DeliverySettings("smtp", "smtp.acme.example", 587, "starttls", "me", "s3cret/ü")
    assert loaded.intakes == (
        IntakeSettings("smtp", "smtp", "127.0.0.1", 2525),
        IntakeSettings("lmtp", "lmtp", socket=str(tmp_path / "data/lmtp.sock")),
        IntakeSettings(
            "imap", "support", "imap.acme.example", 993, tls="required", user="support", password="x y",
            start="2026-01-31", after="move:Done it", idle=False, poll_seconds=30, max_connections=10,
        ),
        IntakeSettings("maildir", "maildir", path="/var/mail/support", after="cur"),
        IntakeSettings("smtp", "smtp-2", "::1", 25),
    )  # fmt: skip
    assert [intake.line for intake in loaded.intakes] == [16, 17, 18, 21, 22]
    assert loaded.warnings == ()


def test_what_is_missing_has_its_default() -> None:
    loaded = settings.parse(SITE, FILE, {})
    assert loaded.site == Site("Acme Support", "ACME", ("support@acme.example",), "acme.example")
    assert loaded.database == "sqlite:////srv/acme/data/mailproc.db" == loaded.shown_database
    assert (loaded.keys_file, loaded.rules_dir) == (Path("/srv/acme/data/keys"), Path("/srv/acme/rules"))
    assert loaded.templates_dir == Path("/srv/acme/templates")
    assert loaded.intakes == ()
    assert loaded.delivery == DeliverySettings("maildir", path="/srv/acme/data/sent")
    assert loaded.max_message_size == 30_000_000


@pytest.mark.parametrize(
    "line, name, expected",
    [
        ("database: sqlite:////abs/x.db", "database", "sqlite:////abs/x.db"),
        ("database: sqlite:///x y.db", "database", "sqlite:////srv/acme/x y.db"),
        ("database: postgres://h/n", "database", "postgresql://h/n"),
        ("database: postgresql:///n?host=/run/pg", "database", "postgresql:///n?host=/run/pg"),
        ("database: ${env:URL}", "database", "postgresql://u:p@h/n"),
        ("intake: []", "intakes", ()),
        ("intake:", "intakes", ()),
        ('intake: {kind: smtp, listen: "localhost:0"}', "intakes", (IntakeSettings("smtp", "smtp", "localhost", 0),)),
        ("delivery: {kind: maildir, path: out}", "delivery", DeliverySettings("maildir", path="/srv/acme/out")),
        ("delivery: {kind: SMTP, host: '::1'}", "delivery", DeliverySettings("smtp", "::1", 25, "none")),
        ("delivery: {kind: smtp, host: h, port: 465}", "delivery", DeliverySettings("smtp", "h", 465, "required")),
        ("delivery: {kind: smtp, host: h, tls: required}", "delivery", DeliverySettings("smtp", "h", 465, "required")),
        ("max_message_size: 2GiB", "", None),
        ("max_message_size: 1MiB", "max_message_size", 1_048_576),
        ("trust:", "warnings", ()),
    ],
)
def test_single_keys(line: str, name: str, expected: object) -> None:
    if not name:
        with pytest.raises(ConfigError):
            settings.parse(SITE + line, FILE, {})
        return
    assert getattr(settings.parse(SITE + line, FILE, {"URL": "postgresql://u:p@h/n"}), name) == expected


def test_the_default_language_is_the_first_of_the_languages() -> None:
    loaded = settings.parse(SITE + "  languages: [pl, de]\n", FILE, {})
    assert (loaded.site.languages, loaded.site.default_language) == (("pl", "de"), "pl")
    loaded = settings.parse(SITE + "  default_language: fr\n", FILE, {})
    assert (loaded.site.languages, loaded.site.default_language) == (("fr",), "fr")


def test_a_single_address_needs_no_list_and_is_kept_once() -> None:
    text = SITE.replace("[support@acme.example]", "support@Bücher.example")
    site = settings.parse(text, FILE, {}).site
    assert (site.addresses, site.domain) == (("support@xn--bcher-kva.example",), "xn--bcher-kva.example")
    text = SITE.replace("[support@acme.example]", "[a@b.example, A@B.example]")
    assert settings.parse(text, FILE, {}).site.addresses == ("a@b.example",)


def test_a_relative_settings_path_gives_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mailproc.yaml").write_text(SITE, "utf-8")
    loaded = settings.load(Path("mailproc.yaml"), {})
    assert loaded.keys_file == tmp_path / "data/keys" and loaded.path == tmp_path / "mailproc.yaml"


@pytest.mark.parametrize(
    "line, expected",
    [
        (
            "delivery: {kind: smtp, host: mail.example, tls: none, user: u, password: geheim}",
            "mailproc.yaml:5:49 S009 warning: the password for mail.example would travel unprotected\n"
            "    delivery: {kind: smtp, host: mail.example, tls: none, user: u, password: ******}\n"
            "                                                    ^\n"
            "    Write  tls: required  or  tls: starttls",
        ),
        (
            "trust: {agent_trust: network}",
            "mailproc.yaml:5:22 S009 warning: agent_trust is network, but trusted_networks is empty\n"
            "    trust: {agent_trust: network}\n"
            "                         ^\n"
            "    Without one no agent can answer.",
        ),
        (
            "operator: ops@acme.example #1",
            'mailproc.yaml:5:28 R014 warning: the text after " #" is a comment, so the value ends at '
            '"ops@acme.example". Quote it: "ops@acme.example #1"\n'
            "    operator: ops@acme.example #1\n"
            "                               ^",
        ),
    ],
)
def test_warnings_do_not_refuse_the_file(line: str, expected: str) -> None:
    assert settings.parse(SITE + line, Path("mailproc.yaml"), {}).warnings == (expected,)


def test_a_secret_in_a_file_open_to_all_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "mailproc.yaml"
    path.write_text(SITE + "delivery: {kind: smtp, host: localhost, user: u, password: geheim}\n", "utf-8")
    path.chmod(0o644)
    (warning,) = settings.load(path, {}).warnings
    assert "S009 warning: a secret stands in a file that everybody on this machine may read" in warning
    assert "chmod 640" in warning and "geheim" not in warning
    path.chmod(0o640)
    assert settings.load(path, {}).warnings == ()


def test_loading_stays_quick() -> None:
    started = time.process_time()
    for _ in range(10):
        settings.parse(FULL.replace("${file:secret}", "x"), FILE, {"PGPASSWORD": "a", "IMAP_PASSWORD": "b"})
    assert (time.process_time() - started) / 10 < 0.1


def test_trusted_names_are_read_however_an_admin_writes_them() -> None:
    trust = settings.parse(
        SITE + 'trust: {trusted_authserv_ids: [MX.acme.example., "*.mail.example"], border_hosts: [.Outlook.com]}\n',
        FILE,
        {},
    ).site.trust
    assert trust.trusted_authserv_ids == ("mx.acme.example", "*.mail.example")
    assert trust.border_hosts == ("*.outlook.com",)


def test_border_hosts_alone_are_warned_of() -> None:
    (warning,) = settings.parse(SITE + "trust: {border_hosts: [mx.acme.example]}\n", FILE, {}).warnings
    where, what = warning.splitlines()[0].split(" S009 warning: ")
    assert where.endswith("mailproc.yaml:5:23")
    assert what == "border_hosts does nothing while trusted_authserv_ids is empty"


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("", ("programs", "scripts")),
        ("blocked_attachments: []", ()),
        ("blocked_attachments: [Programs, '*.ZIP', .docm]", ("programs", "zip", "docm")),
        ("blocked_attachments: exe", ("exe",)),
    ],
)
def test_files_that_are_not_passed_on(tmp_path: Path, line: str, kinds: tuple[str, ...]) -> None:
    path = tmp_path / "mailproc.yaml"
    path.write_text(f"{SITE}{line}\n", "utf-8")
    assert settings.load(path, {}).site.blocked_attachments == kinds


def test_what_is_no_kind_of_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mailproc.yaml"
    path.write_text(f"{SITE}blocked_attachments: [a b]\n", "utf-8")
    with pytest.raises(ConfigError, match="no kind of file"):
        settings.load(path, {})


@pytest.mark.parametrize(
    ("local", "extension", "is_good"),
    [("a" * 35, "plus", True), ("a" * 36, "plus", False), ("a" * 36, "dash", False), ("a" * 60, "subdomain", True),
     ("a" * 60, "none", True)],
)  # fmt: skip
def test_a_reply_address_must_have_room_for_its_token(local: str, extension: str, is_good: bool) -> None:
    text = f"version: 1\naddress_extension: {extension}\n{SITE}".replace("support@", f"{local}@")
    if is_good:
        assert settings.parse(text, FILE, {}).site.address_extension == extension
    else:
        with pytest.raises(ConfigError, match=r"S004 .* leaves no room for the token"):
            settings.parse(text, FILE, {})
