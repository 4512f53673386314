"""Sends generated mail over many SMTP sessions at once and prints how fast it was taken, as one JSON line.

    python -m bench.smtp_load PORT --sessions 20 --mails 2000 [--rate 50]

Runs as a process of its own, so that its work is not counted as the server's.
"""

import argparse
import asyncio
import itertools
import json
import statistics
import time
from dataclasses import asdict, dataclass

from bench.gen_mail import GeneratedMail, make_requests


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What the sessions saw; milliseconds run from the dot that ends a mail to its 250."""

    accepted: int
    refused: int
    per_second: float
    p50_ms: float
    p99_ms: float
    worst_ms: float


class Sessions:
    """SMTP sessions that share one queue of mails; `rate` mails a second in all, 0 for as fast as it goes."""

    def __init__(self, port: int, mails: list[GeneratedMail], rate: float) -> None:
        self.port = port
        # RFC 5321 section 4.5.2: a leading dot is doubled.
        self.queue = ((number, mail, b"\r\n".join(b"." + line if line.startswith(b".") else line
                                                  for line in mail.raw.split(b"\r\n")).removesuffix(b"\r\n"))
                      for number, mail in enumerate(mails))
        self.rate = rate
        self.waits: list[float] = []
        self.refused = 0

    async def run(self, sessions: int) -> LoadResult:
        self.started = time.perf_counter()
        await asyncio.gather(*(self._talk() for _ in range(sessions)))
        seconds = time.perf_counter() - self.started
        waits = sorted(wait * 1000 for wait in self.waits) or [0.0]
        return LoadResult(len(self.waits), self.refused, len(self.waits) / seconds, statistics.median(waits),
                          waits[min(len(waits) - 1, len(waits) * 99 // 100)], waits[-1])

    async def _talk(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        await self._reply(reader)
        await self._say(reader, writer, b"EHLO load.client.example")
        for number, mail, stuffed in self.queue:
            if self.rate:
                await asyncio.sleep(max(0.0, self.started + number / self.rate - time.perf_counter()))
            codes = [await self._say(reader, writer, f"MAIL FROM:<{mail.sender}>".encode()),
                     await self._say(reader, writer, f"RCPT TO:<{mail.recipient}>".encode()),
                     await self._say(reader, writer, b"DATA")]
            if codes != [250, 250, 354]:
                self.refused += 1
                await self._say(reader, writer, b"RSET")
                continue
            writer.write(stuffed)
            await writer.drain()
            dot_at = time.perf_counter()
            if await self._say(reader, writer, b"\r\n.") == 250:
                self.waits.append(time.perf_counter() - dot_at)
            else:
                self.refused += 1
        await self._say(reader, writer, b"QUIT")
        writer.close()

    async def _say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> int:
        writer.write(line + b"\r\n")
        await writer.drain()
        return await self._reply(reader)

    @staticmethod
    async def _reply(reader: asyncio.StreamReader) -> int:
        while True:
            line = await reader.readline()
            if len(line) < 4:
                raise ConnectionError("the server hung up")
            if line[3:4] == b" ":
                return int(line[:3])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=0, help="mails a second in all (default: as fast as it goes)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first mail, to send others than before")
    args = parser.parse_args()
    mails = list(itertools.islice(make_requests(args.mails, seed=args.seed, first=args.first), args.mails))
    result = asyncio.run(Sessions(args.port, mails, args.rate).run(args.sessions))
    print(json.dumps(asdict(result)))


if __name__ == "__main__":
    main()
