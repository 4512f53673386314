"""Copies of what customers were sent, in the Sent folder of the site's mailbox.

Each copy is due from the moment its mail went until it is there; a mailbox that is away costs no mail anything. A copy
that is there already, found by our own Message-ID, is not made again.
"""

import imaplib
from datetime import datetime
from functools import partial

from mailproc import maillog
from mailproc.daemon.status import StatusBoard
from mailproc.errors import MailprocError
from mailproc.intake.imapconnection import Connection, Server
from mailproc.oauth import Sources
from mailproc.opening import OpenSite
from mailproc.store import sentcopies
from mailproc.store.transaction import Tx
from mailproc.tickets.token import read_message_id

_AT_A_TIME = 20


class SentCopies:
    """One mailbox, one thread."""

    def __init__(self, site: OpenSite, sources: Sources, board: StatusBoard) -> None:
        wanted = site.settings.delivery.sent_copy
        assert wanted is not None
        self._site = site
        self._board = board
        self._folder = wanted.folder
        intake = next(intake for intake in site.settings.intakes if intake.name == wanted.intake)
        self._server = Server(
            intake.host, intake.port, intake.tls, intake.user, intake.password or intake.token, intake.tls_ca,
            float(intake.timeout_seconds),
        )  # fmt: skip
        self._token = sources.find(intake.oauth, intake.user).token if intake.oauth else None
        if intake.token and self._token is None:
            self._token = lambda refused="": intake.token
        self._connection: Connection | None = None
        self._name = ""  # the folder's, as the server writes it

    def make_due(self) -> int:
        """Make the copies that are due; how many. Trouble with the mailbox lets all of them wait."""
        made = 0
        while True:
            now = self._site.engine.clock()
            with self._site.store.read() as tx:
                due = sentcopies.due(tx, now, _AT_A_TIME)
            if not due:
                self.close()
                return made
            try:
                for outbox_id, message_id, raw in due:
                    self._make(message_id, raw)
                    self._site.store.run(partial(_strike_out, outbox_id))
                    made += 1
            except (OSError, imaplib.IMAP4.error, MailprocError) as error:
                self.close()
                problem = str(error) or type(error).__name__
                maillog.warned("sent-copy", folder=self._folder, problem=problem)
                text = f"copies of sent mail do not get into {self._folder} of {self._server.user}: {problem}"
                self._board.suffer("sent copies", text)
                self._site.store.run(partial(_postpone, problem, now))
                return made
            self._board.suffer("sent copies", "")

    def close(self) -> None:
        """Leave the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _make(self, message_id: str, raw: bytes) -> None:
        if self._connection is None:
            self._connection = Connection(self._server, token=self._token, longest_literal=1_000_000)
            self._name = self._connection.find_or_create(self._folder)
            self._connection.open(self._folder, is_readonly=True)
        # Only an id that we signed is ever part of a command (T49c)
        is_ours = read_message_id(message_id, self._site.engine.policy.keys) is not None
        if not (is_ours and self._connection.has_message_id(message_id)):
            self._connection.append(self._name, raw)


def _strike_out(outbox_id: int, tx: Tx) -> None:
    sentcopies.made(tx, outbox_id)


def _postpone(problem: str, now: datetime, tx: Tx) -> None:
    sentcopies.postpone(tx, problem, now)
