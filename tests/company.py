"""A small company for tests: a mailproc daemon, its Postfix (submission and delivery), its Dovecot with all mailboxes.

Everybody who logs in does so by SMTP AUTH at that Postfix, which asks Dovecot; who does not is the world outside.
Postfix hands mail for the desk to mailproc by LMTP, as docs/postfix.md says, and all other mail into mailboxes.
"""

import contextlib
import email
import re
import smtplib
from collections.abc import Callable, Iterator
from email import policy
from email.message import EmailMessage
from urllib.parse import unquote

import pytest

from tests import dovecot, postfix
from tests.dovecot import PASSWORD
from tests.handbook import SITE, find
from tests.house import House, substitute
from tests.house import opened as opened_house

HOST = "mx.acme.example"
DESK = ("support@acme.example", "billing@acme.example")
_SASL = """
service auth {
  unix_listener sasl {
    mode = 0666
  }
}
"""


class Company:
    """The three servers, and what people see in their mailboxes."""

    def __init__(self, house: House, relay: postfix.Postfix, imap: dovecot.Dovecot) -> None:
        self.house, self.relay, self.imap = house, relay, imap

    def submit(self, mail: EmailMessage, *, login: str = "", to: str = "", sender: str = "") -> None:
        """Hand a mail in at the Postfix; without a login as a server outside does."""
        to = to or re.sub(r"^.*<|>$", "", str(mail["To"]))
        sender = sender or re.sub(r"^.*<|>$", "", str(mail["From"]))
        self.submit_raw(mail.as_bytes(policy=policy.SMTP), sender, to, login=login)

    def submit_raw(self, raw: bytes, sender: str, to: str, *, login: str = "") -> None:
        """The same with these very bytes."""
        with smtplib.SMTP("127.0.0.1", self.relay.port, local_hostname="client.example", timeout=60) as client:
            if login:
                client.login(login, PASSWORD)
            client.sendmail(sender, [to], raw)

    def mails(self, user: str) -> list[EmailMessage]:
        """Everything in a mailbox."""
        parsed = [email.message_from_bytes(raw, policy=policy.default) for raw in self.imap.contents(user)]
        return [mail for mail in parsed if isinstance(mail, EmailMessage)]

    def wait_for(self, user: str, what: Callable[[EmailMessage], bool], why: str = "") -> EmailMessage:
        """The newest such mail in a mailbox, as soon as there is one."""
        found: list[EmailMessage] = []

        def came() -> bool:
            found[:] = [mail for mail in self.mails(user) if what(mail)]
            return bool(found)

        assert postfix.wait_until(came), (
            f"{why or 'it'} never came to {user}, who has {[str(mail['Subject']) for mail in self.mails(user)]}\n"
            f"{self.house.run('hold', 'list').stdout}\n{self.house.log()[-3000:]}\n{self.relay.log()[-3000:]}"
        )
        return found[-1]

    def wait_for_words(self, user: str, *words: str) -> EmailMessage:
        """The newest mail with these words in its text."""
        return self.wait_for(user, lambda mail: all(word in text_of(mail) for word in words), " and ".join(words))


@contextlib.contextmanager
def opened(people: tuple[str, ...], **settings: str) -> Iterator[Company]:
    """A company in which these addresses have mailboxes; skips where one of its servers cannot be."""
    obstacle = postfix.find_obstacle()
    if obstacle:
        pytest.skip(obstacle)
    dovecot.find_dovecot()
    with contextlib.ExitStack() as stack:
        house = stack.enter_context(opened_house("postfix"))
        imap = stack.enter_context(dovecot.running(extra=_SASL))
        for person in people:
            imap.fill(person, [])
        owner = imap.maildir(people[0]).stat()
        boxes = ", ".join(f"{{{person} = {person}/}}" for person in people)
        relay = postfix.Postfix(
            {},
            myhostname=HOST,
            virtual_mailbox_domains=", ".join(dict.fromkeys(person.rpartition("@")[2] for person in people)),
            virtual_mailbox_base=str(imap.folder / "mail"),
            virtual_mailbox_maps=f"inline:{{ {boxes}, {', '.join(f'{{{address} = desk}}' for address in DESK)} }}",
            virtual_uid_maps=f"static:{owner.st_uid}",
            virtual_gid_maps=f"static:{owner.st_gid}",
            virtual_minimum_uid="1",
            virtual_mailbox_limit="0",
            transport_maps=f"inline:{{ {', '.join(f'{{{address} = lmtp:unix:mailproc/lmtp}}' for address in DESK)} }}",
            smtpd_sasl_auth_enable="yes",
            smtpd_sasl_type="dovecot",
            smtpd_sasl_path=str(imap.folder / "run" / "sasl"),
            smtpd_client_connection_count_limit="0",
            smtpd_client_message_rate_limit="0",
            **settings,
        )
        stack.callback(relay.stop)
        with (relay.folder / "etc" / "master.cf").open("a") as master:
            master.write("virtual unix - n n - - virtual\n")
        with (relay.folder / "etc" / "main.cf").open("a") as main:
            main.write(find("postfix", "Agents who log in here", "/etc/postfix/main.cf"))
        relay.start()
        (relay.queue / "mailproc").mkdir()
        table: dict[str, object] = {"/var/spool/postfix": relay.queue, "port: 25,": f"port: {relay.port},"}
        house.configure(substitute(find("postfix", "LMTP", SITE), table))
        house.configure(find("postfix", "Agents who log in here", SITE))
        yield Company(house, relay, imap)


def link(notice: EmailMessage, purpose: str, body: str = "") -> str:
    """The mailto: link of a button as mail programs hand it on, by its purpose (r, n, d, h) and what it says."""
    part = notice.get_body(("html",))
    assert part is not None
    html = str(part.get_content()).replace("&amp;", "&")
    for address in re.findall(r'<a [^>]*href="(mailto:[^"]+)"', html):
        said = unquote(address.partition("body=")[2].partition("&")[0])
        if re.match(rf"mailto:support%2B[a-z2-7]{purpose}[0-9]", address, re.IGNORECASE) and said == body:
            return str(address)
    raise AssertionError(f"no button {purpose} {body!r} in {html}")


def text_of(mail: EmailMessage) -> str:
    """Its text part, "" without one."""
    part = mail.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""


def all_text_of(mail: EmailMessage) -> str:
    """Every text part, decoded."""
    return "\n".join(str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text")
