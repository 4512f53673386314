"""The whole round: every check in its order, from what is nearest to what is farthest."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mailproc import settings as site_settings
from mailproc.doctor import dkim, dns, house, imap, listeners, oauth, site, smtp, store
from mailproc.doctor.findings import Finding, fail, split_problem, warn
from mailproc.doctor.visit import Check, Visit
from mailproc.errors import ConfigError
from mailproc.opening.rulefiles import judge_folder
from mailproc.settings import Settings
from mailproc.verify.resolver import Resolver

AT_HOME: tuple[Check, ...] = (
    site.check,
    house.check_keys,
    dkim.check_key,
    house.check_versions,
    house.check_sqlite,
    house.check_clock,
    store.check_disk,
    store.check,
    listeners.check,
)
OUTSIDE: tuple[Check, ...] = (dns.check, dkim.check_record, oauth.check, imap.check, smtp.check)


def examine(visit: Visit, *, is_offline: bool) -> Iterator[Finding]:
    """All findings about a site whose settings are in order, as they come."""
    settings = visit.settings
    judged = judge_folder(settings, None)
    visit.book = judged.book
    first, *others = AT_HOME
    yield from first(visit)
    yield from house.check_rules(judged.book, judged.problems, settings.rules_dir)
    for check in others:
        yield from check(visit)
    if is_offline:
        return
    for check in OUTSIDE:
        yield from check(visit)


def make_visit(settings: Settings, *, timeout: float, is_offline: bool) -> Visit:
    """A visit to a site."""
    visit = Visit(settings, timeout=timeout, resolver=Resolver(settings.site.trust.resolver))
    if settings.oauth and not is_offline:
        visit.get_token = oauth.make_tokens(settings, timeout)
    return visit


def read_settings(config: Path | None) -> tuple[Settings | None, tuple[Finding, ...]]:
    """The settings, or what is wrong with them."""
    try:
        return site_settings.load(site_settings.find(config)), ()
    except ConfigError as error:
        problems = error.problems
    findings = tuple(
        fail("config", text, f"{remedy or 'Mend this line'}; nothing starts before".replace(".;", ";"))
        for text, remedy in map(split_problem, problems)
    )
    try:
        # Secrets may be at hand for the daemon alone: then all but the servers can be looked at
        loaded = site_settings.load(site_settings.find(config), needs_secrets=False)
    except ConfigError:
        return None, findings
    # What was a problem with secrets is a warning without them: once is enough
    told = {finding.text for finding in findings}
    warnings = tuple(
        warning for warning in loaded.warnings if split_problem(warning)[0].replace(" warning: ", " ", 1) not in told
    )
    return replace(loaded, warnings=warnings), tuple(
        warn("config", finding.text, "Run the doctor with the environment of the service, to look at the servers, too")
        for finding in findings
    )
