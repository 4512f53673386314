"""What goes back to agents when something of theirs was not done: digests, commands alone, cases they begin."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desks import Desk, open_desk, words_of
from tests.test_holds import ANN, DESK, JANE, RULES, Holds, reply_to, spam

ANN_HERSELF = f"Ann Kowalska <{ANN}>"


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Holds]:
    url = f"sqlite:///{tmp_path}/store.db"
    with open_desk(tmp_path, url, rules=RULES, more="operator: ops@acme.example") as opened:
        yield Holds(opened.site)


@pytest.fixture
def digest(quick: Holds) -> tuple[list[int], str]:
    """Three held mails, and where their digest is answered."""
    held = [spam(quick), spam(quick), spam(quick)]
    quick.wait(hours=5)
    quick.site.engine.tick()
    return held, reply_to(quick.last("digest department:frontdesk"))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("release {0}\nmaybe {1}", ["line 2 `maybe {1}`", "understood, and not done either: {0}", "nothing was done"]),
        ("release {0}\ndiscard {0}\ndiscard {1}", ["{0}: the mail gives two answers", "not done either: {1}"]),
        ("Hi,\nrelease {0}", ["line 1 `Hi,`: write it like `release 17`"]),
        ("Thanks a lot", ["line 1 `Thanks a lot`"]),
        ("", ["write it like `release 17`"]),
    ],
)
def test_a_digest_with_one_unclear_line_does_nothing_and_says_why(
    quick: Holds, digest: tuple[list[int], str], answer: str, told: list[str]
) -> None:
    held, to = digest
    quick.put(ANN_HERSELF, to, answer.format(*held))
    assert {quick.fate(mail_id) for mail_id in held} == {("held", "spam")}
    words = words_of(quick.last("transcript"))
    assert [piece for piece in told if piece.format(*held) not in words] == []
    # the mail that says so is answered as the digest is
    quick.put(ANN_HERSELF, reply_to(quick.last("transcript")), f"discard {held[0]}")
    assert quick.fate(held[0]) == ("done", "discarded")


def test_a_digest_in_the_agents_own_words_is_done_in_silence(quick: Holds, digest: tuple[list[int], str]) -> None:
    held, to = digest
    quick.put(ANN_HERSELF, to, f"\n\u200bfreigeben {held[0]}\nodrzuć\u00a0#{held[1]}\n\nViele Grüße")
    assert [quick.fate(mail_id)[1] for mail_id in held] == ["new", "discarded", "spam"]
    assert quick.out("transcript") == []
    # a second tap says that there was nothing left to do, and does the rest
    quick.put(ANN_HERSELF, to, f"release {held[0]} {held[2]} 99999")
    words = words_of(quick.last("transcript"))
    assert f"{held[2]} is let in" in words and f"{held[0]}: is not held any more" in words and "99999" in words
    assert quick.fate(held[2]) == ("done", "new")


def test_who_was_given_no_digest_hears_nothing(quick: Holds, digest: tuple[list[int], str]) -> None:
    held, to = digest
    quick.put("mallory@x.example", to, "nonsense")  # whom no token was given
    assert quick.out("transcript") == []
    quick.put(ANN_HERSELF, to, "nonsense")
    assert quick.out("transcript") == [("transcript", ANN)] and (DESK not in [t for _, t in quick.out("transcript")])


def test_ok_never_sends_commands_as_a_letter(quick: Holds) -> None:
    address = quick.case()
    held = quick.put(ANN_HERSELF, address, "#clsoe")
    assert quick.fate(held) == ("held", "unknown-command")
    refused = quick.last("refused")
    assert "“ok”" not in words_of(refused) and "did you mean `#close`" in words_of(refused)
    quick.put(ANN_HERSELF, reply_to(refused), "ok")
    assert quick.fate(held) == ("held", "unknown-command") and quick.out("answer") == []
    # with text below, what was typed is the agent's to send
    held = quick.put(ANN_HERSELF, address, "#clsoe\nHello Jane")
    quick.put(ANN_HERSELF, reply_to(quick.last("refused")), "ok")
    assert quick.fate(held) == ("done", "agent-answer") and quick.out("answer") == [("answer", JANE)]


def test_commands_that_an_operator_releases_are_carried_out_and_not_sent(quick: Holds) -> None:
    held = quick.forge(quick.case(), "#priority high\nHello Jane")
    assert quick.fate(held) == ("held", "agent-unproven")
    quick.site.engine.release(held, "agent", "ops")
    quick.work()
    assert quick.fate(held) == ("done", "agent-answer")
    mail = quick.last("answer")
    assert "Hello Jane" in words_of(mail) and "#priority" not in mail.as_string()


def test_what_is_wrong_with_a_mail_that_begins_a_case_goes_back_to_its_agent(quick: Holds) -> None:
    quick.put(ANN_HERSELF, "support@acme.example", "#help", subject="Help")
    standing = re.search(r"support\+\S+@acme\.example", words_of(quick.last("transcript")))
    assert standing is not None
    before = len(quick.out())
    held = quick.put(ANN_HERSELF, standing[0], "#zzz\nHello", subject="A question")
    assert quick.fate(held) == ("held", "unknown-command")
    assert quick.out()[before:] == [("transcript", ANN)]  # and nobody else is asked about it
    words = words_of(quick.last("transcript"))
    assert "line 1 `#zzz`: not a command we know" in words and "`#cc +jane@x.example`" in words


def test_t47_who_joins_sees_nothing_earlier_and_who_left_nothing_later(tmp_path: Path) -> None:
    with open_desk(tmp_path, f"sqlite:///{tmp_path}/store.db") as opened:
        desk = Desk(opened.site)
        boundary = 'Content-Type: multipart/mixed; boundary="b"\n'
        parts = "--b\nContent-Type: text/plain\n\nEARLYONE\n--b\nContent-Type: text/csv\n" \
                'Content-Disposition: attachment; filename="earlyfile.csv"\n\nEARLYFILE\n--b--'  # fmt: skip
        serial = desk.write(f"\n{parts}", head=boundary + "MIME-Version: 1.0\n\n")["serial"]
        to = str(desk.last("forward")["Reply-To"])
        desk.agent(to, "#note\nEARLYNOTE about this case and nobody else at all")
        desk.agent(to, "EARLYANSWER")
        desk.agent(to, "#cc +joe@other.example\nNow for both.")
        joe = desk.last("answer")
        assert joe["To"] == "joe@other.example"
        desk.write("LATER of Jane", to=str(desk.last("answer")["Reply-To"]), subject="Re: Printer")
        row = desk.write("#close\nThank you", sender="Joe <joe@other.example>", to=str(joe["Reply-To"]),
                         subject="Re: Printer", head="In-Reply-To: " + str(joe["Message-ID"]))  # fmt: skip
        assert (row["outcome"], row["reason"], desk.show(serial)["state"]) == ("appended", "follow-up", "open")
        desk.agent(to, "#resolve\nAll done.")
        late = desk.last("resolved")
        assert late["To"] == "joe@other.example"
        for mail in (joe, late):
            assert re.findall(r"EARLY\w+|earlyfile", mail.as_string()) == []
            assert [part.get_filename() for part in mail.iter_attachments()] == []
        desk.agent(to, "#cc -joe@other.example")
        before = len(desk.mails())
        desk.agent(to, "Only for Jane again.")
        assert "joe@other.example" not in [recipient for _, recipient in desk.mails(before)]
        row = desk.write("Hello?", sender="Joe <joe@other.example>", to=str(joe["Reply-To"]), subject="Re: Printer")
        assert (row["outcome"], row["reason"]) == ("opened", "new-stranger")
