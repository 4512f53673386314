"""What `mailproc init` writes for each mail provider. Data only; a secret is read from the environment at start."""

from dataclasses import dataclass

_NO_TRUST = """\
  # trusted_authserv_ids: []          # the first word of Authentication-Results in a mail you received
  # border_hosts: []                  # the hosts that write it; none: the same names
  trusted_networks: []                # 10.0.0.0/8, 192.0.2.7: our own mail servers
"""


@dataclass(frozen=True, slots=True)
class Preset:
    """The lines of a settings file that depend on the provider, and what the admin has to do there."""

    title: str
    intake: str
    delivery: str
    trust: str
    oauth: str = "oauth: []\n"
    steps: tuple[str, ...] = ()
    max_attachments_size: str = "20MB"


def _hosted(
    title: str,
    provider: str,
    login: str,
    authserv_id: str,
    border: str,
    steps: tuple[str, ...],
    oauth: str = "oauth: []\n",
    max_attachments_size: str = "20MB",
) -> Preset:
    """A provider whose mailbox is read by IMAP and who takes mail with a login."""
    return Preset(
        title=title,
        intake=f"""\
  - {{kind: imap, name: support, provider: {provider}, user: @ADDRESS@, {login},
     folder: INBOX, start: now, after: "move:Processed"}}
""",
        delivery=f"""\
delivery: {{kind: smtp, provider: {provider}, user: @ADDRESS@, {login}}}
""",
        trust=f"""\
  trusted_authserv_ids: ["{authserv_id}"]  # the first word of Authentication-Results in a mail you received
  border_hosts: ["{border}"]  # the hosts that write it
  trusted_networks: []                # 10.0.0.0/8, 192.0.2.7: our own mail servers
""",
        oauth=oauth,
        steps=steps,
        max_attachments_size=max_attachments_size,
    )


_PASSWORD = 'password: "${env:MAIL_PASSWORD}"'

PRESETS: dict[str, Preset] = {
    "generic": Preset(
        title="any mail server",
        intake="""\
# A mailbox:
# - {kind: imap, name: support, host: imap.@DOMAIN@, user: @ADDRESS@, password: "${env:MAIL_PASSWORD}",
#    folder: INBOX, start: now, after: "move:Processed"}
""",
        delivery="""\
# delivery: {kind: smtp, host: smtp.@DOMAIN@, port: 587, tls: starttls, user: @ADDRESS@,
#            password: "${env:MAIL_PASSWORD}"}
delivery: {kind: maildir, path: data/sent}  # until the lines above are filled in
""",
        trust=_NO_TRUST,
        steps=(
            "Fill in the mailbox under intake and your mail server under delivery, or let your mail server hand the "
            "mail of your addresses to 127.0.0.1:2525 by SMTP.",
        ),
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
            "Postfix, /etc/postfix/transport, one line for each of your addresses:\n@TRANSPORTS@",
            "Postfix, main.cf (where mydestination holds your domain; relay_recipient_maps where relay_domains does):\n"
            "    recipient_delimiter = +\n"
            "    transport_maps = hash:/etc/postfix/transport\n"
            "    local_recipient_maps = proxy:unix:passwd.byname $alias_maps $transport_maps",
            "postmap /etc/postfix/transport\n    postfix reload",
            "Let OpenDKIM and OpenDMARC check incoming mail: agents answer only with proven mail.",
        ),
    ),
    "gmail": _hosted(
        "Gmail or Google Workspace",
        "gmail",
        _PASSWORD,
        "mx.google.com",
        "mx.google.com",
        (
            "Google: turn on 2-step verification and make an app password; start mailproc with it in MAIL_PASSWORD. "
            "Workspace without app passwords: a service account, as the settings show under oauth.",
        ),
        max_attachments_size="18MB",  # it takes mails of 25 MB, and base64 makes a third more of a file
    ),
    "microsoft365": _hosted(
        "Microsoft 365",
        "microsoft365",
        "oauth: microsoft",
        "microsoft365",  # its field names no server; this word stands for that form
        "*.outlook.com",
        (
            "Microsoft Entra: register an application, give it the application permissions IMAP.AccessAsApp and "
            "SMTP.SendAsApp of Office 365 Exchange Online, grant admin consent and make a client secret. Put its "
            "client ID and your tenant into the settings; start mailproc with the secret in OAUTH_SECRET.",
            "Exchange Online PowerShell, with the object ID of the Enterprise application (not of the registration):\n"
            "    New-ServicePrincipal -AppId CLIENT-ID -ObjectId OBJECT-ID\n"
            "    Add-MailboxPermission -Identity @ADDRESS@ -User OBJECT-ID -AccessRights FullAccess\n"
            "    Add-RecipientPermission -Identity @ADDRESS@ -Trustee OBJECT-ID -AccessRights SendAs",
            "mailproc auth status  says whether the token comes.",
        ),
        """\
oauth:
  - {name: microsoft, provider: microsoft, flow: client_credentials, tenant: @DOMAIN@,
     client_id: 00000000-0000-0000-0000-000000000000, client_secret: "${env:OAUTH_SECRET}"}
""",
    ),
    "fastmail": _hosted(
        "Fastmail",
        "fastmail",
        _PASSWORD,
        "*.messagingengine.com",
        "*.messagingengine.com",
        ("Fastmail: make an app password for IMAP and SMTP; start mailproc with it in MAIL_PASSWORD.",),
    ),
}
