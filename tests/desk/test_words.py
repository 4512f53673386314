"""What agents read in their own language: every sentence in all of them, and no English left in anybody's mail."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from mailproc.desk.reasons import HELD
from mailproc.desk.words.fileabout import tell_about
from mailproc.desk.words.saying import SAYINGS, put, saying, word_for
from mailproc.message import appointments, attachments, protection
from mailproc.records.mail import Envelope
from mailproc.records.ticket import PRIORITIES, State
from mailproc.store import outbox, queries
from tests.desks import Desk, open_desk

LANGUAGES = ("en", "de", "es", "fr", "it", "no", "pl")
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
RULES = """\
version: 1
departments:
  desk: {{name: Xdesk, forward_to: desk@acme.example, languages: [{language}], escalate_to: bills}}
  bills: {{name: Xbills, forward_to: bills@acme.example, languages: [{language}]}}
agents:
  - {{name: Ann Kowalska, address: ann@acme.example, departments: [desk, bills], language: {language}}}
  - {{name: Bo Berg, address: bo@acme.example, departments: [desk]}}
defaults: {{department: desk, language: en}}
fields: {{wug: {{pattern: "[0-9]+"}}, vlax: {{}}}}
route:
  - {{name: spam, when: {{subject: {{contains: lottery}}}}, do: {{hold: spam}}}}
  - {{name: odd, when: {{subject: {{contains: oddity}}}}, do: {{hold: zorbo}}}}
"""
ANN, BO = "Ann Kowalska <ann@acme.example>", "Bo Berg <bo@acme.example>"
INSIDE = ("ann@acme.example", "bo@acme.example", "desk@acme.example", "bills@acme.example", "ops@acme.example")
# Words of no language: whatever reads like one is ours
ZORB = "Zorbo quint vlax drem. Plonk wug blick fep tove mimsy."
NOTE = "Grelk nabble quoss trilp venk zoop draff slint wibble korp mupp tarn."
INVENTED = set(re.findall(r"\w+", f"{ZORB} {NOTE} vlaxo".lower()))
# Each mail is refused with all its lines: what cannot be read at all, what cannot be done, what names cases
WRONG = (
    "#clsoe\n#zzz\n#resolve gnu\n#close gnu\n#to\n#priority gnu\n#field gnu\n#kb gnu\n#list gnu",
    "#due gnu\n#due 2020-01-01\n#due 2099-01-01\n#wait monday 2026-12-24\n#due 31.02.2027\n#close\n#pending\n"
    "#to biling\n#assign Bob\n#merge ACME-1\n#merge ACME-100-025\n#split\n#cc gnu\n#from gnu@x.example",
    "#cc -gnu@x.example\n#due",
    "#cc -jane@customer.example\n#assign bo@acme.example\n#to bills\n#field wug=gnu",
    "#cc +support@acme.example\n#show ACME-1 ACME-2 ACME-3 ACME-4\n#due 12/11\n#field vlxa=3",
    "#close\n#tag gnu",
)


def test_every_sentence_is_there_in_every_language_with_the_same_places() -> None:
    for key, words in SAYINGS.items():
        assert set(words) >= set(LANGUAGES), key
        places = {language: sorted(re.findall(r"\{[a-z]+\}", text)) for language, text in words.items()}
        assert set(map(tuple, places.values())) == {tuple(places["en"])}, key
        for language in LANGUAGES[1:]:
            is_long = len(re.findall(r"[^\W\d_]{2,}", re.sub(r"\{[a-z]+\}|`[^`]*`", "", words["en"]))) > 3
            assert not is_long or words[language] != words["en"], (key, language)


def test_what_is_put_in_is_never_a_pattern() -> None:
    said = saying("at-line", line=1, shown="{problem} \\1 {x}", problem=saying("unknown"))
    assert put(said, "en") == "line 1 `{problem} \\1 {x}`: not a command we know"
    assert put(said, "de-AT") == put(said, "de") and put(said, "xx") == put(said, "en")


def test_states_and_priorities_have_words() -> None:
    for name in State:
        assert put(word_for("state", name), "pl") != name
    for name in PRIORITIES:
        assert put(word_for("priority", name), "pl") != name


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_holds_a_mail_has_words_in_the_templates(language: str) -> None:
    text = (TEMPLATES / language / "words.j2").read_text(encoding="utf-8")
    block = text[text.index("set HOLDS") :].partition("%}")[0]
    assert set(re.findall(r'^  "([a-z-]+)":', block, re.M)) >= HELD


def test_everything_that_is_said_of_a_file_has_words() -> None:
    """Compared with the sentences of the message room as they stand there."""
    sources = [Path(module.__file__).read_text(encoding="utf-8") for module in (appointments, protection, attachments)]
    kinds = [*appointments._KINDS.values(), *appointments._ANSWERS.values(), "Appointment"]
    about = re.findall(r'return "([^"]{20,})"', sources[1][: sources[1].index("def name_of")])
    listed = ("1 file, listed on its own", "3 files, listed on their own")
    wrapped = [f"Outlook's wrapping of {files} too" for files in listed]
    assert len(about) >= 5 and "Outlook's wrapping of {files} too" in sources[2]
    pieces = [f"{kind}: (without a title) · 2026-11-03 10:00 to 2026-11-04 11:30 Europe/Berlin, end in UTC · repeated"
              " · organised by Anna · answered by Jo · and 3 more" for kind in kinds]  # fmt: skip
    for summary in (*pieces, *about, *wrapped, "Invitation: x · 2026-11-03 to before 2026-11-05"):
        for language in LANGUAGES[1:]:
            told = tell_about(summary, language)
            assert told.count(" · ") == summary.count(" · ") and told != summary
            assert runs(told, 3) & runs(summary, 3) == set(), told
    assert tell_about("Invitation: and 3 more · organised by to", "de") == "Einladung: and 3 more · eingeladen von to"
    assert tell_about("Invitation: x", "en") == tell_about("Invitation: x", "sv") == "Invitation: x"


class Day(Desk):
    """One day at a desk whose agents read one language; all that is written to them is kept."""

    def case(self) -> tuple[int, str]:
        """Jane writes; the case, and where its department answers."""
        row = self.write(ZORB, subject=f"Vlaxo {self.now:%H%M%S}")
        return row["serial"], str(self.last("forward")["Reply-To"])

    def by(self, to: str, text: str, sender: str = ANN, subject: str = "Vlaxo") -> None:
        self.write(text, sender=sender, to=to, subject=subject, is_proven=False)

    def from_outside(self, sender: str, to: str, text: str, dmarc: str = "none") -> None:
        self.write(text, sender=sender, to=to, is_proven=False,
                   head=f"Authentication-Results: mx.acme.example; dmarc={dmarc}\nReceived: from x by y; {self.now}")

    def inside(self) -> Iterator[tuple[str, str]]:
        """(purpose, subject and text) of every mail to the inside."""
        with self.site.store.read() as tx:
            for row in queries.list_outbox(tx):
                raw = outbox.raw_of(tx, row["id"])
                if row["to"] in INSIDE and raw is not None:
                    mail = message_from_bytes(raw, policy=policy.default)
                    assert isinstance(mail, EmailMessage)
                    part = mail.get_body(("plain",))
                    lines = part.get_content().splitlines() if part is not None else []
                    yield row["purpose"], " ".join([str(mail["subject"]), "|", *(x for x in lines if x[:1] != ">")])


def live(desk: Day) -> None:
    """Everything an agent may be told."""
    site = desk.site
    serial, address = desk.case()
    number = desk.show(serial)["number"]
    token = address.partition("+")[2].partition("@")[0]
    for line in WRONG:
        desk.by(address, f"{line}\n{ZORB}")
    for line in ("#close\n#kb gnu\n#show ACME-1", "#lsit"):
        desk.by("support@acme.example", line)
    desk.by(address, "#take\n#priority high\n#tag +zorb\n#field wug=1\n#due 2026-12-24\n#cc +joe@other.example")
    desk.by(address, "#undo")
    desk.by(address, "#undo")
    desk.by(address, "#status")
    desk.by(address, f"#note\n{NOTE}")
    desk.by(address, NOTE)
    desk.by(address, "\n")
    desk.by(address, f"Fep {token}@ support+{token}@acme.example")
    desk.by(address, f"{ZORB}\n\n#zzz gnu")
    desk.by(address, "Wug wug.")
    desk.by(address, "Mimsy tove.", BO)
    desk.write("Fep.", to=str(desk.last("answer")["Reply-To"]), subject="Re: Vlaxo")
    desk.by(address, "#assign bo@acme.example")
    desk.by(address, "#take")
    desk.by(address, "#escalate")
    other, _ = desk.case()
    for line in ("#help", "#list", "#list department", "#list open", "#list overdue", f"#show {number}", "#next",
                 "#next", f"#close {number}", f"#pending {number}", f"#take {number}"):  # fmt: skip
        desk.by("support@acme.example", line)
    desk.by(address, f"#merge {desk.show(other)['number']}\n#split")
    told = (text for purpose, text in desk.inside() if purpose == "transcript")
    standing = next(found[0] for text in told if (found := re.search(r"support\+\S+@acme\.example", text)))
    for text in (ZORB, "#split\n#cc +joe@other.example", "#zzz\nfep"):
        desk.by(standing, text)
    desk.wait(hours=1)
    desk.from_outside(ANN, address, ZORB)
    if "challenge" in [purpose for purpose, _ in desk.mails()]:
        desk.by(str(desk.last("challenge")["Reply-To"]), "Gnu")
    desk.from_outside(ANN, "support@acme.example", ZORB, "fail")
    desk.from_outside("jane@customer.example", "support@acme.example", ZORB, "fail")
    desk.by(str(desk.last("review")["Reply-To"]), "Gnu")
    desk.by(str(desk.last("review")["Reply-To"]), "trust")
    desk.write(ZORB, subject="oddity", sender="Kim <kim@other.example>")
    desk.write(ZORB, subject="lottery", sender="Kim <kim@other.example>")
    desk.write(ZORB, subject="lottery", sender="Sue <sue@other.example>")
    desk.wait(hours=23)
    site.engine.tick()
    digests = [purpose for purpose, _ in desk.mails() if purpose.startswith("digest department:desk")]
    digest = str(desk.last(digests[-1])["Reply-To"])
    for text in ("Gnu", "release 99999\ndiscard 99998", "release 1\ndiscard 1", "release 1\nfep"):
        desk.by(digest, text)
    site.engine.receive(
        b"From: Zed <zed@x.example>\r\nTo: support@acme.example\r\nSubject: [%s] Vlaxo\r\n\r\nFep" % number.encode(),
        Envelope("smtp", desk.now, "zed@x.example", ("support@acme.example",), "192.0.2.7"),
    ).result()  # fmt: skip
    while site.engine.work():
        pass


def mails_of(folder: Path, language: str) -> list[tuple[str, str]]:
    folder.mkdir()
    rules = RULES.format(language=language)
    with open_desk(folder, f"sqlite:///{folder}/s.db", rules=rules, more="operator: ops@acme.example") as opened:
        desk = Day(opened.site)
        live(desk)
        return list(desk.inside())


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    return mails_of(tmp_path_factory.mktemp("words") / "en", "en")


def runs(text: str, size: int = 4) -> set[tuple[str, ...]]:
    """So many words in a row, of those that mail writes; not addresses, commands, dates and what was quoted."""
    plain = re.sub(r"`[^`]*`|[“„«]\W?mailproc[^”“»]*|\S*[@#]\S*|\b[A-Z]+-\d[\d-]*", " | ", text)
    found: set[tuple[str, ...]] = set()
    for piece in re.split(r"[|\d/<>()\[\]]", plain):
        words = re.findall(r"[^\W\d_]+", piece.lower())
        found |= {run for at in range(len(words) - size + 1) if not INVENTED & set(run := tuple(words[at : at + size]))}
    return found


@pytest.mark.parametrize("language", ["de", "pl"])
def test_no_english_is_left_in_an_agents_mail(
    tmp_path: Path, english: list[tuple[str, str]], language: str
) -> None:
    ours = set().union(*(runs(text) for _, text in english))
    mails = mails_of(tmp_path / language, language)
    assert [purpose for purpose, _ in mails] == [purpose for purpose, _ in english]
    left = {(purpose, " ".join(run)) for purpose, text in mails for run in runs(text) & ours}
    assert left == set()


def test_the_day_has_every_occasion(english: list[tuple[str, str]]) -> None:
    """What is not shown here can be English and nobody notices."""
    purposes = {purpose.partition(" ")[0] for purpose, _ in english}
    assert purposes >= set(
        "forward followup copy taken transcript refused challenge review digest linked next show hold-alarm".split()
    )
    text = " ".join(" ".join(text for _, text in english).split())
    said = {key for key, words in SAYINGS.items() if "." not in key and is_said(words["en"], text)}
    assert len(said) >= 40


def is_said(sentence: str, text: str) -> bool:
    """Whether a mail says it, whatever was put in."""
    return max(re.split(r"\{[a-z]+\}", sentence), key=len) in text
