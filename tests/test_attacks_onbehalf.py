"""Attacks on what agents do by mail for others: copies of their mail, forwards, forms, logins.

The attacker knows everything but the keys: he has copies of agents' signed mail, addresses of the desk, and writes what
agents forward and what their mail programs put above it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

import tests.desks
from mailproc.desk.contacts.brought import read_brought
from mailproc.message.parse import parse
from mailproc.records.mail import Envelope
from tests.attackedsite import ANN, DESK, EVE, FORWARD, HIS, RULES, UNPROVEN, Site
from tests.builders import SITE, make_policy
from tests.desks import SETTINGS, open_desk, words_of
from tests.message.test_forwarded_clients import CLIENTS, _write


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("attacked")
    with open_desk(folder, f"sqlite:///{folder}/store.db", rules=RULES) as desk:
        yield Site(desk)


# ---- copies of what agents signed


@pytest.mark.parametrize("work", ["begins a case", "logs a call", "forwards", "closes cases"])
def test_t19_copy_of_an_agents_signed_mail_does_nothing_again(site: Site, work: str) -> None:
    victim, serial, number, _ = site.case()
    other = site.victim()  # nothing went there today
    to, text, head = {
        "begins a case": (other, "Here is our offer.", [f"Cc: {DESK}"]),
        "logs a call": (DESK, f"#from {other}\n#channel phone\n#status\n\nHe called.", []),
        "forwards": (DESK, FORWARD.format(above="", sender=other, text="Short."), []),
        "closes cases": (DESK, f"#close {number}", []),
    }[work]
    copies = [site.copy(f"{site.turn}.{n}", to, text, *head) for n in range(3)]
    copies.append(copies[0].replace(b"From:", b"X-Note: 1\r\nFrom:", 1))
    site.mails()
    assert site.desk.take(copies[0])["outcome"] in ("opened", "answered")
    assert len(site.to(other)) == (work != "closes cases")
    site.desk.write("It is dark again", sender=victim, subject=f"Re: [{number}] Lamp")
    for copy in copies[1:]:
        site.desk.wait(hours=2)
        site.mails()
        row = site.desk.take(copy)
        assert (row["outcome"], row["reason"]) == ("held", "agent-replay"), (work, row["reason"])
        assert site.to(other) == []
    assert site.desk.show(serial)["state"] != "closed"


def standing_address(site: Site) -> str:
    """Where Ann begins cases, as the answer to `#help` says it."""
    words = words_of(site.desk.last("transcript"))
    (found,) = set(re.findall(r"support\+[a-z2-7]o00000[a-z2-7]{16}@acme\.example", words))
    return str(found)


@pytest.mark.parametrize("text", ["Let us have lunch.", "#close {number}"])
def test_t19_agents_mail_to_somebody_else_is_no_work_here(site: Site, text: str) -> None:
    """Whoever knows the address that begins cases could have any mail of its agent's delivered to it."""
    victim, serial, number, _ = site.case()
    site.agent("#help")
    standing = standing_address(site)
    for rcpt in (standing, DESK):
        site.mails()
        raw = site.copy(f"{site.turn}.{rcpt[:12]}", "friend@else.example", text.format(number=number), rcpt=rcpt)
        row = site.desk.take(raw)
        sent = [(purpose, to) for purpose, to, _ in site.mails() if not to.endswith("@acme.example")]
        assert sent == [] and site.desk.show(serial)["state"] != "closed", (rcpt, row["reason"], sent)
        if rcpt == standing or text.startswith("#"):
            assert row["reason"] == "agent-redirected"


# ---- whose words a forward brings


@pytest.mark.parametrize(
    ("sender", "author"),
    [
        (f'"{{v}}" <{EVE}>', EVE),
        (f"Victim <{{v}}> <{EVE}>", EVE),
        (f'"Victim <{{v}}>" <{EVE}>', EVE),
        (f"{{v}} [mailto:{EVE}]", EVE),
        (f"{{v}} via List <{EVE}>", EVE),
        (f"Victim <{{v}}> on behalf of <{EVE}>", ""),
        (f"{{v}}, {EVE}", ""),
        (f"{{v}} ({EVE})", ""),
        (f"{EVE} <{{v}}>", "{v}"),
        ("{v} <{v}>", "{v}"),
    ],
)
def test_t14_a_name_makes_a_forwarded_mail_nobody_elses(site: Site, sender: str, author: str) -> None:
    victim = site.victim()
    site.mails()
    text = FORWARD.format(above="FYI\n\n", sender=sender.format(v=victim), text=f"{HIS} {site.turn}, it is warm.")
    row = site.agent(text, subject="Fwd: Warm fridge")
    if author:
        assert site.desk.show(row["serial"])["requester"] == author.format(v=victim)
    else:
        assert (row["outcome"], row["reason"]) == ("held", "unknown-command")
    mails = site.mails()
    assert all(HIS.encode() not in raw for _, to, raw in mails if not to.endswith("@acme.example"))
    assert author == "{v}" or victim not in [to for _, to, _ in mails]


@pytest.mark.parametrize(
    "line", ["From: {v}, eve@evil.example", "From: {v}\nFrom: eve@evil.example", "From: eve@evil.example\nFrom: {v}"]
)
def test_t10_attached_mail_of_two_authors_is_nobodys(site: Site, line: str) -> None:
    victim = site.victim()
    site.mails()
    head = f"{line.format(v=victim)}\nTo: ann@acme.example\nSubject: Warm\nMessage-ID: <{site.turn}@evil.example>\n"
    inner = f"{head}\n{HIS}\n"
    text = f"--b\n\nsee\n--b\nContent-Type: message/rfc822\n\n{inner}--b--\n"
    row = site.agent(text, subject="Fwd: Warm", head='Content-Type: multipart/mixed; boundary="b"\n\n')
    assert (row["outcome"], row["reason"]) == ("held", "unknown-command")
    assert site.to(victim) == []


@pytest.mark.parametrize("name", ['"{v} To: x"', '"{v}  Sent: x"', "{v} Sent: x"])
def test_a_label_inside_a_name_in_one_line_cuts_nothing_off(name: str) -> None:
    victim = "v@victim.example"
    rest = 'To: "ann@acme.example" <ann@acme.example> Sent: Tue, Jan 13, 2026 at 8:15 Subject: Warm'
    line = f"From: {name.format(v=victim)} <{EVE}> {rest}"
    text = f"----- Forwarded message -----\n{line}\n\n{HIS}\n"
    found = parse(f"From: {ANN}\r\nSubject: Fwd: Warm\r\n\r\n{text}".encode(), languages=()).forwarded
    assert found is None or found.from_ is None or found.from_.addr == EVE


@pytest.mark.parametrize("place", ["end", "both"])
@pytest.mark.parametrize("above", ["", "-- \nAnn Kowalska\nAcme\n\n", "#quiet\n\n"])
@pytest.mark.parametrize("client", CLIENTS)
def test_t23_commands_inside_a_forwarded_mail_are_nobodys(client: str, above: str, place: str) -> None:
    """Above all where the agent wrote nothing above it: then the whole mail looks like new text."""
    text = _write(client)
    line = next(line for line in text.splitlines() if "My fridge is warm." in line)
    mark = line.partition("My fridge")[0]
    commands = "\n".join(f"{mark}{one}" for one in ("#close", f"#cc +{EVE}", "#from v@victim.example", "#to billing"))
    if place == "both":
        text = text.replace(line, f"{commands}\n{mark.rstrip()}\n{line}", 1)
    text = text.rstrip("\n") + f"\n{mark.rstrip()}\n{commands}\n"
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = ANN, DESK, "Fwd: Warm fridge"
    mail.set_content(above + text)
    agent = make_policy().book.agents[0]
    reading = read_brought(parse(mail.as_bytes(), languages=SITE.languages), agent, make_policy())
    assert reading is not None and reading.origin is not None
    assert (reading.mail.commands, reading.mail.problems, reading.person) == ((), (), None)
    assert "#close" not in reading.mail.text and reading.is_quiet == above.startswith("#quiet")


@pytest.mark.parametrize("is_new", [False, True])
def test_t23_commands_at_the_end_of_a_forward_in_no_known_form_stop_it(site: Site, is_new: bool) -> None:
    victim, serial, _, token = site.case()
    site.agent("#help")
    to = standing_address(site) if is_new else token
    site.mails()
    text = f"== weitergereicht ==\nAbs. Eve\n\n{HIS}\n\n#cc +{EVE}\n#close"
    row = site.agent(text, to, subject="Fwd: Warm fridge")
    assert (row["outcome"], row["reason"]) == ("held", "unknown-command")
    assert site.desk.show(serial)["state"] != "closed"
    assert [to for _, to, _ in site.mails() if not to.endswith("@acme.example")] == []


def test_t47_id_of_a_colleagues_mail_never_goes_out(site: Site) -> None:
    mara = site.victim()
    inner = FORWARD.format(above="", sender=f"Mara <{mara}>", text="It is warm.")
    text = FORWARD.format(above="FYI\n\n", sender="Bo Berg <bo@acme.example>", text=inner)
    secret = "<draft.7@bo-laptop.acme.example>"
    head = f"In-Reply-To: {secret}\nReferences: {secret}"
    row = site.agent(text, subject="Fwd: Fwd: Warm fridge", head=head)
    assert site.desk.show(row["serial"])["requester"] == mara
    site.desk.agent(site.address("forward"), "Press the button.")
    seen = [raw for _, to, raw in site.mails() if to == mara]
    assert len(seen) == 2 and not [raw for raw in seen if b"bo-laptop" in raw or b"<bo@" in raw]


def test_t06_ids_inside_a_forwarded_mail_steal_nobodys_case(site: Site) -> None:
    victim, serial, _, _ = site.case(text="SECRETOFTHEVICTIM")
    site.desk.write("more", sender=victim, subject="Lamp again", head=f"References: <first.{site.turn}@victim.example>")
    for own in (f"<first.{site.turn}@victim.example>", f"<evil.{site.turn}@evil.example>"):
        inner = (
            f"From: {EVE}\nTo: ann@acme.example\nSubject: Warm\nMessage-ID: {own}\n"
            f"References: <first.{site.turn}@victim.example> <next.{site.turn}@victim.example>\n\n{HIS}\n"
        )
        text = f"--b\n\nsee\n--b\nContent-Type: message/rfc822\n\n{inner}--b--\n"
        site.mails()
        row = site.agent(text, subject="Fwd: Warm", head='Content-Type: multipart/mixed; boundary="b"\n\n')
        assert row["reason"] == "agent-forward" and site.to(victim) == []
    row = site.desk.write("go on", sender=EVE, subject="Warm", head=f"In-Reply-To: <evil.{site.turn}@evil.example>")
    assert row["reason"] == "new-stranger"
    assert all(b"SECRETOFTHEVICTIM" not in raw for _, to, raw in site.mails() if to == EVE)
    row = site.desk.write(
        "go on", sender=victim, subject="Lamp", head=f"In-Reply-To: <next.{site.turn}@victim.example>"
    )
    assert row["reason"] == "follow-up"  # the victim's own thread still leads to the victim's own case


@pytest.mark.parametrize("head", [UNPROVEN, f"Reply-To: {EVE}", "Auto-Submitted: auto-generated", "To: else@x.example"])
@pytest.mark.parametrize("text", ["forward", "#from {v}\n#status\n\nx", f"#from {{v}}\n#cc +{EVE}\n\nx"])
def test_t36_what_is_no_proven_agents_writes_to_nobody(site: Site, head: str, text: str) -> None:
    victim = site.victim()
    words = FORWARD.format(above="FYI\n\n", sender=victim, text=HIS) if text == "forward" else text.format(v=victim)
    site.mails()
    to = "else@x.example" if head.startswith("To:") else DESK
    row = site.agent(words, to, subject="Fwd: Warm", is_proven=head != UNPROVEN, head="" if to != DESK else head)
    assert [to for _, to, _ in site.mails() if not to.endswith("@acme.example")] == [], row["reason"]


@pytest.mark.parametrize("who", [EVE, "victim", "\u0410nn Kowalska <ann@acme-example.com>"])
def test_t22_resent_fields_and_looks_give_nobody_anything(site: Site, who: str) -> None:
    victim, serial, _, _ = site.case(text="SECRETOFTHEVICTIM")
    message_id = site.desk.show(serial)["messages"][0]["message_id"]
    sender = victim if who == "victim" else who
    raw = (
        f"{UNPROVEN}\nResent-From: {ANN}\nResent-To: {DESK}\nFrom: {sender}\nTo: {DESK}\nSubject: Lamp\n"
        f"Date: {site.desk.now:%a, %d %b %Y %H:%M:%S} +0000\nMessage-ID: {message_id}\n\n{HIS}\n"
    )
    site.mails()
    row = site.desk.take(raw.replace("\n", "\r\n").encode())
    assert row["reason"] == ("follow-up-unverified" if who == "victim" else "new-stranger")
    mails = site.mails()
    assert victim not in [to for _, to, _ in mails]
    assert all(b"SECRETOFTHEVICTIM" not in raw for _, to, raw in mails if not to.endswith("@acme.example"))


def test_forwards_in_forwards_cost_nothing(site: Site) -> None:
    inner = b"From: a@b.example\r\nSubject: x\r\n\r\nhello\r\n"
    text = "deep"
    for number in range(1_000):
        inner = b"From: p%d@b.example\r\nContent-Type: message/rfc822\r\n\r\n" % number + inner
        text = FORWARD.format(above="", sender=f"q{number}@b.example", text=text)
    head = (
        f"{UNPROVEN}\r\nFrom: {ANN}\r\nTo: {DESK}\r\nSubject: Fwd: x\r\nContent-Type: message/rfc822\r\n\r\n".encode()
    )
    assert site.desk.take(head + inner)["outcome"] == "held"
    for wide in (
        text,
        FORWARD.format(above="", sender="a@b.example " * 20_000, text="x"),
        FORWARD.format(above="", sender="<" * 50_000, text="x"),
    ):
        assert site.agent(wide, subject="Fwd: x", is_proven=False, head=UNPROVEN)["outcome"] == "held"


# ---- forms and Reply-To


def form(site: Site, body: str, *, proven: bool = True, head: str = "") -> dict[str, Any]:
    return site.desk.write(body, sender="form@shop.example", subject="Contact", is_proven=proven, head=head)


def test_t30_a_form_reflects_one_mail_a_day_and_no_byte_of_it(site: Site) -> None:
    victim = site.victim()
    site.mails()
    body = f"Name: {HIS} {{{{7*7}}}}\nE-mail: {victim}\nSubject: {HIS}\nOrder number: {HIS}\nMessage: {HIS}\n"
    row = form(site, f"{body}priority: urgent\ndepartment: billing\n")
    shown = site.desk.show(row["serial"])
    assert (shown["requester"], shown["priority"], shown["department"]) == (victim, "normal", "frontdesk")
    assert set(shown["fields"]) == {"order"}
    for number in range(60):
        form(site, f"{body} {number}\n", head=f"Reply-To: {victim}" if number % 2 else "")
    sent = [(purpose, raw) for purpose, to, raw in site.mails() if to == victim]
    assert [purpose for purpose, _ in sent] == ["received"]
    assert all(HIS not in raw.decode() + parse(raw, languages=()).text for _, raw in sent)
    form(site, f"Name: x\nE-mail: {site.victim()}\nMessage: {HIS}\n", proven=False)
    assert (
        Counter(to for _, to, _ in site.mails() if "victim" in to) == {}
    )  # not even one where nothing proves the form


@pytest.mark.parametrize(
    "value",
    [
        "ann@acme.example",
        "Ann@ACME.example",
        DESK,
        "frontdesk@acme.example",
        f"{{v}},{EVE}",
        f"{{v}}\nE-mail: {EVE}",
        "\uff41nn@acme.example",
        "ann@acme.example.",
        f"{{v}}\u2028E-mail: {EVE}",
    ],
)
def test_t13_a_form_names_one_person_outside_or_nobody(site: Site, value: str) -> None:
    victim = site.victim()
    site.mails()
    row = form(site, f"E-mail: {value.format(v=victim)}\nMessage: #close {HIS}\n")
    assert row["reason"] == "new"
    assert {to for _, to, _ in site.mails()} <= {"frontdesk@acme.example", "form@shop.example"}


def test_t06_a_form_opens_no_case_of_the_person_it_names(site: Site) -> None:
    victim, serial, number, token = site.case()
    for person, reason in ((victim, "follow-up-unverified"), (EVE, "new-stranger")):
        site.mails()
        row = form(site, f"E-mail: {person}\nSubject: Re: [{number}] Lamp\nMessage: Any news? {HIS}\n")
        assert row["reason"] == reason and site.to(victim) == []
    site.desk.agent(token, "We ask you to wait.")
    assert all(HIS.encode() not in raw for _, to, raw in site.mails() if to == victim)


# ---- logins


LOGINS = SETTINGS.replace(
    "agent_trust: network", 'agent_trust: dmarc\n  border_hosts: [mx.acme.example]\n  logins: ["*@acme.example"]'
)
TRUE = (
    "from pc ([192.0.2.9]) (Authenticated sender: ann@acme.example) by mx.acme.example (Postfix) with ESMTPSA id 1; x"
)


@pytest.fixture(scope="module")
def login_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, kept = tmp_path_factory.mktemp("logins"), tests.desks.SETTINGS
    tests.desks.SETTINGS = LOGINS
    try:
        with open_desk(folder, f"sqlite:///{folder}/store.db", rules=RULES) as desk:
            yield Site(desk)
    finally:
        tests.desks.SETTINGS = kept


@pytest.mark.parametrize(
    ("head", "is_ann"),
    [
        ([f"Received: {TRUE}"], True),
        (["Received: from e by mx.acme.example with ESMTPS id 1; x", f"Received: {TRUE}"], False),
        ([f"Received: {TRUE.replace('mx.acme', 'mx.evil')}"], False),
        ([f"Received: {TRUE.replace('by mx.acme', 'by mx.evil.example by mx.acme')}"], False),
        ([f"Received: {TRUE.replace('ESMTPSA', 'ESMTPS')}"], False),
        ([f"Received: {TRUE.replace('sender: ann@', 'sender: bo@')}"], False),
        ([f"Received: {TRUE.replace('ann@acme.example)', '*@acme.example)')}"], False),
        ([f"Received: {TRUE.replace('ann@acme', chr(0xFF41) + 'nn@acme')}"], False),
        ([f"Received: {TRUE.replace('ann@acme.example)', 'ann@acme.example@acme.example)')}"], False),
        ([f"Received: {TRUE.replace(') by', ') (Authenticated sender: eve@evil.example) by')}"], False),
        (
            ["Received: from (Authenticated sender: ann@acme.example) ([192.0.2.6]) by mx.acme.example with ESMTPSA"],
            False,
        ),
        (
            ["Received: from e (x (Authenticated sender: ann@acme.example)) by mx.acme.example with ESMTPSA id 1; x"],
            False,
        ),
        (["Received: from e by mx.acme.example with ESMTPSA id 1 (Authenticated sender: ann@acme.example); x"], False),
        (["Authentication-Results: mx.acme.example; auth=pass smtp.auth=eve@evil.example"], False),
        (["Authentication-Results: mx.acme.example; auth=fail smtp.auth=ann@acme.example"], False),
        (
            ["Authentication-Results: mx.acme.example; auth=pass smtp.auth=eve; auth=pass smtp.auth=ann@acme.example"],
            False,
        ),
        (
            [
                "Authentication-Results: mx.acme.example; dmarc=none",
                "Authentication-Results: mx.acme.example; auth=pass smtp.auth=ann@acme.example",
            ],
            False,
        ),
        (
            [
                "Received: from e by mx.evil.example with ESMTPS id 1; x",
                "Authentication-Results: mx.acme.example; auth=pass smtp.auth=ann@acme.example",
            ],
            False,
        ),
        (["X-Authenticated-Sender: ann@acme.example", "X-Received: " + TRUE], False),
    ],
)
def test_t03_no_stranger_writes_himself_a_login(login_site: Site, head: list[str], is_ann: bool) -> None:
    site, desk = login_site, login_site.desk
    victim, _, _, token = site.case()
    site.mails()
    lines = [
        *head,
        f"From: {ANN}",
        f"To: {token}",
        "Subject: Re: Lamp",
        f"Date: {desk.now:%a, %d %b %Y %H:%M:%S} +0000",
        f"Message-ID: <l{site.turn}@x.example>",
        "",
        HIS,
        "",
    ]
    raw = "\r\n".join(lines).encode()
    desk.site.engine.receive(raw, Envelope("imap", desk.now, None, (DESK,), "")).result()
    while desk.site.engine.work():
        pass
    assert site.to(victim) == (["answer"] if is_ann else [])
