"""The settings as a whole: what is well written and still not wise, or leaves nobody to answer."""

from collections.abc import Iterator

from mailproc.doctor.findings import Finding, fail, split_problem, warn, well
from mailproc.doctor.visit import Visit, count
from mailproc.message.addresses import domain_of
from mailproc.opening.operatormail import find_operator
from mailproc.tickets.token import split_reply_address


def check(visit: Visit) -> Iterator[Finding]:
    """Ways in and out, trust, the operator."""
    settings = visit.settings
    ways = f"{count(len(settings.intakes), 'intake')}, out by {settings.delivery.kind}"
    yield well("config", f"{settings.path} is in order: {ways}")
    for warning in settings.warnings:
        text, remedy = split_problem(warning)
        yield warn("config", text, remedy or "Change it in the settings, or leave it if you mean it")
    if not settings.intakes:
        yield warn(
            "config",
            "there is no way in besides `mailproc deliver` and `feed`",
            "Write at least one entry below `intake:`, unless your mail server calls `mailproc deliver`",
        )
    if settings.delivery.kind == "maildir":
        yield warn(
            "config",
            f"outgoing mail is only written to {settings.delivery.path}: nothing leaves this host",
            "Write  delivery: {kind: smtp, host: ...}  before customers write, unless something empties it",
        )
    yield from _check_trust(visit)
    yield from _check_domains(visit)
    yield from _check_operator(visit)


def _check_trust(visit: Visit) -> Iterator[Finding]:
    trust = visit.settings.site.trust
    if trust.agent_trust == "token":
        yield warn(
            "trust",
            "agent_trust: token lets everybody who gets hold of a notification answer as the agent",
            "Write  agent_trust: dmarc  and see that the agents' domain publishes DMARC and signs its mail",
        )
        return
    kinds = {intake.kind for intake in visit.settings.intakes}
    is_proven_by_us = trust.verify and "smtp" in kinds
    if trust.agent_trust == "dmarc" and not trust.trusted_authserv_ids and not trust.logins and not is_proven_by_us:
        yield fail(
            "trust",
            "nothing proves who wrote a mail, so that no agent can answer",
            "Name your mail server in trust.trusted_authserv_ids: the first word behind "
            "Authentication-Results: in a mail you received",
        )
    elif trust.agent_trust == "dmarc" and not (trust.trusted_authserv_ids or trust.logins) and kinds - {"smtp"}:
        yield warn(
            "trust",
            f"mail that comes by {', '.join(sorted(kinds - {'smtp'}))} is proven by nobody: answers of "
            "agents that come that way are held",
            "Name your mail server in trust.trusted_authserv_ids",
        )
    elif trust.agent_trust == "network" and not trust.trusted_networks:
        yield fail(
            "trust",
            "agent_trust is network and trusted_networks is empty: no agent can answer",
            "Write the networks of your own mail servers into trust.trusted_networks",
        )
    else:
        yield well("trust", f"agents are told by {trust.agent_trust} besides their token")


def _check_domains(visit: Visit) -> Iterator[Finding]:
    """T02: whoever can receive mail in the domain of the employees can register anywhere as one of them."""
    if visit.book is None:
        return
    ours = {domain_of(address) for address in visit.settings.site.addresses}
    agents = {domain_of(address) for agent in visit.book.agents for address in agent.addresses}
    shared = sorted(ours & agents)
    if shared:
        yield warn(
            "domain",
            f"the support addresses are in the agents' own domain ({', '.join(shared)}): a stranger can "
            "let another service send its confirmation mail for that domain to a case",
            f"Take addresses of a subdomain for support, such as support@help.{shared[0]}",
        )
    elif ours:
        yield well("domain", f"{', '.join(sorted(ours))} is not the agents' domain")


def _check_operator(visit: Visit) -> Iterator[Finding]:
    site = visit.settings.site
    base = split_reply_address(site, site.operator)[0] if site.operator else ""
    if not site.operator:
        yield warn("operator", "nobody is told by mail when something breaks", "Write  operator: you@example.org")
    elif base or any(site.operator == intake.user.lower() for intake in visit.settings.intakes if intake.user):
        yield fail(
            "operator",
            f"{site.operator} is a mailbox that mailproc reads: alarms would become cases, or be lost",
            "Write an address that a person reads: operator: you@example.org",
        )
    elif find_operator(site):
        yield well("operator", f"alarms go to {site.operator}")
    if visit.settings.alarm_command:
        program = visit.settings.alarm_command[0]
        yield from _check_program(program)
    elif any(intake.kind in ("imap", "maildir") for intake in visit.settings.intakes):
        yield warn(
            "alarm",
            "when mail itself is broken, an alarm by mail does not arrive",
            "Name a program for the other way: alarm: {command: [/usr/local/bin/page-me]}",
        )


def _check_program(program: str) -> Iterator[Finding]:
    import shutil

    found = shutil.which(program)
    if found is None:
        yield fail(
            "alarm",
            f"{program} cannot be run: there is no such program, or it is not executable",
            "Write its whole path in alarm.command, and  chmod +x  it",
        )
    else:
        yield well("alarm", f"alarms also go to {found}")
