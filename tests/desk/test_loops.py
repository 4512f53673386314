"""Loops: what tells a machine without headers, what its mail does, and peers played for hours against a real engine."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bench.limits import play_random, reflect
from bench.looppeers import (
    AliasMember,
    AliasMemberByReply,
    AwayWithoutHeaders,
    Babble,
    BounceStorm,
    Echo,
    ExchangeRule,
    FreeScout,
    GmailVacation,
    ManyAddresses,
    Peer,
    RequestTracker,
    Zammad,
    ZammadOfOld,
)
from bench.loops import SUPPORT, open_desk, play_peer, play_twins
from mailproc.message.samemailbox import find_mailbox
from mailproc.records.correspondence import Echo as Heard
from mailproc.records.correspondence import KeepRhythm, Rhythm
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import AddMessage, OpenTicket, RecordEvent, SendMail, SetState, SuppressMail
from mailproc.records.mail import Envelope, Level, MailClass
from mailproc.records.ticket import Contact, SendCounts, State
from mailproc.render import Renderer
from mailproc.render.composer import compose_mail
from tests.builders import (
    ANN,
    CUSTOMER,
    NOW,
    RULES,
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

NOTE = "I am up in the mountains and read no mail now. Please call Kari if it cannot wait at all."
LAST = NOW - timedelta(seconds=30)


def heard(
    text: str = NOTE, *, after: float | None = 20, files: tuple[tuple[str, int], ...] = (), **rhythm: object
) -> Heard:
    """What is known of Jane's mail of a moment ago; ours left `after` seconds before this one."""
    left = NOW - timedelta(seconds=after) if after is not None else None
    values = {"inbox_id": 1, "at": LAST, "serial": 10_000, **rhythm}
    return Heard(Rhythm(**values), left, (text,), (files,))  # type: ignore[arg-type]


def decide_next(text: str = NOTE, echo: Heard | None = None, level: Level = Level.A2, **more: object) -> Decision:
    known = make_known(make_ticket(), echo=echo, **more)
    return decide(make_mail(subject="Something else", message_id="<new@x.example>", text=text), known, level=level)


def rhythm_of(decision: Decision) -> Rhythm:
    (kept,) = (effect.rhythm for effect in decision.effects if isinstance(effect, KeepRhythm))
    return kept


def reasons(decision: Decision) -> list[str]:
    return [effect.reason for effect in decision.effects if isinstance(effect, SuppressMail)]


def test_a_first_mail_begins_a_series_on_its_own_ticket() -> None:
    decision = decide_next()
    assert (rhythm_of(decision).serial, rhythm_of(decision).rounds) == (10_500, 0)
    assert decision.outcome is Outcome.OPENED


@pytest.mark.parametrize(
    ("text", "echo", "rounds", "same"),
    [
        (NOTE, heard(), 1, 1),
        (NOTE.replace("Kari", "Kari (tel. 4711)"), heard(NOTE.replace("Kari", "Kari (tel. 4712)")), 1, 0),
        (NOTE + " ACME-482-170", heard(NOTE + " ACME-482-189"), 1, 1),  # our own numbers are no difference
        ("My own lamp is broken and I would like to have my money back, please.", heard(), 0, 0),
        (NOTE, heard(after=None), 0, 0),  # nothing of ours had left: it cannot be an answer
        (NOTE, heard(after=-5), 0, 0),
        (NOTE, heard(after=4000), 0, 0),  # hours later
        (NOTE, heard(after=600), 1, 0),
        (NOTE, heard(files=(("photo.jpg", 99),)), 0, 0),  # a file more: not the same mail
    ],
)
def test_a_series_goes_on_with_the_same_words_after_a_mail_of_ours(
    text: str, echo: Heard, rounds: int, same: int
) -> None:
    kept = rhythm_of(decide_next(text, echo))
    assert (kept.rounds, kept.same) == (rounds, same)
    assert kept.serial == (10_000 if rounds or kept.quick else 10_500)


@pytest.mark.parametrize(
    ("text", "echo", "is_machine"),
    [
        (NOTE, heard(rounds=2, same=2), False),
        (NOTE, heard(rounds=3, same=3), True),
        ("Yes, please.", heard("Yes, please.", rounds=3, same=3), False),  # people say that often
        ("Yes, please.", heard("Yes, please.", rounds=7, same=7), True),
        (NOTE, heard(rounds=3, same=3, after=0.2), False),  # on its way before ours can have arrived
        (NOTE, heard(rounds=29, same=0, after=0.2), True),
        (NOTE, heard(rounds=4, same=0, after=1200), True),  # word for word, within the hour
        (NOTE + " (7)", heard(NOTE + " (6)", rounds=4), False),
        (NOTE + " (7)", heard(NOTE + " (6)", rounds=5), True),
        ("Something new each time, and never the same.", heard(quick=6), False),
        ("Something new each time, and never the same.", heard(quick=7), True),
    ],
)
def test_a_machine_is_told_by_how_often_and_never_by_one_mail(text: str, echo: Heard, is_machine: bool) -> None:
    decision = decide_next(text, echo)
    assert (decision.reason == "machine-on-ticket") is is_machine
    assert (decision.outcome is Outcome.OPENED) is not is_machine


def test_a_machines_mail_is_kept_on_the_first_ticket_and_shown_later() -> None:
    decision = decide_next(echo=heard(rounds=3, same=3))
    assert (decision.outcome, decision.serial) == (Outcome.APPENDED, 10_000)
    (message,) = (effect for effect in decision.effects if isinstance(effect, AddMessage))
    assert (message.visibility, message.purpose, message.mail_class) == ("internal", "auto", MailClass.AUTO)
    assert told(decision) == [("followup", "frontdesk@acme.example")]
    assert mails_of(decision)[0].not_before == NOW + timedelta(hours=1)
    kept = rhythm_of(decision)
    assert (kept.machine_until, kept.told, kept.machine_id) == (NOW + timedelta(hours=24), 1, -1)
    again = decide_next(echo=heard(**as_flagged(kept)))
    assert told(again) == [] and reasons(again) == ["machine-told"]
    later = replace(kept, told_at=NOW - timedelta(minutes=1))
    assert mails_of(decide_next(echo=heard(**as_flagged(later))))[0].not_before == NOW + timedelta(hours=2)
    assert not any(isinstance(effect, SetState) for effect in decision.effects)


def as_flagged(rhythm: Rhythm) -> dict[str, object]:
    names = ("machine_until", "why", "subject", "told_at", "told", "rounds", "same", "quick")
    return {"machine_id": 1, **{name: getattr(rhythm, name) for name in names}}


FLAGGED: dict[str, object] = {"machine_until": NOW + timedelta(hours=3), "why": "the same words", "machine_id": 1}


def test_what_the_department_gets_of_a_machine_says_that_it_looks_automatic() -> None:
    decision = decide_next(echo=heard(rounds=3, same=3))
    assert decision.reason == "machine-on-ticket"
    (mail,) = (mail for mail in mails_of(decision) if mail.purpose == "followup")
    assert dict(mail.context)["is_machine"] == "yes" and mail.not_before is not None
    for language in ("en", "de", "es", "fr", "it", "no", "pl"):
        made = compose_mail(replace(mail, language=language), (), NOW, make_policy(), Renderer(None, "en"))
        assert re.search("automati[ckqs]|automatyczn|automático", made.text), language


def test_the_same_words_at_once_again_are_worked_on_and_their_forward_waits() -> None:
    """A second of a kind is no proof: the ticket opens, and the department reads the words it has just read later."""
    decision = decide_next(echo=heard(rounds=0))
    assert decision.outcome is Outcome.OPENED
    forward = next(mail for mail in mails_of(decision) if mail.purpose == "forward")
    assert forward.not_before == NOW + timedelta(hours=1)
    assert [effect.kind for effect in decision.effects if isinstance(effect, RecordEvent)][-1] == "forward-waits"
    for other in (
        decide_next(NOTE + " And one more sentence, please."),  # other words
        decide_next(echo=heard(after=None)),  # nothing of ours came between
        decide_next("Yes, please.", heard("Yes, please.")),  # too few words to tell by one repetition
    ):
        assert all(mail.not_before is None for mail in mails_of(other))


def test_a_person_at_a_machines_address_is_worked_on_without_an_acknowledgement() -> None:
    decision = decide_next("My own lamp is broken, please help me.", heard(**FLAGGED))
    assert (decision.outcome, decision.reason) == (Outcome.OPENED, "new")
    assert told(decision) == [("forward", "frontdesk@acme.example")]
    assert reasons(decision) == ["machine"]
    assert rhythm_of(decision).machine_until == FLAGGED["machine_until"]
    over = decide_next("My own lamp is broken, please help me.", heard(**FLAGGED | {"machine_until": LAST}))
    assert ("received", CUSTOMER) in told(over)


def test_a_machines_mail_opens_a_ticket_where_its_first_is_not_its_own() -> None:
    stranger = make_ticket(participants=("someone@else.example",))
    known = make_known(stranger, echo=heard(rounds=3, same=3))
    decision = decide(make_mail(subject="X", text=NOTE, message_id="<n@x.example>"), known, level=Level.A2)
    assert decision.outcome is Outcome.OPENED


def test_answers_to_two_cases_in_the_same_words_are_two_answers() -> None:
    other = make_ticket(serial=10_001, number="ACME-100-012")
    mail = make_mail(to=token_address("c", CUSTOMER, 10_001), text="Yes, please.", message_id="<n@x.example>")
    known = make_known(other, make_ticket(), echo=heard("Yes, please.", rounds=7, same=7))
    assert decide(mail, known, level=Level.A2).reason == "follow-up"


def test_a_sender_whom_a_rule_names_is_never_a_machine() -> None:
    rules = RULES + '  - name: alarms\n    when: {from: customer.example}\n    do: {priority: high}\n'
    known = make_known(make_ticket(), echo=heard(rounds=29, same=29))
    mail = make_mail(subject="X", text=NOTE, message_id="<n@x.example>")
    assert decide(mail, known, level=Level.A2, policy=make_policy(rules=rules)).outcome is Outcome.OPENED
    shadow = rules.replace("    do: {priority: high}", "    mode: shadow\n    do: {priority: high}")
    assert decide(mail, known, level=Level.A2, policy=make_policy(rules=shadow)).reason == "machine-on-ticket"


@pytest.mark.parametrize("sender", [ANN, "support@acme.example"])
def test_agents_and_our_own_forms_are_not_judged(sender: str) -> None:
    known = make_known(make_ticket(), echo=heard(rounds=29, same=29))
    decision = decide(make_mail(sender, subject="X", text=NOTE, message_id="<n@x.example>"), known, level=Level.A3)
    assert decision.reason != "machine-on-ticket"
    assert not any(isinstance(effect, KeepRhythm) for effect in decision.effects)


def test_alarms_of_machines_that_say_so_stay_tickets() -> None:
    known = make_known(make_ticket(), echo=heard(rounds=29, same=29))
    mail = make_mail(subject="CPU", text=NOTE, message_id="<n@x.example>", Auto_Submitted="auto-generated")
    assert decide(mail, known, level=Level.A2).outcome is Outcome.OPENED


def test_an_operators_word_overrules_the_rhythm() -> None:
    known = make_known(make_ticket(), echo=heard(rounds=29, same=29))
    mail = make_mail(subject="X", text=NOTE, message_id="<n@x.example>")
    assert decide(mail, known, released_as="new").outcome is Outcome.OPENED


def test_one_subject_three_times_in_ten_minutes_is_automatic_for_a_day() -> None:
    decision = decide_next("A new text.", heard("Another."), counts=SendCounts(same_subject=3))
    assert decision.outcome is Outcome.OPENED and reasons(decision) == ["class"]
    kept = rhythm_of(decision)
    assert (kept.machine_until, kept.subject) == (NOW + timedelta(hours=24), "something else")
    later = decide_next("And another.", heard("A new text.", after=None, **as_flagged(kept)))
    assert later.outcome is Outcome.OPENED and reasons(later) == ["class"]
    (message,) = (effect for effect in later.effects if isinstance(effect, AddMessage))
    assert message.mail_class is MailClass.AUTO


def test_what_looks_like_an_answer_gets_no_third_acknowledgement_an_hour() -> None:
    assert reasons(decide_next(echo=heard(rounds=0), counts=SendCounts(sender_hour=1, sender_day=1))) == []
    assert reasons(decide_next(echo=heard(rounds=0), counts=SendCounts(sender_hour=2, sender_day=2))) == ["machine"]
    person = decide_next("My own lamp is broken.", heard(), counts=SendCounts(sender_hour=2, sender_day=2))
    assert ("received", CUSTOMER) in told(person)


def test_t32_a_mail_with_a_null_sender_is_never_answered() -> None:
    decision = decide(make_mail(), envelope=make_envelope(""), level=Level.A3)
    assert decision.outcome is Outcome.OPENED and reasons(decision) == ["class"]
    resolved = make_ticket(state=State.RESOLVED)
    follow = make_mail(to=token_address("c", CUSTOMER), message_id="<n@x.example>")
    kept = decide(follow, make_known(resolved), envelope=make_envelope(""), level=Level.A3)
    assert kept.reason == "automatic-on-ticket" and not any(isinstance(e, SetState) for e in kept.effects)


def test_t34_our_own_mail_without_its_marks_is_known_by_its_reply_address() -> None:
    identity = "department:frontdesk"
    raw = make_mail(
        "Jane via Acme <support@acme.example>", to="frontdesk@acme.example", message_id="<rewritten@alias.example>",
        Reply_To=token_address("r", identity),
    )  # fmt: skip
    decision = decide(raw, make_known(make_ticket()), envelope=make_envelope("support@acme.example"))
    assert (decision.outcome, decision.reason) == (Outcome.LOOP, "own-mail")
    forged = raw.replace(token_address("r", identity).encode(), token_address("r", "department:other").encode())
    assert decide(forged, make_known(make_ticket())).outcome is Outcome.OPENED


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("victim@x.example", "victim@x.example"),
        ("victim+1@x.example", "victim@x.example"),
        ("v.ictim+2@googlemail.com", "victim@gmail.com"),
        ("v.ictim@x.example", "v.ictim@x.example"),
        ("+tag@x.example", "+tag@x.example"),
        ("a.b-c@pm.me", "abc@protonmail.com"),
        ("anything@jane.fastmail.com", "jane@fastmail.com"),
        ("jane@me.com", "jane@icloud.com"),
        ("anna-maria@x.example", "anna-maria@x.example"),
        ("...@gmail.com", "...@gmail.com"),
        ("nonsense", "nonsense"),
        ("", ""),
    ],
)
def test_spellings_of_one_mailbox_meet(address: str, mailbox: str) -> None:
    assert find_mailbox(address) == mailbox


# ---- played

HOURS = 3.0


def test_t31_two_sites_of_ours_stop_at_once(tmp_path: Path) -> None:
    outcome = play_twins(tmp_path, is_proven=True, hours=HOURS)
    assert outcome.is_fine and outcome.tickets == 1


@pytest.mark.parametrize(
    "kind",
    [RequestTracker, Zammad, ZammadOfOld, FreeScout, ExchangeRule, GmailVacation, Echo, Babble, ManyAddresses,
     AwayWithoutHeaders],
    ids=lambda kind: kind.name,
)  # fmt: skip
def test_t31_a_peer_gets_two_automatic_mails_in_the_first_hour_at_most(tmp_path: Path, kind: type[Peer]) -> None:
    outcome = play_peer(tmp_path / "site", kind, is_proven=True, hours=HOURS)
    assert outcome.is_fine and outcome.tickets > 0, outcome


def test_t32_a_storm_of_bounces_opens_nothing_and_is_answered_by_nobody(tmp_path: Path) -> None:
    outcome = play_peer(tmp_path / "site", BounceStorm, is_proven=True, hours=1)
    assert outcome.is_fine and outcome.tickets == 1 and outcome.day == 1, outcome


@pytest.mark.parametrize("kind", [AliasMember, AliasMemberByReply], ids=lambda kind: kind.name)
def test_t31_a_machine_behind_our_own_alias_opens_a_few_tickets_and_stops(tmp_path: Path, kind: type[Peer]) -> None:
    outcome = play_peer(tmp_path / "site", kind, is_proven=True, hours=HOURS)
    assert outcome.is_fine and outcome.tickets <= 5, outcome


def test_t30_forged_mail_brings_its_victim_one_mail_without_a_word_of_the_senders(tmp_path: Path) -> None:
    seen = reflect(tmp_path / "site", 250)
    assert len(seen.to_victim) == 1 and not seen.marks_found
    assert seen.bytes_out < seen.bytes_in / 20


def test_t30_what_an_unproven_sender_gets_does_not_depend_on_what_they_wrote(tmp_path: Path) -> None:
    def acknowledgement(folder: Path, subject: str, name: str, text: str) -> bytes:
        with open_desk(folder, is_proven=False) as desk:
            if (tmp_path / "keys").exists():
                desk.site.engine.policy = replace(desk.site.engine.policy, keys=keep[0])
            keep.append(desk.site.engine.policy.keys)
            (tmp_path / "keys").touch()
            raw = make_mail(f"{name} <{CUSTOMER}>", subject=subject, text=text, References=f"<{name}@x.example>")
            desk.receive(raw, Envelope("smtp", desk.now, CUSTOMER, (SUPPORT,), "198.51.100.7"))
            return next(mail.raw for mail in desk.work() if mail.recipient == CUSTOMER)

    keep: list = []  # type: ignore[type-arg]
    one = acknowledgement(tmp_path / "a", "Printer", "Jane", "It prints blank pages.")
    other = acknowledgement(tmp_path / "b", "Win now http://x.example", "Prize", "Click http://x.example " * 50)
    assert one == other


def test_t36_random_mail_never_gets_more_answers_than_the_limits_allow(tmp_path: Path) -> None:
    excess, automatic, everything = play_random(tmp_path / "site", 500)
    assert excess == [] and 0 < automatic < everything


def test_i1_tickets_of_a_person_who_writes_often_are_all_there(tmp_path: Path) -> None:
    """Many different requests in a row, each after our answer to the one before: a busy customer, no machine."""
    with open_desk(tmp_path / "site", is_proven=True) as desk:
        for number in range(12):
            desk.now += timedelta(minutes=3)
            raw = make_mail(subject=f"Order {number}", text=f"Please cancel order {4711 + number} of our shop.",
                            message_id=f"<{number}@c.example>")  # fmt: skip
            desk.take(raw, CUSTOMER, SUPPORT)
            desk.work()
        assert desk.count("ticket") == 12
        assert desk.count("outbox", "purpose = 'forward'") == 12
        assert desk.count("outbox", "purpose = 'received'") <= 10


def test_a_ticket_effect_is_only_kept_for_mail_that_has_a_place(tmp_path: Path) -> None:
    held = decide(make_mail(), make_known(requester=Contact(CUSTOMER)), level=Level.A0)
    assert held.outcome is Outcome.HELD and not any(isinstance(effect, KeepRhythm) for effect in held.effects)
    opened = decide(make_mail())
    assert any(isinstance(effect, OpenTicket) for effect in opened.effects)
    assert any(isinstance(effect, SendMail) for effect in opened.effects)
