"""Where the providers' token servers are, and which scopes mail needs. Pure: settings to addresses."""

from dataclasses import dataclass

from mailproc.settings import OAuthSettings

_GOOGLE_SCOPE = "https://mail.google.com/"
_OUTLOOK = "https://outlook.office.com"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of one entry's provider; `device_url` is "" where there is none."""

    token_url: str
    auth_url: str
    device_url: str


def find_endpoints(entry: OAuthSettings, key_file_url: str = "") -> Endpoints:
    """Explicit addresses win over those below `authority`, and these over the provider's own.

    `key_file_url` is the token server that a service account's key file names: Google's sovereign clouds.
    """
    if entry.provider == "google":
        usual = Endpoints(
            f"{entry.authority}/token" if entry.authority else key_file_url or "https://oauth2.googleapis.com/token",
            f"{entry.authority or 'https://accounts.google.com'}/o/oauth2/v2/auth",
            "",  # Google's device flow does not give out the scope for mail
        )
    else:
        # A public application of one's own organisation; `common` would let private accounts in, which have no desk
        base = f"{entry.authority or 'https://login.microsoftonline.com'}/{entry.tenant or 'organizations'}/oauth2/v2.0"
        usual = Endpoints(f"{base}/token", f"{base}/authorize", f"{base}/devicecode")
    return Endpoints(
        entry.token_url or usual.token_url, entry.auth_url or usual.auth_url, entry.device_url or usual.device_url
    )


def find_scopes(entry: OAuthSettings) -> tuple[str, ...]:
    """What is asked for; a login also asks who logged in and, at Microsoft, for a refresh token."""
    if entry.provider == "google":
        mail = entry.scopes or (_GOOGLE_SCOPE,)
        return (*mail, "openid", "email") if entry.flow == "login" else mail
    if entry.flow == "client_credentials":
        return entry.scopes or ("https://outlook.office365.com/.default",)
    mail = entry.scopes or (f"{_OUTLOOK}/IMAP.AccessAsUser.All", f"{_OUTLOOK}/SMTP.Send")
    return tuple(dict.fromkeys((*mail, "offline_access", "openid", "profile")))
