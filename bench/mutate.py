"""Makes broken mail: grammar that goes wrong on purpose, bytes that flip, tokens that repeat without end.

`make_case(seed, index, seeds)` gives the same bytes for the same arguments, so that a failure needs no more than its
seed and its index to be seen again. Never reads or writes a file.
"""

import random
from collections.abc import Sequence

from bench.conversations import Writer
from bench.grammar import ATOMS, NAMES, Grammar
from bench.knownbad import HEADERS, write_known

MAX_BYTES = 2_000_000
REPEATED = (
    b">", b"> ", b"(", b"((", b'"', b"<", b"a@", b"a,", b"=?utf-8?q?a?=", b"=?utf-8?q?a?= ", b"=?", b"\r\n ", b"\n",
    b"\r", b" ", b"\t \t", b"<div>", b"<table><tr><td>", b"<b", b"&amp", b"&#", b"<!--", b"<![CDATA[", b"-- \r\n",
    b"_", b"-", b"=", b"Re: ", b"[ACME-1-1]", b"<a@b> ", b"On a wrote:\r\n", b"From: a\r\n", b"Received: x\r\n",
    b"*0", b";a=", b"\xff", b"\x00", b"\\", b"'", b".", b"@", b":", b"xn--", b"%", b"http://", b"--x\r\n",
    b"> On Mon, a\r\n> b wrote:\r\n", b"\x1b$B", b"\xe2\x80\x8b", b"a\xcc\x81",
)  # fmt: skip
SWAPS = (
    (b"\r\n", b"\n"), (b"\r\n", b"\r"), (b"\n", b"\r\n"), (b": ", b":"), (b"boundary", b"Boundary"), (b"=", b"=="),
    (b"\r\n\r\n", b"\r\n"), (b"--", b"-"),
)  # fmt: skip


def make_case(seed: int, index: int, seeds: Sequence[bytes]) -> bytes:
    """One hostile mail of at most MAX_BYTES."""
    rng = random.Random(f"{seed}/{index}")
    raw = _start(rng, seeds)
    if rng.random() < 0.6:
        raw = _mutate(rng, raw, seeds)
    if rng.random() < 0.05:
        raw = _amplify(rng, raw)
    return raw[:MAX_BYTES]


def _start(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """A mail before anything is done to it: real, realistic or by a grammar that errs."""
    roll = rng.random()
    if roll < 0.3:
        return rng.choice(seeds)
    if roll < 0.5:
        return Writer(rng).write()
    if roll < 0.8:
        return Grammar(rng).mail()
    if roll < 0.87:
        return Grammar(rng).report()
    if roll < 0.94:
        return _with_strange_headers(rng, rng.choice(seeds) if rng.random() < 0.5 else Writer(rng).write())
    return write_known(rng)


def _mutate(rng: random.Random, raw: bytes, seeds: Sequence[bytes]) -> bytes:
    data = bytearray(raw)
    # Most of a mail with a file is base64; what breaks parsers stands in the first kilobytes.
    reach = min(len(data), rng.choice((200, 2000, 20_000, len(data) or 1)))
    for _ in range(rng.choice((1, 1, 2, 4, 16, 64))):
        at = rng.randrange(reach + 1) if reach else 0
        step = rng.randrange(9)
        if step == 0 and data:
            data[min(at, len(data) - 1)] ^= 1 << rng.randrange(8)
        elif step == 1:
            data[at:at] = rng.randbytes(rng.choice((1, 2, 8, 64)))
        elif step == 2:
            del data[at:at + rng.choice((1, 2, 10, 100, 1000))]
        elif step == 3:
            data[at:at] = data[at:at + rng.choice((10, 100, 1000))]
        elif step == 4:
            data[at:at] = rng.choice(ATOMS).encode("utf-8", "surrogatepass")
        elif step == 5:
            other = rng.choice(seeds)
            start = rng.randrange(len(other) + 1)
            data[at:at + rng.choice((0, 100))] = other[start:start + rng.choice((50, 500, 5000))]
        elif step == 6:
            del data[at:]
        elif step == 7:
            data = data.replace(*rng.choice(SWAPS), rng.choice((1, 3, -1)))
        else:
            data[at:at] = rng.choice(REPEATED) * rng.choice((3, 30, 300))
        reach = min(reach, len(data))
        if len(data) > 100_000:  # a swap that doubles a character, sixty times, is no mail any more
            break
    return bytes(data)


def _amplify(rng: random.Random, raw: bytes) -> bytes:
    """One token repeated until anything that is not linear shows."""
    token = rng.choice(REPEATED)
    many = token * (rng.choices((1000, 30_000, 300_000), (50, 40, 10))[0] // len(token))
    lines = raw.split(b"\r\n") if b"\r\n" in raw else raw.split(b"\n")
    at = rng.randrange(min(len(lines), 60) + 1)
    if rng.random() < 0.5 and at < len(lines):
        lines[at] += many
    else:
        lines.insert(at, rng.choice((b"Subject: ", b"From: ", b"References: ", b"Content-Type: ", b"")) + many)
    return b"\r\n".join(lines)


def _with_strange_headers(rng: random.Random, raw: bytes) -> bytes:
    grammar = Grammar(rng)
    head, separator, body = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    for _ in range(rng.randint(1, 4)):
        strange = rng.choice(HEADERS) if rng.random() < 0.2 else grammar.header(rng.choice(NAMES)).rstrip(b"\r\n")
        lines.insert(rng.randrange(len(lines) + 1), strange)
    return b"\r\n".join(lines) + separator + body
