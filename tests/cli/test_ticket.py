"""`ticket`, `hold`, `outbox`, `explain` as a person at a terminal uses them."""

import pytest

KEYS = {
    "number", "subject", "state", "priority", "department", "assignee", "requester", "language", "tags", "fields",
    "channel", "created_at", "due", "links",
}  # fmt: skip


@pytest.fixture
def number(shell, fresh_mail) -> str:  # type: ignore[no-untyped-def]
    """One open request's case number."""
    shell.take(fresh_mail())
    found = shell.json("ticket", "list")[0]["number"]
    assert isinstance(found, str)
    return found


def test_ticket_list_and_show_have_the_keys_of_the_contract(shell, number: str) -> None:  # type: ignore[no-untyped-def]
    assert set(shell.json("ticket", "list")[0]) == KEYS
    shown = shell.json("ticket", "show", number)
    assert set(shown) == KEYS | {"messages", "events"}
    assert set(shown["messages"][0]) == {
        "id", "direction", "visibility", "from", "to", "subject", "date", "text", "message_id", "purpose",
        "class", "level", "evidence", "attachments",
    }  # fmt: skip
    first = shown["messages"][0]
    assert (first["from"], first["class"], first["level"]) == ("jane@customer.example", "human", "A1")
    assert first["evidence"] and first["attachments"] == []
    assert number.startswith("ACME-")


@pytest.mark.parametrize("form", ["{}", "[{}]", "{lower}", "{plain}"])
def test_a_ticket_is_found_however_its_number_is_typed(shell, number: str, form: str) -> None:  # type: ignore[no-untyped-def]
    typed = form.format(number, lower=number.lower(), plain=number.replace("ACME-", "").replace("-", ""))
    assert shell.json("ticket", "show", typed)["number"] == number


def test_ticket_show_for_people_tells_the_whole_story(shell, number: str) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = shell("ticket", "show", number, "--trace")
    assert code == 0
    for word in (number, "It prints blank pages.", "history", "rules:", "follow-up:", "received"):
        assert word in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "ACME-482-179"], "is no case number"),
        (["close", "hello"], "is no case number"),
        (["assign", "{}", "nobody"], "no agent `nobody`"),
        (["move", "{}", "biling"], "did you mean"),
        (["reply", "{}", "--text", " "], "no text"),
    ],
)
def test_wrong_requests_say_what_to_do(shell, number: str, arguments: list[str], words: str) -> None:  # type: ignore[no-untyped-def]
    code, _, err = shell("ticket", *[argument.format(number) for argument in arguments])
    assert code == 2
    assert words in err
    assert "Traceback" not in err


def test_a_ticket_that_does_not_exist_says_so(shell, number: str) -> None:  # type: ignore[no-untyped-def]
    from mailproc.tickets.casenumber import format_number

    code, _, err = shell("ticket", "show", format_number(54321, "ACME"))
    assert code == 2 and "there is no ticket" in err


def test_the_desk_from_a_terminal(shell, number: str) -> None:  # type: ignore[no-untyped-def]
    assert shell("ticket", "note", number, "--text", "He is nice")[0] == 0
    assert shell("ticket", "assign", number, "Ann Kowalska")[0] == 0
    assert shell("ticket", "move", number, "billing")[0] == 0
    code, out, _ = shell("ticket", "reply", number, "--text", "Hello Jane", "--dry-run")
    assert code == 0 and "would" in out
    assert shell("ticket", "reply", number, "--text", "-", stdin=b"Hello Jane")[0] == 0
    assert shell("ticket", "close", number)[0] == 0
    assert shell("ticket", "reopen", number)[0] == 0
    assert shell("ticket", "resolve", number)[0] == 0
    assert shell("ticket", "resolve", number)[1] == f"{number}: nothing to do\n"
    shown = shell.json("ticket", "show", number)
    assert (shown["state"], shown["department"], shown["assignee"]) == ("resolved", "billing", "ann@acme.example")
    purposes = [row["purpose"] for row in shell.json("outbox", "list")]
    assert purposes.count("answer") == 1 and purposes.count("resolved") == 1
    note = next(message for message in shown["messages"] if message["purpose"] == "note")
    assert note["visibility"] == "internal"


def test_hold_list_show_release_discard(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    bad = fresh_mail(sender="a@x.example, b@x.example")
    shell.take(bad, fresh_mail(sender="a@y.example, b@y.example", message_id="<other@y>"))
    held = shell.json("hold", "list")
    assert [row["reason"] for row in held] == ["from-malformed", "from-malformed"]
    first, second = (str(row["id"]) for row in held)
    assert "Nobody knows who wrote" in shell("hold", "show", first)[1]
    assert shell("hold", "show", first, "--raw")[1].encode() == bad
    assert "opened" in shell("hold", "release", first, "--as", "new")[1]
    code, out, _ = shell("hold", "release", first, "--as", "new")
    assert code == 0 and "nothing to do" in out
    assert shell("hold", "discard", second)[0] == 0
    assert shell.json("hold", "list") == []
    assert len(shell.json("ticket", "list")) == 1


def test_outbox_list_show_retry_cancel(shell, number: str) -> None:  # type: ignore[no-untyped-def]
    rows = shell.json("outbox", "list")
    assert set(rows[0]) >= {"id", "state", "to", "purpose", "subject", "ticket", "attempts", "next_at", "answer"}
    assert shell("outbox", "show", str(rows[0]["id"]))[1].startswith("From: ")
    code, _, err = shell("outbox", "retry", str(rows[0]["id"]))
    assert code == 2 and "sent" in err
    assert shell("outbox", "retry", "999")[0] == 2
    assert shell("outbox", "cancel", str(rows[0]["id"]))[0] == 2


def test_explain_shows_what_would_happen_and_changes_nothing(shell, fresh_mail, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "mail.eml"
    path.write_bytes(fresh_mail(to="billing@acme.example"))
    shown = shell.json("explain", str(path))
    assert set(shown) >= {
        "class", "language", "level", "followup", "outcome", "reason", "department", "priority", "tags", "fields",
        "rules",
        "mails", "new_text", "cut_text", "from", "subject", "attachments", "defects", "trace",
    }  # fmt: skip
    assert (shown["outcome"], shown["department"], shown["class"], shown["level"]) == (
        "opened",
        "billing",
        "human",
        "A1",
    )
    assert shown["followup"] == {"ticket": None, "reason": "none"}
    assert {mail["purpose"] for mail in shown["mails"]} == {"forward", "received"}
    code, out, _ = shell("explain", str(path))
    assert code == 0 and "billing" in out and "Case:" in out
    assert shell.json("ticket", "list") == []
    assert shell.json("outbox", "list") == []


def test_explain_of_a_ticket_shows_its_traces(shell, number: str) -> None:  # type: ignore[no-untyped-def]
    assert shell("explain", "--ticket", number)[0] == 0
    assert shell.json("explain", "--ticket", number)["traces"][0]["outcome"] == "opened"


def test_outbox_cancel_and_retry_say_what_they_did(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    path = shell.folder / "mailproc.yaml"
    text = path.read_text(encoding="utf-8")
    start = text.index("\ndelivery:")
    dead = "\ndelivery: {kind: smtp, host: 127.0.0.1, port: 1, tls: none}"
    path.write_text(text[:start] + dead + text[text.index("\n", start + 1) :], encoding="utf-8")
    shell.take(fresh_mail())
    first, second = shell.json("outbox", "list")
    assert (first["state"], second["state"]) == ("queued", "queued")
    assert shell("outbox", "cancel", str(first["id"]))[:2] == (0, f"mail {first['id']}: cancelled\n")
    assert shell("outbox", "retry", str(second["id"]))[:2] == (0, f"mail {second['id']}: waits to be sent\n")
    assert shell.json("outbox", "list", "--state", "cancelled")[0]["id"] == first["id"]


def test_reply_as_somebody_who_is_no_agent_is_refused(shell, number: str) -> None:  # type: ignore[no-untyped-def]
    code, _, err = shell("ticket", "reply", number, "--text", "x", "--as", "nobody@x.example")
    assert code == 2 and "no agent's address" in err


def test_t46_a_reply_that_repeats_a_note_is_not_sent_unless_its_writer_insists(shell, number: str) -> None:  # type: ignore[no-untyped-def]
    secret = "The customer owes us 400 EUR since May, never send them anything on account again."
    assert shell("ticket", "note", number, "--text", secret)[0] == 0
    before = len(shell.json("outbox", "list"))
    text = f"Hello,\n\n{secret.replace('The customer', 'the Customer')}\n"
    code, _, err = shell("ticket", "reply", number, "--text", text)
    assert code == 2 and "repeats words of an internal note" in err and "--anyway" in err
    assert shell("ticket", "reply", number, "--text", text, "--dry-run")[0] == 2
    assert len(shell.json("outbox", "list")) == before
    assert shell("ticket", "reply", number, "--text", "We look into your account.")[0] == 0
    assert shell("ticket", "reply", number, "--text", text, "--anyway")[0] == 0
    assert [row["purpose"] for row in shell.json("outbox", "list")][before:].count("answer") == 2


def test_t47_a_reply_with_an_address_only_agents_may_know_is_never_sent(shell, number: str) -> None:  # type: ignore[no-untyped-def]
    from email import message_from_bytes

    assert shell("run", "--once")[0] == 0
    mails = [message_from_bytes(path.read_bytes()) for path in (shell.folder / "data/sent/new").iterdir()]
    address = next(str(mail["Reply-To"]) for mail in mails if mail["X-Mailproc-Ticket"])
    code, _, err = shell("ticket", "reply", number, "--text", f"Write to {address}.", "--anyway")
    assert code == 2 and "reply addresses" in err and "--anyway" not in err


def test_f27_a_mail_that_could_not_be_made_is_made_by_retry(shell, fresh_mail, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from mailproc.errors import Permanent
    from mailproc.render import composer

    def broken(*_: object) -> bytes:
        raise Permanent("Subject: broken on purpose")

    with monkeypatch.context() as patch:
        patch.setattr(composer, "compose", broken)
        shell.take(fresh_mail())
    assert [row["state"] for row in shell.json("outbox", "list")] == ["held", "held"]
    assert len(shell.json("ticket", "list")) == 1  # the ticket's work is done all the same
    for row in shell.json("outbox", "list"):
        assert shell("outbox", "retry", str(row["id"]))[0] == 0
    assert shell("run", "--once")[0] == 0
    assert [row["state"] for row in shell.json("outbox", "list")] == ["sent", "sent"]
    assert shell.json("outbox", "show", "1")["purpose"] == "forward"


def test_ticket_show_extracts_what_did_not_travel(shell, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from email.message import EmailMessage

    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "jane@customer.example", "support@acme.example", "Log"
    mail.set_content("See the log.")
    mail.add_attachment(b"a,b\n", maintype="text", subtype="csv", filename="log.csv")
    shell.take(mail.as_bytes())
    number = shell.json("ticket", "list")[0]["number"]
    assert shell("ticket", "show", number, "--extract", str(tmp_path / "out"))[0] == 0
    assert (tmp_path / "out" / "log.csv").read_bytes() == b"a,b\n"


def test_ticket_show_says_in_words_what_a_senders_name_rests_on(shell, number: str) -> None:  # type: ignore[no-untyped-def]
    out = shell("ticket", "show", number, "--trace")[1]
    assert "who wrote it: A1, not proven: nothing proves or contradicts the From address" in out
    assert "opened (new). A new request." in out


def test_explain_says_in_words_what_a_senders_name_rests_on(shell, fresh_mail, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "mail.eml"
    path.write_bytes(fresh_mail())
    out = shell("explain", str(path))[1]
    assert "A1, not proven\n" in out and "- nothing proves or contradicts the From address" in out


def test_ticket_show_says_where_a_long_mail_goes_on(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    shell.take(fresh_mail(text="\r\n".join(f"line {n}" for n in range(45))))
    out = shell("ticket", "show", shell.json("ticket", "list")[0]["number"])[1]
    assert "line 39" in out and "line 40" not in out
    assert "(5 more lines; --json shows them all)" in out


def test_a_terminal_obeys_no_mail(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    evil = "\x1b]0;pwned\x07 \x9b31m red"
    held = fresh_mail(sender="a@x.example, b@x.example", text=evil, message_id="<held@x>")
    shell.take(fresh_mail(text=evil), held)
    number, mail = shell.json("ticket", "list")[0]["number"], str(shell.json("hold", "list")[0]["id"])
    for out in (shell("ticket", "show", number, "--trace")[1], shell("hold", "show", mail)[1]):
        assert "pwned" in out
        assert not {"\x1b", "\x07", "\x9b"} & set(out)


def test_hold_show_says_why_and_what_to_do(shell, fresh_mail) -> None:  # type: ignore[no-untyped-def]
    shell.take(fresh_mail(sender="ann@acme.example", subject="Re: [ACME-100-009] x"), fresh_mail(sender="a@x, b@x"))
    mail = str(shell.json("hold", "list")[0]["id"])
    out = shell("hold", "show", mail)[1]
    assert "who wrote it" in out and f"`mailproc hold release {mail}`" in out
    assert shell("hold", "discard", mail)[0] == 0
    assert "hold release" not in shell("hold", "show", mail)[1]


def test_ticket_list_and_show_say_when_a_case_is_due(shell, number: str) -> None:  # type: ignore[no-untyped-def]
    from datetime import UTC, datetime

    found = shell.json("ticket", "show", number)
    due = datetime.fromisoformat(found["due"])
    assert due > datetime.now(UTC)
    _, out, _ = shell("ticket", "show", number)
    [line] = [line for line in out.splitlines() if line.startswith("  due ")]
    assert len(line.split()) == 3 and "overdue" not in line
    _, out, _ = shell("ticket", "list")
    assert " ".join(line.split()[1:]) in out


@pytest.mark.parametrize(
    ("due", "zone", "words"),
    [
        (None, "UTC", "-"),
        ("2026-01-13T17:00:00.000000Z", "Europe/Warsaw", "2026-01-13 18:00 overdue"),
        ("2999-01-13T17:00:00.000000Z", "UTC", "2999-01-13 17:00"),
    ],
)
def test_a_due_time_is_the_sites_and_what_is_past_is_overdue(due: str | None, zone: str, words: str) -> None:
    from mailproc.cli.ticket import due_words

    assert due_words(due, zone) == words


def test_ticket_remind_writes_to_who_is_known_and_says_why_not(shell, number: str) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = shell("ticket", "remind", number)
    assert code == 0 and "status to jane@customer.example not sent: nothing proves" in out
    assert shell("ticket", "reply", number, "--text", "Which model?")[0] == 0
    assert "would remind" in shell("ticket", "remind", number, "--dry-run")[1]
    assert "status to jane@customer.example queued" in shell("ticket", "remind", number)[1]
    assert shell("ticket", "close", number)[0] == 0
    code, _, err = shell("ticket", "remind", number)
    assert code == 2 and "nothing is awaited" in err
