"""docs/agents.md against the program: its mails are fed in their order, and do and look as the page says.

Before a block an HTML comment says what it is: `customer writes`, `agent writes to ADDRESS: REASON` (what the program
decides of it), `they see PURPOSE` (the newest mail of that purpose, as it was sent). After a template has changed,
`python tests/test_docs_agents.py` writes the mails on the page anew.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mailproc.desk import reasons
from mailproc.desk.commands.commandwords import VERB_WORDS
from mailproc.desk.commands.mailcommands import NOT_YET, VERBS
from mailproc.records.mail import Envelope
from mailproc.store import queries
from tests.company import link, text_of
from tests.desks import Desk, open_desk

PAGE = Path(__file__).resolve().parents[1] / "docs" / "agents.md"
BLOCK = re.compile(r"<!-- (.+?) -->\n```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)
KIM = "Kim Wolf <kim@customer.example>"
# The signed word is another on each site
SIGNATURE = re.compile(r"(\+[a-z2-7][crndh]\d{5,})[a-z2-7]{16}@")
HOTEL = "from hotel.example by mx.elsewhere.example; Tue, 13 Jan 2026 09:00:00 +0000"
MAILED_TO = {"reply": "r", "note": "n", "resolve": "d"}


@dataclass(frozen=True)
class Piece:
    """One block of the page, and what really came of it."""

    said: str
    text: str
    really: str
    start: int

    @property
    def is_output(self) -> bool:
        return self.said.startswith("they see ")


def play(text: str) -> Iterator[Piece]:
    """The page's blocks with what the program makes of them."""
    with tempfile.TemporaryDirectory() as folder, open_desk(Path(folder), f"sqlite:///{folder}/db") as desk:
        for block in BLOCK.finditer(text):
            said, content = block.groups()
            if said == "customer writes":
                row = desk.write(content, sender=KIM, subject="The lamp stays dark")
                yield Piece(said, content, f"customer writes: {row['reason']}", block.start(2))
            elif said.startswith("they see "):
                seen = desk.last(said.removeprefix("they see "))
                yield Piece(said, content, _as_shown(seen), block.start(2))
            else:
                way = said.partition(": ")[0]
                yield Piece(said, content, f"{way}: {_write(desk, way, content)}", block.start(2))


def _as_shown(mail: EmailMessage) -> str:
    text = text_of(mail).replace("\r\n", "\n")
    return SIGNATURE.sub(r"\1...@", text).strip() + "\n"


def _write(desk: Desk, way: str, text: str) -> str:
    """Ann's mail; why the program did what it did."""
    where = way.rpartition(" ")[2]
    to = "support@acme.example"
    if where == "held":
        to = _reply_to(desk.last("challenge"))
    elif where != "support":
        to = _button(desk.last("forward"), MAILED_TO[where])
    desk.wait(seconds=61)
    mail = EmailMessage()
    mail["From"], mail["To"] = "Ann Kowalska <ann@acme.example>", to
    mail["Subject"] = "Re: The lamp stays dark" if where != "support" else "Fwd: Two lamps"
    mail["Date"], mail["Message-ID"] = format_datetime(desk.now), f"<{desk.now.timestamp()}@acme.example>"
    mail.set_content(text)
    raw = (f"Received: {HOTEL}\r\n" if "from elsewhere" in way else "").encode() + mail.as_bytes(policy=policy.SMTP)
    envelope = Envelope("smtp", desk.now, None, ("support@acme.example",), "127.0.0.1")
    desk.site.engine.receive(raw, envelope).result()
    while desk.site.engine.work():
        pass
    # Of a mail that was released by the answer about it the last decision is its own
    with desk.site.store.read() as tx:
        row = queries.last_decided(tx)
    assert row is not None
    return str(row["reason"])


def _reply_to(mail: EmailMessage) -> str:
    return str(mail["Reply-To"]).strip("<>")


def _button(notice: EmailMessage, purpose: str) -> str:
    return _reply_to(notice) if purpose == "r" else link(notice, purpose).partition(":")[2].partition("?")[0]


@pytest.fixture(scope="module")
def pieces() -> list[Piece]:
    return list(play(PAGE.read_text("utf-8")))


def test_each_mail_does_what_the_page_says(pieces: list[Piece]) -> None:
    said = [piece.said for piece in pieces if not piece.is_output and piece.said != "customer writes"]
    assert said == [piece.really for piece in pieces if not piece.is_output and piece.said != "customer writes"]
    assert len(said) >= 7
    assert all(one.rpartition(": ")[2] in reasons.REASONS for one in said)


def test_each_mail_looks_as_on_the_page(pieces: list[Piece]) -> None:
    outputs = [piece for piece in pieces if piece.is_output]
    assert len(outputs) >= 4
    for piece in outputs:
        assert piece.text == piece.really, f"{piece.said}: python tests/test_docs_agents.py writes it anew"


def test_it_is_one_page_with_every_command() -> None:
    text = PAGE.read_text("utf-8")
    assert len(BLOCK.sub("", text).split()) < 1_200
    table = "".join(re.findall(r"^\|.*\|$", text, re.MULTILINE))
    named = set(re.findall(r"`#([a-z]+)", table))
    assert named == set(VERBS) - set(NOT_YET)
    for word in re.findall(r"`[#/!](\w+)`", BLOCK.sub("", text)):
        assert any(word in words.split() for words in VERB_WORDS.values()), word


if __name__ == "__main__":
    page = PAGE.read_text("utf-8")
    for shown in reversed([piece for piece in play(page) if piece.is_output]):
        page = page[: shown.start] + shown.really + page[shown.start + len(shown.text) :]
    PAGE.write_text(page, "utf-8")
