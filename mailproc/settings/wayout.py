"""The keys of `delivery` that are sections of their own: signing, and copies of what was sent."""

import re

from mailproc import yamlnodes
from mailproc.settings import values
from mailproc.settings.reader import Section
from mailproc.settings.records import DkimSettings, IntakeSettings, SentCopySettings

DKIM_KEYS = ("selector", "domain", "key_file", "algorithm")
SENT_COPY_KEYS = ("intake", "folder")
ALGORITHMS = ("rsa-sha256", "ed25519-sha256")


def read_dkim(delivery: Section) -> DkimSettings | None:
    """How mail is signed; None where it is not."""
    if "dkim" not in delivery:
        return None
    section = delivery.section("dkim", DKIM_KEYS, {})
    return DkimSettings(
        selector=section.read("selector", read_selector, "", needed="mail2026"),
        domain=section.read("domain", values.read_domain, "", needed="example.org"),
        key_file=section.read_path("key_file", needed="data/dkim.pem"),
        algorithm=section.read("algorithm", values.read_choice(*ALGORITHMS), ALGORITHMS[0]),
    )


def read_sent_copy(delivery: Section, intakes: tuple[IntakeSettings, ...]) -> SentCopySettings | None:
    """Where copies go; None where none are kept."""
    if "sent_copy" not in delivery:
        return None
    section = delivery.section("sent_copy", SENT_COPY_KEYS, {})
    mailboxes = {intake.name: intake for intake in intakes if intake.kind == "imap"}
    name = section.read("intake", values.read_text, "", needed=next(iter(mailboxes), "NAME"))
    folder = section.read("folder", values.read_folder, "Sent")
    if name and name not in mailboxes:
        guess = yamlnodes.did_you_mean(name, list(mailboxes))
        said = f'there is no imap intake "{name}"' + (f": {guess}" if guess else "")
        hint = f"Possible here: {', '.join(mailboxes)}." if mailboxes else "Write one below  intake:"
        section.report("intake", "S004", said, hint)
    elif name and folder in mailboxes[name].folders:
        text = f"what is sent would come in again: {name} reads {folder}"
        section.report("folder", "S005", text, "Name another folder here or there.")
    return SentCopySettings(name, folder)


def read_selector(word: str) -> str:
    """The name of a key below a domain."""
    # RFC 6376 section 3.1: labels of a domain name
    if re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9-]{1,63}){0,3}", word):
        return word
    raise values.BadValue(f'"{word}" is no selector', "Letters, digits and hyphens, such as mail2026.")
