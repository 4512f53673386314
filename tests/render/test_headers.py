"""Every control character in twelve fields through every template: exactly the headers and the recipient meant (G6)."""

import email.policy
from dataclasses import replace
from email.parser import BytesHeaderParser, BytesParser

import pytest

from mailproc.records.effects import Mail
from mailproc.render import VARIABLES, Renderer
from mailproc.render.composer import compose_mail
from mailproc.render.variables import TO_CUSTOMERS
from tests.builders import NOW, make_policy

POLICY = make_policy()
STOCK = Renderer(None)
CONTROLS = [*map(chr, range(0x00, 0x20)), "\x7f", *map(chr, range(0x80, 0xA0)), "\u2028", "\u2029"]
EVIL = "Bcc: evil@x.example"
AUTOMATIC = ["Auto-Submitted", "X-Auto-Response-Suppress", "Precedence"]
FIELDS = ("subject", "from_name", "requester_name", "requester_address", "department", "rule", "links", "text",
          "first_lines", "site_name", "history", "in_reply_to")  # fmt: skip


def make(template: str, fields: tuple[str, ...] = (), payload: str = "") -> Mail:
    is_customer = template in TO_CUSTOMERS
    context = {
        name: "\n".join(map(str, value)) if isinstance(value, tuple) else str(value)
        for name, value in VARIABLES[template].items()
        if name not in ("history", "text")
    }
    context |= {name: payload for name in fields if name in context}
    history = (("Jane", "2026-01-12T09:00:00+00:00", "hello"),)
    return Mail(
        serial=10_000,
        n=3,
        purpose=template,
        template=template,
        recipient="jane@customer.example",
        language="en",
        identity="jane@customer.example" if is_customer else "department:billing",
        role="customer" if is_customer else "agent",
        reply_purpose="c" if is_customer else "r",
        tag="[ACME-100-00]",
        subject=payload if "subject" in fields else "",
        from_name=payload if "from_name" in fields else "Acme",
        from_address="support@acme.example",
        text=payload if "text" in fields else "hello",
        in_reply_to=f"<{payload}@x.example>" if "in_reply_to" in fields else "<a@x.example>",
        context=tuple(context.items()),
        history=((payload, payload, payload),) if "history" in fields else history,
        headers=(("List-Id", "Billing <billing.acme.example>"),),
    )


def expected_names(fields: tuple[str, ...]) -> list[str]:
    """The header of a mail of `make`; an id that is none is left out."""
    in_reply_to = ["In-Reply-To"] if "in_reply_to" not in fields else []
    return [
        *("From", "To", "Reply-To", "Subject", "Date", "Message-ID"), *in_reply_to, "References",
        "X-Loop-Guard", *AUTOMATIC, "List-Id", "MIME-Version", "Content-Type",
    ]  # fmt: skip


def names_of(raw: bytes) -> list[str]:
    """Header names as one parser and as a suspicious reader of lines find them; both must agree."""
    head = raw.partition(b"\r\n\r\n")[0]
    assert not set(head.replace(b"\r\n", b"")) & {*range(0x20), 0x7F} and max(head) < 0x80
    found = list(BytesHeaderParser(policy=email.policy.compat32).parsebytes(raw).keys())
    assert found == [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith(b" ")]
    assert list(BytesHeaderParser(policy=email.policy.default).parsebytes(raw).keys()) == found
    return found


@pytest.mark.parametrize("template", VARIABLES)
def test_g6_header_names_and_recipients_are_exact(template: str) -> None:
    every = "".join(CONTROLS)
    # each control in all fields, then all of them in each field: all pairs, and a twentieth of the mails
    cases = [*((FIELDS, control) for control in CONTROLS), *(((field,), every) for field in FIELDS)]
    for fields, control in cases:
        mail = make(template, fields, f"Jane{control}{EVIL}{control}{control}\r\n{EVIL}")
        composed = compose_mail(mail, (), NOW, POLICY, STOCK)
        assert composed.error == "", (fields, control)
        assert names_of(composed.raw) == expected_names(fields), (fields, control)
        assert b"\r\nTo: jane@customer.example\r\n" in composed.raw
        assert composed.mail.recipient == "jane@customer.example"
        assert composed.envelope_from.endswith("@acme.example") and "\r" not in composed.envelope_from
        assert composed.raw.count(b"\r\n") == composed.raw.count(b"\n") == composed.raw.count(b"\r")
    parsed = BytesParser(policy=email.policy.default).parsebytes(composed.raw)
    assert [part.get_content_type() for part in parsed.walk()] == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize("language", ["de", "es", "fr", "it", "no", "pl"])
def test_g6_in_every_language_header_names_are_exact(language: str) -> None:
    """The other languages' Subject lines too; each control in each field alone: `python -m bench.injection`."""
    every = "".join(CONTROLS)
    for template in VARIABLES:
        mail = replace(make(template, FIELDS, f"Jane{every}{EVIL}\r\n{EVIL}"), language=language)
        for one in (mail, replace(mail, subject="")):
            composed = compose_mail(one, (), NOW, POLICY, STOCK)
            assert composed.error == "", template
            assert names_of(composed.raw) == expected_names(FIELDS), template
            assert composed.raw.count(b"\r\nTo: jane@customer.example\r\n") == 1


def test_what_only_agents_may_do_is_never_given_to_a_customer() -> None:
    for template in VARIABLES:
        composed = compose_mail(make(template), (), NOW, POLICY, STOCK)
        raw = composed.raw.replace(b"=\r\n", b"")
        has_agent_token = any(
            sign + letter + b"10000" in raw for sign in (b"+a", b"%2Ba") for letter in (b"r", b"n", b"d")
        )
        if template in TO_CUSTOMERS:
            assert not has_agent_token, template
        elif "note_address" in VARIABLES[template]:
            assert has_agent_token, template


def test_sizes_of_files_left_out_are_written_as_the_reader_does() -> None:
    from mailproc.records.mail import Attachment

    big = Attachment("grand.pdf", "application/pdf", 23_400_000)
    mail = replace(make("forward"), language="fr", attaches=True)
    text = compose_mail(mail, (big,), NOW, POLICY, STOCK).text
    assert "grand.pdf (23,4 Mo)" in text.replace("\u202f", " ").replace("\u00a0", " ")
