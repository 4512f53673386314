"""Held mail end to end: who is asked, whose answer counts, alarm and digest, two agents at one mail, who is away."""

import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from mailproc.records.effects import RememberAbsence
from mailproc.records.mail import Envelope
from mailproc.rulebook.book import load
from mailproc.store import holds, inbox, outbox, queries
from mailproc.store.batch import Batch
from mailproc.tickets.token import make_token
from tests.desks import Desk, html_of, open_desk, words_of

ANN, BO, CY = "ann@acme.example", "bo@acme.example", "cy@acme.example"
DESK, OPS, JANE, JOE = "frontdesk@acme.example", "ops@acme.example", "jane@customer.example", "joe@elsewhere.example"
RULES = """\
version: 1
departments:
  frontdesk: {name: Front desk, forward_to: frontdesk@acme.example}
  billing: {name: Billing, forward_to: billing@acme.example}
agents:
  - {name: Ann Kowalska, address: [ann@acme.example, ann.k@acme.example], departments: [frontdesk]}
  - {name: Bo Berg, address: bo@acme.example, departments: [frontdesk]}
  - {name: Cy Coe, address: cy@acme.example, departments: [billing]}
defaults: {department: frontdesk, language: en}
route:
  - {name: spam, when: {subject: {contains: lottery}}, do: {hold: spam}}
"""
RELAYED = "Received: from x.example by mx.acme.example; Tue, 13 Jan 2026 08:59:00 +0000"
CONTRADICTED = "Authentication-Results: mx.acme.example; dmarc=fail header.from={domain}"


class Holds(Desk):
    """A desk at which mail is held."""

    def put(
        self, sender: str, to: str, text: str, *, subject: str = "Re: Printer", head: str = "", at: bool = True
    ) -> int:
        """A mail arrives; its inbox id. With `at`, all there is to do is done."""
        self.wait(seconds=30)
        lines = [head] if head else []
        lines += [f"From: {sender}", f"To: {to}", f"Subject: {subject}"]
        lines += [f"Date: {self.now:%a, %d %b %Y %H:%M:%S} +0000", f"Message-ID: <{self.now.timestamp()}@m.example>"]
        raw = "\r\n".join((*lines, "Content-Type: text/plain; charset=utf-8", "", *text.split("\n"), "")).encode()
        bare = sender.rpartition("<")[2].strip("<>")
        envelope = Envelope("smtp", self.now, bare, (to,), "127.0.0.1")
        inbox_id = self.site.engine.receive(raw, envelope).result()
        if at:
            self.work()
        return inbox_id

    def work(self) -> None:
        while self.site.engine.work():
            pass

    def row(self, inbox_id: int) -> inbox.InboxRow:
        with self.site.store.read() as tx:
            found = inbox.get(tx, inbox_id)
        assert found is not None
        return found

    def fate(self, inbox_id: int) -> tuple[str, str]:
        row = self.row(inbox_id)
        return row.state, row.reason

    def out(self, purpose: str = "") -> list[tuple[str, str]]:
        return [mail for mail in self.mails() if not purpose or mail[0] == purpose]

    def case(self) -> str:
        """Jane writes; the address at which the department's agents answer her."""
        self.put(f"Jane Doe <{JANE}>", "support@acme.example", "It prints blank pages.", subject="Printer")
        return reply_to(self.last("forward"))

    def forge(self, to: str, text: str = "Please pay to this account.", sender: str = ANN) -> int:
        """Somebody who writes as Ann from elsewhere."""
        return self.put(f"Ann Kowalska <{sender}>", to, text, head=RELAYED)

    def events(self) -> list[str]:
        with self.site.store.read() as tx:
            return [row[0] for row in tx.execute("SELECT kind FROM event ORDER BY id")]


def reply_to(mail: EmailMessage) -> str:
    return str(mail["reply-to"] or mail["from"]).strip("<>").rpartition("<")[2].strip("<>")


@pytest.fixture
def desk(tmp_path: Path, store_url: str) -> Iterator[Holds]:
    with open_desk(tmp_path, store_url, rules=RULES, more="operator: ops@acme.example") as opened:
        yield Holds(opened.site)


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Holds]:
    url = f"sqlite:///{tmp_path}/store.db"
    with open_desk(tmp_path, url, rules=RULES, more="operator: ops@acme.example") as opened:
        yield Holds(opened.site)


# ---- the challenge


def test_t03_t05_a_forged_agent_is_held_and_the_true_one_releases_it(desk: Holds) -> None:
    to = desk.case()
    held = desk.forge(to, "Please restart it.")
    assert desk.fate(held) == ("held", "agent-unproven")
    assert desk.out("answer") == [] and desk.out("challenge") == [("challenge", ANN)]
    mail = desk.last("challenge")
    assert "Please restart it." in words_of(mail) and mail["auto-submitted"] == "auto-generated"
    first = desk.forge(reply_to(mail), "ok", ANN)  # at A1: the token went to the directory's address alone
    assert desk.fate(first) == ("done", "hold-answered")
    assert desk.fate(held) == ("done", "agent-answer")
    assert desk.out("answer") == [("answer", JANE)]
    again = desk.forge(reply_to(mail), "ok", ANN)  # F07, the second does nothing
    assert desk.fate(again) == ("done", "hold-settled")
    assert desk.out("answer") == [("answer", JANE)] and desk.events().count("released") == 1


def test_t03_answers_that_are_not_the_agents_release_nothing(quick: Holds) -> None:
    to = quick.case()
    held, other = quick.forge(to), quick.put(f"Bo <{BO}>", to, "Mine.", head=RELAYED)
    assert quick.out("challenge") == [("challenge", ANN), ("challenge", BO)]
    of_bo = reply_to(quick.last("challenge"))  # the token of another held mail, asked of another agent
    with quick.site.store.read() as tx:
        first = [row["id"] for row in queries.list_outbox(tx) if row["purpose"] == "challenge"][0]
        raw = outbox.raw_of(tx, first) or b""
    mine = re.search(rb"Reply-To: <?([^\s<>]+)>?", raw)
    assert mine is not None
    of_ann = mine[1].decode()
    keys = quick.site.engine.policy.keys
    forged = [
        "support@acme.example",  # no token
        of_bo,
        f"support+{make_token(keys, 'r', held, ANN)}@acme.example",
        f"support+{make_token(keys, 'h', held, ANN)}@acme.example",
        f"support+{make_token(keys, 'h', held, f'hold:agent-unproven:{BO}')}@acme.example",
        f"support+{make_token(keys, 'h', held, f'hold:agent-stale:{ANN}')}@acme.example",
    ]
    for address in forged:
        quick.forge(address, "ok")
    quick.put("mallory@x.example", of_ann, "ok")  # the right token in the wrong hands (T21)
    quick.put(f"Ann <{ANN}>", of_ann, "ok", head=CONTRADICTED.format(domain="acme.example"))  # A0
    quick.put(f"Ann <{ANN}>", of_ann, "I am away.", head="Auto-Submitted: auto-replied")
    assert quick.fate(held) == ("held", "agent-unproven") and quick.fate(other)[0] == "held"
    assert quick.out("answer") == []


def test_every_bit_of_the_token_counts(quick: Holds) -> None:
    held = quick.forge(quick.case())
    local, _, domain = reply_to(quick.last("challenge")).partition("@")
    base, _, token = local.partition("+")
    flipped = {
        token[:at] + chr(ord(token[at]) ^ 1 << bit) + token[at + 1 :] for at in range(len(token)) for bit in range(7)
    }
    usable = sorted(word for word in flipped if re.fullmatch("[A-Za-z0-9]+", word) and word.lower() != token)
    for word in usable:
        quick.put(f"Ann <{ANN}>", f"{base}+{word}@{domain}", "ok", head=RELAYED, at=False)
    quick.work()
    assert len(usable) > 60 and quick.fate(held) == ("held", "agent-unproven")


def test_one_challenge_an_hour_and_the_others_are_in_the_digest(quick: Holds) -> None:
    to = quick.case()
    for _ in range(4):
        quick.forge(to)
    assert quick.out("challenge") == [("challenge", ANN)]
    quick.wait(hours=1)
    quick.forge(to)
    assert len(quick.out("challenge")) == 2
    quick.site.engine.tick()
    assert ("digest department:frontdesk", DESK) in quick.out()


def test_t04_rights_are_checked_when_the_held_mail_is_released(quick: Holds) -> None:
    held = quick.forge(quick.case())
    address = reply_to(quick.last("challenge"))
    rules = RULES.replace("departments: [frontdesk]}\n  - {name: Bo", "departments: [billing]}\n  - {name: Bo")
    policy = quick.site.engine.policy
    quick.site.engine.policy = replace(policy, book=load((("rules/x.yaml", rules),), policy.site))
    quick.forge(address, "ok")
    assert quick.fate(held) == ("held", "agent-not-entitled") and quick.out("answer") == []


def test_the_challenge_goes_to_the_directory_and_never_to_where_the_mail_says(quick: Holds) -> None:
    quick.put("Ann <ann.k@acme.example>", quick.case(), "x", head=f"{RELAYED}\r\nReply-To: evil@x.example")
    assert quick.out("challenge") == [("challenge", ANN)]


def test_an_automatic_mail_of_an_agent_is_not_asked_about(quick: Holds) -> None:
    held = quick.put(f"Ann <{ANN}>", quick.case(), "I am away.", head=f"{RELAYED}\r\nAuto-Submitted: auto-replied")
    assert quick.fate(held)[0] == "held" and quick.out("challenge") == quick.out("review") == []


def test_t23_commands_of_a_confirmed_mail_are_carried_out_then_and_not_before(quick: Holds) -> None:
    to = quick.case()
    held = quick.forge(to, "#close")
    serial = quick.row(held).serial
    assert serial and quick.show(serial)["state"] == "new"
    quick.forge(reply_to(quick.last("challenge")), "Ja.")
    assert quick.show(serial)["state"] == "closed"


# ---- an agent's own held mail


def test_ok_sends_an_answer_with_a_line_that_is_no_command(desk: Holds) -> None:
    held = desk.put(f"Ann <{ANN}>", desk.case(), "#1 restart it\n#2 wait")
    assert desk.fate(held) == ("held", "unknown-command")
    mail = desk.last("refused")
    assert "“ok”" in words_of(mail) and "Send it as it is" in html_of(mail)
    desk.put(f"Ann <{ANN}>", reply_to(mail), "Ok\n\n-- \nAnn")
    assert desk.fate(held) == ("done", "agent-answer")
    assert "#1 restart it" in words_of(desk.last("answer"))


def test_an_answer_that_is_no_known_word_sends_nothing_and_says_so(quick: Holds) -> None:
    held = quick.put(f"Ann <{ANN}>", quick.case(), "#reslove\nDone.")
    said = quick.put(f"Ann <{ANN}>", reply_to(quick.last("refused")), "Then please just send the second line.")
    assert quick.fate(said) == ("done", "hold-answer-unclear") and quick.fate(held)[0] == "held"
    assert len(quick.out("refused")) == 2 and quick.out("answer") == []
    quick.put(f"Ann <{ANN}>", reply_to(quick.last("refused")), "discard")
    assert quick.fate(held) == ("done", "discarded")


def test_t46_ok_lets_words_of_a_note_out_but_never_our_own_addresses(quick: Holds) -> None:
    to = quick.case()
    quick.put(f"Ann <{ANN}>", to, "#note the customer was rude to us twice this very week already")
    words = "The customer was rude to us twice this very week already."
    held = quick.put(f"Ann <{ANN}>", to, words)
    assert quick.fate(held) == ("held", "would-leak")
    quick.put(f"Ann <{ANN}>", reply_to(quick.last("refused")), "ok")
    assert quick.fate(held) == ("done", "agent-answer")
    with_token = quick.put(f"Ann <{ANN}>", to, f"Please write to {to}")
    assert quick.fate(with_token) == ("held", "would-leak") and "“ok”" not in words_of(quick.last("refused"))
    quick.put(f"Ann <{ANN}>", reply_to(quick.last("refused")), "ok")
    assert quick.fate(with_token)[0] == "held" and len(quick.out("answer")) == 1


# ---- a customer's held mail


def contradict(desk: Holds, text: str = "More.", sender: str = JANE, to: str = "support@acme.example") -> int:
    domain = sender.rpartition("@")[2]
    return desk.put(f"Jane Doe <{sender}>", to, text, head=CONTRADICTED.format(domain=domain))


def test_a_held_mail_of_a_customer_goes_to_the_department_and_back(desk: Holds) -> None:
    desk.case()
    held = contradict(desk, "My order number is 4711.", to=reply_to(desk.last("received")))
    assert desk.fate(held) == ("held", "sender-contradicted")
    mail = desk.last("review")
    assert mail["to"] == DESK and "checks say" in words_of(mail) and "4711" in words_of(mail)
    assert "release as customer" in words_of(mail) and "Release it as the customer" in html_of(mail)
    # whoever answers must be proven as an agent must be
    said = desk.put(f"Front desk <{DESK}>", reply_to(mail), "release as customer", head=RELAYED)
    assert desk.fate(said) == ("held", "hold-answer-unproven") and desk.fate(held)[0] == "held"
    desk.put(f"Ann <{ANN}>", reply_to(mail), "Release as customer")
    assert desk.fate(held) == ("done", "follow-up")
    assert "4711" in words_of(desk.last("followup"))


def test_a_stranger_is_released_as_a_new_request_by_the_shared_mailbox(quick: Holds) -> None:
    held = contradict(quick, "Hello.", JOE)
    quick.put(f"Front desk <{DESK}>", reply_to(quick.last("review")), "Freigeben.")
    assert quick.fate(held) == ("done", "new") and ("forward", DESK) in quick.out()


def test_an_agent_of_another_department_decides_nothing(quick: Holds) -> None:
    held = contradict(quick, "Hello.", JOE)
    quick.put(f"Cy <{CY}>", reply_to(quick.last("review")), "release")
    assert quick.fate(held)[0] == "held"


def test_what_nobody_can_read_is_the_operators(quick: Holds) -> None:
    held = quick.put("ann@acme.example <evil@x.example>, b@x.example", "support@acme.example", "Hi")
    assert quick.fate(held) == ("held", "from-malformed")
    assert quick.out("review") == [("review", DESK)]
    raw = b"Subject: x\r\n" + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n\r\n" * 30_000
    odd = quick.site.engine.receive(raw, Envelope("smtp", quick.now, "x@x.example", ("support@acme.example",))).result()
    quick.work()
    if quick.fate(odd)[1] == "unparsable":
        assert ("review", OPS) in quick.out("review")


# ---- spam, the digest, the alarm


def spam(desk: Holds, sender: str = JOE, head: str = "") -> int:
    return desk.put(sender, "support@acme.example", "You won.", subject="The lottery", head=head)


def test_spam_is_only_in_the_digest_and_its_words_decide(desk: Holds) -> None:
    first, second, third = spam(desk), spam(desk), spam(desk, "sue@elsewhere.example")
    desk.wait(hours=5)
    desk.site.engine.tick()
    assert desk.out() == [("digest department:frontdesk", DESK)]
    desk.site.engine.tick()
    assert len(desk.out()) == 1  # one a day
    mail = desk.last("digest department:frontdesk")
    assert "3 mails are held as spam" in str(mail["subject"]) and f"Trust the sender of {first}" in html_of(mail)
    desk.put(f"Ann <{ANN}>", reply_to(mail), f"release {first}\ndiscard {second}, 999999\ntrust {third}")
    assert [desk.fate(mail_id) for mail_id in (first, second, third)] == [
        ("done", "new"), ("done", "discarded"), ("done", "new")
    ]  # fmt: skip
    assert desk.fate(spam(desk, "sue@elsewhere.example")) == ("done", "new")
    assert desk.fate(spam(desk, JOE)) == ("held", "spam")  # released is not trusted


def test_trust_is_for_that_address_alone_and_for_spam_alone(quick: Holds) -> None:
    with quick.site.store.read() as tx:
        assert holds.read_named(tx, [1]) == {}
    quick.site.store.run(lambda tx: holds.set_trusted(tx, JOE, quick.now))
    assert quick.fate(spam(quick))[0] == "done"
    assert quick.fate(spam(quick, "boss@elsewhere.example")) == ("held", "spam")
    assert quick.fate(spam(quick, head=CONTRADICTED.format(domain="elsewhere.example"))) == (
        "held", "sender-contradicted",
    )  # fmt: skip
    # no part in a case, and no agent's right
    quick.case()
    tag = re.search(r"\[[A-Z0-9-]+\]", str(quick.last("forward")["subject"]))
    assert tag is not None
    cited = quick.put(JOE, "support@acme.example", "Me too", subject=f"Re: {tag[0]} Printer")
    assert quick.fate(cited) == ("done", "new-stranger")


def test_a_digest_of_one_department_opens_no_hold_of_another(quick: Holds) -> None:
    mine = spam(quick)
    theirs = quick.put("ann@acme.example, b@x.example", "support@acme.example", "Hi")
    quick.site.store.run(lambda tx: tx.execute("UPDATE hold SET audience = 'operator' WHERE inbox_id = ?", (theirs,)))
    quick.site.engine.tick()
    assert {to for _, to in quick.out() if _.startswith("digest")} == {DESK, OPS}
    quick.put(f"Ann <{ANN}>", reply_to(quick.last("digest department:frontdesk")), f"release {theirs}")
    quick.put("mallory@x.example", reply_to(quick.last("digest department:frontdesk")), f"release {mine}")
    assert quick.fate(theirs)[0] == quick.fate(mine)[0] == "held"


def test_one_alarm_about_all_that_waits_for_four_hours(desk: Holds) -> None:
    desk.now = desk.now.replace(hour=1)  # before the digest's hour
    contradict(desk, sender=JOE)
    contradict(desk, sender="sue@elsewhere.example")
    spam(desk)
    desk.site.engine.tick()
    assert desk.out("hold-alarm") == []
    desk.wait(hours=4)
    for _ in range(3):
        desk.site.engine.tick()
        desk.wait(minutes=20)
    assert desk.out("hold-alarm") == [("hold-alarm", OPS)]
    assert "2 mails are held" in str(desk.last("hold-alarm")["subject"]) and "lottery" not in words_of(
        desk.last("hold-alarm")
    )


# ---- two agents


def test_a_second_agents_answer_waits_with_both_texts_until_its_ok(desk: Holds) -> None:
    to = desk.case()
    desk.put(f"Ann <{ANN}>", to, "Please restart it.")
    held = desk.put(f"Bo <{BO}>", to, "#resolve\nPlease buy a new one.")
    assert desk.fate(held) == ("held", "collision") and len(desk.out("answer")) == 1
    mail = desk.last("refused")
    said = words_of(mail)
    assert mail["to"] == BO and "Ann Kowalska answered" in said
    assert "Please restart it." in said and "Please buy a new one." in said
    desk.put(f"Bo <{BO}>", reply_to(mail), "ok")
    assert desk.fate(held) == ("done", "agent-resolved")
    sent = words_of(desk.last("resolved"))
    assert "Please buy a new one." in sent and "#resolve" not in sent
    assert "Ann Kowalska had already answered" in words_of(desk.last("copy"))


def test_two_agents_in_one_batch_and_one_answer_goes_out(desk: Holds) -> None:
    to = desk.case()
    both = [desk.put(f"A <{who}>", to, text, at=False) for who, text in ((ANN, "Restart it."), (BO, "Buy a new one."))]
    desk.work()
    assert sorted(desk.fate(one) for one in both) == [("done", "agent-answer"), ("held", "collision")]
    assert desk.out("answer") == [("answer", JANE)]


def test_past_the_window_the_answer_goes_with_a_note_to_the_department(quick: Holds) -> None:
    to = quick.case()
    quick.put(f"Ann <{ANN}>", to, "Please restart it.")
    quick.wait(minutes=11)
    late = quick.put(f"Bo <{BO}>", to, "Did it help?")
    assert quick.fate(late) == ("done", "agent-answer")
    assert "Ann Kowalska had already answered" in words_of(quick.last("copy"))


def test_one_agent_twice_or_a_new_word_of_the_customer_is_no_collision(quick: Holds) -> None:
    to = quick.case()
    for text in ("Please restart it.", "And tell me."):
        assert quick.fate(quick.put(f"Ann <{ANN}>", to, text))[1] == "agent-answer"
    quick.put(f"Jane <{JANE}>", reply_to(quick.last("answer")), "It did not help.")
    assert quick.fate(quick.put(f"Bo <{BO}>", to, "Buy a new one."))[1] == "agent-answer"


def test_who_had_the_case_hears_who_took_it(quick: Holds) -> None:
    to = quick.case()
    quick.put(f"Ann <{ANN}>", to, "#take")
    quick.put(f"Bo <{BO}>", to, "#take")
    assert quick.out("taken") == [("taken", ANN)] and "Bo Berg" in words_of(quick.last("taken"))
    quick.put(f"Ann <{ANN}>", to, "#take")
    quick.put(f"Ann <{ANN}>", to, "#take")
    assert quick.out("taken") == [("taken", ANN), ("taken", BO)]


# ---- who is away


def test_an_assignee_who_is_away_gets_no_mail_until_that_day(desk: Holds) -> None:
    to = desk.case()
    desk.put(f"Ann <{ANN}>", to, "#take\nPlease restart it.")
    desk.put(f"Jane <{JANE}>", reply_to(desk.last("answer")), "It did not help.")
    assert desk.out("followup") == [("followup", ANN)]
    ours = desk.last("followup")["message-id"]
    note = f"In-Reply-To: {ours}\r\nAuto-Submitted: auto-replied"
    away = desk.put(f"Ann <{ANN}>", "support@acme.example", "I am out of office until 20 January 2026.", head=note,
                    subject="Out of office: Printer")  # fmt: skip
    assert desk.fate(away) == ("done", "agent-automatic")
    assert desk.out("followup")[1:] == [("followup", DESK)]
    assert "away, back on" in words_of(desk.last("followup"))
    desk.put(f"Jane <{JANE}>", reply_to(desk.last("answer")), "Hello?")
    assert desk.out("followup")[2:] == [("followup", DESK)]
    desk.wait(days=8)
    desk.put(f"Jane <{JANE}>", reply_to(desk.last("answer")), "Anybody there?")
    assert desk.out("followup")[3:] == [("followup", ANN)]


@pytest.mark.parametrize("case", ["forged", "far", "no id"])
def test_an_absence_that_nothing_shows_changes_nothing(quick: Holds, case: str) -> None:
    to = quick.case()
    quick.put(f"Ann <{ANN}>", to, "#take\nPlease restart it.")
    quick.put(f"Jane <{JANE}>", reply_to(quick.last("answer")), "It did not help.")
    heads = [f"In-Reply-To: {quick.last('followup')['message-id']}"] if case != "no id" else []
    if case == "forged":
        heads.append(CONTRADICTED.format(domain="acme.example"))
    until = "20 January 2027" if case == "far" else "20 January 2026"
    quick.put(f"Ann <{ANN}>", "support@acme.example", f"I am out of office until {until}.",
              head="\r\n".join([*heads, "Auto-Submitted: auto-replied"]), subject="Out of office")  # fmt: skip
    quick.put(f"Jane <{JANE}>", reply_to(quick.last("answer")), "Hello?")
    assert [mail for mail in quick.out("followup") if mail[1] != ANN] == []


def test_who_writes_by_hand_is_back(quick: Holds) -> None:
    to = quick.case()
    quick.put(f"Ann <{ANN}>", to, "#take\nPlease restart it.")

    def go(tx: Any) -> None:
        holds.HANDLERS[RememberAbsence](Batch(tx, quick.now, None, ""), RememberAbsence(ANN, "2026-02-01"))

    quick.site.store.run(go)
    quick.put(f"Jane <{JANE}>", reply_to(quick.last("answer")), "It did not help.")
    assert quick.out("followup") == [("followup", DESK)]
    quick.put(f"Ann <{ANN}>", to, "I am here.")
    quick.put(f"Jane <{JANE}>", reply_to(quick.last("answer")), "Thank you, but it still does not print.")
    assert quick.out("followup")[1:] == [("followup", ANN)]


def test_where_addresses_carry_no_token_the_references_do(tmp_path: Path) -> None:
    more = "operator: ops@acme.example\naddress_extension: none"
    with open_desk(tmp_path, f"sqlite:///{tmp_path}/store.db", rules=RULES, more=more) as opened:
        quick = Holds(opened.site)
        quick.case()
        ours = quick.last("forward")["message-id"]
        head = f"{RELAYED}\r\nIn-Reply-To: {ours}"
        held = quick.put(f"Ann <{ANN}>", "support@acme.example", "Restart it.", head=head)
        assert quick.fate(held) == ("held", "agent-unproven")
        mail = quick.last("challenge")
        chain = f"{mail['references']} {mail['message-id']}"
        assert "@hold.acme.example" in chain and "@hold." not in str(mail["reply-to"])
        head = f"{RELAYED}\r\nIn-Reply-To: {mail['message-id']}\r\nReferences: {chain}"
        quick.put(f"Ann <{ANN}>", "support@acme.example", "ok", head=head)
        assert quick.fate(held) == ("done", "agent-answer")
