"""Tests that the line above a quote is known in every client and language, and that sentences are not."""

import pytest

from mailproc.message.quotemarks import find_attribution_end, read_lines
from mailproc.message.quotes import split_reply
from mailproc.message.quotesattribution import holds_a_sentence, is_groupwise, may_end

_WHO = "Mara Lind <mara@shop.test>"

GMAIL = {
    "af": f"Op Di, 3 Nov 2026 om 10:15 het {_WHO} geskryf:",
    "ar": f"في الثلاثاء، 3 نوفمبر 2026 في 10:15 ص تمت كتابة ما يلي بواسطة \u202aMara Lind\u202c "
    f"<{'mara@shop.test'}>:",
    "bg": f"На вт, 3.11.2026 г. в 10:15 {_WHO} написа:",
    "bn": f"মঙ্গল, ৩ নভেম্বর, ২০২৬ এ ১০:১৫ AM এ তারিখে {_WHO} লিখেছেন:",
    "ca": f"Missatge de {_WHO} del dia dt., 3 de nov. 2026 a les 10:15:",
    "cs": f"út 3. 11. 2026 v 10:15 odesílatel {_WHO} napsal:",
    "da": f"Den tirs. 3. nov. 2026 kl. 10.15 skrev {_WHO}:",
    "de": f"Am Di., 3. Nov. 2026 um 10:15 Uhr schrieb {_WHO}:",
    "el": f"Στις Τρί 3 Νοε 2026 στις 10:15 π.μ., ο χρήστης {_WHO} έγραψε:",
    "en": f"On Tue, Nov 3, 2026 at 10:15\u202fAM {_WHO} wrote:",
    "et": f"{_WHO} kirjutas kuupäeval T, 3. november 2026 kell 10:15:",
    "eu": f"{_WHO} igorleak hau idatzi du (2026 aza. 3, ar. (10:15)):",
    "fa": f"در تاریخ سه‌شنبه ۳ نوامبر ۲۰۲۶،\u200f ۱۰:۱۵ {_WHO} نوشت:",
    "fi": "ti 3. marrask. 2026 klo 10.15 Mara Lind (mara@shop.test) kirjoitti:",
    "fr": f"Le mar. 3 nov. 2026 à 10:15, {_WHO} a écrit :",
    "gl": f"O mar., 3 nov. 2026 ás 10:15, {_WHO} escribiu:",
    "he": f"\u202bבתאריך יום ג׳, 3 בנוב׳ 2026 ב-10:15 מאת \u202aMara Lind\u202c\u200f "
    f"<\u202a{'mara@shop.test'}\u202c\u200f>:\u202c",
    "hi": f"मंगल, 3 नव॰ 2026 को 10:15 am बजे को {_WHO} ने लिखा:",
    "hr": f"uto, 3. stu 2026. u 10:15 {_WHO} napisao je:",
    "hu": f"{_WHO} ezt írta (időpont: 2026. nov. 3., K, 10:15):",
    "id": f"Pada Sel, 3 Nov 2026 pukul 10.15 {_WHO} menulis:",
    "is": f"Þann þri., 3. nóv. 2026 kl. 10:15 skrifaði {_WHO}:",
    "it": f"Il giorno mar 3 nov 2026 alle ore 10:15 {_WHO} ha scritto:",
    "ja": f"2026年11月3日(火) 10:15 {_WHO}:",
    "ko": f"2026년 11월 3일 (화) 오전 10:15, {_WHO}님이 작성:",
    "lt": f"2026-11-03, an, 10:15 {_WHO} rašė:",
    "lv": "otrd., 2026. g. 3. nov., plkst. 10:15 — lietotājs Mara Lind (<mara@shop.test>) rakstīja:",
    "ms": f"Pada Sel, 3 Nov 2026 pada 10:15 PG {_WHO} menulis:",
    "nl": f"Op di 3 nov 2026 om 10:15 schreef {_WHO}:",
    "no": f"tir. 3. nov. 2026 kl. 10:15 skrev {_WHO}:",
    "pl": f"wt., 3 lis 2026 o 10:15 {_WHO} napisał(a):",
    "pt-br": f"Em ter., 3 de nov. de 2026 às 10:15, {_WHO} escreveu:",
    "pt-pt": f"{_WHO} escreveu (terça, 3/11/2026 à(s) 10:15):",
    "ro": f"În mar., 3 nov. 2026 la 10:15, {_WHO} a scris:",
    "ru": f"вт, 3 нояб. 2026 г. в 10:15, {_WHO}:",
    "sk": f"ut 3. 11. 2026 o 10:15 {_WHO} napísal(a):",
    "sl": f"V V tor., 3. nov. 2026 ob 10:15 je oseba {_WHO} napisala:",
    "sr": f"уто, 3. нов 2026. у 10:15 {_WHO} је написао/ла:",
    "sv": f"Den tis 3 nov. 2026 kl 10:15 skrev {_WHO}:",
    "th": f"ในวันที่ อ. 3 พ.ย. 2026 เวลา 10:15 {_WHO} เขียนว่า:",
    "tl": f"Noong Mar, Nob 3, 2026 nang 10:15 AM, sinulat ni {_WHO} ang:",
    "tr": f"{_WHO}, 3 Kas 2026 Sal, 10:15 tarihinde şunu yazdı:",
    "uk": f"вт, 3 лист. 2026 р. о 10:15 {_WHO} пише:",
    "vi": f"Vào Th 3, 3 thg 11, 2026 vào lúc 10:15 {_WHO} đã viết:",
    "zh-cn": f"{_WHO} 于2026年11月3日周二 10:15写道：",
    "zh-tw": f"{_WHO} 於 2026年11月3日 週二 上午10:15寫道：",
    "old": f"2026-11-03 10:15 GMT+01:00 {_WHO}:",
    "older": f"2026/11/3 {_WHO}",
}

APPLE = {
    "de": f"Am 03.11.2026 um 10:15 schrieb {_WHO}:",
    "en-gb": f"On 3 Nov 2026, at 10:15, {_WHO} wrote:",
    "fr": f"Le 3 nov. 2026 à 10:15, {_WHO} a écrit :",
    "es": f"El 3 nov 2026, a las 10:15, {_WHO} escribió:",
    "it": f"Il giorno 3 nov 2026, alle ore 10:15, {_WHO} ha scritto:",
    "nl": f"Op 3 nov. 2026 om 10:15 heeft {_WHO} het volgende geschreven:",
    "sv": f"3 nov. 2026 kl. 10:15 skrev {_WHO}:",
    "fi": f"{_WHO} kirjoitti 3.11.2026 kello 10.15:",
    "ru": f"3 нояб. 2026 г., в 10:15, {_WHO} написал(а):",
    "uk": f"{_WHO} написав 3 лист. 2026 р. о 10:15:",
    "pt": f"Em 3 de nov. de 2026, à(s) 10:15, {_WHO} escreveu:",
    "pl": f"Wiadomość napisana przez {_WHO} w dniu 3 lis 2026, o godz. 10:15:",
    "cs": f"3. 11. 2026 v 10:15, {_WHO}:",
    "ja": f"2026/11/03 10:15、{_WHO}のメール:",
    "ko": f"2026. 11. 3. 오전 10:15, {_WHO} 작성:",
    "zh": f"在 2026年11月3日，10:15，{_WHO} 写道：",
    "tr": f"{_WHO} şunları yazdı (3 Kas 2026 10:15):",
    "el": f"Στις 3 Νοε 2026, στις 10:15, ο χρήστης {_WHO} έγραψε:",
    "he": f"ב-3 בנוב׳ 2026, בשעה 10:15, {_WHO} כתב/ה:",
    "ar": f"في ٣ نوفمبر ٢٠٢٦، الساعة ١٠:١٥، كتب/كتبت {_WHO}:",
    "id": f"Pada 3 Nov 2026, pukul 10.15, {_WHO} menulis:",
    "hr": f"Dana 3. 11. 2026., u 10:15, osoba {_WHO} napisala je:",
    "sk": f"Dňa 3. 11. 2026, o 10:15, používateľ {_WHO} napísal:",
    "ca": f"El 3 nov 2026, a les 10:15, {_WHO} va escriure:",
    "hu": f"{_WHO} írta (2026. nov. 3., 10:15):",
    "ro": f"Pe 3 nov. 2026, la 10:15, {_WHO} a scris:",
}

THUNDERBIRD = {
    "de": "Am 03.11.26 um 10:15 schrieb Mara Lind:",
    "en": "On 03/11/2026 10:15, Mara Lind wrote:",
    "fr": "Le 03/11/2026 à 10:15, Mara Lind a écrit :",
    "es": "El 3/11/26 a las 10:15, Mara Lind escribió:",
    "it": "Il 03/11/2026 10:15, Mara Lind ha scritto:",
    "pt": "Em 03/11/2026 10:15, Mara Lind escreveu:",
    "nl": "Op 03-11-2026 om 10:15 schreef Mara Lind:",
    "pl": "W dniu 3.11.2026 o 10:15, Mara Lind pisze:",
    "sv": "Den 2026-11-03 kl. 10:15, skrev Mara Lind:",
    "no": "Den 03.11.2026 10:15, skrev Mara Lind:",
    "no-2": "På 03.11.2026 10:15, skrev Mara Lind:",
    "fi": "Mara Lind kirjoitti 3.11.2026 klo 10.15:",
    "cs": "Dne 03. 11. 26 v 10:15 Mara Lind napsal(a):",
    "sk": "Dňa 3. 11. 2026 o 10:15 Mara Lind napísal(a):",
    "hu": "2026. 11. 03. 10:15 keltezéssel, Mara Lind írta:",
    "ro": "Pe 03.11.2026 10:15, Mara Lind a scris:",
    "tr": "3.11.2026 10:15 tarihinde Mara Lind yazdı:",
    "ru": "03.11.2026 10:15, Mara Lind пишет:",
    "uk": "03.11.26 10:15, Mara Lind пише:",
    "bg": "На 3.11.2026 г. в 10:15 ч., Mara Lind написа:",
    "el": "Στις 3/11/2026 10:15 π.μ., ο/η Mara Lind έγραψε:",
    "he": "בתאריך 03/11/2026 10:15, \u200fMara Lind כתב:",
    "ar": "في 3/11/2026 10:15، كتب Mara Lind:",
    "zh": "在 2026/11/3 10:15, Mara Lind 写道:",
    "zh-tw": "於 2026/11/3 上午 10:15，Mara Lind 寫道：",
    "ja": "On 2026/11/03 10:15, Mara Lind wrote:",
    "ko": "2026-11-03 오전 10:15에 Mara Lind 이(가) 쓴 글:",
    "vi": "Vào ngày 3/11/2026 lúc 10:15, Mara Lind đã viết:",
    "hr": "Dana 3. 11. 2026. u 10:15, Mara Lind je napisao/la:",
    "sl": "Dne 3. 11. 2026 ob 10:15 je Mara Lind napisal(a):",
    "et": "Mara Lind kirjutas 03.11.2026 kell 10:15:",
    "lt": "2026-11-03 10:15, Mara Lind rašė:",
    "lv": "03.11.2026 10:15, Mara Lind rakstīja:",
    "ca": "El 3/11/26 a les 10:15, Mara Lind ha escrit:",
    "id": "Pada 3/11/2026 10:15, Mara Lind menulis:",
    "roundcube-de": "Am 2026-11-03 10:15, schrieb Mara Lind:",
    "roundcube-en": "On 2026-11-03 10:15, Mara Lind wrote:",
    "sogo": "On Tuesday, November 03, 2026 10:15 CET, Mara Lind wrote:",
}

OTHERS = {
    "yahoo-en": f"On Tuesday, November 3, 2026 at 10:15:22 AM GMT+1, {_WHO} wrote:",
    "yahoo-de": f"Am Dienstag, 3. November 2026, 10:15:22 MEZ hat {_WHO} Folgendes geschrieben:",
    "yahoo-fr": f"Le mardi 3 novembre 2026 à 10:15:22 UTC+1, {_WHO} a écrit :",
    "yahoo-es": f"En martes, 3 de noviembre de 2026, 10:15:22 CET, {_WHO} escribió:",
    "yahoo-it": f"Il martedì 3 novembre 2026 alle ore 10:15:22 CET, {_WHO} ha scritto:",
    "yahoo-pl": f"W dniu wtorek, 3 listopada 2026 10:15:22 CET użytkownik {_WHO} napisał:",
    "yahoo-sv": f"Den tisdag 3 november 2026 10:15:22 CET, {_WHO} skrev:",
    "yahoo-id": f"Pada Selasa, 3 November 2026 10.15.22 WIB, {_WHO} menulis:",
    "yahoo-tr": f"3 Kasım 2026 Salı 10:15:22 GMT+3 tarihinde {_WHO} şunu yazdı:",
    "yahoo-vi": f"Vào 10:15:22 GMT+7 Thứ Ba, 3 tháng 11, 2026, {_WHO} đã viết:",
    "yahoo-zh": f"在 2026年11月3日星期二 GMT+8 10:15:22，{_WHO} 写道：",
    "proton-en": f"On Tuesday, November 3rd, 2026 at 10:15, {_WHO} wrote:",
    "proton-de": f"{_WHO} schrieb am Dienstag, 3. November 2026 um 10:15:",
    "mail.ru": f"Вторник, 3 ноября 2026, 10:15 +03:00 от {_WHO}:",
    "yandex": '03.11.2026, 10:15, "Mara Lind" <mara@shop.test>:',
    "yandex-2": '3 ноября 2026 г., 10:15, "Mara Lind" <mara@shop.test>:',
    "rambler": f"03.11.2026, 10:15 от {_WHO}:",
    "netease": 'At 2026-11-03 10:15:22, "Mara Lind" <mara@shop.test> wrote:',
    "netease-zh": '在 2026-11-03 10:15:22，"Mara Lind" <mara@shop.test> 写道：',
    "notes": f"{_WHO} wrote on 03.11.2026 10:15:22:",
    "notes-de": f"{_WHO} schrieb am 03.11.2026 10:15:22:",
    "zoho": f"---- On Tue, 03 Nov 2026 10:15:00 +0100 {_WHO} wrote ----",
    "outlook-ios": 'On Tue, Nov 3, 2026 at 10:15 AM +0100, "Mara Lind" <mara@shop.test> wrote:',
    "outlook-mailto": "On Tue, Nov 3, 2026 at 10:15 AM Mara Lind <mara@shop.test<mailto:mara@shop.test>> wrote:",
    "horde": f"Zitat von {_WHO}:",
    "horde-en": f"Quoting {_WHO}:",
    "android": "Mara Lind <mara@shop.test> schrieb:",
    "groupwise": ">>> Mara Lind <mara@shop.test> 03.11.2026 10:15 >>>",
    "mutt": "On Tue, Nov 03, 2026 at 10:15:22AM +0100, Mara Lind wrote:",
    "evolution": "On Tue, 2026-11-03 at 10:15 +0100, Mara Lind wrote:",
    "evolution-de": "Am Dienstag, dem 03.11.2026 um 10:15 +0100 schrieb Mara Lind:",
    "becky": "(2026/11/03 10:15), Mara Lind wrote:",
    "the-bat": "Tuesday, November 3, 2026, 10:15:22 AM, you wrote:",
    "at": "At 11/3/2026 10:15 AM, you wrote:",
    "spaces": "On Tue, Nov 3, 2026 at 10:15 AM, Mara Lind < mara@shop.test > wrote :",
    "no-break": f"Le\xa0mar. 3\xa0nov. 2026 à\xa010:15, {_WHO} a écrit\xa0:",
}

ALL = {
    f"{family}-{key}": line
    for family, table in (("gmail", GMAIL), ("apple", APPLE), ("thunderbird", THUNDERBIRD), ("other", OTHERS))
    for key, line in table.items()
}
# Without a verb or an opener that a list holds, only the > below proves it
_ONLY_MARKED = {"gmail-bn", "gmail-tl", "gmail-older", "apple-hu"}


@pytest.mark.parametrize("line", ALL.values(), ids=ALL.keys())
def test_attribution_goes_with_its_quote_when_the_quote_is_marked(line: str) -> None:
    assert split_reply(f"It works.\n\nJo\n\n{line}\n\n> Did it?\n> Mara\n")[0] == "It works.\n\nJo"
    assert split_reply(f"It works.\n{line}\n> Did it?\n\nAnd the bill?")[0] == "It works.\n\nAnd the bill?"


@pytest.mark.parametrize("line", [ALL[key] for key in ALL if key not in _ONLY_MARKED])
def test_all_below_goes_when_the_quote_is_not_marked(line: str) -> None:
    assert split_reply(f"It works.\n\n{line}\n\nDid it?\n\nMara")[0] == "It works."


@pytest.mark.parametrize("line", [line for line in ALL.values() if not line.startswith(">>>")])
def test_attribution_inside_the_quote_goes_when_the_client_marks_it_too(line: str) -> None:
    assert split_reply(f"It works.\n\n> {line}\n> \n> Did it?\n> Mara")[0] == "It works."


def _wrap(line: str, width: int) -> str:
    words, lines = line.split(" "), [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


@pytest.mark.parametrize("width", [72, 60, 40])
@pytest.mark.parametrize(
    "line", [line for key, line in ALL.items() if line[0] not in "M>-" and len(line) > 40 and "Missatge" not in line]
)
def test_attribution_goes_when_it_is_wrapped(line: str, width: int) -> None:
    wrapped = _wrap(line, width)
    assert split_reply(f"It works.\n\n{wrapped}\n\n> Did it?\n> Mara\n")[0] == "It works."
    assert split_reply(f"It works.\n{wrapped}\n> Did it?\n")[0] == "It works."


@pytest.mark.parametrize(
    "text",
    [
        "Anna wrote to me on 3 November 2026 at 10:15:\n\nThe pump works.\n\nIs that so?",
        "You wrote on your page that it takes 3 days:\n\nI waited 10.",
        "On Monday 2 November 2026 I will be away:\n\nplease call Anna.",
        "Am Montag um 10:15 komme ich vorbei, dann:\n\n1. Pumpe\n2. Rechnung",
        "Le 3 novembre 2026 :\n\nla pompe est cassée.",
        "My notes of 03.11.2026 10:15:\n\nThe pump is broken.",
        "Please answer to jo@x.test:\n\nthe other address is gone.",
        "Am 3.11. hat mir Anna das Paket geschrieben\nund dann kam nichts.",
        "He wrote:\n\nIt works.\n\nI do not think so.",
    ],
)
def test_sentence_of_the_author_stays_when_it_looks_like_an_attribution(text: str) -> None:
    assert split_reply(text) == (text, "")


def test_words_before_an_attribution_stay_when_they_share_its_line() -> None:
    line = f"Thanks, all is well! {GMAIL['en']}"
    new, cut = split_reply(f"{line}\n> Did it?\n")
    assert (new, cut) == (line, "> Did it?")
    assert not holds_a_sentence(GMAIL["ru"])


def test_last_line_is_looked_at_when_a_verb_or_a_mark_ends_it() -> None:
    assert may_end("Jane wrote:") and may_end("Jane Doe NAPISAŁ") and not may_end("All is well")


def test_groupwise_line_is_no_quote_mark() -> None:
    assert is_groupwise(OTHERS["groupwise"])
    assert not is_groupwise(">>> deep quote >>>")
    assert read_lines(OTHERS["groupwise"])[0].depth == 0


@pytest.mark.parametrize("lines", [["On 3 Nov 2026,", "", "Jane wrote:"], ["> On 3 Nov 2026,", "Jane wrote:"]])
def test_attribution_ends_at_a_blank_line_or_another_depth(lines: list[str]) -> None:
    assert find_attribution_end(read_lines("\n".join(lines)), 0) == 0
