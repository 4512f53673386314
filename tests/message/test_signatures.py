"""Tests that signatures, footers, legal notices and banners are told from what the author says."""

import time

import pytest

from mailproc.message.disclaimers import is_heading, is_notice
from mailproc.message.quotemarks import read_lines
from mailproc.message.quotes import split_reply
from mailproc.message.signatures import find_banner_end, find_closing, find_footers, is_footer

FOOTERS = (
    "Sent from my iPhone",
    "Sent from my iPad Pro, please excuse typos",
    "Sent from my Galaxy",
    "SENT FROM MY SAMSUNG GALAXY SMARTPHONE.",
    "(Sent from a phone)",
    "<<sent by galaxy>>",
    "Sent from Outlook for iOS<https://aka.test/o0ukef>",
    "Sent from Mail for Windows",
    "Sent from Yahoo Mail on Android",
    "Sent from Proton Mail Android",
    "Sent with Proton Mail secure email.",
    "Sent via BlackBerry from T-Mobile",
    "Get Outlook for Android<https://aka.test/AAb9ysg>",
    "Get [Outlook for iOS](https://aka.test/o0ukef)",
    "Get BlueMail for Android",
    "Jo from mobile",
    "Von meinem iPhone gesendet",
    "Von meinem Samsung Galaxy Smartphone gesendet.",
    "Von Yahoo Mail auf Android gesendet",
    "Gesendet von Outlook für Android<https://aka.test/x>",
    "Gesendet mit der GMX Mail App",
    "Gesendet von Mail für Windows",
    "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
    "Holen Sie sich Outlook für iOS",
    "Envoyé de mon iPhone",
    "Envoyé depuis mon mobile Orange",
    "Envoyé à partir de Outlook pour Android",
    "Télécharger Outlook pour iOS",
    "Obtenez Outlook pour Android<https://aka.test/x>",
    "Provenance : Courrier pour Windows",
    "Enviado desde mi iPhone",
    "Enviado desde Outlook para Android",
    "Obtener Outlook para iOS",
    "Enviado do meu iPhone",
    "Enviado a partir do Outlook para Android",
    "Obter o Outlook para iOS",
    "Inviato da iPhone",
    "Inviato da Outlook per Android",
    "Scarica Outlook per iOS",
    "Verzonden vanaf mijn Samsung-telefoon",
    "Verstuurd vanaf mijn iPhone",
    "Download Outlook voor Android",
    "Verzonden met BlackBerry Work",
    "Wysłane z iPhone'a",
    "Wysłano z telefonu Samsung",
    "Pobierz program Outlook dla systemu iOS",
    "Skickat från min iPhone",
    "Hämta Outlook för Android",
    "Sendt fra min iPhone",
    "Sendt fra Outlook for Android",
    "Få Outlook til iOS",
    "Skaff deg Outlook for iOS",
    "Lähetetty iPhonesta",
    "Hanki Outlook for Android",
    "Odesláno z iPhonu",
    "Odoslané z môjho iPhonu",
    "Získejte Outlook pro Android",
    "Küldve az iPhone-omról",
    "Az iPhone készülékemről küldve",
    "Trimis de pe iPhone-ul meu",
    "Obțineți Outlook pentru iOS",
    "iPhone'umdan gönderildi",
    "Android uygulamasından Yahoo Mail ile gönderildi",
    "Отправлено с iPhone",
    "Отправлено из мобильной Почты Mail.ru",
    "Отправлено из мобильного приложения Яндекс Почты",
    "Надіслано з iPhone",
    "Отримайте Outlook для Android",
    "Изпратено от моя iPhone",
    "Послато са мог iPhone-а",
    "Poslano s mog iPhonea",
    "Poslano iz mojega iPhona",
    "Saadetud minu iPhone'ist",
    "Nosūtīts no mana iPhone",
    "Išsiųsta iš mano iPhone",
    "Στάλθηκε από το iPhone μου",
    "נשלח מה-iPhone שלי",
    "أُرسلت من الـ iPhone",
    "ارسال شده از iPhone من",
    "ส่งจาก iPhone ของฉัน",
    "Dikirim dari iPhone saya",
    "Dihantar dari iPhone saya",
    "Đã gửi từ iPhone của tôi",
    "मेरे iPhone से भेजा गया",
    "Enviat des del meu iPhone",
    "Nire iPhonetik bidalia",
    "Sent úr iPhone",
    "从我的iPhone发送",
    "发自我的iPhone",
    "從我的 iPhone 傳送",
    "获取 Outlook for iOS",
    "iPhoneから送信",
    "Galaxyから送信",
    "Outlook for iOS を入手",
    "나의 iPhone에서 보냄",
    "iPhone에서 보냄",
)


@pytest.mark.parametrize("footer", FOOTERS)
def test_footer_is_cut_when_it_closes_or_stands_alone(footer: str) -> None:
    assert is_footer(footer)
    assert split_reply(f"It is broken.\n\n{footer}\n") == ("It is broken.", footer)
    assert split_reply(f"It is broken.\nJo\n\n{footer}\n\n> old\n") == ("It is broken.\nJo", f"{footer}\n\n> old")
    if len(footer) <= 60 and not footer.startswith("Jo"):
        assert split_reply(f"It is broken.\n\n{footer}\n\nJo")[0] == "It is broken.\n\nJo"


@pytest.mark.parametrize(
    "line",
    [
        "I sent from the warehouse on Monday.",
        "Von meinem Handy aus geht es nicht.",
        "Sent from whom?",
        "Get Outlook to work, please",
        "Envoyé de Paris hier",
        "Enviado por correo ayer",
        "Lähetetty eilen",
        "Отправлено вчера курьером",
        "Is it sent from my iPhone?",
        "The mail from mobile users is lost",
        "Verzonden met de post",
        "x" * 200,
        "",
    ],
)
def test_sentence_is_no_footer(line: str) -> None:
    assert not is_footer(line)


NOTICES = {
    "en": "This e-mail and any attachments are confidential and intended solely for the addressee. If you have "
    "received "
    "it in error, please notify the sender and delete it.",
    "en-short": "If you have received this message in error, please notify the sender immediately and delete it.",
    "en-virus": "Although this email has been checked, we accept no liability for any virus. Unauthorised "
    "disclosure of "
    "it is strictly prohibited.",
    "de": "Diese E-Mail ist vertraulich. Sind Sie nicht der richtige Empfänger oder haben Sie sie irrtümlich "
    "erhalten, "
    "bitte löschen Sie sie.",
    "fr": "Ce message est confidentiel. Si vous n'en êtes pas le destinataire ou l'avez reçu par erreur, merci de le "
    "supprimer. Toute diffusion est interdite.",
    "es": "Este mensaje es confidencial y va dirigido a su destinatario. Si lo ha recibido por error, le rogamos "
    "eliminarlo. Queda prohibida su copia.",
    "it": "Questo messaggio è riservato al destinatario. Se ricevuto per errore si prega di cancellarlo; la "
    "diffusione è "
    "vietata.",
    "pt": "Esta mensagem é confidencial e destinada ao destinatário. Se a recebeu por engano, deve eliminar a "
    "mensagem. "
    "É proibida a sua cópia.",
    "nl": "Dit bericht is vertrouwelijk en bestemd voor de geadresseerde. Bent u dat niet, wilt u het dan "
    "verwijderen? "
    "Gebruik is verboden.",
    "pl": "Wiadomość jest poufna i przeznaczona dla adresata. Jeśli otrzymali ją Państwo omyłkowo, prosimy ją "
    "usunąć. "
    "Kopiowanie jest zabronione.",
    "sv": "Detta meddelande är konfidentiellt och avsett för mottagaren. Har du fått det av misstag ber vi dig "
    "radera "
    "det genast.",
    "da": "Denne mail er fortrolig. Er du ikke den rette modtager, eller har du fået mailen ved en fejl, bedes "
    "du slette "
    "den.",
    "no": "Denne e-posten er fortrolig. Er du ikke rett mottaker, eller har du fått den ved en feil, ber vi "
    "deg slette "
    "den.",
    "fi": "Tämä viesti on luottamuksellinen. Jos et ole oikea vastaanottaja, poista viesti ja ilmoita "
    "lähettäjälle siitä "
    "heti.",
    "cs": "Tato zpráva je důvěrná a určena příjemci. Pokud jste ji obdrželi omylem, smažte ji prosím a uvědomte "
    "odesílatele.",
    "hu": "Ez az üzenet bizalmas, kizárólag a címzett részére szól. Ha tévedésből kapta meg, kérjük, törölje "
    "azonnal.",
    "ro": "Acest mesaj este confidențial și adresat doar destinatarului. Dacă l-ați primit din eroare, vă "
    "rugăm să îl "
    "ștergeți, destinatarul fiind altul.",
    "tr": "Bu e-posta gizlidir ve yalnızca alıcı içindir. Yanlışlıkla aldıysanız lütfen göndereni uyarın ve iletiyi "
    "siliniz. Gizlilik esastır.",
    "ru": "Это сообщение конфиденциально и предназначено получателю. Если вы получили его по ошибке, просим "
    "удалить его.",
    "uk": "Це повідомлення є конфіденційним. Якщо ви отримали його помилково, просимо його видалити та "
    "повідомити нас.",
    "el": "Το μήνυμα είναι εμπιστευτικό. Αν δεν είστε ο παραλήπτης ή το λάβατε κατά λάθος, παρακαλούμε διαγράψτε το.",
    "zh": "本邮件及其附件含有保密信息，仅限于发送给上面地址中列出的收件人。如果您错收了本邮件，"
    "请立即通知发件人并删除本邮件。",
    "ja": "このメールには秘密情報が含まれています。宛先の方以外の方が誤って受信された場合は、"
    "お手数ですが削除してください。",
    "ko": "이 메일은 기밀 정보를 담고 있으며 지정된 수신인만을 위한 것입니다. 잘못 받으신 경우 즉시 삭제하여 "
    "주시기 바랍니다.",
    "environment": "Please consider the environment before printing this e-mail.",
    "avast": "This email has been checked for viruses by Avast antivirus software. www.avast.test",
    "avast-de": "Virenfrei. www.avast.test",
}


@pytest.mark.parametrize("notice", NOTICES.values(), ids=NOTICES.keys())
def test_notice_is_cut_when_it_closes_the_text(notice: str) -> None:
    assert is_notice(notice)
    assert split_reply(f"Works.\n\nJo\n\n{notice}\n") == ("Works.\n\nJo", notice)
    assert split_reply(f"Works.\n\nDisclaimer:\n\n{notice}\n\n> old")[0] == "Works."


@pytest.mark.parametrize(
    "text",
    [
        "I have received this message in error. Please delete my address, notify the sender and destroy all copies.",
        "The delivery is confidential, please delete my data.",
        "My card number is confidential; its disclosure to the intended recipient was unauthorised and is my "
        "problem.",
        "The error says: delete the virus. Then the address of the recipient is wrong and nothing can be "
        "ordered at all.",
        "Ich habe die vertrauliche Mail irrtümlich erhalten, der Empfänger ist ein anderer, bitte löschen Sie "
        "meine Daten.",
    ],
)
def test_paragraph_of_the_author_is_no_notice(text: str) -> None:
    assert not is_notice(text)
    assert split_reply(f"Hello,\n\n{text}") == (f"Hello,\n\n{text}", "")


def test_notice_alone_is_kept_because_nothing_else_was_said() -> None:
    assert split_reply(NOTICES["en"])[0] == NOTICES["en"]


def test_heading_of_a_notice_is_known_in_any_case() -> None:
    assert is_heading("*** DISCLAIMER ***") and is_heading("Aviso legal:") and not is_heading("Works.")


@pytest.mark.parametrize(
    ("below", "is_cut"),
    [
        ("_______________________\nAnd here's my signature.", True),
        ("___________\nJo Example\nShop Ltd", True),
        ("----------------\n\nJohn Doe\n\nt. 555-931-0702\n\nhttp://x.test/", True),
        ("---\nJohn Doe\njohn@x.test", True),
        ("==========\nJohn Doe\nPhone: +49 30 1234567", True),
        ("*****\nJohn Doe\nwww.x.test", True),
        ("---\n\nThe second part of what I mean goes on here, see https://x.test/ for more of it.\n\nBye", False),
        ("----------\nA or B?", False),
        ("----------\nFirst\nSecond", False),
        ("____\nWhich one is it?", False),
        ("---\n" + "\n".join(f"line {n} a@b" for n in range(12)), False),
    ],
)
def test_lines_below_a_drawn_line_are_a_signature_when_they_look_like_one(below: str, is_cut: bool) -> None:
    new, cut = split_reply(f"Works.\n\n{below}")
    assert new == ("Works." if is_cut else f"Works.\n\n{below}")
    assert cut == (below if is_cut else "")


def test_lines_below_an_underlined_heading_stay() -> None:
    text = "Address\n-------\nJohn Doe\njohn@x.test"
    assert split_reply(text) == (text, "")


@pytest.mark.parametrize("delimiter", ["-- ", "--", "—", "–"])
def test_signature_is_cut_below_its_delimiter(delimiter: str) -> None:
    new, cut = split_reply(f"Works.\n\n{delimiter}\nJo Example\nShop Ltd\n+49 30 1234567\n")
    assert (new, cut) == ("Works.", f"{delimiter.strip()}\nJo Example\nShop Ltd\n+49 30 1234567")


def test_signature_alone_leaves_no_words() -> None:
    assert split_reply("-- \nJo Example\nShop")[0] == ""


def test_closing_greeting_stays_because_it_is_said_by_the_author() -> None:
    for text in ("Works.\n\nKind regards\nJo", "Geht.\n\nMit freundlichen Grüßen\nJo", "Działa.\n\nPozdrawiam,\nJo"):
        assert split_reply(text) == (text, "")


@pytest.mark.parametrize(
    "banner",
    [
        "CAUTION: This email originated from outside of the organization. Do not click links.",
        "[EXTERNAL] This message comes from an external sender.",
        "ACHTUNG: Diese E-Mail kommt von einem externen Absender.",
        "You don't often get email from jo@x.test. Learn why this is important",
    ],
)
def test_banner_is_cut_when_a_company_put_it_on_top(banner: str) -> None:
    assert split_reply(f"{banner}\n\nWorks.") == ("Works.", banner)
    assert find_banner_end(read_lines(banner)) == 0


def test_footers_are_found_only_below_words_and_alone() -> None:
    text = "Sent from my iPhone\n\nHello\n\nSent from my iPad\n\nJo\nSent from my iPod\n\n> Sent from my Mac"
    lines = read_lines(text)
    assert find_footers(lines, range(len(lines))) == [4]
    assert find_closing(lines, range(len(lines))) == 0
    assert find_closing(lines, range(len(lines) - 1)) == 2


HOSTILE = {
    "notices": lambda n: "x\n\n" + f"{NOTICES['en']}\n\n" * n,
    "legal words": lambda n: "x\n\n" + "confidential intended recipient delete " * n,
    "footers": lambda n: "x\n\n" + "Sent from my iPhone\n\n" * n,
    "footer text": lambda n: "x\n\n" + "Sent from my iPhone is\n\n" * n,
    "rules": lambda n: "x\n\n" + "____\n\na\n\n" * n,
    "contacts": lambda n: "x\n\n____\n" + "1 2 3 4 5 6 7 8 9 " * n,
    "voice": lambda n: "x\n\nconfidential intended recipient " + "I" * n,
}


@pytest.mark.parametrize("build", HOSTILE.values(), ids=HOSTILE.keys())
def test_t58_time_grows_with_the_length_only(build) -> None:  # type: ignore[no-untyped-def]
    def seconds(size: int) -> float:
        text = build(size)
        best = 9.0
        for _ in range(2):
            started = time.process_time()
            split_reply(text)
            best = min(best, time.process_time() - started)
        return best

    small, big = seconds(1_000), seconds(8_000)
    assert big < 0.2 + small * 8 * 3


@pytest.mark.parametrize(
    "footer",
    [
        "------------------------ Yahoo! Groups Sponsor ---------------------~-->\nBuy things\nhttp://ads.test/\n"
        "---------------------------------------------------------------------~->\n\n"
        "To unsubscribe from this group, send an email to:\npumps-unsubscribe@groups.test\n\n"
        "Your use of these groups is subject to http://groups.test/terms/",
        "-------------------------------------------------------\nThis sf.net email is sponsored by: Pumps - the top!\n"
        "http://ads.test/\n_______________________________________________\nPumps mailing list\nPumps@lists.test\n"
        "https://lists.test/listinfo/pumps",
        "_________________________________________________________________\n"
        "Chat with friends online, try our messenger: http://messenger.test",
        "__________________________________________________\nDo you mail?\nMail Finance - get real-time quotes\n"
        "http://finance.test",
    ],
)
def test_advertisement_of_lists_and_web_mailers_is_cut(footer: str) -> None:
    assert split_reply(f"I agree with this.\n\nJo\n\n\n{footer}\n")[0] == "I agree with this.\n\nJo"


def test_poster_between_drawn_lines_stays() -> None:
    text = "Poster:\n\n-----------------\nThe race is sponsored by Acme\n-----------------\n\nPlease print it."
    assert split_reply(text) == (text, "")
