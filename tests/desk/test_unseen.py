"""What comes back of mail to the inside is told to the operator; what a person is told of a refusal fits its cause."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailproc.delivery.base import OutgoingMail
from mailproc.desk.receipts import find_status
from mailproc.records.delivery import Receipt, ReceiptState
from mailproc.store import outbox
from tests.desks import Desk, open_desk, words_of

DEPARTMENT, OPERATOR = "frontdesk@acme.example", "ops@acme.example"
REPORT = """\
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.acme.example

Final-Recipient: rfc822; {to}
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: {ours}

--b--"""


class Refusing:
    """A server that takes no mail for some addresses."""

    def __init__(self, *refused: str, code: int = 550, text: str = "5.1.1 no such user") -> None:
        self._refused, self._receipt = refused, Receipt(ReceiptState.FAILED, code, text)

    def deliver(self, mail: OutgoingMail) -> Receipt:
        return self._receipt if mail.recipient in self._refused else Receipt(ReceiptState.SENT, 250, "ok")

    def close(self) -> None:
        """Nothing to leave."""


def send(desk: Desk, *refused: str) -> None:
    while desk.site.engine.send(Refusing(*refused)):
        pass


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path, f"sqlite:///{tmp_path}/store.db", more=f"operator: {OPERATOR}\n") as made:
        yield made


def test_f23_a_case_whose_department_takes_no_mail_is_told_to_the_operator(desk: Desk) -> None:
    desk.write("It prints blank pages.")
    send(desk, DEPARTMENT)
    assert desk.mails()[2:] == [("alarm", OPERATOR)]
    said = words_of(desk.last("alarm"))
    for words in (DEPARTMENT, "ACME-100-009", "5.1.1 no such user", "mailproc outbox retry"):
        assert words in said
    assert desk.last("alarm")["Reply-To"] is None  # the operator is no agent of that department
    send(desk, OPERATOR)  # an alarm that is refused raises none
    assert len(desk.mails()) == 3


def test_t32_a_report_about_a_department_is_told_once(desk: Desk) -> None:
    desk.write("It prints blank pages.")
    send(desk)
    with desk.site.store.read() as tx:
        [ours] = tx.execute("SELECT message_id FROM outbox WHERE purpose = 'forward'").fetchone()
    for _ in range(3):
        report = REPORT.format(to=DEPARTMENT, ours=ours)
        desk.write("", sender="MAILER-DAEMON@mx.acme.example", subject="Undelivered", is_proven=False, head=report)
    assert desk.mails()[2:] == [("alarm", OPERATOR)]


def test_without_an_operator_the_default_department_is_told_unless_it_is_the_one_that_refuses(tmp_path: Path) -> None:
    with open_desk(tmp_path, f"sqlite:///{tmp_path}/store.db") as desk:
        serial = desk.write("It prints blank pages.")["serial"]
        send(desk, DEPARTMENT)
        assert len(desk.mails()) == 2
        desk.ask("move", serial, argument="billing")
        send(desk, "billing@acme.example")
        assert desk.mails()[-1] == ("alarm", DEPARTMENT)


@pytest.mark.parametrize(
    ("code", "text", "status"),
    [
        (550, "5.1.1 <x@y.example>: unknown", "5.1.1"),
        (552, "552 5.3.4 too large", "5.3.4"),
        (550, "No such user here", "5.1.1"),
        (554, "refused", ""),
    ],
)
def test_a_refusal_has_the_status_that_a_report_would_have(code: int, text: str, status: str) -> None:
    assert find_status(code, text) == status


def test_the_author_of_a_refused_answer_reads_what_to_do_about_it(desk: Desk) -> None:
    serial = desk.write("It prints blank pages.")["serial"]
    send(desk)
    desk.ask("reply", serial, text="Which model?")
    send(desk, "jane@customer.example")
    assert "check the address for a typing mistake" in words_of(desk.last("undelivered"))


def test_who_is_back_from_a_dead_address_is_written_to_at_once(desk: Desk) -> None:
    serial = desk.write("It prints blank pages.")["serial"]
    send(desk)
    desk.ask("reply", serial, text="Which model?")
    send(desk, "jane@customer.example")
    row = desk.write("The scanner makes a noise since this morning.", subject="Scanner")
    assert desk.suppressed(row["serial"]) == [] and desk.mails()[-1] == ("received", "jane@customer.example")


def test_t30_many_cases_of_a_victim_that_are_settled_at_once_are_one_mail(desk: Desk) -> None:
    serials = [
        desk.write(f"Buy pills {n}", sender="victim@somewhere.example", subject=f"Pills {n}", is_proven=False)["serial"]
        for n in range(5)
    ]
    for serial in serials:
        desk.ask("resolve", serial)
    assert [to for _, to in desk.mails()].count("victim@somewhere.example") == 1
    assert desk.suppressed(serials[4])[-1] == ("resolved", "unverified-day")
    desk.wait(days=1, hours=1).ask("reopen", serials[0])
    desk.ask("resolve", serials[0])
    assert [to for _, to in desk.mails()].count("victim@somewhere.example") == 2


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Der Drucker im zweiten Stock druckt seit heute Morgen nicht mehr, bitte helfen Sie uns.", "(kein Betreff)"),
        ("Drukarka na drugim piętrze nie drukuje od dziś rana, proszę o pomoc.", "(bez tematu)"),
        ("The printer on the second floor does not print any more, please help us.", "(no subject)"),
    ],
)
def test_a_missing_subject_is_said_in_the_requesters_language(desk: Desk, text: str, word: str) -> None:
    desk.write(text, subject="")
    said = desk.last("received")
    assert said["Subject"].endswith(word) and word not in words_of(said)


def test_a_subject_cannot_turn_its_letters_around(desk: Desk) -> None:
    desk.write("Please see the invoice.", subject="=?utf-8?b?4oCuZmRwLmV4ZQ==?=")
    assert desk.last("forward")["Subject"] == "[ACME-100-009] fdp.exe"


def test_a_mail_that_hangs_up_for_ever_is_not_sent_for_ever(desk: Desk) -> None:
    class Hanging(Refusing):
        def deliver(self, mail: OutgoingMail) -> Receipt:
            copies.append(mail.recipient)
            return Receipt(ReceiptState.AMBIGUOUS, 0, "it hung up")

    copies: list[str] = []
    desk.write("It prints blank pages.")
    for _ in range(24 * 9):
        desk.site.engine.send(Hanging())
        desk.wait(hours=1)
    assert (copies.count(DEPARTMENT), copies.count("jane@customer.example")) == (6, 1)
    with desk.site.store.read() as tx:
        assert outbox.raw_of(tx, 1)
        assert tx.execute("SELECT DISTINCT state FROM outbox").fetchall() == [("ambiguous",)]
