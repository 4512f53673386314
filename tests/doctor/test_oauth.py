"""The `oauth:` entries as the doctor sees them."""

from collections.abc import Callable
from pathlib import Path

from mailproc.doctor import oauth
from mailproc.doctor.findings import Level
from mailproc.doctor.visit import Visit
from mailproc.errors import Permanent
from mailproc.settings import IntakeSettings, OAuthSettings
from tests.doctor.conftest import levels

BOX = IntakeSettings("imap", "support", "outlook.office365.com", 993, user="support@acme.example", oauth="ms")


def entry(folder: Path, **changes: str) -> OAuthSettings:
    made = {"flow": "login", "client_id": "c", "tenant": "t", "token_file": str(folder / "ms.token"), **changes}
    return OAuthSettings("ms", "microsoft", **made)


def test_check_when_tokens_come(make_visit: Callable[..., Visit], tmp_path: Path) -> None:
    visit = make_visit(intakes=(BOX,), oauth=(entry(tmp_path),))
    asked = []
    visit.get_token = lambda name, user: asked.append((name, user)) or "token"  # type: ignore[func-returns-value]
    assert "microsoft gives access tokens" in levels(oauth.check(visit))[Level.OK]
    assert asked == [("ms", "support@acme.example")]


def test_check_when_the_provider_refuses(make_visit: Callable[..., Visit], tmp_path: Path) -> None:
    visit = make_visit(intakes=(BOX,), oauth=(entry(tmp_path),))

    def refuse(name: str, user: str) -> str:
        raise Permanent("invalid_client: AADSTS7000222: The provided client secret keys are expired")

    visit.get_token = refuse
    assert "Certificates & secrets" in levels(oauth.check(visit))[Level.FAIL]


def test_check_when_nobody_has_logged_in(make_visit: Callable[..., Visit], tmp_path: Path) -> None:
    visit = make_visit(intakes=(BOX,), oauth=(entry(tmp_path),))
    visit.get_token = oauth.make_tokens(visit.settings, 5.0)
    assert "mailproc auth login ms" in levels(oauth.check(visit))[Level.FAIL]


def test_check_when_others_may_read_the_tokens(make_visit: Callable[..., Visit], tmp_path: Path) -> None:
    (tmp_path / "ms.token").write_text("{}")
    (tmp_path / "ms.token").chmod(0o644)
    found = levels(oauth.check(make_visit(intakes=(BOX,), oauth=(entry(tmp_path),))))
    assert "chmod 600" in found[Level.FAIL]


def test_check_when_nobody_uses_it(make_visit: Callable[..., Visit], tmp_path: Path) -> None:
    assert "no intake and no delivery" in levels(oauth.check(make_visit(oauth=(entry(tmp_path),))))[Level.WARN]
    assert not list(oauth.check(make_visit()))
