"""Forms: who mails what people type into a web form, and under which labels it stands there. Dry: no I/O.

A form is named by the exact addresses that send it: nobody's own mail is read as one, whatever its Reply-To says (T16).
The mail then counts as the person's who filled it in, before any rule looks at it. Nothing proves that person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from mailproc.message.addresses import is_sendable, normalise
from mailproc.message.formfields import fold_label, one_line, read_values
from mailproc.message.language import detect
from mailproc.records.mail import Address, FilledForm, Inbound, Intent, MailClass
from mailproc.rulebook.draft import LONGEST_VALUE, Draft
from mailproc.rulebook.facts import Facts, auto_words
from mailproc.rulebook.fields import Field
from mailproc.rulebook.logic import Condition
from mailproc.rulebook.patterns import Budget
from mailproc.rulebook.reader import Reader, read_each
from mailproc.rulebook.rules import read_when
from mailproc.rulebook.schemashapes import NAME, TEXT, Keys, about, closed, many, needed, ref, words
from mailproc.rulebook.view import View
from mailproc.tickets.token import split_reply_address
from mailproc.yamlnodes import Node

if TYPE_CHECKING:
    from mailproc.rulebook.book import Rulebook

REPLY_TO, FIELD_SOURCE = "reply_to", "field"
_SOURCES = (FIELD_SOURCE, REPLY_TO)
_FIELD = "field."
_LABELS: Keys = {
    "email": about("What the person's address stands under.", many(NAME)),
    "name": about("What their name stands under.", many(NAME)),
    "subject": about("What the subject of their request stands under.", many(NAME)),
    "text": about("What their message stands under; it may have several lines.", many(NAME)),
    "skip": about("What else stands there and belongs to none of these.", many(NAME)),
}
KEYS: Keys = {
    "from": needed("The addresses that send the form's mail.", many(NAME)),
    "when": about("What else must be met, where these addresses send other mail too.", ref("when")),
    "requester": about("Where the person's address is looked for; else field, then reply_to.", many(words(_SOURCES))),
    "labels": about(
        "What stands before the values, besides the usual words in the languages of mailproc.",
        {**closed(_LABELS), "patternProperties": {"^field\\.": about("What a field stands under.", many(TEXT))}},
    ),
}
# The usual labels; those of fields are their own `label`
_USUAL: Mapping[str, str] = {
    "email": "e-mail|email|mail|e-mail address|email address|your email|your e-mail|e-mail-adresse|mailadresse|"
    "ihre e-mail|ihre e-mail-adresse|correo|correo electrónico|tu correo electrónico|su correo electrónico|courriel|"
    "adresse e-mail|adresse email|votre e-mail|votre email|indirizzo e-mail|indirizzo email|la tua email|"
    "epost|e-post|e-postadresse|epostadresse|din e-post|adres e-mail|adres email|twój e-mail|twój adres e-mail",
    "name": "name|your name|full name|ihr name|vor- und nachname|vollständiger name|nombre|nombre y apellidos|"
    "su nombre|nom|nom et prénom|votre nom|nome|nome e cognome|il tuo nome|navn|fullt navn|ditt navn|imię i nazwisko|"
    "imię|imię lub nazwa",
    "subject": "subject|topic|betreff|thema|asunto|objet|sujet|oggetto|emne|temat",
    "text": "message|your message|comments|comment|question|enquiry|inquiry|nachricht|ihre nachricht|mitteilung|"
    "anfrage|mensaje|su mensaje|tu mensaje|consulta|votre message|demande|messaggio|il tuo messaggio|richiesta|melding|"
    "din melding|beskjed|henvendelse|wiadomość|twoja wiadomość|treść wiadomości|treść|pytanie",
}
_LONGEST_NAME = 100
_LONGEST_TEXT = 100_000
_NEVER = frozenset(
    {MailClass.OWN, MailClass.BOUNCE, MailClass.REPORT, MailClass.REACTION, MailClass.RECALL, MailClass.CALENDAR}
)


@dataclass(frozen=True, slots=True)
class Form:
    """One form of `forms`."""

    key: str
    senders: frozenset[str]
    when: tuple[Condition, ...] = ()
    requester: tuple[str, ...] = _SOURCES
    labels: tuple[tuple[str, str], ...] = ()  # (label as written, what it is: email, text, field.order ...)


def read_form(reader: Reader, key: str, node: Node) -> Form | None:
    """One form of `forms`."""
    path = f"forms.{key}"
    mapping = reader.mapping(node, path, KEYS)
    if mapping is None:
        return None
    from_node, when_node, source_node = mapping.get("from"), mapping.get("when"), mapping.get("requester")
    if from_node is None:
        reader.error(node, "R024", f"{path} has no from", "Write  from: no-reply@shop.example")
        return None
    senders = read_each(reader, from_node, f"{path}.from", lambda item, below: _read_sender(reader, item, below))
    when = read_when(reader, when_node, f"{path}.when") if when_node is not None else ()
    sources: tuple[str, ...] = _SOURCES
    if source_node is not None:
        sources = reader.words(source_node, f"{path}.requester", "source", _SOURCES)
    labels = tuple(_read_labels(reader, mapping.get("labels"), f"{path}.labels"))
    return Form(key, frozenset(senders), when, tuple(dict.fromkeys(sources)), labels) if senders else None


def label_table(form: Form, fields: Mapping[str, Field]) -> dict[str, str]:
    """Folded label -> what it is; what the form says counts before the usual words."""
    table: dict[str, str] = {}
    for label, name in form.labels:
        table.setdefault(fold_label(label), name)
    for key, field in fields.items():
        for label in (*(text for _, text in field.labels), key):
            table.setdefault(fold_label(label), f"{_FIELD}{key}")
    for name, usual in _USUAL.items():
        for label in usual.split("|"):
            table.setdefault(fold_label(label), name)
    table.pop("", None)
    return table


def fill_in(
    book: "Rulebook", inbound: Inbound, recipients: tuple[str, ...], at: datetime, level: str, dmarc: str,
    *, is_proven: bool,
) -> Inbound:  # fmt: skip
    """The mail as the person's who filled a form in; any other mail as it is."""
    sender = inbound.from_
    if not book.forms or sender is None or not inbound.from_ok or inbound.form is not None:
        return inbound
    if inbound.mail_class in _NEVER or inbound.auto_kind == "reply":
        return inbound
    view: View | None = None
    for form in book.forms.values():
        if sender.addr not in form.senders:
            continue
        if not form.when:
            return _read(book, form, inbound, is_proven)
        view = view or _view(book, inbound, recipients, at, level, dmarc)
        if all(condition.test(view) for condition in form.when):
            return _read(book, form, inbound, is_proven)
    return inbound


def _read(book: "Rulebook", form: Form, inbound: Inbound, is_proven: bool) -> Inbound:
    values = read_values(inbound.text, inbound.html, label_table(form, book.fields))
    person = _find_person(book, form, inbound, values.get("email", ()))
    fields, left_out = _read_fields(book, values)
    assert inbound.from_ is not None
    filled = FilledForm(form.key, inbound.from_, person is not None, is_proven, fields, left_out)
    if person is None:
        return replace(inbound, form=filled)
    name = one_line(next(iter(values.get("name", ())), ""), _LONGEST_NAME) or person.name[:_LONGEST_NAME]
    text = next(iter(values.get("text", ())), "")[:_LONGEST_TEXT].strip() or inbound.new_text
    language, confidence = detect(text, book.site.languages)
    return replace(
        inbound,
        from_=Address(person.addr, name),
        reply_to=(),
        subject=one_line(next(iter(values.get("subject", ())), ""), LONGEST_VALUE) or inbound.subject,
        new_text=text,
        language=language,
        language_confidence=confidence,
        mail_class=MailClass.HUMAN,
        class_evidence=f"form {form.key}",
        auto_kind="",
        intent=Intent.NONE,
        forwarded=None,
        form=filled,
    )


def _find_person(book: "Rulebook", form: Form, inbound: Inbound, typed: tuple[str, ...]) -> Address | None:
    """Who filled it in, where one address says so and it is nobody's of the inside."""
    answers = [box for box in inbound.reply_to if box.addr]
    answers_to = answers[0] if len({box.addr for box in answers}) == 1 else None
    found = list(dict.fromkeys(address for value in typed if (address := _read_address(value))))
    if len(found) > 1:
        # Somebody typed the label into another field; the form's own header settles it, or nothing does
        found = [answers_to.addr] if answers_to is not None and answers_to.addr in found else []
    for source in form.requester:
        box = answers_to if source == REPLY_TO else Address(found[0], "") if found else None
        if box is not None and _is_outside(book, box.addr):
            name = box.name or (answers_to.name if answers_to is not None and answers_to.addr == box.addr else "")
            return Address(box.addr, name)
    return None


def _read_address(value: str) -> str:
    words_of_it = one_line(value, 1000).replace("mailto:", " ").split()
    found = {address for word in words_of_it if "@" in word and (address := normalise(word.strip("<>()[]\"',;")))}
    return found.pop() if len(found) == 1 else ""


def _is_outside(book: "Rulebook", address: str) -> bool:
    inner = {to for department in book.departments.values() for to in department.forward_to}
    return (
        is_sendable(address)
        and address not in inner
        and book.find_agent(address) is None
        and not split_reply_address(book.site, address)[0]
    )


def _read_fields(
    book: "Rulebook", values: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """(the fields that were filled in, those left out: two values, or one that does not fit its pattern)."""
    found: list[tuple[str, str]] = []
    left_out: list[str] = []
    budget = Budget()
    for key, field in book.fields.items():
        given = [line for value in values.get(f"{_FIELD}{key}", ()) if (line := one_line(value, LONGEST_VALUE))]
        if not given:
            continue
        try:
            fits = len(set(given)) == 1 and (field.pattern is None or field.pattern.is_whole(given[0], budget))
        except TimeoutError:
            fits = False
        if fits:
            found.append((key, given[0]))
        else:
            left_out.append(key)
    return tuple(found), tuple(left_out)


def _view(
    book: "Rulebook", inbound: Inbound, recipients: tuple[str, ...], at: datetime, level: str, dmarc: str
) -> View:
    facts = Facts(
        inbound=inbound,
        recipients=recipients,
        level=level,
        dmarc=dmarc,
        auto=auto_words(inbound, inbound.mail_class),
        is_known_sender=False,
        sender="customer",
        spam_score=None,
        at=at,
        language=inbound.language,
    )
    defaults = book.defaults
    texts = {
        "department": defaults.department, "priority": defaults.priority, "ack": defaults.ack,
        "language": inbound.language or defaults.language,
    }  # fmt: skip
    return View(facts, Draft(texts), book.site, Budget())


def _read_sender(reader: Reader, node: Node, path: str) -> str | None:
    """An exact address that sends a form's mail, and that no agent or department writes from."""
    value = reader.line(node, path)
    if value is None:
        return None
    address = normalise(value)
    if not address or "@" not in address or not is_sendable(address):
        reader.error(node, "R029", f'{path}: "{value[:80]}" is not one address', "A form is known by exact addresses.")
        return None
    if address in reader.names.agents:
        hint = "Let the form send from an address of its own, such as no-reply@shop.example."
        reader.error(node, "R113", f"{path}: {address} is an agent's: their own mail would be taken for the form", hint)
        return None
    return address


def _read_labels(reader: Reader, node: Node | None, path: str) -> list[tuple[str, str]]:
    mapping = reader.mapping(node, path) if node is not None else None
    found: list[tuple[str, str]] = []
    for key, value in mapping.entries if mapping else ():
        below = f"{path}.{key.value}"
        if key.value.startswith(_FIELD):
            name = key.value.removeprefix(_FIELD)
            if name not in reader.names.fields:
                reader.unknown(key, "R106", "field", name, reader.names.fields, f" in {path}")
                continue
            reader.names.used.add(("field", name))
        elif key.value not in _LABELS:
            reader.unknown(key, "R021", "key", key.value, (*_LABELS, "field.NAME"), f" in {path}")
            continue
        found += [(item.value, key.value) for item in reader.scalars(value, below)]
    return found
