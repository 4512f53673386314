"""What mail providers mean when they refuse: their codes and words to a cause and a remedy. Data and a look-up.

Every entry is one that operators meet. Special ones stand before general ones; the first that fits is taken.
"""

import re
from dataclasses import dataclass

_LONGEST = 4_000  # characters of an answer that are looked at

# Last parts of host names, to tell whose words these are where the words alone do not
PROVIDERS: dict[str, tuple[str, ...]] = {
    "google": ("gmail.com", "googlemail.com", "google.com", "googleapis.com"),
    "microsoft": ("office365.com", "outlook.com", "office.com", "microsoftonline.com", "office365.us", "outlook.cn"),
    "fastmail": ("fastmail.com", "messagingengine.com", "fastmail.fm"),
    "yahoo": ("yahoo.com", "yahoodns.net", "aol.com"),
    "apple": ("mail.me.com", "icloud.com"),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One known refusal."""

    pattern: re.Pattern[str]
    cause: str
    remedy: str
    is_login: bool = False  # trying again cannot help before somebody does something
    protocol: str = ""  # imap | smtp | oauth; "": any
    provider: str = ""  # a key of PROVIDERS; "": any


@dataclass(frozen=True, slots=True)
class Explanation:
    """A refusal in plain words."""

    cause: str
    remedy: str
    is_login: bool

    def __str__(self) -> str:
        return f"{self.cause}. {self.remedy}"


def explain_refusal(text: str, protocol: str = "", host: str = "") -> Explanation | None:
    """What this answer of a server (or error of a connection) means and what to do; None when nobody knows it.

    `protocol` is imap, smtp, lmtp or oauth, `host` the name of the server that was asked.
    """
    shown = text[:_LONGEST]
    provider = find_provider(host)
    for refusal in REFUSALS:
        if refusal.protocol and protocol and refusal.protocol != protocol:
            continue
        if refusal.provider and refusal.provider != provider:
            continue
        if refusal.pattern.search(shown):
            return Explanation(refusal.cause, refusal.remedy, refusal.is_login)
    return None


def find_provider(host: str) -> str:
    """A key of PROVIDERS, "" for a host of nobody we know."""
    name = host.lower().rstrip(".")
    for provider, ends in PROVIDERS.items():
        if any(name == end or name.endswith(f".{end}") for end in ends):
            return provider
    return ""


def _login(
    pattern: str, cause: str, remedy: str, protocol: str = "", provider: str = ""
) -> Refusal:
    return Refusal(re.compile(pattern, re.IGNORECASE), cause, remedy, True, protocol, provider)


def _other(pattern: str, cause: str, remedy: str, protocol: str = "", provider: str = "") -> Refusal:
    return Refusal(re.compile(pattern, re.IGNORECASE), cause, remedy, False, protocol, provider)


_APP_PASSWORD = "Make an app password in the security settings of the account (2-step verification must be on) and"
_GOOGLE_CHECK = (
    "Log in to the account once in a web browser and confirm that it was you; then use OAuth2 (`oauth:`, "
    "`mailproc auth login`) or an app password"
)

GOOGLE = (
    _login(r"application-specific password required|5\.7\.9 .{0,40}app",
           "Google takes no ordinary password here",
           f"{_APP_PASSWORD} use it instead, or use OAuth2: `oauth:` and `mailproc auth login`"),
    _login(r"\bWEBALERT\b|log ?in via your web browser|web login required|5\.7\.14\b",
           "Google wants to see a person before it lets this program in", _GOOGLE_CHECK),
    _login(r"not enabled for IMAP use",
           "IMAP is switched off for this Gmail account",
           "Switch it on: Gmail, Settings, Forwarding and POP/IMAP, Enable IMAP", "imap"),
    _login(r"IMAP access is disabled for your domain",
           "the administrator of the Google Workspace has switched IMAP off",
           "Admin console: Apps, Google Workspace, Gmail, End User Access, POP and IMAP access: on", "imap"),
    _login(r"unauthorized_client|client is unauthorized to retrieve access tokens",
           "Google does not let this service account act for the mailbox",
           "Admin console: Security, API controls, Domain-wide delegation: add the client id of the service account "
           "with the scope https://mail.google.com/", "oauth"),
    _login(r"invalid jwt signature|invalid_grant.{0,80}(account not found|invalid email)",
           "Google does not know the service account's key or the mailbox it asks for",
           "Check `user` and make a new JSON key of the service account for `key_file`", "oauth"),
    _login(r"5\.7\.8\b.{0,60}(username and password|badcredentials)|username and password not accepted",
           "Google refused the user name and password",
           f"{_APP_PASSWORD} use it instead: ordinary passwords no longer work there. Or use OAuth2", "smtp"),
    _login(r"\[AUTHENTICATIONFAILED\]|invalid credentials",
           "Google refused the login: the password is wrong or not an app password, or the token has expired",
           f"{_APP_PASSWORD} put it into the settings; with OAuth2 run `mailproc auth login` again", "imap", "google"),
    _other(r"too many simultaneous connections",
           "too many connections to this mailbox are open at once; Google allows 15 for all programs together",
           "Close other mail programs on this account, or read fewer folders; mailproc comes again by itself"),
    _other(r"exceeded command or bandwidth limits|\[OVERQUOTA\].{0,60}bandwidth",
           "the account has fetched more than Google allows in a day (2500 MB)",
           "Nothing to do: it works again within 24 hours. Do not read the same mailbox with several programs", "imap"),
    _other(r"too many login attempts",
           "there were too many logins in a short time",
           "Wait; mailproc comes again by itself. Look whether another program uses a wrong password", "smtp"),
    _other(r"5\.4\.5\b|daily (user )?sending (limit|quota) exceeded|daily SMTP relay",
           "the account has sent as many mails as Google allows in a day (500, Workspace 2000)",
           "Queued mail goes out when the 24 hours are over; for more use the SMTP relay of Workspace"),
    _other(r"[45]\.7\.26\b|\b421.{0,4}4\.7\.0\b.{0,200}(SPF|DKIM|unauthenticated)",
           "Google does not take our mail because neither SPF nor DKIM proves it",
           "Publish an SPF record that names the sending server and sign with DKIM; see the dns lines of doctor"),
    _other(r"4\.7\.28\b|unusual rate of unsolicited mail",
           "Google has slowed us down: too much mail from our address looked unwanted",
           "Wait; check the limits in mailproc.yaml and that SPF, DKIM and DMARC are right"),
    _other(r"421.{0,4}4\.7\.0\b", "the server has no time for us at the moment",
           "Nothing to do: mailproc tries again. If it stays so for hours, look at the provider's status page", "smtp"),
)  # fmt: skip

MICROSOFT = (
    _login(r"5\.7\.30\b|basic authentication is not supported",
           "Microsoft no longer takes a password for sending",
           "Use OAuth2: an entry in `oauth:` with provider microsoft, and  oauth: NAME  in delivery"),
    _login(r"SmtpClientAuthentication is disabled",
           "sending with a login (SMTP AUTH) is switched off for this mailbox or the whole tenant",
           "Exchange PowerShell:  Set-CASMailbox -Identity ADDRESS -SmtpClientAuthenticationDisabled $false ; for the "
           "tenant:  Set-TransportConfig -SmtpClientAuthenticationDisabled $false"),
    _login(r"5\.7\.139\b.{0,200}(security defaults|conditional access|locked by your organization)",
           "a security policy of the organisation forbids this login",
           "Use OAuth2 with client_credentials, or let the administrator exclude this account from the policy (Entra: "
           "Security defaults, Conditional Access)"),
    _login(r"5\.7\.139\b|basic ?auth(entication)?( is|) ?(disabled|blocked)|BasicAuthBlocked",
           "Microsoft refused the login: basic authentication is switched off, or the password is wrong",
           "Use OAuth2: an entry in `oauth:` with provider microsoft. App passwords do not help where basic "
           "authentication is off"),
    _login(r"authenticated but not connected",
           "the token is good, but Exchange gives it no mailbox",
           "Give the application access: Exchange PowerShell  Add-MailboxPermission -Identity ADDRESS -User "
           "SERVICE-PRINCIPAL -AccessRights FullAccess  (New-ServicePrincipal takes the ObjectId of the Enterprise "
           "application, not of the App registration), and check that `user` is the address of the mailbox", "imap"),
    _login(r"5\.7\.57\b|not authenticated to send( anonymous)? mail",
           "Microsoft wants a login before it takes mail",
           "Set `user` and `oauth` (or a password) in delivery; for a relay without login make a connector for the IP "
           "address of this host in the Exchange admin center"),
    _login(r"5\.7\.60\b|SendAsDenied|permissions? to send as this sender|5\.2\.252\b",
           "the account may not send as the site's address",
           "Give it the right: Exchange PowerShell  Add-RecipientPermission ADDRESS -Trustee ACCOUNT -AccessRights "
           "SendAs , or log in with the mailbox of the site's first address"),
    _login(r"5\.7\.3\b.{0,60}authentication unsuccessful|\b535 5\.7\.3\b",
           "Microsoft refused the token or password",
           "Run `mailproc auth status`; for an application: admin consent for SMTP.SendAsApp and IMAP.AccessAsApp, and "
           "the ObjectId of the Enterprise application in New-ServicePrincipal", "smtp"),
    _login(r"AADSTS7000222", "the client secret of the Microsoft application has expired",
           "Make a new one: Entra, App registrations, Certificates & secrets; put its value into client_secret"),
    _login(r"AADSTS7000215", "the client secret of the Microsoft application is wrong",
           "Put the secret's Value into client_secret, not its Secret ID"),
    _login(r"AADSTS700016|AADSTS90002|AADSTS900023",
           "Microsoft does not know this application or tenant",
           "Check client_id (Application ID) and tenant (Directory ID) on the application's overview page in Entra"),
    _login(r"AADSTS65001|AADSTS500113|consent_required",
           "nobody has consented to what the application asks for",
           "Entra, App registrations, API permissions: add the IMAP and SMTP permissions of Office 365 Exchange "
           "Online and press Grant admin consent; then `mailproc auth login`"),
    _login(r"AADSTS(50076|50079|53003|530003|50105|50158)|interaction_required",
           "the organisation wants a second factor or forbids this login",
           "Run `mailproc auth login` again, or use flow client_credentials, which no such policy asks for a person"),
    _login(r"AADSTS(70008|700082|700084|50173|50078)",
           "the login at Microsoft has expired or was revoked",
           "Run `mailproc auth login NAME` again; flow client_credentials never needs that"),
    _login(r"AUTHENTICATE failed|LOGIN failed",
           "Microsoft refused the login",
           "Passwords no longer work for IMAP there: use OAuth2. With OAuth2: `mailproc auth status`; for an "
           "application the permission IMAP.AccessAsApp with admin consent, New-ServicePrincipal and "
           "Add-MailboxPermission; and IMAP must be on for the mailbox (Set-CASMailbox -ImapEnabled $true)",
           "imap", "microsoft"),
    _other(r"4\.3\.2\b.{0,80}concurrent connections|concurrent connections limit",
           "more than three connections send from this mailbox at once",
           "Nothing to do: it goes on by itself. Do not send from the same mailbox with several programs"),
    _other(r"5\.1\.90\b|5\.2\.251|daily limit for message recipients|SubmissionQuotaExceeded",
           "the mailbox has sent to as many people as Microsoft allows in a day (10000)",
           "Queued mail goes out when the 24 hours are over; for more use another way out"),
    _other(r"5\.7\.520\b|external forwarding",
           "Microsoft does not forward mail to the outside",
           "Read the mailbox by IMAP instead, or let the administrator allow it: outbound spam policy, automatic "
           "forwarding"),
    _other(r"5\.7\.515\b", "Outlook.com does not take our mail because SPF, DKIM or DMARC is missing",
           "Publish SPF, DKIM and DMARC for the site's domain; see the dns lines of doctor"),
    _other(r"5\.7\.(501|502|503|705|708|750)\b",
           "Microsoft does not let this account or address send any more",
           "Ask Microsoft's support to take it off its list, after the reason has been found (a stolen password?)"),
    _other(r"4\.7\.500\b|server (is )?(too )?busy|server unavailable",
           "the server is too busy at the moment", "Nothing to do: mailproc tries again"),
)  # fmt: skip

OTHERS = (
    _login(r"(app|application)[- ](specific )?password|create an app",
           "the provider takes no ordinary password for mail programs",
           f"{_APP_PASSWORD} use it instead of the ordinary one (Fastmail: Settings, Privacy & Security, "
           "Integrations, with access to IMAP and SMTP)"),
    _login(r"authentication ?failed|invalid credentials|incorrect username|bad username or password",
           "Fastmail refused the login; it takes app passwords alone",
           "Make one: Settings, Privacy & Security, Integrations, with access to IMAP and SMTP. The user name is the "
           "whole address", "", "fastmail"),
    _login(r"authentication ?failed|invalid credentials|invalid login|5\.7\.[08]",
           "the provider refused the login; it takes app passwords alone",
           "Make an app password in the security settings of the account", "", "yahoo"),
    _login(r"authentication ?failed|invalid credentials|invalid login|5\.7\.[08]",
           "the provider refused the login; it takes app-specific passwords alone",
           "Make one at account.apple.com, Sign-In and Security", "", "apple"),
    _login(r"\binvalid_client\b", "the provider does not know the application or its secret",
           "Check client_id and client_secret in `oauth:`; a secret may have expired", "oauth"),
    _login(r"\binvalid_grant\b|token has been expired or revoked",
           "the provider no longer takes the stored login: it has expired, was revoked or the password has changed",
           "Run `mailproc auth login` again. Google: as long as the application is in Testing, logins last seven days",
           "oauth"),
    _login(r"\b(invalid_scope|access_denied|unauthorized_client)\b",
           "the provider does not let the application do what it asks for",
           "Check the permissions (scopes) of the application and that an administrator has consented", "oauth"),
    _login(r'"status" ?: ?"40[01]"|\bXOAUTH2\b.{0,80}(fail|invalid|refused)|invalid SASL argument',
           "the server does not take the access token",
           "Run `mailproc auth status`; check that `user` is the mailbox the token was made for and that its scope "
           "covers IMAP and SMTP"),
    _login(r"\[PRIVACYREQUIRED\]|plaintext authentication (is )?disallowed|encryption required|\b538 |"
           r"must issue a STARTTLS",
           "the server takes no password without encryption",
           "Write  tls: required  (port 993 or 465) or  tls: starttls  (port 143 or 587)"),
    _login(r"\[EXPIRED\]|password (has )?expired", "the password of this account has expired",
           "Set a new one and put it into the settings"),
    _login(r"\[AUTHORIZATIONFAILED\]", "this login may not use the mailbox it asks for",
           "Give the account access to it, or log in with the mailbox's own name"),
    _login(r"\[CONTACTADMIN\]", "the provider has closed this account to programs",
           "Ask whoever runs that mail server"),
    _other(r"temporary authentication failure|\b454\b.{0,6}4\.7\.0|\[UNAVAILABLE\]|temporary system (error|problem)",
           "the server cannot check logins at the moment", "Nothing to do: mailproc tries again. If it stays so, ask "
           "whoever runs that server"),
    _other(r"mail_max_userip_connections|maximum number of connections|too many connections|\[LIMIT\]",
           "too many connections to this account or from this address are open at once",
           "Close other programs that read the mailbox, or raise the limit at the server (Dovecot: "
           "mail_max_userip_connections)"),
    _login(r"\[AUTHENTICATIONFAILED\]|authentication ?(credentials )?(has )?(failed|invalid|unsuccessful)|"
           r"login (failed|incorrect|refused|denied)|invalid (login|credentials|user)|\b535\b|5\.7\.8\b",
           "the server refused the user name and password",
           "Check `user` (often the whole address) and the password, and that the account may use this protocol"),
    _login(r"no suitable authentication method|authentication (is )?not (enabled|supported)|AUTH extension not|"
           r"\[CANNOT\]|LOGINDISABLED|unsupported authentication",
           "the server offers no login on this connection",
           "Most servers do so only with encryption: write  tls: required  or  tls: starttls ; a relay that needs no "
           "login wants neither user nor password"),
    _login(r"\b530\b", "the server wants a login first", "Set `user` and `password` (or `oauth`) in the settings",
           "smtp"),
    _login(r"sender address rejected: not owned|not allowed to send (as|from)|sender (not|address not) (allowed|owned)",
           "this login may not send as the site's address",
           "Log in with the mailbox of that address, or allow it at the server (Postfix: smtpd_sender_login_maps)"),
    _login(r"relay(ing)? (access )?(denied|not permitted|not allowed|prohibited)|(unable|not permitted) to relay",
           "the server does not take mail for others from us",
           "Give it a login (`user`, `password`), or allow this host's address there (Postfix: mynetworks)", "smtp"),
    _login(r"client host rejected|access denied.{0,40}(ip|host)|blocked using|listed (in|at|by)",
           "the server does not talk to this host's address",
           "Ask whoever runs it, or send through the smarthost of your provider", "smtp"),
    _other(r"gr[ea]y-?list", "the server wants to see us again later (greylisting)",
           "Nothing to do: mailproc tries again", "smtp"),
    _other(r"insufficient (system )?(storage|space)|\b452\b.{0,6}4\.3\.1",
           "the disk of the server is full", "Tell whoever runs it; mailproc tries again", "smtp"),
    _other(r"\[OVERQUOTA\]|over ?quota|quota exceeded|mailbox (is )?full|5\.2\.2\b|4\.2\.2\b",
           "the mailbox is full", "Delete or archive mail there; mailproc cannot move what it has taken until then"),
    _other(r"\[NONEXISTENT\]|\[TRYCREATE\]|(mailbox|folder) (doesn't|does not) exist|unknown mailbox|no such mailbox",
           "the server has no folder of this name",
           "Write it as the server does: some want INBOX. in front of every name; `mailproc doctor` lists the folders",
           "imap"),
    _other(r"\[NOPERM\]|permission denied", "the account may not do this with the folder",
           "Give it the right to read, to insert and to delete there", "imap"),
    _other(r"\[INUSE\]|mailbox is locked|currently in use", "another program keeps the mailbox locked",
           "Close it; mailproc comes again by itself", "imap"),
)  # fmt: skip

CONNECTIONS = (
    _other(r"certificate has expired", "the certificate of the server has expired",
           "Whoever runs the server must renew it; look also at this host's clock"),
    _other(r"certificate is not yet valid", "the certificate of the server is not valid yet",
           "Look at this host's clock"),
    _other(r"hostname mismatch|is not valid for|doesn't match|IP address mismatch",
           "the certificate belongs to another name than `host`",
           "Write as `host` the name that stands in the certificate"),
    _other(r"self[- ]signed|unable to get (local )?issuer|CERTIFICATE_VERIFY_FAILED",
           "nobody this host trusts has signed the server's certificate",
           "Give the file of its certificate authority as  tls_ca: FILE , or install it on this host"),
    _other(r"WRONG_VERSION_NUMBER|record layer failure|UNEXPECTED_EOF|packet length too long|http request",
           "the port does not speak TLS from the first byte",
           "Write  tls: starttls , or take the port for TLS: 993 for IMAP, 465 for SMTP"),
    _other(r"UNSUPPORTED_PROTOCOL|NO_PROTOCOLS|HANDSHAKE_FAILURE|no shared cipher|DH_KEY_TOO_SMALL|PROTOCOL_VERSION",
           "the server speaks only versions of TLS that are no longer safe",
           "Whoever runs it must allow TLS 1.2 or newer"),
    _other(r"offers no STARTTLS|STARTTLS (extension )?not supported|no STARTTLS",
           "the server offers no encryption on this port",
           "Write  tls: required  with port 993 (IMAP) or 465 (SMTP)"),
    _other(r"connection refused|Errno 111", "nobody listens at this host and port",
           "Check `host` and `port`, and whether the server runs"),
    _other(r"name or service not known|nodename nor servname|no address associated|temporary failure in name|"
           r"name does not resolve|getaddrinfo|Errno -[2358]\b",
           "the host name cannot be found in DNS", "Check `host` for a typing error, and this host's DNS"),
    _other(r"network is unreachable|no route to host|Errno 10[13]|Errno 113",
           "there is no way to this host from here", "Check this host's network and firewall"),
    _other(r"timed out|timeout|no answer in time|too slow",
           "the server did not answer in time",
           "Check `host` and `port`; a firewall on the way may drop the packets (many networks close port 25)"),
    _other(r"connection reset|closed the connection|connection unexpectedly closed|broken pipe|EOF occurred|"
           r"socket error: EOF|Errno 104|Errno 32",
           "the server hung up",
           "Nothing to do if it happens once; else ask whoever runs it: it may not want this host"),
)  # fmt: skip

REFUSALS: tuple[Refusal, ...] = (*GOOGLE, *MICROSOFT, *OTHERS, *CONNECTIONS)
