"""How far the From address of a mail is proven, and by what (mail-policy section 3).

Dry: no I/O; what DNS said about a mail to our own listener comes in as `Verified`. Who may do what with a level is
the desk's business.
"""

import ipaddress
import re
from dataclasses import replace
from functools import lru_cache

from mailproc.message.addresses import domain_of
from mailproc.message.authresults import AuthResults, parse_auth_results
from mailproc.message.submission import find_login, login_in_results, speaks_for
from mailproc.records.mail import Envelope, Inbound, Level, Trust, Verified
from mailproc.records.site import Site

# An id of `trusted_authserv_ids` that stands for fields without one: Microsoft 365 writes none
NO_ID = "microsoft365"

_BY_HOST = re.compile(r"(?:^|[\s)])by\s+([^\s;()]+)", re.I)
_COMMENTS = re.compile(r"\([^()]*\)")
_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,253}")
_MOST_SHOWN = 5
# What a border writes between its Received and its Authentication-Results
_TRACE_NAMES = frozenset({"received-spf", "authentication-results", "return-path", "delivered-to", "envelope-to"})
# Registries below a country code: what they sell names in is nobody's own domain
_REGISTRIES = frozenset("ac co com edu gob gouv gov go gv ltd me mil ne net nom or org plc sch".split())


def assess(inbound: Inbound, envelope: Envelope, site: Site, verified: Verified | None = None) -> Trust:
    """The level of the From address with its evidence; what its sender could have written does not count."""
    evidence: list[str] = []
    comes_from_inside = is_inside(envelope.client, site.trust.trusted_networks)
    came_past_border = envelope.kind != "smtp" or comes_from_inside
    if inbound.from_ is None or not inbound.from_ok:
        evidence.append(f"From cannot identify anybody: {inbound.from_defect or 'there is none'}")
        return Trust(Level.A0, came_past_border=came_past_border, evidence=tuple(evidence))
    domain = domain_of(inbound.from_.addr)
    if came_past_border:
        found = _find_trusted(inbound, site)
        trust = _from_login(inbound, found, site, _from_header(found, domain, evidence), evidence)
    else:
        trust = _from_verified(verified, domain, evidence)
    is_submitted = (
        trust.level is not Level.A0
        and site.trust.agent_trust == "network"
        and envelope.kind == "smtp"
        and comes_from_inside
        and domain in _own_domains(site)
        and not any(name == "received" for name, _ in inbound.headers)
    )
    if is_submitted:
        evidence.append(f"handed in by {envelope.client} of a trusted network, not relayed")
        trust = replace(trust, level=Level.A3, source="network", is_submitted=True)
    if not evidence:
        evidence.append("nothing proves or contradicts the From address")
    return replace(trust, came_past_border=came_past_border, evidence=tuple(evidence))


def is_aligned(domain: str, from_domain: str) -> bool:
    """Whether a signing or envelope domain speaks for the From domain: the same, or one below the other.

    For mail whose From domain publishes no DMARC record, or whose border does not say which organisation it found:
    two names beside each other would need a list of public suffixes, and a wrong guess would prove a stranger.
    """
    if not domain or not from_domain:
        return False
    if domain == from_domain:
        return True
    shorter, longer = sorted((domain, from_domain), key=len)
    return longer.endswith("." + shorter) and not is_registry(shorter)


def is_registry(domain: str) -> bool:
    """Whether names below this one belong to many owners: a top level, or a registry such as co.uk."""
    labels = domain.split(".")
    return len(labels) < 2 or (len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _REGISTRIES)


@lru_cache(maxsize=1_024)
def is_inside(client: str, networks: tuple[str, ...]) -> bool:
    """Whether the client of an SMTP session stands in one of the networks."""
    address = client_address(client)
    return address is not None and any(
        address.version == network.version and address in network for network in _networks(networks)
    )


def client_address(client: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address in an envelope's client, IPv4 out of its IPv6 form; None when there is none."""
    try:
        address = ipaddress.ip_address(client.strip("[]").removeprefix("IPv6:").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _from_verified(verified: Verified | None, domain: str, evidence: list[str]) -> Trust:
    """What our own look-ups say; Authentication-Results of a mail from anywhere are not looked at."""
    if verified is None:
        return Trust(Level.A1)
    # What DMARC calls a failure proves nothing, even where a name is akin: the domain may ask for the very same one
    has_failed = verified.dmarc == "fail"
    speaks = [domain for domain in (domain, verified.organisation) if domain]
    has_dkim = not has_failed and any(_is_spoken_for(signer, speaks) for signer in verified.dkim_domains)
    has_spf = not has_failed and verified.spf == "pass" and _is_spoken_for(verified.spf_domain, speaks)
    policy = f" (p={verified.dmarc_policy})" if verified.dmarc_policy else ""
    evidence.append(f"we checked: dmarc={verified.dmarc}{policy}")
    evidence.append(f"dkim passes for {', '.join(verified.dkim_domains)}" if verified.dkim_domains else "no valid dkim")
    if verified.spf != "none" or not any(note.startswith("spf") for note in verified.notes):
        evidence.append(f"spf={verified.spf}" + (f" for {verified.spf_domain}" if verified.spf_domain else ""))
    evidence += verified.notes
    level = _level(verified.dmarc, has_dkim or has_spf)
    return Trust(level, "verified", verified.dmarc, has_dkim, has_spf)


def _is_spoken_for(identifier: str, domains: list[str]) -> bool:
    """Whether it is aligned with the From domain, or belongs to the organisation that DNS names for that."""
    identifier = identifier.lower()
    return is_aligned(identifier, domains[0]) or any(
        identifier == domain or identifier.endswith("." + domain) for domain in domains[1:]
    )


def _from_login(
    inbound: Inbound, found: AuthResults | None, site: Site, trust: Trust, evidence: list[str]
) -> Trust:
    """A3 where our border says that the writer logged in there: it vouches for the mailbox, DMARC for a domain only."""
    policy = site.trust
    if not policy.logins or inbound.from_ is None:
        return trust
    ids = policy.trusted_authserv_ids
    login = find_login(inbound.headers, policy.border_hosts or ids) or login_in_results(found, ids)
    if login is None:
        return trust
    who = f"{_show(login.host)} says {_show_login(login.name)} logged in and handed it in"
    if not speaks_for(login.name, inbound.from_.addr, policy.logins):
        evidence.append(f"{who}, who by trust.logins does not write as From")
        return trust
    evidence.append(f"{who}, who by trust.logins writes as From")
    # What the border calls a failure stays one: two answers of one server are no proof
    return trust if trust.level is Level.A0 else replace(trust, level=Level.A3, source="submission")


def _from_header(found: AuthResults | None, domain: str, evidence: list[str]) -> Trust:
    """What our border wrote, if it is there and stands where only our border can have put it."""
    if found is None:
        return Trust(Level.A1)
    speaker = _show(found.authserv_id or NO_ID)
    dmarc = _dmarc_of(found, domain, evidence)
    signers = [
        result.find("header.d") or result.find("header.i").rpartition("@")[2]
        for result in found.all_of("dkim")
        if result.result == "pass"
    ]
    senders = [
        (result.find("smtp.mailfrom") or result.find("smtp.mail")).rpartition("@")[2]  # the second is Yandex's
        for result in found.all_of("spf")
        if result.result == "pass"
    ]
    senders = [sender for sender in senders if sender]
    has_failed = dmarc == "fail"
    has_dkim = not has_failed and any(is_aligned(signer, domain) for signer in signers)
    has_spf = not has_failed and len(senders) == 1 and is_aligned(senders[0], domain)
    evidence.append(f"{speaker} says dmarc={_show(dmarc)}")
    if signers:
        evidence.append(f"{speaker} says dkim passes for {', '.join(map(_show, signers[:_MOST_SHOWN]))}")
    if senders:
        evidence.append(f"{speaker} says spf passes for {', '.join(map(_show, senders[:_MOST_SHOWN]))}")
    return Trust(_level(dmarc, has_dkim or has_spf), "authentication-results", dmarc, has_dkim, has_spf)


def _show(word: str) -> str:
    """The word for people; a border copies names that a stranger chose."""
    return word if _PLAIN.fullmatch(word) else ascii(word[:60])


def _show_login(login: str) -> str:
    local, at, domain = login.partition("@")
    return f"{_show(local)}{at}{_show(domain) if at else ''}"


def _level(dmarc: str, is_proven: bool) -> Level:
    if dmarc == "pass":
        return Level.A3
    if dmarc == "fail":
        return Level.A0
    # With a record that could not be read, the pass of a part proves nothing: temperror is A1
    return Level.A2 if is_proven and dmarc in ("none", "bestguesspass") else Level.A1


def _dmarc_of(found: AuthResults, domain: str, evidence: list[str]) -> str:
    """The DMARC result that counts: one result, for the domain that we read in From."""
    results = found.all_of("dmarc")
    if not results:
        return "none"
    if any(result.result == "fail" for result in results):
        return "fail"
    if len(results) > 1:
        evidence.append("there are two dmarc results in one field; none counts")
        return "permerror"
    if results[0].result == "pass":
        claimed = results[0].find("header.from").rpartition("@")[2].removesuffix(".")
        if claimed != domain:
            evidence.append(f"dmarc=pass is for {_show(claimed) if claimed else 'no domain'}, From is {domain}")
            return "permerror"
    return results[0].result or "none"


def _find_trusted(inbound: Inbound, site: Site) -> AuthResults | None:
    """The topmost field of a trusted id, unless it stands below a hop that is not ours (RFC 8601 section 5)."""
    trusted = site.trust.trusted_authserv_ids
    if not trusted or not any(name == "authentication-results" for name, _ in inbound.headers):
        return None
    borders = site.trust.border_hosts or trusted
    is_below = False  # a Received of our border was seen
    for name, value in inbound.headers:
        if name == "received":
            if not _is_border(_by_host(value), borders):
                return None
            is_below = True
        elif name == "authentication-results":
            found = parse_auth_results(value)
            if found is not None and _is_trusted(found, trusted):
                return found
            if found is None and _may_be_trusted(value, trusted):
                return None  # ours, but unreadable: nothing below it is ours
        elif is_below and not (name in _TRACE_NAMES or name.startswith(("arc-", "x-"))):
            return None  # directly below the border's Received, not among the sender's own fields
    return None


def _is_trusted(found: AuthResults, trusted: tuple[str, ...]) -> bool:
    if not found.authserv_id:
        return NO_ID in trusted
    # Nobody's id is "microsoft365": that word stands for the fields without one, which their border takes out
    return found.authserv_id != NO_ID and _is_border(found.authserv_id, trusted)


def _may_be_trusted(value: str, trusted: tuple[str, ...]) -> bool:
    lowered = value.lower()
    return NO_ID in trusted or any(one.strip("*") in lowered for one in trusted)


def _by_host(received: str) -> str:
    """The host that wrote a Received field, lower case; comments are the client's to fill and are left out."""
    if len(received) > 4_096:
        return ""  # whatever stands past the cut could be the host that really wrote it
    for _ in range(5):
        shorter = _COMMENTS.sub(" ", received)
        if shorter == received:
            break
        received = shorter
    # A HELO may hold " by our.host": a field that names two hosts names none
    hosts = _BY_HOST.findall(received)
    is_plain = not any(mark in received for mark in '()"')
    return hosts[0].lower().rstrip(".") if len(hosts) == 1 and is_plain else ""


def _is_border(host: str, borders: tuple[str, ...]) -> bool:
    """Whether the host is one of ours; `*.example.com` and `2002:a05:*` stand for a provider's many hosts."""
    for border in borders:
        if host == border:
            return True
        if border.startswith("*") and len(border) > 2 and host.endswith(border[1:]):
            return True
        if border.endswith("*") and len(border) > 2 and host.startswith(border[:-1]):
            return True
    return False


def _own_domains(site: Site) -> frozenset[str]:
    return frozenset({site.domain.lower(), *(domain_of(address) for address in site.addresses)} - {""})


@lru_cache(maxsize=64)
def _networks(networks: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    read = []
    for network in networks:
        try:
            read.append(ipaddress.ip_network(network, strict=False))
        except ValueError:
            continue  # settings refuses it with its line; here it trusts nobody
    return tuple(read)
