"""The trust table (mail-policy section 3): who may do what, cell by cell, and that no forbidden byte leaves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailproc.records.decision import Outcome
from mailproc.records.mail import Level, Trust
from mailproc.records.site import TrustPolicy
from mailproc.records.ticket import SentMail, State
from tests.builders import (
    ANN,
    CUSTOMER,
    KEYS,
    NOW,
    SITE,
    decide,
    mails_of,
    make_envelope,
    make_known,
    make_mail,
    make_policy,
    make_ticket,
    token_address,
    told,
)

TAG = f"[{make_ticket().number}]"
DEPARTMENT = "department:frontdesk"
PROVEN = Trust(Level.A3, dmarc="pass")
HANDED_IN = make_envelope(ANN, client="127.0.0.1")


def agent_mail(to: str = "", text: str = "Please restart it.", sender: str = f"Ann <{ANN}>", **headers: str) -> bytes:
    return make_mail(
        sender, to or token_address("r", DEPARTMENT), f"Re: {TAG} Printer", text, "<a1@acme.example>", **headers
    )


# ---- customers


@pytest.mark.parametrize(
    ("level", "outcome", "reason"),
    [
        (Level.A0, Outcome.HELD, "sender-contradicted"),
        (Level.A1, Outcome.OPENED, "new"),
        (Level.A2, Outcome.OPENED, "new"),
        (Level.A3, Outcome.OPENED, "new"),
    ],
)
def test_customer_with_a_new_request_needs_a1(level: Level, outcome: Outcome, reason: str) -> None:
    decision = decide(make_mail(), level=level)
    assert (decision.outcome, decision.reason) == (outcome, reason)


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("has_token", [False, True])
@pytest.mark.parametrize("is_participant", [False, True])
def test_customer_on_a_ticket_follows_the_table(level: Level, has_token: bool, is_participant: bool) -> None:
    sender = CUSTOMER if is_participant else "stranger@elsewhere.example"
    to = token_address("c", CUSTOMER) if has_token else "support@acme.example"
    raw = make_mail(sender, to, f"Re: {TAG} Printer", "More.", "<m2@customer.example>")
    decision = decide(
        raw, make_known(make_ticket(state=State.RESOLVED)), level=level, envelope=make_envelope(sender, to)
    )
    if level is Level.A0:
        assert decision.outcome is Outcome.HELD
        assert told(decision) == []
    elif not is_participant:
        # Not a participant, even with a valid token: a new linked ticket
        assert (decision.outcome, decision.reason) == (Outcome.OPENED, "new-stranger")
        assert CUSTOMER not in [to for _, to in told(decision)]
    else:
        verified = level >= Level.A2 or has_token
        assert decision.reason == ("follow-up" if verified else "follow-up-unverified")
        assert told(decision) == [("followup", "frontdesk@acme.example")]
        assert ("is_unverified", "" if verified else "yes") in mails_of(decision)[0].context


def test_t01_inbound_cc_never_grants_anything() -> None:
    raw = make_mail(subject=f"Re: {TAG} Printer", Cc="evil@x.example")
    decision = decide(raw, make_known(make_ticket()))
    assert "evil@x.example" not in [to for _, to in told(decision)]
    assert not any(type(effect).__name__ == "AddParticipant" for effect in decision.effects)


def test_t06_a_stranger_who_copies_the_references_gets_a_ticket_of_their_own() -> None:
    raw = make_mail("evil@x.example", subject="hi", message_id="<e@x.example>", References="<m1@customer.example>")
    known = make_known(make_ticket(), by_id={"<m1@customer.example>": 10_000})
    decision = decide(raw, known, envelope=make_envelope("evil@x.example"))
    assert (decision.reason, decision.serial) == ("new-stranger", 10_500)
    assert CUSTOMER not in [to for _, to in told(decision)]


def test_t09_two_tags_win_nothing() -> None:
    other = make_ticket(serial=10_001, number="ACME-100-019")
    from mailproc.tickets.casenumber import format_number

    other = replace(other, number=format_number(10_001, "ACME"))
    decision = decide(make_mail(subject=f"{TAG} [{other.number}] x"), make_known(make_ticket(), other))
    assert (decision.outcome, decision.reason) == (Outcome.OPENED, "new-two-tags")


def test_t16_reply_to_of_a_customer_steers_nothing() -> None:
    decision = decide(make_mail(Reply_To="evil@x.example"), level=Level.A2)
    assert ("received", CUSTOMER) in told(decision)
    assert "evil@x.example" not in [to for _, to in told(decision)]


def test_t24_another_address_of_the_customers_domain_is_a_stranger() -> None:
    decision = decide(
        make_mail("boss@customer.example", subject=f"Re: {TAG}"), make_known(make_ticket()), level=Level.A3
    )
    assert decision.reason == "new-stranger"


def test_a_customer_token_dies_after_180_days() -> None:
    old = make_ticket(last_mail_at=NOW - timedelta(days=181))
    raw = make_mail(to=token_address("c", CUSTOMER), message_id="<m2@customer.example>")
    assert decide(raw, make_known(old), level=Level.A1).reason == "follow-up-unverified"


def test_without_address_extension_the_answered_mail_stands_in_for_the_token() -> None:
    from mailproc.tickets.token import make_message_id

    policy = make_policy(replace(SITE, address_extension="none"))
    ours = make_message_id(KEYS, 10_000, 2, SITE.domain)
    sent = {(10_000, 2): SentMail(10_000, 2, "received", CUSTOMER, CUSTOMER, "", True)}
    raw = make_mail(subject="Re: Printer", message_id="<m2@customer.example>", In_Reply_To=ours)
    assert decide(raw, make_known(make_ticket(), sent=sent), policy=policy, level=Level.A1).reason == "follow-up"


# ---- agents


def test_a_proven_agent_with_a_token_answers_the_customer() -> None:
    decision = decide(agent_mail(), make_known(make_ticket()), trust=PROVEN)
    assert (decision.outcome, decision.reason) == (Outcome.ANSWERED, "agent-answer")
    assert told(decision) == [("answer", CUSTOMER), ("copy", "frontdesk@acme.example")]
    answer = mails_of(decision)[0]
    assert answer.text == "Please restart it."
    assert not answer.is_automatic


@pytest.mark.parametrize("mode", ["dmarc", "network", "token"])
@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("has_dkim", [False, True])
@pytest.mark.parametrize("is_submitted", [False, True])
@pytest.mark.parametrize("token", ["department", "own", "none", "other-ticket", "other-agent", "customer"])
def test_t03_t23_agent_needs_directory_token_and_proof(
    mode: str, level: Level, has_dkim: bool, is_submitted: bool, token: str
) -> None:
    """The whole product for an agent's mail with a command: only the allowed cells reach the customer."""
    policy = make_policy(replace(SITE, trust=TrustPolicy(agent_trust=mode)))
    to = {
        "department": token_address("r", DEPARTMENT),
        "own": token_address("r", ANN),
        "none": "support@acme.example",
        "other-ticket": token_address("r", DEPARTMENT, serial=10_001),
        "other-agent": token_address("r", "bo@acme.example"),
        "customer": token_address("c", ANN),
    }[token]
    trust = Trust(level, has_aligned_dkim=has_dkim, is_submitted=is_submitted)
    decision = decide(
        agent_mail(to, "#resolve\nDone."),
        make_known(make_ticket()),
        policy=policy,
        trust=trust,
        envelope=make_envelope(ANN, to),
    )
    proven = {
        "dmarc": level is Level.A3 or has_dkim,
        "network": level is Level.A3 or has_dkim or is_submitted,
        "token": True,
    }[mode] and level is not Level.A0
    if token in ("department", "own") and proven:
        assert decision.outcome is Outcome.ANSWERED
        assert ("resolved", CUSTOMER) in told(decision)
    else:
        assert decision.outcome is Outcome.HELD
        assert told(decision) == []
        assert not any(type(effect).__name__ == "SetState" for effect in decision.effects)


def test_t04_an_agent_who_lost_access_is_held_when_the_mail_is_processed() -> None:
    gone = make_policy(rules=RULES_WITHOUT_ANN)
    decision = decide(agent_mail(), make_known(make_ticket()), trust=PROVEN, policy=gone)
    assert (decision.outcome, decision.reason) == (Outcome.HELD, "agent-inactive")


def test_an_agent_of_another_department_is_held() -> None:
    raw = agent_mail(token_address("r", "bo@acme.example"), sender="Bo <bo@acme.example>")
    decision = decide(raw, make_known(make_ticket()), trust=PROVEN)
    assert decision.reason == "agent-not-entitled"
    assert told(decision) == []


def test_t16_an_agents_foreign_reply_to_is_held() -> None:
    assert (
        decide(agent_mail(Reply_To="evil@x.example"), make_known(make_ticket()), trust=PROVEN).reason
        == "agent-reply-to"
    )


def test_t19_an_agents_old_mail_is_held() -> None:
    raw = agent_mail().replace(b"Tue, 13 Jan 2026", b"Sat, 03 Jan 2026")
    assert decide(raw, make_known(make_ticket()), trust=PROVEN).reason == "agent-stale"


def test_t21_a_token_in_a_strangers_hands_opens_only_their_own_ticket() -> None:
    to = token_address("r", ANN)
    decision = decide(make_mail("evil@x.example", to, "Re: hi"), make_known(make_ticket()), level=Level.A3)
    assert decision.reason == "new-stranger"
    assert CUSTOMER not in [address for _, address in told(decision)]


def test_an_agent_token_dies_after_30_days() -> None:
    old = make_ticket(last_mail_at=NOW - timedelta(days=31))
    assert decide(agent_mail(), make_known(old), trust=PROVEN).reason == "agent-without-token"


def test_automatic_mail_of_an_agent_never_reaches_the_customer() -> None:
    decision = decide(agent_mail(Auto_Submitted="auto-replied"), make_known(make_ticket()), trust=PROVEN)
    assert (decision.outcome, decision.reason) == (Outcome.APPENDED, "agent-automatic")
    assert told(decision) == []


def test_an_agent_who_is_the_requester_speaks_as_the_customer() -> None:
    ticket = make_ticket(participants=(ANN,), requester=replace(make_ticket().requester, addr=ANN))
    decision = decide(make_mail(f"Ann <{ANN}>", subject=f"Re: {TAG}"), make_known(ticket), level=Level.A3)
    assert decision.reason == "follow-up"


def test_an_agent_without_a_ticket_becomes_a_requester() -> None:
    assert decide(make_mail(f"Ann <{ANN}>"), level=Level.A3).reason == "new-by-agent"


def test_t10_a_display_name_is_no_identity() -> None:
    for sender in (f"{ANN} <evil@x.example>", f'"{ANN}" <evil@x.example>', f"<{ANN}>evil@x.example"):
        decision = decide(make_mail(sender, token_address("r", DEPARTMENT)), make_known(make_ticket()), trust=PROVEN)
        assert CUSTOMER not in [to for _, to in told(decision)]
        assert decision.outcome in (Outcome.HELD, Outcome.OPENED)


def test_t11_two_from_fields_are_held() -> None:
    raw = b"From: evil@x.example\r\n" + agent_mail()
    decision = decide(raw, make_known(make_ticket()), trust=PROVEN)
    assert (decision.outcome, decision.reason) == (Outcome.HELD, "from-malformed")


def test_a_submitted_agent_mail_on_the_agents_own_network_is_proven() -> None:
    decision = decide(agent_mail(), make_known(make_ticket()), envelope=HANDED_IN)
    assert decision.outcome is Outcome.ANSWERED
    relayed = b"Received: from x by y; Tue, 13 Jan 2026 08:59:00 +0000\r\n" + agent_mail()
    assert decide(relayed, make_known(make_ticket()), envelope=HANDED_IN).reason == "agent-unproven"


def test_an_operators_release_lets_the_agent_answer() -> None:
    decision = decide(
        agent_mail("support@acme.example"), make_known(make_ticket()), level=Level.A1, released_as="agent"
    )
    assert decision.outcome is Outcome.ANSWERED


RULES_WITHOUT_ANN = """\
version: 1
departments:
  frontdesk: {name: Front desk, forward_to: frontdesk@acme.example}
agents:
  - {name: Ann Kowalska, address: ann@acme.example, departments: [frontdesk], active: no}
defaults: {department: frontdesk}
route:
  - {name: all, do: {department: frontdesk}}
"""
