"""The key that signs our mail: whether it can be used, and whether DNS shows the world its other half."""

import stat
from collections.abc import Iterator
from pathlib import Path

from mailproc.delivery.dkim import Signer
from mailproc.doctor.findings import Finding, fail, warn, well
from mailproc.doctor.visit import Visit
from mailproc.errors import Permanent
from mailproc.message.addresses import domain_of
from mailproc.verify.dkimkeys import BadKey, read_base64, read_key, read_tags
from mailproc.verify.resolver import Deadline, DnsTrouble, Resolver

_SUBJECT = "dkim"
_SECONDS = 10.0
_ENOUGH_BITS = 2048  # RFC 8301 section 3.2: signers should


def make_signer(visit: Visit) -> Signer | None:
    """What signs the site's mail; None where nothing does. Raises Permanent for a key that cannot be used."""
    wanted = visit.settings.delivery.dkim
    return Signer(wanted.selector, wanted.domain, Path(wanted.key_file), wanted.algorithm) if wanted else None


def check_key(visit: Visit) -> Iterator[Finding]:
    """The file with the private key."""
    wanted = visit.settings.delivery.dkim
    if wanted is None:
        return
    path = Path(wanted.key_file)
    try:
        signer = make_signer(visit)
        mode = stat.S_IMODE(path.stat().st_mode)
    except (Permanent, OSError) as error:
        text, _, remedy = str(error).partition("; ")
        yield fail(_SUBJECT, text, f"{remedy or 'Make a new one: mailproc dkim new'}; nothing goes out before")
        return
    assert signer is not None
    if mode & 0o077:
        remedy = f"chmod 600 {path}; if strangers work on this machine, make a new one: mailproc dkim new"
        yield warn(_SUBJECT, f"others on this machine can read the private key {path} (mode {mode:04o})", remedy)
    if 0 < signer.bits < _ENOUGH_BITS:
        remedy = "Make a new one under a new selector, publish it, then name both in mailproc.yaml: mailproc dkim new"
        yield warn(_SUBJECT, f"the key {path} has {signer.bits} bits, which is weak by now", remedy)
    for domain in dict.fromkeys(domain_of(address) for address in visit.settings.site.addresses):
        if domain != wanted.domain and not domain.endswith(f".{wanted.domain}"):
            text = f"mail from {domain} is signed by {wanted.domain}, which proves nothing about {domain} (DMARC)"
            yield warn(_SUBJECT, text, f"Sign with a key of {domain}: mailproc dkim new --domain {domain}")
    yield well(_SUBJECT, f"mail is signed with {path} ({wanted.algorithm})")


def check_record(visit: Visit) -> Iterator[Finding]:
    """The public key in DNS beside our own."""
    try:
        signer = make_signer(visit)
    except Permanent:
        return  # said with the file
    if signer is not None:
        yield compare_record(signer, visit.resolver)


def compare_record(signer: Signer, resolver: Resolver) -> Finding:
    """What DNS publishes for this key: what others need to verify our mail, or what is wrong with it."""
    name, text = signer.dns_record()
    publish = f'Publish a TXT record at {name}:  "{text}"'
    try:
        rows = resolver.look_up(name, "TXT", Deadline(_SECONDS)).rows
    except DnsTrouble as trouble:
        return warn(_SUBJECT, f"{name} is not known: {trouble}", "Try again, or check this host's DNS")
    if not rows:
        return fail(_SUBJECT, f"there is no record {name}: nobody can verify what we sign", publish)
    if len(rows) > 1:
        # RFC 6376 section 3.6.2.2: what a verifier makes of several is its own affair
        return fail(_SUBJECT, f"{name} has {len(rows)} TXT records, and there must be one", publish)
    tags = read_tags(rows[0]) or {}
    if tags.get("p") and read_base64(tags["p"]) != signer.public_bytes():
        remedy = f"{publish}; or name the selector whose key this is in delivery.dkim"
        return fail(_SUBJECT, f"the key at {name} is another one than ours: every mail looks forged", remedy)
    try:
        read_key(rows[0])
    except BadKey as error:
        return fail(_SUBJECT, f"the key at {name} is of no use: {error}", publish)
    return well(_SUBJECT, f"{name} publishes our key")
