"""One account's access token, fresh whenever it is asked for; safe for many threads and processes."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mailproc import maillog
from mailproc.errors import MailprocError, Permanent, Temporary
from mailproc.oauth import tokenfile
from mailproc.oauth.grants import Grants
from mailproc.oauth.refusals import LoginNeeded
from mailproc.oauth.tokens import Token
from mailproc.settings import OAuthSettings

MARGIN_SECONDS = 300.0  # renewed so long before its end, or when a fifth of a short life is left
_PAUSE_SECONDS = 5.0  # after a failure that may pass, twice as long after the next; all the account's mailboxes wait
_LONG_PAUSE_SECONDS = 60.0  # after one that a person must mend, unless the token file changes


class TokenSource:
    """The tokens of one entry of `oauth` for one mailbox."""

    def __init__(
        self,
        entry: OAuthSettings,
        user: str = "",
        *,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        timeout: float = 20.0,
    ) -> None:
        self.entry = entry
        # A login is a person's, whoever's mailbox it opens; a service account becomes the mailbox's own user
        self.user = entry.user if entry.flow == "login" else user or entry.user
        self.problem = ""  # why the last attempt failed
        self._grants = Grants(entry, self.user, clock=clock, timeout=timeout)
        self._clock, self._ticks = clock, ticks
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._got_ticks = 0.0
        self._failure: MailprocError | None = None
        self._wait_until = 0.0
        self._pause = 0.0
        self._kept: tokenfile.KeptLogin | None = None
        self._unsaved = False
        self._seen: tuple[int, int, int] | None = None  # the token file as it was read last

    def __repr__(self) -> str:
        return f"TokenSource({self.entry.name!r}, {self.user!r})"

    def token(self, refused: str = "") -> str:
        """An access token with some life left; a new one when a server just `refused` the one we have.

        Raises Temporary (try again), LoginNeeded or Permanent (somebody has to act), each with the remedy.
        """
        return self.fetch(refused).access

    def fetch(self, refused: str = "") -> Token:
        """As `token`, with all that is known of it."""
        with self._lock:
            now_has = self._token
            is_refused = now_has is not None and refused == now_has.access
            if now_has is not None and not is_refused and self._left(now_has) > self._margin(now_has):
                return now_has
            try:
                return self._renew()
            except MailprocError:
                if now_has is not None and not is_refused and self._left(now_has) > 0:
                    return now_has  # early enough to try again
                raise

    def _renew(self) -> Token:
        """A new token. Many who ask while the server is away share one failure."""
        is_waiting = self._ticks() < self._wait_until
        if is_waiting and self._failure is not None and not self._has_new_file():
            raise self._failure
        try:
            token = self._get()
        except MailprocError as error:
            self._pause = min(self._pause * 2 or _PAUSE_SECONDS, _LONG_PAUSE_SECONDS)
            pause = self._pause if isinstance(error, Temporary) else _LONG_PAUSE_SECONDS
            self._failure, self._wait_until = error, self._ticks() + pause
            if self.problem != str(error):
                self.problem = str(error)
                maillog.warned("oauth", entry=self.entry.name, problem=self.problem)
            raise
        self._failure, self._pause = None, 0.0
        if not self._unsaved:
            self.problem = ""
        self._token, self._got_ticks = token, self._ticks()
        return token

    def _get(self) -> Token:
        if self.entry.flow == "service_account":
            return self._grants.as_service_account()
        if self.entry.flow == "client_credentials":
            return self._grants.as_application()
        path = Path(self.entry.token_file)
        if not path.parent.is_dir():
            raise self._login_needed("nobody has logged in yet")
        with tokenfile.locked(path):
            return self._refresh(path)

    def _refresh(self, path: Path) -> Token:
        if not self._unsaved or self._has_new_file():
            self._seen, self._kept, self._unsaved = _stamp(path), tokenfile.read(path), False
        kept = self._kept
        if kept is None:
            raise self._login_needed("nobody has logged in yet")
        if kept.client_id != self.entry.client_id:
            raise self._login_needed("the login belongs to another client_id")
        token = self._grants.refreshed(kept.refresh_token)
        # Saved before it is used: a server that hands out a new one may take the former back
        self._kept = replace(
            kept,
            refresh_token=token.refresh or kept.refresh_token,
            scopes=token.scopes or kept.scopes,
            refreshed_at=token.got_at,
            refresh_expires_at=token.refresh_expires_at if token.refresh else kept.refresh_expires_at,
        )
        try:
            tokenfile.write(path, self._kept)
        except Permanent as error:
            # The token itself is good: mail goes on, and the next renewal tries to save again
            self._unsaved = True
            self.problem = str(error)
            maillog.warned("oauth", entry=self.entry.name, problem=self.problem)
        else:
            self._unsaved, self._seen = False, _stamp(path)
        return replace(token, account=token.account or kept.account, scopes=token.scopes or kept.scopes)

    def _login_needed(self, why: str) -> LoginNeeded:
        return LoginNeeded(f"oauth {self.entry.name}: {why}: run  mailproc auth login {self.entry.name}")

    def _has_new_file(self) -> bool:
        return self.entry.flow == "login" and _stamp(Path(self.entry.token_file)) != self._seen

    def _left(self, token: Token) -> float:
        """Seconds of life, by the clock that is further on: one jumps, the other stops while the machine sleeps."""
        return min(token.expires_at - self._clock(), token.lifetime - (self._ticks() - self._got_ticks))

    def _margin(self, token: Token) -> float:
        return min(MARGIN_SECONDS, token.lifetime / 5)


class Sources:
    """The token sources of a site, one for each account however many mailboxes and the delivery use it."""

    def __init__(self, entries: tuple[OAuthSettings, ...], *, timeout: float = 20.0) -> None:
        self._entries = {entry.name: entry for entry in entries}
        self._timeout = timeout
        self._sources: dict[tuple[str, str], TokenSource] = {}

    def find(self, name: str, user: str) -> TokenSource:
        """The source of that entry for that mailbox; an entry that the settings do not hold is a KeyError."""
        entry = self._entries[name]
        # Only a service account speaks for one mailbox at a time; the others' tokens are the same for all
        key = (name, (user or entry.user) if entry.flow == "service_account" else "")
        found = self._sources.get(key)
        return found or self._sources.setdefault(key, TokenSource(entry, user, timeout=self._timeout))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    with contextlib.suppress(OSError):
        found = path.stat()
        return found.st_ino, found.st_mtime_ns, found.st_mode
    return None
