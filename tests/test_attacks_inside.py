"""Attacks on tokens, on answers about held mail, on rights across departments; what leaks with an agent's answer."""

import zipfile
from base64 import encodebytes
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO

import pytest

from mailproc.desk.held.holdwords import read_answers
from mailproc.desk.mails.filewords import words_of_file
from mailproc.message.parse import parse
from mailproc.records.mail import Attachment
from mailproc.tickets.token import is_genuine, make_reply_address, make_token, split_reply_address
from tests.attackedsite import ANN, BO, CY, DESK, EVE, HIS, NOTE, RULES, UNPROVEN, Site
from tests.builders import KEYS, SITE
from tests.desks import open_desk, words_of


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("attacked")
    with open_desk(folder, f"sqlite:///{folder}/store.db", rules=RULES) as desk:
        yield Site(desk)


# ---- tokens and answers about held mail


@pytest.mark.parametrize("form_of_address", ["plus", "dash", "subdomain"])
def test_every_bit_of_every_address_counts(form_of_address: str) -> None:
    site, count = replace(SITE, address_extension=form_of_address), 0
    for purpose, serial, identity in (
        ("c", 10_000, "jane@x.example"),
        ("r", 10_000, "ann@acme.example"),
        ("n", 10_000, "department:frontdesk"),
        ("d", 10_000, "ann@acme.example"),
        ("h", 17, "hold:agent-unproven:ann@acme.example"),
        ("o", 0, "ann@acme.example"),
    ):
        address = make_reply_address(site, make_token(KEYS, purpose, serial, identity), site.addresses[0])
        for at, character in enumerate(address):
            for bit in range(7):
                flipped = address[:at] + chr(ord(character) ^ (1 << bit)) + address[at + 1 :]
                if flipped.lower() == address.lower():
                    continue
                claim = split_reply_address(site, flipped)[1]
                assert claim is None or not is_genuine(claim, KEYS, identity), flipped
                count += 1
    assert count > 1_500


@pytest.mark.parametrize(
    ("who", "text", "head"),
    [
        (ANN, f"> ok\n> {HIS}\n\nI did not write this!", ""),
        (ANN, "discard\nok", ""),
        (ANN, "ok\ndiscard", ""),
        (ANN, "No, not ok", ""),
        (ANN, "On Tue, 13 Jan 2026 Acme Support wrote:\n> ok\n\nI did not", ""),
        (ANN, "| ok\n\nI did not", ""),
        (ANN, "ok", "Auto-Submitted: auto-replied"),
        (ANN, "ok", "Precedence: bulk"),
        (ANN, "I am out of the office until Monday. ok", ""),
        (BO, "ok", ""),
        (CY, "ok", ""),
        ("frontdesk@acme.example", "ok", ""),
        ("victim", "ok", ""),
        (EVE, "ok", ""),
    ],
)
def test_t03_nothing_but_its_agents_own_word_releases(site: Site, who: str, text: str, head: str) -> None:
    victim, serial, _, token = site.case()
    site.desk.wait(hours=2)
    row = site.agent(f"ok\n{HIS}", token, is_proven=False, head=UNPROVEN)
    assert row["reason"] == "agent-unproven"
    asked = site.address("challenge")
    site.mails()
    site.desk.write(text, sender=victim if who == "victim" else who, to=asked, subject="Re: Please confirm", head=head)
    mails = site.mails()
    assert "answer" not in [purpose for purpose, to, _ in mails if to == victim]
    assert all(HIS.encode() not in raw for _, to, raw in mails if not to.endswith("@acme.example"))


def test_t23_quoted_lines_of_a_digest_decide_nothing() -> None:
    answer = read_answers("> release 17 18\n> discard 19\ndiscard 20\n")
    assert [(wish.verb, wish.numbers) for wish in answer.wishes] == [("discard", (20,))] and not answer.unclear


# ---- rights across departments


@pytest.mark.parametrize(
    "command",
    ["merge", "link", "show", "close", "take", "spam", "reopen", "pending", "list open", "list overdue", "next"],
)
def test_t04_another_departments_case_is_not_there(site: Site, command: str) -> None:
    victim, serial, number, foreign = site.case("Invoice", "SECRETOFBILLING")
    _, _, mine, token = site.case()
    before = site.desk.show(serial)
    words = f"#{command}" if command[:4] in ("list", "next") else f"#{command} {number}"
    for to in (token, DESK, foreign):
        site.desk.wait(minutes=6)
        site.mails()
        site.agent(words, to)
        if command == "close":
            site.agent(f"#close {mine} {number}", to)
        found = [
            raw + parse(raw, languages=()).text.encode() for _, to, raw in site.mails() if to == "ann@acme.example"
        ]
        assert all(b"SECRETOFBILLING" not in raw and b"Invoice" not in raw for raw in found)
    after = site.desk.show(serial)
    assert {key: before[key] for key in ("state", "assignee", "department", "tags")} == {
        key: after[key] for key in ("state", "assignee", "department", "tags")
    }


def test_t04_undo_changes_no_case_that_went_to_another_department(site: Site) -> None:
    _, serial, number, token = site.case()
    assert site.agent(f"#close {number}")["reason"] == "agent-overview"
    assert site.agent("#to billing", token, who=CY)["reason"] == "agent-commands"
    site.agent("#undo")
    assert site.desk.show(serial)["state"] == "closed"


def test_t01_a_merge_shows_nobody_what_others_wrote(site: Site) -> None:
    one, _, first, _ = site.case(text="SECRETOFTHEFIRST")
    kept = site.address("forward")
    two, _, second, token = site.case(text="SECRETOFTHESECOND")
    site.mails()
    assert site.agent(f"#merge {first}", token)["reason"] == "agent-commands"
    site.agent("To both of you.", kept)
    site.desk.write("Any news?", sender=two, subject=f"Re: [{second}] Lamp")
    site.agent("It is settled.\n\n#resolve", kept)
    found = [raw for _, to, raw in site.mails() if to == two]
    assert len(found) >= 3 and all(b"SECRETOFTHEFIRST" not in raw for raw in found)


@pytest.mark.parametrize("who", ["bo@acme.example", "frontdesk@acme.example", DESK])
def test_t46_nobody_of_the_inside_becomes_a_customer(site: Site, who: str) -> None:
    """What a colleague answers to a mail for customers would be shown to the customer."""
    victim, serial, _, token = site.case()
    site.mails()
    row = site.agent(f"Adding a colleague.\n\n#cc +{who}", token)
    assert (row["outcome"], row["reason"]) == ("held", "unknown-command") and site.to(victim) == []


@pytest.mark.parametrize(
    "command", ["#assign {{agent}}", "#to {0.__class__}", "#cc +{line}", "#merge {number}", "#link %s%n", "#{verb}"]
)
def test_words_of_a_mail_are_no_form(site: Site, command: str) -> None:
    _, _, _, token = site.case()
    assert site.agent(command, token)["outcome"] == "held"
    assert command in words_of(site.desk.last("refused"))


def test_t16_reply_to_and_its_like_steer_nothing(site: Site) -> None:
    victim = site.victim()
    site.mails()
    head = "\n".join(f"{name}: {EVE}" for name in ("Reply-To", "Sender", "Errors-To", "Disposition-Notification-To"))
    site.desk.write("Hello", sender=victim, subject="Lamp", head=head)
    site.desk.agent(site.address("forward"), "Please wait.")
    assert {to for _, to, _ in site.mails()} == {victim, "frontdesk@acme.example"}


# ---- leaks


def eml(body: str, kind: str = "text/plain") -> bytes:
    head = f"From: cy@other.example\nSubject: x\nMIME-Version: 1.0\nContent-Type: {kind}; charset=utf-8\n"
    return (head + "Content-Transfer-Encoding: base64\n\n" + encodebytes(body.encode()).decode()).encode()


def inside(mail: bytes) -> bytes:
    head = b'From: cy@other.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="q"\n\n--q\n'
    return head + b"Content-Type: message/rfc822\n\n" + mail + b"\n--q--\n"


def office(text: str) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        runs = "".join(f"<w:r><w:t>{text[at : at + 5]}</w:t></w:r>" for at in range(0, len(text), 5))
        archive.writestr("word/document.xml", f"<w:document><w:p>{runs}</w:p></w:document>")
    return packed.getvalue()


def files(token: str) -> dict[str, tuple[str, str, bytes]]:
    stream, marked = "application/octet-stream", f"<p>{NOTE}</p>"
    return {
        "a token in base64": ("message/rfc822", "x.eml", eml(f"Reply to the customer: {token}")),
        "an address in base64": (stream, "x.eml", eml("Ask bo@acme.example about it.")),
        "a note in HTML": (stream, "x.eml", eml(marked, "text/html")),
        "a note in a mail in a mail": (stream, "x.eml", inside(eml(marked, "text/html"))),
        "a token in a mail in a mail": (stream, "x.eml", inside(eml(token))),
        "two bytes a letter": ("text/plain", "x.txt", NOTE.encode("utf-16")),
        "two bytes a letter, no mark": ("text/plain", "x.txt", NOTE.encode("utf-16-le")),
        "a text of no kind": (stream, "x.txt", NOTE.encode()),
        "a table": (stream, "x.csv", NOTE.encode()),
        "an office file": (stream, "x.docx", office(NOTE)),
        "a token in an office file": (stream, "x.docx", office(f"Reply to {token}")),
        "rich text": ("application/rtf", "x.rtf", ("{\\rtf1\\ansi " + NOTE + "\\par}").encode()),
        "data": ("application/json", "x.json", f'{{"note": "{NOTE}"}}'.encode()),
        "blanks as entities": ("text/html", "x.html", NOTE.replace(" ", "&nbsp;").encode()),
        "letters as entities": (
            "text/html",
            "x.html",
            "".join(f"&#{ord(c)};" if c != " " else c for c in NOTE).encode(),
        ),
        "an organiser": (
            "text/calendar",
            "x.ics",
            b"BEGIN:VCALENDAR\r\nORGANIZER:MAILTO:Ann@Ac\r\n me.Example\r\nEND:VCALENDAR\r\n",
        ),
    }


def leak(site: Site, text: str, *, head: str = "") -> tuple[str, list[str]]:
    """(what became of an agent's answer on a case with a note, what its customer got); `{token}` is of that case."""
    victim, _, _, token = site.case()
    site.agent(f"#note\n\n{NOTE}, déjà la troisième fois cette année à la même adresse", token)
    site.mails()
    row = site.agent(text.replace("{token}", token), token, head=head)
    return row["reason"], site.to(victim)


@pytest.mark.parametrize("name", files("x"))
def test_t47_no_file_carries_the_inside_out(site: Site, name: str) -> None:
    victim, _, _, token = site.case()
    site.agent(f"#note\n\n{NOTE}", token)
    kind, filename, content = files(token)[name]
    text = (
        f"--b\nContent-Type: text/plain\n\nSee the file.\n--b\nContent-Type: {kind}\nContent-Disposition: attachment;"
        f' filename="{filename}"\nContent-Transfer-Encoding: base64\n\n{encodebytes(content).decode()}--b--\n'
    )
    site.mails()
    row = site.agent(text, token, head='Content-Type: multipart/mixed; boundary="b"\n\n')
    assert (row["reason"], site.to(victim)) == ("would-leak", [])


def test_a_damaged_file_is_an_ordinary_one(site: Site) -> None:
    good = office("Press the red button for ten seconds, then let go of it.")

    def read(content: bytes) -> str:
        return words_of_file(Attachment("x.docx", "application/octet-stream", len(content), content=content))

    assert "red button for ten seconds" in read(good)
    for at in range(0, len(good), 3):
        read(good[:at])
        read(good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        NOTE.upper(),
        NOTE.replace(" ", "\xa0"),
        NOTE.replace(" ", " | "),
        NOTE.replace(" ", "_"),
        NOTE.replace(" ", "* *"),
        NOTE.replace("e", "e\u200b"),
        NOTE.replace("o", "\u00ado"),
        NOTE.replace("s", "s\u2060"),
        NOTE.replace("l", "l\u200e"),
        "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in NOTE),
        "de\u0301ja\u0300 la troisie\u0300me fois cette anne\u0301e a\u0300 la me\u0302me adresse",
    ],
)
def test_t46_a_note_is_known_however_it_was_copied(site: Site, text: str) -> None:
    assert leak(site, f"Hello,\n\n{text}") == ("would-leak", [])


@pytest.mark.parametrize(
    "split",
    [
        lambda t: t[:14] + "\n" + t[14:],
        lambda t: t.replace("+", "%2B").replace("@", "%40"),
        lambda t: " ".join(t),
        lambda t: t.partition("+")[2].partition("@")[0],
    ],
)
def test_t47_a_token_is_known_however_it_was_broken(site: Site, split: Callable[[str], str]) -> None:
    victim, _, _, token = site.case()
    site.mails()
    assert site.agent(f"Write to {split(token)} please", token)["reason"] == "would-leak" and site.to(victim) == []


def test_t47_headers_names_and_subjects_of_agents_stay_inside(site: Site) -> None:
    victim, _, _, token = site.case()
    site.mails()
    png = encodebytes(b"\x89PNG\r\n\x1a\n" + b"x" * 30).decode()
    secret = "\n".join(
        f"{name}: {value}"
        for name, value in {
            "References": "<secret@ann-laptop.acme.example>",
            "X-Originating-IP": "10.1.2.3",
            "User-Agent": "SecretMailer",
            "Organization": "SecretOrg",
            "Disposition-Notification-To": "ann@acme.example",
            "Thread-Topic": "secrettopic",
            "Autocrypt": "addr=ann@acme.example; keydata=AAAA",
            "List-Unsubscribe": "<mailto:ann@acme.example>",
        }.items()
    )
    text = (
        '--b\nContent-Type: multipart/related; boundary="c"\n\n--c\nContent-Type: text/html; charset=utf-8\n'
        'Content-ID: <secret@ann-laptop.acme.example>\n\n<p>Hello <img src="cid:i@ann-laptop.acme.example"></p>\n--c\n'
        'Content-Type: image/png; name="ann@acme.example.png"; x-unix=secret\nContent-ID: <i@ann-laptop.acme.example>\n'
        "Content-Description: secret\nContent-Location: file:///home/secret/a.png\nContent-Disposition: inline;"
        f' filename="ann@acme.example.png"\nContent-Transfer-Encoding: base64\n\n{png}--c--\n--b\n'
        "Content-Type: application/pdf\nContent-ID: <p@ann-laptop.acme.example>\nContent-Disposition: attachment;"
        f' filename="frontdesk@acme.example.pdf"; creation-date="secret"\n\n%PDF-1.4\n--b\nContent-Type: text/x-vcard\n'
        'Content-Disposition: attachment; filename="ann.vcf"\n\nBEGIN:VCARD\nEMAIL:ann@acme.example\nEND:VCARD\n--b--\n'
    )
    head = f'{secret}\nContent-Type: multipart/mixed; boundary="b"; x-secret=secret\n\n'
    assert site.agent(text, token, subject="secret of ann@acme.example", head=head)["reason"] == "agent-answer"
    (raw,) = [raw.lower() for _, to, raw in site.mails() if to == victim]
    inner = (b"secret", b"laptop", b"10.1.2", b" ann@", b"<ann@", b'"ann@', b"frontdesk@", b"vcard")
    assert [word for word in inner if word in raw] == []
    site.agent(
        "Here it is.", victim, subject="Offer of Ann@acme.example, see frontdesk@acme.example", head=f"Cc: {DESK}"
    )
    (raw,) = [raw.lower() for _, to, raw in site.mails() if to == victim]
    assert b" ann@" not in raw and b"frontdesk@" not in raw
