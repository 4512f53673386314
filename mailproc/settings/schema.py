"""The keys of mailproc.yaml: what each may hold, and what it is when it is missing."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from mailproc import yamlnodes
from mailproc.message.addresses import LONGEST_LOCAL, domain_of
from mailproc.records.site import Limits, Site, TrustPolicy
from mailproc.settings import values
from mailproc.settings.doors import read_delivery, read_intakes
from mailproc.settings.logins import read_login
from mailproc.settings.oauth import read_oauth
from mailproc.settings.providers import PROVIDERS
from mailproc.settings.reader import Reader, Section
from mailproc.settings.records import DeliverySettings, HealthSettings, IntakeSettings, Settings

DEFAULT_DATABASE = "sqlite:///data/mailproc.db"
DEFAULT_MESSAGE_SIZE = 30_000_000
LONGEST_TOKEN = 28  # of tickets.token, for ten digits of a serial

TOP_KEYS = (
    "version", "site", "database", "keys_file", "rules", "templates", "intake", "delivery", "operator", "trust",
    "address_extension", "subject_tag", "numbering", "max_message_size", "copy_answers", "max_attachments_size",
    "notify_requester", "reopen_within", "auto_close_after", "collision_window", "undo_window", "limits", "oauth",
    "health", "alarm", "blocked_attachments",
)  # fmt: skip
SITE_KEYS = (
    "name", "prefix", "prefix_aliases", "addresses", "domain", "languages", "default_language", "timezone",
)  # fmt: skip
TRUST_KEYS = (
    "trusted_authserv_ids", "border_hosts", "trusted_networks", "logins", "agent_trust", "verify", "resolver",
)  # fmt: skip
LIMIT_KEYS = (
    "ack_max_age", "sender_per_hour", "sender_per_day", "unverified_per_day", "domain_per_hour", "ticket_per_hour",
    "ticket_per_day", "breaker_per_hour",
)  # fmt: skip
OCCASIONS = ("awaiting", "reopened", "closed", "merged", "moved", "rejected")
HEALTH_KEYS = ("listen",)
ALARM_KEYS = ("command",)

_HOMES: dict[str, str] = {
    **dict.fromkeys(TOP_KEYS, "at the top level, without indentation"),
    **dict.fromkeys(SITE_KEYS, 'below "site:"'),
    **dict.fromkeys(TRUST_KEYS, 'below "trust:"'),
    **dict.fromkeys(LIMIT_KEYS, 'below "limits:"'),
}


def read_settings(reader: Reader, root: yamlnodes.Mapping, path: Path) -> Settings:
    """The settings in the tree; only of use when `reader.problems` holds no error afterwards."""
    top = Section(reader, root, "", TOP_KEYS, _HOMES)
    version = top.read("version", values.read_text, "1")
    if version != "1":
        top.report("version", "S004", f'version "{version}" is not known to this program', "Write  version: 1")
    oauth = read_oauth(top)
    intakes = read_intakes(top, oauth)
    delivery = read_delivery(top, oauth, intakes)
    site = _fill_in(top, _read_site(top), intakes, delivery)
    return Settings(
        path=path,
        site=site,
        database=_read_database(top),
        keys_file=Path(top.read_path("keys_file", "data/keys")),
        rules_dir=Path(top.read_path("rules", "rules")),
        templates_dir=Path(top.read_path("templates", "templates")),
        intakes=intakes,
        delivery=delivery,
        max_message_size=top.read("max_message_size", values.read_size(1000, 1000**3), DEFAULT_MESSAGE_SIZE),
        oauth=oauth,
        health=_read_health(top),
        alarm_command=top.section("alarm", ALARM_KEYS, {}).read_words("command"),
    )


def _fill_in(top: Section, site: Site, intakes: Iterable[IntakeSettings], delivery: DeliverySettings) -> Site:
    """The site with what its providers imply: whose Authentication-Results count, how much one mail may carry."""
    trust = top.section("trust", TRUST_KEYS, _HOMES, is_read=True)
    if "trusted_authserv_ids" not in trust and "border_hosts" not in trust:
        known = [PROVIDERS[intake.provider] for intake in intakes if intake.provider in PROVIDERS]
        ids = dict.fromkeys(word for provider in known for word in provider.trusted_authserv_ids)
        borders = dict.fromkeys(word for provider in known for word in provider.border_hosts)
        site = replace(site, trust=replace(site.trust, trusted_authserv_ids=tuple(ids), border_hosts=tuple(borders)))
    if delivery.max_message_size is not None:
        # base64 in lines of 76 makes 4/3 and a little more of a file; the text of the mail needs room, too
        most = max(0, delivery.max_message_size * 18 // 25)
        if "max_attachments_size" not in top:
            return replace(site, max_attachments_size=min(site.max_attachments_size, most))
        if site.max_attachments_size > most:
            text = f"with {values.show_size(site.max_attachments_size)} of attachments a mail may be too large"
            hint = f"The next host takes {values.show_size(delivery.max_message_size)}, attachments grow by a third."
            top.report("max_attachments_size", "S009", f"{text} for the delivery", hint, is_warning=True)
    return site


def _read_health(top: Section) -> HealthSettings | None:
    section = top.section("health", HEALTH_KEYS, {})
    if "listen" not in section:
        return None
    host, port = section.read("listen", values.read_endpoint, ("", 0))
    if host and host not in values.LOOPBACK:
        section.report("listen", "S009", f"anybody who reaches {host} may read the figures of this site",
                       'Write "127.0.0.1:8025" and let a proxy ask there.', is_warning=True)  # fmt: skip
    return HealthSettings(host, port)


def _read_site(top: Section) -> Site:
    section = top.section("site", SITE_KEYS, _HOMES, needed="It says who you are: name, prefix, addresses.")
    prefix = section.read("prefix", values.read_prefix, "", needed="ACME  (letters of your name)")
    addresses = section.read_list("addresses", values.read_address, needed="[support@example.org]")
    extension = _read_choice(top, "address_extension", ("plus", "dash", "subdomain", "none"))
    if addresses:
        _check_room(section, addresses[0], extension)
    languages, default_language = _read_languages(section)
    defaults = Site(name="", prefix="", addresses=(), domain="")
    return Site(
        name=section.read("name", values.read_text, "", needed="Acme Support"),
        prefix=prefix,
        addresses=addresses,
        domain=section.read("domain", values.read_domain, domain_of(addresses[0]) if addresses else ""),
        prefix_aliases=tuple(
            alias for alias in section.read_list("prefix_aliases", values.read_prefix) if alias != prefix
        ),
        languages=languages,
        default_language=default_language,
        timezone=section.read("timezone", values.read_timezone, defaults.timezone),
        operator=top.read("operator", values.read_address, ""),
        trust=_read_trust(top),
        address_extension=extension,
        subject_tag=_read_choice(top, "subject_tag", ("always", "reply", "never")),
        numbering=_read_choice(top, "numbering", ("serial", "shuffled")),
        copy_answers=top.read("copy_answers", values.read_flag, defaults.copy_answers),
        notify_requester=top.read_list("notify_requester", values.read_choice(*OCCASIONS), defaults.notify_requester),
        max_attachments_size=top.read(
            "max_attachments_size", values.read_size(0, 1000**3), defaults.max_attachments_size
        ),
        blocked_attachments=top.read_list(
            "blocked_attachments", values.read_file_kind, defaults.blocked_attachments
        ),
        reopen_within=top.read("reopen_within", values.read_duration, defaults.reopen_within),
        auto_close_after=top.read("auto_close_after", values.read_optional_duration, defaults.auto_close_after),
        collision_window=top.read("collision_window", values.read_duration, defaults.collision_window),
        undo_window=top.read("undo_window", values.read_duration, timedelta(0)),
        limits=_read_limits(top),
    )


def _check_room(section: Section, address: str, extension: str) -> None:
    """What a reply address adds must fit: no mail server takes more before the @ (RFC 5321 section 4.5.3.1.1)."""
    most = LONGEST_LOCAL - 1 - LONGEST_TOKEN
    if extension in ("plus", "dash") and len(address.partition("@")[0]) > most:
        text = f"{address} leaves no room for the token of a reply address: more than {most} letters before the @"
        hint = "Put a shorter address first, or write  address_extension: none  or  subdomain"
        section.report("addresses", "S004", text, hint)


def _read_languages(section: Section) -> tuple[tuple[str, ...], str]:
    languages = section.read_list("languages", values.read_language)
    default = section.read("default_language", values.read_language, languages[0] if languages else "en")
    if languages and default not in languages:
        hint = f"Add it there, or take one of them: {', '.join(languages)}."
        section.report("default_language", "S005", f'default_language "{default}" is not among languages', hint)
    return languages or (default,), default


def _read_choice(top: Section, key: str, choices: tuple[str, ...]) -> str:
    return top.read(key, values.read_choice(*choices), choices[0])


def _read_trust(top: Section) -> TrustPolicy:
    section = top.section("trust", TRUST_KEYS, _HOMES)
    trust = TrustPolicy(
        trusted_authserv_ids=section.read_list("trusted_authserv_ids", values.read_authserv_id),
        border_hosts=section.read_list("border_hosts", values.read_border),
        trusted_networks=section.read_list("trusted_networks", values.read_network),
        logins=section.read_list("logins", read_login),
        agent_trust=section.read("agent_trust", values.read_choice("dmarc", "network", "token"), "dmarc"),
        verify=section.read("verify", values.read_flag, True),
        resolver=section.read("resolver", values.read_resolver, ""),
    )
    if trust.logins and not any("*" not in host for host in trust.border_hosts or trust.trusted_authserv_ids):
        section.report("logins", "S009", "logins does nothing while border_hosts names no host in full",
                       "Write there the host behind \"by\" in your mail server's Received lines.",
                       is_warning=True)  # fmt: skip
    if trust.border_hosts and not trust.trusted_authserv_ids and not trust.logins:
        section.report("border_hosts", "S009", "border_hosts does nothing while trusted_authserv_ids is empty",
                       "Write there what their Authentication-Results begin with, mostly the same names.",
                       is_warning=True)  # fmt: skip
    if trust.agent_trust == "network" and not trust.trusted_networks:
        hint = "Without one no agent can answer."
        section.report("agent_trust", "S009", "agent_trust is network, but trusted_networks is empty", hint,
                       is_warning=True)  # fmt: skip
    return trust


def _read_limits(top: Section) -> Limits:
    section = top.section("limits", LIMIT_KEYS, _HOMES)
    usual = Limits()
    return Limits(
        ack_max_age=section.read("ack_max_age", values.read_optional_duration, usual.ack_max_age),
        sender_per_hour=section.read("sender_per_hour", values.read_limit, usual.sender_per_hour),
        sender_per_day=section.read("sender_per_day", values.read_limit, usual.sender_per_day),
        unverified_per_day=section.read("unverified_per_day", values.read_limit, usual.unverified_per_day),
        domain_per_hour=section.read("domain_per_hour", values.read_limit, usual.domain_per_hour),
        ticket_per_hour=section.read("ticket_per_hour", values.read_limit, usual.ticket_per_hour),
        ticket_per_day=section.read("ticket_per_day", values.read_limit, usual.ticket_per_day),
        breaker_per_hour=section.read("breaker_per_hour", values.read_limit, usual.breaker_per_hour),
    )


def _read_database(top: Section) -> str:
    url = top.read_secret("database", in_url=True, default=DEFAULT_DATABASE)
    folder = top.reader.folder
    if url.startswith("sqlite:///"):
        name = url.removeprefix("sqlite:///")
        if name and not name.startswith(":"):
            return f"sqlite:///{values.absolute(name, folder)}"
        text = "the database in memory would be lost with every command" if name else "the database has no file name"
        top.report("database", "S004", text, "Write  database: sqlite:///data/mailproc.db")
    elif url.startswith(("postgresql://", "postgres://")):
        if _is_postgres_url(url):
            return "postgresql://" + url.partition("://")[2]
        hint = "Write  database: postgresql://user:${env:PGPASSWORD}@host/name"
        top.report("database", "S004", "the PostgreSQL URL does not name its host, port and database properly", hint)
    else:
        # Only the part in front of :// may be shown, and only as it stands in the file: the rest may hold a password.
        written = top.find("database")
        scheme = written.value.partition("://")[0] if isinstance(written, yamlnodes.Scalar) else ""
        is_shown = scheme.isalnum() and "://" in url
        said = f'"{scheme}://" is no database mailproc knows' if is_shown else "the database must be a URL"
        hint = "Write  sqlite:///data/mailproc.db  or  postgresql://user:${env:PGPASSWORD}@host/name"
        top.report("database", "S004", said, hint)
    return f"sqlite:///{folder / 'data/mailproc.db'}"


def _is_postgres_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.path.strip("/")) and parts.port != 0  # without a host: the local socket
    except ValueError:  # a port that is no number, brackets that do not match
        return False
