"""Mail of web forms from our border to the database: whose case it is, who hears of it, what nobody can inject."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desks import Desk, open_desk, words_of

FORM = "Website <no-reply@acme.example>"
MARK = "zq7x"
RULES = """\
version: 1
departments:
  frontdesk: {name: Front desk, forward_to: frontdesk@acme.example}
  billing: {name: Billing, forward_to: billing@acme.example}
agents:
  - {name: Ann Kowalska, address: ann@acme.example, departments: [frontdesk, billing]}
fields:
  order: {label: {en: Order number, de: Bestellnummer}, pattern: '[0-9]{5,8}'}
  colour: {label: Colour}
forms:
  website: {from: [no-reply@acme.example, support@acme.example]}
defaults: {department: frontdesk, language: en}
route:
  - {name: orders, when: {form: website, field.order: {exists: yes}}, do: {department: billing}}
"""
FILLED = "Name: Jane Doe\nE-Mail: jane@x.example\nOrder number: 1234567\nMessage: Where is it?\n\nThanks!\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path, f"sqlite:///{tmp_path}/store.db", rules=RULES) as made:
        yield made


def test_form_is_the_persons_case_and_their_later_mail_joins(desk: Desk) -> None:
    row = desk.write(FILLED, sender=FORM, subject="Contact form")
    ticket = desk.show(row["serial"])
    assert (row["reason"], ticket["requester"], ticket["channel"]) == ("new-form", "jane@x.example", "form")
    assert (ticket["department"], ticket["fields"]) == ("billing", {"order": "1234567"})
    assert desk.mails() == [("forward", "billing@acme.example"), ("received", "jane@x.example")]
    card = words_of(desk.last("forward"))
    assert "Filled in at: website (no-reply@acme.example)" in card and "CAREFUL" in card and "Where is it?" in card
    answer_to = desk.last("forward")["Reply-To"]
    assert desk.agent(answer_to, "On its way.")["reason"] == "agent-answer"
    assert desk.last("answer")["To"].endswith("jane@x.example>") or desk.last("answer")["To"] == "jane@x.example"
    later = desk.write("Thank you, and when?", sender="jane@x.example", to=desk.last("answer")["Reply-To"])
    assert (later["reason"], later["serial"]) == ("follow-up", row["serial"])


def test_t30_acknowledgement_of_a_form_holds_nothing_that_was_typed(desk: Desk) -> None:
    text = f"Name: {MARK}1\nE-Mail: victim@x.example\nColour: {MARK}2\nSubject: {MARK}3\nMessage: {MARK}4 http://{MARK}.test\n"
    row = desk.write(text, sender=FORM, subject=f"Contact form {MARK}5", head=f"Reply-To: {MARK}6 <victim@x.example>")
    assert row["reason"] == "new-form"
    assert MARK not in desk.last("received").as_string().replace("victim@x.example", "")
    again = desk.write(text.replace("4 ", "7 "), sender=FORM, subject="Contact form")
    assert desk.suppressed(again["serial"]) == [("received", "unverified-day")]


def test_t36_forged_form_writes_to_nobody(desk: Desk) -> None:
    for sender in (FORM, "support@acme.example"):
        row = desk.write(FILLED, sender=sender, subject="Contact form", is_proven=False, head="Received: from evil")
        assert (row["reason"], desk.suppressed(row["serial"])) == ("new-form", [("received", "form-unproven")])
    assert {to for _, to in desk.mails()} == {"billing@acme.example"}
    failed = "Authentication-Results: mx.acme.example; dmarc=fail header.from=acme.example"
    row = desk.write(FILLED, sender=FORM, subject="Contact form", is_proven=False, head=failed)
    assert (row["outcome"], row["reason"]) == ("held", "sender-contradicted")


def test_t16_persons_reply_to_is_never_followed(desk: Desk) -> None:
    row = desk.write(FILLED, sender="Max <max@y.example>", subject="Contact form", head="Reply-To: victim@x.example")
    assert desk.show(row["serial"])["requester"] == "max@y.example" and desk.show(row["serial"])["fields"] == {}
    assert all(to != "victim@x.example" and to != "jane@x.example" for _, to in desk.mails())


@pytest.mark.parametrize("who", ["ann@acme.example", "frontdesk@acme.example", "support@acme.example"])
def test_t23_nobody_of_the_inside_is_made_by_a_form(desk: Desk, who: str) -> None:
    first = desk.write("It prints blank pages.")
    text = FILLED.replace("jane@x.example", who).replace("Where is it?", "#close")
    row = desk.write(text, sender=FORM, subject="Contact form")
    assert (row["outcome"], row["reason"]) == ("opened", "new")
    ticket = desk.show(row["serial"])
    assert (ticket["requester"], ticket["fields"]) == ("no-reply@acme.example", {"order": "1234567"})
    assert desk.show(first["serial"])["state"] == "new"


def test_our_own_mail_that_comes_back_is_no_form(desk: Desk) -> None:
    desk.write("It prints blank pages.")
    notice = desk.last("forward")
    del notice["Message-ID"], notice["X-Loop-Guard"]
    row = desk.take(notice.as_bytes().replace(b"\n", b"\r\n"))
    assert (row["outcome"], row["reason"]) == ("loop", "own-mail")


def test_rules_see_the_person_and_replay_and_explain_agree(desk: Desk) -> None:
    row = desk.write(FILLED, sender=FORM, subject="Contact form")
    found = desk.show(row["serial"])
    assert {"form"} <= {event["kind"] for event in found["events"]}
    assert any("filled in the form website" in line for m in found["messages"] for line in m["evidence"])
