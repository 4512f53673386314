"""DKIM signatures of a mail, verified on its exact bytes (RFC 6376, 8301, 8463).

Wet through the resolver it is given. Stricter than the RFC where a signature would let a stranger add something
(threat T20): with `l=`, or without From, Subject, Date or To where the mail has them, it counts as none.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailproc.message.addresses import domain_of, normalise
from mailproc.message.canonical import Field, canonical_body, canonical_field
from mailproc.verify.dkimkeys import BadKey, Key, read_base64, read_key, read_tags
from mailproc.verify.resolver import Deadline, DnsTrouble, Resolver

MUST_COVER = ("from", "subject", "date", "to")
# Signers leave these out, but a second one above the signed one would give the same bytes another meaning
_MUST_COVER_TWINS = ("content-type", "content-transfer-encoding", "mime-version", "reply-to", "cc")
_LONGEST = 8_192  # bytes of one signature field
_MOST_SEEN = 50  # signature fields that are read at all
_CLOCKS_DIFFER = timedelta(minutes=15)
_KINDS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}
_SELECTOR = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_REQUIRED = ("v", "a", "b", "bh", "d", "h", "s")


@dataclass(frozen=True, slots=True)
class Signature:
    """One DKIM-Signature field, read; `defect` says why it cannot count, "" when only its key is missing to know."""

    field: Field
    domain: str = ""  # d=, normalised; "" when it cannot be read
    selector: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    defect: str = ""

    def tag(self, name: str) -> str:
        """The tag's value, "" without one."""
        return dict(self.tags).get(name, "")


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one signature: pass, fail, none (it cannot count) or temperror, and why in words."""

    domain: str
    result: str
    why: str = ""


class SignedMail:
    """The fields and body that signatures are checked against; the body is hashed once for each canonical form."""

    def __init__(self, fields: Sequence[Field], body: bytes) -> None:
        self.fields = fields
        self._body = body
        self._hashes: dict[bool, bytes] = {}

    def body_hash(self, is_relaxed: bool) -> bytes:
        """SHA-256 of the canonical body."""
        if is_relaxed not in self._hashes:
            self._hashes[is_relaxed] = hashlib.sha256(canonical_body(self._body, is_relaxed)).digest()
        return self._hashes[is_relaxed]

    def signatures(self, now: datetime) -> list[Signature]:
        """The signature fields, top first."""
        found = [field for field in self.fields if field.name == "dkim-signature"]
        return [_read_signature(field, self.fields, now) for field in found[:_MOST_SEEN]]


def verify_signature(signature: Signature, mail: SignedMail, resolver: Resolver, deadline: Deadline) -> Finding:
    """Whether the domain signed this mail; DNS trouble is a temperror, never an exception."""
    domain = signature.domain
    if signature.defect:
        return Finding(domain, "none", signature.defect)
    header_form, _, body_form = signature.tag("c").lower().partition("/")
    if read_base64(signature.tag("bh")) != mail.body_hash(body_form == "relaxed"):
        return Finding(domain, "fail", "the text was changed after it was signed")
    try:
        answer = resolver.look_up(f"{signature.selector}._domainkey.{domain}", "TXT", deadline)
    except DnsTrouble as trouble:
        return Finding(domain, "temperror", str(trouble))
    if not answer.rows:
        return Finding(domain, "none", "its key is not in DNS")
    try:
        key = _choose_key(answer.rows)
    except BadKey as bad:
        return Finding(domain, "none", str(bad))
    if key.kind != _KINDS[signature.tag("a").lower()]:
        return Finding(domain, "none", "its key is not of the kind it says")
    # RFC 6376 section 3.6.1: t=s
    if key.is_strict and signature.tag("i") and _identity_domain(signature.tag("i")) != domain:
        return Finding(domain, "none", "its key forbids to sign for names below the domain")
    signed = _signed_header(signature, mail.fields, header_form == "relaxed")
    if not key.verifies(read_base64(signature.tag("b")), signed):
        return Finding(domain, "fail", "the header was changed after it was signed, or it is forged")
    return Finding(domain, "pass")


def _choose_key(rows: Sequence[str]) -> Key:
    # RFC 6376 section 3.6.2.2 leaves several records open; the first that is a key is as good as any
    for row in rows[1:4]:
        try:
            return read_key(rows[0])
        except BadKey:
            rows = (row,)
    return read_key(rows[0])


def _read_signature(field: Field, fields: Sequence[Field], now: datetime) -> Signature:
    if len(field.raw) > _LONGEST:
        return Signature(field, defect="it is too long")
    tags = read_tags(field.value.decode("utf-8", "replace"))
    if tags is None:
        return Signature(field, defect="it is not written as RFC 6376 says")
    domain = _domain(tags.get("d", ""))
    defect = _find_defect(tags, domain, now) or _find_gap(tags, fields)
    return Signature(field, domain, tags.get("s", ""), tuple(tags.items()), defect)


def _domain(written: str) -> str:
    """The domain as it stands in DNS; RFC 8616 allows letters beyond ASCII in d= and i=."""
    return domain_of(normalise(f"x@{written}")).removesuffix(".") if written else ""


def _identity_domain(written: str) -> str:
    return _domain(written.rpartition("@")[2])


def _find_defect(tags: dict[str, str], domain: str, now: datetime) -> str:
    """Why the tags make this no signature that can count; "" when they are in order."""
    missing = [name for name in _REQUIRED if not tags.get(name)]
    if missing:
        return f"{missing[0]}= is missing"
    if not domain:
        return "d= is no domain"
    if _SELECTOR.fullmatch(tags["s"]) is None:
        return "s= is no selector"
    if tags["v"] != "1":
        return "it is of another version"
    if tags["a"].lower() not in _KINDS:
        # RFC 8301 section 3.1: rsa-sha1 proves nothing any more
        return "it uses rsa-sha1" if tags["a"].lower() == "rsa-sha1" else "it uses a method nobody knows"
    forms = tags.get("c", "simple").lower().split("/")
    if len(forms) > 2 or not {"simple", "relaxed"}.issuperset(forms):
        return "c= cannot be read"
    if "dns/txt" not in [word.strip().lower() for word in tags.get("q", "dns/txt").split(":")]:
        return "its key is not in DNS"
    if "l" in tags:
        # RFC 6376 section 8.2: anybody can add text behind the part that was signed
        return "it has l=, so text could be added to the mail"
    identity = _identity_domain(tags["i"]) if "i" in tags else domain
    if identity != domain and not identity.endswith("." + domain):
        return "i= is not of its domain"
    return _find_time_defect(tags, now)


def _find_time_defect(tags: dict[str, str], now: datetime) -> str:
    times: dict[str, int] = {}
    for name in ("t", "x"):
        if name in tags:
            if not (tags[name].isascii() and tags[name].isdigit() and len(tags[name]) <= 12):
                return f"{name}= is no time"
            times[name] = int(tags[name])
    seconds = now.timestamp()
    if times.get("t", 0) > seconds + _CLOCKS_DIFFER.total_seconds():
        return "it is from the future"
    if "x" in times and times["x"] < seconds:
        return "it has expired"
    if times.get("t", 0) > times.get("x", times.get("t", 0)):
        return "it expired before it was made"
    return ""


def _find_gap(tags: dict[str, str], fields: Sequence[Field]) -> str:
    """The field that a stranger could have added or changed under this signature, in words; "" without one."""
    covered = _covered(tags["h"])
    for name in MUST_COVER:
        standing = sum(field.name == name for field in fields)
        # RFC 6376 section 8.15: of two fields with one name h= must name both, else the upper one is anybody's
        if covered.count(name) < max(standing, name == "from"):
            return f"it does not cover {name.capitalize()}"
    for name in _MUST_COVER_TWINS:
        standing = sum(field.name == name for field in fields)
        if standing > 1 and covered.count(name) < standing:
            return f"it does not cover each {name.title()}"
    return ""


def _covered(names: str) -> list[str]:
    return [name.strip(" \t\r\n").lower() for name in names.split(":")]


def _signed_header(signature: Signature, fields: Sequence[Field], is_relaxed: bool) -> bytes:
    """What the signature was made over (RFC 6376 section 3.7): the fields of h= from the bottom up, then itself."""
    standing: dict[str, list[Field]] = {}
    for field in fields:
        if field is not signature.field:
            standing.setdefault(field.name, []).append(field)
    pieces = []
    for name in _covered(signature.tag("h")):
        if left := standing.get(name):
            pieces.append(canonical_field(left.pop(), is_relaxed))
    bare = Field("dkim-signature", _without_signature(signature.field.raw))
    pieces.append(canonical_field(bare, is_relaxed).removesuffix(b"\r\n"))
    return b"".join(pieces)


def _without_signature(raw: bytes) -> bytes:
    """The field with the value of b= taken out, everything else as it stands (RFC 6376 section 3.5)."""
    head, colon, rest = raw.removesuffix(b"\r\n").partition(b":")
    specs = rest.split(b";")
    for at, spec in enumerate(specs):
        name, equals, _ = spec.partition(b"=")
        if equals and name.strip() == b"b":
            specs[at] = name + equals
    return head + colon + b";".join(specs) + b"\r\n"
