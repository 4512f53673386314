"""The keys of the ways in and the way out: what they come to, what a provider fills in, what contradicts."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from mailproc import settings
from mailproc.errors import ConfigError
from mailproc.settings import DeliverySettings, DkimSettings, HealthSettings, IntakeSettings, SentCopySettings
from mailproc.settings.providers import PROVIDERS

SITE = "site:\n  name: Acme Support\n  prefix: ACME\n  addresses: [support@acme.example]\n"
FILE = Path("/srv/acme/mailproc.yaml")
OAUTH = "oauth: [{name: g, provider: google, flow: service_account, key_file: g.json}]\n"


def read(text: str) -> settings.Settings:
    return settings.parse(SITE + text, FILE, {})


def complaints(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return [problem.splitlines()[0].removeprefix("/srv/acme/mailproc.yaml:") for problem in caught.value.problems]


def test_a_listener_when_every_key_is_written() -> None:
    text = """\
intake:
  - {kind: lmtp, listen: "unix:/run/mailproc/lmtp", socket_mode: "0660", socket_group: postfix, max_connections: 9,
     max_connections_per_client: 8, max_recipients: 7, max_errors: 6, mails_per_minute: none, min_bytes_per_second: 5,
     idle_seconds: 4, bare_newlines: normalise}
  - {kind: smtp, name: mx, listen: "0.0.0.0:25", tls_certificate: cert.pem, tls_key: /etc/key.pem}
"""
    assert read(text).intakes == (
        IntakeSettings(
            "lmtp", "lmtp", socket="/run/mailproc/lmtp", socket_mode=0o660, socket_group="postfix", max_connections=9,
            max_connections_per_client=8, max_recipients=7, max_errors=6, mails_per_minute=None,
            min_bytes_per_second=5, idle_seconds=4, bare_newlines="normalise",
        ),
        IntakeSettings(
            "smtp", "mx", "0.0.0.0", 25, tls_certificate="/srv/acme/cert.pem", tls_key="/etc/key.pem",
            max_connections=200, max_connections_per_client=50, max_recipients=100, max_errors=20,
            mails_per_minute=300, min_bytes_per_second=500, idle_seconds=60, bare_newlines="refuse",
        ),
    )  # fmt: skip


def test_a_mailbox_when_every_key_is_written() -> None:
    text = (
        OAUTH
        + """\
intake:
  - {kind: imap, name: box, host: h.example, port: 1143, tls: starttls, tls_ca: ca.pem, user: u, oauth: g,
     folder: [inbox, Sales/New], start: since 2026-01-31, after: delete, idle: no, poll_seconds: 1, sweep_seconds: 2,
     batch: 3, timeout_seconds: 4, max_connections: 5, alarm_after: none, quiet_after: 2d}
"""
    )
    (intake,) = read(text).intakes
    assert intake == IntakeSettings(
        "imap", "box", "h.example", 1143, tls="starttls", tls_ca="/srv/acme/ca.pem", user="u", oauth="g",
        folders=("INBOX", "Sales/New"), start="2026-01-31", after="delete", idle=False, poll_seconds=1,
        sweep_seconds=2, batch=3, timeout_seconds=4, max_connections=5, alarm_after=None,
        quiet_after=timedelta(days=2),
    )  # fmt: skip
    assert (intake.folder, intake.since) == ("INBOX", date(2026, 1, 31))


def test_a_maildir_when_every_key_is_written() -> None:
    text = 'intake: {kind: maildir, path: m, start: all, after: "move:Done", poll_seconds: 9, alarm_after: 1h}\n'
    assert read(text).intakes == (
        IntakeSettings("maildir", "maildir", path="/srv/acme/m", start="all", after="move:Done", poll_seconds=9,
                       alarm_after=timedelta(hours=1)),
    )  # fmt: skip
    assert read("intake: {kind: maildir, path: m}\n").intakes[0].after == "cur"


def test_the_delivery_when_every_key_is_written() -> None:
    text = OAUTH + (
        "delivery: {kind: smtp, host: h, port: 587, tls: starttls, tls_ca: /ca, user: u, oauth: g, "
        "max_message_size: 10MB, sends_per_minute: 3, sends_per_day: none}\n"
    )
    assert read(text).delivery == DeliverySettings(
        "smtp", "h", 587, "starttls", "u", oauth="g", tls_ca="/ca", max_message_size=10_000_000, sends_per_minute=3
    )


@pytest.mark.parametrize("name", [name for name in PROVIDERS if name != "generic"])
def test_a_provider_fills_in_servers_limits_and_trust(name: str) -> None:
    known = PROVIDERS[name]
    loaded = read(OAUTH + f"intake: {{kind: imap, provider: {name}, user: u, oauth: g}}\n"
                  f"delivery: {{kind: smtp, provider: {name}, user: u, oauth: g}}\n")  # fmt: skip
    (intake,) = loaded.intakes
    assert (intake.host, intake.port, intake.tls) == (known.imap.host, known.imap.port, known.imap.tls)
    assert (intake.provider, intake.max_connections) == (name, known.max_connections)
    delivery = loaded.delivery
    assert (delivery.host, delivery.port, delivery.tls) == (known.smtp.host, known.smtp.port, known.smtp.tls)
    assert (delivery.sends_per_minute, delivery.sends_per_day) == (known.sends_per_minute, known.sends_per_day)
    assert delivery.max_message_size == known.max_message_size
    trust = loaded.site.trust
    assert (trust.trusted_authserv_ids, trust.border_hosts) == (known.trusted_authserv_ids, known.border_hosts)
    assert loaded.warnings == ()


def test_a_key_of_the_admin_wins_over_the_provider() -> None:
    loaded = read(
        OAUTH
        + "intake: {kind: imap, provider: gmail, host: relay.example, port: 143, user: u, oauth: g}\n"
        + "delivery: {kind: smtp, provider: gmail, tls: required, user: u, oauth: g, sends_per_day: 500}\n"
        + "trust: {trusted_authserv_ids: [mx.acme.example]}\nmax_attachments_size: 1MB\n"
    )
    assert (loaded.intakes[0].host, loaded.intakes[0].port, loaded.intakes[0].tls) == ("relay.example", 143, "starttls")
    assert (loaded.delivery.port, loaded.delivery.tls, loaded.delivery.sends_per_day) == (465, "required", 500)
    assert loaded.site.trust.trusted_authserv_ids == ("mx.acme.example",) and loaded.site.trust.border_hosts == ()
    assert loaded.site.max_attachments_size == 1_000_000


def test_attachments_fit_into_what_the_next_host_takes() -> None:
    text = OAUTH + "delivery: {kind: smtp, provider: gmail, user: u, oauth: g}\n"
    assert read(text).site.max_attachments_size == 18_000_000
    (warning,) = read(text + "max_attachments_size: 24MB\n").warnings
    assert "with 24MB of attachments a mail may be too large for the delivery" in warning
    assert "takes 25MB" in warning


def test_two_providers_are_both_trusted() -> None:
    text = OAUTH + ("intake:\n  - {kind: imap, provider: gmail, user: u, oauth: g}\n"
                    "  - {kind: imap, provider: fastmail, user: u, password: p}\n")  # fmt: skip
    assert read(text).site.trust.trusted_authserv_ids == ("mx.google.com", "*.messagingengine.com")


def test_health_and_alarm() -> None:
    loaded = read('health: {listen: "127.0.0.1:8025"}\nalarm: {command: [/bin/page, -v, -v, "a b"]}\n')
    assert loaded.health == HealthSettings("127.0.0.1", 8025)
    assert loaded.alarm_command == ("/bin/page", "-v", "-v", "a b")
    assert read("health: {}\nalarm:\n").health is None
    (warning,) = read('health: {listen: "0.0.0.0:80"}\n').warnings
    assert "anybody who reaches 0.0.0.0 may read the figures of this site" in warning


@pytest.mark.parametrize(
    "text, expected",
    [
        ('intake: {kind: lmtp, listen: "h:24", socket_group: x}',
         "5:52 S009 warning: socket_group does nothing: this intake listens on a host and a port"),
        ("intake: {kind: imap, provider: microsoft365, user: u, password: p}",
         "5:65 S009 warning: microsoft365 takes no password for reading mail"),
        ("delivery: {kind: smtp, host: h, tls: none, user: u, oauth: g}\n" + OAUTH,
         "5:38 S009 warning: the token for h would travel unprotected"),
    ],
)  # fmt: skip
def test_what_works_and_is_not_wise(text: str, expected: str) -> None:
    (warning,) = read(text).warnings
    assert warning.splitlines()[0] == f"/srv/acme/mailproc.yaml:{expected}"


IMAP = "intake: {kind: imap, host: h, user: u, password: p, %s}"
SMTP = 'intake: {kind: smtp, listen: "h:1", %s}'


@pytest.mark.parametrize(
    "text, expected",
    [
        (IMAP % "provider: gmial", ['S004 intake.provider: "gmial" is not one of gmail, microsoft365, fastmail, '
                                    'generic: did you mean "gmail"?']),
        ("intake: {kind: imap, provider: generic, user: u, password: p}", ['S002 "intake.host" is missing']),
        (IMAP % "oauth: g", ['S004 there is no entry "g" in oauth',
                             "S005 password and oauth stand side by side, and only one of them can be used"]),
        (OAUTH + "intake: {kind: imap, host: h, user: u, oauth: f}",
         ['S004 there is no entry "f" in oauth']),
        (OAUTH.replace("name: g", "name: google") + "intake: {kind: imap, host: h, user: u, oauth: gogle}",
         ['S004 there is no entry "gogle" in oauth: did you mean "google"?']),
        (IMAP % "start: since yesterday", ['S004 intake.start: "since yesterday" is not now, all or a date']),
        (IMAP % "after: deleet",
         ['S004 intake.after: "deleet" is not keep, seen, delete or move:FOLDER: did you mean "delete"?']),
        (IMAP % 'after: "move:"', ['S004 intake.after: "move:" is not keep, seen, delete or move:FOLDER']),
        (IMAP % 'folder: [INBOX, Done], after: "move:Done"', ["S005 what is read in Done would be moved to Done"]),
        (IMAP % "batch: 0", ["S004 intake.batch: 0 is out of range: 1 to 1000"]),
        (IMAP % "alarm_after: 15", ['S004 intake.alarm_after: "15" lacks its unit']),
        (IMAP % "socket_mode: 0660", ['S001 unknown key "socket_mode" in intake']),
        (SMTP % "max_recipients: 0", ["S004 intake.max_recipients: 0 is out of range: 1 to 10000"]),
        (SMTP % "mails_per_minute: 0", ["S004 intake.mails_per_minute: 0 would let nothing through"]),
        (SMTP % "bare_newlines: allow",
         ['S004 intake.bare_newlines: "allow" is not one of refuse, normalise']),
        (SMTP % "tls_key: k", ['S002 "intake.tls_certificate" is missing: STARTTLS needs both']),
        (SMTP % "tls_certificate: k", ['S002 "intake.tls_key" is missing: STARTTLS needs both']),
        (SMTP % "tls_certificat: k", ['S001 unknown key "tls_certificat" in intake: did you mean "tls_certificate"?']),
        ('intake: {kind: lmtp, listen: "unix:s", socket_mode: "rw"}',
         ['S004 intake.socket_mode: "rw" are no permissions']),
        ("intake: {kind: maildir, path: p, after: seen}",
         ['S004 intake.after: "seen" is not cur, keep, delete or move:FOLDER']),
        ("intake:\n  - {kind: maildir, path: p}\n  - {kind: maildir, path: p}",
         ["S005 two intakes read the same Maildir (first at line 6)"]),
        ("intake:\n  - {kind: imap, host: h, user: u, password: p, folder: [A, INBOX]}\n"
         "  - {kind: imap, host: h, user: u, password: p}",
         ["S005 two intakes read INBOX of u (first at line 6)"]),
        ("delivery: {kind: smtp, host: h, oauth: g}\n" + OAUTH, ['S002 "delivery.user" is missing']),
        ("delivery: {kind: smtp, host: h, user: u, sends_per_day: many}",
         ['S002 "delivery.password" is missing', 'S004 delivery.sends_per_day: "many" is not a whole number']),
        ("alarm: {command: /bin/page}", ["S003 alarm.command must be a list of words"]),
        ("alarm: {command: []}", ["S002 alarm.command is an empty list"]),
        ("alarm: {comand: [x]}", ['S001 unknown key "comand" in alarm: did you mean "command"?']),
        ("health: {listen: 8025}", ['S004 health.listen: "8025" is not a host and a port']),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(text: str, expected: list[str]) -> None:
    assert [problem.partition(" ")[2] for problem in complaints(text)] == expected


def test_a_key_of_another_kind_is_told_where_it_belongs() -> None:
    with pytest.raises(ConfigError) as caught:
        read(SMTP % "folder: INBOX")
    assert '"folder" belongs to imap, and this is smtp.' in str(caught.value)


@pytest.mark.parametrize(
    ("written", "port", "tls"),
    [
        ("host: mail.example", 587, "starttls"),
        ("host: mail.example, port: 25", 25, "starttls"),
        ("host: mail.example, port: 2525", 2525, "starttls"),
        ("host: mail.example, port: 465", 465, "required"),
        ("host: mail.example, tls: required", 465, "required"),
        ("host: 127.0.0.1", 25, "none"),
        ("host: localhost, port: 587", 587, "starttls"),
        ("host: 127.0.0.1, port: 2525", 2525, "none"),
    ],
)
def test_t51_mail_to_another_host_is_protected_unless_told_otherwise(written: str, port: int, tls: str) -> None:
    loaded = read(f"delivery: {{kind: smtp, {written}}}\n")
    assert (loaded.delivery.port, loaded.delivery.tls, loaded.warnings) == (port, tls, ())


def test_t51_mail_in_clear_to_another_host_is_warned_of() -> None:
    loaded = read("delivery: {kind: smtp, host: mail.example, tls: none}\n")
    assert loaded.delivery.port == 25 and "the mail for mail.example would travel unprotected" in loaded.warnings[0]


def test_senders_signing_and_copies() -> None:
    loaded = read(
        "intake: [{kind: imap, name: box, host: h, user: u, password: p}]\n"
        "delivery: {kind: smtp, host: 127.0.0.1, senders: 2, senders_per_destination: 1, sent_copy: {intake: box},\n"
        "  dkim: {selector: s1.mail, domain: Acme.example, key_file: k.pem, algorithm: ed25519-sha256}}\n"
    )
    assert loaded.delivery == DeliverySettings(
        "smtp", "127.0.0.1", 25, "none", senders=2, senders_per_destination=1, sent_copy=SentCopySettings("box"),
        dkim=DkimSettings("s1.mail", "acme.example", "/srv/acme/k.pem", "ed25519-sha256"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("dkim: {selector: s, domain: d.example}", '"delivery.dkim.key_file" is missing'),
        ("dkim: {selector: 'a b', domain: d.example, key_file: k}", '"a b" is no selector'),
        ("dkim: {selector: s, domain: d.example, key_file: k, algorithm: rsa-sha1}", "is not one of rsa-sha256"),
        ("sent_copy: {intake: bx}", 'there is no imap intake "bx"'),
        ("sent_copy: {intake: box, folder: inbox}", "would come in again"),
        ("senders: 0", "out of range"),
    ],
)
def test_what_is_wrong_with_the_way_out_is_named(written: str, says: str) -> None:
    box = "intake: [{kind: imap, name: box, host: h, user: u, password: p}]\n"
    assert any(says in problem for problem in complaints(f"{box}delivery: {{kind: smtp, host: h, {written}}}\n"))
