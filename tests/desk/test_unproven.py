"""Nothing that an unproven sender chose comes back to them, by whatever mail of ours (T30)."""

import re
from collections.abc import Iterator
from email.header import decode_header, make_header
from pathlib import Path

import pytest

from mailproc.desk.requests import Request
from mailproc.render.variables import TO_CUSTOMERS
from tests.desks import RULES, Desk, open_desk

_TOLD = ("moved", "reopened", "closed", "merged")
VICTIM = "victim@somewhere.example"
MARK = "zq7x"
TELL_ALL = "notify_requester: [reopened, merged, moved, closed, awaiting, rejected]\nauto_close_after: 7d\n"
TELL_ALL += "limits: {unverified_per_day: none, sender_per_hour: none, sender_per_day: none, ticket_per_hour: none,"
TELL_ALL += " ticket_per_day: none}\n"
FIELDS = """\
fields:
  order: {label: Order number}
route:
  - {name: tells, when: {body: {words: [statusplease]}}, do: {reply: status}}
  - {name: reads the order, when: {subject: {regex: '(?P<order>zq7x\\d+)'}}, do: {field.order: "{order}"}}
"""
HEAD = f"""\
In-Reply-To: <{MARK}3@attacker.example>
References: <{MARK}4@attacker.example> <{MARK}5@attacker.example>
Thread-Topic: {MARK}6 pills
Reply-To: "{MARK}7" <{MARK}8@attacker.example>
Cc: {MARK}9@attacker.example
X-Order: {MARK}10
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

{MARK}11 buy at http://{MARK}12.example
--b
Content-Type: application/octet-stream; name="{MARK}13.exe"
Content-Disposition: attachment; filename="{MARK}13.exe"
Content-Transfer-Encoding: base64

TVqQAAMAAAA=
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path, f"sqlite:///{tmp_path}/store.db", rules=RULES + FIELDS, more=TELL_ALL) as made:
        yield made


def write(desk: Desk, number: int = 1, *, proven: bool = False, head: str = HEAD) -> int:
    sender = f'"{MARK}1 cheap pills" <{VICTIM}>'
    text = f"{MARK}14\n--b--"
    row = desk.write(text, sender=sender, subject=f"{MARK}{number}2 pills", is_proven=proven, head=head)
    return int(row["serial"])


def all_to_the_victim(desk: Desk) -> dict[str, list[str]]:
    """What they got by purpose, as bytes, decoded parts and decoded header fields."""
    from email import message_from_bytes

    from mailproc.store import outbox, queries

    found: dict[str, list[str]] = {}
    with desk.site.store.read() as tx:
        for row in queries.list_outbox(tx):
            if row["to"] != VICTIM:
                continue
            raw = outbox.raw_of(tx, row["id"])
            assert raw is not None
            message = message_from_bytes(raw)
            words = [raw.decode("latin-1"), *(str(make_header(decode_header(str(v)))) for v in message.values())]
            for part in message.walk():
                content = part.get_payload(decode=True)
                words.append(content.decode("utf-8", "replace") if isinstance(content, bytes) else "")
            found.setdefault(row["purpose"], []).append("\n".join(words))
    return found


def test_t30_no_automatic_mail_to_an_unproven_sender_holds_a_byte_they_chose(desk: Desk) -> None:
    serial, other = write(desk), write(desk, 2, head=HEAD.replace("@attacker", "2@attacker"))
    assert serial != other
    desk.ask("move", serial, argument="billing")
    desk.ask("resolve", serial)
    desk.ask("reopen", serial)
    desk.ask("close", serial)
    desk.ask("reopen", serial)
    desk.ask("resolve", serial)
    desk.wait(days=8).site.engine.tick()
    desk.site.engine.act(Request("merge", other, "ann@acme.example", other=serial), "merge")
    got = all_to_the_victim(desk)
    assert {purpose: len(mails) for purpose, mails in got.items()} == {"received": 2, "resolved": 2}
    assert set(desk.suppressed(serial)) == {(purpose, "unproven") for purpose in _TOLD}
    for purpose, mails in got.items():
        assert not [mail for mail in mails if MARK in mail or "pills" in mail.lower()], purpose
        assert not [mail for mail in mails if re.search("attacker|statusplease", mail)], purpose


@pytest.mark.parametrize("text", ["statusplease", "something else"])
def test_t30_what_a_rule_answers_holds_nothing_of_theirs(desk: Desk, text: str) -> None:
    head = HEAD.partition("MIME-Version")[0] + f"Content-Type: text/plain\n\n{MARK}11 {text}"
    write(desk, head=head)
    got = all_to_the_victim(desk)
    assert list(got) == ["status" if text == "statusplease" else "received"]
    assert MARK not in "".join(sum(got.values(), []))


def test_once_somebody_has_answered_them_the_summary_says_what_was_asked(desk: Desk) -> None:
    serial = write(desk)
    desk.ask("reply", serial, text="We sell no pills.")
    desk.ask("resolve", serial)
    assert MARK in all_to_the_victim(desk)["resolved"][0]


def test_who_is_proven_reads_their_own_words(desk: Desk) -> None:
    serial = write(desk, proven=True)
    desk.ask("resolve", serial)
    got = all_to_the_victim(desk)
    assert MARK in got["resolved"][0] and MARK in got["received"][0]
    assert "rejected" not in got and f"{MARK}13.exe" in got["received"][0]


def test_t30_templates_show_unproven_senders_nothing_of_theirs_in_any_language() -> None:
    """Each template, given all that a stranger could choose beside the word that nothing proves them."""
    from mailproc.render import Renderer
    from mailproc.render.variables import build_context, sample_contexts

    renderer = Renderer(None, "en")
    for name in ("received", "rejected"):
        assert name in TO_CUSTOMERS
        full = dict(sample_contexts(name)[0])
        chosen = ("requester_name", "subject", "first_lines", "files_too_large", "files_unsafe")
        for key in chosen:
            if key in full:
                full[key] = (f"{MARK} {key}",) if isinstance(full[key], tuple) else f"{MARK} {key}"
        full["is_verified"] = False
        full["reply_subject"] = "Re: [ACME-482-170]"
        for language in ("en", "de", "es", "fr", "it", "no", "pl"):
            context = build_context(name, (), **full)
            made = renderer.render(name, language, context, "UTC")
            assert MARK not in made.text + made.html + made.subject, (name, language)
