"""What `mailproc init` writes for each mail provider. Data only; what needs a secret is written as a comment."""

from dataclasses import dataclass

_SENT = "delivery: {kind: maildir, path: data/sent}  # until the lines above are filled in"
_NO_TRUST = """\
  trusted_authserv_ids: []            # the first word of Authentication-Results in a mail you received
  border_hosts: []                    # the hosts that write it; none: the same names
  trusted_networks: []                # 10.0.0.0/8, 192.0.2.7: our own mail servers
"""


@dataclass(frozen=True, slots=True)
class Preset:
    """The lines of a settings file that depend on the provider, and what the admin has to do there."""

    title: str
    intake: str
    delivery: str
    trust: str
    steps: tuple[str, ...] = ()


def _hosted(
    title: str, imap: str, smtp: str, authserv_id: str, border: str, secret: str, steps: tuple[str, ...]
) -> Preset:
    """A provider whose mailbox is read by IMAP and who takes mail with a login."""
    ids, borders = f'["{authserv_id}"]', f'["{border}"]'
    return Preset(
        title=title,
        intake=f"""\
# A mailbox, read by a later version:
# - {{kind: imap, name: support, {imap},
#    user: @ADDRESS@, {secret},
#    folder: INBOX, start: now, after: "move:Processed", idle: yes, poll_seconds: 60}}
""",
        delivery=f"""\
# delivery: {{kind: smtp, {smtp}, user: @ADDRESS@,
#            password: "${{env:SMTP_PASSWORD}}"}}
{_SENT}
""",
        trust=f"""\
  trusted_authserv_ids: {ids}  # the first word of Authentication-Results in a mail you received
  border_hosts: {borders}  # the hosts that write it
  trusted_networks: []                # 10.0.0.0/8, 192.0.2.7: our own mail servers
""",
        steps=(
            f"{title}: forward this mailbox to a mail server of yours that hands the mail to 127.0.0.1:2525 by SMTP "
            "(reading it by IMAP is not in this version yet).",
            *steps,
        ),
    )


_PASSWORD = 'password: "${env:IMAP_PASSWORD}"'
_TOKEN = 'token: "${env:IMAP_TOKEN}"'

PRESETS: dict[str, Preset] = {
    "generic": Preset(
        title="any mail server",
        intake="""\
# A mailbox, read by a later version:
# - {kind: imap, name: support, host: imap.@DOMAIN@, port: 993, tls: required,
#    user: @ADDRESS@, password: "${env:IMAP_PASSWORD}",
#    folder: INBOX, start: now, after: "move:Processed", idle: yes, poll_seconds: 60}
""",
        delivery=f"""\
# delivery: {{kind: smtp, host: smtp.@DOMAIN@, port: 587, tls: starttls, user: @ADDRESS@,
#            password: "${{env:SMTP_PASSWORD}}"}}
{_SENT}
""",
        trust=_NO_TRUST,
        steps=("Let your mail server hand the mail of your addresses to 127.0.0.1:2525 by SMTP.",),
    ),
    "postfix": Preset(
        title="Postfix on this machine",
        intake="",
        delivery="delivery: {kind: smtp, host: 127.0.0.1, port: 25, tls: none}\n",
        trust="""\
  # Only when OpenDMARC runs in this Postfix and removes foreign fields of this name: else anybody can write them
  trusted_authserv_ids: []  # [@HOSTNAME@]
  border_hosts: []  # [@HOSTNAME@]
  trusted_networks: [127.0.0.0/8, "::1/128"]
""",
        steps=(
            "Postfix, /etc/postfix/transport, one line for each of your addresses, then postmap it:\n"
            "@TRANSPORTS@",
            "Postfix, main.cf:\n"
            "    transport_maps = hash:/etc/postfix/transport\n"
            "    recipient_delimiter = +",
            "Let OpenDKIM and OpenDMARC check incoming mail: agents answer only with proven mail.",
        ),
    ),
    "gmail": _hosted(
        "Gmail or Google Workspace",
        "host: imap.gmail.com, port: 993, tls: required",
        "host: smtp.gmail.com, port: 587, tls: starttls",
        "mx.google.com",
        "mx.google.com",
        _PASSWORD,
        ("Google: turn on 2-step verification and make an app password; start mailproc with it in SMTP_PASSWORD.",),
    ),
    "microsoft365": _hosted(
        "Microsoft 365",
        "host: outlook.office365.com, port: 993, tls: required",
        "host: smtp.office365.com, port: 587, tls: starttls",
        "microsoft365",  # its field names no server; this word stands for that form
        "*.outlook.com",
        _TOKEN,
        ("Microsoft 365: allow authenticated SMTP for this mailbox; start mailproc with its password in "
         "SMTP_PASSWORD.",),
    ),
    "fastmail": _hosted(
        "Fastmail",
        "host: imap.fastmail.com, port: 993, tls: required",
        "host: smtp.fastmail.com, port: 465, tls: required",
        "*.messagingengine.com",
        "*.messagingengine.com",
        _PASSWORD,
        ("Fastmail: make an app password for SMTP; start mailproc with it in SMTP_PASSWORD.",),
    ),
}  # fmt: skip
