"""An agent's day with real mail programs: mutt at a real Dovecot and Postfix, and what Outlook, Gmail and others send.

Everything goes through the running daemon. `python tests/test_mail_clients.py` plays the day and prints what is on
record of it afterwards.
"""

import contextlib
import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mailproc.cli import cli
from tests import company, mutt, postfix
from tests.company import Company, link, text_of
from tests.handbook import SITE
from tests.mailclients import CLIENTS, Writer, to_new

JANE = Writer("Jane Doe", "jane@customer.example")
ANN = Writer("Ann Kowalska", "ann@acme.example", "Ann Kowalska\nDirect line 4711")
BO = Writer("Bo Berg", "bo@acme.example", "Bo")
CUSTOMERS = ("jane@customer.example", "kim@customer.example", "lee@customer.example")
STAFF = ("ann@acme.example", "bo@acme.example", "dan@acme.example", "cara@acme.example")
DESK, TEAM = "support@acme.example", "frontdesk@acme.example"
DAN = "\n  - {name: Dan Dahl, address: dan@acme.example, departments: [billing]}\n"
SECRET = "The drum is from the bad batch of May and we will not say so before Friday."
FORGED_HOP = (
    "from laptop (unknown [192.0.2.7]) (Authenticated sender: ann@acme.example)"
    " by mx.acme.example (Postfix) with ESMTPSA id 4C1; Mon, 5 Oct 2026 10:00:00 +0000 (UTC)"
)


@dataclass
class Day:
    """What is left of it."""

    number: str = ""
    steps: list[str] = field(default_factory=list)
    shown: str = ""
    ticket: dict[str, Any] = field(default_factory=dict)
    held: list[dict[str, Any]] = field(default_factory=list)
    tickets: list[dict[str, Any]] = field(default_factory=list)
    janes: list[EmailMessage] = field(default_factory=list)
    seconds: float = 0.0


class Playing:
    """The people at work; each step waits for what it brought about."""

    def __init__(self, site: Company, stack: contextlib.ExitStack) -> None:
        self.site, self.day, self.begun = site, Day(), time.monotonic()
        ports = {"imap_port": site.imap.port, "smtp_port": site.relay.port}

        def at_work(name: str, mailbox: str = "") -> mutt.Mutt:
            address = f"{name.split()[0].lower()}@acme.example"
            return stack.enter_context(
                mutt.opened(name, address, mailbox=mailbox, signature=f"{name}\nDirect line 4711\n", **ports)
            )

        # The department's mailbox is everybody's to read
        self.ann_at_team, self.ann = at_work("Ann Kowalska", TEAM), at_work("Ann Kowalska")
        self.dan, self.cara = at_work("Dan Dahl", TEAM), at_work("Cara Cruz", TEAM)

    def step(self, text: str) -> None:
        self.day.steps.append(f"{time.monotonic() - self.begun:4.1f} s  {text}")

    def write(
        self, program: str, writer: Writer, text: str, answered: EmailMessage, *, login: str = "", new_to: str = ""
    ) -> EmailMessage:
        """One of the other mail programs sends an answer to that mail."""
        mail = CLIENTS[program](writer, text, answered, new_to)
        self.site.submit(mail, login=login)
        return mail

    def expect_decided(self, words: str) -> None:
        """Wait until the daemon says so of a mail that nobody hears of."""
        assert postfix.wait_until(lambda: words in self.site.house.log()), self.site.house.log()[-3000:]

    def ask(self, *command: str) -> Any:
        """What a command of the program prints as JSON."""
        return json.loads(self.look_up(*command, "--json"))

    def look_up(self, *command: str) -> str:
        """What it prints, run in this process: an interpreter for each would be half of the day."""
        done = CliRunner().invoke(cli, ["--config", str(self.site.house.site / SITE), *command])
        assert done.exit_code == 0, done.output
        return done.output

    # ---- the day

    def play(self) -> Day:
        self.a_case_begins()
        self.nobody_else_speaks()
        self.proof_by_challenge()
        self.it_ends_and_begins_anew()
        self.others_customers()
        self.step("The operator looks at what is on record")
        self.day.ticket = self.ask("ticket", "show", self.day.number)
        self.day.held = self.ask("hold", "list")
        self.day.tickets = self.ask("ticket", "list")
        self.day.shown = self.look_up("ticket", "show", self.day.number, "--trace")
        self.day.janes = self.site.mails(JANE.address)
        self.day.seconds = time.monotonic() - self.begun
        return self.day

    def a_case_begins(self) -> None:
        self.step("Jane writes, in Outlook")
        self.write("Outlook", JANE, "Hello,\nour printer prints blank pages.\nJane", to_new(JANE, DESK, "Blank pages"),
                   new_to=DESK)  # fmt: skip
        self.notice = self.site.wait_for_words(TEAM, "prints blank pages")
        self.day.number = str(self.notice["X-Mailproc-Ticket"])
        self.site.wait_for(JANE.address, lambda mail: self.day.number in str(mail["Subject"]), "the acknowledgement")
        self.step("Ann takes the case: the button in the notice, in mutt")
        self.ann_at_team.press(link(self.notice, "n", "#take"))
        self.site.wait_for(ANN.address, lambda mail: "#take" in text_of(mail), "the transcript")
        self.step("Ann leaves a note: the button, in mutt")
        self.ann_at_team.press(link(self.notice, "n"), SECRET + "\n")
        self.step("Ann asks: r in mutt, with #pending below her text")
        self.ann_at_team.reply("~s Blank ~f Jane", "Hello Jane,\n\nwhich serial number does it have?\n\n#pending\n\n")
        self.asked = self.site.wait_for_words(JANE.address, "which serial number")
        self.step("Jane answers, in Gmail")
        self.write("Gmail", JANE, "It is SN-90210.", self.asked)
        self.answered = self.site.wait_for_words(ANN.address, "SN-90210")
        self.step("Ann answers, in Outlook, logged in at the company's Postfix")
        self.write("Outlook", ANN, "Hello Jane,\nplease change the drum, part 4-17.", self.answered, login=ANN.address)
        self.site.wait_for_words(JANE.address, "part 4-17")

    def nobody_else_speaks(self) -> None:
        self.step("Bo answers the same question a moment later, in Thunderbird: held")
        self.write("Thunderbird", BO, "Hello Jane, just buy a new one.", self.notice, login=BO.address)
        self.site.wait_for_words(BO.address, "just buy a new one")
        self.step("Dan, an agent of another department, answers from the department's mailbox, in mutt: held")
        self.dan.reply("~s Blank ~f Jane", "Dan says that it costs 900.\n")
        self.site.wait_for_words(TEAM, "it costs 900")
        self.step("Cara, who is no agent at all, does the same: a case of her own, nothing to Jane")
        self.cara.reply("~s Blank ~f Jane", "Cara says that it is broken for good.\n")
        self.site.wait_for_words(TEAM, "broken for good")

    def proof_by_challenge(self) -> None:
        self.step("Ann writes from elsewhere, in Apple Mail through another server: held, and she is asked")
        self.write("Apple Mail", ANN, "Hello Jane,\nthe drum is on its way to you.", self.answered)
        asked = self.site.wait_for(ANN.address, lambda mail: "the drum is on its way" in text_of(mail), "the challenge")
        self.step("Ann says so at her own address, r in mutt: released")
        self.ann.reply(f"~i {re.escape(str(asked['Message-ID']))}", "yes\n\n")
        self.site.wait_for_words(JANE.address, "drum is on its way")
        self.step("Somebody forges Ann, with a copied reply address and an invented Received line: held")
        forged = CLIENTS["Outlook on the web"](ANN, "Hello Jane,\nsend the money to XX00 6660.", self.answered)
        raw = f"Received: {FORGED_HOP}\r\n".encode() + forged.as_bytes(policy=policy.SMTP)
        self.site.submit_raw(raw, "mallory@elsewhere.example", str(self.answered["Reply-To"]))
        self.expect_decided("id=12 outcome=held reason=agent-unproven")

    def it_ends_and_begins_anew(self) -> None:
        self.step("Ann answers and resolves: the button, in mutt")
        self.ann.press(link(self.answered, "d"), "Hello Jane,\n\nthe drum has arrived, we are done here.\n")
        done = self.site.wait_for_words(JANE.address, "we are done here")
        self.step("Jane thanks, in Apple Mail: it stays resolved")
        self.write("Apple Mail", JANE, "Thank you!", done)
        self.site.wait_for(ANN.address, lambda mail: "Thank you!" in text_of(mail), "her thanks")
        self.step("Jane writes that it is broken again, in Outlook on the web: reopened")
        self.write("Outlook on the web", JANE, "Since this morning all pages are blank again. What now?", done)
        again = self.site.wait_for_words(ANN.address, "pages are blank again")
        self.step("Ann answers everybody, g in mutt")
        self.ann.group_reply(f"~i {re.escape(str(again['Message-ID']))}", "Hello Jane,\n\nwe send a technician.\n")
        self.site.wait_for_words(JANE.address, "we send a technician")

    def others_customers(self) -> None:
        for name, text in (("kim", "Do you repair scanners, too?"), ("lee", "Where do I send an old toner?")):
            writer = Writer(name.title(), f"{name}@customer.example")
            mail = CLIENTS["Thunderbird"](writer, text, to_new(writer, ANN.address, text), ANN.address)
            self.site.submit(mail)
            self.site.wait_for_words(ANN.address, text)
        self.step("Kim wrote to Ann herself: she forwards it to the desk, f in mutt")
        self.ann.forward("~s scanners", DESK, "")
        self.site.wait_for_words(TEAM, "Do you repair scanners")
        self.step("Lee, too: she bounces it there, b in mutt")
        self.ann.bounce("~s toner", DESK)
        self.site.wait_for_words(TEAM, "send an old toner")


@contextlib.contextmanager
def opened_day() -> Iterator[Day]:
    """The whole day, played once."""
    mutt.find_mutt()
    with company.opened((*STAFF, TEAM, *CUSTOMERS)) as site, contextlib.ExitStack() as stack:
        rules = site.house.site / "rules" / "desk.yaml"
        text = rules.read_text("utf-8")
        assert text.count("\nagents:\n") == 1
        rules.write_text(text.replace("\nagents:\n", "\nagents:" + DAN), "utf-8")
        site.house.start()
        yield Playing(site, stack).play()


@pytest.fixture(scope="module")
def day() -> Iterator[Day]:
    with opened_day() as played:
        yield played


def test_each_answer_of_an_entitled_agent_reached_the_customer_once(day: Day) -> None:
    unquoted = [[line for line in text_of(mail).splitlines() if not line.startswith(">")] for mail in day.janes]
    for words in ("which serial number", "part 4-17", "drum is on its way", "we are done here", "we send a technician"):
        assert sum(any(words in line for line in lines) for lines in unquoted) == 1, (words, unquoted)
    assert len(day.janes) == 6  # and the acknowledgement


def test_nobody_without_the_right_reached_the_customer(day: Day) -> None:
    """T03, T04: another department's, no agent's, a forger's, a colleague's second answer."""
    for words in ("buy a new one", "it costs 900", "broken for good", "XX00"):
        assert not any(words in mail.as_string() for mail in day.janes), words


def test_nothing_of_the_inside_reached_the_customer(day: Day) -> None:
    for mail in day.janes:
        seen = " ".join(f"{name}: {value}" for name, value in mail.items()) + company.all_text_of(mail)
        seen = " ".join(seen.split())
        for words in ("bad batch", "#pending", "#take", *STAFF, TEAM, "X-Mailproc", "laptop.acme", "Take this case"):
            # A signature of ours may end in "bo" in front of the @
            assert not re.search(rf"(?<![\w.+-]){re.escape(words)}", seen), (words, seen)
        assert re.search(r"support\+[a-z2-7]c[0-9]", str(mail["Reply-To"])), mail["Reply-To"]


def test_what_was_held_waits_with_its_reason(day: Day) -> None:
    assert [(row["reason"], row["from"]) for row in day.held] == [
        ("collision", "bo@acme.example"),
        ("agent-not-entitled", "dan@acme.example"),
        ("agent-unproven", "ann@acme.example"),
    ]


def test_the_timeline_holds_everything(day: Day) -> None:
    events = [(event["kind"], event["actor"], event["data"]) for event in day.ticket["events"]]
    changes = [(data["from"], data["to"], actor) for kind, actor, data in events if kind == "state"]
    assert changes == [
        ("new", "open", ANN.address),
        ("open", "pending", ANN.address),
        ("pending", "open", JANE.address),
        ("open", "resolved", ANN.address),
        ("resolved", "open", JANE.address),
    ]
    happened = [kind for kind, _, _ in events]
    assert happened.count("held") == 4 and happened.count("hold-answered") == 1
    assert [data["intent"] for kind, _, data in events if kind == "not-reopened"] == ["thanks"]
    came = [(row["purpose"], row["from"], row["level"]) for row in day.ticket["messages"] if row["direction"] == "in"]
    assert came == [
        ("request", JANE.address, "A1"),
        ("note", ANN.address, "A3"),
        ("note", ANN.address, "A3"),
        ("answer", ANN.address, "A3"),
        ("followup", JANE.address, "A1"),
        ("answer", ANN.address, "A3"),
        ("answer", ANN.address, "A1"),  # released by her word
        ("answer", ANN.address, "A3"),
        ("followup", JANE.address, "A1"),
        ("followup", JANE.address, "A1"),
        ("answer", ANN.address, "A3"),
    ]
    for line in ("the drum has arrived, we are done here.", "It is SN-90210.", SECRET, "held mail 10: ok"):
        assert line in day.shown


def test_a_login_proves_the_agent_and_an_invented_one_nothing(day: Day) -> None:
    proofs = [row["evidence"][0] for row in day.ticket["messages"] if row["direction"] == "in" and row["level"] == "A3"]
    assert len(proofs) == 6
    assert all("mx.acme.example says ann@acme.example logged in" in proof for proof in proofs)
    forged = day.shown.partition("\nmail 12: ")[2].partition("\nmail ")[0]
    assert "held (agent-unproven)" in forged and "nothing proves or contradicts" in forged and "logged in" not in forged


def test_mail_passed_on_by_an_agent_belongs_to_who_wrote_it(day: Day) -> None:
    others = {ticket["requester"]: ticket for ticket in day.tickets if ticket["number"] != day.number}
    assert set(others) == {"kim@customer.example", "lee@customer.example", "cara@acme.example"}
    assert others["cara@acme.example"]["links"][0]["ticket"] == day.number


if __name__ == "__main__":
    with opened_day() as today:
        print("\n".join(today.steps))
        print(f"\n{today.seconds:.1f} s, and then on record:\n\n{today.shown}")
        for row in today.held:
            print(f"held: {row['from']}, {row['reason']}")
