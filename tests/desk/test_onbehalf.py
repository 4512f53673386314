"""Agents bring in what others said: forwards of every client, redirects, calls written down; and who may not."""

from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from mailproc.desk.contacts.brought import read_channel, read_person
from mailproc.desk.decide import decide_mail
from mailproc.desk.draft import Policy
from mailproc.message.parse import parse
from mailproc.records.decision import Decision, Outcome
from mailproc.records.effects import AddMessage, IndexIds, OpenTicket, SendMail
from mailproc.records.mail import Level, Trust
from mailproc.records.site import TrustPolicy
from mailproc.records.ticket import Known
from mailproc.render import Renderer
from mailproc.render.composer import compose_mail
from mailproc.tickets.followup import find_keys
from mailproc.tickets.token import make_reply_address, make_standing_token, make_token
from tests.builders import KEYS, NOW, RULES, SITE, make_envelope, make_known, make_policy, make_ticket
from tests.desks import Desk, open_desk, words_of
from tests.message.test_forwarded_clients import CLIENTS, _write

MARA = "mara@shop.test"
MARKER = "Zanzibarquokka"
ANN = "Ann Kowalska <ann@acme.example>"
COVERS = {
    "en": ("#to billing", "Please look into this."),
    "de": ("#abteilung billing", "Kannst du dir das ansehen?"),
    "es": ("#departamento billing", "¿Puedes mirarlo, por favor?"),
    "fr": ("#service billing", "Peux-tu regarder, s’il te plaît ?"),
    "it": ("#reparto billing", "Puoi dare un’occhiata?"),
    "no": ("#avdeling billing", "Kan du se på dette?"),
    "pl": ("#dział billing", "Czy możesz na to spojrzeć?"),
}
FORWARD = """\
{above}---------- Forwarded message ---------
From: Mara Lind <mara@shop.test>
Date: Tue, Nov 3, 2026 at 10:15 AM
Subject: Warm fridge
To: Ann <ann@acme.example>


My fridge is warm.

Please send somebody.
"""
RULES_HERE = """\
version: 1
departments:
  frontdesk: {name: Front desk, forward_to: frontdesk@acme.example}
  billing: {name: Billing, forward_to: billing@acme.example}
agents:
  - {name: Ann Kowalska, address: ann@acme.example, departments: [frontdesk, billing]}
  - {name: Bo Berg, address: bo@acme.example, departments: [billing]}
fields: {order: {label: Order number}}
defaults: {department: frontdesk, language: en}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path, f"sqlite:///{tmp_path}/store.db", rules=RULES_HERE) as made:
        yield made


def forward(
    desk: Desk, text: str, *, subject: str = "Fwd: Warm fridge", who: str = ANN, **more: str
) -> dict[str, Any]:
    return desk.write(text, sender=who, subject=subject, is_proven=False, **more)


def shown(desk: Desk, serial: int) -> list[tuple[str, str, str, str]]:
    messages = desk.show(serial)["messages"]
    return [(m["purpose"], m["visibility"], m["from"], m["text"]) for m in messages if m["direction"] == "in"]


def as_mail(text: str, *, subject: str = "Fwd: Warm fridge", to: str = "support@acme.example") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = ANN, to, subject
    mail["Date"], mail["Message-ID"] = "Tue, 13 Jan 2026 08:59:00 +0000", "<fwd@acme.example>"
    mail["References"] = "<orig@shop.test>"
    mail.set_content(text)
    return mail


def attach(mail: EmailMessage, sender: str, text: str, message_id: str, *, file: str = "", **more: str) -> None:
    inner = EmailMessage()
    inner["From"], inner["To"], inner["Subject"], inner["Message-ID"] = (
        sender,
        "ann@acme.example",
        "Warm fridge",
        message_id,
    )
    for name, value in more.items():
        inner[name.replace("_", "-")] = value
    inner.set_content(text)
    if file:
        inner.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename=file)
    mail.add_attachment(inner)


def decided(
    mail: EmailMessage, policy: Policy, trust: Trust, *, known: Known | None = None, released_as: str = ""
) -> Decision:
    inbound, envelope = (
        parse(mail.as_bytes(), languages=SITE.languages),
        make_envelope("ann@acme.example", str(mail["To"])),
    )
    keys = find_keys(inbound, envelope, policy.site, policy.keys)
    known = known or make_known()
    return decide_mail(inbound, envelope, trust, keys, known, policy, NOW, released_as=released_as)


# ---- what is read


@pytest.mark.parametrize("language", COVERS)
@pytest.mark.parametrize("client", CLIENTS)
def test_forward_of_every_client_belongs_to_its_author(client: str, language: str) -> None:
    command, cover = COVERS[language]
    mail = as_mail(f"{command}\n\n{cover}\n\n-- \nAnn Kowalska\nACME\n\n{_write(client)}")
    decision = decided(mail, make_policy(), Trust(Level.A3))
    assert (decision.outcome, decision.reason) == (Outcome.OPENED, "new-on-behalf"), decision.trace
    (made,) = [effect for effect in decision.effects if isinstance(effect, OpenTicket)]
    assert (made.requester.addr, made.subject, made.department) == (MARA, "Warm fridge", "billing")
    first, note = [effect for effect in decision.effects if isinstance(effect, AddMessage)]
    assert (first.purpose, first.visibility, first.author.addr) == ("request", "public", MARA)
    assert first.text.startswith("My fridge is warm.") and cover not in first.text and command not in first.text
    assert (note.purpose, note.visibility, note.author.addr, note.text) == (
        "note",
        "internal",
        "ann@acme.example",
        cover,
    )
    (ids,) = [effect for effect in decision.effects if isinstance(effect, IndexIds)]
    assert {"<orig@shop.test>", "<fwd@acme.example>"} <= set(ids.message_ids)


@pytest.mark.parametrize(
    ("said", "person"),
    [
        ("jane@x.example", ("jane@x.example", "")),
        ("Jane Doe <jane@x.example>", ("jane@x.example", "Jane Doe")),
        ('"Doe, Jane" <Jane@X.example>', ("Jane@x.example", "Doe, Jane")),
        ("Jane Doe jane@x.example", ("jane@x.example", "Jane Doe")),
        ("jane@x.example <mailto:jane@x.example>", ("jane@x.example", "jane@x.example")),
        ("Jane Doe", ("", "Jane Doe")),
        ("jane@", None), ("a@x.example, b@x.example", None), ("@@@", None), ("12345", None),
    ],
)  # fmt: skip
def test_person_is_read_as_people_write_it(said: str, person: tuple[str, str] | None) -> None:
    found = read_person(said)
    if person is None:
        assert found is None
        return
    assert found is not None and found.addr.lower() == person[0].lower()
    assert found.name in (person[1], "")


@pytest.mark.parametrize(
    ("word", "channel"),
    [("phone", "phone"), ("Telefon", "phone"), ("téléphone", "phone"), ("rozmowa", "phone"), ("walk-in", "walk-in"),
     ("walk in", "walk-in"), ("Besuch", "walk-in"), ("czat", "chat"), ("Brief", "letter"), ("carrier pigeon", ""),
     ("", "")],
)  # fmt: skip
def test_channel_is_read_in_every_language(word: str, channel: str) -> None:
    assert read_channel(word) == channel


# ---- who may


def cells() -> Iterator[tuple[str, str, str, bool, bool, str]]:
    yield from product(
        ("ann", "ivy", "stranger", "mailbox"), ("A0", "A1", "A2", "A3"), ("dmarc", "network", "token"), (False, True),
        (False, True), ("none", "standing", "bos", "case"),
    )  # fmt: skip


def may(speaker: str, level: str, mode: str, is_submitted: bool, has_dkim: bool, token: str) -> bool:
    """Stated apart from the code: whose forward opens a case for a third person."""
    if speaker != "ann" or level == "A0":
        return False
    if token == "bos" or token == "case":
        return False  # an address that is not Ann's, or a case's: it files, and opens nothing
    if mode == "token":
        return token == "standing"
    return level == "A3" or has_dkim or (mode == "network" and is_submitted)


def test_t04_t36_every_cell_of_the_forwards_table(tmp_path: Path) -> None:
    ivy = "  - {name: Ivy Gone, address: ivy@acme.example, departments: [frontdesk], active: no}\ndefaults:"
    book = make_policy(rules=RULES.replace("defaults:", ivy, 1)).book
    address = {
        "ann": ANN,
        "ivy": "ivy@acme.example",
        "stranger": "eve@evil.example",
        "mailbox": "frontdesk@acme.example",
    }
    words = {
        "none": "", "standing": make_standing_token(KEYS, "ann@acme.example"),
        "bos": make_standing_token(KEYS, "bo@acme.example"), "case": make_token(KEYS, "r", 10_000, "bo@acme.example"),
    }  # fmt: skip
    renderer, count, opened = Renderer(tmp_path, "en"), 0, 0
    for cell in cells():
        speaker, level, mode, is_submitted, has_dkim, token = cell
        to = make_reply_address(SITE, words[token], SITE.addresses[0]) if words[token] else "support@acme.example"
        mail = as_mail(FORWARD.format(above=f"#tag {MARKER}\n\n{MARKER}\n\n"), to=to)
        del mail["From"], mail["Message-ID"]
        mail["From"], mail["Message-ID"] = address[speaker], f"<{MARKER}@acme.example>"
        policy = replace(make_policy(), site=replace(SITE, trust=TrustPolicy(agent_trust=mode)), book=book)
        trust = Trust(Level[level], has_aligned_dkim=has_dkim, is_submitted=is_submitted)
        decision = decided(mail, policy, trust, known=make_known(make_ticket()) if token == "case" else None)
        count += 1
        made = [effect for effect in decision.effects if isinstance(effect, OpenTicket)]
        is_maras = bool(made) and made[0].requester.addr == MARA
        assert is_maras == may(*cell), (cell, decision.reason)
        for effect in decision.effects:
            if not isinstance(effect, SendMail) or effect.mail.recipient != MARA:
                continue
            opened += 1
            assert may(*cell) and effect.mail.purpose == "received" and effect.mail.is_unproven, cell
            if opened <= 5:
                raw = compose_mail(effect.mail, (), NOW, policy, renderer).raw
                text = parse(raw, languages=()).text
                for word in (MARKER, "fridge", "Mara", "ann@", "orig@"):
                    assert word.lower() not in (raw.decode() + text).lower().replace("to: mara@shop.test", ""), word
    assert count == 768 and opened > 30


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Reply-To": "eve@evil.example"}, "agent-reply-to"),
        ({"Date": "Mon, 1 Dec 2025 08:00:00 +0000"}, "agent-stale"),
        ({"To": "somebody@else.example"}, "agent-redirected"),
    ],
)
def test_t19_kept_or_bent_copy_of_a_forward_is_held(change: dict[str, str], reason: str) -> None:
    mail = as_mail(FORWARD.format(above=""))
    for name, value in change.items():
        del mail[name]
        mail[name] = value
    decision = decided(mail, make_policy(), Trust(Level.A3))
    assert (decision.outcome, decision.reason) == (Outcome.HELD, reason)


def test_forward_that_a_colleague_releases_does_its_work() -> None:
    mail = as_mail(FORWARD.format(above=""))
    held = decided(mail, make_policy(), Trust(Level.A1))
    assert (held.outcome, held.reason) == (Outcome.HELD, "agent-unproven")
    assert {effect.mail.recipient for effect in held.effects if isinstance(effect, SendMail)} == {
        "frontdesk@acme.example"
    }
    released = decided(mail, make_policy(), Trust(Level.A1), released_as="agent")
    assert released.reason == "new-on-behalf"
    as_new = decided(mail, make_policy(), Trust(Level.A1), released_as="new")
    (made,) = [effect for effect in as_new.effects if isinstance(effect, OpenTicket)]
    assert made.requester.addr == "ann@acme.example"


# ---- what becomes of it


def test_customers_own_thread_joins_and_the_agent_hears_of_it(desk: Desk) -> None:
    above = "#take\n#priority high\n#tag fridge\n#field order=17\n\nA good customer.\n\n"
    row = forward(
        desk, FORWARD.format(above=above), head="In-Reply-To: <orig1@shop.test>\nReferences: <orig1@shop.test>"
    )
    ticket = desk.show(row["serial"])
    assert (ticket["requester"], ticket["priority"], ticket["tags"], ticket["fields"]) == (
        MARA,
        "high",
        ["fridge"],
        {"order": "17"},
    )
    assert (ticket["assignee"], ticket["channel"], ticket["state"]) == ("ann@acme.example", "mail", "new")
    assert desk.mails() == [("forward", "ann@acme.example"), ("received", MARA)]
    card = words_of(desk.last("forward"))
    assert "Forwarded by: Ann Kowalska" in card and "Ann Kowalska writes, for you only: > A good customer." in card
    assert "CAREFUL" in card
    later = desk.write(
        "Still warm.", sender=f"Mara Lind <{MARA}>", subject="Re: Warm fridge", head="References: <orig1@shop.test>"
    )
    assert (later["outcome"], later["reason"], later["serial"]) == ("appended", "follow-up", row["serial"])
    assert [kind for kind, *_ in shown(desk, row["serial"])] == ["request", "note", "followup"]


def test_agent_answers_a_forwarded_case_and_nothing_inner_leaves(desk: Desk) -> None:
    forward(desk, FORWARD.format(above="She is late with her bills, be careful with her today please.\n\n"))
    reply_to = desk.last("forward")["Reply-To"]
    row = desk.agent(reply_to, "We come tomorrow.")
    assert row["reason"] == "agent-answer"
    answer = words_of(desk.last("answer"))
    assert "We come tomorrow." in answer and "My fridge is warm." in answer and "late with her bills" not in answer
    row = desk.agent(reply_to, "She is late with her bills, be careful with her today please.")
    assert row["reason"] == "would-leak"


@pytest.mark.parametrize(
    ("above", "mails", "reason", "state"),
    [
        ("#quiet\n\n", [("forward", "frontdesk@acme.example")], "quiet", "new"),
        ("#stille\n\n", [("forward", "frontdesk@acme.example")], "quiet", "new"),
        ("#resolve\n\n", [("forward", "frontdesk@acme.example")], "settled", "resolved"),
        ("#close\n\n", [("forward", "frontdesk@acme.example")], "settled", "closed"),
    ],
)
def test_author_is_not_told_where_the_agent_says_so(
    desk: Desk, above: str, mails: list[tuple[str, str]], reason: str, state: str
) -> None:
    row = forward(desk, FORWARD.format(above=above))
    assert desk.mails() == mails
    assert desk.suppressed(row["serial"]) == [("received", reason)] and desk.show(row["serial"])["state"] == state


def test_second_forward_to_the_same_person_sends_no_second_mail(desk: Desk) -> None:
    forward(desk, FORWARD.format(above=""))
    row = forward(desk, FORWARD.format(above="").replace("fridge", "oven"), subject="Fwd: Warm oven")
    assert row["reason"] == "new-on-behalf" and desk.suppressed(row["serial"]) == [("received", "unverified-day")]


def test_forward_of_a_mail_we_have_becomes_a_note(desk: Desk) -> None:
    first = desk.write(
        "My fridge is warm.\n\nPlease send somebody.", sender=f"Mara Lind <{MARA}>", subject="Warm fridge"
    )
    sent = len(desk.mails())
    row = forward(desk, FORWARD.format(above="She called, too.\n\n"))
    assert (row["reason"], row["serial"]) == ("agent-forward", first["serial"])
    assert desk.mails()[sent:] == []
    assert shown(desk, first["serial"])[1:] == [("note", "internal", "ann@acme.example", "She called, too.")]
    again = forward(desk, FORWARD.format(above=""))
    assert (again["reason"], again["serial"]) == ("agent-forward", first["serial"])
    assert "forwarded-again" in [event["kind"] for event in desk.show(first["serial"])["events"]]
    other = forward(desk, FORWARD.format(above="").replace("fridge is warm", "oven is cold"))
    assert (other["reason"], other["serial"]) == ("new-on-behalf", first["serial"] + 1)
    assert [link["kind"] for link in desk.show(other["serial"])["links"]] == ["resembles"]


def test_attached_mail_brings_its_files_and_its_id(desk: Desk) -> None:
    mail = as_mail("#quiet\nSee below.\n")
    attach(
        mail,
        f"Mara Lind <{MARA}>",
        "My fridge is warm.\n",
        "<a1@shop.test>",
        file="bill.pdf",
        References="<a0@shop.test>",
    )
    desk.wait(seconds=61)
    row = desk.take(mail.as_bytes())
    assert row["reason"] == "new-on-behalf"
    assert shown(desk, row["serial"]) == [
        ("request", "public", MARA, "My fridge is warm."), ("note", "internal", "ann@acme.example", "See below."),
    ]  # fmt: skip
    files = [part.get_filename() for part in desk.last("forward").iter_attachments()]
    assert files == ["bill.pdf"]
    (request, _) = [m for m in desk.show(row["serial"])["messages"] if m["direction"] == "in"]
    assert (request["message_id"], request["attachments"][0]["filename"]) == ("<a1@shop.test>", "bill.pdf")
    for reference in ("<a1@shop.test>", "<a0@shop.test>"):
        later = desk.write("More.", sender=f"Mara <{MARA}>", subject="x", head=f"References: {reference}")
        assert (later["reason"], later["serial"]) == ("follow-up", row["serial"])
    again = as_mail("Once more.\n")
    attach(again, f"Mara Lind <{MARA}>", "My fridge is warm, other words.\n", "<a1@shop.test>")
    del again["Message-ID"]
    again["Message-ID"] = "<fwd2@acme.example>"
    assert desk.take(again.as_bytes())["serial"] == row["serial"]


def test_several_attached_mails_are_one_case_of_one_person_and_none_of_several(desk: Desk) -> None:
    mail = as_mail("Both of hers.\n")
    attach(mail, f"Mara Lind <{MARA}>", "My fridge is warm.\n", "<b1@shop.test>")
    attach(mail, f"Mara Lind <{MARA}>", "And now the oven.\n", "<b2@shop.test>", In_Reply_To="<b1@shop.test>")
    desk.wait(seconds=61)
    row = desk.take(mail.as_bytes())
    assert [(kind, text) for kind, _, _, text in shown(desk, row["serial"])] == [
        ("request", "My fridge is warm."), ("followup", "And now the oven."), ("note", "Both of hers."),
    ]  # fmt: skip
    mixed = as_mail("Two people.\n")
    del mixed["References"]
    attach(mixed, f"Mara Lind <{MARA}>", "My fridge.\n", "<c1@shop.test>")
    attach(mixed, "Joe Roe <joe@other.test>", "My oven.\n", "<c2@other.test>")
    del mixed["Message-ID"]
    mixed["Message-ID"] = "<fwd3@acme.example>"
    sent = len(desk.mails())
    row = desk.take(mixed.as_bytes())
    assert (row["outcome"], row["reason"]) == ("held", "unknown-command")
    assert desk.mails()[sent:] == [("transcript", "ann@acme.example")]
    assert "from 2 people" in words_of(desk.last("transcript"))


@pytest.mark.parametrize(
    ("sender", "outcome", "reason", "requester"),
    [
        ("Bo Berg <bo@acme.example>", "opened", "new-by-agent", "ann@acme.example"),
        ("Front desk <frontdesk@acme.example>", "opened", "new-by-agent", "ann@acme.example"),
        ("Acme Support <support@acme.example>", "opened", "new-by-agent", "ann@acme.example"),
        ("Shop <no-reply@shop.test>", "opened", "new-on-behalf", "no-reply@shop.test"),
        ("Mara Lind", "held", "unknown-command", ""),
    ],
)
def test_forward_of_other_people_ends_somewhere_sensible(
    desk: Desk, sender: str, outcome: str, reason: str, requester: str
) -> None:
    row = forward(desk, FORWARD.format(above="").replace("Mara Lind <mara@shop.test>", sender))
    assert (row["outcome"], row["reason"]) == (outcome, reason)
    if requester:
        assert desk.show(row["serial"])["requester"] == requester
    outside = [to for _, to in desk.mails() if not to.endswith("@acme.example")]
    assert outside == []


@pytest.mark.parametrize(
    ("above", "who"),
    [("#from mara@shop.test\n\n", MARA), ("#von Mara <mara@shop.test>\n", MARA), ("#from me\n", "ann@acme.example")],
)
def test_agent_names_the_author_that_the_forward_hides(desk: Desk, above: str, who: str) -> None:
    row = forward(desk, FORWARD.format(above=above).replace("Mara Lind <mara@shop.test>", "Mara Lind"))
    ticket = desk.show(row["serial"])
    assert (row["outcome"], ticket["requester"]) == ("opened", who)
    assert "My fridge is warm." in shown(desk, row["serial"])[0][3]


def test_forward_of_a_colleagues_forward_belongs_to_the_customer(desk: Desk) -> None:
    inner = FORWARD.format(above="Ann, this one is yours.\n\n")
    text = (
        "Over to you.\n\n---------- Forwarded message ---------\nFrom: Bo Berg <bo@acme.example>\n"
        f"Date: Tue, Nov 3, 2026 at 11:15 AM\nSubject: Fwd: Warm fridge\nTo: Ann <ann@acme.example>\n\n\n{inner}"
    )
    row = forward(desk, text, subject="Fwd: Fwd: Warm fridge")
    assert row["reason"] == "new-on-behalf" and desk.show(row["serial"])["requester"] == MARA
    assert shown(desk, row["serial"])[0][3].startswith("My fridge is warm.")
    # A customer's own forward stays the customer's
    outer = text.replace("Bo Berg <bo@acme.example>", "Joe Roe <joe@other.test>")
    row = forward(desk, outer, subject="Fwd: Fwd: Cold oven")
    assert desk.show(row["serial"])["requester"] == "joe@other.test"


def test_forward_to_a_reply_address_never_reaches_the_customer(desk: Desk) -> None:
    desk.write("It prints blank pages.", sender=f"Mara Lind <{MARA}>", subject="Printer")
    reply_to, sent = desk.last("forward")["Reply-To"], len(desk.mails())
    row = forward(desk, FORWARD.format(above="#tag seen\n\nThis came to me.\n\n"), to=reply_to)
    assert (row["outcome"], row["reason"], row["serial"]) == ("answered", "agent-forward", 10_000)
    assert [to for _, to in desk.mails()[sent:]] == ["frontdesk@acme.example", "ann@acme.example"]
    assert desk.show(10_000)["tags"] == ["seen"]
    assert shown(desk, 10_000)[1:] == [
        ("followup", "public", MARA, "My fridge is warm.\n\nPlease send somebody."),
        ("note", "internal", "ann@acme.example", "This came to me."),
    ]  # fmt: skip
    # Somebody else's mail is the inside's alone, and unproven words are never quoted to the customer
    row = forward(
        desk,
        FORWARD.format(above="From our supplier.\n\n").replace(MARA, "sup@supplier.test").replace("fridge", "lorry"),
        to=reply_to,
    )
    assert row["reason"] == "agent-forward"
    kind, visibility, author, text = shown(desk, 10_000)[-1]
    assert (kind, visibility, author) == ("note", "internal", "ann@acme.example")
    assert "From our supplier." in text and "> My lorry is warm." in text and "sup@supplier.test" in text
    desk.agent(reply_to, "We are on it.")
    assert (
        "lorry" not in words_of(desk.last("answer"))
        and "fridge" not in words_of(desk.last("answer"))
        and "blank pages" in words_of(desk.last("answer"))
    )


def test_forward_of_our_own_notification_is_a_note(desk: Desk) -> None:
    desk.write("It prints blank pages.", sender=f"Mara Lind <{MARA}>", subject="Printer")
    notice = desk.last("forward")
    text = (
        "Can you help me with this one?\n\n---------- Forwarded message ---------\n"
        f"From: Mara Lind via Acme Support <support@acme.example>\nDate: today\nSubject: {notice['Subject']}\n"
        f"To: ann@acme.example\n\n\n{words_of(notice)}\n"
    )
    sent = len(desk.mails())
    row = forward(desk, text, subject=f"Fwd: {notice['Subject']}")
    assert (row["outcome"], row["reason"], row["serial"]) == ("answered", "agent-forward", 10_000)
    assert desk.mails()[sent:] == []
    assert shown(desk, 10_000)[1:] == [("note", "internal", "ann@acme.example", "Can you help me with this one?")]
    # Commands need the case's own address, as ever
    row = forward(desk, "#close\n\n" + text, subject=f"Fwd: {notice['Subject']}")
    assert (row["outcome"], row["reason"]) == ("held", "agent-without-token") and desk.show(10_000)["state"] == "new"


def test_t36_forged_forward_writes_to_nobody(desk: Desk) -> None:
    row = forward(desk, FORWARD.format(above=""), head="Received: from evil.example by mx.acme.example")
    assert (row["outcome"], row["reason"]) == ("held", "agent-unproven")
    assert [to for _, to in desk.mails()] == ["frontdesk@acme.example"]


# ---- redirected


def test_redirected_mail_is_its_authors_and_shows_who_redirected_it(desk: Desk) -> None:
    head = "Resent-From: Ann Kowalska <ann@acme.example>\nResent-To: support@acme.example"
    row = desk.write(
        "My fridge is warm.", sender=f"Mara Lind <{MARA}>", subject="Warm fridge", is_proven=False, head=head
    )
    assert (row["outcome"], desk.show(row["serial"])["requester"]) == ("opened", MARA)
    card = words_of(desk.last("forward"))
    assert "Redirected by: ann@acme.example" in card and "CAREFUL" in card
    assert {"redirected"} <= {event["kind"] for event in desk.show(row["serial"])["events"]}


def test_redirect_of_a_mail_we_have_doubles_nothing(desk: Desk) -> None:
    head = "Resent-From: Ann Kowalska <ann@acme.example>"
    mail = (
        f"From: Mara Lind <{MARA}>\r\nTo: ann@acme.example\r\nSubject: Warm fridge\r\nMessage-ID: <r1@shop.test>\r\n"
        "Date: Tue, 13 Jan 2026 09:00:00 +0000\r\n\r\nMy fridge is warm.\r\n"
    )
    first = desk.take(mail.encode())
    again = desk.take((head + "\r\n" + mail).encode())
    assert (again["outcome"], again["serial"]) == ("duplicate", first["serial"])
    other = desk.take((head + "\r\n" + mail.replace("warm", "hot as an oven")).encode())
    assert (other["outcome"], other["reason"], other["serial"]) == ("appended", "follow-up-unverified", first["serial"])


# ---- calls written down


def test_call_is_logged_as_a_case_of_the_caller(desk: Desk) -> None:
    row = forward(
        desk,
        "#from Jane Doe <jane@x.example>\n#kanal telefon\n#to billing\n\nHer printer burns.",
        subject="Printer burns",
    )
    ticket = desk.show(row["serial"])
    assert (row["reason"], ticket["requester"], ticket["channel"]) == ("new-logged", "jane@x.example", "phone")
    assert (ticket["department"], ticket["subject"]) == ("billing", "Printer burns")
    assert desk.mails() == [("forward", "billing@acme.example")] and desk.suppressed(row["serial"]) == [
        ("received", "logged")
    ]
    assert shown(desk, row["serial"]) == [("request", "internal", "jane@x.example", "Her printer burns.")]
    card = words_of(desk.last("forward"))
    assert "Taken down by: Ann Kowalska (by phone)" in card and "CAREFUL" not in card
    desk.agent(desk.last("forward")["Reply-To"], "#resolve\n\nWe bring a new one.")
    said = words_of(desk.last("resolved"))
    assert "We bring a new one." in said and "burns." not in said  # the record of the call stays inside
    later = desk.write(
        "Thank you, and the cable?", sender="Jane Doe <jane@x.example>", to=desk.last("resolved")["Reply-To"]
    )
    assert later["serial"] == row["serial"]


def test_status_tells_the_caller_the_number(desk: Desk) -> None:
    forward(desk, "#from jane@x.example\n#channel phone\n#status\n\nHer printer burns.", subject="Printer burns")
    assert ("status", "jane@x.example") in desk.mails()
    assert "burns." not in words_of(desk.last("status"))


def test_caller_without_an_address_is_a_name(desk: Desk) -> None:
    row = forward(desk, "#from Jane Doe\n#channel walk-in\n\nLost her key.", subject="Key")
    ticket = desk.show(row["serial"])
    assert (ticket["requester"], ticket["channel"]) == ("", "walk-in")
    assert "From: Jane Doe" in words_of(desk.last("forward"))
    answered = desk.agent(desk.last("forward")["Reply-To"], "We found it.")
    assert answered["reason"] == "no-recipient"


def test_call_about_a_case_stays_inside(desk: Desk) -> None:
    desk.write("It prints blank pages.", sender=f"Mara Lind <{MARA}>", subject="Printer")
    reply_to, sent = desk.last("forward")["Reply-To"], len(desk.mails())
    row = desk.agent(reply_to, "#channel phone\n\nShe says it is the second time.")
    assert (row["outcome"], row["reason"]) == ("answered", "agent-logged")
    assert desk.mails()[sent:] == []
    assert shown(desk, 10_000)[1:] == [("logged", "internal", MARA, "She says it is the second time.")]
    desk.agent(reply_to, "We look.")
    assert "second time" not in words_of(desk.last("answer"))
    held = desk.write("#channel phone\n\nx", sender=ANN, subject=desk.last("forward")["Subject"], is_proven=False)
    assert (held["outcome"], held["reason"]) == ("held", "agent-without-token")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("#channel phone\n\nShe called.", "who was it?"),
        ("#from jane@\n\nShe called.", "nobody in it who could be written to"),
        ("#from jane@x.example\n#channel pigeon\n\nShe called.", "this channel we do not know"),
        ("#from jane@x.example\n#from joe@x.example\n\nThey called.", "one requester"),
        ("#from jane@x.example\n#channel phone\n", "what was said?"),
        ("#from jane@x.example\n#merge ACME-100-009\n\nShe called.", "not in a mail that brings in"),
        ("#from jane@x.example\n#to nowhere\n\nShe called.", "no department"),
    ],
)
def test_mistaken_log_does_nothing_and_says_why(desk: Desk, text: str, says: str) -> None:
    row = forward(desk, text, subject="A call")
    assert (row["outcome"], row["reason"]) == ("held", "unknown-command")
    assert desk.mails() == [("transcript", "ann@acme.example")]
    assert says in words_of(desk.last("transcript"))


def test_t23_nobody_but_a_proven_agent_logs_a_call(desk: Desk) -> None:
    for sender, proven, head in (("Eve <eve@evil.test>", True, ""), (ANN, False, "Received: from evil.example")):
        row = desk.write(
            "#from jane@x.example\n#channel phone\n\nPay here: evil",
            sender=sender,
            subject="x",
            is_proven=proven,
            head=head,
        )
        assert row["outcome"] in ("held", "opened")
        if row["outcome"] == "opened":
            assert desk.show(row["serial"])["requester"] == "eve@evil.test"
    assert all(to != "jane@x.example" for _, to in desk.mails())


def test_several_mails_on_a_case_keep_their_authors(desk: Desk) -> None:
    desk.write("It prints blank pages.", sender=f"Mara Lind <{MARA}>", subject="Printer")
    mail = as_mail("Three of them.\n", to=desk.last("forward")["Reply-To"])
    attach(mail, f"Mara Lind <{MARA}>", "My fridge is warm.\n", "<d1@shop.test>")
    attach(mail, f"Mara Lind <{MARA}>", "And now the oven.\n", "<d2@shop.test>")
    attach(mail, "Joe Roe <joe@other.test>", "I sold her the oven.\n", "<d3@other.test>")
    desk.wait(seconds=61)
    sent = len(desk.mails())
    assert desk.take(mail.as_bytes())["reason"] == "agent-forward"
    kinds = [(kind, author, text) for kind, _, author, text in shown(desk, 10_000)[1:]]
    assert kinds[:2] == [("followup", MARA, "My fridge is warm."), ("followup", MARA, "And now the oven.")]
    assert kinds[2][:2] == ("note", "ann@acme.example") and "> I sold her the oven." in kinds[2][2]
    assert [to for _, to in desk.mails()[sent:]] == ["frontdesk@acme.example"]
