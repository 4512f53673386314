"""The documents for operators, lived through: real mail servers with the blocks of docs/ as they stand there.

Nothing of a block is changed but what a table below names: ports, paths and users. What else these servers need to run
here, and where they find the customers of the tests, is set beside it.
"""

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import dovecot, exim, messenger, postfix
from tests.handbook import SITE, find
from tests.house import TEAM, House, converse, in_shell, opened, substitute

FORGED = "mx.acme.example; dmarc=pass header.from=customer.example"


# ---- Postfix


class OperatedPostfix:
    """A Postfix that runs, a site, and an operator who does what docs/postfix.md says."""

    def __init__(self, house: House, server: postfix.Postfix, program: Path) -> None:
        self.house, self.server = house, server
        self.etc = server.folder / "etc"
        self.smtp_port = postfix.free_port()
        self.table: dict[str, object] = {
            "/etc/postfix": self.etc,
            "/var/spool/postfix": server.queue,
            "/var/lib/mailproc/site": house.site,
            "/opt/mailproc/bin/mailproc": program,
            "user=mailproc": f"user={messenger.USER}",
            "-o mailproc": "-o root",
            "port: 25,": f"port: {server.port},",
            "127.0.0.1:2525": f"127.0.0.1:{self.smtp_port}",
            "[127.0.0.1]:2525": f"[127.0.0.1]:{self.smtp_port}",
            "postmap ": f"postmap -c {self.etc} ",
            "postfix reload": f"postfix -c {self.etc} reload",
        }

    def write(self, section: str, *labels: str) -> None:
        """Add the document's blocks to these files, or change mailproc.yaml."""
        for label in labels:
            block = substitute(find("postfix", section, label), self.table)
            if label == SITE:
                self.house.configure(block)
            else:
                self.add(label.removeprefix("/etc/postfix/"), block)

    def add(self, name: str, lines: str) -> None:
        """Add lines to a file; in main.cf they take the place of what stood there."""
        path = self.etc / name
        text = path.read_text() if path.exists() else ""
        if name == "main.cf":
            for key in re.findall(r"^(\w+) =", lines, re.MULTILINE):
                text = re.sub(rf"^{key} =.*\n", "", text, flags=re.MULTILINE)
        path.write_text(f"{text}\n{lines}")
        postfix.let_settle(path)

    def run(self, section: str) -> None:
        """The commands of a section."""
        in_shell(find("postfix", section, "as root"), self.table)

    def converse(self, **headers: str) -> None:
        """Start the daemon and have a case by mail through Postfix."""
        self.house.start()
        converse(self.house, self.server.port, self.server.log, "by mx.relay.test (Postfix)", **headers)


@pytest.fixture
def operated() -> Iterator[OperatedPostfix]:
    """Postfix knows acme.example as a domain of its own; customers and teams are beyond it."""
    obstacle = postfix.find_obstacle()
    if obstacle:
        pytest.skip(obstacle)
    with (
        opened("postfix") as house,
        postfix.running({}, mydestination="acme.example") as server,
        messenger.standing_in(server.folder) as program,
    ):
        yield OperatedPostfix(house, server, program)


def beyond(house: House) -> str:
    """Where these tests' customers and teams are, for a transport table."""
    return f"customer.example smtp:[127.0.0.1]:{house.sink_port}\n{TEAM} smtp:[127.0.0.1]:{house.sink_port}\n"


def test_postfix_lmtp(operated: OperatedPostfix) -> None:
    operated.write("LMTP", SITE, "/etc/postfix/transport", "/etc/postfix/main.cf")
    operated.write("Whose word counts", SITE, "/etc/postfix/main.cf", "/etc/postfix/header_checks")
    operated.add("main.cf", "smtpd_milters =\n")  # neither OpenDKIM nor OpenDMARC runs here
    operated.add("transport", beyond(operated.house))
    operated.run("LMTP")
    operated.converse(Authentication_Results=FORGED)
    assert b"dmarc=pass" not in operated.house.raw_of_first()
    assert "relay=mx.relay.test[mailproc/lmtp]" in operated.server.log()


def test_postfix_pipe(operated: OperatedPostfix) -> None:
    operated.write("Pipe", SITE, "/etc/postfix/transport", "/etc/postfix/master.cf")
    operated.write("LMTP", "/etc/postfix/main.cf")
    operated.add("transport", beyond(operated.house))
    operated.run("LMTP")
    operated.converse()
    assert "relay=mailproc," in operated.server.log()


def test_postfix_virtual_alias(operated: OperatedPostfix) -> None:
    operated.write("Pipe", SITE, "/etc/postfix/master.cf")
    operated.write("Virtual aliases", "/etc/postfix/virtual", "/etc/postfix/transport", "/etc/postfix/main.cf")
    operated.add("main.cf", "mydestination =\nvirtual_alias_domains = acme.example\n")
    operated.add("virtual", f"{TEAM} team@customer.example\n")
    operated.add("transport", beyond(operated.house))
    operated.run("Virtual aliases")
    operated.house.team = "team@customer.example"
    operated.converse()
    assert "relay=mailproc," in operated.server.log() and "mailproc.invalid" in operated.server.log()


def test_postfix_smtp(operated: OperatedPostfix) -> None:
    operated.write("SMTP", SITE, "/etc/postfix/transport")
    operated.write("LMTP", "/etc/postfix/main.cf")
    operated.add("transport", beyond(operated.house))
    operated.run("LMTP")
    operated.converse()
    assert f"relay=127.0.0.1[127.0.0.1]:{operated.smtp_port}" in operated.server.log()


# ---- Exim


@pytest.mark.parametrize("section", ["LMTP", "Pipe"])
def test_exim(section: str) -> None:
    obstacle = exim.find_obstacle()
    if obstacle:
        pytest.skip(obstacle)
    port = postfix.free_port()
    with opened() as house, messenger.standing_in(house.folder) as program:
        socket_folder = house.folder / "lmtp"
        table: dict[str, object] = {
            "/var/lib/mailproc/site": house.site,
            "/var/lib/mailproc/lmtp": socket_folder,
            "/var/lib/mailproc": house.folder,
            "/opt/mailproc/bin/mailproc": program,
            "user = mailproc": f"user = {exim.USER}",  # who takes on nobody else's rights here
            "group = mailproc": f"group = {exim.USER}",
            "-o mailproc": "-o root",
            "port: 25,": f"port: {port},",
            "update-exim4.conf\n": "",  # makes one file of those of Debian
            "systemctl reload exim4\n": "",
        }
        house.configure(substitute(find("exim", section, SITE), table))
        in_shell(find("exim", "LMTP", "as root"), table)
        routers = find("exim", section, "/etc/exim4/conf.d/router/150_mailproc")
        transports = find("exim", section, "/etc/exim4/conf.d/transport/30_mailproc")
        acl = find("exim", "Whose word counts", "/etc/exim4/check_data_local_acl")
        with exim.running(
            port=port,
            routers=substitute(routers, table) + BEYOND_ROUTER.format(port=house.sink_port),
            transports=substitute(transports, table) + BEYOND_TRANSPORT.format(port=house.sink_port),
            acl=acl,
        ) as server:
            house.start()
            converse(house, port, server.log, "by mx.acme.example with", Authentication_Results=FORGED)
            raw = house.raw_of_first()
            assert b"dmarc=pass" not in raw and b"Authentication-Results: mx.acme.example" in raw, raw
            assert postfix.wait_until(lambda: server.queued() == 0), server.log()
            assert f"T=mailproc_{section.lower()}" in server.log()


BEYOND_ROUTER = """
beyond:
  driver = manualroute
  domains = customer.example : acme.example
  transport = beyond
  route_list = * 127.0.0.1
  self = send
"""
BEYOND_TRANSPORT = """
beyond:
  driver = smtp
  port = {port}
  allow_localhost
  hosts_try_fastopen =
"""


# ---- Dovecot


@pytest.mark.parametrize("section", ["A mailbox", "A master user"])
def test_dovecot(section: str) -> None:
    """Postfix delivers into a mailbox, Dovecot serves it, mailproc fetches and moves."""
    obstacle = postfix.find_obstacle()
    if obstacle:
        pytest.skip(obstacle)
    dovecot.find_dovecot()
    user = "support@acme.example"
    with opened() as house, contextlib.ExitStack() as stack:
        etc = house.folder / "dovecot"
        etc.mkdir()
        table: dict[str, object] = {
            "/var/lib/mailproc/site": house.site,
            "/etc/dovecot": etc,
            "-g dovecot": "-g nogroup",
            "the password of the mailbox": dovecot.PASSWORD,
            "the password of the master user": "master of all",
            "doveadm reload\n": "",
        }
        extra = ""
        if section == "A master user":
            in_shell(find("dovecot", section, "as root"), table)
            (house.site / "data" / "imap-password").write_text("master of all\n")
            extra = substitute(find("dovecot", section, "/etc/dovecot/conf.d/90-mailproc.conf"), table)
        else:
            in_shell(find("dovecot", section, "as mailproc"), table)
        imap = stack.enter_context(dovecot.running(extra=extra))
        imap.fill(user, [])
        owner = (imap.maildir(user)).stat()
        relay = postfix.Postfix(
            {},
            virtual_mailbox_domains="acme.example",
            virtual_mailbox_base=str(imap.folder / "mail"),
            virtual_mailbox_maps=f"inline:{{ {{{user} = {user}/}}, {{billing@acme.example = {user}/}}, "
            f"{{{TEAM} = beyond}} }}",
            virtual_uid_maps=f"static:{owner.st_uid}",
            virtual_gid_maps=f"static:{owner.st_gid}",
            virtual_minimum_uid="1",
            virtual_mailbox_limit="0",
            transport_maps=f"inline:{{ {{{TEAM} = smtp:[127.0.0.1]:{house.sink_port}}}, "
            f"{{customer.example = smtp:[127.0.0.1]:{house.sink_port}}} }}",
        )
        stack.callback(relay.stop)
        with (relay.folder / "etc" / "master.cf").open("a") as master:
            master.write("virtual unix - n n - - virtual\n")
        relay.start()
        table |= {"port: 143,": f"port: {imap.port},", "port: 25,": f"port: {relay.port},"}
        house.configure(substitute(find("dovecot", section, SITE), table))
        house.start()
        assert postfix.wait_until(lambda: "looked through" in house.run("health").stdout), house.log()
        converse(house, relay.port, lambda: relay.log() + imap.log(), "by mx.relay.test (Postfix)")
        assert postfix.wait_until(lambda: len(imap.contents(user, "Processed")) == 2)
        assert imap.contents(user) == []


# ---- A shell account


def test_forward_file(operated: OperatedPostfix) -> None:
    """The hoster's Postfix delivers the desk's address to an account, whose .forward calls mailproc."""
    site, program = operated.house.site, operated.table["/opt/mailproc/bin/mailproc"]
    table: dict[str, object] = {"/home/acme/site": site, "/home/acme/mailproc/bin/mailproc": program}
    lines = find("hosting", "Mail by .forward", "/home/acme/.forward").splitlines(keepends=True)[1:]
    home = operated.server.folder / "home"
    home.mkdir(mode=0o755)
    (home / ".forward").write_text(substitute("".join(lines), table))
    (home / ".forward").chmod(0o600)
    for path in (home, home / ".forward"):
        shutil.chown(path, messenger.USER)
    # What stands in front of an account is the hoster's; the way out is a Postfix here, not their submission server
    operated.house.configure(find("postfix", "Pipe", SITE).replace("port: 25,", f"port: {operated.server.port},"))
    operated.add("main.cf", f"forward_path = {home}/.forward${{recipient_delimiter}}${{extension}}, {home}/.forward\n")
    account = f"{messenger.USER}@localhost"
    operated.add("main.cf", f"virtual_alias_maps = inline:{{ {{support@acme.example = {account}}} }}\n")
    operated.add("main.cf", "mydestination = acme.example, localhost\n")
    operated.add("main.cf", f"transport_maps = hash:{operated.etc}/transport\n")
    operated.add("master.cf", "local unix - n n - - local\n")
    operated.add("transport", beyond(operated.house))
    in_shell("postmap /etc/postfix/transport\npostfix reload\n", operated.table)
    operated.converse()
    assert "delivered to command" in operated.server.log()
