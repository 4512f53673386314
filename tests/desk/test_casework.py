"""Commands of agents from mail to database: whole cases, overviews, taking back, cases that agents begin."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailproc.store import queries
from mailproc.tickets.token import make_reply_address, make_token
from tests.desks import Desk, open_desk, words_of

RULES = """\
version: 1
departments:
  frontdesk: {name: Front desk, forward_to: frontdesk@acme.example, escalate_to: engineering}
  billing: {name: Billing, forward_to: billing@acme.example}
  engineering: {name: Engineering, forward_to: l2@acme.example}
agents:
  - {name: Ann Kowalska, address: ann@acme.example, departments: [frontdesk, billing]}
  - {name: Kurt Weiss, address: kurt@acme.example, departments: [frontdesk], language: de}
  - {name: Bo Berg, address: bo@acme.example, departments: [engineering]}
defaults: {department: frontdesk, language: en}
"""
JOE = "Joe Roe <joe@other.example>"
FIRST = 10_000


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path, "sqlite:///data.db", rules=RULES) as made:
        yield made


@pytest.fixture
def slow_desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path, "sqlite:///data.db", rules=RULES, more="undo_window: 2m") as made:
        yield made


def opened(desk: Desk, text: str = "It prints blank pages.", **more: Any) -> int:
    row = desk.write(text, **more)
    assert row["outcome"] == "opened", row
    return int(row["serial"])


def number(desk: Desk, serial: int) -> str:
    return str(desk.show(serial)["number"])


def token_to(desk: Desk, serial: int, purpose: str = "r", identity: str = "department:frontdesk") -> str:
    policy = desk.site.engine.policy
    return make_reply_address(policy.site, make_token(policy.keys, purpose, serial, identity), "support@acme.example")


def command(desk: Desk, serial: int, text: str, who: str = "Ann Kowalska <ann@acme.example>") -> dict[str, Any]:
    return desk.write(text, sender=who, to=token_to(desk, serial), subject="Re: Printer", is_proven=False)


def ask(desk: Desk, text: str, who: str = "Ann Kowalska <ann@acme.example>", subject: str = "x") -> dict[str, Any]:
    return desk.write(text, sender=who, subject=subject, is_proven=False)


def state(desk: Desk, serial: int) -> str:
    return str(desk.show(serial)["state"])


# ---- whole cases


def test_merge_moves_mails_and_people_and_keeps_the_number_as_an_alias(desk: Desk) -> None:
    one = opened(desk)
    two = opened(desk, "The tray is stuck, too.", subject="Tray", sender=JOE)
    row = command(desk, two, f"#merge {number(desk, one)}")
    assert (row["outcome"], row["reason"]) == ("answered", "agent-commands"), row
    assert state(desk, two) == "closed" and desk.show(two)["messages"] == []
    assert [m["text"] for m in desk.show(one)["messages"] if m["purpose"] == "request"] == [
        "It prints blank pages.",
        "The tray is stuck, too.",
    ]
    # the alias: a later mail with the old number comes to the survivor
    row = desk.write("Still stuck.", sender=JOE, subject=f"Re: [{number(desk, two)}] Tray")
    assert (row["outcome"], row["serial"]) == ("appended", one)
    # whose earlier mails the newcomer is not shown
    desk.agent(token_to(desk, one), "We are on it.")
    sent = {m: words_of(desk.last("answer")) for m in ["answer"]}
    assert sent["answer"]


def test_merge_into_itself_an_unknown_or_a_foreign_case_does_nothing(desk: Desk) -> None:
    one = opened(desk)
    two = opened(desk, "A server.", subject="Server", sender=JOE)
    command(desk, two, "#escalate")
    assert desk.show(two)["department"] == "engineering"
    for wanted in (number(desk, one), number(desk, two), "ACME-999-999", "12", "ACME-100-10"):
        row = command(desk, one, f"#merge {wanted}")
        assert (row["outcome"], row["reason"]) == ("held", "unknown-command")
    assert state(desk, one) == "new"
    # a case of another department sounds like none (T07)
    refused = words_of(desk.last("refused"))
    assert "is no case number" in refused or "there is no case" in refused


def test_split_makes_a_linked_case_of_the_mail_that_is_answered(desk: Desk) -> None:
    serial = opened(desk)
    tag = f"Re: [{number(desk, serial)}] Printer"
    assert desk.write("By the way, my invoice is wrong.", subject=tag)["outcome"] == "appended"
    row = command(desk, serial, "#split\nI look into the printer.")
    assert row["reason"] == "agent-answer", row
    made = serial + 1
    assert [m["text"] for m in desk.show(made)["messages"]] == ["By the way, my invoice is wrong."]
    assert {(link["ticket"], link["kind"]) for link in desk.show(made)["links"]} == {(number(desk, serial), "split")}
    assert "my invoice is wrong" in words_of(desk.last("followup"))
    # the customer's answer to that mail's own thread follows it
    moved = desk.show(made)["messages"][0]["message_id"]
    row = desk.write("One more thing.", subject="Invoice", head=f"In-Reply-To: {moved}")
    assert row["serial"] == made


def test_split_of_the_first_mail_is_refused(desk: Desk) -> None:
    row = command(desk, opened(desk), "#split")
    assert (row["outcome"], row["reason"]) == ("held", "unknown-command")


def test_link_shows_on_both_sides(desk: Desk) -> None:
    one, two = opened(desk), opened(desk, "Tray", subject="Tray", sender=JOE)
    command(desk, one, f"#link {number(desk, two)}")
    assert [link["ticket"] for link in desk.show(one)["links"]] == [number(desk, two)]
    assert [link["ticket"] for link in desk.show(two)["links"]] == [number(desk, one)]


def test_escalate_hands_over_to_the_department_above(desk: Desk) -> None:
    serial = opened(desk)
    assert command(desk, serial, "#take\n#escalate")["outcome"] == "answered"
    assert desk.show(serial)["department"] == "engineering"
    assert ("followup", "l2@acme.example") in desk.mails()


def test_spam_closes_and_silences_its_sender(desk: Desk) -> None:
    serial = opened(desk)
    before = len(desk.mails())
    command(desk, serial, "#spam")
    assert state(desk, serial) == "closed"
    assert [to for _, to in desk.mails(before)] == ["ann@acme.example"]  # the transcript, and nothing to the sender
    again = opened(desk, "Buy more.", subject="Offer")
    assert ("received", "silenced") in desk.suppressed(again)


def test_status_tells_the_customer(desk: Desk) -> None:
    serial = opened(desk)
    command(desk, serial, "#status")
    assert ("status", "jane@customer.example") in desk.mails()


def test_due_and_wait_are_looked_at_by_the_clock(desk: Desk) -> None:
    serial = opened(desk)
    command(desk, serial, "#wait until tomorrow\n#due 3d")
    assert state(desk, serial) == "on-hold"
    assert desk.show(serial)["due"] == "2026-01-16T22:59:00.000000Z"  # the end of that day in Warsaw
    desk.site.engine.tick()
    assert state(desk, serial) == "on-hold"
    desk.wait(days=1).site.engine.tick()
    assert state(desk, serial) == "open"
    assert desk.mails()[-1] == ("reminder", "frontdesk@acme.example")
    count = len(desk.mails())
    desk.site.engine.tick()
    assert len(desk.mails()) == count
    desk.wait(days=3).site.engine.tick()
    told = desk.mails(count)
    assert told == [("reminder", "frontdesk@acme.example"), ("reminder", "l2@acme.example")]
    desk.wait(days=1).site.engine.tick()
    assert desk.mails(count) == told


def test_cc_adds_somebody_who_sees_nothing_earlier(desk: Desk) -> None:
    serial = opened(desk)
    command(desk, serial, "#cc +joe@other.example\nWe look into it.")
    command(desk, serial, "Solved.")
    with desk.site.store.read() as tx:
        from mailproc.store import outbox

        to_joe = [row["id"] for row in queries.list_outbox(tx) if row["to"] == "joe@other.example"]
        assert to_joe
        for outbox_id in to_joe:
            assert b"blank pages" not in (outbox.raw_of(tx, outbox_id) or b"")
    command(desk, serial, "#cc -joe@other.example")
    assert desk.write("Hello?", sender=JOE, subject=f"Re: [{number(desk, serial)}]")["outcome"] == "opened"


def test_commands_alone_are_answered_with_a_transcript_and_others_in_silence(desk: Desk) -> None:
    serial = opened(desk)
    command(desk, serial, "#priority high\n#tag +vip")
    told = words_of(desk.last("transcript"))
    assert "#priority high" in told and "#tag +vip" in told
    before = len(desk.mails())
    command(desk, serial, "#priority low\nWe look into it.")
    assert "transcript" not in [purpose for purpose, _ in desk.mails(before)]


def test_help_is_in_the_agents_language_and_names_the_address_for_new_cases(desk: Desk) -> None:
    command(desk, opened(desk), "#hilfe", who="Kurt Weiss <kurt@acme.example>")
    told = words_of(desk.last("transcript"))
    assert "#schließen" in told and "Einen Vorgang beginnen Sie" in told
    assert re.search(r"support\+[a-z2-7]o00000[a-z2-7]{16}@acme\.example", told)


# ---- taking back


def test_undo_takes_states_and_fields_back_within_five_minutes(desk: Desk) -> None:
    serial = opened(desk)
    before = desk.show(serial)
    command(desk, serial, "#close\n#priority urgent\n#tag +vip\n#field order=7\n#take\n#due 2d\n#cc +joe@other.example")
    assert state(desk, serial) == "closed"
    row = command(desk, serial, "#undo")
    assert row["reason"] == "agent-undo"
    after = desk.show(serial)
    keys = ("state", "priority", "tags", "assignee", "due")
    assert {key: after[key] for key in keys} == {key: before[key] for key in keys}
    assert after["fields"].get("order", "") == ""
    told = words_of(desk.last("transcript"))
    assert 'state: closed → new' in told
    # a second time there is nothing left
    command(desk, serial, "#undo")
    assert "nothing of yours" in words_of(desk.last("transcript"))


def test_undo_is_too_late_after_five_minutes_and_touches_nobody_elses_work(desk: Desk) -> None:
    serial = opened(desk)
    command(desk, serial, "#priority urgent")
    command(desk, serial, "#undo", who="Kurt Weiss <kurt@acme.example>")
    assert desk.show(serial)["priority"] == "urgent"
    desk.wait(minutes=6)
    command(desk, serial, "#undo")
    assert desk.show(serial)["priority"] == "urgent"


def test_undo_leaves_what_somebody_changed_since(desk: Desk) -> None:
    serial = opened(desk)
    command(desk, serial, "#priority urgent\n#tag +vip")
    command(desk, serial, "#priority low", who="Kurt Weiss <kurt@acme.example>")
    command(desk, serial, "#undo")
    shown = desk.show(serial)
    assert (shown["priority"], shown["tags"]) == ("low", [])
    assert "changed since" in words_of(desk.last("transcript"))


def test_undo_of_a_merge_brings_the_case_back(desk: Desk) -> None:
    one, two = opened(desk), opened(desk, "Tray", subject="Tray", sender=JOE)
    command(desk, two, f"#merge {number(desk, one)}")
    command(desk, two, "#undo")
    assert state(desk, two) == "new"
    assert [m["text"] for m in desk.show(two)["messages"] if m["purpose"] == "request"] == ["Tray"]
    assert desk.write("More", sender=JOE, subject=f"Re: [{number(desk, two)}]")["serial"] == two


def test_undo_keeps_an_answer_from_going_while_it_waits(slow_desk: Desk) -> None:
    desk = slow_desk
    serial = opened(desk)
    command(desk, serial, "#resolve\nThat is fixed.")
    with desk.site.store.read() as tx:
        waiting = [row for row in queries.list_outbox(tx) if row["purpose"] in ("resolved", "copy")]
        assert {row["state"] for row in waiting} == {"queued"}
        assert queries.get_outbox(tx, waiting[0]["id"])["next_at"] > desk.now.isoformat()  # type: ignore[index]
    command(desk, serial, "#undo")
    assert state(desk, serial) == "new"
    with desk.site.store.read() as tx:
        states = {row["state"] for row in queries.list_outbox(tx) if row["purpose"] in ("resolved", "copy")}
    assert states == {"cancelled"}
    public = [message["purpose"] for message in desk.show(serial)["messages"] if message["visibility"] == "public"]
    assert public == ["request", "received"]


def test_undo_says_so_where_the_answer_has_gone(desk: Desk) -> None:
    serial = opened(desk)
    command(desk, serial, "#resolve\nThat is fixed.")
    with desk.site.store.read() as tx:
        ids = [row["id"] for row in queries.list_outbox(tx) if row["purpose"] == "resolved"]
    desk.site.store.run(lambda tx: tx.execute("UPDATE outbox SET state = 'sent' WHERE id = ?", (ids[0],)))
    command(desk, serial, "#undo")
    assert state(desk, serial) == "new"
    assert "has gone out already" in words_of(desk.last("transcript"))


# ---- overview


def test_lists_show_what_is_the_agents_and_no_more(desk: Desk) -> None:
    mine, other, foreign = opened(desk), opened(desk, subject="Tray"), opened(desk, subject="Server")
    command(desk, mine, "#take\n#due 2h")
    command(desk, foreign, "#escalate")
    before = len(desk.mails())
    row = ask(desk, "#list mine\n#list open\n#list department\n#list overdue\n")
    assert (row["outcome"], row["reason"]) == ("answered", "agent-overview")
    assert desk.mails(before) == [("transcript", "ann@acme.example")]
    told = words_of(desk.last("transcript"))
    assert "Yours: 1" in told and "Open: 2" in told and "Overdue: 0" in told
    assert number(desk, other) in told and number(desk, foreign) not in told
    desk.wait(hours=3)
    ask(desk, "#liste überfällig", who="Kurt Weiss <kurt@acme.example>")
    assert "Überfällig: 1" in words_of(desk.last("transcript"))


def test_next_gives_the_oldest_case_once(desk: Desk) -> None:
    first, second = opened(desk), opened(desk, subject="Tray")
    before = len(desk.mails())
    ask(desk, "#next")
    assert desk.show(first)["assignee"] == "ann@acme.example"
    assert desk.mails(before) == [("next", "ann@acme.example")]
    answered = desk.last("next")
    assert desk.agent(str(answered["Reply-To"]), "Please restart it.")["reason"] == "agent-answer"
    ask(desk, "#weiter", who="Kurt Weiss <kurt@acme.example>")
    assert desk.show(second)["assignee"] == "kurt@acme.example"
    ask(desk, "#next")
    assert "no case waits" in words_of(desk.last("transcript"))


def test_show_sends_the_case_to_be_answered(desk: Desk) -> None:
    serial = opened(desk)
    ask(desk, f"#show {number(desk, serial)}")
    shown = desk.last("show")
    assert "blank pages" in words_of(shown)
    assert desk.agent(str(shown["Reply-To"]), "Please restart it.")["reason"] == "agent-answer"


def test_several_cases_are_closed_all_or_none(desk: Desk) -> None:
    one, two, foreign = opened(desk), opened(desk, subject="Tray"), opened(desk, subject="Server")
    command(desk, foreign, "#escalate")
    numbers = [number(desk, serial) for serial in (one, two, foreign)]
    row = ask(desk, f"#close {' '.join(numbers)}")
    assert row["reason"] == "overview-refused"
    assert [state(desk, serial) for serial in (one, two, foreign)] == ["new"] * 3
    assert "there is no case" in words_of(desk.last("transcript"))
    ask(desk, f"#close {numbers[0]}, {numbers[1]}")
    assert [state(desk, serial) for serial in (one, two, foreign)] == ["closed", "closed", "new"]
    ask(desk, "#undo")
    assert [state(desk, serial) for serial in (one, two)] == ["new", "new"]


@pytest.mark.parametrize("who", ["Ann Kowalska <ann@acme.example>", "Mallory <mallory@evil.example>"])
def test_t23_nobody_but_a_proven_agent_is_answered(desk: Desk, who: str) -> None:
    serial = opened(desk)
    raw = (
        f"From: {who}\r\nTo: support@acme.example\r\nSubject: x\r\nDate: {desk.now:%a, %d %b %Y %H:%M:%S} +0000\r\n"
        f"Message-ID: <x@evil.example>\r\n\r\n#list open\r\n#close {number(desk, serial)}\r\n"
    ).encode()
    from mailproc.records.mail import Envelope

    inbox_id = desk.site.engine.receive(
        raw, Envelope("smtp", desk.now, "mallory@evil.example", ("support@acme.example",), "192.0.2.9")
    ).result()
    desk.site.engine.work()
    with desk.site.store.read() as tx:
        row = queries.last_decided(tx)
    assert row is not None and row["inbox_id"] == inbox_id
    assert row["outcome"] == ("held" if "ann" in who else "opened")
    assert state(desk, serial) == "new"
    assert "transcript" not in [purpose for purpose, _ in desk.mails()]


def test_a_mistyped_or_misplaced_command_is_told_and_opens_nothing(desk: Desk) -> None:
    wrong = (("#lsit mine", "did you mean `#list`?"), ("#close", "which case?"), ("#kb intro", "in this version yet"))
    for text, words in wrong:
        row = ask(desk, text)
        assert (row["outcome"], row["reason"]) == ("answered", "overview-refused")
        assert words in words_of(desk.last("transcript"))
    assert ask(desk, "#list mine\n\nI also have a question.")["outcome"] == "opened"


# ---- cases that agents begin


def test_a_customer_in_to_and_us_in_cc_begins_a_case(desk: Desk) -> None:
    row = desk.write(
        "#priority high\nDear Joe,\nyour contract ends in May.\n\nAnn",
        sender="Ann Kowalska <ann@acme.example>",
        to=JOE,
        subject="Your contract",
        is_proven=False,
        head="Cc: support@acme.example",
    )
    assert (row["outcome"], row["reason"]) == ("opened", "new-by-agent-to")
    shown = desk.show(row["serial"])
    assert (shown["requester"], shown["assignee"], shown["priority"], shown["state"]) == (
        "joe@other.example",
        "ann@acme.example",
        "high",
        "open",
    )
    mail = desk.last("answer")
    assert mail["To"] == "joe@other.example" and "support" in str(mail["From"])
    assert "ann@acme.example" not in mail.as_string() and "#priority" not in mail.as_string()
    answer = desk.write("Thank you, I know.", sender=JOE, to=str(mail["Reply-To"]), subject=str(mail["Subject"]))
    assert (answer["outcome"], answer["serial"]) == ("appended", row["serial"])
    assert desk.mails()[-1] == ("followup", "ann@acme.example")


@pytest.mark.parametrize("form", ["support", "new"])
def test_the_standing_address_begins_a_case(desk: Desk, form: str) -> None:
    ask(desk, "#help")
    found = re.search(r"support\+(\S+)@acme\.example", words_of(desk.last("transcript")))
    assert found
    address = f"{form}+{found[1]}@acme.example"
    row = desk.write(
        "#cc +joe@other.example\nDear Joe,\nplease call us.",
        sender="Ann Kowalska <ann@acme.example>",
        to=address,
        subject="A question",
        is_proven=False,
    )
    assert row["reason"] == "new-by-agent-to"
    assert desk.show(row["serial"])["requester"] == "joe@other.example"
    assert ("answer", "joe@other.example") in desk.mails()
    # nobody else's mail opens anything there
    row = desk.write("Hi", sender="Kurt Weiss <kurt@acme.example>", to=address, is_proven=False)
    assert (row["outcome"], row["reason"]) == ("held", "agent-without-token")


def test_an_unproven_agents_mail_with_us_in_cc_sends_nothing(desk: Desk) -> None:
    raw = (
        "From: Ann Kowalska <ann@acme.example>\r\nTo: joe@other.example\r\nCc: support@acme.example\r\nSubject: x\r\n"
        f"Date: {desk.now:%a, %d %b %Y %H:%M:%S} +0000\r\nMessage-ID: <y@evil.example>\r\n\r\nPay here.\r\n"
    ).encode()
    from mailproc.records.mail import Envelope

    desk.site.engine.receive(
        raw, Envelope("smtp", desk.now, "mallory@evil.example", ("support@acme.example",), "192.0.2.9")
    ).result()
    desk.site.engine.work()
    assert "joe@other.example" not in [to for _, to in desk.mails()]
