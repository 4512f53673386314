"""One mail of a decision to its final bytes: words from a template, addresses with tokens, headers, files.

Decides nothing; a mail that cannot be made comes back with its error and costs the ticket nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from mailproc import maillog
from mailproc.desk.draft import Policy
from mailproc.desk.mails.blocked import without_blocked
from mailproc.desk.mails.courtesy import split_by_room
from mailproc.desk.mails.relayed import pass_on
from mailproc.errors import MailprocError
from mailproc.message.compose import Outgoing, clean_header_text, clean_message_ids, compose
from mailproc.records.effects import ComposedMail, Mail
from mailproc.records.mail import Attachment
from mailproc.render.images import show_images
from mailproc.render.localising import format_size
from mailproc.render.renderer import Renderer
from mailproc.render.variables import build_context
from mailproc.tickets.bounceaddress import make_bounce_address
from mailproc.tickets.followup import LOOP_HEADER
from mailproc.tickets.token import make_hold_id, make_message_id, make_reply_address, make_standing_token, make_token

_BUTTON_SUBJECT = 300  # bytes


def compose_mail(
    mail: Mail, attachments: Sequence[Attachment], now: datetime, policy: Policy, renderer: Renderer
) -> ComposedMail:
    """Final bytes of one mail; trouble with a template or a header holds this mail and nothing else (F27)."""
    site, keys = policy.site, policy.keys
    message_id = make_message_id(keys, mail.serial, mail.n, site.domain)

    def address_for(purpose: str) -> str:
        if not mail.identity:
            return mail.from_address
        if mail.held is not None:
            return make_reply_address(site, make_token(keys, "h", mail.held, mail.identity), mail.from_address)
        token = make_token(keys, purpose, mail.serial, mail.identity, mail.token_epoch)
        return make_reply_address(site, token, mail.from_address)

    reply_to = address_for(mail.reply_purpose)
    if mail.attaches and mail.role == "agent":
        attachments = without_blocked(attachments, site)
    passed, images = pass_on(mail, attachments, message_id, policy) if mail.attaches else ((), ())
    carried, listed = _fit(policy, passed, mail.language)
    envelope_from = make_bounce_address(site, keys, mail.serial, mail.n, mail.from_address)
    try:
        has_buttons = bool(mail.identity) and site.address_extension != "none"
        is_inside = has_buttons and mail.role == "agent"  # a customer is never given what only an agent may do
        context = build_context(
            mail.template,
            mail.context,
            history=mail.history,
            attachments_left_out=listed,
            reply_address=reply_to if has_buttons else "",
            resolve_address=address_for("d") if is_inside else "",
            note_address=address_for("n") if is_inside else "",
            new_address=_standing_address(policy, mail) if is_inside and mail.purpose == "forward" else "",
            reply_subject=_button_subject(mail),
            **({"text": mail.text} if mail.text or "text" not in dict(mail.context) else {}),
        )
        rendered = renderer.render(mail.template, mail.language, context, site.timezone)
        beside = mail.text if mail.role == "agent" else ""
        subject = clean_header_text(" ".join(part for part in (mail.tag, mail.subject or rendered.subject) if part))
        raw = compose(
            Outgoing(
                message_id=message_id,
                from_name=clean_header_text(mail.from_name),
                from_address=mail.from_address,
                recipient=mail.recipient,
                reply_to=reply_to if reply_to != mail.from_address else "",
                subject=subject,
                date=now,
                in_reply_to=next(iter(clean_message_ids((mail.in_reply_to,))), ""),
                references=_references(policy, mail),
                headers=(*_machine_headers(mail, message_id), *mail.headers),
                text=rendered.text,
                html=show_images(rendered.html, images, beside) if images else rendered.html,
                attachments=carried,
            )
        )
    except MailprocError as error:
        return ComposedMail(mail, message_id, envelope_from, b"", subject=mail.subject, error=str(error))
    if rendered.problem:
        maillog.warned("template", template=mail.template, language=mail.language, problem=rendered.problem)
    return ComposedMail(mail, message_id, envelope_from, raw, subject=subject, text=rendered.text)


def _button_subject(mail: Mail) -> str:
    """The subject of a mail that a button starts; percent-encoded it is three times as long, and some mail programs
    take no link past 2,000 characters."""
    subject = f"Re: {mail.tag} {mail.subject or dict(mail.context).get('subject', '')}".replace("  ", " ")
    raw = subject.encode("utf-8", "replace")
    return subject if len(raw) <= _BUTTON_SUBJECT else raw[:_BUTTON_SUBJECT].decode("utf-8", "ignore").rstrip()


def _standing_address(policy: Policy, mail: Mail) -> str:
    """Where who gets this mail begins cases of their own."""
    return make_reply_address(policy.site, make_standing_token(policy.keys, mail.identity), mail.from_address)


def _references(policy: Policy, mail: Mail) -> tuple[str, ...]:
    """The ticket's constant root id, then the chain, oldest dropped first past 20 (mail-policy section 5)."""
    root = make_message_id(policy.keys, mail.serial, 0, policy.site.domain)
    chain = [message_id for message_id in dict.fromkeys(mail.references) if message_id != root]
    ids = (root, *clean_message_ids(chain[-19:]))
    if mail.held is not None and policy.site.address_extension == "none":
        return (*ids, make_hold_id(policy.site, make_token(policy.keys, "h", mail.held, mail.identity)))
    return ids


def _fit(
    policy: Policy, attachments: Sequence[Attachment], language: str
) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
    """The attachments that travel along, and lines about those that would make the mail too large."""
    carried, left = split_by_room(attachments, policy.site.max_attachments_size)
    return tuple(carried), tuple(f"{item.filename} ({format_size(item.size, language)})" for item in left)


def _machine_headers(mail: Mail, message_id: str) -> tuple[tuple[str, str], ...]:
    """What tells other machines that no person wrote this (RFC 3834 section 5), and ourselves that it is ours."""
    guard = (LOOP_HEADER.title(), message_id)
    if not mail.is_automatic:
        return (guard,)
    kind = "auto-replied" if mail.is_reply or mail.purpose == "received" else "auto-generated"
    return (
        guard,
        ("Auto-Submitted", kind),
        ("X-Auto-Response-Suppress", "DR, RN, NRN, OOF, AutoReply"),
        ("Precedence", "bulk"),
    )
