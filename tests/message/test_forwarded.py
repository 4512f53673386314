"""Tests that a forwarded mail is found in the formats of the mail clients, and that an answer is none."""

import time

import pytest

from mailproc.message.forwarded import find_forwarded, read_mailbox
from mailproc.message.parts import Part

BODY = "My fridge is warm.\n\nPlease send somebody."
GMAIL = "---------- Forwarded message ---------"

# name, labels (from, sent, to, subject), separator
BLOCKS = {
    "gmail-en": ("From", "Date", "To", "Subject", GMAIL),
    "gmail-no": ("Fra", "Date", "To", "Subject", GMAIL),
    "gmail-tr": ("Gönderen", "Date", "To", "Subject", GMAIL),
    "hubspot-de": ("Von", "Datum", "An", "Betreff", "---------- Weitergeleitete Nachricht ---------"),
    "hubspot-fr": ("De", "Date", "À", "Objet", "---------- Message transféré ---------"),
    "thunderbird-en": ("Subject", "Date", "From", "To", "-------- Forwarded Message --------"),
    "thunderbird-de": ("Betreff", "Datum", "Von", "An", "-------- Weitergeleitete Nachricht --------"),
    "thunderbird-pl": ("Temat", "Data", "Nadawca", "Adresat", "-------- Przekazana wiadomość --------"),
    "thunderbird-es": ("Asunto", "Fecha", "De", "Para", "-------- Mensaje reenviado --------"),
    "apple-en": ("From", "Subject", "Date", "To", "Begin forwarded message:"),
    "apple-de": ("Von", "Betreff", "Datum", "An", "Anfang der weitergeleiteten Nachricht:"),
    "apple-it": ("Da", "Oggetto", "Data", "A", "Inizio messaggio inoltrato:"),
    "apple-no": ("Fra", "Emne", "Dato", "Til", "Videresendt melding:"),
    "apple-uk": ("Від кого", "Тема", "Дата", "Кому", "Початок листа, що пересилається:"),
    "mailmate": ("From", "To", "Subject", "Date", "Forwarded message:"),
    "outlook-en": ("From", "Sent", "To", "Subject", "________________________________"),
    "outlook-de": ("Von", "Gesendet", "An", "Betreff", ""),
    "outlook-fr": ("De", "Envoyé", "À", "Objet", ""),
    "outlook-hu": ("Feladó", "Elküldve", "Címzett", "Tárgy", ""),
    "outlook-cs": ("Od", "Odesláno", "Komu", "Předmět", "________________________________"),
    "outlook-ro": ("De la", "Trimis", "Către", "Subiect", ""),
    "ionos-en": ("From", "To", "Date", "Subject", "---------- Original Message ----------"),
    "outlook-old": ("From", "Sent", "To", "Subject", "-----Original Message-----"),
    "unknown": ("From", "Date", "To", "Subject", "---------- Zxqv mblo ---------"),
}
VALUES = {
    "from": "Mara Lind <mara@shop.test>",
    "subject": "Warm fridge",
    "to": "help@our.test",
    "date": "3 Nov 2026, 10:15",
}
SUBJECTS = {"subject", "betreff", "objet", "temat", "asunto", "oggetto", "emne", "тема", "tárgy", "předmět", "subiect"}
DATES = {
    "date",
    "datum",
    "data",
    "fecha",
    "dato",
    "дата",
    "sent",
    "gesendet",
    "envoyé",
    "elküldve",
    "odesláno",
    "trimis",
}
SENDERS = {"from", "fra", "gönderen", "von", "de", "nadawca", "da", "від кого", "feladó", "od", "de la"}


def _mail(key: str, mark: str = "", blank: str = "") -> str:
    *labels, separator = BLOCKS[key]
    rows = [separator] if separator else []
    for label in labels:
        low = label.lower()
        kind = "subject" if low in SUBJECTS else "date" if low in DATES else "from" if low in SENDERS else "to"
        rows.append(f"{label}{blank}: {VALUES[kind]}")
    rows += ["", *BODY.split("\n")]
    return "\n".join(f"{mark}{row}" for row in rows)


@pytest.mark.parametrize("mark", ["", "> "])
@pytest.mark.parametrize("above", ["", "Please take this one.\nThanks\n\n"])
@pytest.mark.parametrize("key", BLOCKS)
def test_inline_forward_is_read(key: str, above: str, mark: str) -> None:
    found = find_forwarded("Fwd: Warm fridge", above + _mail(key, mark), ())
    assert found is not None
    assert found.from_ is not None
    assert (found.from_.addr, found.from_.name) == ("mara@shop.test", "Mara Lind")
    assert found.subject == "Warm fridge"
    assert found.date == VALUES["date"]
    assert found.text == BODY


@pytest.mark.parametrize(
    "line",
    [
        '   ----- Forwarded Message ----- From: Mara Lind <mara@shop.test>To: "help@our.test" <help@our.test>'
        "Sent: Tuesday, November 3, 2026, 10:15:00 AM GMT+1Subject: Warm fridge",
        "   ----- Weitergeleitete Nachricht ----- Von: Mara Lind <mara@shop.test>An: help@our.test <help@our.test>"
        "Gesendet: Dienstag, 3. November 2026 um 10:15:00 MEZBetreff: Warm fridge",
        "   ----- Przekazana wiadomość ----- Od: Mara Lind <mara@shop.test>Do: help@our.test <help@our.test>"
        "Wysłano: wtorek, 3 listopada 2026 10:15:00 CETTemat: Warm fridge",
        "   ----- İletilmiş Mesaj ----- Kimden: Mara Lind <mara@shop.test>Kime: help@our.test <help@our.test>"
        "Gönderilen: 3 Kasım 2026 Salı 10:15:00 GMT+1Konu: Warm fridge",
        "   ----- Message transmis ----- De : Mara Lind <mara@shop.test>À : help@our.test <help@our.test>"
        "Envoyé : mardi 3 novembre 2026 à 10:15:00 UTC+1Objet : Warm fridge",
    ],
)
def test_yahoo_forward_is_read_when_all_labels_share_a_line(line: str) -> None:
    found = find_forwarded("Fw: Warm fridge", f"{line}\n {BODY}", ())
    assert found is not None and found.from_ is not None
    assert (found.from_.addr, found.from_.name, found.subject) == ("mara@shop.test", "Mara Lind", "Warm fridge")
    assert found.text == BODY


@pytest.mark.parametrize(
    "line",
    [
        'On 03/11/2026, 10:15, "Mara Lind" <mara@shop.test> wrote:',
        'Am 03.11.26, 10:15 schrieb "Mara Lind" <mara@shop.test>:',
        "Le 03/11/2026 10:15, « Mara Lind » <mara@shop.test> a écrit :",
        'El 3/11/26 10:15, "Mara Lind" <mara@shop.test> escribió:',
        'Den 03.11.2026 10:15 skrev "Mara Lind" <mara@shop.test>:',
        "Dnia 03/11/2026, 10:15 użytkownik „Mara Lind” <mara@shop.test> napisał:",
        '"Mara Lind" <mara@shop.test>, 3/11/2026 10:15 tarihinde şunu yazdı:',
        "Mara Lind <mara@shop.test> kirjoitti 3/11/2026 10.15:",
    ],
)
def test_forward_below_an_attribution_is_read(line: str) -> None:
    found = find_forwarded("FW: Warm fridge", f"\ufeff{line}\n\n    {BODY}", ())
    assert found is not None and found.from_ is not None
    assert (found.from_.addr, found.from_.name) == ("mara@shop.test", "Mara Lind")
    assert found.subject == "Warm fridge"
    assert find_forwarded("Re: Warm fridge", f"{line}\n\n    {BODY}", ()) is None


@pytest.mark.parametrize(
    "prefix", ["Fwd", "FW", "WG", "TR", "RV", "I", "ENC", "VB", "PD", "VL", "Videresend", "İLT", "转发", "VS"]
)
def test_forward_is_found_by_prefix_in_all_languages(prefix: str) -> None:
    assert find_forwarded(f"{prefix}: Warm fridge", f"See below.\n\n{_mail('outlook-en')}", ()) is not None


@pytest.mark.parametrize("prefix", ["Re", "AW", "SV", "Odp", "RE", "Antw", "RES", "YNT", "回复"])
@pytest.mark.parametrize("key", ["outlook-en", "outlook-de", "outlook-old", "gmail-en"])
def test_answer_is_none_when_it_quotes_a_mail(prefix: str, key: str) -> None:
    assert find_forwarded(f"{prefix}: Warm fridge", f"It is fixed.\n\n{_mail(key)}", ()) is None


def test_finnish_answer_is_none_though_its_prefix_means_forward_elsewhere() -> None:
    block = "Lähettäjä: Mara Lind <mara@shop.test>\nLähetetty: tiistai\nVastaanottaja: Jo\nAihe: Jääkaappi\n\nLämmin."
    assert find_forwarded("VS: Jääkaappi", f"Kiitos.\n\n{block}", ()) is None


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Warm fridge", BODY),
        ("Re: Warm fridge", f"Fine.\n\nOn Tue, 3 Nov 2026, Mara Lind <mara@shop.test> wrote:\n> {_mail('gmail-en')}"),
        ("Booking", "From: Berlin\nTo: Hamburg\nDate: 5 May\nSubject: none\n\nPlease book."),
        ("Question", f"What does this mean?\n\n{_mail('outlook-en')}"),
        ("Fwd: empty", ""),
        ("Fwd: words only", "Please call Mara."),
        ("", GMAIL),
    ],
)
def test_other_mail_is_no_forward(subject: str, text: str) -> None:
    assert find_forwarded(subject, text, ()) is None


@pytest.mark.parametrize("key", ["gmail-en", "apple-de", "thunderbird-pl", "outlook-en", "ionos-en"])
def test_forward_is_found_when_the_subject_says_nothing_and_no_words_stand_above(key: str) -> None:
    assert find_forwarded("Warm fridge", _mail(key), ()) is not None


def test_outermost_forward_is_read_when_another_is_inside() -> None:
    inner = (
        "---------- Forwarded message ---------\nFrom: Eve <eve@x.test>\nSubject: Inner\nTo: mara@shop.test\n\nDeep."
    )
    found = find_forwarded("Fwd: x", f"{_mail('gmail-en')}\n\n{inner}", ())
    assert found is not None and found.from_ is not None
    assert found.from_.addr == "mara@shop.test"
    assert "Deep." in found.text


ATTACHED = (
    b"Received: by x\r\nFrom: =?utf-8?q?Mara_L=C3=B8nd?= <Mara@Shop.test>\r\nSubject: =?utf-8?b?V2FybSBmcmlkZ2U=?=\r\n"
    b"Message-ID: <m1@shop.test>\r\nDate: Tue, 3 Nov 2026 10:15:00 +0100\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    b"My fridge is w\xc3\xa4rm.\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n--b--\r\n"
)


@pytest.mark.parametrize("raw", [ATTACHED, ATTACHED.replace(b"\r\n", b"\n"), b"\r\n" + ATTACHED])
def test_attached_mail_is_read_with_its_message_id(raw: bytes) -> None:
    found = find_forwarded(
        "Please see", "Please see the mail.", (Part("text/plain"), Part("message/rfc822", content=raw, depth=1))
    )
    assert found is not None and found.from_ is not None
    assert (found.from_.addr, found.from_.name) == ("mara@shop.test", "Mara Lønd")
    assert (found.subject, found.message_id, found.text) == ("Warm fridge", "<m1@shop.test>", "My fridge is wärm.")


def test_outermost_attached_mail_is_read() -> None:
    inner = Part("message/rfc822", content=b"From: e@x.test\nSubject: Inner\n\nx", depth=3)
    found = find_forwarded("Fwd: x", "", (inner, Part("message/rfc822", content=ATTACHED, depth=1)))
    assert found is not None and found.subject == "Warm fridge"


def test_returned_mail_of_a_report_is_no_forward() -> None:
    part = Part("message/rfc822", content=ATTACHED, parent_type="multipart/report", report_type="delivery-status")
    assert find_forwarded("Undelivered", "Sorry.", (part,)) is None


def test_attached_mail_of_an_answer_is_no_forward() -> None:
    assert (
        find_forwarded("Re: x", "I attach the mail you asked for.", (Part("message/rfc822", content=ATTACHED),)) is None
    )


def test_attached_file_named_eml_is_read() -> None:
    part = Part("application/octet-stream", filename="Warm.EML", content=ATTACHED)
    assert find_forwarded("See this", "", (part,)) is not None
    assert (
        find_forwarded("See this", "", (Part("application/octet-stream", filename="x.eml", content=b"\x00\x01"),))
        is None
    )


@pytest.mark.parametrize(
    ("value", "addr", "name"),
    [
        ("Mara Lind <mara@shop.test>", "mara@shop.test", "Mara Lind"),
        ("Mara Lind [mailto:mara@shop.test]", "mara@shop.test", "Mara Lind"),
        ("Mara Lind<mailto:mara@shop.test> <mara@shop.test<mailto:mara@shop.test>> on behalf of "
        "x@y.test", "mara@shop.test", "Mara Lind"),
        ("mara@shop.test <mailto:mara@shop.test>", "mara@shop.test", ""),
        ("'Mara Lind' via Desk <mara@shop.test>", "mara@shop.test", "Mara Lind' via Desk"),
        ('"Lind, Mara" <MARA@Shop.test>', "mara@shop.test", "Lind, Mara"),
        ("*Mara Lind*", None, ""),
        ("", None, ""),
    ],
)  # fmt: skip
def test_mailbox_is_read_as_clients_write_it(value: str, addr: str | None, name: str) -> None:
    box = read_mailbox(value)
    assert (box.addr if box else None) == addr
    assert (box.name if box else "") == name


HOSTILE = {
    "labels": lambda n: "From: a@b.test\nSent: x\nTo: c\n" * n,
    "one line": lambda n: "----- Forwarded Message ----- " + "From: To: Subject: " * n,
    "recipients": lambda n: "From: a@b.test\nSent: x\nTo: " + "c@d.test; " * n + "\nSubject: x\n",
    "recipient lines": lambda n: "From: a@b.test\nSent: x\nTo: c\n" + "c@d.test;\n" * n + "Subject: x\n",
    "at signs": lambda n: "From: " + "@" * n + "\nSent: x\nTo: y\nSubject: z\n",
    "separators": lambda n: "-------- x --------\n" * n,
    "mailto": lambda n: "From: " + "<mailto:" * n + "\nSent: x\nSubject: y\n",
    "marks": lambda n: f"{GMAIL}\nFrom: a@b.test\nSubject: x\nTo: c\n\n" + ">" * n,
}


@pytest.mark.parametrize("build", HOSTILE.values(), ids=HOSTILE.keys())
def test_t58_time_grows_with_the_length_only(build) -> None:  # type: ignore[no-untyped-def]
    spent = []
    for size in (2_000, 16_000):
        text = build(size)
        started = time.process_time()
        find_forwarded("Fwd: " + "Re:" * size, text, ())
        spent.append(time.process_time() - started)
    assert spent[1] < 1.0 + spent[0] * 8 * 4


@pytest.mark.parametrize(
    "raw", [b"", b"\x00" * 100, b"From: \xff\xfe\n\n\xff", b"From:\n" * 1000, ATTACHED[:150], ATTACHED * 3]
)
def test_broken_attached_mail_is_no_problem(raw: bytes) -> None:
    found = find_forwarded("Fwd: x", "", (Part("message/rfc822", content=raw),))
    assert found is None or isinstance(found.subject, str)
