"""A token server's error codes in words of the operator, with the remedy, and whether trying again can help."""

import re

from mailproc.errors import MailprocError, Permanent, Temporary
from mailproc.settings import OAuthSettings

_TRY_AGAIN = frozenset({"temporarily_unavailable", "server_error", "slow_down", "internal_failure", "backend_error"})
_CLOCK = "this machine's clock is wrong: set it (timedatectl, NTP)"
_LOGIN = "run  mailproc auth login {name}"
_CONSENT = (
    "the organisation has not consented: in Microsoft Entra, App registrations, API permissions, grant admin consent"
)

# Microsoft's own numbers say more than the error code in front of them
_AADSTS: dict[str, str] = {
    "50034": "there is no such account in this organisation: see user and tenant",
    "50057": "the account is disabled",
    "50076": "a second factor is asked for: " + _LOGIN,
    "50079": "a second factor must be set up: " + _LOGIN,
    "50173": "the password was changed or the session ended: " + _LOGIN,
    "53003": "a Conditional Access policy of the organisation blocks this login: an exception for it is needed",
    "65001": _CONSENT + "; for a login:  mailproc auth login {name}",
    "65004": "whoever logged in declined the permissions: " + _LOGIN,
    "70008": "the login has expired: " + _LOGIN,
    "70011": "a scope is not known there: see scopes",
    "90002": "there is no such organisation: see tenant",
    "90094": _CONSENT,
    "90095": _CONSENT,
    "500011": "the organisation does not know Exchange Online under that name: see scopes and authority",
    "700016": "there is no such application in this organisation: see client_id and tenant",
    "700024": "the signed request is outside its time: " + _CLOCK,
    "700027": "the certificate in key_file is not registered with the application, or has expired",
    "700030": "the certificate in key_file is not registered with the application",
    "700082": "the login was not used for too long and has expired: " + _LOGIN,
    "700084": "the login has expired: " + _LOGIN,
    "700003": "the device that logged in was removed: " + _LOGIN,
    "7000215": "the client secret is wrong: write its Value, not its Secret ID",
    "7000218": "the application asks for a client secret, or must allow public client flows (Authentication page)",
    "7000222": "the client secret has expired: make a new one in Microsoft Entra",
    "7000112": "the application is disabled",
}
_NEEDS_LOGIN = frozenset({"50076", "50079", "50173", "65001", "65004", "70008", "700082", "700084", "700003"})
_MICROSOFT_TRY_AGAIN = frozenset({"90033", "90009", "50196", "80001", "80002", "80007"})

# What Google writes behind invalid_grant for service accounts: (a word of it, what it means)
_GOOGLE_GRANT = (
    (r"reasonable timeframe|short-lived|\biat\b|\bexp\b", _CLOCK),
    (r"signature", "the key in key_file was deleted or belongs to another account: make a new one"),
    (r"account not found", "the service account in key_file was deleted"),
    (r"email|user id|subject", "there is no mailbox {user} in this Workspace: see user"),
)
_GENERAL: dict[str, str] = {
    "invalid_client": "the application is not known there, or its secret is wrong: see client_id and client_secret",
    "unauthorized_client": "the application may not ask for this kind of token: see flow and client_id",
    "unsupported_grant_type": "the server does not know this kind of token: see flow",
    "invalid_scope": "a scope is not known or not allowed there: see scopes",
    "invalid_request": "the server does not understand the request",
    "redirect_uri_mismatch": "the application does not allow this address: register http://localhost as a redirect "
    "address of a desktop application",
    "access_denied": "whoever logged in declined, or the organisation does not allow this application",
    "admin_policy_enforced": "the Workspace's administrators do not allow this application: Admin console, Security, "
    "API controls",
    "org_internal": "the application is for another organisation's accounts only",
    "disabled_client": "the application is disabled",
    "deleted_client": "the application was deleted",
    "consent_required": _CONSENT,
    "interaction_required": "somebody must log in: " + _LOGIN,
    "login_required": "somebody must log in: " + _LOGIN,
}


class LoginNeeded(Permanent):
    """Only a person can mend it: `mailproc auth login NAME`."""


def make_error(
    entry: OAuthSettings, user: str, status: int, code: str, description: str, skew_seconds: float = 0.0
) -> MailprocError:
    """The error for a refusal: `code` and `description` as the server wrote them, `skew_seconds` our clock's."""
    code, description = clean(code), clean(description)
    number = next(iter(re.findall(r"AADSTS([0-9]{4,8})", description)), "")
    if status == 429 or status >= 500 or code in _TRY_AGAIN or number in _MICROSOFT_TRY_AGAIN:
        return Temporary(f"oauth {entry.name}: the token server cannot answer now ({_show(status, code, number)})")
    words, needs_login = _find_words(entry, code, description, number)
    if abs(skew_seconds) > 90 and (words == _CLOCK or "time" in words or code == "invalid_grant"):
        ahead = "fast" if skew_seconds > 0 else "slow"
        words, needs_login = f"{_CLOCK}; it is {abs(skew_seconds) / 60:.0f} minutes {ahead}", False
    words = words.replace("{name}", entry.name).replace("{user}", user or "of that name")
    said = f" {description}" if description and (not number or number not in _AADSTS) else ""
    text = f"oauth {entry.name}: {words} ({_show(status, code, number)}{said})"
    return LoginNeeded(text) if needs_login else Permanent(text)


def clean(text: str, most: int = 200) -> str:
    """The first line of a server's words, printable and short."""
    line = next(iter(text[:4000].strip().splitlines()), "")
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in line).split())
    return shown if len(shown) <= most else shown[:most] + "..."


def _find_words(entry: OAuthSettings, code: str, description: str, number: str) -> tuple[str, bool]:
    if number in _AADSTS:
        is_login = number in _NEEDS_LOGIN and entry.flow == "login"
        words = _AADSTS[number]
        return words if entry.flow == "login" else words.partition("; for a login")[0], is_login
    if code == "invalid_grant":
        if entry.flow == "login":
            return "the permission was withdrawn or has expired: " + _LOGIN, True
        for pattern, words in _GOOGLE_GRANT:
            if re.search(pattern, description, re.IGNORECASE):
                return words, False
        return "the token server does not accept what vouches for us: see key_file and user", False
    if code in ("unauthorized_client", "access_denied") and entry.flow == "service_account":
        return (
            "domain-wide delegation is missing: Admin console, Security, API controls, Domain-wide delegation, add "
            "the service account's client ID with the scope https://mail.google.com/",
            False,
        )
    words = _GENERAL.get(code, "the token server refuses")
    return words, words.endswith(_LOGIN) and entry.flow == "login"


def _show(status: int, code: str, number: str) -> str:
    return " ".join(word for word in (code or f"status {status}", f"AADSTS{number}" if number else "") if word)
