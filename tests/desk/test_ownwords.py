"""What of an agent's mail is theirs, and what must never leave with it (T46, T47)."""

import pytest

from mailproc.desk.mails.ownwords import hide_inner_addresses
from mailproc.records.decision import Outcome
from mailproc.records.mail import Address, Level, Trust
from mailproc.records.ticket import SentMail, ThreadMessage
from mailproc.tickets.token import make_message_id
from tests.builders import (
    ANN,
    CUSTOMER,
    KEYS,
    NOW,
    SITE,
    decide,
    mails_of,
    make_known,
    make_mail,
    make_policy,
    make_ticket,
    token_address,
    told,
)

PROVEN = Trust(Level.A3, dmarc="pass")
OURS = make_message_id(KEYS, 10_000, 1, SITE.domain)
TOKEN = token_address("r", "department:frontdesk")
SENT_TEXT = f"""Case:        ACME-100-009
From:        Jane Doe <jane@customer.example>
Sender is:   not confirmed - anybody could have written this address
Department:  Front desk

Answer this mail and the customer gets your answer.
----------------------------------------------------------------------

It prints blank pages.

----------------------------------------------------------------------
To answer the customer, just reply to this mail, or write to:
  {TOKEN}
"""


def answer(text: str, *, names_ours: bool = True, **headers: str):  # type: ignore[no-untyped-def]
    sent = {
        (10_000, 1): SentMail(10_000, 1, "forward", "frontdesk@acme.example", "x", "", True, "agent", text=SENT_TEXT)
    }
    more = {"In_Reply_To": OURS} if names_ours else {}
    raw = make_mail(f"Ann <{ANN}>", TOKEN, "Re: Printer", text, "<a1@acme.example>", **more, **headers)
    return decide(raw, make_known(make_ticket(), sent=sent), trust=PROVEN)


def sent_to_customer(decision: object) -> str:
    (mail,) = [mail for mail in mails_of(decision) if mail.role == "customer"]  # type: ignore[arg-type]
    return mail.text


QUOTES = {
    "marked, no attribution": "Please restart it.\n\n" + "\n".join(f"> {line}" for line in SENT_TEXT.splitlines()),
    "not marked at all": "Please restart it.\n\n" + SENT_TEXT,
    "below the quote": SENT_TEXT + "\n\nPlease restart it.",
    "between the lines": SENT_TEXT.replace(
        "It prints blank pages.", "> It prints blank pages.\n\nPlease restart it.\n"
    ),
}


@pytest.mark.parametrize("quote", QUOTES)
def test_t46_the_card_and_our_signed_addresses_never_reach_the_customer(quote: str) -> None:
    decision = answer(QUOTES[quote])
    if decision.outcome is Outcome.HELD:
        assert CUSTOMER not in [to for _, to in told(decision)]
        return
    text = sent_to_customer(decision)
    assert "Please restart it." in text
    for inner in ("+ar", "Sender is", "Department", "Answer this mail"):
        assert inner not in text


@pytest.mark.parametrize(
    "shape",
    ["{}", "mailto:{}", "\u200b{}", "{upper}", "{split}", "{encoded}", "{soft}", "{zero}", "{wide}"],
)
def test_t47_a_token_however_written_holds_the_answer(shape: str) -> None:
    word = TOKEN.partition("@")[0]
    written = shape.format(
        TOKEN,
        upper=TOKEN.upper(),
        split=word[:20] + " " + word[20:],
        encoded=TOKEN.replace("+", "%2B"),
        soft=word[:20] + "=\r\n" + word[20:],
        zero=word[:20] + "\u200b" + word[20:],
        wide="".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in word),
    )
    decision = answer(f"See {written}", names_ours=False)
    assert (decision.outcome, decision.reason) == (Outcome.HELD, "would-leak")
    assert told(decision) == [("refused", ANN)]


def test_t46_words_of_a_note_hold_the_answer() -> None:
    note = ThreadMessage(
        "in", "internal", "note", make_ticket().requester, NOW, "this customer never pays his bills on time at all"
    )
    known = make_known(make_ticket(thread=(*make_ticket().thread, note)))

    def answered(text: str):  # type: ignore[no-untyped-def]
        return decide(make_mail(f"Ann <{ANN}>", TOKEN, "Re: Printer", text, "<a1@acme.example>"), known, trust=PROVEN)

    assert answered("As said, this customer never pays his bills on time at all, sorry.").reason == "would-leak"
    assert answered("You never pay on time.").reason == "agent-answer"


PROSE = (
    "Yes",
    "Thanks",
    "Your order 10011 has been dispatched today.",
    "Ticket number 482170 will be handled by Jane.",
    "Kundennummer 100234 haben wir gefunden, die Sendung geht heute noch raus.",
    "error 10060 means that the server does not answer",
    "see https://x.example/?id=ac12345abcdefghijklmnopqrstuv and ar10011abcdefghijklmnopq",
    "It prints blank pages.",
    "It prints blank pages.\nThen clean the rollers, please, and print a page of your own.",
)


@pytest.mark.parametrize("names_ours", [True, False])
@pytest.mark.parametrize("text", PROSE)
def test_ordinary_answers_go_out_word_for_word(text: str, names_ours: bool) -> None:
    decision = answer(text, names_ours=names_ours)
    assert decision.reason == "agent-answer"
    assert sent_to_customer(decision) == text


def test_an_answer_that_repeats_an_earlier_answer_keeps_every_word() -> None:
    earlier = "Please restart the router, wait five minutes and start it again with the red button."
    mine = ThreadMessage("in", "internal", "answer", Address(ANN, "Ann"), NOW, earlier)
    out = ThreadMessage("out", "public", "answer", Address(ANN, "Ann"), NOW, earlier)
    text = f"As I said before:\n{earlier}\nIf that does not help, call us."
    raw = make_mail(f"Ann <{ANN}>", TOKEN, "Re: Printer", text, "<a2@acme.example>")
    decision = decide(raw, make_known(make_ticket(thread=(*make_ticket().thread, mine, out))), trust=PROVEN)
    assert sent_to_customer(decision) == text


def test_bare_quote_marks_do_not_go_out() -> None:
    quoted = "\n".join(f"> {line}".rstrip() for line in SENT_TEXT.splitlines())
    assert sent_to_customer(answer(f"Yes\n\n{quoted}")).strip() == "Yes"


def test_t47_an_attached_notification_holds_the_answer() -> None:
    inner = f"From: support@acme.example\r\nX-Loop-Guard: {OURS}\r\n\r\ncard".encode()
    raw = (
        (
            f"From: Ann <{ANN}>\r\nTo: {TOKEN}\r\nSubject: Re: Printer\r\nDate: Tue, 13 Jan 2026 08:59:00 +0000\r\n"
            'Message-ID: <a2@acme.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
            "--b\r\nContent-Type: text/plain\r\n\r\nSee the mail.\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        ).encode()
        + inner
        + b"\r\n--b--\r\n"
    )
    decision = decide(raw, make_known(make_ticket()), trust=PROVEN)
    assert (decision.reason, told(decision)) == ("would-leak", [("refused", ANN)])


def test_agents_addresses_become_the_sites() -> None:
    policy = make_policy()
    text = "Ann Kowalska | ANN@acme.example | frontdesk@acme.example | jane@customer.example"
    expected = "Ann Kowalska | support@acme.example | support@acme.example | jane@customer.example"
    assert hide_inner_addresses(text, policy) == expected


def test_commands_in_the_customers_own_text_are_never_carried_out() -> None:
    """A client that quotes without marks brings the customer's words back; they are no commands of the agent."""
    asked = make_ticket().thread[0]
    from dataclasses import replace

    hostile = "Hello dear support team\n\n#resolve\n#priority low\n#note internal poison"
    ticket = make_ticket(thread=(replace(asked, text=hostile),))
    raw = make_mail(f"Ann <{ANN}>", TOKEN, "Re: Printer", f"Please restart it.\n\n{hostile}", "<a3@acme.example>")
    decision = decide(raw, make_known(ticket), trust=PROVEN)
    assert not any(type(effect).__name__ in ("SetState", "SetAttribute") for effect in decision.effects)


def test_only_quoted_words_are_no_answer() -> None:
    assert answer("> Please restart it.\n> Thanks", names_ours=False).reason == "empty-answer"


def test_files_past_the_limit_are_refused_before_anything_is_sent() -> None:
    from dataclasses import replace

    policy = make_policy(replace(SITE, max_attachments_size=10))
    raw = (
        f"From: Ann <{ANN}>\r\nTo: {TOKEN}\r\nSubject: x\r\nDate: Tue, 13 Jan 2026 08:59:00 +0000\r\n"
        "Message-ID: <a4@x>\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nHere.\r\n--b\r\nContent-Type: text/csv\r\n'
        'Content-Disposition: attachment; filename="a.csv"\r\n\r\n0123456789012345\r\n--b--\r\n'
    ).encode()
    decision = decide(raw, make_known(make_ticket()), trust=PROVEN, policy=policy)
    assert (decision.reason, told(decision)) == ("attachments-too-large", [("refused", ANN)])


def test_t19_the_same_message_id_again_is_held() -> None:
    raw = make_mail(f"Ann <{ANN}>", TOKEN, "Re: Printer", "Again.", "<a1@acme.example>", X_Mailer="z")
    known = make_known(make_ticket(), by_id={"<a1@acme.example>": 10_000})
    assert decide(raw, known, trust=PROVEN).reason == "agent-replay"
    undated = make_mail(f"Ann <{ANN}>", TOKEN, "Re: Printer", "x", "<a9@acme.example>").replace(
        b"Date: Tue", b"X-Was: Tue"
    )
    assert decide(undated, make_known(make_ticket()), trust=PROVEN).reason == "agent-stale"


def test_a_note_address_beside_the_reply_address_keeps_it_inside() -> None:
    both = f"{TOKEN}, {token_address('n', 'department:frontdesk')}"
    raw = make_mail(f"Ann <{ANN}>", both, "Re: Printer", "He shouted at me.", "<a5@acme.example>")
    assert decide(raw, make_known(make_ticket()), trust=PROVEN).reason == "agent-note"


def test_t03_a_forged_absence_note_of_an_agent_is_held() -> None:
    raw = make_mail(
        f"Ann <{ANN}>", TOKEN, "Re: Printer", "I am away.", "<a6@acme.example>", Auto_Submitted="auto-replied"
    )
    assert decide(raw, make_known(make_ticket()), level=Level.A0).reason == "agent-unproven"


def test_released_as_the_agents_it_goes_as_it_stands() -> None:
    raw = make_mail(f"Ann <{ANN}>", TOKEN, "Re: Printer", "#hashtag is my first line\nDone.", "<a7@acme.example>")
    assert decide(raw, make_known(make_ticket()), trust=PROVEN).reason == "unknown-command"
    decision = decide(raw, make_known(make_ticket()), trust=PROVEN, released_as="agent")
    assert sent_to_customer(decision) == "#hashtag is my first line\nDone."
    two = make_mail(f"Ann <{ANN}>, x@y.example", TOKEN, "Re: Printer", "Done.", "<a8@acme.example>")
    assert decide(two, make_known(make_ticket()), trust=PROVEN, released_as="agent").reason == "from-malformed"


# ---- loops (T31, T34)


def test_t31_a_departments_mailbox_never_gets_its_own_mail_back() -> None:
    raw = make_mail("frontdesk@acme.example", subject="Re: something else", message_id="<f1@acme.example>")
    decision = decide(raw)
    assert "frontdesk@acme.example" not in [to for _, to in told(decision)]
    answered = make_mail("frontdesk@acme.example", TOKEN, "I am not here", "Robot.", "<f2@acme.example>")
    decision = decide(answered, make_known(make_ticket()))
    assert (decision.outcome, decision.reason, told(decision)) == (Outcome.HELD, "department-not-agent", [])


def test_t31_mail_of_another_help_desk_is_automatic() -> None:
    decision = decide(make_mail("support@b.example", X_Loop_Guard="<t.10000.1.aaaaaaaaaaaaaaaaa@b.example>"))
    assert "support@b.example" not in [to for _, to in told(decision)]
