"""Copies of an agent's mail that somebody changed or redirected (T19), and reply addresses that were revoked (T21)."""

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta

import pytest

from mailproc.message.parse import parse
from mailproc.records.decision import Decision
from mailproc.records.effects import IndexIds
from mailproc.records.mail import Level, Trust
from mailproc.records.ticket import SentMail
from mailproc.tickets.followup import find_keys
from mailproc.tickets.token import make_message_id, make_reply_address, make_token
from tests.builders import (
    ANN,
    CUSTOMER,
    KEYS,
    NOW,
    SITE,
    decide,
    make_envelope,
    make_known,
    make_mail,
    make_policy,
    make_ticket,
    token_address,
    told,
)

PROVEN = Trust(Level.A3, dmarc="pass", has_aligned_dkim=True)
DESK = "department:frontdesk"
TOKEN = token_address("r", DESK)
SIGNATURE = b64encode(bytes(range(200))).decode()
SIGNED = f"v=1; a=rsa-sha256; d=acme.example; s=s; h=from:subject:date:to; bh=abc=; b={SIGNATURE}"


def signed(text: str = "Please restart it.", message_id: str = "<a1@acme.example>", dkim: str = SIGNED) -> bytes:
    return make_mail(f"Ann <{ANN}>", TOKEN, "Re: Printer", text, message_id, DKIM_Signature=dkim)


def indexed(decision: Decision) -> dict[str, int]:
    return {one: e.serial for e in decision.effects if isinstance(e, IndexIds) for one in e.message_ids if one}


def test_t19_a_signed_mail_with_another_message_id_is_held() -> None:
    first = decide(signed(), make_known(make_ticket()), trust=PROVEN)
    assert first.reason == "agent-answer"
    known = make_known(make_ticket(), by_id=indexed(first))
    for changed in (
        signed(message_id="<other@acme.example>"),
        signed(message_id=""),
        signed(message_id="<other@acme.example>").replace(b"2026 08:59", b"2026 08:58"),
        signed(message_id="<other@acme.example>").replace(b"Content-Type: text/plain; charset=utf-8\r\n", b""),
        signed("Other words", "<other@acme.example>"),  # whose signature would fail; here it is taken for proven
        signed(message_id="<o@a>", dkim=SIGNED.replace(SIGNATURE, "\r\n\t".join((SIGNATURE[:40], SIGNATURE[40:])))),
        signed(message_id="<o@a>", dkim=SIGNED.replace("; b=", " ;\r\n b = ")),
        b"DKIM-Signature: v=1; b=AAAA\r\n" + signed(message_id="<o@a>"),
    ):
        again = decide(changed, known, trust=PROVEN)
        assert again.reason == "agent-replay", changed
        assert all(to == ANN for _, to in told(again)), changed  # asked whether it was she, at most


def test_t19_an_unsigned_copy_is_known_by_its_date_and_words() -> None:
    def unsigned(message_id: str, text: str = "Please restart it.") -> bytes:
        return make_mail(f"Ann <{ANN}>", TOKEN, "Re: Printer", text, message_id)

    first = decide(unsigned("<a1@acme.example>"), make_known(make_ticket()), trust=PROVEN)
    known = make_known(make_ticket(), by_id=indexed(first))
    assert decide(unsigned("<a2@acme.example>"), known, trust=PROVEN).reason == "agent-replay"
    assert decide(unsigned("<a2@acme.example>", "Please  restart\r\nit."), known, trust=PROVEN).reason == "agent-replay"


def test_the_same_words_to_two_cases_in_one_second_are_two_answers() -> None:
    """A mail program's macro writes the same to many."""
    other = replace(make_ticket(), serial=10_001, number="ACME-100-017")
    to_other = token_address("r", DESK, 10_001)
    first = decide(make_mail(f"Ann <{ANN}>", TOKEN, "Re: Printer", "Done.", "<a1@acme.example>"),
                   make_known(make_ticket()), trust=PROVEN)
    known = make_known(make_ticket(), other, by_id=indexed(first))
    raw = make_mail(f"Ann <{ANN}>", to_other, "Re: Printer", "Done.", "<a2@acme.example>")
    assert decide(raw, known, envelope=make_envelope(ANN, to_other), trust=PROVEN).reason == "agent-answer"


def test_the_same_words_at_another_time_are_another_answer() -> None:
    first = decide(signed("Yes"), make_known(make_ticket()), trust=PROVEN)
    other = SIGNED.replace(SIGNATURE, b64encode(bytes(200)).decode())
    later = signed("Yes", "<a2@acme.example>", other).replace(b"08:59:00", b"08:59:30")
    known = make_known(make_ticket(), by_id=indexed(first))
    assert decide(later, known, trust=PROVEN).reason == "agent-answer"


def test_only_mail_that_may_be_an_agents_has_marks_and_no_reference_can_name_one() -> None:
    inbound = parse(make_mail(DKIM_Signature=SIGNED, References="<dkim:aa> dkim:bb said:cc <said:dd>"))
    keys = find_keys(inbound, make_envelope(), SITE, KEYS)
    assert keys.marks == ()
    assert all(one.startswith("<") for one in keys.other_ids)
    (dkim, said) = find_keys(parse(signed()), make_envelope(ANN, TOKEN), SITE, KEYS).marks
    assert dkim.startswith("dkim:") and said.startswith("said:")


@pytest.mark.parametrize("to", ["evil@x.example", "Customer <jane@customer.example>", token_address("r", DESK, 10_001)])
def test_t19_an_agents_mail_to_others_does_not_become_an_answer_by_its_envelope(to: str) -> None:
    raw = make_mail(f"Ann <{ANN}>", to, "Lunch", "The code of the door is 1234.", "<a1@acme.example>")
    decision = decide(raw, make_known(make_ticket()), trust=PROVEN, envelope=make_envelope(ANN, TOKEN))
    assert decision.reason == "agent-redirected"
    assert all(to == ANN for _, to in told(decision))


@pytest.mark.parametrize("to", [TOKEN, f"Acme <{TOKEN}>", f"{CUSTOMER}, {TOKEN}", "support@acme.example"])
def test_an_answer_that_names_us_is_an_answer(to: str) -> None:
    raw = make_mail(f"Ann <{ANN}>", to, "Re: Printer", "Please restart it.", "<a1@acme.example>")
    decision = decide(raw, make_known(make_ticket()), trust=PROVEN, envelope=make_envelope(ANN, TOKEN))
    assert decision.reason == "agent-answer"


# ---- revoked

NEWER = make_reply_address(SITE, make_token(KEYS, "r", 10_000, DESK, epoch=2), SITE.addresses[0])


def test_t21_revoked_addresses_hold_agents_and_prove_no_customer() -> None:
    ticket = make_ticket(token_epoch=2)
    assert decide(signed(), make_known(ticket), trust=PROVEN).reason == "agent-without-token"
    raw = make_mail(to=token_address("c", CUSTOMER), message_id="<m2@customer.example>")
    assert decide(raw, make_known(ticket), level=Level.A1).reason == "follow-up-unverified"
    assert decide(raw, make_known(make_ticket()), level=Level.A1).reason == "follow-up"
    raw = make_mail(f"Ann <{ANN}>", NEWER, "Re: Printer", "Please restart it.", "<a1@acme.example>")
    answered = decide(raw, make_known(ticket), trust=PROVEN)
    assert answered.reason == "agent-answer"
    assert decide(raw, make_known(make_ticket()), trust=PROVEN).reason == "agent-without-token"


def test_what_is_sent_after_a_revocation_carries_new_addresses() -> None:
    from tests.builders import mails_of

    ticket = make_ticket(token_epoch=2)
    raw = make_mail(f"Ann <{ANN}>", NEWER, "Re: Printer", "Please restart it.", "<a1@acme.example>")
    assert {mail.token_epoch for mail in mails_of(decide(raw, make_known(ticket), trust=PROVEN))} == {2}


@pytest.mark.parametrize(("n", "reason"), [(2, "agent-without-token"), (3, "agent-answer")])
def test_without_extension_the_ids_of_revoked_mails_stand_for_nothing(n: int, reason: str) -> None:
    policy = make_policy(replace(SITE, address_extension="none"))
    ours = make_message_id(KEYS, 10_000, n, SITE.domain)
    sent = {(10_000, n): SentMail(10_000, n, "forward", ANN, ANN, "", True, "agent")}
    raw = make_mail(f"Ann <{ANN}>", "support@acme.example", "Re: x", "Restart.", "<a1@acme.example>", In_Reply_To=ours)
    known = make_known(make_ticket(token_epoch=2, mails_out=3), sent=sent)
    assert decide(raw, known, policy=policy, trust=PROVEN, envelope=make_envelope(ANN)).reason == reason


def test_without_extension_a_mail_to_the_agent_as_a_customer_gives_no_agents_rights() -> None:
    policy = make_policy(replace(SITE, address_extension="none"))
    ours = make_message_id(KEYS, 10_000, 2, SITE.domain)
    sent = {(10_000, 2): SentMail(10_000, 2, "received", ANN, ANN, "", True, "customer")}
    raw = make_mail(f"Ann <{ANN}>", "support@acme.example", "Re: x", "Restart.", "<a1@acme.example>", In_Reply_To=ours)
    known = make_known(make_ticket(), sent=sent)
    decision = decide(raw, known, policy=policy, trust=PROVEN, envelope=make_envelope(ANN))
    assert decision.reason == "agent-without-token"


def test_without_extension_the_id_of_an_old_mail_proves_no_customer() -> None:
    policy = make_policy(replace(SITE, address_extension="none"))
    ours = make_message_id(KEYS, 10_000, 2, SITE.domain)
    sent = {(10_000, 2): SentMail(10_000, 2, "received", CUSTOMER, CUSTOMER, "", True)}
    raw = make_mail(subject="Re: Printer", message_id="<m2@customer.example>", In_Reply_To=ours)
    old = make_ticket(last_mail_at=NOW - timedelta(days=181))
    known = make_known(old, sent=sent)
    assert decide(raw, known, policy=policy, level=Level.A1).reason == "follow-up-unverified"
