"""Tests of forms in the rules: whose mail a filled form is, which fields it fills, and what is refused."""

from datetime import UTC, datetime

import pytest

from mailproc.errors import ConfigError
from mailproc.message.parse import parse
from mailproc.records.mail import Inbound, MailClass
from mailproc.rulebook.book import Rulebook, load
from mailproc.rulebook.forms import fill_in
from tests.builders import RULES, SITE

FORM = "no-reply@acme.example"
BOOK = """\
fields:
  order: {label: {en: Order number, de: Bestellnummer, pl: Numer zamówienia}, pattern: '[0-9]{5,8}'}
  tier: {label: Tier}
forms:
  website:
    from: [no-reply@acme.example, support@acme.example]
    when: {subject: {contains: form}}
    labels: {text: [Your question], skip: [IP address]}
  shop:
    from: wordpress@shop.example
    requester: reply_to
"""


def book_of(text: str = BOOK) -> Rulebook:
    return load((("rules/test.yaml", RULES + text),), SITE)


def read(
    body: str, *, sender: str = FORM, subject: str = "Contact form", head: str = "", book: Rulebook | None = None
) -> Inbound:
    raw = (
        f"From: {sender}\r\nTo: support@acme.example\r\nSubject: {subject}\r\nMessage-ID: <f@acme.example>\r\n{head}"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body}"
    )
    inbound = parse(raw.encode(), languages=SITE.languages)
    at = datetime(2026, 1, 13, 9, tzinfo=UTC)
    return fill_in(book or book_of(), inbound, ("support@acme.example",), at, "A2", "none", is_proven=True)


@pytest.mark.parametrize(
    "body",
    [
        "Name: Jane Doe\nE-Mail: jane@x.example\nOrder number: 123456\nYour question: Where is it?\nIP address: 1.2\n",
        "Name: Jane Doe\nIhre E-Mail-Adresse: jane@x.example\nBestellnummer: 123456\nNachricht: Where is it?\n",
        "Nombre: Jane Doe\nCorreo electrónico: jane@x.example\norder: 123456\nMensaje: Where is it?\n",
        "Nom et prénom : Jane Doe\nAdresse e-mail : jane@x.example\norder: 123456\nVotre message : Where is it?\n",
        "Nome e cognome: Jane Doe\nIndirizzo e-mail: jane@x.example\nOrder number: 123456\nMessaggio: Where is it?\n",
        "Navn: Jane Doe\nE-postadresse: jane@x.example\nOrder number: 123456\nMelding: Where is it?\n",
        "Imię i nazwisko: Jane Doe\nAdres e-mail: jane@x.example\nNumer zamówienia: 123456\nTreść: Where is it?\n",
    ],
)
def test_form_in_every_language_belongs_to_who_filled_it_in(body: str) -> None:
    seen = read(body)
    assert seen.from_ is not None and seen.form is not None
    assert (seen.from_.addr, seen.from_.name, seen.new_text) == ("jane@x.example", "Jane Doe", "Where is it?")
    assert (seen.form.name, seen.form.has_person, seen.form.fields) == ("website", True, (("order", "123456"),))
    assert seen.mail_class is MailClass.HUMAN and seen.reply_to == () and seen.text.startswith(body[:10])


@pytest.mark.parametrize(
    ("body", "head", "person"),
    [
        ("Message: hi", "Reply-To: Jane Doe <jane@x.example>\r\n", "jane@x.example"),
        ("E-Mail: jane@x.example\nMessage: hi", "Reply-To: other@x.example\r\n", "jane@x.example"),
        ("Message: hi\nE-Mail: a@x.example\nE-Mail: b@x.example", "Reply-To: b@x.example\r\n", "b@x.example"),
        # Nobody knows
        ("Message: hi\nE-Mail: a@x.example\nE-Mail: b@x.example", "", ""),
        ("E-Mail: jane\nMessage: hi", "", ""),
        ("E-Mail: a@x.example, b@x.example\nMessage: hi", "", ""),
        ("Message: hi", "Reply-To: a@x.example, b@x.example\r\n", ""),
        # Nobody of the inside, and not us
        ("E-Mail: ann@acme.example\nMessage: hi", "", ""),
        ("E-Mail: frontdesk@acme.example\nMessage: hi", "", ""),
        ("E-Mail: support+k2r10000abcdefghjkmnpqrs@acme.example\nMessage: hi", "", ""),
        ("E-Mail: jane@x.example\r\nBcc: evil@x.example\nMessage: hi", "", "jane@x.example"),
    ],
)
def test_person_is_the_one_address_that_the_form_names(body: str, head: str, person: str) -> None:
    seen = read(body, head=head)
    assert seen.form is not None and seen.from_ is not None
    assert seen.form.has_person == bool(person) and seen.from_.addr == (person or FORM)


@pytest.mark.parametrize(
    ("sender", "subject"),
    [
        ("max@x.example", "Contact form"), ("no-reply@other.example", "Contact form"), (FORM, "Your invoice"),
        ("No-Reply <no-reply@acme.example.evil.test>", "Contact form"),
        ('"no-reply@acme.example" <max@x.example>', "form"),
    ],
)  # fmt: skip
def test_t16_reply_to_of_other_mail_steers_nothing(sender: str, subject: str) -> None:
    seen = read(
        "E-Mail: victim@y.example\nOrder number: 123456",
        sender=sender,
        subject=subject,
        head="Reply-To: victim@y.example\r\n",
    )
    assert seen.form is None and seen.from_ is not None and seen.from_.addr != "victim@y.example"


@pytest.mark.parametrize(
    "head", ["Auto-Submitted: auto-replied\r\n", "Subject: Automatic reply: form\r\nX-Autoreply: yes\r\n"]
)
def test_absence_note_of_a_forms_address_is_no_form(head: str) -> None:
    assert read("E-Mail: jane@x.example", head=head, subject="Automatic reply: form").form is None


def test_field_that_does_not_fit_or_stands_there_twice_is_left_out() -> None:
    seen = read("E-Mail: jane@x.example\nOrder number: none\nTier: gold\nMessage: x\nTier: platinum\n")
    assert seen.form is not None
    assert (seen.form.fields, seen.form.left_out) == ((), ("order", "tier"))
    long = read(f"E-Mail: jane@x.example\nTier: {'x' * 5000}\n")
    assert long.form is not None and len(dict(long.form.fields)["tier"]) == 200


def test_requester_can_be_taken_from_reply_to_alone() -> None:
    typed = "E-Mail: typed@x.example\nMessage: hi"
    seen = read(typed, sender="wordpress@shop.example", head="Reply-To: jane@x.example\r\n")
    assert seen.from_ is not None and seen.from_.addr == "jane@x.example"
    nobody = read(typed, sender="wordpress@shop.example")
    assert nobody.form is not None and not nobody.form.has_person


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("forms: {web: {}}\n", "R024 forms.web has no from"),
        ("forms: {web: {from: acme.example}}\n", 'R029 forms.web.from: "acme.example" is not one address'),
        ("forms: {web: {from: ann@acme.example}}\n", "R113 forms.web.from: ann@acme.example is an agent's"),
        ("forms: {web: {from: f@x.example, requester: from}}\n", 'R023 unknown source "from"'),
        ("forms: {web: {from: f@x.example, labels: {mail: x}}}\n", 'R021 unknown key "mail" in forms.web.labels'),
        ("forms: {web: {from: f@x.example, labels: {field.no: x}}}\n", 'R106 unknown field "no"'),
        ("forms: {web: {from: f@x.example, when: {subjekt: x}}}\n", 'R030 unknown condition "subjekt"'),
        (
            "forms: {web: {from: f@x.example}}\nclassify: [{name: a, when: {form: wbe}, set: {tags: x}}]\n",
            'R111 unknown form "wbe"',
        ),
    ],
)
def test_mistake_in_a_form_is_named(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        book_of(text)
    assert any(says in line for line in caught.value.problems), caught.value.problems
