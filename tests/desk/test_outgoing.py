"""Mail to customers and departments, sentence by sentence of the mail policy: who sees what, and what never leaves."""

import base64
import html as entities
import re
from dataclasses import replace
from email import policy as stdlib_policy
from email.message import EmailMessage
from email.parser import BytesParser
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from mailproc.desk.draft import Policy
from mailproc.message.parse import parse
from mailproc.records.decision import Decision
from mailproc.records.effects import HoldMail, Mail
from mailproc.records.mail import Address, Level, Trust
from mailproc.records.ticket import ThreadMessage
from mailproc.render import Renderer
from mailproc.render.composer import compose_mail
from tests.builders import (
    ANN,
    CUSTOMER,
    NOW,
    RULES,
    SITE,
    decide,
    mails_of,
    make_known,
    make_mail,
    make_policy,
    make_ticket,
    token_address,
)

DESK = "frontdesk@acme.example"
PROVEN = Trust(Level.A3, dmarc="pass")
RENDERER = Renderer(None, "en")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
GIF = b"GIF89a" + bytes(64)
# RFC 6068 section 2: what may stand in a mailto: link; "+" is a plus sign there
MAILTO = re.compile(r"mailto:[A-Za-z0-9%._~-]+@[A-Za-z0-9.%-]+\?subject=[A-Za-z0-9%._~-]*(?:&body=[A-Za-z0-9%._~-]*)?")


def made(decision: Decision, purpose: str, policy: Policy | None = None, raw: bytes = b"") -> EmailMessage:
    """The finished mail of that purpose, as a mail program reads it."""
    return read(composed(decision, purpose, policy, raw))


def composed(decision: Decision, purpose: str, policy: Policy | None = None, raw: bytes = b"") -> bytes:
    mail: Mail = next(mail for mail in mails_of(decision) if mail.purpose == purpose)
    files = parse(raw, languages=()).attachments if raw else ()
    done = compose_mail(mail, files, NOW, policy or make_policy(), RENDERER)
    assert done.error == ""
    return done.raw


def read(raw: bytes) -> EmailMessage:
    message = BytesParser(policy=stdlib_policy.default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    assert not [part.defects for part in message.walk() if part.defects]
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def multipart(who: str, to: str, *parts: tuple[str, str, bytes], text: str = "See below.", **headers: str) -> bytes:
    """A mail with files: (content type and further lines, file name, bytes); an `cid:` in the type makes it inline."""
    lines = ["--b", "Content-Type: text/plain; charset=utf-8", "", text]
    for content_type, name, content in parts:
        kind, _, content_id = content_type.partition(" cid:")
        lines += ["--b", f'Content-Type: {kind}; name="{name}"']
        lines += [f"Content-ID: <{content_id}>"] if content_id else []
        lines += [f'Content-Disposition: {"inline" if content_id else "attachment"}; filename="{name}"']
        lines += ["Content-Transfer-Encoding: base64", "", base64.b64encode(content).decode()]
    raw = make_mail(who, to, text="@", **headers).decode()
    head = raw.partition("\r\n\r\n")[0].replace("text/plain; charset=utf-8", 'multipart/mixed; boundary="b"')
    return (head + "\r\nMIME-Version: 1.0\r\n\r\n" + "\r\n".join([*lines, "--b--", ""])).encode()


def answer(raw: bytes, **changes: object) -> Decision:
    return decide(raw, make_known(make_ticket(**changes)), trust=PROVEN)


def from_ann(text: str = "Turn it off and on again.", *parts: tuple[str, str, bytes]) -> bytes:
    to = token_address("r", "department:frontdesk")
    return multipart(f"Ann <{ANN}>", to, *parts, text=text, message_id="<a1@acme.example>", subject="Re: Printer")


# ---- to a department


def test_a_department_gets_the_card_the_words_and_who_wrote() -> None:
    raw = make_mail("Jane Doe <jane@customer.example>", text="The lamp is dark.")
    mail = made(decide(raw, level=Level.A3), "forward")
    text = body(mail, "plain")
    assert mail["From"] == "Jane Doe via Acme Support <support@acme.example>"
    assert mail["To"] == DESK
    assert re.fullmatch(r"support\+[a-z2-7]r10500[a-z2-7]{16}@acme\.example", mail["Reply-To"])
    assert mail["List-Id"] == "Front desk <frontdesk.acme.example>"
    assert (mail["X-Mailproc-Ticket"], mail["X-Mailproc-Department"]) == ("ACME-105-001", "frontdesk")
    assert mail["X-Mailproc-Priority"] == "normal"
    card, _, rest = text.partition("-----")
    assert all(part in card for part in ("ACME-105-001", "Jane Doe <jane@customer.example>", "Front desk", "normal"))
    assert "The lamp is dark." in rest


def test_the_rule_that_routed_stands_in_the_card_and_in_a_header() -> None:
    mail = made(decide(make_mail(to="billing@acme.example"), level=Level.A3), "forward")
    assert mail["X-Mailproc-Rule"] and mail["X-Mailproc-Rule"] in body(mail, "plain")


def test_each_recipient_gets_a_mail_of_their_own_with_one_to() -> None:
    rules = make_policy().book
    two = replace(rules, departments={
        key: replace(one, forward_to=(DESK, "night@acme.example")) for key, one in rules.departments.items()
    })  # fmt: skip
    policy = Policy(SITE, two, make_policy().keys)
    decision = decide(make_mail(), level=Level.A3, policy=policy)
    forwards = [mail for mail in mails_of(decision) if mail.purpose == "forward"]
    assert [mail.recipient for mail in forwards] == [DESK, "night@acme.example"]
    for one in forwards:
        raw = compose_mail(one, (), NOW, policy, RENDERER).raw
        others = {DESK, "night@acme.example"} - {one.recipient}
        assert read(raw)["To"] == one.recipient and read(raw)["Cc"] is read(raw)["Bcc"] is None
        assert not any(other.encode() in raw for other in others)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Jane Doe", "Jane Doe via Acme Support"),
        ('"ann@acme.example"', "ann acme.example via Acme Support"),
        ('"Ann Kowalska"', "jane via Acme Support"),
        ('"ANN  KOWALSKA (Acme Support)"', "jane via Acme Support"),
        ("=?utf-8?q?=D0=90nn_Kowalska?=", "jane via Acme Support"),
        ('"Acme Support"', "jane via Acme Support"),
        ('"Front desk"', "jane via Acme Support"),
        ("=?utf-8?b?4oCuZXZpbA==?=", "evil via Acme Support"),
    ],
)
def test_t15_a_strangers_name_never_passes_for_one_of_ours(name: str, shown: str) -> None:
    mail = made(decide(make_mail(f"{name} <jane@customer.example>"), level=Level.A2), "forward")
    assert mail["From"].addresses[0].display_name == shown
    assert "@acme.example" not in mail["From"].addresses[0].display_name
    assert "jane@customer.example" in body(mail, "plain")


def test_t16_another_reply_to_is_told_and_never_followed() -> None:
    raw = make_mail(reply_to="evil@x.test")
    decision = decide(raw, level=Level.A3)
    assert not any(mail.recipient == "evil@x.test" for mail in mails_of(decision))
    assert "evil@x.test" in body(made(decision, "forward"), "plain")
    assert made(answer(from_ann()), "answer")["To"] == CUSTOMER


def test_similar_finished_cases_of_the_department_stand_in_the_card() -> None:
    alike = (("ACME-100-009", "resolved", "frontdesk"), ("ACME-100-0170", "closed", "billing"))
    text = body(made(decide(make_mail(), make_known(alike=alike), level=Level.A3), "forward"), "plain")
    assert "ACME-100-009 (resolved)" in text and "ACME-100-0170" not in text
    german = make_policy(rules=RULES.replace("frontdesk@acme.example}", "frontdesk@acme.example, languages: [de]}"))
    decision = decide(make_mail(), make_known(alike=alike), policy=german, level=Level.A3)
    assert "ACME-100-009 (erledigt)" in body(made(decision, "forward", german), "plain")


def test_the_buttons_are_links_every_mail_program_reads() -> None:
    """RFC 6068: escaped once as a link and once as HTML; a plus in an address stays one; no link is too long."""
    subject = "Grüße & Küsse? #1 = 100% <b> +1 " + "ü" * 900
    raw = make_mail(subject=subject)
    mail = made(decide(raw, level=Level.A3), "forward")
    markup = body(mail, "html")
    links = [entities.unescape(found) for found in re.findall(r'href="(mailto:[^"]*)"', markup)]
    bodies = []
    for link in links:
        assert MAILTO.fullmatch(link) and len(link) < 2000
        parts = urlsplit(link)
        address = unquote(parts.path)
        assert re.fullmatch(r"support\+[a-z2-7][a-z][0-9]{5}[a-z2-7]{16}@acme\.example", address)
        fields = parse_qs(parts.query, strict_parsing=True, max_num_fields=2)
        assert fields["subject"][0].startswith("Re: [ACME-105-001] Grüße & Küsse? #1 = 100% <b> +1 ü")
        bodies.append((address.partition("+")[2][1], fields.get("body", [""])[0]))
    assert bodies[:5] == [("r", ""), ("d", ""), ("n", ""), ("n", "#take"), ("n", "#assign")]
    assert "&amp;amp;" not in markup and "&amp;" not in body(mail, "plain")


@pytest.mark.parametrize(
    ("name", "content_type", "is_risky"),
    [
        ("invoice.pdf", "application/pdf", False),
        ("page.html", "text/html", True),
        ("drawing.svg", "image/svg+xml", True),
        ("macro.XLSM", "application/octet-stream", True),
    ],
)
def test_t48_files_that_can_do_harm_are_named_in_a_warning(name: str, content_type: str, is_risky: bool) -> None:
    raw = multipart("jane@customer.example", "support@acme.example", (content_type, name, b"MZ"))
    decision = decide(raw, level=Level.A3)
    mail = made(decision, "forward", raw=raw)
    assert ("these files can do harm" in body(mail, "plain")) is is_risky
    (file,) = mail.iter_attachments()
    assert file.get_filename() == name and file.get_content_disposition() == "attachment"


def test_t48_markup_of_a_stranger_reaches_nobody_as_markup() -> None:
    raw = make_mail(text="<scr<script>ipt>alert(1)</script><img src=http://x.test/a.png onerror=alert(1)>")
    markup = body(made(decide(raw, level=Level.A3), "forward"), "html")
    assert "<script" not in markup and "<img" not in markup


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "a.txt\r\n X: y", "gpj\u202efdp.jpg", ".htaccess", "a\u200bb.txt", "x" * 400 + ".pdf", "\x00",
     "con", ""],
)  # fmt: skip
def test_t49_a_hostile_file_name_is_a_label(name: str) -> None:
    encoded = "=?utf-8?b?" + base64.b64encode(name.encode()).decode() + "?="
    raw = multipart("jane@customer.example", "support@acme.example", ("application/pdf", encoded, b"%PDF"))
    mail = made(decide(raw, level=Level.A3), "forward", raw=raw)
    (file,) = mail.iter_attachments()
    label = file.get_filename() or ""
    assert label and len(label) <= 104 and label.isprintable() and not set("/\\") & set(label)


def test_files_past_the_limit_are_listed() -> None:
    site = replace(SITE, max_attachments_size=1000)
    raw = multipart("jane@customer.example", "support@acme.example", ("application/pdf", "small.pdf", b"%PDF"),
                    ("application/pdf", "large.pdf", bytes(5000)))  # fmt: skip
    policy = make_policy(site)
    mail = made(decide(raw, level=Level.A3, policy=policy), "forward", policy, raw)
    assert [file.get_filename() for file in mail.iter_attachments()] == ["small.pdf"]
    assert "large.pdf" in body(mail, "plain")


# ---- images


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Look:\n[cid:image001.png@01DA]\nthere", "Look:<br>\n<img"),
        ("Look:\n[image: light.png]\nthere", "Look:<br>\n<img"),
        ("Look: <light.png> there", "Look: <img"),
        ("Look there", "Look there</div><p><img"),
    ],
)
def test_inline_images_are_shown_where_they_stood(text: str, place: str) -> None:
    image = ("image/png cid:image001.png@01DA", "light.png", PNG)
    raw = multipart("jane@customer.example", "support@acme.example", image, text=text)
    mail = made(decide(raw, level=Level.A3), "forward", raw=raw)
    markup = body(mail, "html")
    assert place in markup
    (shown,) = re.findall(r'<img src="cid:([^"]+)"', markup)
    images = [part for part in mail.walk() if part.get_content_maintype() == "image"]
    assert [part["Content-ID"] for part in images] == [f"<{shown}>"]
    assert images[0].get_content() == PNG and images[0].get_content_disposition() == "inline"


def test_t48_what_only_says_it_is_an_image_is_not_shown() -> None:
    raw = multipart("jane@customer.example", "support@acme.example", ("image/png cid:a", "a.png", b"<svg onload=x>"),
                    ("image/svg+xml cid:b", "b.svg", b"<svg/>"), ("image/gif cid:c", "c.gif", GIF),
                    text="[cid:a] [cid:b] [cid:c]")  # fmt: skip
    mail = made(decide(raw, level=Level.A3), "forward", raw=raw)
    assert body(mail, "html").count("<img") == 1
    assert sorted(part.get_filename() or "" for part in mail.iter_attachments()) == ["a.png", "b.svg"]


# ---- to a customer


def test_t47_a_relayed_answer_holds_no_trace_of_the_agents_own_address() -> None:
    """Not in names, ids, headers, signatures, file names, cards, signed containers, image ids."""
    private = "ann.private@home.example"
    policy = make_policy(rules=RULES.replace("ann.k@acme.example", private))
    to = token_address("r", "department:frontdesk")
    raw = multipart(
        f"Ann <{private}>", to,
        ("application/pkcs7-signature", "smime.p7s", b"cert of " + private.encode()),
        ("text/vcard", "ann.vcf", b"EMAIL:" + private.encode()),
        ("application/pdf", f"{private}.pdf", b"%PDF"),
        ("image/png cid:img.1@home.example", "logo.png", PNG),
        text=f"Turn it off.\n[cid:img.1@home.example]\n-- \nAnn Kowalska\n{private}",
        message_id="<a1@home.example>", subject="Re: Printer", user_agent="Ann's Mail", received="from home.example",
        return_path=private, x_originating_ip="[10.0.0.7]",
    )  # fmt: skip
    decision = decide(raw, make_known(make_ticket()), trust=PROVEN, policy=policy)
    sent = composed(decision, "answer", policy, raw)
    mail = read(sent)
    assert [part.get_filename() for part in mail.iter_attachments()] == ["support.pdf"]
    everything = sent + body(mail, "plain").encode() + body(mail, "html").encode()
    traces = f"home.example ann.private frontdesk@ {ANN} 10.0.0.7 User-Agent Received smime vcf cert".split()
    assert [trace for trace in traces if trace.encode() in everything] == []
    assert mail["From"] == '"Ann Kowalska (Acme Support)" <support@acme.example>'
    assert [name for name, _ in mail.items()] == [
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "X-Loop-Guard",
        "Thread-Topic", "MIME-Version", "Content-Type",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content_type", "name"),
    [("text/calendar", "visit.ics"), ("message/rfc822", "mail.eml"), ("text/plain", "log.txt")],
)
def test_t47_a_file_that_names_an_agents_address_is_refused_with_the_reason(content_type: str, name: str) -> None:
    decision = answer(from_ann("See the file.", (content_type, name, f"ORGANIZER:mailto:{ANN}\r\n".encode())))
    (hold,) = [effect for effect in decision.effects if isinstance(effect, HoldMail)]
    assert decision.reason == "would-leak" and name in hold.text


def test_a_signature_file_alone_is_no_answer() -> None:
    assert answer(from_ann("", ("application/pgp-signature", "signature.asc", b"x"))).reason == "empty-answer"


def test_a_relayed_answer_looks_like_a_persons_mail_and_an_automatic_one_like_a_machines() -> None:
    relayed, received = made(answer(from_ann()), "answer"), made(decide(make_mail(), level=Level.A3), "received")
    for name in ("Auto-Submitted", "X-Auto-Response-Suppress", "Precedence"):
        assert relayed[name] is None and received[name]


def test_the_history_a_customer_sees_is_the_proven_public_thread() -> None:
    def message(text: str, **changes: object) -> ThreadMessage:
        one = ThreadMessage("in", "public", "followup", Address(CUSTOMER, "Jane"), NOW, text)
        return replace(one, **changes)  # type: ignore[arg-type]

    thread = (
        message("It is broken.", purpose="request"),
        message("Secret thought.", visibility="internal", purpose="note", author=Address(ANN, "Ann")),
        message("Forged word.", is_unverified=True),
        message("Is it on?", direction="out", purpose="answer", author=Address(ANN, "Ann")),
        message("We got it.", direction="out", purpose="received"),
    )
    text = body(made(answer(from_ann(), thread=thread), "answer"), "plain")
    assert "> It is broken." in text and "> Is it on?" in text
    assert not any(words in text for words in ("Secret", "Forged", "We got it", ANN))


def test_a_customers_token_is_in_reply_to_and_no_agents_button_is_theirs() -> None:
    mail = made(answer(from_ann()), "answer")
    assert re.fullmatch(r"support\+[a-z2-7]c10000[a-z2-7]{16}@acme\.example", mail["Reply-To"])
    assert not re.search(r"%2B[a-z2-7][rdn]10000", body(mail, "html"))
