"""Makes support mail as it comes off the wire: new requests, and replies to tickets; the same seed, the same bytes.

    python -m bench.gen_mail OUT --requests 1000 --replies 1000 --tag '[ACME-{n}]'

Each mail has three Received lines, a DKIM-Signature, one of several languages, charsets and transfer encodings;
55 % have an HTML part, 12 % of the requests and 6 % of the replies a file of 50 to 200 KB. All of it is invented.
"""

import argparse
import base64
import binascii
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from urllib.parse import quote

START_AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SUPPORT = "support@acme.example"
DOMAIN = "client.example"
CUSTOMERS = 400
HTML_SHARE = 0.55
FILE_SHARES = {"request": 0.12, "reply": 0.06}


@dataclass(frozen=True, slots=True)
class GeneratedMail:
    """A mail and its SMTP envelope."""

    raw: bytes
    sender: str
    recipient: str = SUPPORT


@dataclass(frozen=True, slots=True)
class Shape:
    """How one mail is written."""

    language: str
    charset: str
    encoding: str  # 7bit | quoted-printable | base64


WEIGHTED_SHAPES = (
    (44, Shape("en", "utf-8", "7bit")),
    (10, Shape("en", "windows-1252", "quoted-printable")),
    (12, Shape("de", "utf-8", "quoted-printable")),
    (5, Shape("de", "iso-8859-1", "quoted-printable")),
    (8, Shape("fr", "utf-8", "base64")),
    (5, Shape("es", "utf-8", "quoted-printable")),
    (8, Shape("pl", "iso-8859-2", "quoted-printable")),
    (8, Shape("ja", "iso-2022-jp", "7bit")),
)
SENTENCES = {
    "en": (
        "The {thing} I ordered on Monday has still not arrived.",
        "Since the last update I cannot log in to my account any more.",
        "When I press print, the {thing} only blinks and nothing else happens.",
        "Could you please tell me where my parcel with the number {n} is now?",
        "I paid the invoice {n} twice and would like to have the money back.",
        "My colleague has the same trouble with her {thing}, by the way.",
        "I have restarted everything three times and it did not help at all.",
        "Thank you very much for your help, I am looking forward to your answer.",
    ),
    "de": (
        "Die Lieferung mit der Nummer {n} ist leider immer noch nicht angekommen.",
        "Seit gestern lässt sich das Gerät ({thing}) überhaupt nicht mehr einschalten.",
        "Könnten Sie mir bitte möglichst bald eine korrigierte Rechnung schicken?",
        "Ich habe das Passwort zweimal geändert, es wird trotzdem abgelehnt.",
        "Für eine kurze Rückmeldung wäre ich Ihnen sehr dankbar.",
        "Die Größe stimmt nicht mit der Beschreibung auf Ihrer Seite überein.",
    ),
    "fr": (
        "Je n'ai toujours pas reçu la commande numéro {n} passée la semaine dernière.",
        "Depuis la mise à jour, l'appareil ({thing}) s'éteint après quelques minutes.",
        "Pourriez-vous vérifier l'adresse de livraison, s'il vous plaît ?",
        "La facture que j'ai reçue est erronée : le montant a été compté deux fois.",
        "Je vous remercie par avance de votre réponse.",
    ),
    "es": (
        "Todavía no he recibido el pedido número {n} que hice hace una semana.",
        "El aparato ({thing}) se apaga solo después de unos minutos.",
        "¿Podrían enviarme una copia de la factura, por favor?",
        "Mañana lo necesito otra vez, así que agradecería una respuesta rápida.",
    ),
    "pl": (
        "Zamówienie numer {n} wciąż do mnie nie dotarło, proszę o sprawdzenie.",
        "Po ostatniej aktualizacji urządzenie ({thing}) już się nie włącza.",
        "Czy mogą Państwo wysłać mi poprawioną fakturę? Kwota jest błędna.",
        "Hasło zmieniałem dwa razy, a mimo to nie mogę się zalogować.",
        "Będę wdzięczny za szybką odpowiedź.",
    ),
    "ja": (
        "先週注文した商品がまだ届いていません。",
        "注文番号は{n}です。ご確認をお願いいたします。",
        "昨日からログインできなくなりました。",
        "請求書の金額が間違っているようです。",
        "お手数ですが、よろしくお願いいたします。",
    ),
}
SUBJECTS = {
    "en": ("Where is my {thing}?", "Cannot log in", "Invoice {n} is wrong", "{thing} broken after two days"),
    "de": ("Rückgabe: {thing}", "Rechnung {n} fehlt", "Gerät lässt sich nicht öffnen"),
    "fr": ("Commande {n} non reçue", "Problème après la mise à jour"),
    "es": ("¿Dónde está mi pedido {n}?", "Contraseña olvidada"),
    "pl": ("Błędna faktura {n}", "Zamówienie wciąż w drodze?"),
    "ja": ("注文{n}について", "ログインできません"),
}
THINGS = ("printer", "scanner", "router", "head-set", "keyboard", "monitor", "charger", "camera")
ATTRIBUTIONS = {
    "en": "On Tue, Mar 3, 2026 at 10:14 AM Acme Support <{to}> wrote:",
    "de": "Am 03.03.2026 um 10:14 schrieb Acme Support <{to}>:",
    "fr": "Le 03/03/2026 à 10:14, Acme Support <{to}> a écrit :",
    "es": "El 03/03/2026 a las 10:14, Acme Support <{to}> escribió:",
    "pl": "W dniu 3.03.2026 o 10:14, Acme Support <{to}> pisze:",
    "ja": "2026年3月3日 10:14 Acme Support <{to}>:",
}
PEOPLE = ("Ann Baker", "Jürgen Groß", "Chloé Dubois", "Łucja Wiśniewska", "Íñigo Muñoz", "鈴木 一郎", "Tom O'Neil",
          "Grace Okafor", "Peter van Dam", "Lena Schäfer", "Raúl Peña")
MAILERS = ("Mozilla Thunderbird", "Microsoft Outlook 16.0", "iPhone Mail (22F76)", "")
FILES = (("image/jpeg", "photo.jpg"), ("application/pdf", "Rechnung März.pdf"), ("application/zip", "logs.zip"),
         ("text/plain", "device.log"))


def make_requests(count: int, *, seed: int = 1, first: int = 0, start_at: datetime = START_AT, with_files: bool = True
                  ) -> Iterator[GeneratedMail]:
    """New requests numbered from `first`; mail n is the same whatever `count` is, from customer n modulo CUSTOMERS."""
    for number in range(first, first + count):
        yield _Writer(seed, "request", number, start_at).write(with_files=with_files)


def make_replies(tags: Sequence[str], count: int, *, seed: int = 1, first: int = 0, start_at: datetime = START_AT
                 ) -> Iterator[GeneratedMail]:
    """Replies that carry the tags in turn; the reply with tags[i] comes from whoever wrote request i."""
    for number in range(first, first + count):
        ticket = (number * 31) % len(tags)
        yield _Writer(seed, "reply", number, start_at).write(tags[ticket], ticket)


class _Writer:
    """Writes one mail; its randomness comes from (seed, kind, number) alone."""

    def __init__(self, seed: int, kind: str, number: int, start_at: datetime) -> None:
        self.rng = random.Random(f"{seed}/{kind}/{number}")
        self.seed, self.kind, self.number = seed, kind, number
        self.at = start_at + timedelta(seconds=number * 47)
        self.shape = self.rng.choices([shape for _, shape in WEIGHTED_SHAPES],
                                      [weight for weight, _ in WEIGHTED_SHAPES])[0]

    def write(self, tag: str = "", ticket: int | None = None, with_files: bool = True) -> GeneratedMail:
        origin = self.number if ticket is None else ticket
        customer = (origin * 7919) % CUSTOMERS
        name, address = PEOPLE[customer % len(PEOPLE)], f"user{customer}@firm{customer % 90}.{DOMAIN}"
        text, html = self._prose(), ""
        subject = self._fill(self.rng.choice(SUBJECTS[self.shape.language])) + f" ({origin})"
        threading: list[str] = []
        quoted = ""
        if tag:
            subject = f"Re: {tag} {subject}"
            asked, answered = f"<req.{origin}.{self.seed}@{DOMAIN}>", f"<a.{self.number}.{self.seed}@acme.example>"
            threading = [f"In-Reply-To: {answered}", f"References: {asked} {answered}"]
            quoted = self._prose()
            for _ in range(self.rng.randint(1, 3)):
                intro = ATTRIBUTIONS[self.shape.language].format(to=SUPPORT)
                quoted = intro + "\n" + "\n".join(f"> {line}" for line in quoted.splitlines())
        signature = f"-- \n{self._fitting(name)}\nTel. +49 30 5550 {customer:03d}"
        if self.rng.random() < HTML_SHARE:
            html = self._html(text, quoted, signature)
        plain = "\n\n".join(filter(None, (text, quoted, signature))) + "\n"
        head = [
            *self._trace(),
            f"Date: {format_datetime(self.at)}",
            f"From: {_encode_words(name) if not name.isascii() else name} <{address}>",
            f"To: Acme Support <{SUPPORT}>",
            f"Subject: {_encode_words(subject) if not subject.isascii() else subject}",
            f"Message-ID: <{'req' if not tag else 'rep'}.{self.number}.{self.seed}@{DOMAIN}>",
            *threading,
            "MIME-Version: 1.0",
        ]
        if mailer := self.rng.choice(MAILERS):
            head.append(f"X-Mailer: {mailer}")
        body = self._text_part(plain, "plain")
        if html:
            body = self._multipart("alternative", [body, self._text_part(html, "html")])
        if with_files and self.rng.random() < FILE_SHARES[self.kind]:
            body = self._multipart("mixed", [body, self._file_part()])
        return GeneratedMail("\r\n".join(head).encode("ascii") + b"\r\n" + body, address)

    def _trace(self) -> list[str]:
        date = format_datetime(self.at)
        lines = []
        for hop in (3, 2, 1):
            lines.append(f"Received: from out{hop}.{DOMAIN} (out{hop}.{DOMAIN} [192.0.2.{hop}])\r\n"
                         f"\tby in{hop}.{DOMAIN} (Postfix) with ESMTPS id {self.rng.getrandbits(44):011X}\r\n"
                         f"\tfor <{SUPPORT}>; {date}")
        digest, signature = (base64.b64encode(self.rng.randbytes(size)).decode() for size in (32, 256))
        folded = "\r\n\t ".join(signature[at:at + 68] for at in range(0, len(signature), 68))
        lines.append(f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={DOMAIN}; s=k1; t=1772438400;\r\n"
                     f"\th=from:to:subject:date:message-id:mime-version;\r\n\tbh={digest};\r\n\tb={folded}")
        return lines

    def _prose(self) -> str:
        paragraphs = []
        for _ in range(self.rng.randint(1, 4)):
            sentences = self.rng.choices(SENTENCES[self.shape.language], k=self.rng.randint(2, 5))
            paragraphs.append("\n".join(map(self._fill, sentences)))
        return "\n\n".join(paragraphs)

    def _fill(self, sentence: str) -> str:
        return sentence.format(thing=self.rng.choice(THINGS), n=self.rng.randint(10_000, 99_999))

    def _html(self, text: str, quoted: str, signature: str) -> str:
        style = 'style="margin:0cm;font-size:11.0pt;font-family:&quot;Calibri&quot;,sans-serif"'
        rows = "\n".join(f"<p class=MsoNormal {style}>{escape(line) or '&nbsp;'}</p>" for line in text.splitlines())
        cited = ""
        if quoted:
            intro, _, rest = quoted.partition("\n")
            lines = "<br>\n".join(escape(line) for line in rest.splitlines())
            cited = (f'<div class="gmail_quote">{escape(intro)}'
                     f'<blockquote style="margin:0 0 0 .8ex">{lines}</blockquote></div>')
        sig = "<br>".join(escape(line) for line in signature.splitlines())
        return (f'<html><head><meta charset="{self.shape.charset}"><style>p.MsoNormal{{margin:0}}</style></head>'
                f'<body lang="{self.shape.language}">\n<div class="WordSection1">\n{rows}\n</div>\n'
                f'<div class="sig" style="color:#777">{sig}</div>\n{cited}\n</body></html>\n')

    def _text_part(self, text: str, subtype: str) -> bytes:
        raw = text.encode(self.shape.charset, "replace")
        encoding = self.shape.encoding
        if encoding == "7bit" and (max(map(len, raw.splitlines())) > 990 or not raw.isascii()):
            encoding = "quoted-printable"
        if encoding == "base64":
            raw = base64.encodebytes(raw)
        elif encoding == "quoted-printable":
            raw = binascii.b2a_qp(raw, istext=True)
        head = (f'Content-Type: text/{subtype}; charset="{self.shape.charset}"\r\n'
                f"Content-Transfer-Encoding: {encoding}\r\n")
        return head.encode() + b"\r\n" + raw.replace(b"\n", b"\r\n")

    def _file_part(self) -> bytes:
        content_type, filename = self.rng.choice(FILES)
        size = self.rng.randint(50_000, 200_000)
        if content_type == "text/plain":
            line = b"2026-03-02T08:00:00Z worker-3 INFO request served in 12 ms, cache hit, queue length 0\n"
            content = line * (size // len(line))
        else:
            content = self.rng.randbytes(size)
        name = f"filename*=utf-8''{quote(filename)}" if not filename.isascii() else f'filename="{filename}"'
        head = (f"Content-Type: {content_type}\r\nContent-Disposition: attachment;\r\n {name}\r\n"
                "Content-Transfer-Encoding: base64\r\n\r\n")
        return head.encode() + base64.encodebytes(content).replace(b"\n", b"\r\n")

    def _multipart(self, subtype: str, parts: list[bytes]) -> bytes:
        boundary = f"=_{self.rng.getrandbits(96):024x}".encode()
        head = b'Content-Type: multipart/%s;\r\n\tboundary="%s"\r\n\r\n' % (subtype.encode(), boundary)
        return head + b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts) + b"--%s--\r\n" % boundary

    def _fitting(self, name: str) -> str:
        """The name as the mail's charset can carry it."""
        return name.encode("ascii" if self.shape.encoding == "7bit" and self.shape.charset == "utf-8"
                           else self.shape.charset, "replace").decode(self.shape.charset)


def _encode_words(text: str) -> str:
    """RFC 2047 section 2: encoded words of 75 characters at most, folded, no character torn apart."""
    words, chunk = [], b""
    for character in text:
        encoded = character.encode()
        if len(chunk) + len(encoded) > 45:
            words.append(chunk)
            chunk = b""
        chunk += encoded
    words.append(chunk)
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(word).decode()}?=" for word in words)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder that gets requests/ and replies/ with .eml files")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--replies", type=int, default=1000)
    parser.add_argument("--tag", default="[ACME-{n}]", help="of a reply; {n} is 10000 plus the request's number")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    tags = [args.tag.format(n=10_000 + number) for number in range(max(args.requests, 1))]
    batches = (("requests", make_requests(args.requests, seed=args.seed)),
               ("replies", make_replies(tags, args.replies, seed=args.seed)))
    for name, mails in batches:
        folder = args.out / name
        folder.mkdir(parents=True, exist_ok=True)
        sizes = []
        for number, mail in enumerate(mails):
            (folder / f"{number:06d}.eml").write_bytes(mail.raw)
            sizes.append(len(mail.raw))
        if sizes:
            print(f"{name}: {len(sizes)} mails, {sum(sizes):,} bytes, median {sorted(sizes)[len(sizes) // 2]:,}")


if __name__ == "__main__":
    main()
