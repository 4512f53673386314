"""Mail as clients and servers really write it: replies, chains of replies, forwards, absence notes, in many languages.

Makes bytes from a random generator that is given; must not read or write a file. Everybody in it is invented.
"""

import base64
import quopri
import random
from html import escape

PROSE = (
    "The lamp that I ordered on Monday has still not arrived.", "Die Lampe ist leider noch nicht angekommen.",
    "La lampe que j'ai commandée n'est toujours pas arrivée.", "La lámpara todavía no ha llegado.",
    "La lampada non è ancora arrivata, grazie per l'aiuto.", "Lampen jeg bestilte har ikke kommet ennå.",
    "Lampa, którą zamówiłem, jeszcze nie dotarła.", "Лампа, которую я заказал, так и не пришла.",
    "先週注文したランプがまだ届いていません。", "我上周订购的灯还没有到。", "주문한 램프가 아직 도착하지 않았습니다.",
    "המנורה שהזמנתי עדיין לא הגיעה.", "لم يصل المصباح الذي طلبته بعد.", "Geçen hafta sipariş ettiğim lamba gelmedi.",
    "Thanks!", "It works now.", "Any news?", "Still broken.", "Danke, jetzt geht es.", "ok", "👍", "",
    "See https://shop.example/order?id=77&x=1 for more.", "1. First\n2. Second\n   - a\n   - b", "a | b\n1 | 2",
)  # fmt: skip
ATTRIBUTIONS = (
    "On Tue, Mar 3, 2026 at 10:14 AM {n} <{a}> wrote:", "On 03/03/2026 10:14, {n} wrote:",
    "On Tue, 3 Mar 2026 at 10:14,\n{n} <{a}> wrote:", "Am Di., 3. März 2026 um 10:14 Uhr schrieb {n} <{a}>:",
    "Am 03.03.26 um 10:14 schrieb {n}:", "Le mar. 3 mars 2026 à 10:14, {n} <{a}> a écrit :",
    "El mar, 3 mar 2026 a las 10:14, {n} (<{a}>) escribió:", "Em ter., 3 de mar. de 2026 às 10:14, {n} <{a}> escreveu:",
    "Il giorno mar 3 mar 2026 alle ore 10:14 {n} <{a}> ha scritto:", "Op di 3 mrt 2026 om 10:14 schreef {n} <{a}>:",
    "Den tis 3 mars 2026 kl 10:14 skrev {n} <{a}>:", "Den tir. 3. mar. 2026 kl. 10.14 skrev {n} <{a}>:",
    "tir. 3. mar. 2026 kl. 10:14 skrev {n} <{a}>:", "ti 3. maalisk. 2026 klo 10.14 {n} ({a}) kirjoitti:",
    "W dniu wt., 3 mar 2026 o 10:14 {n} <{a}> napisał(a):", "Dňa 3. 3. 2026 o 10:14 {n} <{a}> napísal(a):",
    "út 3. 3. 2026 v 10:14 odesílatel {n} <{a}> napsal:", "{n} <{a}> ezt írta (időpont: 2026. márc. 3., K, 10:14):",
    "În mar., 3 mar. 2026 la 10:14, {n} <{a}> a scris:", "вт, 3 мар. 2026 г. в 10:14, {n} <{a}>:",
    "3.03.2026, 10:14, \"{n}\" <{a}>:", "вт, 3 бер. 2026 р. о 10:14 {n} <{a}> пише:",
    "На вт, 3.03.2026 г. в 10:14 {n} <{a}> написа:", "Στις Τρί 3 Μαρ 2026 στις 10:14 π.μ., ο/η {n} <{a}> έγραψε:",
    "{n} <{a}>, 3 Mar 2026 Sal, 10:14 tarihinde şunu yazdı:",
    "‫בתאריך יום ג׳, 3 במרץ 2026 ב-10:14 מאת ‪{n}‬‏ <‪{a}‬‏>:‬",
    "في الثلاثاء، 3 مارس 2026 في 10:14 ص تمت كتابة ما يلي بواسطة {n} <{a}>:", "2026年3月3日(火) 10:14 {n} <{a}>:",
    "{n} <{a}> 于2026年3月3日周二 10:14写道：", "2026년 3월 3일 (화) 오전 10:14, {n} <{a}>님이 작성:",
    "Vào Th 3, 3 thg 3, 2026 lúc 10:14 {n} <{a}> đã viết:",
    "Pada tanggal Sel, 3 Mar 2026 pukul 10.14 {n} <{a}> menulis:",
    "------------------ Original ------------------", "-----Original Message-----", "-----Ursprüngliche Nachricht-----",
    "________________________________",
)  # fmt: skip
LABELS = (
    ("From", "Sent", "To", "Cc", "Subject"), ("Von", "Gesendet", "An", "Cc", "Betreff"),
    ("De", "Envoyé", "À", "Cc", "Objet"), ("De", "Enviado", "Para", "CC", "Asunto"),
    ("De", "Enviada em", "Para", "Cc", "Assunto"), ("Da", "Inviato", "A", "Cc", "Oggetto"),
    ("Van", "Verzonden", "Aan", "CC", "Onderwerp"), ("Fra", "Sendt", "Til", "Kopi", "Emne"),
    ("Från", "Skickat", "Till", "Kopia", "Ämne"), ("Lähettäjä", "Lähetetty", "Vastaanottaja", "Kopio", "Aihe"),
    ("Od", "Wysłane", "Do", "DW", "Temat"), ("Od", "Odesláno", "Komu", "Kopie", "Předmět"),
    ("Feladó", "Elküldve", "Címzett", "Másolatot kap", "Tárgy"), ("De la", "Trimis", "Către", "Cc", "Subiect"),
    ("От", "Отправлено", "Кому", "Копия", "Тема"), ("Kimden", "Gönderildi", "Kime", "Bilgi", "Konu"),
    ("差出人", "送信日時", "宛先", "CC", "件名"), ("发件人", "发送时间", "收件人", "抄送", "主题"),
    ("보낸 사람", "보낸 날짜", "받는 사람", "참조", "제목"), ("*From:*", "*Date:*", "*To:*", "*Cc:*", "*Subject:*"),
)  # fmt: skip
FORWARDS = (
    "---------- Forwarded message ---------", "Begin forwarded message:", "-------- Forwarded Message --------",
    "-------- Weitergeleitete Nachricht --------", "Anfang der weitergeleiteten Nachricht:",
    "-----Original Message-----",
    "---------- Message transféré ---------", "-------- Пересылаемое сообщение --------",
    "---------- 转发的邮件 ---------",
    "Début du message transféré :", "---- Weitergeleitete Nachricht ----", "----- Přeposlaná zpráva -----",
)  # fmt: skip
AWAY = (
    ("Automatic reply: {s}", "I am out of the office until 20 January 2026 with no access to mail."),
    ("Out of Office: {s}", "I will be back on Monday, January 20th. In urgent cases call Ann."),
    ("Automatische Antwort: {s}", "Ich bin bis einschließlich 20.01.2026 nicht im Büro."),
    ("Abwesenheitsnotiz: {s}", "Ich bin vom 5.1. bis zum 20. Januar im Urlaub."),
    ("Réponse automatique : {s}", "Je suis absent jusqu'au 20 janvier 2026 inclus."),
    ("Respuesta automática: {s}", "Estaré fuera de la oficina hasta el 20/01/2026."),
    ("Risposta automatica: {s}", "Sono assente fino al 20 gennaio 2026."),
    ("Automatisk svar: {s}", "Jeg er på ferie til og med 20. januar 2026."),
    ("Odpowiedź automatyczna: {s}", "Jestem na urlopie do 20 stycznia 2026."),
    ("{s}", "until 99.99.9999, until 30 February, bis zum 0. Januar, until 2026-13-45, back on " + "9" * 400),
)  # fmt: skip
FOOTERS = (
    "Sent from my iPhone", "Von meinem iPhone gesendet", "Get Outlook for Android<https://aka.ms/x>",
    "Sent from Yahoo Mail on Android", "Envoyé de mon iPhone", "Отправлено из мобильной Почты Mail.ru",
    "-- \nAnn Baker\nBaker Ltd. | +44 20 5550 0100", "Mit freundlichen Grüßen\n\nJörg Müller\nMüller GmbH",
    "CONFIDENTIALITY NOTICE: this e-mail and its attachments may be confidential.", "",
)  # fmt: skip
# client -> (the new text's line, what goes before the quoted mail, what goes behind it); {t} line, {i} intro
CLIENTS = (
    ('<div dir="ltr">{t}</div>', '<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" '
     'class="gmail_attr">{i}<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex">',
     "</blockquote></div>"),
    ('<p class=MsoNormal>{t}<o:p></o:p></p>', '<div style="border:none;border-top:solid #E1E1E1 1.0pt;'
     'padding:3.0pt 0cm 0cm 0cm"><p class=MsoNormal><b>From:</b> {i}<o:p></o:p></p></div>', ""),
    ('<div class="elementToProof">{t}</div>', '<div id="appendonsend"></div><hr style="display:inline-block;width:98%">'
     '<div id="divRplyFwdMsg" dir="ltr"><b>From:</b> {i}</div>', ""),
    ('<div>{t}</div>', '<div><br><blockquote type="cite"><div>{i}</div><br class="Apple-interchange-newline"><div>',
     "</div></blockquote></div>"),
    ('<p>{t}</p>', '<div class="moz-cite-prefix">{i}<br></div><blockquote type="cite" cite="mid:x@y">',
    "</blockquote>"),
    ('<div dir="ltr">{t}</div>', '<div id="ydp1yahoo_quoted_1" class="yahoo_quoted"><div>{i}</div>', "</div>"),
    ('<div>{t}</div>', '<div class="protonmail_quote">{i}<br><blockquote class="protonmail_quote" type="cite">',
     "</blockquote></div>"),
    ('<div>{t}</div>',
    '<blockquote style="border-left:1px solid #0857A6;margin:10px">{i}<div id=""><div class="js-helper">',
     "</div></div></blockquote>"),
    ('<div>{t}</div>', '<div>{i}</div><blockquote class="wmi-quote">', "</blockquote>"),
    ('<div>{t}</div>', '<div style="font-size:12px"><includetail><div>{i}</div>', "</includetail></div>"),
    ('<div dir="auto">{t}</div>',
    '<div id="composer_signature"></div><div align="left" dir="auto" style="font-size:100%">'
     '<div>{i}</div></div>', ""),
    ('<div>{t}</div>', '<hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><b>From: </b>{i}</div>'
     '<div data-marker="__QUOTED_TEXT__">', "</div>"),
    ('<p>{t}</p>', '<p id="reply-intro">{i}</p><blockquote type="cite" style="padding:0 0.4em">', "</blockquote>"),
)  # fmt: skip
NAMES = ("Ann Baker", "Jörg Müller", "Łucja Wiśniewska", "鈴木 一郎", "Иван Петров", "Baker, Ann (Sales)", "משה כהן")
CHARSETS = ("utf-8", "utf-8", "utf-8", "iso-8859-1", "windows-1252", "iso-8859-2", "windows-1251", "koi8-r", "big5",
            "iso-2022-jp", "shift_jis", "euc-jp", "gb18030", "gb2312", "euc-kr", "ks_c_5601-1987", "windows-1255")


class Writer:
    """Writes one mail of a conversation; what it writes is right, so that mutations reach deep."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def write(self) -> bytes:
        """Reply, chain, forward or absence note, as text, as HTML or as both."""
        rng = self.rng
        subject, extra = "Re: [ACME-482-170] The lamp", ""
        kind = rng.choice(("reply", "reply", "chain", "forward", "away", "plain"))
        if kind == "away":
            form, note = rng.choice(AWAY)
            subject, text = form.format(s=subject), note
            extra = rng.choice(("", "Auto-Submitted: auto-replied\r\n", "X-Autoreply: yes\r\n", "Precedence: bulk\r\n"))
            text += "\n" + self.prose() if rng.random() < 0.3 else ""
        elif kind == "forward":
            subject, text = "Fwd: The lamp", self.forwarded()
        else:
            text = self.prose() + "\n\n" + rng.choice(FOOTERS)
        quoted = self.chain(rng.choice((1, 2, 5)) if kind == "chain" else 1) if kind in ("reply", "chain") else ""
        plain = "\n\n".join(filter(None, rng.choice(((text, quoted), (quoted, text)) if rng.random() < 0.2
                                                    else ((text, quoted),))))  # fmt: skip
        head = (f"From: {_encode(rng.choice(NAMES))} <ann@client.example>\r\nTo: support@acme.example\r\n"
                f"Subject: {_encode(subject)}\r\nDate: Tue, 3 Mar 2026 10:20:00 +0000\r\n"
                f"Message-ID: <{rng.getrandbits(60):x}@client.example>\r\nMIME-Version: 1.0\r\n{extra}")  # fmt: skip
        form = rng.choice(("plain", "html", "both"))
        body = self.part("plain", plain) if form != "html" else b""
        if form != "plain":
            html = self.part("html", self.html(text, quoted))
            body = html if form == "html" else (b"Content-Type: multipart/alternative; boundary=alt\r\n\r\n--alt\r\n"
                                                + body + b"\r\n--alt\r\n" + html + b"\r\n--alt--\r\n")  # fmt: skip
        return head.encode() + body

    def prose(self) -> str:
        """A few sentences, whatever their languages."""
        return "\n".join(self.rng.choices(PROSE, k=self.rng.choice((1, 2, 6))))

    def chain(self, depth: int) -> str:
        """A mail that quotes a mail that quotes a mail."""
        rng, text = self.rng, self.prose()
        for _ in range(depth):
            intro = self.intro()
            lines = text.split("\n")
            mark = rng.choice(("> ", "> ", ">", "| ", ""))
            text = "\n".join((intro, *(mark + line for line in lines)))
            if rng.random() < 0.3:
                text = self.prose() + "\n\n" + text
        return text

    def intro(self) -> str:
        """The line or block above a quoted mail."""
        rng = self.rng
        name, address = rng.choice(NAMES), rng.choice(("ann@client.example", "support@acme.example"))
        if rng.random() < 0.3:
            return self.block(name, address)
        return rng.choice(ATTRIBUTIONS).format(n=name, a=address)

    def block(self, name: str, address: str) -> str:
        """The header block that Outlook and forwards write."""
        labels = self.rng.choice(LABELS)
        values = (f"{name} <{address}>", "Tuesday, 3 March 2026 10:14", "support@acme.example", "b@c.example",
        "The lamp")
        colon = self.rng.choice((": ", ":", " : "))
        return "\n".join(f"{label}{colon}{value}" for label, value in zip(labels, values, strict=True)
                         if label[0] != "C" or self.rng.random() < 0.3)  # fmt: skip

    def forwarded(self) -> str:
        """A mail passed on inside the text."""
        rng = self.rng
        block = self.block(rng.choice(NAMES), "max@other.example")
        mark = rng.choice(("", "", "> "))
        inner = "\n".join(mark + line for line in f"{block}\n\n{self.prose()}".split("\n"))
        return f"{rng.choice(('', 'FYI', self.prose()))}\n\n{rng.choice(FORWARDS)}\n{inner}"

    def html(self, text: str, quoted: str) -> str:
        """The same as one of the clients writes it."""
        row, before, behind = self.rng.choice(CLIENTS)
        found = "".join(row.format(t=escape(line) or "<br>") for line in text.split("\n"))
        if quoted:
            intro, _, rest = quoted.partition("\n")
            lines = "<br>\n".join(escape(line.removeprefix("> ")) for line in rest.split("\n"))
            found += before.format(i=escape(intro)) + f"<div>{lines}</div>" + behind
        return f"<html><head><style>p{{margin:0}}</style></head><body>{found}</body></html>"

    def part(self, subtype: str, text: str) -> bytes:
        """The text as a MIME part, in a charset that may not hold all of it."""
        rng = self.rng
        charset, encoding = rng.choice(CHARSETS), rng.choice(("8bit", "quoted-printable", "base64"))
        raw = text.replace("\n", "\r\n").encode(charset, "replace")
        if encoding == "base64":
            raw = base64.encodebytes(raw)
        elif encoding == "quoted-printable":
            raw = quopri.encodestring(raw)
        label = rng.choice((charset,) * 8 + ("us-ascii", "utf-8"))
        flowed = "; format=flowed" + rng.choice(("", "; delsp=yes")) if rng.random() < 0.15 else ""
        head = f"Content-Type: text/{subtype}; charset={label}{flowed}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
        return head.encode() + raw


def _encode(text: str) -> str:
    return text if text.isascii() else f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="
