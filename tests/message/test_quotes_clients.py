"""Tests that whole replies, as the mail clients of the world write them, come down to the author's words."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.quotemarks import find_separator, is_labelled_line, read_lines
from mailproc.message.quotes import split_reply

_WHO = "Mara Lind <mara@shop.test>"
_ON = f"On Tue, Nov 3, 2026 at 10:15 AM {_WHO} wrote:"

# The block of labels in the languages of Outlook and of the webmailers: From, Sent, To, Subject
LABELS = {
    "en": "From|Sent|To|Subject",
    "en-date": "From|Date|To|Subject",
    "de": "Von|Gesendet|An|Betreff",
    "de-date": "Von|Datum|An|Betreff",
    "fr": "De|Envoyé|À|Objet",
    "fr-date": "De|Date|À|Objet",
    "es": "De|Enviado|Para|Asunto",
    "es-date": "De|Fecha|Para|Asunto",
    "it": "Da|Inviato|A|Oggetto",
    "it-date": "Da|Data|A|Oggetto",
    "pt": "De|Enviado|Para|Assunto",
    "pt-br": "De|Enviada em|Para|Assunto",
    "nl": "Van|Verzonden|Aan|Onderwerp",
    "pl": "Od|Wysłano|Do|Temat",
    "sv": "Från|Skickat|Till|Ämne",
    "da": "Fra|Sendt|Til|Emne",
    "no": "Fra|Dato|Til|Emne",
    "fi": "Lähettäjä|Lähetetty|Vastaanottaja|Aihe",
    "cs": "Od|Odesláno|Komu|Předmět",
    "sk": "Od|Odoslané|Komu|Predmet",
    "hu": "Feladó|Elküldve|Címzett|Tárgy",
    "ro": "De la|Trimis|Către|Subiect",
    "tr": "Kimden|Gönderildi|Kime|Konu",
    "ru": "От|Отправлено|Кому|Тема",
    "uk": "Від|Надіслано|Кому|Тема",
    "bg": "От|Изпратено|До|Относно",
    "sr": "Од|Послато|За|Тема",
    "hr": "Od|Poslano|Prima|Predmet",
    "sl": "Od|Poslano|Za|Zadeva",
    "et": "Saatja|Saadetud|Adressaat|Teema",
    "lv": "Sūtītājs|Nosūtīts|Adresāts|Tēma",
    "lt": "Nuo|Išsiųsta|Kam|Tema",
    "el": "Από|Στάλθηκε|Προς|Θέμα",
    "he": "מאת|נשלח|אל|נושא",
    "ar": "من|تم الإرسال|إلى|الموضوع",
    "fa": "از|ارسال شده|به|موضوع",
    "hi": "प्रेषक|दिनांक|प्रति|विषय",
    "th": "จาก|ส่ง|ถึง|เรื่อง",
    "id": "Dari|Dikirim|Kepada|Perihal",
    "ms": "Daripada|Tarikh|Kepada|Subjek",
    "vi": "Từ|Đã gửi|Đến|Chủ đề",
    "zh-cn": "发件人|发送时间|收件人|主题",
    "zh-tw": "寄件者|寄件日期|收件者|主旨",
    "ja": "差出人|送信日時|宛先|件名",
    "ko": "보낸 사람|보낸 날짜|받는 사람|제목",
    "ca": "De|Enviat|Per a|Assumpte",
    "eu": "Nork|Bidaltze-data|Nori|Gaia",
    "is": "Frá|Sent|Til|Efni",
}


def _block(names: str, form: str = "{}: {}", separator: str = "\n") -> str:
    values = (_WHO, "3. 11. 2026 10:15", "Jo Example <jo@x.test>", "Re: [ACME-482-170] 4711")
    return separator.join([form.format(*pair) for pair in zip(names.split("|"), values, strict=True)])


@pytest.mark.parametrize("names", LABELS.values(), ids=LABELS.keys())
@pytest.mark.parametrize(
    ("form", "above"),
    [
        ("{}: {}", "\n"),
        ("{} : {}", "\n\n"),
        ("*{}:* {}", f"\n\n{'_' * 32}\n"),
        ("{}：{}", "\n\n-----Original Message-----\n"),
        ("{}:\t{}", "\n\n-- \nJo\n\n"),
    ],
)
def test_block_is_cut_with_all_below_in_every_language(names: str, form: str, above: str) -> None:
    text = f"It works.{above}{_block(names, form)}\n\nDid it?\n\nMara"
    new, cut = split_reply(text)
    assert new == "It works."
    assert f"{new}\n{cut}".split() == text.split()


@pytest.mark.parametrize("names", LABELS.values(), ids=LABELS.keys())
def test_block_is_cut_when_it_is_marked_or_runs_in_one_line(names: str) -> None:
    marked = _block(names).replace("\n", "\n> ")
    assert split_reply(f"It works.\n\n> {marked}\n> \n> Did it?")[0] == "It works."
    one = _block(names, separator=" ")
    assert is_labelled_line(one)
    assert split_reply(f"It works.\n\n{one}\n\nDid it?")[0] == "It works."


@pytest.mark.parametrize("names", LABELS.values(), ids=LABELS.keys())
def test_forwarded_mail_stays_whole_when_nothing_stands_above(names: str) -> None:
    text = f"{_block(names)}\n\nMy fridge is warm."
    assert split_reply(text) == (text, "")


REPLIES = {
    "gmail": f"It works.\n\nJo\n\n{_ON}\n\n> Did it?\n>\n> Mara\n>\n",
    "gmail signature": f"It works.\n\nJo\n\n-- \nJo Example\nShop\n\n{_ON}\n> Did it?",
    "gmail phone": f"It works.\n\nJo\n\n{_ON}\n\nDid it?\n\nMara\n\n> {_ON}\n> older",
    "gmail deep": f"It works.\n\nJo\n\n{_ON}\n\n> It?\n>\n> {_ON}\n>\n>> So\n>>> deep\n",
    "gmail tracker": f"It works.\n\nJo\nᐧ\n\n{_ON}\n> Did it?",
    "apple": f"It works.\n\nJo\n\n> On 3 Nov 2026, at 10:15, {_WHO} wrote:\n> \n> Did it?\n",
    "iphone": f"It works.\n\nJo\n\nSent from my iPhone\n\n> On 3 Nov 2026, at 10:15, {_WHO} wrote:\n> \n> Did it?\n",
    "outlook": f"It works.\n\nJo\n\n{_block(LABELS['en'])}\n\nDid it?\n\nMara\n\n{_block(LABELS['en'])}\n\nolder",
    "outlook cc": "It works.\n\nJo\n\nFrom: Mara Lind [mailto:mara@shop.test] \nSent: Tuesday, November 3, 2026 10:15\n"
    "To: Jo; Ann; 'Bob' <bob@x.test>;\n Carl\nCc: Dora\nSubject: RE: 4711\nImportance: High\n\nDid it?",
    "outlook.com": f"It works.\n\nJo\n\n{'_' * 32}\nFrom: {_WHO}\nSent: Tuesday\nTo: Jo\nSubject: 4711\n\nDid it?",
    "outlook phone": "It works.\n\nJo\n\nGet Outlook for iOS<https://aka.test/o0ukef>\n"
    f"{'_' * 32}\nFrom: {_WHO}\nSent: Tuesday\nTo: Jo\nSubject: 4711\n\nDid it?",
    "outlook same line": f"It works.\n\nJo\n\n{'_' * 32} From: {_WHO}\nSent: Tuesday\nTo: Jo\nSubject: 4711\n\nDid it?",
    "outlook express": "It works.\n\nJo\n\n  ----- Original Message ----- \n  From: Mara Lind \n  To: Jo \n"
    "  Sent: Tuesday, November 03, 2026 10:15 AM\n  Subject: 4711\n\n\n  Did it?",
    "windows phone": f"It works.\n\nJo\n\nSent from my Windows Phone\n{'_' * 32}\nFrom: {_WHO}\n"
    "Sent: 03/11/2026 10:15\nTo: Jo\nSubject: 4711\n\nDid it?",
    "hotmail": f"It works.\n\nJo\n\nDate: Tue, 3 Nov 2026 10:15:22 +0100\nFrom: {_WHO}\nTo: jo@x.test\nSubject: "
    f"4711\n\nIt?",
    "hotmail marked": f"It works.\n\nJo\n\n> Date: Tue, 3 Nov 2026 10:15:22 +0100\n> From: {_WHO}\n> To: jo@x.test\n"
    "> Subject: 4711\n> \n> Did it?",
    "blackberry": "It works.\n\nJo\n\nSent from my BlackBerry® smartphone\n\n-----Original Message-----\n"
    f"From: {_WHO}\nDate: Tue, 3 Nov 2026 10:15:22\nTo: <jo@x.test>\nReply-To: mara@shop.test\nSubject: 4711\n\nIt?",
    "samsung": "It works.\n\nJo\n\n-------- Original message --------\n"
    f"From: {_WHO} \nDate: 03/11/2026  10:15  (GMT+01:00) \nTo: jo@x.test \nSubject: 4711 \n\nDid it?",
    "samsung in one line": "It works.\n\nJo\n\n\n-------- Ursprüngliche Nachricht --------Von: Mara <mara@shop.test> "
    "Datum: 03.11.26  10:15  (GMT+01:00) An: jo@x.test Betreff: 4711 \nGeht es?",
    "aol": f"It works.\n\nJo\n\n\n\n-----Original Message-----\nFrom: {_WHO}\nTo: jo <jo@x.test>\n"
    "Sent: Tue, Nov 3, 2026 10:15 am\nSubject: Re: 4711\n\nDid it?",
    "yahoo": "It works.\n\nJo\n\n    On Tuesday, November 3, 2026 at 10:15:22 AM GMT+1, Mara Lind "
    "<mara@shop.test> wrote:  \n"
    " \n Did it?\n\nMara  ",
    "yahoo old": f"It works.\n\nJo\n\n\n\n{'_' * 32}\n From: {_WHO}\nTo: Jo \nSent: Tuesday\nSubject: 4711\n \nDid it?",
    "proton": f"It works.\n\nJo\n\nSent with Proton Mail secure email.\n\nOn Tuesday, November 3rd, 2026 at "
    f"10:15, {_WHO} "
    "wrote:\n\n> Did it?",
    "proton old": "It works.\n\nJo\n\n‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Tuesday, November 3rd, 2026 at 10:15, Mara "
    "<mara@shop.test> wrote:\n\n> Did it?",
    "gmx": "It works.\n\nJo\n\nGesendet: Dienstag, 3. November 2026 um 10:15 Uhr\nVon: \"Mara Lind\" "
    "<mara@shop.test>\n"
    "An: jo@x.test\nBetreff: Re: 4711\n\nGeht es?",
    "zimbra": "It works.\n\nJo\n\n----- Mail original -----\nDe: \"Mara\" <mara@shop.test>\nÀ: \"Jo\" <jo@x.test>\n"
    "Envoyé: Mardi 3 Novembre 2026 10:15:22\nObjet: 4711\n\nEt ?",
    "orange": "It works.\n\nJo\n\n> Message du 03/11/26 10:15\n> De : \"Mara\" <mara@shop.test>\n> A : jo@x.test\n"
    "> Copie à : \n> Objet : Re: 4711\n> \n> Et ?",
    "notes": "It works.\n\nJo\n\n\n\nVon:\tMara Lind "
    "<mara@shop.test>\nAn:\tjo@x.test\nKopie:\t\nDatum:\t03.11.2026 10:15\n"
    "Betreff:\t4711\n\n\n\nGeht es?",
    "groupwise": f"It works.\n\nJo\n\n>>> {_WHO} 03.11.2026 10:15 >>>\nDid it?\n\nMara",
    "qq": "It works.\n\nJo\n\n\n------------------ 原始邮件 ------------------\n发件人: \"x\" <x@qq.test>;\n"
    "发送时间: 2026年11月3日(星期二) 上午10:15\n收件人: \"jo\"<jo@x.test>;\n主题: Re:4711\n\n好吗",
    "qq english": "It works.\n\nJo\n\n------------------ Original ------------------\nFrom:  \"x\"<x@qq.test>;\n"
    "Date:  Tue, Nov 3, 2026 10:15 AM\nTo:  \"jo\"<jo@x.test>;\nSubject:  Re:4711\n\nwell?",
    "aliyun": f"It works.\n\nJo\n{'-' * 66}\n发件人：x <x@y.test>\n发送时间：2026年11月3日(星期二) 10:15\n"
    "收件人：jo <jo@x.test>\n主　题：Re:4711\n\n好吗",
    "daum": "It works.\n\nJo\n\n--------- 원본 메일 ---------\n보낸사람 : Mara <mara@shop.test>\n받는사람 : "
    "jo@x.test\n"
    "날짜 : 2026년 11월 3일(화) 10:15:22\n제목 : 4711\n\n네?",
    "two labels": "It works.\n\nJo\n\nFrom: mara@shop.test\nDate: Tue, 3 Nov 2026 10:15:22 +0100\n\nDid it?",
    "zendesk": "It works.\n\nJo\n\n##- Please type your reply above this line -##\n\nYour request has been updated.",
    "freescout": "It works.\n\nJo\n\n-- Please reply above this line --\n\nDid it?",
    "mailing list": f"{_ON}\n\n> Did it?\n> {'_' * 47}\n> users mailing list\n\nIt works.\n\nJo\n{'_' * 47}\n"
    "users mailing list\nusers@lists.test\nhttps://lists.test/mailman/listinfo/users\n",
    "bottom": f"{_ON}\n> Did it?\n>\n> Mara\n\nIt works.\n\nJo\n\n-- \nJo Example",
    "bottom marked": f"> {_ON}\n> \n> Did it?\n> \n> Mara\n\nIt works.\n\nJo",
    "between": f"{_ON}\n> Did it?\n\nIt works.\n\n> And who are you?\n\nJo\n",
    "between marked": f"> On 3 Nov 2026, at 10:15, {_WHO} wrote:\n> \n> Did it?\n\nIt works.\n\n> Who?\n\nJo\n",
    "above and below": f"It works.\n\n{_ON}\n> Did it?\n\nJo\n",
    "banner": f"CAUTION: This email originated from outside of the organization.\n\nIt works.\n\nJo\n\n{_ON}\n> "
    f"Did it?",
    "notice": "It works.\n\nJo\n\nThis e-mail is confidential and intended solely for the addressee. If you "
    "received it in "
    f"error, please notify the sender and delete it.\n\n{_ON}\n> Did it?",
    "address broken": "It works.\n\nJo\n\nOn Tue, Nov 3, 2026 at 10:15 AM, Mara Lind < mara@shop.test\n> wrote:\n\n"
    "> Did it?",
    "crlf": f"It works.\r\n\r\nJo\r\n\r\n{_ON}\r\n\r\n> Did it?\r\n",
    "blanks": f"It works.\n\nJo\n\n \xa0 {_ON} \xa0\n\n\xa0> Did it?\n",
    "invisible": f"It works.\n\nJo\n\n\u200e{_ON}\u200b\n\n\ufeff> Did it?\n",
    "bars": f"It works.\n\nJo\n\n{_ON}\n\n| Did it?\n| Mara\n",
}


@pytest.mark.parametrize("text", REPLIES.values(), ids=REPLIES.keys())
def test_reply_comes_down_to_the_words_of_its_author(text: str) -> None:
    new, cut = split_reply(text)
    assert new.split() == ["It", "works.", "Jo"]
    assert sorted(f"{new}\n{cut}".split()) == sorted(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "👍",
        "شكرا جزيلا، كل شيء يعمل.",
        "תודה רבה, הכל עובד.",
        "# Title\n\n* one\n* two\n\n```\nfrom: x\n```\n\n> cited\n\nand so on",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "Steps:\n1. open > settings\n2. press >>\n\nResult -> error",
        "From: 5 to 7\nTo be done",
        "Order:\nSubject: pump\nTo: Jo",
        "--- a/file\n+++ b/file\n@@ -1 +1 @@\n-old\n+new",
        "ERROR 2026-11-03 10:15:22 db: connection to jo@db failed:\n  at line 5",
        "Name: Jo Example\nDate: 3 November 2026\nSubject: pump\n\nIt is broken.",
    ],
)
def test_text_without_a_quote_stays_as_it_is(text: str) -> None:
    assert split_reply(text) == (text, "")
    assert split_reply(f"{text}\n\n{_ON}\n> old")[0] == text


def test_blank_that_yahoo_writes_before_a_text_goes_and_an_indent_stays() -> None:
    assert split_reply(f" It works.\n    {_ON}\n \n Did it?")[0] == "It works."
    assert split_reply("  def f():\n    pass")[0] == "  def f():\n    pass"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("-----Original Message-----", "original"),
        ("--- Původní zpráva ---", "original"),
        ("__________ Message original __________", "original"),
        ("------------------&nbsp;原始邮件&nbsp;------------------", "original"),
        ("===== Mensagem original =====", "original"),
        ("---------- Forwarded message ---------", "forward"),
        ("---- a dashed heading ----", ""),
        ("-----------------", ""),
    ],
)
def test_separator_is_known_whatever_draws_it(line: str, kind: str) -> None:
    assert find_separator(line)[0] == kind


_BITS = st.sampled_from(
    [*REPLIES.values(), *[_block(names) for names in LABELS.values()], "own words", "> quoted", "", "-- ", "____"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(_BITS, st.text(max_size=40)), max_size=5))
def test_both_halves_hold_every_line_in_its_order(bits: list[str]) -> None:
    text = "\n".join(bits).replace("\r\n", "\n").replace("\r", "\n")
    halves = [[line.strip() for line in half.split("\n") if line.strip()] for half in split_reply(text)]
    at = [0, 0]
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    # Each half is a subsequence of the text, and together they are all of it
    assert sorted(halves[0] + halves[1]) == sorted(lines)
    for number, half in enumerate(halves):
        for line in lines:
            if at[number] < len(half) and half[at[number]] == line:
                at[number] += 1
        assert at[number] == len(half)


HOSTILE = {
    "one line blocks": lambda n: "From: a@b Sent: x To: c Subject: d: " * n,
    "colons": lambda n: "From: " + ":" * n,
    "colon lines": lambda n: "From: a: b: c: d: e: f: g: h: i: j\n" * n,
    "short blocks": lambda n: "From: a@b\nDate: 2026-11-03 10:15\n\n" * n,
    "groupwise": lambda n: ">>> a 10:15 >>>\n" * n,
    "sentence ends": lambda n: "Thanks! On 3.11.2026 10:15 a@b wrote:\n> x\ny\n" * n,
    "open addresses": lambda n: "On 3.11.2026 10:15 a < b@c\n> wrote:\n" * n,
    "verbs": lambda n: "schrieb " * 45 + ":\n" * n,
    "named": lambda n: "Jane kirjoitti 3.11.2026 klo 10.15\n" * n,
    "separators": lambda n: "---- Original Message ----\n" * n,
    "bars": lambda n: f"{_ON}\n| a\n" * n,
    "ours": lambda n: "some text of ours that is long enough to count\nx\n" * n,
}


@pytest.mark.parametrize("build", HOSTILE.values(), ids=HOSTILE.keys())
def test_t58_time_grows_with_the_length_only(build) -> None:  # type: ignore[no-untyped-def]
    def seconds(size: int) -> float:
        text, best = build(size), 9.0
        for number in range(2):
            started = time.process_time()
            split_reply(text + " " * number, "", ("some text of ours that is long enough to count\n" * 3,))
            best = min(best, time.process_time() - started)
        return best

    small, big = seconds(1_000), seconds(8_000)
    assert big < 0.3 + small * 8 * 3


def test_marks_are_looked_for_in_as_many_lines_as_people_write() -> None:
    assert len(read_lines("a\n" * 30_000)) == 30_001


@pytest.mark.parametrize(
    ("text", "new"),
    [
        # Yahoo's phones write the quote into the line of its author
        (f"Fine\n\n  On Tue, Nov 3, 2026 at 10:15 AM, Mara Lind<mara@shop.test> wrote:   Is it?\n{_WHO}\n", "Fine"),
        ("Vale\n\n  El mar., nov. 3, 2026 a la(s) 10:15 a. m., Mara<mara@shop.test> escribió:   ¿Vale?\n", "Vale"),
        ("Va bene\n\nIn data 3 novembre 2026 10:15:01 CET, Mara Lind ha scritto:\nCiao\n", "Va bene"),
        ("ok\n\nIn a message dated 3/5/2002 9:14:01 AM Eastern Standard Time, \nmara@shop.test writes:\n\nHi\n", "ok"),
        (f"ok\n\n---- Am Di., 03 Nov. 2026 10:15:01 +0100 {_WHO} schrieb ----\n\nHallo\n", "ok"),
        (f'>>>>> "ML" == {_WHO} writes:\n\n    ML> Which one?\n    ML> And when?\n\nThe red one.\n', "The red one."),
        ("OK\n\nاز iPhone من فرستاده شد\n", "OK"),
    ],
)
def test_only_the_answer_stays_when_the_client_is_a_rare_one(text: str, new: str) -> None:
    assert split_reply(text)[0].strip() == new


@pytest.mark.parametrize(
    "text",
    [
        "Log:\n\n```\nERROR foo\n--\nFrom: x\n> more\n```\n\nWhat now?",
        "Use:\n\n```sh\nmail x <<EOF\nFrom: a@x.test\nTo: b@x.test\nSubject: c\nEOF\n```",
        "Am 5.3.2026 um 9:14 Uhr schrieb ich Ihnen:\nDie Ware ist kaputt.\nBis heute keine Antwort!",
        "Le 5 mars 2026 à 9:14 je vous ai écrit :\nla pièce est cassée.",
        "On 5 March 2026 at 9:14 I wrote:\nit is broken. It still is.",
        "Name: Jane Doe\nFrom: Berlin\nTo: Paris\nDate: 5 March\nSubject: Booking\n\nPlease book.",
        "We wrote to jane@x.test:  nothing came back\nsince March.",
        "It says:\n\nPS> Get-Item foo\nSQL> select 1",
        "My two shops:\n\n__________________________________________\nhttp://a.test\nhttp://b.test",
    ],
)
def test_words_of_the_author_stay_when_they_look_like_a_mark(text: str) -> None:
    assert split_reply(text) == (text, "")


def test_fence_counts_for_nothing_when_another_one_is_missing() -> None:
    block = "From: Mara <mara@shop.test>\nSent: Tuesday, March 5, 2026 9:14 AM\nTo: Jo\nSubject: x"
    assert split_reply(f"```\nrun this\n\n{block}\n\nUse:\n```\nfoo\n```\n")[0] == "```\nrun this"


def test_signature_below_the_quote_of_an_html_mail_is_cut() -> None:
    html = (
        '<p>Fine.</p><div class="moz-cite-prefix">Am 05.03.26 um 09:14 schrieb Mara:<br></div>'
        '<blockquote type="cite"><p>Hallo</p></blockquote><pre class="moz-signature">-- \nJana</pre>'
    )
    text = "Fine.\n\nAm 05.03.26 um 09:14 schrieb Mara:\n\n    Hallo\n\n-- \nJana"
    assert split_reply(text, html)[0] == "Fine."
