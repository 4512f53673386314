"""What a token server gave: the access token, how long it lasts, whose it is. Reads claims, verifies nothing.

Claims come straight from the token server over TLS (OpenID Connect Core section 3.1.3.7, point 6) or are only shown.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from mailproc.errors import Temporary
from mailproc.oauth.endpoints import find_scopes
from mailproc.settings import OAuthSettings

_LEAST_SECONDS = 1
_USUAL_SECONDS = 3600  # RFC 6749 section 5.1: expires_in is only recommended
_PROTOCOL_SCOPES = frozenset({"openid", "email", "profile", "offline_access"})


@dataclass(frozen=True, slots=True)
class Token:
    """One access token; times in seconds since the epoch."""

    access: str = field(repr=False)
    expires_at: float
    got_at: float
    scopes: tuple[str, ...] = ()  # granted, as far as the server says
    refresh: str = field(default="", repr=False)
    refresh_expires_at: float | None = None  # where the server says so
    account: str = ""  # who logged in, where the server says so

    @property
    def lifetime(self) -> float:
        """Seconds from its arrival to its end."""
        return self.expires_at - self.got_at


def read_token(answer: Mapping[str, object], now: float) -> Token:
    """The token in a server's answer. Raises Temporary when there is none in it."""
    access = answer.get("access_token")
    # RFC 6750 section 2.1: a token is one word; anything else would end up as more lines of a protocol
    if not isinstance(access, str) or not access or not access.isascii() or not access.isprintable() or " " in access:
        raise Temporary("the token server's answer holds no access token")
    refresh = answer.get("refresh_token")
    refresh_seconds = _read_seconds(answer.get("refresh_token_expires_in"))
    claims = read_claims(answer.get("id_token"))
    account = next((claims[key] for key in ("email", "preferred_username", "upn") if claims.get(key)), "")
    scope = answer.get("scope")
    return Token(
        access=access,
        expires_at=now + max(_LEAST_SECONDS, _read_seconds(answer.get("expires_in")) or _USUAL_SECONDS),
        got_at=now,
        scopes=tuple(scope.split()) if isinstance(scope, str) else (),
        refresh=refresh if isinstance(refresh, str) else "",
        refresh_expires_at=now + refresh_seconds if refresh_seconds else None,
        account=account if isinstance(account, str) else "",
    )


def read_claims(token: object) -> dict[str, object]:
    """The claims of a JWT, {} where it is none: Google's access tokens are opaque."""
    if not isinstance(token, str) or token.count(".") != 2 or len(token) > 65_536:
        return {}
    body = token.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def missing_permissions(entry: OAuthSettings, token: Token) -> tuple[str, ...]:
    """Permissions for mail that the token lacks: Microsoft gives tokens without any, Google's people untick boxes."""
    if entry.flow == "client_credentials":
        roles = read_claims(token.access).get("roles", ())
        known = {role for role in roles if isinstance(role, str)} if isinstance(roles, list) else set()
        if not read_claims(token.access):
            return ()
        # SMTP may be granted by Exchange's own roles instead, which no token shows
        return () if "IMAP.AccessAsApp" in known else ("IMAP.AccessAsApp",)
    if not token.scopes:
        return ()
    granted = {_name(scope) for scope in token.scopes}
    return tuple(scope for scope in find_scopes(entry) if scope not in _PROTOCOL_SCOPES and _name(scope) not in granted)


def _name(scope: str) -> str:
    """Microsoft writes the host of a scope now in one way, now in another."""
    return scope.rstrip("/").rpartition("/")[2].lower()


def _read_seconds(value: object) -> float:
    """A number of seconds, 0 where it is none; some servers write it as text."""
    try:
        seconds = float(value) if isinstance(value, (int, float, str)) else 0.0
    except ValueError:
        return 0.0
    return seconds if 0 < seconds < 1e9 else 0.0
