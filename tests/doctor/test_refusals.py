"""What providers say when they refuse, word for word, and what the doctor makes of it."""

import time

import pytest

from mailproc.doctor.refusals import REFUSALS, explain_refusal, find_provider

SAID = [
    # protocol, host, what the server said, in the cause, in the remedy, does it need a person
    ("imap", "imap.gmail.com", "[ALERT] Application-specific password required: "
     "https://support.google.com/accounts/answer/185833 (Failure)", "no ordinary password", "app password", True),
    ("imap", "imap.gmail.com", "[AUTHENTICATIONFAILED] Invalid credentials (Failure)", "Google refused", "app", True),
    ("imap", "imap.gmail.com", "[ALERT] Please log in via your web browser: https://support.google.com/mail/accounts/"
     "answer/78754 (Failure)", "a person", "web browser", True),
    ("imap", "imap.gmail.com", "[WEBALERT https://accounts.google.com/signin/continue?sarp=1] Web login required.",
     "a person", "web browser", True),
    ("imap", "imap.gmail.com", "[ALERT] Too many simultaneous connections. (Failure)", "15", "other mail programs",
     False),
    ("imap", "imap.gmail.com", "[ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings "
     "page and enable your account for IMAP access. (Failure)", "switched off", "Enable IMAP", True),
    ("imap", "imap.gmail.com", "[OVERQUOTA] Account exceeded command or bandwidth limits.", "2500 MB", "24 hours",
     False),
    ("smtp", "smtp.gmail.com", "534 5.7.9 Application-specific password required. Learn more at ...", "no ordinary",
     "app password", True),
    ("smtp", "smtp.gmail.com", "535 5.7.8 Username and Password not accepted. For more information, go to "
     "https://support.google.com/mail/?p=BadCredentials", "refused", "app password", True),
    ("smtp", "smtp.gmail.com", "534-5.7.14 <https://accounts.google.com/signin/continue?x> Please log in via your "
     "web browser and then try again.", "a person", "web browser", True),
    ("smtp", "smtp.gmail.com", "454 4.7.0 Too many login attempts, please try again later.", "too many logins",
     "by itself", False),
    ("smtp", "smtp.gmail.com", "421-4.7.0 Try again later, closing connection. (EHLO)", "no time", "tries again",
     False),
    ("smtp", "smtp.gmail.com", "550-5.4.5 Daily user sending limit exceeded. For more information on Gmail", "in a day",
     "24 hours", False),
    ("smtp", "gmail-smtp-in.l.google.com", "550-5.7.26 This mail has been blocked because the sender is "
     "unauthenticated.", "SPF nor DKIM", "SPF", False),
    ("imap", "outlook.office365.com", "AUTHENTICATE failed.", "Microsoft refused", "IMAP.AccessAsApp", True),
    ("imap", "outlook.office365.com", "LOGIN failed.", "Microsoft refused", "OAuth2", True),
    ("imap", "outlook.office365.com", "User is authenticated but not connected.", "no mailbox",
     "Add-MailboxPermission", True),
    ("smtp", "smtp.office365.com", "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for "
     "the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.", "switched off", "Set-CASMailbox",
     True),
    ("smtp", "smtp.office365.com", "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
     "basic authentication", "OAuth2", True),
    ("smtp", "smtp.office365.com", "535 5.7.139 Authentication unsuccessful, user is locked by your organization's "
     "security defaults policy. Contact your administrator.", "security policy", "client_credentials", True),
    ("smtp", "smtp.office365.com", "535 5.7.3 Authentication unsuccessful [AM0PR02CA0001.eurprd02.prod.outlook.com]",
     "token or password", "auth status", True),
    ("smtp", "smtp.office365.com", "550 5.7.30 Basic authentication is not supported for Client Submission.",
     "no longer takes a password", "OAuth2", True),
    ("smtp", "smtp.office365.com", "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
     "may not send as", "SendAs", True),
    ("smtp", "smtp.office365.com", "554 5.2.252 SendAsDenied; bot@acme.example not allowed to send as "
     "support@acme.example", "may not send as", "SendAs", True),
    ("smtp", "smtp.office365.com", "530 5.7.57 Client not authenticated to send mail. [AM0PR02CA0001]",
     "wants a login", "connector", True),
    ("smtp", "smtp.office365.com", "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded; concurrent "
     "connections limit exceeded", "three connections", "by itself", False),
    ("smtp", "smtp.office365.com", "550 5.7.520 Access denied, Your organization does not allow external forwarding.",
     "forward", "IMAP", False),
    ("oauth", "login.microsoftonline.com", "invalid_client: AADSTS7000222: The provided client secret keys for app "
     "'x' are expired.", "expired", "Certificates & secrets", True),
    ("oauth", "login.microsoftonline.com", "invalid_client: AADSTS7000215: Invalid client secret provided.",
     "is wrong", "not its Secret ID", True),
    ("oauth", "login.microsoftonline.com", "invalid_grant: AADSTS65001: The user or administrator has not consented",
     "consented", "Grant admin consent", True),
    ("oauth", "oauth2.googleapis.com", "invalid_grant: Token has been expired or revoked.", "no longer takes",
     "auth login", True),
    ("oauth", "oauth2.googleapis.com", "unauthorized_client: Client is unauthorized to retrieve access tokens using "
     "this method", "service account", "Domain-wide delegation", True),
    ("imap", "imap.fastmail.com", "[AUTHENTICATIONFAILED] Sorry, you need to create an app password to use this "
     "service", "no ordinary password", "app password", True),
    ("smtp", "smtp.fastmail.com", "535 5.7.0 Incorrect username or password.", "app passwords alone", "Integrations",
     True),
    ("imap", "imap.mail.me.com", "[AUTHENTICATIONFAILED] Authentication Failed", "app-specific", "account.apple.com",
     True),
    ("imap", "imap.acme.example", "[AUTHENTICATIONFAILED] Authentication failed.", "user name and password",
     "whole address", True),
    ("imap", "imap.acme.example", "[PRIVACYREQUIRED] Plaintext authentication disallowed on non-secure (SSL/TLS) "
     "connections.", "without encryption", "tls: required", True),
    ("imap", "imap.acme.example", "[UNAVAILABLE] Temporary authentication failure. [host:2026-11-22 07:00:00]",
     "cannot check", "tries again", False),
    ("imap", "imap.acme.example", "Maximum number of connections from user+IP exceeded "
     "(mail_max_userip_connections=10)", "too many connections", "mail_max_userip_connections", False),
    ("imap", "imap.acme.example", "[NONEXISTENT] Mailbox doesn't exist: Processed", "no folder", "INBOX.", False),
    ("imap", "imap.acme.example", "[OVERQUOTA] Quota exceeded (mailbox for user is full)", "full", "archive", False),
    ("smtp", "mail.acme.example", "554 5.7.1 <ops@acme.example>: Relay access denied", "for others", "mynetworks",
     True),
    ("smtp", "mail.acme.example", "553 5.7.1 <support@acme.example>: Sender address rejected: not owned by user x",
     "may not send as", "smtpd_sender_login_maps", True),
    ("smtp", "mail.acme.example", "530 5.7.0 Must issue a STARTTLS command first", "without encryption", "starttls",
     True),
    ("smtp", "mail.acme.example", "451 4.7.1 Greylisting in action, please come back later", "greylisting",
     "tries again", False),
    ("smtp", "mail.acme.example", "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "from the first",
     "starttls", False),
    ("imap", "mail.acme.example", "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate "
     "(_ssl.c:1006)", "trusts", "tls_ca", False),
    ("imap", "mail.acme.example", "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired",
     "expired", "renew", False),
    ("imap", "mail.acme.example", "certificate verify failed: Hostname mismatch, certificate is not valid for 'x'.",
     "another name", "`host`", False),
    ("imap", "mail.acme.example", "[Errno 111] Connection refused", "nobody listens", "`port`", False),
    ("imap", "mail.acme.example", "[Errno -2] Name or service not known", "DNS", "typing error", False),
    ("imap", "mail.acme.example", "timed out", "in time", "firewall", False),
]  # fmt: skip


@pytest.mark.parametrize(("protocol", "host", "said", "cause", "remedy", "is_login"), SAID)
def test_explain_refusal_of_what_providers_say(
    protocol: str, host: str, said: str, cause: str, remedy: str, is_login: bool
) -> None:
    told = explain_refusal(said, protocol, host)
    assert told is not None
    assert cause in told.cause and remedy in told.remedy, str(told)
    assert told.is_login is is_login


def test_explain_refusal_when_nobody_knows_it() -> None:
    assert explain_refusal("550 5.1.1 no such user here", "smtp", "mail.acme.example") is None
    assert explain_refusal("", "imap") is None


def test_explain_refusal_when_two_providers_say_the_same_words() -> None:
    said = "[AUTHENTICATIONFAILED] Invalid credentials"
    told = {str(explain_refusal(said, "imap", host)) for host in ("imap.gmail.com", "imap.fastmail.com", "imap.a.test")}
    assert len(told) == 3


@pytest.mark.parametrize(
    ("host", "provider"),
    [("imap.gmail.com", "google"), ("IMAP.GMAIL.COM.", "google"), ("notgmail.com", ""), ("outlook.com", "microsoft"),
     ("imap.gmail.com.evil.test", ""), ("", "")],
)  # fmt: skip
def test_find_provider_of_a_host(host: str, provider: str) -> None:
    assert find_provider(host) == provider


def test_every_refusal_ends_its_sentences_in_one_way() -> None:
    for refusal in REFUSALS:
        assert refusal.cause and refusal.remedy
        assert not refusal.cause.endswith(".") and not refusal.remedy.endswith("."), refusal.cause


def test_explain_refusal_of_endless_words_is_quick() -> None:
    started = time.process_time()
    for word in ("5.7.139 ", "authentication ", "[OVERQUOTA] ", "5.7.26", "421-4.7.0 "):
        explain_refusal(word * 200_000, "smtp", "smtp.gmail.com")
    assert time.process_time() - started < 5
