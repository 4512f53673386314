"""A wrong mailproc.yaml: every error at once, each with its place, a caret and the remedy in words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mailproc import settings
from mailproc.errors import ConfigError

SITE = "site:\n  name: Acme Support\n  prefix: ACME\n  addresses: [support@acme.example]\n"
FILE = Path("mailproc.yaml")


def complaints(text: str | bytes, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        settings.parse(text, FILE, environ or {})
    return list(caught.value.problems)


def test_all_errors_show_at_once_with_caret_and_remedy() -> None:
    text = """\
site:
  nmae: Acme Support
  prefix: acme
  addresses: [support]
  languages: [en, german]
  timezone: Europe/Warsw
operatr: ops@acme.example
prefix: ACME
reopen_within: 30
auto_close_after: soon
max_message_size: big
limits: {sender_per_hour: few, sender_per_da: 3}
subject_tag: alwas
keys_file: ${env:HOME}/keys
"""
    assert (
        "\n".join(complaints(text))
        == """\
mailproc.yaml:2:3 S001 unknown key "nmae" in site: did you mean "name"?
      nmae: Acme Support
      ^
mailproc.yaml:3:11 S004 site.prefix: the prefix "acme" must be in capitals
      prefix: acme
              ^
    Write ACME
mailproc.yaml:4:15 S004 site.addresses: "support" is not an e-mail address
      addresses: [support]
                  ^
    Write it in full: support@example.org
mailproc.yaml:5:19 S004 site.languages: "german" is not a language code
      languages: [en, german]
                      ^
    Write its code of two letters: en, de, es, fr, it, no, pl are shipped; others need templates of yours.
mailproc.yaml:6:13 S004 site.timezone: "Europe/Warsw" is not a time zone: did you mean "Europe/Warsaw"?
      timezone: Europe/Warsw
                ^
    Write a name like Europe/Warsaw or America/New_York.
mailproc.yaml:7:1 S001 unknown key "operatr": did you mean "operator"?
    operatr: ops@acme.example
    ^
mailproc.yaml:8:1 S001 unknown key "prefix"
    prefix: ACME
    ^
    "prefix" belongs below "site:".
mailproc.yaml:9:16 S004 reopen_within: "30" lacks its unit
    reopen_within: 30
                   ^
    Write a number and its unit: 30d, 24h, 10m, 0s. s seconds, m minutes, h hours, d days, w weeks.
mailproc.yaml:10:19 S004 auto_close_after: "soon" is not a length of time
    auto_close_after: soon
                      ^
    Write a number and its unit: 30d, 24h, 10m, 0s. Or write none.
mailproc.yaml:11:19 S004 max_message_size: "big" is not a size
    max_message_size: big
                      ^
    Write a number and its unit: 30MB, 500KB.
mailproc.yaml:12:27 S004 limits.sender_per_hour: "few" is not a whole number
    limits: {sender_per_hour: few, sender_per_da: 3}
                              ^
    Write a number, or none for no limit.
mailproc.yaml:12:32 S001 unknown key "sender_per_da" in limits: did you mean "sender_per_day"?
    limits: {sender_per_hour: few, sender_per_da: 3}
                                   ^
mailproc.yaml:13:14 S004 subject_tag: "alwas" is not one of always, reply, never: did you mean "always"?
    subject_tag: alwas
                 ^
mailproc.yaml:14:12 S006 keys_file is no secret: ${...} is not filled in here
    keys_file: ${env:HOME}/keys
               ^
    Only password, token, client_secret, database may hold ${env:NAME} or ${file:PATH}; write the value itself."""
    )


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", "mailproc.yaml S003 the file is empty"),
        ("- a", "mailproc.yaml:1:1 S003 the file must hold keys and values"),
        ("site: x", "mailproc.yaml:1:7 S003 site must be a mapping"),
        ("version: 1\n", 'mailproc.yaml:1:1 S002 "site" is missing'),
        ("version: 2\n" + SITE, 'mailproc.yaml:1:10 S004 version "2" is not known to this program'),
        ("site: {prefix: AC, addresses: a@b.example}", 'mailproc.yaml:1:1 S002 "site.name" is missing'),
        (SITE.replace("[support@acme.example]", "[]"), "mailproc.yaml:4:14 S002 site.addresses is an empty list"),
        (SITE.replace("[support@acme.example]", "{a: b}"),
         "mailproc.yaml:4:14 S003 site.addresses must be a list, not a mapping"),
        (SITE.replace("[support@acme.example]", ""), "mailproc.yaml:4:13 S004 site.addresses has no value"),
        (SITE + "name: x", 'mailproc.yaml:5:1 S001 unknown key "name"'),
        (SITE + "  prefix: AB\n", 'mailproc.yaml:5:3 R013 key "prefix" appears twice (first at line 3)'),
        (SITE + "operator: @ops",
         'mailproc.yaml:5:11 R012 "@ops" cannot stand unquoted in YAML. Quote it: operator: "@ops"'),
        (SITE + "intake: smtp", "mailproc.yaml:5:9 S003 intake must be a mapping"),
        (SITE + "delivery:", "mailproc.yaml:5:10 S003 delivery must be a mapping"),
        (b"site: \xff", "mailproc.yaml:1:7 R005 this is not UTF-8 text: byte 0xFF belongs to another encoding"),
        (b"site: \x00", "mailproc.yaml:1:7 R006 a NUL byte stands here"),
    ],
)  # fmt: skip
def test_the_file_as_a_whole(text: str | bytes, expected: str) -> None:
    assert [problem.splitlines()[0] for problem in complaints(text)] == [expected]


VALUES = [
    ("site.prefix", "TICKET", 'site.prefix: "TICKET" cannot be a prefix: other mail programs write it too'),
    ("site.prefix", "CASE", 'site.prefix: "CASE" cannot be a prefix: other mail programs write it too'),
    ("site.prefix", "ID", 'site.prefix: "ID" cannot be a prefix: other mail programs write it too'),
    ("site.prefix", "re", 'site.prefix: "re" cannot be a prefix: other mail programs write it too'),
    ("site.prefix", "A", 'site.prefix: "A" cannot be a prefix'),
    ("site.prefix", "ACMESUPPORT", 'site.prefix: "ACMESUPPORT" cannot be a prefix'),
    ("site.prefix", "AC-ME", 'site.prefix: "AC-ME" cannot be a prefix'),
    ("site.prefix_aliases", "[OLD, old2]", 'site.prefix_aliases: "old2" cannot be a prefix'),
    ("site.addresses", "[a@b@c.example]",
     'site.addresses: "a@b@c.example" is not an e-mail address mail can be sent to'),
    ("site.addresses", "[Ann <a@b.example>]", 'site.addresses: "Ann <a@b.example>" is not a bare e-mail address'),
    ("site.domain", "a@b.example", 'site.domain: "a@b.example" is not a domain'),
    ("site.domain", "http://b.example", 'site.domain: "http://b.example" is not a domain'),
    ("site.default_language", "fr", 'default_language "fr" is not among languages'),
    ("site.timezone", "CET+1", 'site.timezone: "CET+1" is not a time zone: did you mean "CET"?'),
    ("site.timezone", "../../etc/passwd", 'site.timezone: "../../etc/passwd" is not a time zone'),
    ("site.timezone", "Europe", 'site.timezone: "Europe" is not a time zone: did you mean "Europe/Rome"?'),
    ("site.name", '"a\\nb"', "site.name: this must be one line of text without tabs"),
    ("numbering", "random", 'numbering: "random" is not one of serial, shuffled'),
    ("address_extension", "plsu",
     'address_extension: "plsu" is not one of plus, dash, subdomain, none: did you mean "plus"?'),
    ("copy_answers", "maybe", 'copy_answers: "maybe" is neither yes nor no'),
    ("max_message_size", "10B", "max_message_size: 10B is out of range: 1KB to 1GB"),
    ("max_message_size", "30 parsecs", 'max_message_size: "30 parsecs" is not a size'),
    ("reopen_within", "none", 'reopen_within: "none" is not possible here'),
    ("reopen_within", "-3d", 'reopen_within: "-3d" is not a length of time'),
    ("reopen_within", "999999999w", 'reopen_within: "999999999w" is more than a hundred years'),
    ("undo_window", "[1s]", "undo_window must be one value, not a list"),
    ("limits.ack_max_age", "12", 'limits.ack_max_age: "12" lacks its unit'),
    ("limits.domain_per_hour", "-1", 'limits.domain_per_hour: "-1" is not a whole number'),
    ("limits.domain_per_hour", "{a: b}", "limits.domain_per_hour must be one value, not a mapping"),
    ("trust.trusted_networks", "[10.0.0.1/8]", 'trust.trusted_networks: "10.0.0.1/8" is an address inside a network'),
    ("trust.trusted_networks", "[lan]", 'trust.trusted_networks: "lan" is not a network'),
    ("trust.agent_trust", "dkim", 'trust.agent_trust: "dkim" is not one of dmarc, network, token'),
    ("trust.resolver", "localhost", 'trust.resolver: "localhost" is not the address of a DNS server'),
    ("trust.border_hosts", "[a@b]", 'trust.border_hosts: "a@b" is not a host name'),
    ("trust.border_hosts", '["*.com"]', 'trust.border_hosts: "*.com" is half the world'),
    ("trust.border_hosts", '["*.co.uk"]', 'trust.border_hosts: "*.co.uk" is half the world'),
    ("trust.border_hosts", '["*"]', 'trust.border_hosts: "*" is no host of a mail server'),
    ("trust.border_hosts", '"209.85.*"', 'trust.border_hosts: "209.85.*" is no host of a mail server'),
    ("trust.border_hosts", "10.0.0.0/8", 'trust.border_hosts: "10.0.0.0/8" is no host of a mail server'),
    ("trust.border_hosts", '"*.*.acme.example"', 'trust.border_hosts: "*.*.acme.example" has a * too many'),
    ("trust.resolver", '"127.0.0.1:0"', 'trust.resolver: nobody can be asked at "127.0.0.1:0"'),
    ("trust.resolver", "0.0.0.0", 'trust.resolver: nobody can be asked at "0.0.0.0"'),
    ("trust.trusted_authserv_ids", '"mx.acme.example; dkim=pass"',
     'trust.trusted_authserv_ids: "mx.acme.example; dkim=pass" is not the name of one mail server'),
    ("trust.trusted_authserv_ids", '"Authentication-Results: mx.acme.example"',
     'trust.trusted_authserv_ids: "Authentication-Results: mx.acme.example" is not the name of one mail server'),
    ("trust.trusted_authserv_ids", "mx.acme.example, mx2.acme.example",
     'trust.trusted_authserv_ids: "mx.acme.example, mx2.acme.example" is not the name of one mail server'),
    ("trust.trusted_authserv_ids", '"*.com"', 'trust.trusted_authserv_ids: "*.com" is half the world'),
    ("operator", "ops", 'operator: "ops" is not an e-mail address'),
    ("database", "mysql://u:geheim@h/n", '"mysql://" is no database mailproc knows'),
    ("database", "data.db", "the database must be a URL"),
    ("database", '"sqlite:///:memory:"', "the database in memory would be lost with every command"),
    ("database", "sqlite:///", "the database has no file name"),
    ("database", "postgresql://host", "the PostgreSQL URL does not name its host, port and database properly"),
    ("database", "postgresql://h:x/n", "the PostgreSQL URL does not name its host, port and database properly"),
    ("rules", "", "rules has no value"),
]  # fmt: skip


@pytest.mark.parametrize("key, value, expected", VALUES)
def test_a_wrong_value_is_named(key: str, value: str, expected: str) -> None:
    section, _, name = key.rpartition(".")
    if section == "site":
        base = "".join(line + "\n" for line in SITE.splitlines() if not line.startswith(f"  {name}:"))
        languages = "" if name != "default_language" else "  languages: [en, de]\n"
        text = f"{base}{languages}  {name}: {value}\n"
    else:
        text = SITE + (f"{section}:\n  {name}: {value}\n" if section else f"{name}: {value}\n")
    (problem,) = complaints(text)
    line = text.count("\n")
    assert problem.splitlines()[0].partition(" ")[0].startswith(f"mailproc.yaml:{line}:")
    assert problem.splitlines()[0].split(" ", 2)[2] == expected


DOORS = [
    ("intake: [{kind: pop3}]", ['5:17 S004 intake[0].kind: "pop3" is not one of smtp, lmtp, imap, maildir']),
    ("intake: [{listen: x}]", ['5:10 S002 "intake[0].kind" is missing']),
    ("intake: [{kind: smtp}]", ['5:10 S002 "intake[0].listen" is missing']),
    ("intake: [{kind: smtp, port: 25}]", ['5:10 S002 "intake[0].listen" is missing',
     '5:23 S001 unknown key "port" in intake[0]']),
    ("intake: [{kind: smtp, listen: 2525}]", ['5:31 S004 intake[0].listen: "2525" is not a host and a port']),
    ('intake: [{kind: smtp, listen: "h:99999"}]', ['5:31 S004 intake[0].listen: "h:99999" is not a host and a port']),
    ('intake: [{kind: smtp, listen: "::1:25"}]', ['5:31 S004 intake[0].listen: "::1:25" is not a host and a port']),
    ('intake: [{kind: smtp, listen: "unix:s"}]', ["5:31 S004 smtp listens on a host and a port"]),
    ("intake: [{kind: maildir}]", ['5:10 S002 "intake[0].path" is missing']),
    ("intake: [{kind: imap, host: h}]", ['5:10 S002 "intake[0].user" is missing',
     "5:10 S002 intake[0] has neither password nor oauth nor token"]),
    ("intake: [{kind: imap, host: h, user: u, pasword: x}]",
     ['5:41 S001 unknown key "pasword" in intake[0]: did you mean "password"?']),
    ("intake: [{kind: imap, host: 'imap://h', user: u, password: x}]",
     ['5:29 S004 intake[0].host: "imap://h" is not a host name']),
    ("intake: [{kind: imap, host: h, user: u, password: x, after: archive}]",
     ['5:61 S004 intake[0].after: "archive" is not keep, seen, delete or move:FOLDER']),
    ("intake: [{kind: imap, host: h, user: u, password: x, start: then}]",
     ['5:61 S004 intake[0].start: "then" is not now, all or a date']),
    ("intake: [{kind: imap, host: h, user: u, password: x, poll_seconds: 0}]",
     ["5:68 S004 intake[0].poll_seconds: 0 is out of range: 1 to 86400"]),
    ("intake:\n  - {kind: smtp, listen: 'h:1', name: a}\n  - {kind: lmtp, listen: 'h:1', name: a}",
     ["7:26 S005 two intakes listen on the same address (first at line 6)",
      '7:39 S005 two intakes are named "a" (first at line 6)']),
    ("intakes: []", ['5:1 S001 unknown key "intakes": did you mean "intake"?']),
    ("delivery: {kind: sendmail}", ['5:18 S004 delivery.kind: "sendmail" is not one of smtp, maildir']),
    ("delivery: {kind: smtp}", ['5:11 S002 "delivery.host" is missing']),
    ("delivery: {kind: smtp, host: h, user: u}", ['5:11 S002 "delivery.password" is missing']),
    ("delivery: {kind: smtp, host: h, password: p}", ['5:11 S002 "delivery.user" is missing']),
    ("delivery: {kind: smtp, host: h, tls: yes}",
     ['5:38 S004 delivery.tls: "yes" is not one of required, starttls, none']),
    ("delivery: {kind: maildir}", ['5:11 S002 "delivery.path" is missing']),
]  # fmt: skip


@pytest.mark.parametrize("text, expected", DOORS)
def test_wrong_ways_in_and_out(text: str, expected: list[str]) -> None:
    assert [problem.splitlines()[0] for problem in complaints(SITE + text)] == [
        f"mailproc.yaml:{one}" for one in expected
    ]


GOOD = SITE + 'intake:\n  - {kind: smtp, listen: "127.0.0.1:2525"}\ndelivery: {kind: maildir, path: ü}\n# end\n'


def test_a_file_cut_anywhere_is_settings_or_a_plain_error(tmp_path: Path) -> None:
    raw = GOOD.encode()
    path = tmp_path / "mailproc.yaml"
    outcomes = set()
    for end in range(len(raw) + 1):
        path.write_bytes(raw[:end])
        try:
            settings.load(path, {})
            outcomes.add("fine")
        except ConfigError as error:
            assert error.problems and all(str(path) in problem for problem in error.problems)
            outcomes.add("refused")
    assert outcomes == {"fine", "refused"}


@hypothesis_settings(deadline=None, max_examples=200)
@given(st.integers(0, len(GOOD)), st.integers(0, 12), st.text(max_size=8))
def test_a_file_changed_anywhere_is_settings_or_a_plain_error(start: int, length: int, new: str) -> None:
    try:
        settings.parse(GOOD[:start] + new + GOOD[start + length :], FILE, {})
    except ConfigError as error:
        assert error.problems
