"""DKIM, SPF and DMARC of a mail that our own SMTP listener received, as evidence for `message.trust`.

Wet: asks DNS, within one deadline for all questions of a mail and before any transaction. Never raises: what nobody
can say is a temperror. What to make of the evidence is decided in `trust`.

What cannot count is not looked up: the domains of a mail's signatures and envelope are the sender's to choose, and a
stranger's slow servers must not use up the time that the From domain's own would need.
"""

import contextlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailproc.message.addresses import domain_of, normalise
from mailproc.message.canonical import split_mail
from mailproc.message.trust import client_address, is_aligned, is_inside
from mailproc.records.mail import Envelope, Inbound, Verified
from mailproc.records.site import Site
from mailproc.verify.dkim import Finding, Signature, SignedMail, verify_signature
from mailproc.verify.dmarc import Walk, is_spoken_for, walk
from mailproc.verify.resolver import Deadline, DnsTrouble, Resolver
from mailproc.verify.spf import check_host

TIMEOUT = 3.0  # seconds for one mail (mail-policy section 3)
_MOST_VERIFIED = 5  # signatures of one mail
_MOST_NOTES = 12
_PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "::1/128", "fc00::/7",
         "fe80::/10"),
    )
)  # fmt: skip

Mail = tuple[bytes, Inbound, Envelope]


def wants(envelope: Envelope, site: Site) -> bool:
    """Whether this mail is ours to verify: nobody of ours received it before our own listener did."""
    return site.trust.verify and envelope.kind == "smtp" and not is_inside(envelope.client, site.trust.trusted_networks)


@dataclass(frozen=True, slots=True)
class _Part:
    """What DKIM or SPF came to for the From domain."""

    domains: tuple[str, ...] = ()  # that passed, and count
    result: str = "none"
    is_open: bool = False  # DNS trouble: it might have passed
    notes: tuple[str, ...] = ()


class Verifier:
    """Asks one resolver for many mails; safe for many threads, its cache serves all of them."""

    def __init__(self, resolver: str = "", timeout: float = TIMEOUT) -> None:
        self._resolver = Resolver(resolver, timeout)
        self.timeout = timeout

    def warm_up(self) -> None:
        """Load what the first mail would otherwise wait for; no question is asked."""
        import cryptography.hazmat.primitives.asymmetric.rsa
        import cryptography.hazmat.primitives.serialization  # noqa: F401

        with contextlib.suppress(DnsTrouble):  # each mail will say so
            self._resolver.warm_up()

    def evidence(self, raw: bytes, inbound: Inbound, envelope: Envelope, seconds: float | None = None) -> Verified:
        """What DNS says about this mail; after so many seconds, whatever is not known by then is a temperror."""
        if inbound.from_ is None or not inbound.from_ok:
            return Verified(notes=("nothing was looked up: From names nobody",))
        try:
            deadline = Deadline(self.timeout if seconds is None else seconds)
            return _verify(raw, domain_of(inbound.from_.addr), envelope, self._resolver, deadline)
        except Exception as error:  # libraries on hostile bytes: no mail may stop the others
            note = f"checking broke off ({type(error).__name__})"
            return Verified(spf="temperror", dmarc="temperror", notes=(note,))


def _verify(raw: bytes, domain: str, envelope: Envelope, resolver: Resolver, deadline: Deadline) -> Verified:
    if domain.startswith("["):
        return Verified(notes=("nothing was looked up: From has an IP address for a domain",))
    tree = walk(domain, resolver, deadline)
    dkim = _check_dkim(raw, tree, envelope, resolver, deadline)
    spf, spf_domain = _check_spf(tree, envelope, resolver, deadline)
    # RFC 9989 section 4.4: one of the two is enough
    is_proven = bool(dkim.domains or spf.domains)
    verified = Verified(
        dkim_domains=dkim.domains,
        spf=spf.result,
        spf_domain=spf_domain,
        organisation=tree.organisation if tree.record is not None else "",
    )
    notes = [*dkim.notes, *spf.notes]
    if tree.record is None:
        if tree.trouble:
            notes.append(f"whether {domain} has a DMARC record is not known: {tree.trouble}")
        else:
            notes.append(f"{domain} publishes no DMARC record")
        return replace(verified, dmarc="temperror" if tree.trouble else "none", notes=_cut(notes))
    policy = tree.policy(does_exist=True)
    if is_proven:
        dmarc = "pass"
    elif dkim.is_open or spf.is_open:
        dmarc = "temperror"
    else:
        dmarc = "fail"
        if tree.record.missing and tree.record_at != domain:
            policy = tree.policy(_does_exist(domain, resolver, deadline))
        if policy == "none":
            notes.append(
                f"{domain} asks for nothing to be done about that (p=none); a forwarder or a mailing list on the way"
                " leaves the same traces as a forger"
            )
    return replace(verified, dmarc=dmarc, dmarc_policy=policy, notes=_cut(notes))


def _check_dkim(raw: bytes, tree: Walk, envelope: Envelope, resolver: Resolver, deadline: Deadline) -> _Part:
    split = split_mail(raw)
    if split is None:
        return _Part(notes=("signatures were not looked at: a line of the header can be read in two ways",))
    if sum(field.name == "from" for field in split[0]) != 1:
        return _Part(notes=("signatures were not looked at: From stands where not every reader finds it",))
    mail = SignedMail(*split)
    is_strict = tree.record is not None and tree.record.is_dkim_strict
    domains: list[str] = []
    notes: list[str] = []
    is_open = False
    tried = 0
    for signature in mail.signatures(envelope.received_at):
        name = signature.domain or "an unknown domain"
        if signature.domain and not _may_speak(signature.domain, tree, is_strict):
            notes.append(f"it is signed by {name}, which does not speak for {tree.domain}")
            continue
        tried += 1
        if tried > _MOST_VERIFIED:
            notes.append(f"only {_MOST_VERIFIED} of its signatures were looked at")
            break
        finding = _verify_aligned(signature, tree, is_strict, mail, resolver, deadline)
        if finding.result == "pass":
            domains.append(finding.domain)
        else:
            is_open = is_open or finding.result == "temperror"
            verb = {"fail": "is wrong", "temperror": "could not be checked"}.get(finding.result, "does not count")
            notes.append(f"a signature of {name} {verb}: {finding.why}")
    return _Part(tuple(dict.fromkeys(domains)), "pass" if domains else "none", is_open, tuple(notes))


def _verify_aligned(
    signature: Signature, tree: Walk, is_strict: bool, mail: SignedMail, resolver: Resolver, deadline: Deadline
) -> Finding:
    if signature.defect:
        return Finding(signature.domain, "none", signature.defect)
    try:
        if not _speaks(signature.domain, tree, is_strict, resolver, deadline):
            return Finding(signature.domain, "none", f"{signature.domain} does not speak for {tree.domain}")
    except DnsTrouble as trouble:
        return Finding(signature.domain, "temperror", str(trouble))
    return verify_signature(signature, mail, resolver, deadline)


def _check_spf(tree: Walk, envelope: Envelope, resolver: Resolver, deadline: Deadline) -> tuple[_Part, str]:
    """(what SPF came to, the domain that it is about)."""
    if envelope.sender is None:
        return _Part(notes=("spf: the envelope sender is not known",)), ""
    # RFC 7208 section 2.4: of the null sender the HELO identity is checked
    helo = domain_of(normalise(f"postmaster@{envelope.helo}"))
    sender = normalise(envelope.sender) or (f"postmaster@{helo}" if helo and not envelope.sender else "")
    domain = domain_of(sender)
    is_strict = tree.record is not None and tree.record.is_spf_strict
    if not domain or domain.startswith("["):
        return _Part(notes=("spf: the envelope sender has no domain",)), ""
    host = client_address(envelope.client)
    if host is None:
        return _Part(notes=("spf: the client's address is not known",)), domain
    stranger = f"spf: the envelope sender is of {domain}, which does not speak for {tree.domain}"
    if not _may_speak(domain, tree, is_strict):
        return _Part(notes=(stranger,)), domain
    if any(host.version == network.version and host in network for network in _PRIVATE):
        # A relay of ours that nobody told us about: SPF is about the host before it
        note = f"spf: the client {host} is a private address; if it is a relay of yours, name it in trusted_networks"
        return _Part(is_open=True, notes=(note,)), domain
    try:
        if not _speaks(domain, tree, is_strict, resolver, deadline):
            return _Part(notes=(stranger,)), domain
    except DnsTrouble as trouble:
        return _Part(result="temperror", is_open=True, notes=(f"spf: {trouble}",)), domain
    found = check_host(host, domain, sender, helo or envelope.helo, resolver, deadline)
    if found.result == "pass":
        return _Part((domain,), "pass"), domain
    note = f"spf of {domain}: {found.why}"
    return _Part((), found.result, found.result == "temperror", (note,)), domain


def _may_speak(identifier: str, tree: Walk, is_strict: bool) -> bool:
    """Whether it could count for the From domain, as far as the names alone say; asks nobody."""
    if identifier == tree.domain:
        return True
    if is_strict:
        return False
    if tree.record is None or tree.trouble:
        return is_aligned(identifier, tree.domain)
    return identifier == tree.organisation or identifier.endswith("." + tree.organisation)


def _speaks(identifier: str, tree: Walk, is_strict: bool, resolver: Resolver, deadline: Deadline) -> bool:
    """Whether it counts for the From domain; raises DnsTrouble where only DNS could say."""
    if tree.record is None:
        return is_aligned(identifier, tree.domain)  # no DMARC: our own rule
    return is_spoken_for(identifier, tree, is_strict, resolver, deadline)


def _does_exist(domain: str, resolver: Resolver, deadline: Deadline) -> bool:
    """Whether there is such a name at all, for np= (RFC 9989 section 4.7)."""
    try:
        return resolver.look_up(domain, "A", deadline).exists
    except DnsTrouble:
        return True


def _cut(notes: Sequence[str]) -> tuple[str, ...]:
    return tuple(notes[:_MOST_NOTES])
