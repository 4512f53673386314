"""Tells absence notes by what their subject or their text says, in many languages. Dry: no I/O.

People write about absence too, so a subject counts only where nothing follows its words, and a text without a header
that says so only where it calls itself an automatic answer.
"""

import re

from mailproc.message.awaywords import AWAY, SELF_SENT, SIGNS_BEYOND_ASCII, SIGNS_OF_SELF_SENT
from mailproc.message.lazily import lazily

_MAX_VALUE = 300
_TOP = 1_000  # characters: a note says at its top what it is

_OUT_OF_OFFICE = lazily(
    r"(?:"
    r"automatic reply|auto(?:matic)?[- ]?reply|auto[- ]?response|autoresponse|auto[- ]?responder|automated (?:reply|"
    r"response)|"
    r"out of (?:the )?office|out-of-office|ooo\b|ooto\b|away from (?:the |my )?(?:office|desk)|on (?:annual leave|"
    r"vacation)\b|"
    r"vacation (?:reply|message|notice|response)|i am (?:out of (?:the )?office|on vacation|on leave|currently away)|"
    r"automatische (?:antwort|rückantwort)|automatisch(?:e|er) (?:abwesenheits|antwort)|abwesenheit(?:s(?:notiz|"
    r"nachricht|meldung|"
    r"mitteilung|benachrichtigung|assistent|info)|\b)|abwesend\b|nicht im (?:büro|hause)|ausser haus|"
    r"réponse automatique|message d.absence|absence du bureau|notification d.absence|absent du bureau|avis d.absence|"
    r"respuesta automática|respuesta automatica|fuera de (?:la )?oficina|ausencia de la oficina|mensaje automático|"
    r"risposta automatica|fuori sede|fuori ufficio|assenza dall.ufficio|messaggio automatico di assenza|"
    r"assente dall.ufficio|"
    r"resposta automática|resposta automatica|fora do escritório|ausência temporária|mensagem automática de ausência|"
    r"automatisch antwoord|automatische beantwoording|afwezig(?:heid(?:sbericht|sassistent)?)?\b|niet aanwezig|"
    r"automatyczna odpowiedź|odpowiedź automatyczna|autoodpowiedź|poza biurem|nieobecność w biurze|"
    r"jestem poza biurem|"
    r"autosvar|automatisk svar|automatiskt svar|auto-svar|frånvaro(?:meddelande)?\b|fraværs(?:melding|besked|"
    r"meddelelse)|"
    r"fravær\b|ikke på kontor(?:et)?|ikke til ?stede|fraværende\b|poissaolo(?:viesti|ilmoitus)|automaattinen vastaus|"
    r"lomaviesti|poissa toimistosta|automatická odpověď|mimo kancelář|nepřítomnost|automatická odpoveď|"
    r"mimo kancelárie|"
    r"automatikus válasz|házon kívül|távollét|răspuns automat|în afara biroului|absent din birou|otomatik yanıt|"
    r"ofis dışında|"
    r"автоответ|автоматический ответ|вне офиса|нет на рабочем месте|автоматична відповідь|поза офісом|"
    r"αυτόματη απάντηση|εκτό[ςσ] γραφείου|תשובה אוטומטית|מענה אוטומטי|رد تلقائي|balasan otomatis|trả lời tự động|"
    r"自动回复|自動回覆|自動返信|自動応答|不在通知|자동 회신|부재중|automatski odgovor|automatinis atsakymas|"
    r"resposta automàtica|samodejni odgovor|автоматичен отговор|"
    r"automaatvastus|automaatne vastus|automātisk(?:a|ā) atbilde|"
    r"автоматски одговор|аутоматски одговор|(?:การ)?ตอบกลับอัตโนมัติ|پاسخ خودکار|स्वचालित (?:उत्तर|जवाब)|sjálfvirkt svar|"
    r"erantzun automatikoa|resposta autom[áa]tica|balasan automatik|الرد التلقائي|رد آلي"
    r")"
)
_AFTER_ABSENCE = (
    *("until ", "till ", "from ", "to ", "re ", "re:", "notification", "message", "reply", "autoreply"),
    *("bis ", "vom ", "auf ", "am ", "an ", "aw:", "jusqu", "hasta ", "fino ", "t.o.m", "til ", "do "),
)
_ANSWER_PREFIX = lazily(r"(?:re|aw|sv|antw|odp|res|r|rif|vs|ynt|antwort)\s?:\s{0,3}")
# "AUTO: Jane Doe is out of the office (returning 12/05/2026)": Notes puts the name first
_NAMED = lazily(
    r"(?:auto: ?|automatic reply: ?)?(?P<name>(?:[^\W\d_][\w.'-]{0,30} ){1,4})"
    r"(?:is (?P<words>out of (?:the )?office|on (?:vacation|leave)|away)|(?P<others>ist (?:außer haus|ausser haus|"
    r"nicht im (?:büro|hause?)|abwesend)|est (?:absente?(?: du bureau)?|en congés?)|"
    r"está (?:ausente|fuera de la oficina)|è (?:assente|fuori (?:sede|ufficio))|is (?:afwezig|niet aanwezig)|"
    r"está ausente|jest (?:nieobecn[ya]|poza biurem)|er (?:ikke (?:på kontoret|til ?stede)|fraværende)|"
    r"är (?:inte på kontoret|frånvarande)|on poissa))"
    r"(?=\s*(?:$|\(|\.|-|:|until|from|and will|returning|till))",
    re.IGNORECASE,
)
_VERB = lazily(" (?:is|ist|est|está|è|jest|er|är|on) ")
# Prefixes that say "automatic", which answers of programs of all kinds have
_ONLY_AUTOMATIC = lazily(
    r"auto|respuesta|risposta|réponse|resposta|mensa|messaggio|răspuns|odpowiedź|otomatik|αυτόμ|авто|"
    r"自|자동|תשובה|מענה|رد|الرد|پاسخ|balasan|trả lời|vacation res|samodejni|sjálf|erantzun|аутом|"
    r"स्वचालित|(?:การ)?ตอบกลับ"
)
# Words that programs write in front of a subject; without them it may be a person's
_PROGRAMS_WORD = lazily(
    r"auto|reply|response|antwort|notiz|nachricht|meldung|mitteilung|benachrichtigung|assistent|message|"
    r"notification|avis|réponse|"
    r"respuesta|mensaje|risposta|messaggio|resposta|mensagem|antwoord|beantwoording|bericht|svar|melding|besked|"
    r"meddel|viesti|"
    r"ilmoitus|vastaus|odpov|odpowiedź|válasz|răspuns|yanıt|ответ|відповідь|απάντηση|תשובה|מענה|رد|balasan|"
    r"trả lời|回|返|応|通知|회신|notice|отговор|одговор|odgovor|vastus|atbilde|atsakymas|erantzun|پاسخ|الرد|อัตโนมัติ|"
    r"स्वचालित"
)
_RECEIVED = lazily(
    r"(?:received|got) your|your (?:request|ticket|enquiry|inquiry|order) (?:has been|was|is)|ticket (?:id|number|"
    r"no)|"
    r"eingegangen|erhalten und|ticketnummer|bien reçu votre|avons reçu|hemos recibido|abbiamo ricevuto|"
    r"mottatt (?:din|deres)|"
    r"otrzymaliśmy|zarejestrowan|hebben uw .{0,20}ontvangen|recebemos"
)
_KIND_OF_NOTE = lazily(r"auto ?reply|notification|message|reply")  # "Out of Office AutoReply: ..."
_AWAY = lazily(AWAY)
_ALL_SIGNS = (*SIGNS_OF_SELF_SENT, *SIGNS_BEYOND_ASCII)
_SELF_SENT = lazily(SELF_SENT)


def find_out_of_office(subject: str) -> str:
    """The words at the beginning of a subject that only an absence note has; "" for any other subject.

    People write "Out of office hours support?" too: after the words there must be an end, a colon, a dash or a bracket.
    """
    low = subject[:_MAX_VALUE].casefold().strip(" *[(")
    if _ANSWER_PREFIX.match(low) is not None:
        return ""  # somebody answers such a note
    named = _NAMED.match(subject[:_MAX_VALUE].strip()) if _VERB.search(subject) else None
    if named is not None and "?" not in subject and all(word[0].isupper() for word in named.group("name").split()):
        others = named.group("others")
        if not others or " " in named.group("name").strip():  # Notes writes the whole name
            return (others or named.group("words")).casefold()
    match = _OUT_OF_OFFICE.match(low)
    if match is None:
        return ""
    rest = low[match.end() :].lstrip(" )]*!.")
    is_closed = not rest or rest[0] in ":：-–—(|,/" or low[match.end() : match.end() + 1] in ":：]"
    if not is_closed and not rest.startswith(_AFTER_ABSENCE):
        return ""
    kind = _KIND_OF_NOTE.match(rest)
    return f"{match.group()} {kind.group()}" if kind is not None else match.group()


def is_surely_automatic(out_of_office: str, text: str) -> bool:
    """Whether such a subject is a program's even where no header says so: by its words, else by the text below it."""
    if _PROGRAMS_WORD.search(out_of_office):
        return True
    low = _own_top(text)
    return not low or ("?" not in low and _AWAY.search(low) is not None)


def says_away(subject: str, out_of_office: str, text: str) -> bool:
    """Whether an automatic answer says that somebody is away; `out_of_office` is what its subject said.

    "Automatic reply" alone is what Exchange writes over absences, and help desks over their acknowledgements.
    """
    if out_of_office and not _ONLY_AUTOMATIC.match(out_of_office):
        return True
    low = _own_top(text)
    if _AWAY.search(low) is not None or (not out_of_office and _AWAY.search(subject[:_MAX_VALUE].casefold())):
        return True
    return bool(out_of_office) and _RECEIVED.search(low) is None


def says_received(text: str) -> bool:
    """Whether a text begins as the acknowledgements of help desks do."""
    return _RECEIVED.search(_own_top(text)) is not None


def is_self_sent_absence(text: str) -> bool:
    """Whether a text calls itself an automatic answer and says that somebody is away, and asks nothing."""
    text = text[:_TOP]
    for sign in SIGNS_OF_SELF_SENT if text.isascii() else _ALL_SIGNS:
        if sign in text:
            break
    else:
        return False
    low = _own_top(text)
    return "?" not in low and _SELF_SENT.search(low) is not None and _AWAY.search(low) is not None


def _own_top(text: str) -> str:
    """The top of a text in lower case on one line, without what it quotes."""
    lines = []
    for line in text[:_TOP].splitlines():
        if line.startswith((">", "-----", "_____")):
            break
        lines.append(line)
    return " ".join(" ".join(lines).lower().replace("’", "'").split())
