"""Nothing internal reaches a customer with an agent's answer, however their mail client quotes ours (T46, T47)."""

from pathlib import Path

import pytest

from bench.leaks import NOTES, STYLES, find_leaks, measure, shingles
from bench.leakstyles import WORDS
from mailproc.records.ticket import ThreadMessage
from tests.builders import ANN, CUSTOMER, NOW, decide, make_known, make_mail, make_ticket, token_address, told
from tests.desk.test_ownwords import PROVEN, TOKEN, answer


def test_t46_agents_answers_in_all_styles_leak_nothing(tmp_path: Path) -> None:
    assert len(STYLES) >= 20 and len(WORDS) >= 10
    tally = measure(tmp_path, 203)
    assert tally.leaks == []
    # And what they wrote arrives: whole where a style has marks of any kind, held where there are none
    whole, changed, held = (sum(counter.values()) for counter in (tally.whole, tally.changed, tally.held))
    assert whole >= 0.8 * (whole + changed + held) and changed <= 0.05 * whole, (tally.changed, tally.held)


def test_the_measure_finds_what_it_looks_for() -> None:
    notes = {shingle for note in NOTES for shingle in shingles(note)}
    signed = "support+ar10000aaaaaaaaaaaaaaaa@acme.example"
    for body in (*NOTES, "ask ann.kowalska@acme.example", signed, "Innendienst DE"):
        raw = f"Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n".encode()
        assert find_leaks(raw, notes, ANN), body
    for head in ("X-Mailproc-Rule: a", "X-Originating-IP: [10.1.2.3]", "User-Agent: x"):
        assert find_leaks(f"{head}\r\nContent-Type: text/plain\r\n\r\nHello\r\n".encode(), notes, ANN), head


# ---- what generated answers do not show


def note_of(text: str) -> ThreadMessage:
    return ThreadMessage("in", "internal", "note", make_ticket().requester, NOW, text)


def test_t46_a_note_that_is_long_past_still_holds_the_answer() -> None:
    """The thread that is read for the history ends after six messages; the notes do not."""
    old = "this customer has never once paid a bill of ours in time"
    ticket = make_ticket(notes=("something else", old))
    raw = make_mail(f"Ann <{ANN}>", TOKEN, "Re: Printer", f"As we said: {old}!", "<a1@acme.example>")
    assert decide(raw, make_known(ticket), trust=PROVEN).reason == "would-leak"


def test_t46_a_note_of_a_case_that_was_merged_holds_the_answer() -> None:
    old = "this customer has never once paid a bill of ours in time"
    merged = make_ticket(serial=10_001, merged_into=10_000, notes=(old,))
    raw = make_mail(f"Ann <{ANN}>", TOKEN, "Re: Printer", f"As we said: {old}!", "<a1@acme.example>")
    assert decide(raw, make_known(make_ticket(), merged), trust=PROVEN).reason == "would-leak"


def test_words_of_a_mail_that_nothing_proved_go_to_nobody() -> None:
    """An agent's client that quotes without marks must not carry a forger's words to the real customer."""
    forged = "please transfer the whole sum to this other account of ours by tomorrow"
    from mailproc.records.mail import Address

    follow_up = ThreadMessage("in", "public", "followup", Address(CUSTOMER), NOW, forged, is_unverified=True)
    from dataclasses import replace

    from mailproc.records.ticket import SentMail
    from mailproc.tickets.token import make_message_id
    from tests.builders import KEYS, SITE

    ticket = make_ticket(thread=(*make_ticket().thread, follow_up))
    ours = make_message_id(KEYS, 10_000, 1, SITE.domain)
    sent = {(10_000, 1): SentMail(10_000, 1, "followup", ANN, ANN, "", True, "agent", text=f"Card\n\n{forged}\n")}
    text = f"Is this from you: '{forged}'?"
    raw = make_mail(f"Ann <{ANN}>", TOKEN, "Re: Printer", text, "<a1@acme.example>", In_Reply_To=ours)
    assert decide(raw, make_known(ticket, sent=sent), trust=PROVEN).reason == "would-leak"
    proven = replace(ticket, thread=(*make_ticket().thread, replace(follow_up, is_unverified=False)))
    assert decide(raw, make_known(proven, sent=sent), trust=PROVEN).reason == "agent-answer"


@pytest.mark.parametrize("purpose", "rndh")
@pytest.mark.parametrize("form", ["{}", "<mailto:{}?subject=x>", "({})", "mailto:{}"])
def test_t47_an_address_of_the_inside_counts_even_when_its_token_is_dead(purpose: str, form: str) -> None:
    dead = f"support+z{purpose}10001aaaaaaaaaaaaaaaa@acme.example"
    decision = answer("See " + form.format(dead), names_ours=False)
    assert (decision.reason, told(decision)) == ("would-leak", [("refused", ANN)])


def test_a_customers_own_address_is_no_secret_of_ours() -> None:
    own = token_address("c", CUSTOMER)
    assert answer(f"Write to {own}, please.", names_ours=False).reason == "agent-answer"


def attached(content_type: str, name: str, content: bytes):  # type: ignore[no-untyped-def]
    from base64 import encodebytes

    raw = (
        f"From: Ann <{ANN}>\r\nTo: {TOKEN}\r\nSubject: Re: Printer\r\nDate: Tue, 13 Jan 2026 08:59:00 +0000\r\n"
        'Message-ID: <a2@acme.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--b\r\nContent-Type: {content_type}\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    ).encode() + encodebytes(content).replace(b"\n", b"\r\n") + b"--b--\r\n"
    ticket = make_ticket(thread=(*make_ticket().thread, note_of("this customer has never once paid a bill of ours")))
    return decide(raw, make_known(ticket), trust=PROVEN)


NOTE = "this customer has never once paid a bill of ours"


@pytest.mark.parametrize(
    ("content_type", "name", "content"),
    [
        ("application/vnd.ms-outlook", "case.msg", f"X-Mailproc-Ticket {TOKEN}".encode("utf-16-le")),
        ("application/vnd.ms-outlook", "case.msg", f"Reply to {TOKEN}".encode("utf-16-le")),
        ("application/octet-stream", "case.eml", b"X-Mailproc-Ticket: ACME-1\r\n\r\nx"),
        ("text/plain", "case.txt", NOTE.encode()),
        ("text/html", "case.html", f"<p>{NOTE.replace(' ', '<b> </b>')}</p>".encode()),
        ("application/octet-stream", "x.eml", f"Subject: x\r\n\r\nNote:\r\n> {NOTE}\r\n".encode()),
    ],
)
def test_t47_files_that_hold_the_inside_stay_inside(content_type: str, name: str, content: bytes) -> None:
    decision = attached(content_type, name, content)
    assert (decision.reason, told(decision)) == ("would-leak", [("refused", ANN)])


def test_an_ordinary_file_goes_out() -> None:
    for content_type, name in (("text/plain", "manual.txt"), ("text/html", "a.html"), ("application/pdf", "a.pdf")):
        decision = attached(content_type, name, b"Press the red button for ten seconds, then let go.")
        assert decision.reason == "agent-answer"
