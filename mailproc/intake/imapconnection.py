"""One connection to an IMAP server: in, the folder, what is in it, its bytes, what becomes of them, and waiting.

Knows nothing of what is stored. Nothing from a mail is ever part of a command: numbers and configured names only
(T49c). Errors: Refused (the server said NO), LoginRefused, everything else means that the connection is over.
"""

import contextlib
import imaplib
import re
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from imapclient import IMAPClient, SocketTimeout

from mailproc.errors import Temporary
from mailproc.intake.imapnames import check_name, find_folder, name_new_folder
from mailproc.intake.imapwire import Listed, Refused, ServerGone, Wire, write_set

MOST_LISTED = 500  # UIDs in one command: a line stays under 8 000 bytes (RFC 7162 section 4)
_SEARCHED_UIDS = 80_000  # in one SEARCH: the answer is one line, and imaplib takes a million bytes of it
_DONE_SECONDS = 20.0  # for the answer to DONE: a dead connection is noticed within the 6 minutes of F15
_GOODBYE_SECONDS = 2.0
_CONNECT_SECONDS = 30.0
_BEAT_SECONDS = 10.0
_OWN_ID = re.compile(r"<[a-z0-9.-]{1,120}@[a-z0-9.-]{1,253}>")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


class LoginRefused(Temporary):
    """The server does not take these credentials."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a mailbox is and who we are there."""

    host: str
    port: int
    tls: str  # required | starttls | none
    user: str
    password: str = ""
    tls_ca: str = ""
    timeout_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Selected:
    """A folder as the server opened it."""

    uidvalidity: int
    uidnext: int
    mails: int
    is_guessed: bool = False  # UIDNEXT: the server did not tell, and mail that was removed does not count


class Connection:
    """A logged-in connection; opening it may take as long as its timeouts."""

    def __init__(self, server: Server, *, token: Callable[..., str] | None, longest_literal: int) -> None:
        self._server = server
        self._client = self._connect()
        with contextlib.ExitStack() as undo:
            undo.callback(self.abandon)
            self._prepare()
            self._wire = Wire(self._client, longest_literal)
            self._log_in(token)
            self.capabilities = frozenset(word.decode("ascii", "replace") for word in self._client.capabilities())
            undo.pop_all()
        self._delimiter, self._prefix = "/", ""
        self._mails = 0

    def _connect(self) -> IMAPClient:
        server = self._server
        timeout = SocketTimeout(min(_CONNECT_SECONDS, server.timeout_seconds), server.timeout_seconds)
        is_tls = server.tls == "required"
        context = self._make_context() if is_tls else None
        return IMAPClient(server.host, server.port, ssl=is_tls, ssl_context=context, timeout=timeout)

    def _make_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._server.tls_ca or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _prepare(self) -> None:
        raw_socket = self._client.socket()
        raw_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3)):
            if hasattr(socket, option):
                raw_socket.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        if self._server.tls == "starttls":
            self._client.starttls(self._make_context())

    def _log_in(self, token: Callable[..., str] | None) -> None:
        server = self._server
        if token is not None:
            access = token()
            words = b"user=%s\1auth=Bearer %s\1\1" % (server.user.encode(), access.encode("ascii"))
            answers = iter((words,))
            # A refusal comes as a challenge with the reason, which wants an empty answer before the NO
            try:
                self._client.sasl_login("XOAUTH2", lambda challenge: next(answers, b""))
            except imaplib.IMAP4.error as error:
                _raise_unless_refused(error)
                token(access)  # the next login gets a fresh one; this connection is spoilt
                raise LoginRefused(f"the server refuses the access token of {server.user}: {error}") from None
            return
        try:
            self._client.login(server.user, server.password)
        except imaplib.IMAP4.error as error:
            _raise_unless_refused(error)
            raise LoginRefused(f"the server refuses the login of {server.user}: {error}") from None

    # ---- folders

    def open(self, folder: str, *, is_readonly: bool) -> Selected:
        """Select the folder an admin named. Raises Refused when there is none."""
        name = self.find(folder)
        if name is None:
            raise Refused(f"[NONEXISTENT] there is no folder {folder!r}")
        try:
            found = self._client.select_folder(name, readonly=is_readonly)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise Refused(str(error)) from None
        self._mails = _number(found.get(b"EXISTS"))
        uidvalidity, uidnext = _number(found.get(b"UIDVALIDITY")), _number(found.get(b"UIDNEXT"))
        if not uidvalidity:
            raise Refused(f"{folder!r} has no UIDVALIDITY: its mails cannot be told apart")
        is_guessed = not uidnext  # RFC 9051 section 6.3.2 demands it, older servers leave it out
        if is_guessed:
            uidnext = 1 + max((found[-1] for found in self._search("*")), default=0)
        return Selected(uidvalidity, uidnext, self._mails, is_guessed)

    def find(self, folder: str) -> str | None:
        """The server's name of the folder an admin named, None when it does not exist."""
        check_name(folder)
        if folder.upper() == "INBOX":
            return "INBOX"
        self._delimiter, self._prefix = self._read_namespace()
        names = tuple(str(name) for flags, _, name in self._client.list_folders() if b"\\Noselect" not in flags)
        return find_folder(folder, names, self._delimiter, self._prefix)

    def find_or_create(self, folder: str) -> str:
        """The server's name of a folder, which exists afterwards. Raises Refused."""
        name = self.find(folder)
        if name is not None:
            return name
        name = name_new_folder(folder, self._delimiter, self._prefix)
        try:
            self._client.create_folder(name)
            self._client.subscribe_folder(name)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            if "ALREADYEXISTS" not in str(error):
                raise Refused(f"the folder {name!r} cannot be created: {error}") from None
        return name

    def _read_namespace(self) -> tuple[str, str]:
        if "NAMESPACE" in self.capabilities:
            personal = self._client.namespace().personal
            if personal:
                prefix, delimiter = personal[0]
                return str(delimiter or ""), str(prefix or "")
        listed = self._client.list_folders("", "")  # RFC 9051 section 6.3.9: an empty name asks for the separator
        delimiter = listed[0][1] if listed else b"/"
        return delimiter.decode("ascii", "replace") if isinstance(delimiter, bytes) else str(delimiter or ""), ""

    # ---- what is there

    def list_uids(self, low: int, below: int = 0, since: date | None = None) -> Iterator[list[int]]:
        """UIDs from `low` up, ascending, in lists of 500; `below` ends them, `since` asks for their arrival.

        Never all at once: neither in memory nor in one answer.
        """
        waiting: list[int] = []
        words = f" SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}" if since else ""
        for criteria in self._windows(low, below):
            for found in self._search(f"UID {criteria}{words}"):
                # `n:*` names the last mail even where its UID is lower (RFC 9051 section 9)
                for uid in found:
                    if uid >= low and (not below or uid < below):
                        waiting.append(uid)
                        if len(waiting) == MOST_LISTED:
                            yield waiting
                            waiting = []
        if waiting:
            yield waiting

    def _windows(self, low: int, below: int) -> Iterator[str]:
        if self._mails and below - low > _SEARCHED_UIDS:
            low = max(low, self._first_uid())
        while below - low > _SEARCHED_UIDS:
            yield f"{low}:{low + _SEARCHED_UIDS - 1}"
            low += _SEARCHED_UIDS
        yield f"{low}:{below - 1 if below else '*'}"

    def _first_uid(self) -> int:
        found = self._search("1")  # the mail with sequence number 1: one UID, whatever the size of the folder
        return found[0][0] if found else 1

    def _search(self, criteria: str) -> list[range]:
        words = ("SEARCH", "RETURN (ALL)") if "ESEARCH" in self.capabilities else ("SEARCH",)
        self._wire.take_found()
        self._wire.run(*words, criteria)
        found = self._wire.take_found()
        return sorted(found, key=lambda each: each[0])

    def has_message_id(self, message_id: str) -> bool:
        """True when the open folder holds a mail with this id of our own; its form was checked by whoever asks."""
        if not _OWN_ID.fullmatch(message_id):
            raise ValueError(f"not an id of ours: {message_id!r}")
        return bool(self._search(f'HEADER Message-ID "{message_id}"'))

    def append(self, folder: str, raw: bytes) -> None:
        """Put a mail into a folder, by the server's name, marked as read. Raises Refused."""
        try:
            self._client.append(folder, raw, flags=(b"\\Seen",))
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise Refused(f"{folder!r} does not take the mail: {error}") from None

    def ask_sizes(self, uids: Sequence[int]) -> dict[int, Listed]:
        """Size and arrival of those that are still there."""
        self._wire.run("FETCH", write_set(uids), "(UID RFC822.SIZE INTERNALDATE)")
        return self._wire.take_listed()

    # ---- bytes

    def send_fetch(self, uids: Sequence[int]) -> str:
        """Ask for the bytes of mails, leaving their flags alone; `finish_fetch` reads them."""
        return self._wire.send("FETCH", write_set(uids), "(UID BODY.PEEK[])")

    def finish_fetch(self, tag: str, uids: Sequence[int]) -> dict[int, bytes | None]:
        """The bytes; None for a mail the server names without any. Raises Refused."""
        self._wire.finish(tag)
        return self._wire.take_bodies(uids)

    # ---- what becomes of them

    def send_move(self, uids: Sequence[int], folder: str) -> str:
        """RFC 6851; `folder` is the server's name."""
        return self._wire.send("MOVE", write_set(uids), self._encode(folder))

    def send_seen(self, uids: Sequence[int]) -> str:
        """Mark them as read."""
        return self._wire.send("STORE", write_set(uids), "+FLAGS.SILENT", "(\\Seen)")

    def finish(self, tag: str) -> None:
        """Read up to the end of a command. Raises Refused."""
        self._wire.finish(tag)

    def copy_and_delete(self, uids: Sequence[int], folder: str) -> None:
        """What MOVE does, on a server without it."""
        self._wire.run("COPY", write_set(uids), self._encode(folder))
        self.delete(uids)

    def delete(self, uids: Sequence[int]) -> None:
        """Remove these and no others; without UIDPLUS they are only marked, since EXPUNGE alone would remove more."""
        self._wire.run("STORE", write_set(uids), "+FLAGS.SILENT", "(\\Deleted)")
        if "UIDPLUS" in self.capabilities:
            self._wire.run("EXPUNGE", write_set(uids))

    def _encode(self, folder: str) -> str:
        encoded: bytes = self._client._normalise_folder(check_name(folder))  # modified UTF-7, quoted
        return encoded.decode("ascii")

    # ---- waiting

    def has_news(self) -> bool:
        """True when the server spoke of new mail after `forget_news`, in an answer to something else."""
        return self._wire.has_news()

    def forget_news(self) -> None:
        """Call it before a look at the folder."""
        self._wire.forget_news()

    def nudge(self) -> None:
        """Give the server a chance to tell what is new."""
        self._client.noop()

    def wait(self, seconds: float, wake: socket.socket, beat: Callable[[], None]) -> None:
        """IDLE (RFC 2177) until there is something new, `wake` can be read, or the time is over.

        Calls `beat` every few seconds. Raises when the connection turns out to be dead.
        """
        client = self._client
        self._wire.begin_idle()
        deadline = time.monotonic() + seconds
        if not self.has_news() and not self._has_buffered():
            while (left := deadline - time.monotonic()) > 0 and not self._is_news(min(left, _BEAT_SECONDS), wake):
                beat()
        connected = client.socket()
        connected.settimeout(min(_DONE_SECONDS, self._server.timeout_seconds))
        client.idle_done()
        connected.settimeout(self._server.timeout_seconds)

    def _has_buffered(self) -> bool:
        """True when news came in one piece with the answer to IDLE: no poll of the socket would show them."""
        connected = self._client.socket()
        connected.setblocking(False)
        try:
            return bool(self._client._imap.file.peek(1))
        except OSError:  # TLS has half a record
            return False
        finally:
            connected.settimeout(self._server.timeout_seconds)

    def _is_news(self, seconds: float, wake: socket.socket) -> bool:
        connected = self._client.socket()
        poll = select.poll()
        poll.register(connected, select.POLLIN)
        poll.register(wake, select.POLLIN)
        ready = {fd for fd, _ in poll.poll(seconds * 1000)}
        if wake.fileno() in ready:
            return True
        if connected.fileno() not in ready:
            return False
        answers = self._client.idle_check(timeout=0)
        if not answers and not isinstance(connected, ssl.SSLSocket):
            # imapclient reports the end of a connection as nothing at all, at once and for ever
            raise ServerGone("the server closed the connection")
        if any(answer[0] == b"BYE" for answer in answers):
            raise ServerGone(f"the server said goodbye: {answers[-1]!r}")
        return not answers or any(answer[0] not in (b"OK", b"NO") for answer in answers)

    def close(self) -> None:
        """LOGOUT, and be gone within two seconds."""
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            self._client.socket().settimeout(_GOODBYE_SECONDS)
            self._client.logout()
        self.abandon()

    def abandon(self) -> None:
        """Close the socket; may be called from another thread to end whatever waits for the server."""
        with contextlib.suppress(OSError, ValueError):
            self._client.socket().shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError, ValueError):
            self._client.socket().close()


def _raise_unless_refused(error: imaplib.IMAP4.error) -> None:
    """Raise what is no refusal of these credentials: else the operator is called, and we stay away for minutes."""
    # imapclient makes a LoginError of a connection that ends during the login, too
    for cause in (error, error.__context__):
        if isinstance(cause, imaplib.IMAP4.abort):
            raise cause
    if "UNAVAILABLE" in str(error) or "INUSE" in str(error):  # RFC 5530
        raise Temporary(f"the server takes no login now: {error}") from None


def _number(value: object) -> int:
    if isinstance(value, list | tuple):
        value = value[0] if value else 0
    return int(value) if isinstance(value, int | bytes | str) and str(value).strip() else 0
