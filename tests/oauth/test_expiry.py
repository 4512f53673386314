"""What will end before long is said ahead, with the remedy, and without asking any server."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from mailproc.oauth import expiry_warnings, tokenfile
from tests.oauth.conftest import MakeEntry, write_certificate
from tests.oauth.server import CLIENT, USER, TokenServer

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("provider", "unused_days", "ends_in", "expected"),
    [
        ("microsoft", 0, None, ""),
        ("microsoft", 59, None, ""),
        (
            "microsoft",
            61,
            None,
            "was last used on 2026-09-22 and ends unused on 2026-12-21: run  mailproc auth login x",
        ),
        ("microsoft", 91, None, "was last used on 2026-08-23 and has ended unused on 2026-11-21: run"),
        ("google", 91, None, ""),
        ("google", 151, None, "ends unused on 2026-12-21"),
        ("google", 0, 6, ""),  # of an application in testing: seven days in all
        ("google", 3, 2, "the login ends on 2026-11-24: run  mailproc auth login x"),
        ("google", 3, -1, "the login ended on 2026-11-21: run  mailproc auth login x"),
    ],
)
def test_a_login_that_ends(
    provider: str, unused_days: int, ends_in: int | None, expected: str, entry: MakeEntry
) -> None:
    made = entry(provider=provider)
    used_at = (NOW - timedelta(days=unused_days)).timestamp()
    ends_at = None if ends_in is None else (NOW + timedelta(days=ends_in)).timestamp()
    tokenfile.write(Path(made.token_file), tokenfile.KeptLogin("r", USER, CLIENT, (), used_at, used_at, ends_at))
    warnings = expiry_warnings([made], NOW)
    assert len(warnings) == bool(expected)
    assert not expected or (warnings[0].startswith("oauth x: ") and expected in warnings[0]), warnings


@pytest.mark.parametrize(
    ("days", "expected"),
    [(31, ""), (29, "ends on 2026-12-21: make a new one and register it"), (-1, "ended on 2026-11-21")],
)
def test_a_certificate_that_ends(
    days: int, expected: str, entry: MakeEntry, private_key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    path = tmp_path / "cert.pem"
    write_certificate(path, private_key, NOW + timedelta(days=days))
    warnings = expiry_warnings([entry("client_credentials", client_secret="", key_file=str(path))], NOW)
    assert len(warnings) == bool(expected) and expected in "".join(warnings)


def test_what_cannot_work_is_said(entry: MakeEntry, server: TokenServer, tmp_path: Path) -> None:
    login, key = entry(), entry("service_account", key_file=str(tmp_path / "nope"))
    first, second = expiry_warnings([login, entry("client_credentials"), key, entry("service_account")], NOW)
    assert first == "oauth x: nobody has logged in yet: run  mailproc auth login x"
    assert second.endswith("nope: the key file cannot be read: No such file or directory")
    tokenfile.write(Path(login.token_file), tokenfile.KeptLogin("r", USER, "other", (), 1.0, 1.0))
    assert "another client_id" in expiry_warnings([login], NOW)[0]
    Path(login.token_file).chmod(0o644)
    assert "others may read" in expiry_warnings([login], NOW)[0]
    assert server.requests == []
