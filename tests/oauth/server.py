"""A token server that checks what it gets: signatures, PKCE, client secrets, codes once, refresh tokens once.

Speaks as Google (`/token`, `/o/oauth2/v2/auth`) and as Microsoft (`/TENANT/oauth2/v2.0/...`), and tells Dovecot whose
token one is (`/introspect`).
"""

import base64
import contextlib
import hashlib
import json
import secrets
import ssl
import threading
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
CLIENT, SECRET, USER = "client-1", "hush-secret", "support@acme.example"


class Refused(Exception):
    """What goes back instead of a token."""

    def __init__(self, error: str, description: str = "", status: int = 400, **headers: str) -> None:
        super().__init__(error)
        self.status, self.headers = status, headers
        self.body: Any = {"error": error, "error_description": description}


class Raw(Refused):
    """Bytes that are no answer of a token server."""

    def __init__(self, raw: bytes, status: int = 200, **headers: str) -> None:
        super().__init__("", "", status, **headers)
        self.body = raw


@dataclass
class Code:
    """A login that waits to be fetched."""

    challenge: str
    redirect_uri: str
    scope: str
    client_id: str
    is_confirmed: bool = True


@dataclass
class Rules:
    """How the server behaves; tests change it."""

    lifetime: float = 3600
    users: set[str] = field(default_factory=lambda: {USER})
    has_delegation: bool = True
    roles: tuple[str, ...] = ("IMAP.AccessAsApp", "SMTP.SendAsApp")
    granted: str = ""  # instead of the scopes that were asked for
    account: str = USER  # who logs in
    denies: str = ""  # the error that the login page sends back
    rotates: bool = True
    gives_refresh: bool = True
    refresh_lifetime: float | None = None
    skew: float = 0.0  # of its clock
    delay: float = 0.0
    pending: int = 0  # polls of a device code that come too early
    failures: list[Refused] = field(default_factory=list)  # the next answers


class TokenServer:
    """It listens on this machine until it is closed; `requests` holds (grant, form) of all that came."""

    def __init__(self, *, tls: tuple[Path, Path] | None = None) -> None:
        self.rules = Rules()
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.key: rsa.RSAPublicKey | None = None  # of the service account
        self.account_email = ""
        self.certificate: x509.Certificate | None = None
        self.codes: dict[str, Code] = {}
        self.refresh_tokens: dict[str, str] = {}  # token -> scope
        self.tokens: dict[str, tuple[str, float]] = {}  # access token -> user, end
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.owner = self  # type: ignore[attr-defined]
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self.url = f"https://localhost:{self.port}" if tls else f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def count(self, grant: str) -> int:
        return sum(name == grant for name, _ in self.requests)

    def owner_of(self, token: str) -> str:
        """Whose valid token that is, "" for none."""
        user, ends = self.tokens.get(token, ("", 0.0))
        return user if time.time() < ends else ""

    def revoke_access(self) -> None:
        """No access token counts any more; refresh tokens do."""
        self.tokens.clear()

    def answer(self, path: str, form: dict[str, str]) -> dict[str, object]:
        """What the server says; raises Refused."""
        grant = form.get("grant_type", path.rpartition("/")[2])
        with self.lock:
            self.requests.append((grant, form))
            if self.rules.failures:
                raise self.rules.failures.pop(0)
        if path.endswith("/introspect"):
            user = self.owner_of(form.get("token", ""))
            return {"active": bool(user), "username": user} if user else {"active": False}
        if path.endswith("/devicecode"):
            return self._begin_device(form)
        if not path.endswith("/token"):
            raise Refused("invalid_request", "no such endpoint", 404)
        match grant:
            case grant if grant == JWT_BEARER:
                return self._for_service_account(form)
            case "client_credentials":
                self._check_client(form)
                if not form.get("scope", "").endswith("/.default"):
                    raise Refused("invalid_scope", "AADSTS1002012: The provided value for scope is not valid.")
                return self._issue("app", "", as_jwt=True)
            case "authorization_code":
                return self._for_code(form)
            case "refresh_token":
                return self._refresh(form)
            case grant if grant == DEVICE_CODE:
                return self._for_device(form)
        raise Refused("unsupported_grant_type")

    def authorize(self, form: dict[str, str]) -> str:
        """Where the browser is sent after the login."""
        assert form["response_type"] == "code" and form["code_challenge_method"] == "S256" and form["state"]
        assert form["client_id"] == CLIENT and urlsplit(form["redirect_uri"]).hostname in ("127.0.0.1", "localhost")
        if self.rules.denies:
            fields = {"error": self.rules.denies, "state": form["state"]}
        else:
            code = secrets.token_urlsafe(16)
            self.codes[code] = Code(form["code_challenge"], form["redirect_uri"], form["scope"], form["client_id"])
            fields = {"code": code, "state": form["state"]}
        return f"{form['redirect_uri']}/?{urlencode(fields)}"

    def _for_service_account(self, form: dict[str, str]) -> dict[str, object]:
        head, body, signature = form["assertion"].split(".")
        claims, header = json.loads(decode(body)), json.loads(decode(head))
        assert header["alg"] == "RS256" and header["kid"] == "key-1" and self.key is not None
        try:
            self.key.verify(decode(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise Refused("invalid_grant", "Invalid JWT Signature.") from None
        if claims["iss"] != self.account_email:
            raise Refused("invalid_grant", "Invalid grant: account not found")
        now = time.time() + self.rules.skew
        if not (now - 300 <= claims["iat"] <= now + 300 and claims["exp"] - claims["iat"] <= 3600):
            text = (
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check iat."
            )
            raise Refused("invalid_grant", text)
        if claims["aud"] != f"{self.url}/token":
            raise Refused("invalid_grant", "Invalid JWT: Failed audience check.")
        if not self.rules.has_delegation:
            text = "Client is unauthorized to retrieve access tokens using this method, or client not authorized."
            raise Refused("unauthorized_client", text, 401)
        if claims["sub"] not in self.rules.users:
            raise Refused("invalid_grant", "Invalid email or User ID")
        answer = self._issue(claims["sub"], claims["scope"])
        del answer["scope"]  # as Google does
        return answer

    def _check_client(self, form: dict[str, str]) -> None:
        if form.get("client_id") != CLIENT:
            text = "AADSTS700016: Application with identifier 'x' was not found in the directory 'acme'. Trace ID: 1"
            raise Refused("unauthorized_client", text)
        if "client_assertion" in form:
            head, body, signature = form["client_assertion"].split(".")
            assert self.certificate is not None
            header, claims, now = json.loads(decode(head)), json.loads(decode(body)), time.time()
            assert decode(header["x5t#S256"]) == self.certificate.fingerprint(hashes.SHA256())
            assert header["alg"] == "PS256" and claims["iss"] == claims["sub"] == CLIENT and claims["jti"]
            assert claims["aud"].endswith("/token") and claims["nbf"] <= now <= claims["exp"]
            key = self.certificate.public_key()
            assert isinstance(key, rsa.RSAPublicKey)
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            key.verify(decode(signature), f"{head}.{body}".encode(), pss, hashes.SHA256())
        elif form.get("client_secret") != SECRET:
            text = (
                "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the value. Trace ID: 1"
            )
            raise Refused("invalid_client", text, 401)

    def _for_code(self, form: dict[str, str]) -> dict[str, object]:
        self._check_client(form)
        code = self.codes.pop(form["code"], None)
        if code is None or code.redirect_uri != form["redirect_uri"]:
            raise Refused("invalid_grant", "Malformed auth code.")
        digest = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        if not 43 <= len(form["code_verifier"]) <= 128 or digest != code.challenge:
            raise Refused("invalid_grant", "Invalid code verifier.")
        return self._log_in(code.scope)

    def _refresh(self, form: dict[str, str]) -> dict[str, object]:
        self._check_client(form)
        with self.lock:
            scope = self.refresh_tokens.get(form["refresh_token"])
            if scope is None:
                raise Refused("invalid_grant", "Token has been expired or revoked.")
            if self.rules.rotates:
                del self.refresh_tokens[form["refresh_token"]]
        answer = self._issue(self.rules.account, scope)
        if self.rules.rotates:
            answer["refresh_token"] = self._new_refresh(scope)
        return answer

    def _log_in(self, scope: str) -> dict[str, object]:
        scope = self.rules.granted or scope
        answer = self._issue(self.rules.account, scope)
        if self.rules.gives_refresh:
            answer["refresh_token"] = self._new_refresh(scope)
            if self.rules.refresh_lifetime is not None:
                answer["refresh_token_expires_in"] = self.rules.refresh_lifetime
        if "openid" in scope:
            answer["id_token"] = make_jwt({"preferred_username": self.rules.account})
        return answer

    def _new_refresh(self, scope: str) -> str:
        token = "refresh-" + secrets.token_urlsafe(16)
        self.refresh_tokens[token] = scope
        return token

    def _begin_device(self, form: dict[str, str]) -> dict[str, object]:
        code = secrets.token_urlsafe(16)
        self.codes[code] = Code("", "", form["scope"], form["client_id"])
        return {"device_code": code, "user_code": "ABCD-EFGH", "verification_uri": f"{self.url}/device",
                "interval": 5, "expires_in": 900}  # fmt: skip

    def _for_device(self, form: dict[str, str]) -> dict[str, object]:
        if self.rules.pending > 0:
            self.rules.pending -= 1
            raise Refused("authorization_pending")
        if self.rules.denies:
            raise Refused(self.rules.denies)
        return self._log_in(self.codes.pop(form["device_code"]).scope)

    def _issue(self, user: str, scope: str, *, as_jwt: bool = False) -> dict[str, object]:
        word = secrets.token_urlsafe(24)
        access = make_jwt({"roles": list(self.rules.roles), "jti": word}) if as_jwt else f"ya29.{word}"
        self.tokens[access] = (user, time.time() + self.rules.lifetime)
        return {"access_token": access, "expires_in": self.rules.lifetime, "token_type": "Bearer", "scope": scope}


class _Handler(BaseHTTPRequestHandler):
    timeout = 30

    @property
    def owner(self) -> TokenServer:
        owner = self.server.owner  # type: ignore[attr-defined]
        assert isinstance(owner, TokenServer)
        return owner

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path.endswith(("/auth", "/authorize")):
            self.send_response(302)
            self.send_header("Location", self.owner.authorize(_flatten(parts.query)))
            self.end_headers()
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
        time.sleep(self.owner.rules.delay)
        status, headers = 200, {}
        try:
            body: Any = self.owner.answer(urlsplit(self.path).path, _flatten(raw))
        except Refused as refused:
            status, body, headers = refused.status, refused.body, refused.headers
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(text)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(time.time() + self.owner.rules.skew, usegmt=True)

    def log_message(self, format: str, *args: object) -> None:
        pass


def make_jwt(claims: dict[str, object]) -> str:
    """A JWT nobody signed."""
    parts = ({"alg": "none"}, claims)
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "x"]
    )


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _flatten(query: str) -> dict[str, str]:
    return {key: value for key, (value,) in parse_qs(query, keep_blank_values=True).items()}
