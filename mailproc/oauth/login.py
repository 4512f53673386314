"""A person logs in once: by a browser on this machine, by a browser elsewhere and paste, or by a code on any device.

PKCE with S256 (RFC 7636) and state on every way; the redirect goes to this machine only (RFC 8252 section 7.3).
"""

import base64
import hashlib
import html
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from mailproc.errors import Permanent, Temporary, UsageError
from mailproc.oauth import tokenfile
from mailproc.oauth.endpoints import find_endpoints, find_scopes
from mailproc.oauth.grants import Grants
from mailproc.oauth.refusals import clean, make_error
from mailproc.oauth.tokens import Token, missing_permissions
from mailproc.settings import OAuthSettings

_PASTE_PORT = 8765  # nobody listens there: the browser shows an error, and the address it shows is what we need
_LONGEST_URL = 16_384
_MOST_DEVICE_SECONDS = 1800.0
_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
_PAGE = "<!doctype html><meta charset=utf-8><title>mailproc</title><p>{}</p>"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One login that was begun: the address to open, and what its answer must fit."""

    url: str = field(repr=False)
    redirect_uri: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)


class Login:
    """The login of one entry of `oauth`; each way ends with the token file written and returns the token."""

    def __init__(self, entry: OAuthSettings, *, clock: Callable[[], float] = time.time, timeout: float = 20.0) -> None:
        if entry.flow != "login":
            raise UsageError(f"{entry.name} needs no login (flow: {entry.flow}); try  mailproc auth status")
        self.entry = entry
        self._clock = clock
        self._grants = Grants(entry, entry.user, clock=clock, timeout=timeout)
        # Before anybody is sent to a browser: can what they bring home be kept?
        tokenfile.read(Path(entry.token_file))

    def by_browser(self, show: Callable[[str], None], seconds: float = 600.0) -> Token:
        """Listens on this machine, hands `show` the address to open, and waits for the browser to come back."""
        with _Listener() as listener:
            attempt = self.begin(f"http://{self._host}:{listener.port}")
            listener.state = attempt.state
            show(attempt.url)
            if not listener.came.wait(seconds):
                raise Permanent(f"oauth {self.entry.name}: nobody logged in within {seconds / 60:.0f} minutes")
            return self.finish(attempt, listener.query)

    def by_paste(self, show: Callable[[str], None], ask: Callable[[], str]) -> Token:
        """For a machine without a browser: whoever opens the address elsewhere pastes where they ended up."""
        attempt = self.begin(f"http://{self._host}:{_PASTE_PORT}")
        show(attempt.url)
        pasted = ask().strip()
        query = urlsplit(pasted).query if len(pasted) <= _LONGEST_URL else ""
        if not query:
            text = "that is not the address the browser ended at; it begins with"
            raise UsageError(f"{text} {attempt.redirect_uri}/?")
        return self.finish(attempt, query)

    def by_device(self, show: Callable[[str, str], None], sleep: Callable[[float], None] = time.sleep) -> Token:
        """Shows an address and a code to type there on any device (RFC 8628), and asks until that was done."""
        url = find_endpoints(self.entry).device_url
        if not url:
            raise UsageError("Google gives no access to mail by device code; try  mailproc auth login --paste")
        answer = self._grants.post_as_client(url, {"scope": " ".join(find_scopes(self.entry))})
        code = answer.text("device_code")
        if answer.status != 200 or not code:
            raise self._grants.refusal(answer)
        show(clean(answer.text("verification_uri")), clean(answer.text("user_code")))
        pause = _read_seconds(answer.fields.get("interval"), 5.0, 60.0)
        left = _read_seconds(answer.fields.get("expires_in"), 900.0, _MOST_DEVICE_SECONDS)
        while left > 0:
            sleep(pause)
            left -= pause
            form = {"grant_type": _DEVICE_CODE, "device_code": code}
            try:
                reply = self._grants.post_as_client(find_endpoints(self.entry).token_url, form)
            except Temporary:
                pause = min(pause * 2, 60.0)  # section 3.5: on a timeout, less often
                continue
            if reply.status == 200:
                return self._keep(self._grants.read(reply))
            match reply.text("error"):
                case "authorization_pending":
                    continue
                case "slow_down":
                    pause += 5.0
                case "expired_token" | "code_expired":
                    break
                case "authorization_declined":
                    raise Permanent(f"oauth {self.entry.name}: whoever logged in declined")
                case _:
                    raise self._grants.refusal(reply)
        raise Permanent(f"oauth {self.entry.name}: the code was not used in time; begin again")

    def begin(self, redirect_uri: str) -> Attempt:
        """The address to open in a browser, with a new state and verifier."""
        verifier = secrets.token_urlsafe(48)
        state = secrets.token_urlsafe(24)
        digest = hashlib.sha256(verifier.encode("ascii")).digest()
        form = {
            "client_id": self.entry.client_id,
            "response_type": "code",
            "redirect_uri": redirect_uri,
            "scope": " ".join(find_scopes(self.entry)),
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).decode("ascii").rstrip("="),
            "code_challenge_method": "S256",
            "login_hint": self.entry.user,
        }
        if self.entry.provider == "google":
            # Without both, a second login gets no refresh token
            form |= {"access_type": "offline", "prompt": "consent"}
        return Attempt(f"{find_endpoints(self.entry).auth_url}?{urlencode(form)}", redirect_uri, state, verifier)

    def finish(self, attempt: Attempt, query: str) -> Token:
        """The token for what the browser brought back; kept in the token file."""
        fields = {key: values[0] for key, values in parse_qs(query).items() if len(values) == 1}
        if not secrets.compare_digest(fields.get("state", "").encode(), attempt.state.encode()):
            raise Permanent(f"oauth {self.entry.name}: that answer belongs to another login; begin again")
        if "error" in fields:
            description = fields.get("error_description", "")
            raise make_error(self.entry, self.entry.user, 400, fields["error"], description)
        if not fields.get("code"):
            raise Permanent(f"oauth {self.entry.name}: that address holds no code; begin again")
        return self._keep(self._grants.for_code(fields["code"], attempt.verifier, attempt.redirect_uri))

    @property
    def _host(self) -> str:
        """This machine in a redirect: Microsoft lets the port be any only for the name, Google asks for the number."""
        return "localhost" if self.entry.provider == "microsoft" else "127.0.0.1"

    def _keep(self, token: Token) -> Token:
        entry = self.entry
        if token.account and entry.user and token.account.casefold() != entry.user.casefold():
            text = f"logged in as {clean(token.account)}, but the settings say user: {entry.user}"
            raise Permanent(f"oauth {entry.name}: {text}. Log in as that user, or change the settings")
        missing = missing_permissions(entry, token)
        if missing:
            text = f"the login does not permit {', '.join(missing)}: log in again and leave every box ticked"
            raise Permanent(f"oauth {entry.name}: {text}")
        if not token.refresh:
            text = "the login came without a refresh token and would end within the hour: see scopes (offline_access)"
            raise Permanent(f"oauth {entry.name}: {text}")
        path = Path(entry.token_file)
        kept = tokenfile.KeptLogin(
            refresh_token=token.refresh,
            account=token.account or entry.user,
            client_id=entry.client_id,
            scopes=token.scopes,
            logged_in_at=token.got_at,
            refreshed_at=token.got_at,
            refresh_expires_at=token.refresh_expires_at,
        )
        tokenfile.make_folder(path.parent)
        with tokenfile.locked(path):
            tokenfile.write(path, kept)
        return token


class _Listener(ThreadingHTTPServer):
    """Waits on this machine for the browser that comes back; `query` is what it brought."""

    daemon_threads = True

    def __init__(self) -> None:
        self.state = ""
        self.query = ""
        self.came = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port: int = self.server_address[1]
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up is nothing to print."""


class _Handler(BaseHTTPRequestHandler):
    timeout = 10.0  # a browser opens connections on suspicion

    def do_GET(self) -> None:
        """Takes the one request that carries our state; any other is told that it is nothing."""
        server = self.server
        assert isinstance(server, _Listener)
        query = urlsplit(self.path).query if len(self.path) <= _LONGEST_URL else ""
        state = parse_qs(query).get("state", [""])[0]
        if not server.state or not secrets.compare_digest(state.encode(), server.state.encode()):
            self._say(404, "Nothing here.")
            return
        is_first = not server.came.is_set()
        if is_first:
            server.query = query
        self._say(200, "Thank you. You may close this window; the terminal says whether all went well.")
        server.came.set()

    def _say(self, status: int, text: str) -> None:
        raw = _PAGE.format(html.escape(text)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        """The request line holds the code: nothing is printed."""


def _read_seconds(value: object, usual: float, most: float) -> float:
    if not isinstance(value, (int, float, str)):
        return usual
    try:
        return min(max(float(value), 0.0), most)
    except ValueError:
        return usual
