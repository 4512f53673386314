"""Secrets: where they may come from, and that none ever shows in a message or a repr."""

from pathlib import Path

import pytest

from mailproc import settings
from mailproc.errors import ConfigError
from mailproc.settings.masking import mask

SITE = "site:\n  name: Acme Support\n  prefix: ACME\n  addresses: [support@acme.example]\n"
IMAP = 'intake: [{kind: imap, host: localhost, user: u, password: "%s"}]\n'


def read(text: str, tmp_path: Path, environ: dict[str, str] | None = None) -> settings.Settings:
    return settings.parse(SITE + text, tmp_path / "mailproc.yaml", environ or {})


def complaint(text: str, tmp_path: Path, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text, tmp_path, environ)
    (problem,) = caught.value.problems
    return problem.splitlines()[0].partition(" S007 ")[2]


def test_a_secret_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("from file\r\n", "utf-8")
    (tmp_path / "home").write_text("x", "utf-8")
    assert read(IMAP % "${env:PW}", tmp_path, {"PW": "a'b\"c"}).intakes[0].password == "a'b\"c"
    assert read(IMAP % "${file:pw}", tmp_path).intakes[0].password == "from file"
    assert read(IMAP % f"${{file:{tmp_path}/pw}}", tmp_path).intakes[0].password == "from file"
    assert read(IMAP % "a-${env:PW}-b", tmp_path, {"PW": "x"}).intakes[0].password == "a-x-b"
    assert read(IMAP % "plain", tmp_path).intakes[0].password == "plain"


@pytest.mark.parametrize(
    "word, expected",
    [
        ("${env:NOPE}", "intake[0].password: the environment variable NOPE is not set"),
        ("${env:EMPTY}", "intake[0].password: the environment variable EMPTY is empty"),
        ("${file:nope}", "intake[0].password: the secret file {folder}/nope cannot be read: No such file or directory"),
        ("${file:.}", "intake[0].password: the secret file {folder} cannot be read: Is a directory"),
        ("${file:empty}", "intake[0].password: the secret file {folder}/empty is empty"),
        ("${file:latin}", "intake[0].password: the secret file {folder}/latin is not UTF-8 text"),
        ("${file:lines}",
         "intake[0].password: the secret from ${file:lines} holds a control character or more than one line"),
        ("${HOME}", 'intake[0].password: "${HOME}" is not understood'),
        ("${env:}", 'intake[0].password: "${env:}" is not understood'),
        ("${env:X", 'intake[0].password: "${env:X" is not understood'),
        ("${vault:x}", 'intake[0].password: "${vault:x}" is not understood'),
    ],
)  # fmt: skip
def test_a_reference_that_leads_nowhere_is_named(tmp_path: Path, word: str, expected: str) -> None:
    (tmp_path / "empty").write_text("\n", "utf-8")
    (tmp_path / "latin").write_bytes(b"\xff")
    (tmp_path / "lines").write_text("a\nb\n", "utf-8")
    assert complaint(IMAP % word, tmp_path, {"EMPTY": ""}) == expected.replace("{folder}", str(tmp_path))


@pytest.mark.parametrize("key", ["rules: %s", "operator: %s", "delivery: {kind: maildir, path: '%s'}"])
def test_a_reference_outside_a_secret_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match=r"S006 .* is no secret: \$\{\.\.\.\} is not filled in here"):
        read(key % "${env:HOME}", tmp_path, {"HOME": "geheim"})


LEAKY = [
    "delivery: {kind: smtp, host: h, user: x, password: geheim, prt: 3}",
    "delivery: {kind: smtp, host: h, user: x, password: aa,geheim, port: 3}",
    "delivery: {kind: smtp, host: h, user: x, password: aa}geheim, port: 3}",
    "delivery: {kind: smtp, host: h, user: x, password: 'geheim, port: 3}",
    "delivery: {kind: smtp, host: h, user: x, password: 'a' geheim, port: 3}",
    "delivery: {kind: smtp, host: h, user: x, password: [a, geheim]}",
    "delivery: {kind: smtp, host: h, user: x, password: {a: geheim}}",
    "delivery: {kind: smtp, Password: geheim}",
    "delivery: {kind: smtp, passwd: geheim}",
    "delivery: {kind: smtp, pwd: geheim",
    "delivery: {kind: smtp, 'password': geheim",
    "delivery: {kind: smtp, password geheim}",
    "delivery: {password: &geheim x, kind: q}",
    "delivery: {password: !geheim x, kind: q}",
    "delivery:\n  kind: smtp\n  password: @geheim",
    "delivery:\n  kind: smtp\n  password: *geheim",
    "delivery:\n  kind: smtp\n  password: x #geheim",
    "delivery:\n  kind: smtp\n  password: x: geheim",
    "intake: [{kind: imap, host: h, user: u, token: 'geheim', prt: 1}]",
    "intake: [{kind: imap, host: h, user: u, pasword: geheim}]",
    "oauth: [{name: a, provider: google, flow: login, client_secret: geheim, prt: 1}]",
    "oauth: [{name: a, provider: google, flow: login, client_secrt: geheim}]",
    "oauth: [{name: a, provider: google, flow: login, client_secret: [geheim]}]",
    "oauth: [{name: a, provider: google, flow: login, token_url: 'https://u:geheim@h'}]",
    "database: mysql://root:geheim@h/n",
    "database: postgresql://u:geheim@h:port/n",
    "database: postgresql://u:x #geheim@h/n\nfoo: 1",
    "database: ${env:SECRET}",
    "database: ${env:SCHEME}",
    "database: postgresql://u:${env:SECRET}@[::1/n",
]


@pytest.mark.parametrize("text", LEAKY)
def test_no_error_shows_a_secret(tmp_path: Path, text: str) -> None:
    environ = {"SECRET": "geheim", "SCHEME": "geheim://x"}
    with pytest.raises(ConfigError) as caught:
        read(text + "\nunknown: 1\n", tmp_path, environ)
    assert "geheim" not in str(caught.value) + repr(caught.value)


def test_no_repr_shows_a_secret(tmp_path: Path) -> None:
    text = IMAP % "geheim" + "delivery: {kind: smtp, host: localhost, user: u, password: geheim}\n"
    text += "oauth: {name: a, provider: google, flow: login, client_id: c, client_secret: geheim, user: u}\n"
    loaded = read(text + "database: postgresql://u:geheim@h/n\n", tmp_path)
    assert loaded.intakes[0].password == loaded.delivery.password == "geheim"
    assert "geheim" not in repr(loaded) + loaded.shown_database


@pytest.mark.parametrize(
    "line, expected",
    [
        ('  {user: a@b.c, password: "${env:IMAP_PASSWORD}", tls: x}',
         '  {user: a@b.c, password: "${env:IMAP_PASSWORD}", tls: x}'),
        ("  password: hunter, 2  # why", "  password: ******* *  * ***"),
        ("  password: hunter2  # why", "  password: *******  # why"),
        ("  token_file: data/x.json", "  token_file: data/x.json"),
        ("  token_url: https://h/x", "  token_url: https://h/x"),
        ("  client_secret: hunter2", "  client_secret: *******"),
        ("database: postgresql://user:${env:PGPASSWORD}@host/name",
         "database: postgresql://user:${env:PGPASSWORD}@host/name"),
        ("database: postgresql://user:hunter2@host/name", "database: postgresql://user:*******@host/name"),
        ("operator: a@b.example", "operator: a@b.example"),
        ("x: " + "y" * 2000, ""),
    ],
)  # fmt: skip
def test_mask_keeps_columns_and_references(line: str, expected: str) -> None:
    assert mask(line, ["password", "token"]) == expected
