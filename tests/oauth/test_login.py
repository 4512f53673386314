"""Logins against a real token server: by a browser here, by one elsewhere, by a device; and what must be refused."""

import contextlib
import threading
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from mailproc.errors import ConfigError, Permanent, UsageError
from mailproc.oauth import LoginNeeded, TokenSource, tokenfile
from mailproc.oauth.login import Login
from mailproc.settings import OAuthSettings
from tests.oauth.conftest import MakeEntry
from tests.oauth.server import USER, Refused, TokenServer


def browse(url: str) -> None:
    """A browser that logs in and follows where it is sent; the pages that it ends at do not matter."""

    def run() -> None:
        with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(url, timeout=30) as page:
            page.read()

    threading.Thread(target=run, daemon=True).start()


def where_it_ends(url: str) -> str:
    """The address a browser on another machine shows at the end."""

    class Stop(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.build_opener(Stop).open(url, timeout=30)
    location = caught.value.headers["Location"]
    caught.value.close()
    assert isinstance(location, str)
    return location


def paste(entry: OAuthSettings, change: str = "") -> object:
    """A login by paste of where the browser ended, or of `change`."""
    shown: list[str] = []
    return Login(entry).by_paste(shown.append, lambda: change or f" {where_it_ends(shown[0])}\n")


@pytest.mark.parametrize("provider", ["google", "microsoft"])
def test_a_browser_on_this_machine(provider: str, entry: MakeEntry, server: TokenServer) -> None:
    made = entry(provider=provider)
    shown: list[str] = []

    def show(url: str) -> None:
        shown.append(url)
        browse(url)

    token = Login(made).by_browser(show, 60.0)
    assert token.account == USER and server.owner_of(token.access) == USER
    asked = {key: value for key, (value,) in parse_qs(urlsplit(shown[0]).query).items()}
    assert asked["login_hint"] == USER and asked["code_challenge_method"] == "S256"
    assert ("offline_access" in asked["scope"]) == (provider == "microsoft")
    assert (asked.get("access_type"), asked.get("prompt")) == (
        ("offline", "consent") if provider == "google" else (None, None)
    )
    host = "localhost" if provider == "microsoft" else "127.0.0.1"
    assert urlsplit(asked["redirect_uri"]).hostname == host
    kept = tokenfile.read(Path(made.token_file))
    assert kept is not None and kept.account == USER and kept.refresh_token in server.refresh_tokens
    assert server.owner_of(TokenSource(made).token()) == USER


def test_only_the_answer_with_our_state_ends_the_waiting(entry: MakeEntry) -> None:
    def show(url: str) -> None:
        redirect = parse_qs(urlsplit(url).query)["redirect_uri"][0]
        for query in ("", "favicon.ico", "?code=evil", "?code=evil&state=wrong", "?state=%ff&code=x"):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(f"{redirect}/{query}", timeout=30)
            assert caught.value.code == 404
            caught.value.close()
        browse(url)

    assert Login(entry()).by_browser(show, 60.0).account == USER


def test_nobody_comes(entry: MakeEntry) -> None:
    with pytest.raises(Permanent, match="nobody logged in within"):
        Login(entry()).by_browser(lambda _: None, 0.1)


@pytest.mark.parametrize("provider", ["google", "microsoft"])
def test_a_browser_elsewhere_and_paste(provider: str, entry: MakeEntry, server: TokenServer) -> None:
    made = entry(provider=provider)
    paste(made)
    assert server.owner_of(TokenSource(made).token()) == USER


def test_two_logins_at_once_do_not_mix(entry: MakeEntry) -> None:
    first, second = Login(entry()).begin("http://127.0.0.1:1"), Login(entry()).begin("http://127.0.0.1:1")
    assert first.state != second.state and first.verifier != second.verifier
    for secret in (first.state, first.verifier, first.url):
        assert secret not in repr(first)


def test_a_code_that_somebody_else_fetched_is_useless_without_the_verifier(
    entry: MakeEntry, server: TokenServer
) -> None:
    login = Login(entry())
    ours, theirs = login.begin("http://127.0.0.1:9"), login.begin("http://127.0.0.1:9")
    code = parse_qs(urlsplit(where_it_ends(ours.url)).query)["code"][0]
    with pytest.raises(LoginNeeded):
        login.finish(theirs, urlencode({"code": code, "state": theirs.state}))
    assert server.refresh_tokens == {}


@pytest.mark.parametrize(
    ("pasted", "error", "expected"),
    [
        ("x", UsageError, "begins with http://127.0.0.1:8765/\\?"),
        ("http://127.0.0.1:8765/", UsageError, "begins with"),
        ("http://127.0.0.1:8765/?code=a", Permanent, "belongs to another login"),
        ("http://127.0.0.1:8765/?code=a&state=b", Permanent, "belongs to another login"),
        ("http://h/?" + "a" * 99_999, UsageError, "begins with"),
    ],
)
def test_what_is_pasted_must_be_this_login(
    pasted: str, error: type[Exception], expected: str, entry: MakeEntry, server: TokenServer
) -> None:
    with pytest.raises(error, match=expected):
        paste(entry(), pasted)
    assert server.requests == []


@pytest.mark.parametrize(
    ("denies", "expected"),
    [
        ("access_denied", "declined, or the organisation does not allow this application"),
        ("admin_policy_enforced", "administrators do not allow this application"),
        ("consent_required", "grant admin consent"),
        ("something_new", r"the token server refuses \(something_new"),
    ],
)
def test_a_login_that_was_declined_is_said(denies: str, expected: str, entry: MakeEntry, server: TokenServer) -> None:
    server.rules.denies = denies
    with pytest.raises(Permanent, match=expected):
        paste(entry())


def test_another_account_is_refused(entry: MakeEntry, server: TokenServer) -> None:
    server.rules.account = "private@mail.example"
    made = entry()
    with pytest.raises(Permanent, match=f"logged in as private@mail.example, but the settings say user: {USER}"):
        paste(made)
    assert not Path(made.token_file).exists()
    server.rules.account = USER.upper()
    paste(made)


def test_a_box_that_was_not_ticked_is_said(entry: MakeEntry, server: TokenServer) -> None:
    server.rules.granted = "openid email"
    with pytest.raises(Permanent, match="does not permit https://mail.google.com/: log in again and leave every box"):
        paste(entry())


def test_a_login_without_refresh_token_is_refused(entry: MakeEntry, server: TokenServer) -> None:
    server.rules.gives_refresh = False
    with pytest.raises(Permanent, match="without a refresh token"):
        paste(entry())


def test_a_wrong_client_secret_is_said(entry: MakeEntry) -> None:
    with pytest.raises(Permanent, match="client secret is wrong: write its Value, not its Secret ID"):
        paste(entry(client_secret="wrong"))


@pytest.mark.parametrize("flow", ["service_account", "client_credentials"])
def test_what_needs_no_login_says_so(flow: str, entry: MakeEntry) -> None:
    with pytest.raises(UsageError, match="needs no login"):
        Login(entry(flow))


def test_a_token_file_open_to_others_is_refused_before_anybody_logs_in(entry: MakeEntry) -> None:
    made = entry()
    paste(made)
    Path(made.token_file).chmod(0o640)
    with pytest.raises(ConfigError, match="others may read or change"):
        Login(made)


# On any device


def test_a_device_code(entry: MakeEntry, server: TokenServer) -> None:
    server.rules.pending = 2
    made = entry(provider="microsoft")
    shown: list[tuple[str, str]] = []
    slept: list[float] = []
    token = Login(made).by_device(lambda url, code: shown.append((url, code)), slept.append)
    assert shown == [(f"{server.url}/device", "ABCD-EFGH")] and slept == [5, 5, 5]
    assert token.account == USER and tokenfile.read(Path(made.token_file)) is not None


@pytest.mark.parametrize(
    ("denies", "expected"),
    [
        ("authorization_declined", "declined"),
        ("expired_token", "not used in time"),
        ("invalid_grant", "withdrawn or has expired"),
    ],
)
def test_a_device_code_that_comes_to_nothing(denies: str, expected: str, entry: MakeEntry, server: TokenServer) -> None:
    server.rules.denies = denies
    with pytest.raises(Permanent, match=expected):
        Login(entry(provider="microsoft")).by_device(lambda *_: None, lambda _: None)


def test_a_device_code_is_asked_for_less_often_when_told_so_and_ends(entry: MakeEntry, server: TokenServer) -> None:
    server.rules.pending = 9999
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            server.rules.failures.append(Refused("slow_down"))

    with pytest.raises(Permanent, match="not used in time"):
        Login(entry(provider="microsoft")).by_device(lambda *_: None, sleep)
    assert slept[:5] == [5, 5, 5, 10, 10] and 900 <= sum(slept) < 920


def test_google_has_no_device_code_for_mail(entry: MakeEntry) -> None:
    with pytest.raises(UsageError, match="--paste"):
        Login(entry()).by_device(lambda *_: None)
