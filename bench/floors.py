"""The least a ticket system written in an afternoon would do with each mail: what mailproc's figures stand beside.

Naive floor: the standard library's modern parser, every header read, one durable SQLite commit.
Lean floor: the standard library's old parser, the same commit. Both make no ticket, match no reply, send no answer.
SMTP floor: a bare aiosmtpd handler that writes each mail to a file and syncs it before it says 250.
"""

import argparse
import asyncio
import itertools
import os
import sqlite3
import sys
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

SCHEMA = "CREATE TABLE mail (id INTEGER PRIMARY KEY, sender TEXT, subject TEXT, raw BLOB)"
INSERT = "INSERT INTO mail (sender, subject, raw) VALUES (?, ?, ?)"


class DurableTable:
    """One SQLite table that keeps mail as safely as mailproc's own store: WAL, synchronous FULL, a commit a mail."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute(SCHEMA)

    def add(self, sender: str, subject: str, raw: bytes) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute(INSERT, (sender, subject, raw))
        self.connection.execute("COMMIT")

    def close(self) -> None:
        self.connection.close()


def take_in_naively(table: DurableTable, raw: bytes) -> None:
    """Naive floor, one mail."""
    message = message_from_bytes(raw, policy=policy.default)
    headers = {name.lower(): str(value) for name, value in message.items()}
    table.add(headers.get("from", ""), headers.get("subject", ""), raw)


def take_in_leanly(table: DurableTable, raw: bytes) -> None:
    """Lean floor, one mail."""
    message = message_from_bytes(raw, policy=policy.compat32)
    table.add(str(message["From"]), str(message["Subject"]), raw)


class SyncingHandler:
    """SMTP floor: 250 after the mail's own file and its folder entry are on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = itertools.count()
        self.folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        await asyncio.get_running_loop().run_in_executor(None, self._store, next(self.numbers), content)
        return "250 OK"

    def _store(self, number: int, content: bytes) -> None:
        fd = os.open(self.folder / f"{number}.eml", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(fd, content)
            os.fsync(fd)
        finally:
            os.close(fd)
        os.fsync(self.folder_fd)


async def serve(folder: Path) -> None:
    """Serves the SMTP floor until standard input closes; prints its port first."""
    handler = SyncingHandler(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, data_size_limit=50_000_000, loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=serve.__doc__)
    parser.add_argument("folder", type=Path, help="where the mails go")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(serve(args.folder))


if __name__ == "__main__":
    main()
