"""Tests that the author's words stay and only quotes, signatures and footers go to the other half."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailproc.message.quotemarks import find_attribution_end, find_block, find_separator, is_forward_line, read_lines
from mailproc.message.quotes import split_reply

ATTRIBUTIONS = {
    "en": "On Tue, 3 Nov 2026 at 10:15, Mara Lind <mara@shop.test> wrote:",
    "en-outlook-mac": 'On 03/11/2026, 10:15, "Mara Lind" <mara@shop.test> wrote:',
    "de": "Am 03.11.2026 um 10:15 schrieb Mara Lind <mara@shop.test>:",
    "de-gmail": "Mara Lind <mara@shop.test> schrieb am Di., 3. Nov. 2026 um 10:15 Uhr:",
    "fr": "Le mar. 3 nov. 2026 à 10:15, Mara Lind <mara@shop.test> a écrit :",
    "es": "El mar, 3 nov 2026 a las 10:15, Mara Lind (<mara@shop.test>) escribió:",
    "it": "Il giorno mar 3 nov 2026 alle ore 10:15 Mara Lind <mara@shop.test> ha scritto:",
    "pt": "Em ter., 3 de nov. de 2026 às 10:15, Mara Lind <mara@shop.test> escreveu:",
    "nl": "Op di 3 nov 2026 om 10:15 schreef Mara Lind <mara@shop.test>:",
    "nl-outlook": "Op 3-11-2026 10:15 heeft Mara Lind <mara@shop.test> geschreven:",
    "pl": "W dniu 3.11.2026 o 10:15, Mara Lind pisze:",
    "pl-gmail": "wt., 3 lis 2026 o 10:15 Mara Lind <mara@shop.test> napisał(a):",
    "sv": "Den tis 3 nov. 2026 kl 10:15 skrev Mara Lind <mara@shop.test>:",
    "da": "Den tirs. 3. nov. 2026 kl. 10.15 skrev Mara Lind <mara@shop.test>:",
    "no": "tir. 3. nov. 2026 kl. 10:15 skrev Mara Lind <mara@shop.test>:",
    "fi": "ti 3. marrask. 2026 klo 10.15 Mara Lind (mara@shop.test) kirjoitti:",
    "cs": "út 3. 11. 2026 v 10:15 odesílatel Mara Lind <mara@shop.test> napsal:",
    "sk": "Dňa 3. 11. 2026 o 10:15 používateľ Mara Lind <mara@shop.test> napísal:",
    "hu": "Mara Lind <mara@shop.test> ezt írta (időpont: 2026. nov. 3., K, 10:15):",
    "ro": "În mar., 3 nov. 2026 la 10:15, Mara Lind <mara@shop.test> a scris:",
    "tr": "Mara Lind <mara@shop.test>, 3 Kas 2026 Sal, 10:15 tarihinde şunu yazdı:",
    "ru": "вт, 3 нояб. 2026 г. в 10:15, Mara Lind <mara@shop.test>:",
    "ru-mail": "3 ноября 2026, 10:15, пользователь Mara Lind <mara@shop.test> написал:",
    "uk": "вт, 3 лист. 2026 р. о 10:15 Mara Lind <mara@shop.test> пише:",
    "el": "Στις Τρί 3 Νοε 2026 στις 10:15 π.μ., ο/η Mara Lind <mara@shop.test> έγραψε:",
    "zh": "Mara Lind <mara@shop.test> 于2026年11月3日周二 10:15写道：",
    "ja": "2026年11月3日(火) 10:15 Mara Lind <mara@shop.test>:",
    "ko": "2026년 11월 3일 (화) 오전 10:15, Mara Lind <mara@shop.test>님이 작성:",
    "vi": "Vào Th 3, 3 thg 11, 2026 vào lúc 10:15 Mara Lind <mara@shop.test> đã viết:",
    "he": "‫בתאריך יום ג׳, 3 בנוב׳ 2026 ב-10:15 מאת ‪Mara Lind‬‏ <‪mara@shop.test‬‏>:‬",
    "zoho": "---- On Tue, 03 Nov 2026 10:15:00 +0100 Mara Lind <mara@shop.test> wrote ----",
    "horde": "Zitat von Mara Lind <mara@shop.test>:",
    "old": "At 11/3/2026 10:15 AM, you wrote:",
}

BLOCKS = {
    "en": "From: Mara Lind <mara@shop.test>\nSent: Tuesday, November 3, 2026 10:15\nTo: Jo <jo@x.test>\nSubject: Order",
    "en-stars": "*From:* Mara Lind\n*Sent:* Tuesday\n*To:* jo@x.test\n*Subject:* Order",
    "de": "Von: Mara Lind <mara@shop.test>\nGesendet: Dienstag, 3. November 2026 10:15\nAn: Jo\nBetreff: Auftrag",
    "fr": "De : Mara Lind <mara@shop.test>\nEnvoyé : mardi 3 novembre 2026 10:15\nÀ : Jo\nObjet : Commande",
    "es": "De: Mara Lind <mara@shop.test>\nEnviado: martes, 3 de noviembre\nPara: Jo\nAsunto: Pedido",
    "it": "Da: Mara Lind <mara@shop.test>\nInviato: martedì 3 novembre\nA: Jo\nOggetto: Ordine",
    "pt": "De: Mara Lind <mara@shop.test>\nEnviado: terça-feira\nPara: Jo\nAssunto: Pedido",
    "nl": "Van: Mara Lind <mara@shop.test>\nVerzonden: dinsdag 3 november\nAan: Jo\nOnderwerp: Bestelling",
    "pl": "Od: Mara Lind <mara@shop.test>\nWysłano: wtorek, 3 listopada\nDo: Jo\nTemat: Zamówienie",
    "sv": "Från: Mara Lind <mara@shop.test>\nSkickat: den 3 november\nTill: Jo\nÄmne: Beställning",
    "no": "Fra: Mara Lind <mara@shop.test>\nSendt: tirsdag 3. november\nTil: Jo\nEmne: Ordre",
    "fi": "Lähettäjä: Mara Lind <mara@shop.test>\nLähetetty: tiistai 3.\nVastaanottaja: Jo\nAihe: Tilaus",
    "cs": "Od: Mara Lind <mara@shop.test>\nOdesláno: úterý\nKomu: Jo\nPředmět: Objednávka",
    "hu": "Feladó: Mara Lind <mara@shop.test>\nElküldve: kedd\nCímzett: Jo\nTárgy: Rendelés",
    "ro": "De la: Mara Lind <mara@shop.test>\nTrimis: marți\nCătre: Jo\nSubiect: Comanda",
    "tr": "Kimden: Mara Lind <mara@shop.test>\nGönderildi: Salı\nKime: Jo\nKonu: Sipariş",
    "ru": "От: Mara Lind <mara@shop.test>\nОтправлено: вторник\nКому: Jo\nТема: Заказ",
    "uk": "Від: Mara Lind <mara@shop.test>\nВідправлено: вівторок\nКому: Jo\nТема: Замовлення",
    "el": "Από: Mara Lind <mara@shop.test>\nΣτάλθηκε: Τρίτη\nΠρος: Jo\nΘέμα: Παραγγελία",
    "zh": "发件人：Mara Lind <mara@shop.test>\n发送时间：2026年11月3日\n收件人：Jo\n主题：订单",
    "ja": "差出人: Mara Lind <mara@shop.test>\n送信日時: 2026年11月3日\n宛先: Jo\n件名: 注文",
}

ORIGINALS = (
    "-----Original Message-----",
    "-----Ursprüngliche Nachricht-----",
    "-----Message d'origine-----",
    "-----Mensaje original-----",
    "-----Messaggio originale-----",
    "-----Mensagem original-----",
    "-----Oorspronkelijk bericht-----",
    "-----Oryginalna wiadomość-----",
    "-----Oprindelig meddelelse-----",
    "-----Opprinnelig melding-----",
    "-----Исходное сообщение-----",
    "------------------ 原始邮件 ------------------",
)

FOOTERS = (
    "Sent from my iPhone",
    "Sent from my Pixel 9 Pro",
    "Get Outlook for Android<https://aka.test/x>",
    "Von meinem iPhone gesendet",
    "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPad",
    "Inviato da iPhone",
    "Verzonden vanaf mijn Samsung-telefoon",
    "Wysłane z iPhone'a",
    "Skickat från min iPhone",
    "Sendt fra min iPad",
    "Lähetetty iPhonesta",
    "Отправлено с iPhone",
    "从我的iPhone发送",
    "iPhoneから送信",
    "나의 iPhone에서 보냄",
)


def _filled(text: str) -> list[str]:
    return sorted(line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip())


@pytest.mark.parametrize("line", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
def test_attribution_is_cut_when_a_marked_quote_follows(line: str) -> None:
    text = f"The pump works again.\nBest,\nJo\n\n{line}\n\n> Did you try the switch?\n> Mara\n"
    new, cut = split_reply(text)
    assert new == "The pump works again.\nBest,\nJo"
    assert _filled(f"{new}\n{cut}") == _filled(text)


@pytest.mark.parametrize("line", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
def test_attribution_is_cut_when_the_quote_is_unmarked(line: str) -> None:
    assert (
        split_reply(f"The pump works again.\n\n{line}\n\nDid you try the switch?\n\nMara")[0] == "The pump works again."
    )


@pytest.mark.parametrize(
    "line",
    [ATTRIBUTIONS[key] for key in ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "cs", "ro", "tr", "vi")],
)
def test_attribution_is_cut_when_it_wraps(line: str) -> None:
    wrapped = line.replace(" <mara", "\n<mara") if " <mara" in line else line.replace(" (<mara", "\n(<mara")
    assert split_reply(f"Fine.\n{wrapped}\n> old\n")[0] == "Fine."
    assert split_reply(f"Fine.\n\n{line.replace('Mara Lind <', 'Mara Lind <' + chr(10))}\n\n> old\n")[0] == "Fine."


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
def test_header_block_is_cut_with_all_below_when_the_author_wrote_above(block: str) -> None:
    text = f"Please cancel it.\n\n{block}\n\nYour order is on its way.\n\nRegards"
    new, cut = split_reply(text)
    assert new == "Please cancel it."
    assert "Your order is on its way." in cut
    assert split_reply(f"Please cancel it.\n\n{'_' * 32}\n{block}\n\nOn its way.")[0] == "Please cancel it."


@pytest.mark.parametrize("separator", ORIGINALS)
def test_original_message_is_cut_in_every_language(separator: str) -> None:
    text = f"Please cancel it.\n\n{separator}\n{BLOCKS['en']}\n\nOn its way."
    assert split_reply(text)[0] == "Please cancel it."
    assert split_reply(f"Please cancel it.\n\n{separator}\nOn its way.")[0] == "Please cancel it."


@pytest.mark.parametrize("footer", FOOTERS)
def test_footer_is_cut_when_it_ends_the_text(footer: str) -> None:
    assert split_reply(f"It is broken.\n\n{footer}\n") == ("It is broken.", footer)
    assert split_reply(f"It is broken.\n\n{footer}\n\n{ATTRIBUTIONS['en']}\n> old")[0] == "It is broken."


@pytest.mark.parametrize(
    "text",
    [
        "As you wrote on 3 November 2026:\nthe pump is covered. I disagree.",
        "On Monday we will send the form:\nplease wait.",
        "The journey:\n\nFrom: Berlin\nTo: Hamburg\nDate: 5 May 2027\n\nPlease book it.",
        "My list -- of things\n-- first\n-- second\n\nThat is all.",
        "I sent from the warehouse on Monday.\nNothing came.",
        "Von meinem Handy aus geht es nicht.",
        "Two options:\n----------\nA or B?",
        "a > b\nand\n5 > 3 holds",
        "Anna wrote to me yesterday, 12:30, that it works.",
        "Hi\n\nKind regards\nJo Example\nShop Ltd",
        "The subject: I like it\nThe date: none",
    ],
)
def test_authors_words_stay_when_they_look_like_marks(text: str) -> None:
    new, _cut = split_reply(text)
    assert new == text


def test_bottom_posted_answer_stays_when_the_quote_is_above() -> None:
    text = f"{ATTRIBUTIONS['en']}\n> Which model?\n>\n> Mara\n\nThe P40.\n\n-- \nJo\nShop"
    assert split_reply(text)[0] == "The P40."


def test_interleaved_answers_stay_when_quotes_stand_between() -> None:
    quote = "> Which model?\n\nThe P40.\n\n> Which year?\n2024, I think.\n> Mara\n\nThanks\nJo"
    text = f"Hello,\n\n{ATTRIBUTIONS['de']}\n{quote}"
    new, cut = split_reply(text)
    assert [line for line in new.split("\n") if line] == ["Hello,", "The P40.", "2024, I think.", "Thanks", "Jo"]
    assert "Which year?" in cut


def test_typed_quote_stays_when_words_follow_and_nobody_is_named() -> None:
    text = "> Which model?\n\nThe P40."
    assert split_reply(text)[0] == text
    assert split_reply("The P40.\n\n> Which model?") == ("The P40.", "> Which model?")


@pytest.mark.parametrize(
    "text",
    [
        f"---------- Forwarded message ---------\n{BLOCKS['en']}\n\nMy fridge is warm.",
        f"{BLOCKS['de']}\n\nMein Kühlschrank ist warm.",
        "> Begin forwarded message:\n>\n> From: Jo <jo@x.test>\n> Subject: Fridge\n> Date: 3 Nov 2026\n> To: "
        "me@x.test\n>\n> Warm.",
        "> Only a quote.",
    ],
)
def test_forwarded_mail_keeps_its_text_when_nothing_stands_above(text: str) -> None:
    assert split_reply(text)[0] == text


def test_forwarded_mail_below_an_attribution_keeps_its_text() -> None:
    assert split_reply(f"{ATTRIBUTIONS['en-outlook-mac']}\n\n    My fridge is warm.\n\n    Jo")[0] == (
        "    My fridge is warm.\n\n    Jo"
    )


def test_footer_above_a_forwarded_mail_is_no_text_of_the_author() -> None:
    text = f"Sent from my iPhone\n\nBegin forwarded message:\n\n{BLOCKS['en']}\n\nMy fridge is warm."
    assert "My fridge is warm." in split_reply(text)[0]


def test_reply_without_words_is_empty_when_all_is_quoted() -> None:
    assert split_reply(f"{ATTRIBUTIONS['en']}\n\n> Which model?\n> Mara")[0] == ""


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("Works.\n-- \nJo\nShop\n+1 555 0100", "Works."),
        ("Works.\n\n--\nJo\nShop", "Works."),
        (
            "Works.\n\n--\n" + "\n".join(f"line {n}" for n in range(30)),
            "Works.\n\n--\n" + "\n".join(f"line {n}" for n in range(30)),
        ),
        ("Works.\n\n***\n____\n=====", "Works."),
        (
            "Works.\n\nDisclaimer\n\nThis message is confidential and intended solely for the addressee. If you "
            "received it "
            "in error, please notify the sender and delete it.",
            "Works.",
        ),
        (
            "Geht.\n\nDiese E-Mail ist vertraulich. Sind Sie nicht der richtige Empfänger oder haben Sie sie "
            "irrtümlich "
            "erhalten, bitte löschen Sie sie.",
            "Geht.",
        ),
        ("CAUTION: This email originated from outside of the organization.\n\nWorks.", "Works."),
        (
            "The delivery is confidential, please delete my data.",
            "The delivery is confidential, please delete my data.",
        ),
        ("Works.\n\n_______________________________\nusers mailing list\nhttps://lists.x.test/users", "Works."),
    ],
)
def test_edges_are_cut_when_they_are_no_message(text: str, new: str) -> None:
    got, cut = split_reply(text)
    assert got == new
    assert _filled(f"{got}\n{cut}") == _filled(text)


SENT = (
    "Ticket ACME-482-170 from Mara Lind\n\nThe customer's pump model P40 makes a noise after two minutes of running.\n"
    "Internal: the warranty ended in May, do not promise a free repair to anybody.\n\nReply to this mail to answer."
)
NOTE = "the warranty ended in May"


@pytest.mark.parametrize(
    "text",
    [
        f"We will repair it.\n\n{ATTRIBUTIONS['en']}\n" + "\n".join(f"> {line}" for line in SENT.split("\n")),
        f"{ATTRIBUTIONS['en']}\n" + "\n".join(f"> {line}" for line in SENT.split("\n")) + "\n\nWe will repair it.",
        "\n".join(f"> {line}" for line in SENT.split("\n")) + "\n\nWe will repair it.",
        f"We will repair it.\n\n{BLOCKS['de']}\n\n{SENT}",
        f"{BLOCKS['en']}\n\n{SENT}\n\nWe will repair it.",
        f"{SENT}\n\nWe will repair it.",
        f"{ATTRIBUTIONS['fr']}\n\n{SENT}\n\nWe will repair it.",
        *[f"We will repair it.\n\n{separator}\n{BLOCKS['en']}\n\n{SENT}" for separator in ORIGINALS],
        "> The customer's pump model P40\n> makes a noise after two minutes of running.\nWe will repair it.\n"
        "> Internal: the warranty ended in May, do not promise\n> a free repair to anybody.",
    ],
)
def test_t46_note_is_not_in_the_new_text_when_an_agent_quotes_our_mail(text: str) -> None:
    new, cut = split_reply(text, sent_texts=(SENT,))
    assert NOTE not in new.replace("\n", " ")
    assert "promise" not in new
    assert "We will repair it." in new
    assert _filled(f"{new}\n{cut}") == _filled(text)


def test_t46_inline_answers_in_html_mail_stay_and_the_note_goes() -> None:
    html = (
        "<div>Hello,</div><div class='moz-cite-prefix'>On 26.06.2026 14:41, Desk wrote:<br></div><blockquote "
        "type='cite'>"
        "<p>the warranty ended in May</p></blockquote><p>It can be repaired.</p><blockquote "
        "type='cite'><p>Which size?</p>"
        "</blockquote><p>Large.</p>"
    )
    text = (
        "Hello,\n\nOn 26.06.2026 14:41, Desk wrote:\n\nthe warranty ended in May\n\nIt can be repaired.\n\n"
        "Which size?\n\nLarge."
    )
    new, cut = split_reply(text, html)
    assert [line for line in new.split("\n") if line] == ["Hello,", "It can be repaired.", "Large."]
    assert NOTE in cut


def test_empty_reply_is_empty_when_it_only_quotes_our_mail() -> None:
    assert split_reply(f"{BLOCKS['en']}\n\n{SENT}", sent_texts=(SENT,))[0].replace(BLOCKS["en"], "").strip() == ""


def test_short_words_stay_when_we_sent_the_same_by_chance() -> None:
    assert split_reply("Yes\n\nThanks", sent_texts=("Yes\nThanks\nBye",))[0] == "Yes\n\nThanks"


def test_answers_stay_when_they_stand_between_lines_of_ours() -> None:
    text = f"{ATTRIBUTIONS['en']}\n\n{SENT}\n\nThe repair costs 40.\n"
    assert split_reply(f"See below.\n\n{text}", sent_texts=(SENT,))[0].split() == [
        "See",
        "below.",
        "The",
        "repair",
        "costs",
        "40.",
    ]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "<p>Jo here.</p><div class='gmail_quote'>Zxq 2026 mblo:<blockquote>old words<br>more</blockquote></div>",
            "Jo here.\n\nZxq 2026 mblo:\nold words\nmore",
        ),
        (
            "<p>Jo here.</p><div id='appendonsend'></div><hr><div id='divRplyFwdMsg'>Xa: Mara</div><div>old "
            "words</div>",
            "Jo here.\n\nXa: Mara\nold words",
        ),
    ],
)
def test_html_container_is_cut_when_the_language_is_unknown(html: str, text: str) -> None:
    assert split_reply(text, html)[0] == "Jo here."


@pytest.mark.parametrize("text", ["", "\n \n", "Hi", "\r\nHi\r\n", "a\rb"])
def test_small_texts_are_kept(text: str) -> None:
    new, cut = split_reply(text)
    assert (_filled(new), cut) == (_filled(text), "")


PIECES = st.sampled_from(
    [
        *ATTRIBUTIONS.values(),
        *BLOCKS.values(),
        *ORIGINALS,
        *FOOTERS,
        "-- ",
        "--",
        "> quoted",
        ">> twice",
        "own words",
        "",
        "_" * 32,
        "> Begin forwarded message:",
        SENT,
        "| bar",
        "*** ",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=60)), max_size=12), st.booleans())
def test_no_line_is_lost_whatever_the_text(pieces: list[str], has_sent: bool) -> None:
    text = "\n".join(pieces)
    new, cut = split_reply(text, sent_texts=(SENT,) if has_sent else ())
    assert _filled(f"{new}\n{cut}") == _filled(text)


HOSTILE = {
    "marks": lambda n: ">" * n,
    "spaced marks": lambda n: "> " * n,
    "mark lines": lambda n: "> \n" * n,
    "openers": lambda n: "On 1.1.2026 10:00 x\n" * n,
    "addresses": lambda n: "On 1.1.2026 10:00 a@b <c@d>\n" * n,
    "wrote": lambda n: "wrote:\n" * n,
    "long line": lambda n: "On " + "a@" * n + " wrote:",
    "labels": lambda n: "To: x@y,\n" * n,
    "blocks": lambda n: "From: a@b\nSent: x\nTo: c\n" * n,
    "rules": lambda n: "----- \n_____\n" * n,
    "dashes": lambda n: "-" * n + " x " + "-" * n,
    "signatures": lambda n: "--\n" * n,
    "blank": lambda n: "\n" * n + "x",
    "legal": lambda n: "confidential delete in error " * n,
    "legal lines": lambda n: (
        "x\n\n" + "confidential intended recipient delete in error, please notify the sender now, thanks\n\n" * n
    ),
    "footers": lambda n: "Sent from my iPhone\n" * n,
    "quotes and text": lambda n: "> a\nb\n" * n,
}


def _seconds(text: str, html: str = "") -> float:
    best = 9.0
    for _ in range(2):
        started = time.process_time()
        split_reply(text + " ", html, ("some text of ours that is long enough\n" * 3,))
        best = min(best, time.process_time() - started)
        text += " "
    return best


@pytest.mark.parametrize("build", HOSTILE.values(), ids=HOSTILE.keys())
def test_t58_time_grows_with_the_length_only(build) -> None:  # type: ignore[no-untyped-def]
    small, big = _seconds(build(1_000)), _seconds(build(8_000))
    assert big < 0.2 + small * 8 * 4
    assert big < 3


_PIECES = st.sampled_from(
    [*ATTRIBUTIONS.values(), *[piece for line in ATTRIBUTIONS.values() for piece in (line[:40], line[40:])],
     "-----Original Message-----", "Begin forwarded message:", "*From:* a@b.test", "Sent: Monday", "To: c@d.test",
     "Subject：x", "Fine, thanks.", "Fine", "", " ", "____", "\u200bVon: a@b.test"]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["", "> ", ">> "]), _PIECES), max_size=12))
def test_no_mark_begins_where_a_line_says_that_none_may(some: list[tuple[str, str]]) -> None:
    lines = read_lines("\n".join(quote + piece for quote, piece in some))
    for index, line in enumerate(lines):
        if line.bare and not line.may_begin:
            assert not find_attribution_end(lines, index)
            assert not find_separator(line.bare)[0] and not is_forward_line(line.bare)
            assert find_block(lines, index, least=1) is None
