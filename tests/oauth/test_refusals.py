"""What token servers write when they refuse, in words of the operator, and whether trying again can help."""

import pytest

from mailproc.errors import Permanent, Temporary
from mailproc.oauth.refusals import LoginNeeded, clean, make_error
from mailproc.settings import OAuthSettings

GOOGLE = OAuthSettings("g", "google", "service_account")
MINE = OAuthSettings("me", "google", "login")
APP = OAuthSettings("m", "microsoft", "client_credentials")
US = OAuthSettings("us", "microsoft", "login")

TRACE = " Trace ID: 0f5e7c01 Correlation ID: 7d0c Timestamp: 2026-11-22 07:00:00Z"


@pytest.mark.parametrize(
    ("entry", "status", "code", "description", "kind", "words"),
    [
        (MINE, 400, "invalid_grant", "Token has been expired or revoked.", LoginNeeded,
         "the permission was withdrawn or has expired: run  mailproc auth login me"),
        (MINE, 400, "invalid_grant", "Bad Request", LoginNeeded, "run  mailproc auth login me"),
        (GOOGLE, 400, "invalid_grant", "Invalid email or User ID", Permanent, "there is no mailbox u@acme.example in"),
        (GOOGLE, 400, "invalid_grant", "Invalid JWT Signature.", Permanent, "the key in key_file was deleted"),
        (GOOGLE, 400, "invalid_grant", "Invalid grant: account not found", Permanent, "in key_file was deleted"),
        (GOOGLE, 400, "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a "
         "reasonable timeframe. Check your iat and exp values in the JWT claim.", Permanent, "clock is wrong"),
        (GOOGLE, 401, "unauthorized_client", "Client is unauthorized to retrieve access tokens using this method",
         Permanent, "domain-wide delegation is missing"),
        (GOOGLE, 403, "access_denied", "Requested client not authorized.", Permanent, "domain-wide delegation"),
        (GOOGLE, 400, "invalid_scope", "", Permanent, "see scopes"),
        (GOOGLE, 400, "disabled_client", "", Permanent, "the application is disabled"),
        (MINE, 400, "admin_policy_enforced", "", Permanent, "administrators do not allow"),
        (MINE, 401, "invalid_client", "The OAuth client was not found.", Permanent, "see client_id and client_secret"),
        (MINE, 400, "redirect_uri_mismatch", "", Permanent, "desktop application"),
        (APP, 401, "invalid_client", "AADSTS7000215: Invalid client secret provided." + TRACE, Permanent,
         "write its Value, not its Secret ID"),
        (APP, 401, "invalid_client", "AADSTS7000222: The provided client secret keys are expired." + TRACE, Permanent,
         "the client secret has expired"),
        (APP, 400, "unauthorized_client", "AADSTS700016: Application was not found" + TRACE, Permanent,
         "see client_id and tenant"),
        (APP, 400, "invalid_request", "AADSTS90002: Tenant 'x' not found." + TRACE, Permanent, "see tenant"),
        (APP, 401, "invalid_client", "AADSTS700027: Client assertion failed signature validation." + TRACE, Permanent,
         "certificate in key_file is not registered"),
        (APP, 401, "invalid_client", "AADSTS700024: Client assertion is not within its valid time range." + TRACE,
         Permanent, "clock is wrong"),
        (APP, 400, "invalid_grant", "AADSTS65001: The user or administrator has not consented" + TRACE, Permanent,
         "grant admin consent (invalid_grant AADSTS65001)"),
        (US, 400, "invalid_grant", "AADSTS65001: The user or administrator has not consented" + TRACE, LoginNeeded,
         "for a login:  mailproc auth login us"),
        (US, 400, "invalid_grant", "AADSTS700082: The refresh token has expired due to inactivity." + TRACE,
         LoginNeeded, "not used for too long and has expired: run  mailproc auth login us"),
        (US, 400, "invalid_grant", "AADSTS50173: The provided grant has expired due to it being revoked" + TRACE,
         LoginNeeded, "the password was changed"),
        (US, 400, "interaction_required", "AADSTS50076: you must use multi-factor authentication" + TRACE, LoginNeeded,
         "a second factor is asked for"),
        (US, 400, "interaction_required", "AADSTS53003: Access has been blocked by Conditional Access" + TRACE,
         Permanent, "a Conditional Access policy"),
        (US, 401, "invalid_client", "AADSTS7000218: The request body must contain client_secret" + TRACE, Permanent,
         "must allow public client flows"),
        (US, 400, "access_denied", "AADSTS90094: Admin consent is required" + TRACE, Permanent, "grant admin consent"),
        (US, 400, "invalid_grant", "AADSTS99999: Something new." + TRACE, LoginNeeded, "AADSTS99999: Something new."),
        (APP, 503, "", "", Temporary, "cannot answer now (status 503)"),
        (APP, 429, "invalid_request", "", Temporary, "cannot answer now"),
        (APP, 400, "temporarily_unavailable", "AADSTS90033: A transient error" + TRACE, Temporary, "AADSTS90033"),
        (APP, 400, "invalid_grant", "AADSTS90033: A transient error" + TRACE, Temporary, "cannot answer now"),
        (APP, 404, "", "", Permanent, "the token server refuses (status 404)"),
    ],
)  # fmt: skip
def test_what_a_refusal_means(
    entry: OAuthSettings, status: int, code: str, description: str, kind: type[Exception], words: str
) -> None:
    error = make_error(entry, "u@acme.example", status, code, description)
    assert type(error) is kind and words in str(error), error
    assert str(error).startswith(f"oauth {entry.name}: ")
    assert "{" not in str(error) and "\n" not in str(error)


@pytest.mark.parametrize(("seconds", "words"), [(7200, "it is 120 minutes fast"), (-600, "it is 10 minutes slow")])
def test_a_clock_that_is_wrong_is_said_with_by_how_much(seconds: float, words: str) -> None:
    error = make_error(GOOGLE, "u", 400, "invalid_grant", "Invalid JWT: Token must be a short-lived token", seconds)
    assert type(error) is Permanent and words in str(error)


def test_a_clock_that_is_a_little_off_is_not_blamed() -> None:
    assert type(make_error(MINE, "u", 400, "invalid_grant", "", 60.0)) is LoginNeeded


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ""), ("a\x1b[31mb\tc", "a [31mb c"), ("one\r\ntwo", "one"), ("x" * 300, "x" * 200 + "..."), ("\n\n", "")],
)
def test_a_servers_words_are_one_short_printable_line(text: str, expected: str) -> None:
    assert clean(text) == expected
