"""The keys of `oauth`: what each flow needs, what contradicts it, and which URLs are refused."""

import re
from pathlib import Path

import pytest

from mailproc import settings
from mailproc.errors import ConfigError
from mailproc.settings import OAuthSettings

SITE = "site:\n  name: Acme Support\n  prefix: ACME\n  addresses: [support@acme.example]\n"
FILE = Path("/srv/acme/mailproc.yaml")


def read(text: str, **options: bool) -> settings.Settings:
    return settings.parse(SITE + text, FILE, {"SECRET": "geheim"}, **options)


def test_every_flow_when_every_key_is_written() -> None:
    text = """\
oauth:
  - {name: g, provider: google, flow: service_account, key_file: keys/g.json, user: support@acme.example}
  - {name: m, provider: Microsoft, flow: client_credentials, tenant: acme.example, client_id: 1-2, client_secret:
      "${env:SECRET}", authority: "https://login.microsoftonline.us/", scopes: "https://outlook.office365.us/.default"}
  - {name: cert, provider: microsoft, flow: client_credentials, tenant: 8eaef023-2b34-4da1-9baa-8bc8c9d6a490,
     client_id: 1-2, key_file: /etc/cert.pem}
  - {name: me, provider: google, flow: login, client_id: c, client_secret: x, user: me@acme.example, token_file: t,
     auth_url: "https://a.example/x", token_url: "http://127.0.0.1:81/y", device_url: "https://a.example/d"}
"""
    loaded = read(text)
    assert loaded.oauth == (
        OAuthSettings("g", "google", "service_account", key_file="/srv/acme/keys/g.json", user="support@acme.example",
                      token_file="/srv/acme/data/oauth/g.json"),
        OAuthSettings("m", "microsoft", "client_credentials", "1-2", "geheim", "acme.example",
                      token_file="/srv/acme/data/oauth/m.json", scopes=("https://outlook.office365.us/.default",),
                      authority="https://login.microsoftonline.us"),
        OAuthSettings("cert", "microsoft", "client_credentials", "1-2", "", "8eaef023-2b34-4da1-9baa-8bc8c9d6a490",
                      "/etc/cert.pem", token_file="/srv/acme/data/oauth/cert.json"),
        OAuthSettings("me", "google", "login", "c", "x", user="me@acme.example", token_file="/srv/acme/t",
                      auth_url="https://a.example/x", token_url="http://127.0.0.1:81/y",
                      device_url="https://a.example/d"),
    )  # fmt: skip
    assert loaded.find_oauth("me") == loaded.oauth[3] and loaded.find_oauth("you") is None
    assert loaded.warnings == ()


@pytest.mark.parametrize("text", ["", "oauth:\n", "oauth: []\n"])
def test_none_at_all(text: str) -> None:
    assert read(text).oauth == ()


GOOGLE = "oauth: {name: a, provider: google, flow: service_account, key_file: k, %s}"
MICROSOFT = "oauth: {name: a, provider: microsoft, flow: client_credentials, tenant: t, client_id: c, %s}"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("oauth: google", ["S003 oauth must be a mapping"]),
        ("oauth: {}", ['S002 "oauth.flow" is missing', 'S002 "oauth.name" is missing',
                       'S002 "oauth.provider" is missing']),
        ("oauth: {name: a, provider: gogle, flow: login}",
         ['S002 "oauth.client_id" is missing', 'S002 "oauth.user" is missing',
          'S004 oauth.provider: "gogle" is not one of google, microsoft: did you mean "google"?']),
        (GOOGLE.replace("service_account", "client_credentials") % "tenant: t, client_id: c",
         ["S005 google knows no client_credentials"]),
        ("oauth: {name: a, provider: google, flow: service_account}", ['S002 "oauth.key_file" is missing']),
        ("oauth: {name: a, provider: microsoft, flow: client_credentials}",
         ['S002 "oauth.client_id" is missing', 'S002 "oauth.tenant" is missing',
          "S002 oauth has neither client_secret nor key_file"]),
        ("oauth: {name: a, provider: google, flow: login, client_id: c, user: u}",
         ['S002 "oauth.client_secret" is missing']),
        (MICROSOFT % "client_secret: x, key_file: y", ["S005 client_secret and key_file stand side by side"]),
        (MICROSOFT.replace("client_id: c", "client_id: 00000000-0000-0000-0000-000000000000") % "client_secret: x",
         ["S007 client_id is still the placeholder that init wrote"]),
        (MICROSOFT % "client_secrt: x", ['S001 unknown key "client_secrt" in oauth: did you mean "client_secret"?']),
        (GOOGLE % "authority: 'http://login.example'",
         ["S004 oauth.authority: secrets would travel to login.example unprotected"]),
        (GOOGLE % "token_url: login.example", ["S004 oauth.token_url: this is not the address of a server"]),
        (GOOGLE % "token_url: 'https://h:99999/'", ["S004 oauth.token_url: this is not the address of a server"]),
        (GOOGLE % "token_url: 'https://u@h/'", ["S004 oauth.token_url: this is not the address of a server"]),
        (GOOGLE.replace("name: a", "name: ../a") % "user: u", ['S004 oauth.name: "../a" cannot be a name here']),
        ("oauth:\n  - {name: a, provider: google, flow: service_account, key_file: k}\n"
         "  - {name: a, provider: google, flow: service_account, key_file: k}",
         ['S005 two entries of oauth are named "a" (first at line 6)']),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(text: str, expected: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    said = sorted(problem.splitlines()[0].partition(" ")[2] for problem in caught.value.problems)
    assert said == expected


def test_a_key_that_the_flow_does_not_use_is_warned_of() -> None:
    (warning,) = read(GOOGLE % "client_id: x").warnings
    assert "S009 warning: client_id does nothing with flow: service_account of google" in warning


def test_the_placeholder_stops_only_what_needs_secrets() -> None:
    text = MICROSOFT.replace("client_id: c", "client_id: 00000000-0000-0000-0000-000000000000") % "client_secret: x"
    (warning,) = read(text, needs_secrets=False).warnings
    assert "client_id is still the placeholder that init wrote" in warning


def test_the_settings_in_the_documentation_hold() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "oauth.md").read_text("utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    flows = set()
    for block in blocks:
        loaded = settings.parse(SITE + block, FILE, {"OAUTH_SECRET": "x", "MAIL_PASSWORD": "y"})
        assert loaded.warnings == () and loaded.intakes[0].oauth == loaded.oauth[0].name
        flows.add(loaded.oauth[0].flow)
    assert flows == {"service_account", "client_credentials", "login"}
    assert max(map(len, text.splitlines())) <= 120
