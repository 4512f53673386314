"""Speaks to a token server: posts a form, reads a JSON answer, with limits on time and size. Wet.

Follows no redirect, which would hand our secret to whoever is named there. Errors hold the server's name and codes,
never what was sent.
"""

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode, urlsplit

from mailproc import __version__
from mailproc.errors import Temporary
from mailproc.oauth.refusals import clean

_MOST_BYTES = 262_144
_SECRET_FIELDS = frozenset(
    {"client_secret", "refresh_token", "code", "code_verifier", "device_code", "assertion", "client_assertion"}
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: 200 with the token, or an error in `fields`."""

    status: int
    fields: Mapping[str, object]
    skew_seconds: float = 0.0  # how far our clock is ahead of the server's

    def text(self, key: str) -> str:
        """The field as text, "" when it is missing or something else."""
        value = self.fields.get(key)
        return value if isinstance(value, str) else ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def post(url: str, form: Mapping[str, str], *, timeout: float, now: float) -> Answer:
    """The server's answer, whatever its status. Raises Temporary when none came that can be read."""
    host = urlsplit(url).netloc
    request = urllib.request.Request(
        url,
        urlencode(form).encode("ascii"),
        {"Accept": "application/json", "User-Agent": f"mailproc/{__version__}"},
    )
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if url.startswith("https:"):  # reading the system's certificates takes 20 ms
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context()))
    opener = urllib.request.build_opener(*handlers)
    deadline = time.monotonic() + timeout
    try:
        try:
            reply = opener.open(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            reply = error  # an answer like any other
        with reply:
            raw = _read_all(reply, deadline)
            status, headers = reply.status, reply.headers
    except (OSError, http.client.HTTPException, ValueError) as error:  # URLError and ssl.SSLError are OSErrors
        raise Temporary(f"cannot reach the token server {host}: {_reason(error)}") from None
    if 300 <= status < 400:
        raise Temporary(f"the token server {host} sends us elsewhere (status {status}): see authority and token_url")
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        if status == 200:
            raise Temporary(f"{host} does not answer like a token server: see authority and token_url, or a proxy")
        fields = {}
    _blot_out(fields, form)
    return Answer(status, fields, _read_skew(headers.get("Date", ""), now))


def _blot_out(fields: dict[str, object], form: Mapping[str, str]) -> None:
    """Takes what we sent out of the server's words, should it repeat any of it."""
    description = fields.get("error_description")
    if isinstance(description, str):
        for key in _SECRET_FIELDS & form.keys():
            description = description.replace(form[key], "...")
        fields["error_description"] = description


def _read_all(reply: http.client.HTTPResponse | urllib.error.HTTPError, deadline: float) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := reply.read1(65_536):
        pieces.append(piece)
        size += len(piece)
        if size > _MOST_BYTES:
            raise ValueError("it sends far too much")
        if time.monotonic() > deadline:
            raise TimeoutError
    return b"".join(pieces)


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({clean(cause.verify_message)}): a wrong clock, or a proxy between us"
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError) and cause.strerror:
        return clean(cause.strerror)
    return clean(str(cause)) or type(cause).__name__


def _read_skew(date: str, now: float) -> float:
    try:
        return now - parsedate_to_datetime(date).timestamp() if date else 0.0
    except (ValueError, OverflowError):
        return 0.0
