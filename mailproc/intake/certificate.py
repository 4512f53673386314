"""The certificate a listener shows after STARTTLS: read at the start, and again when its files change.

A certificate is renewed every few weeks by a program that knows nothing of mailproc: new files must count without a
restart, and files that do not fit each other (yet) must not replace the pair that works.
"""

import os
import ssl
from pathlib import Path

from mailproc import maillog
from mailproc.errors import Permanent

_LOOK_SECONDS = 10.0


class Certificate:
    """A certificate with its key as an SSL context; raises Permanent, with what to do, when they cannot be used.

    `key` is empty where it stands in the certificate's file.
    """

    def __init__(self, certificate: Path | str, key: Path | str = "", *, look_seconds: float = _LOOK_SECONDS) -> None:
        self._certificate, self._key = Path(certificate), Path(key or certificate)
        self._look_seconds = look_seconds
        self._looks_again_at = 0.0
        self._seen = self._look()
        try:
            self._context = self._load()
        except (OSError, ValueError) as error:
            raise Permanent(self._explain(error)) from error

    def context(self, now: float) -> ssl.SSLContext:
        """The context for a session that begins now; the files are looked at again every few seconds."""
        if now >= self._looks_again_at:
            self._looks_again_at = now + self._look_seconds
            seen = self._look()
            if seen != self._seen:
                self._seen = seen
                self.reload()
        return self._context

    def reload(self) -> bool:
        """Read the files again; False, and the former pair stays, when they cannot be used."""
        try:
            self._context = self._load()
        except (OSError, ValueError) as error:
            maillog.warned("certificate", problem=f"{self._explain(error)}; the former one stays in use")
            return False
        return True

    def _load(self) -> ssl.SSLContext:
        # A new context each time: one that failed to load may be left with a certificate and no key.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # A key with a passphrase must not make the daemon ask the terminal for it.
        context.load_cert_chain(self._certificate, self._key, password=lambda: b"")
        return context

    def _look(self) -> tuple[tuple[int, int, int], ...]:
        found = []
        for path in (self._certificate, self._key):
            try:
                status = os.stat(path)
            except OSError:
                found.append((0, 0, 0))
            else:
                found.append((status.st_ino, status.st_mtime_ns, status.st_size))
        return tuple(found)

    def _explain(self, error: Exception) -> str:
        for path in (self._certificate, self._key):
            if not os.access(path, os.R_OK):
                return f"cannot read {path} (tls_certificate, tls_key); mailproc's user must be able to"
        why = getattr(error, "reason", None) or error
        return f"{self._certificate} and {self._key} are no certificate (PEM, leaf first) with its key: {why}"
