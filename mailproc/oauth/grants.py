"""One request for a token: as a service account, as an application, with a refresh token or with a login's code."""

from collections.abc import Callable, Mapping
from pathlib import Path

from mailproc.errors import Temporary
from mailproc.oauth import assertions
from mailproc.oauth.endpoints import find_endpoints, find_scopes
from mailproc.oauth.refusals import make_error
from mailproc.oauth.tokens import Token, read_token
from mailproc.oauth.tokenserver import Answer, post
from mailproc.settings import OAuthSettings

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Grants:
    """Asks one entry's token server on behalf of `user`. Raises Temporary, Permanent or LoginNeeded in plain words."""

    def __init__(self, entry: OAuthSettings, user: str, *, clock: Callable[[], float], timeout: float) -> None:
        self.entry = entry
        self.user = user
        self._clock = clock
        self._timeout = timeout

    def as_service_account(self) -> Token:
        """Google: a token of the mailbox `user` (RFC 7523 section 2.1)."""
        account = assertions.read_service_account(Path(self.entry.key_file))
        url = find_endpoints(self.entry, account.token_url).token_url
        scope = " ".join(find_scopes(self.entry))
        assertion = assertions.sign_for_account(account, scope, self.user, url, self._clock())
        return self._ask(url, {"grant_type": _JWT_BEARER, "assertion": assertion})

    def as_application(self) -> Token:
        """Microsoft: a token of the application itself (RFC 6749 section 4.4)."""
        return self._ask_as_client({"grant_type": "client_credentials", "scope": " ".join(find_scopes(self.entry))})

    def refreshed(self, refresh_token: str) -> Token:
        """A new token for a login (RFC 6749 section 6), mostly with a new refresh token."""
        return self._ask_as_client({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def for_code(self, code: str, verifier: str, redirect_uri: str) -> Token:
        """The first token of a login (RFC 6749 section 4.1.3, RFC 7636 section 4.5)."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return self._ask_as_client({**form, "code_verifier": verifier})

    def post_as_client(self, url: str, form: Mapping[str, str]) -> Answer:
        """The server's answer to a form that says who we are."""
        entry = self.entry
        client = {"client_id": entry.client_id}
        if entry.client_secret:
            client["client_secret"] = entry.client_secret
        elif entry.key_file and entry.provider == "microsoft":
            certificate = assertions.read_certificate(Path(entry.key_file))
            client["client_assertion_type"] = _ASSERTION_TYPE
            client["client_assertion"] = assertions.sign_for_client(certificate, entry.client_id, url, self._clock())
        return self._post(url, {**form, **client})

    def refusal(self, answer: Answer) -> Exception:
        """What a refusal means, in words."""
        code, description = answer.text("error"), answer.text("error_description")
        return make_error(self.entry, self.user, answer.status, code, description, answer.skew_seconds)

    def read(self, answer: Answer) -> Token:
        """The token in an answer; raises what a refusal means."""
        if answer.status != 200:
            raise self.refusal(answer)
        return read_token(answer.fields, self._clock())

    def _ask_as_client(self, form: Mapping[str, str]) -> Token:
        return self.read(self.post_as_client(find_endpoints(self.entry).token_url, form))

    def _ask(self, url: str, form: Mapping[str, str]) -> Token:
        return self.read(self._post(url, form))

    def _post(self, url: str, form: Mapping[str, str]) -> Answer:
        try:
            return post(url, form, timeout=self._timeout, now=self._clock())
        except Temporary as error:
            raise Temporary(f"oauth {self.entry.name}: {error}") from None
