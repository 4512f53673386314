"""`mailproc auth`: log in once, see how the logins fare; no token, secret or code on the terminal."""

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import rsa

from mailproc.cli.auth import auth
from mailproc.errors import ConfigError, Permanent, UsageError
from tests.oauth.conftest import write_service_account
from tests.oauth.server import CLIENT, SECRET, USER, TokenServer
from tests.oauth.test_login import browse, where_it_ends

ROOT = Path(__file__).resolve().parents[2]
SITE = f"site: {{name: Acme Support, prefix: ACME, addresses: {USER}}}\n"


@pytest.fixture
def server() -> Iterator[TokenServer]:
    server = TokenServer()
    yield server
    server.close()


@pytest.fixture
def config(server: TokenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site with a login and an application; two mailboxes use the application."""
    monkeypatch.setenv("OAUTH_SECRET", SECRET)
    path = tmp_path / "mailproc.yaml"
    path.write_text(
        SITE
        + f"""\
oauth:
  - {{name: me, provider: google, flow: login, client_id: {CLIENT}, client_secret: "${{env:OAUTH_SECRET}}",
     user: {USER}, authority: "{server.url}"}}
  - {{name: app, provider: microsoft, flow: client_credentials, tenant: acme.example, client_id: {CLIENT},
     client_secret: "${{env:OAUTH_SECRET}}", authority: "{server.url}"}}
intake:
  - {{kind: imap, provider: gmail, user: {USER}, oauth: me}}
  - {{kind: imap, provider: microsoft365, user: a@acme.example, oauth: app}}
  - {{kind: imap, provider: microsoft365, user: b@acme.example, oauth: app}}
"""
    )
    return path


def run(config: Path, *arguments: str, text: str = "") -> Result:
    return CliRunner().invoke(auth, arguments, obj=config, input=text)


def test_a_login_by_paste_as_a_person_does_it(config: Path, server: TokenServer, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from mailproc.cli.auth import auth; from pathlib import Path; import sys\n"
               "auth(sys.argv[2:], obj=Path(sys.argv[1]))", str(config), "login", "me", "--paste"]  # fmt: skip
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ
    ) as child:
        assert child.stdout is not None and child.stdin is not None
        url = next(line.strip() for line in child.stdout if line.startswith("http"))
        pasted = where_it_ends(url)
        output, _ = child.communicate(pasted + "\n", timeout=60)
    assert child.returncode == 0, output
    assert f"Logged in as {USER}; kept in {tmp_path}/data/oauth/me.json" in output
    assert stat.S_IMODE((tmp_path / "data/oauth/me.json").stat().st_mode) == 0o600
    for secret in (*server.tokens, *server.refresh_tokens, SECRET):
        assert secret not in output
    listed = run(config, "status", "--json")
    assert listed.exit_code == 0, listed.output
    mine, app = json.loads(listed.output)
    assert mine["name"] == "me" and mine["account"] == USER and mine["problems"] == []
    assert mine["expires_at"] and mine["refreshed_at"] and mine["logged_in_at"]
    assert "https://mail.google.com/" in mine["scopes"]
    assert set(mine) == {"name", "provider", "flow", "user", "account", "scopes", "expires_at", "logged_in_at",
                         "refreshed_at", "problems"}  # fmt: skip
    assert (app["user"], app["flow"]) == ("a@acme.example, b@acme.example", "client_credentials")
    for secret in (*server.tokens, *server.refresh_tokens, SECRET):
        assert secret not in listed.output
    people = run(config, "status").output
    assert people.splitlines()[0] == f"OK    me  google login  {USER}"
    assert "token until" in people and "(60 minutes)" in people


def test_a_login_by_the_browser_of_this_machine(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbrowser.open", browse)
    result = run(config, "login", "me")
    assert result.exit_code == 0 and f"Logged in as {USER}" in result.output, result.output


def test_without_a_browser_only_the_address_is_printed(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> bool:
        raise AssertionError("no browser was wanted")

    monkeypatch.setattr("webbrowser.open", fail)
    import mailproc.cli.auth as module

    def echo(text: str = "", **_: object) -> None:
        for line in text.splitlines():
            if line.startswith("http"):
                threading.Timer(0.1, browse, [line]).start()

    monkeypatch.setattr(module.click, "echo", echo)
    assert run(config, "login", "me", "--no-browser").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "error", "expected"),
    [
        (["login", "you"], UsageError, 'no entry "you" in oauth: there are me, app'),
        (["login", "app"], UsageError, "app needs no login"),
        (["login", "me", "--paste", "--device"], UsageError, "two ways"),
        (["login", "me", "--device"], UsageError, "Google gives no access to mail by device code"),
        (["login", "me", "--paste"], UsageError, "that is not the address"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], error: type[Exception], expected: str, config: Path) -> None:
    result = run(config, *arguments, text="x\n")
    assert isinstance(result.exception, error) and expected in str(result.exception)


def test_findings_exit_1_each_with_its_remedy(config: Path, server: TokenServer) -> None:
    server.rules.roles = ()
    result = run(config, "status")
    assert result.exit_code == 1
    first, login, second, *_ = result.output.splitlines()
    assert first == f"FAIL  me  google login  {USER}" and second.startswith("FAIL  app  microsoft")
    assert login.strip() == "oauth me: nobody has logged in yet: run  mailproc auth login me"
    assert "the permission IMAP.AccessAsApp is missing" in result.output and "grant admin consent" in result.output
    offline = run(config, "status", "--offline", "--json")
    assert offline.exit_code == 1 and server.count("client_credentials") == 1
    assert [len(row["problems"]) for row in json.loads(offline.output)] == [1, 0]


def test_a_secret_that_is_not_at_hand_is_not_taken_for_a_wrong_one(
    config: Path, server: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OAUTH_SECRET")
    result = run(config, "status")
    assert result.exit_code == 1 and result.output.count("its client_secret is not at hand") == 2
    assert server.requests == []
    assert "not at hand" in str(run(config, "login", "me").exception)


def test_the_placeholder_of_init_is_named(config: Path, server: TokenServer) -> None:
    config.write_text(config.read_text().replace(CLIENT, "00000000-0000-0000-0000-000000000000"))
    result = run(config, "status")
    assert result.exit_code == 1 and result.output.count("client_id is still the placeholder that init wrote") == 2
    assert server.requests == []


def test_a_service_account_has_a_row_for_each_mailbox(server: TokenServer, tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    server.key, server.account_email = key.public_key(), "bot@project.iam.example"
    server.rules.users = {"a@acme.example"}
    write_service_account(tmp_path / "g.json", key)
    path = tmp_path / "mailproc.yaml"
    path.write_text(
        SITE
        + f'oauth: {{name: g, provider: google, flow: service_account, key_file: g.json, authority: "{server.url}"}}\n'
        "intake:\n  - {kind: imap, provider: gmail, user: a@acme.example, oauth: g}\n"
        "  - {kind: imap, provider: gmail, user: b@acme.example, oauth: g}\n"
    )
    result = run(path, "status", "--json")
    good, bad = json.loads(result.output)
    assert result.exit_code == 1 and good["problems"] == [] and good["user"] == "a@acme.example"
    (problem,) = bad["problems"]
    assert "there is no mailbox b@acme.example in this Workspace" in problem
    path.write_text(path.read_text().partition("intake:")[0])
    assert "no mailbox uses it" in run(path, "status").output


def test_without_entries_there_is_nothing_to_say(tmp_path: Path) -> None:
    path = tmp_path / "mailproc.yaml"
    path.write_text(SITE)
    result = run(path, "status")
    assert result.exit_code == 0 and result.output == "the settings have no entry in oauth\n"
    assert run(path, "status", "--json").output == "[]\n"
    assert "there are none" in str(run(path, "login", "x").exception)
    path.write_text("site: x\n")
    assert isinstance(run(path, "status").exception, ConfigError)


def test_a_login_that_was_declined_is_a_failure(config: Path, server: TokenServer) -> None:
    server.rules.denies = "access_denied"
    result = run(config, "login", "me", "--paste", text="http://127.0.0.1:8765/?error=access_denied&state=x\n")
    assert isinstance(result.exception, Permanent)
