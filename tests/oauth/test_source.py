"""Access tokens against a real token server: each grant, renewal, rotation, many at once, and what fails."""

import json
import logging
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from mailproc.errors import ConfigError, Permanent, Temporary
from mailproc.oauth import LoginNeeded, Sources, TokenSource, missing_permissions, tokenfile
from mailproc.settings import OAuthSettings
from tests.oauth.conftest import MakeEntry, write_certificate, write_service_account
from tests.oauth.server import CLIENT, JWT_BEARER, SECRET, USER, Raw, Refused, TokenServer

CERTS = Path(__file__).resolve().parents[1] / "delivery" / "certs"


class Clock:
    """A clock and a stopwatch that only move when told to; the server's clock goes along."""

    def __init__(self, server: TokenServer) -> None:
        self.server = server
        self.now = time.time()
        self.ticks = 100.0

    def go(self, seconds: float) -> None:
        self.now += seconds
        self.ticks += seconds
        self.server.rules.skew += seconds


@pytest.fixture
def clock(server: TokenServer) -> Clock:
    return Clock(server)


def make_source(entry: OAuthSettings, clock: Clock, user: str = USER, timeout: float = 20.0) -> TokenSource:
    return TokenSource(entry, user, clock=lambda: clock.now, ticks=lambda: clock.ticks, timeout=timeout)


def keep_login(entry: OAuthSettings, server: TokenServer, token: str = "refresh-first") -> Path:
    """The token file as a login leaves it."""
    server.refresh_tokens[token] = "https://mail.google.com/"
    path = Path(entry.token_file)
    tokenfile.write(path, tokenfile.KeptLogin(token, USER, CLIENT, ("https://mail.google.com/",), 1.0, 1.0))
    return path


@pytest.fixture(params=["service_account", "client_credentials", "login"])
def ready(request: pytest.FixtureRequest, entry: MakeEntry, server: TokenServer) -> OAuthSettings:
    """An entry of each flow that can work."""
    made = entry(request.param)
    if request.param == "login":
        keep_login(made, server)
    return made


def test_every_flow_gets_a_token_and_keeps_it_while_it_lives(
    ready: OAuthSettings, server: TokenServer, clock: Clock
) -> None:
    source = make_source(ready, clock)
    first = source.token()
    assert server.owner_of(first) in (USER, "app")
    clock.go(3600 - 301)
    assert source.token() == first and len(server.requests) == 1
    clock.go(2)
    assert source.token() != first and len(server.requests) == 2
    assert source.problem == ""


def test_what_is_asked_for(entry: MakeEntry, server: TokenServer, clock: Clock) -> None:
    make_source(entry("service_account"), clock).token()
    make_source(entry("client_credentials"), clock).token()
    (grant, form), (_, other) = server.requests
    assert grant == JWT_BEARER and set(form) == {"grant_type", "assertion"}
    assert other == {
        "grant_type": "client_credentials",
        "scope": "https://outlook.office365.com/.default",
        "client_id": CLIENT,
        "client_secret": SECRET,
    }


def test_an_application_proves_itself_by_a_certificate(
    entry: MakeEntry, server: TokenServer, clock: Clock, private_key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    server.certificate = write_certificate(tmp_path / "cert.pem", private_key)
    source = make_source(entry("client_credentials", client_secret="", key_file=str(tmp_path / "cert.pem")), clock)
    assert server.owner_of(source.token()) == "app"
    assert "client_secret" not in server.requests[0][1]


def test_scopes_and_urls_of_other_clouds(entry: MakeEntry, server: TokenServer, clock: Clock) -> None:
    made = entry("client_credentials", authority="https://nowhere.example", token_url=f"{server.url}/abroad/token")
    made = OAuthSettings(**{**_fields(made), "scopes": ("https://outlook.office365.us/.default",)})
    make_source(made, clock).token()
    assert server.requests[0][1]["scope"] == "https://outlook.office365.us/.default"


def test_a_renewed_login_is_kept_before_it_is_used(entry: MakeEntry, server: TokenServer, clock: Clock) -> None:
    made = entry()
    path = keep_login(made, server)
    source = make_source(made, clock)
    source.token()
    kept = tokenfile.read(path)
    assert kept is not None and kept.refresh_token in server.refresh_tokens and kept.refreshed_at == clock.now
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    clock.go(4000)
    source.token()  # the first refresh token does not count any more
    assert server.count("refresh_token") == 2
    assert sorted(item.name for item in path.parent.iterdir()) == ["x.json", "x.json.lock"]


def test_a_server_that_does_not_rotate_keeps_its_refresh_token(
    entry: MakeEntry, server: TokenServer, clock: Clock
) -> None:
    server.rules.rotates = False
    made = entry()
    path = keep_login(made, server)
    make_source(made, clock).token()
    kept = tokenfile.read(path)
    assert kept is not None and kept.refresh_token == "refresh-first"


def test_many_who_ask_at_once_share_one_renewal(ready: OAuthSettings, server: TokenServer, clock: Clock) -> None:
    server.rules.delay = 0.2
    source = make_source(ready, clock)
    with ThreadPoolExecutor(16) as pool:
        tokens = {future.result() for future in [pool.submit(source.token) for _ in range(16)]}
    assert len(tokens) == 1 and len(server.requests) == 1


def test_two_processes_never_use_one_refresh_token_twice(entry: MakeEntry, server: TokenServer, clock: Clock) -> None:
    made = entry()
    keep_login(made, server)
    server.rules.delay = 0.05
    sources = [make_source(made, clock) for _ in range(6)]  # each reads the file for itself, as a process would
    with ThreadPoolExecutor(6) as pool:
        tokens = [future.result() for future in [pool.submit(source.token) for source in sources]]
    assert all(server.owner_of(token) == USER for token in tokens)
    assert len(server.refresh_tokens) == 1


def test_a_refused_token_is_renewed_once(ready: OAuthSettings, server: TokenServer, clock: Clock) -> None:
    source = make_source(ready, clock)
    first = source.token()
    second = source.token(refused=first)
    assert second != first
    assert source.token(refused=first) == second  # another thread was told the same
    assert source.token(refused="never ours") == second
    assert len(server.requests) == 2


def test_the_token_lives_on_while_the_server_is_away(ready: OAuthSettings, server: TokenServer, clock: Clock) -> None:
    source = make_source(ready, clock)
    first = source.token()
    server.rules.failures = [Refused("temporarily_unavailable", status=503) for _ in range(9)]
    clock.go(3600 - 200)
    assert source.token() == first
    assert "the token server cannot answer now" in source.problem
    clock.go(201)
    with pytest.raises(Temporary, match=r"oauth x: the token server cannot answer now \(temporarily_unavailable\)"):
        source.token()
    server.rules.failures = []
    clock.go(11)
    assert source.token() != first and source.problem == ""


def test_a_server_that_is_away_is_not_asked_by_everybody(
    ready: OAuthSettings, server: TokenServer, clock: Clock
) -> None:
    server.rules.failures = [Refused("server_error", status=500) for _ in range(9)]
    source = make_source(ready, clock)
    for _ in range(5):
        with pytest.raises(Temporary):
            source.token()
    assert len(server.requests) == 1
    for number, seconds in enumerate((5, 10, 20, 40, 60, 60), 2):
        clock.go(seconds - 0.5)
        with pytest.raises(Temporary):
            source.token()
        assert len(server.requests) == number - 1
        clock.go(0.6)
        with pytest.raises(Temporary):
            source.token()
        assert len(server.requests) == number


def test_short_lives_are_renewed_before_their_end(ready: OAuthSettings, server: TokenServer, clock: Clock) -> None:
    server.rules.lifetime = 10
    source = make_source(ready, clock)
    first = source.token()
    clock.go(7.5)
    assert source.token() == first
    clock.go(0.6)
    assert source.token() != first


@pytest.mark.parametrize("moves", ["now", "ticks"])
def test_either_clock_ends_a_token(moves: str, ready: OAuthSettings, server: TokenServer, clock: Clock) -> None:
    source = make_source(ready, clock)
    first = source.token()
    setattr(clock, moves, getattr(clock, moves) + 3500)
    if ready.flow == "service_account" and moves == "now":
        server.rules.skew = 3500  # so has the server's: nothing is wrong with it
    assert source.token() != first


def test_a_withdrawn_login_is_said_and_mended_without_a_restart(
    entry: MakeEntry, server: TokenServer, clock: Clock
) -> None:
    made = entry()
    path = keep_login(made, server)
    server.refresh_tokens.clear()
    source = make_source(made, clock)
    for _ in range(3):
        with pytest.raises(LoginNeeded, match="withdrawn or has expired: run  mailproc auth login x"):
            source.token()
    assert server.count("refresh_token") == 1
    keep_login(made, server, "refresh-again")  # as `auth login` does
    assert server.owner_of(source.token()) == USER
    assert path.exists()


def test_without_a_login_the_remedy_is_named(entry: MakeEntry, clock: Clock) -> None:
    source = make_source(entry(), clock)
    with pytest.raises(LoginNeeded, match="nobody has logged in yet: run  mailproc auth login x"):
        source.token()


def test_a_login_of_another_application_is_not_sent(entry: MakeEntry, server: TokenServer, clock: Clock) -> None:
    made = entry()
    keep_login(made, server)
    with pytest.raises(LoginNeeded, match="another client_id"):
        make_source(entry(client_id="other"), clock).token()
    assert server.requests == []


def test_mail_goes_on_while_a_renewed_login_cannot_be_kept(entry: MakeEntry, server: TokenServer, clock: Clock) -> None:
    made = entry()
    path = keep_login(made, server)
    source = make_source(made, clock)
    before = path.read_bytes()
    obstacle = path.with_name(f"{path.name}.{os.getpid()}.new")
    obstacle.mkdir()  # as good as a full disk
    assert server.owner_of(source.token()) == USER
    assert path.read_bytes() == before and "cannot be written" in source.problem
    clock.go(4000)
    assert server.owner_of(source.token()) == USER  # with the refresh token that only we know
    obstacle.rmdir()
    clock.go(4000)
    assert server.owner_of(source.token()) == USER and source.problem == ""
    kept = tokenfile.read(path)
    assert kept is not None and kept.refresh_token in server.refresh_tokens


def test_a_token_file_open_to_others_is_refused(entry: MakeEntry, server: TokenServer, clock: Clock) -> None:
    made = entry()
    path = keep_login(made, server)
    path.chmod(0o644)
    source = make_source(made, clock)
    with pytest.raises(ConfigError, match=r"others may read or change the token file \(mode 0644\). Run  chmod 600"):
        source.token()
    assert server.requests == []
    path.chmod(0o600)
    assert server.owner_of(source.token()) == USER  # seen at once: the file changed


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"refresh_token": 7}', "geheim", "\x00" * 99])
def test_a_damaged_token_file_is_refused_without_showing_it(text: str, entry: MakeEntry, clock: Clock) -> None:
    made = entry()
    path = Path(made.token_file)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="this is not a token file") as caught:
        make_source(made, clock).token()
    assert "geheim" not in str(caught.value)


# What a server may say or do


def test_a_silent_server_is_given_up(entry: MakeEntry, server: TokenServer, clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        made = entry("client_credentials", authority=f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(Temporary, match=r"oauth x: cannot reach the token server 127.0.0.1:\d+: no answer in time"):
            make_source(made, clock, timeout=0.3).token()


def test_a_dripping_server_is_given_up(entry: MakeEntry, clock: Clock, drip: Callable[[bytes], str]) -> None:
    url = drip(b"HTTP/1.0 200 OK\r\n\r\n")
    with pytest.raises(Temporary, match="no answer in time"):
        make_source(entry("client_credentials", authority=url), clock, timeout=0.5).token()


@pytest.fixture
def drip() -> Iterator[Callable[[bytes], str]]:
    """`drip(head)`: a server that sends the head and then a byte now and then, without end."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve(head: bytes) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            try:
                connection.sendall(head)
                while not ended.wait(0.05):
                    connection.sendall(b" ")
            except OSError:
                pass

    def start(head: bytes) -> str:
        threading.Thread(target=serve, args=(head,), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    ended.set()
    listener.close()


def test_nobody_listens_there(entry: MakeEntry, clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Temporary, match="cannot reach the token server .*: Connection refused"):
        make_source(entry("client_credentials", authority=f"http://127.0.0.1:{port}"), clock).token()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Raw(b"<html>Log in to the WLAN</html>"), "does not answer like a token server"),
        (Raw(b"[]"), "does not answer like a token server"),
        (Raw(b"[" * 100_000), "does not answer like a token server"),
        (Raw(b"{}"), "holds no access token"),
        (Raw(b'{"access_token": "a b"}'), "holds no access token"),
        (Raw(b'{"access_token": "a\\u0001b"}'), "holds no access token"),
        (Raw(b'{"access_token": ["a"]}'), "holds no access token"),
        (Raw(b" " * 500_000), "it sends far too much"),
        (Raw(b"", 302, Location="http://127.0.0.1:1/token"), "sends us elsewhere"),
        (Raw(b"", 307, Location="http://127.0.0.1:1/token"), "sends us elsewhere"),
        (Raw(b"gone", 503), r"cannot answer now \(status 503\)"),
        (Refused("invalid_request", status=429), "cannot answer now"),
    ],
)
def test_nonsense_is_a_trouble_of_the_moment(
    answer: Refused, expected: str, entry: MakeEntry, server: TokenServer, clock: Clock
) -> None:
    server.rules.failures = [answer]
    source = make_source(entry("client_credentials"), clock)
    with pytest.raises(Temporary, match=expected):
        source.token()
    clock.go(6)
    assert source.token()


@pytest.mark.parametrize(("seconds", "left"), [(None, 3600), ("600", 600), (-5, 3600), ("soon", 3600), (1e99, 3600)])
def test_a_lifetime_that_is_missing_or_odd(
    seconds: object, left: float, entry: MakeEntry, server: TokenServer, clock: Clock
) -> None:
    server.rules.failures = [Raw(json.dumps({"access_token": "abc", "expires_in": seconds}).encode())]
    token = make_source(entry("client_credentials"), clock).fetch()
    assert token.expires_at == clock.now + left


def test_https_is_verified(
    entry: MakeEntry, clock: Clock, private_key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = TokenServer(tls=(CERTS / "localhost.crt", CERTS / "localhost.key"))
    try:
        made = entry("client_credentials", authority=server.url)
        with pytest.raises(Temporary, match="certificate is not accepted"):
            make_source(made, clock).token()
        assert server.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTS / "localhost.crt"))
        assert server.owner_of(make_source(made, clock).token()) == "app"
    finally:
        server.close()


# Keys


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "geheim", '{"type": "authorized_user"}', '{"type": "service_account"}']
)
def test_a_key_file_that_is_none_is_refused_without_showing_it(
    text: str, entry: MakeEntry, clock: Clock, tmp_path: Path
) -> None:
    path = tmp_path / "key.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="not the JSON key of a Google service account") as caught:
        make_source(entry("service_account", key_file=str(path)), clock).token()
    assert "geheim" not in str(caught.value)


def test_a_key_file_open_to_all_is_refused(entry: MakeEntry, server: TokenServer, clock: Clock, tmp_path: Path) -> None:
    made = entry("service_account")
    Path(made.key_file).chmod(0o644)
    with pytest.raises(ConfigError, match=r"everybody may read or change this key \(mode 0644\). Run  chmod 640"):
        make_source(made, clock).token()
    Path(made.key_file).chmod(0o640)
    source = make_source(made, clock)
    assert server.owner_of(source.token()) == USER


@pytest.mark.parametrize("what", ["no certificate", "no key", "another key", "nothing"])
def test_a_pem_file_that_does_not_fit_is_refused(
    what: str, entry: MakeEntry, clock: Clock, private_key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    path = tmp_path / "cert.pem"
    write_certificate(path, private_key)
    key, _, certificate = path.read_bytes().partition(b"-----BEGIN CERTIFICATE-----")
    certificate = b"-----BEGIN CERTIFICATE-----" + certificate
    if what == "another key":
        write_certificate(path, rsa.generate_private_key(65537, 2048))
        key = path.read_bytes().partition(b"-----BEGIN CERTIFICATE-----")[0]
    path.write_bytes({"no certificate": key, "no key": certificate, "nothing": b""}.get(what, key + certificate))
    with pytest.raises(ConfigError, match="not a PEM file with an RSA private key and the certificate"):
        make_source(entry("client_credentials", client_secret="", key_file=str(path)), clock).token()


def test_a_missing_key_file_is_named(entry: MakeEntry, clock: Clock, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nope.json: the key file cannot be read: No such file or directory"):
        make_source(entry("service_account", key_file=str(tmp_path / "nope.json")), clock).token()


def test_a_key_file_names_its_own_token_server(
    entry: MakeEntry, server: TokenServer, clock: Clock, private_key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    path = write_service_account(tmp_path / "own.json", private_key, token_uri=f"{server.url}/token")
    assert make_source(entry("service_account", authority="", key_file=str(path)), clock).token()
    write_service_account(path, private_key, token_uri="http://evil.example/token")
    with pytest.raises(ConfigError):
        make_source(entry("service_account", authority="", key_file=str(path)), clock).token()


# Secrets, sources, permissions


def test_no_repr_and_no_log_shows_a_secret(
    entry: MakeEntry,
    server: TokenServer,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    made = entry()
    keep_login(made, server)
    source = make_source(made, clock)
    token = source.fetch()
    kept = tokenfile.read(Path(made.token_file))
    assert kept is not None
    clock.go(4000)
    server.rules.failures = [Refused("invalid_client", f"secret {SECRET} token {kept.refresh_token}", 401)]
    with pytest.raises(Permanent) as caught:
        source.token()
    shown = f"{made!r} {source!r} {token!r} {kept!r} {source.__dict__!r} {caplog.text} {capfd.readouterr()}"
    for secret in (token.access, kept.refresh_token, "refresh-first", SECRET):
        assert secret not in shown + str(caught.value)


def test_sources_share_what_can_be_shared(entry: MakeEntry) -> None:
    sources = Sources((entry("service_account"),))
    assert sources.find("x", "a@acme.example") is sources.find("x", "a@acme.example")
    assert sources.find("x", "a@acme.example") is not sources.find("x", "b@acme.example")
    sources = Sources((entry("client_credentials"),))
    assert sources.find("x", "a@acme.example") is sources.find("x", "b@acme.example")
    with pytest.raises(KeyError):
        sources.find("y", "a@acme.example")


def test_a_token_without_permissions_is_noticed(entry: MakeEntry, server: TokenServer, clock: Clock) -> None:
    made = entry("client_credentials")
    assert missing_permissions(made, make_source(made, clock).fetch()) == ()
    server.rules.roles = ("SMTP.SendAsApp",)
    assert missing_permissions(made, make_source(made, clock).fetch()) == ("IMAP.AccessAsApp",)
    server.rules.roles = ()
    assert missing_permissions(made, make_source(made, clock).fetch()) == ("IMAP.AccessAsApp",)
    google = entry("service_account")
    assert missing_permissions(google, make_source(google, clock).fetch()) == ()


def _fields(entry: OAuthSettings) -> dict[str, object]:
    return {name: getattr(entry, name) for name in OAuthSettings.__slots__}
