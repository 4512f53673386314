"""What DNS says of the site's domains and the agents': does mail find us, and is ours believed elsewhere."""

import ipaddress
from collections.abc import Iterator

from mailproc.doctor.findings import Finding, fail, warn, well
from mailproc.doctor.refusals import find_provider
from mailproc.doctor.visit import Visit
from mailproc.message.addresses import domain_of
from mailproc.verify.dkimkeys import BadKey, read_key
from mailproc.verify.dmarc import walk
from mailproc.verify.resolver import Deadline, DnsTrouble
from mailproc.verify.spf import check_host

_SECONDS = 10.0  # for one domain
_FIRST_SECONDS = 5.0  # whether anybody answers at all
_DNS_REMEDY = "Check this host's DNS (/etc/resolv.conf) or trust.resolver, and try again"
_NOBODY = ipaddress.ip_address("192.0.2.1")  # RFC 5737: nobody's, so that every part of a record is looked at
_SPF_WORDS = {
    "google": "include:_spf.google.com",
    "microsoft": "include:spf.protection.outlook.com",
    "fastmail": "include:spf.messagingengine.com",
}
_SELECTORS = (
    "default",
    "mail",
    "dkim",
    "mailproc",
    "s1",
    "s2",
    "k1",
    "k2",
    "key1",
    "google",
    "selector1",
    "selector2",
    "fm1",
    "fm2",
    "fm3",
    "smtp",
    "mx",
    "postfix",
    "opendkim",
    "rspamd",
)


def check(visit: Visit) -> Iterator[Finding]:
    """MX, SPF, DKIM and DMARC of our domains, DMARC of the agents'."""
    site = visit.settings.site
    try:
        visit.resolver.look_up(domain_of(site.addresses[0]), "MX", Deadline(min(_FIRST_SECONDS, visit.timeout)))
    except DnsTrouble as trouble:
        if "in time" in str(trouble) or "no DNS server" in str(trouble):
            # Each further question would wait as long
            yield warn("dns", f"nothing can be said: {trouble}", _DNS_REMEDY)
            return
    receiving = dict.fromkeys(domain_of(address) for address in site.addresses)
    if site.address_extension == "subdomain":
        receiving |= dict.fromkeys(
            domain if domain.startswith("cases.") else f"cases.{domain}" for domain in tuple(receiving)
        )
    for domain in receiving:
        yield from _guard(domain, "MX", _check_mx(visit, domain))
    for domain in dict.fromkeys(domain_of(address) for address in site.addresses):
        yield from _guard(domain, "SPF", _check_spf(visit, domain))
        yield from _guard(domain, "DKIM", _check_dkim(visit, domain))
        yield from _check_dmarc(visit, domain)
    if visit.book is not None and site.trust.agent_trust == "dmarc":
        agents = dict.fromkeys(
            domain_of(address) for agent in visit.book.agents if agent.is_active for address in agent.addresses
        )
        logged_in = {domain_of(address) for _, address in site.trust.logins}  # whose login proves them
        for domain in agents:
            if domain not in receiving and domain not in logged_in:
                yield from _check_agents(visit, domain)


def _guard(domain: str, kind: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    try:
        yield from findings
    except DnsTrouble as trouble:
        yield warn(
            "dns",
            f"{kind} of {domain} is not known: {trouble}",
            _DNS_REMEDY,
        )


def _check_mx(visit: Visit, domain: str) -> Iterator[Finding]:
    deadline = Deadline(_SECONDS)
    answer = visit.resolver.look_up(domain, "MX", deadline)
    hosts = [host for host in answer.rows if host not in ("", ".")]
    if answer.rows and not hosts:
        # RFC 7505
        yield fail("dns", f"{domain} says that it takes no mail at all (null MX)", "Publish an MX record for it")
        return
    if not answer.exists:
        yield fail(
            "dns",
            f"there is no domain {domain}: no customer's mail gets here",
            "Correct site.addresses, or register the domain",
        )
        return
    if not hosts:
        # RFC 5321 section 5.1: without MX the domain's own address is tried
        if visit.resolver.look_up(domain, "A", deadline).rows or visit.resolver.look_up(domain, "AAAA", deadline).rows:
            yield warn("dns", f"{domain} has no MX record, mail goes to its web address", "Publish an MX record for it")
        else:
            yield fail("dns", f"{domain} has no MX record: no customer's mail gets here", "Publish one for it")
        return
    dead = [
        host
        for host in hosts[:5]
        if not visit.resolver.look_up(host, "A", deadline).rows
        and not visit.resolver.look_up(host, "AAAA", deadline).rows
    ]
    if dead:
        yield (fail if len(dead) == len(hosts) else warn)(
            "dns",
            f"{domain} names {', '.join(dead)} in its MX records, which has no address",
            "Correct the MX record or add the address of that host",
        )
    else:
        yield well("dns", f"mail for {domain} goes to {', '.join(hosts[:5])}")


def _check_spf(visit: Visit, domain: str) -> Iterator[Finding]:
    rows = visit.resolver.look_up(domain, "TXT", Deadline(_SECONDS)).rows
    records = [row for row in rows if row[:6].lower() == "v=spf1"]
    provider = find_provider(visit.settings.delivery.host)
    word = _SPF_WORDS.get(provider, "mx")
    if not records:
        yield warn(
            "dns",
            f"{domain} has no SPF record: our mail ends in spam folders",
            f'Publish a TXT record at {domain}:  "v=spf1 {word} ~all"',
        )
        return
    result = check_host(_NOBODY, domain, f"postmaster@{domain}", domain, visit.resolver, Deadline(_SECONDS))
    if result.result == "permerror":
        yield fail(
            "dns",
            f"the SPF record of {domain} is wrong ({result.why}): nobody can believe our mail",
            "Correct it: one record, at most ten look-ups, no typing errors",
        )
    elif result.result == "temperror":
        yield warn("dns", f"the SPF record of {domain} cannot be followed: {result.why}", "Try again later")
    elif result.result == "pass":
        yield warn(
            "dns",
            f"the SPF record of {domain} lets the whole world send in its name ({result.why})",
            "End it with ~all or -all",
        )
    elif provider in _SPF_WORDS and word.partition(":")[2] not in records[0].lower():
        yield warn(
            "dns",
            f"the SPF record of {domain} does not name the servers our mail goes out by",
            f"Add  {word}  to it, unless another include holds it already",
        )
    else:
        yield well("dns", f"SPF of {domain}: {records[0][:120]}")


def _check_dkim(visit: Visit, domain: str) -> Iterator[Finding]:
    deadline = Deadline(_SECONDS)
    found: list[str] = []
    bad: list[str] = []
    own = visit.settings.delivery.dkim
    ours = (own.selector,) if own is not None and own.domain == domain else ()
    for selector in dict.fromkeys((*ours, *_SELECTORS)):
        for row in visit.resolver.look_up(f"{selector}._domainkey.{domain}", "TXT", deadline).rows[:1]:
            try:
                read_key(row)
                found.append(selector)
            except BadKey as error:
                bad.append(f"{selector} ({str(error).removeprefix('its key ')})")
    if found:
        yield well("dns", f"DKIM keys of {domain}: {', '.join(found)}")
    # RFC 8020: where names below exist, the name itself does
    elif bad:
        yield warn(
            "dns",
            f"the DKIM key of {domain} is of no use: {', '.join(bad)}",
            "Publish the key that your mail server signs with anew",
        )
    elif visit.resolver.look_up(f"_domainkey.{domain}", "TXT", deadline).exists:
        yield well("dns", f"{domain} has DKIM keys, of selectors with names of their own")
    else:
        yield warn(
            "dns",
            f"{domain} has no DKIM key under any usual name: large providers refuse unsigned mail",
            "Let your mail server or provider sign, and publish its key; if it signs with a selector of another "
            "name, this is well",
        )


def _check_dmarc(visit: Visit, domain: str) -> Iterator[Finding]:
    tree = walk(domain, visit.resolver, Deadline(_SECONDS))
    if tree.record is not None:
        where = "" if tree.record_at == domain else f" (from {tree.record_at})"
        yield well("dns", f"DMARC of {domain}: p={tree.policy(does_exist=True)}{where}")
    elif tree.trouble:
        yield warn("dns", f"DMARC of {domain} is not known: {tree.trouble}", _DNS_REMEDY)
    else:
        yield warn(
            "dns",
            f"{domain} has no DMARC record: others can write in its name, and large providers want one",
            f'Publish a TXT record at _dmarc.{domain}:  "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"',
        )


def _check_agents(visit: Visit, domain: str) -> Iterator[Finding]:
    tree = walk(domain, visit.resolver, Deadline(_SECONDS))
    if tree.record is None and not tree.trouble:
        yield warn(
            "dns",
            f"the agents' domain {domain} has no DMARC record: their answers are held unless its server signs "
            "them with DKIM",
            f"Publish DMARC for {domain}, or sign its mail",
        )
    elif tree.record is not None:
        yield well("dns", f"DMARC of the agents' domain {domain}: p={tree.policy(does_exist=True)}")
