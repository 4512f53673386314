"""The keys of mailproc.yaml: what each may hold, and what it is when it is missing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from mailproc import yamlnodes
from mailproc.message.addresses import domain_of
from mailproc.records.site import Limits, Site, TrustPolicy
from mailproc.settings import values
from mailproc.settings.reader import Reader, Section
from mailproc.settings.records import DeliverySettings, IntakeSettings, Settings

DEFAULT_DATABASE = "sqlite:///data/mailproc.db"
DEFAULT_MESSAGE_SIZE = 30_000_000

TOP_KEYS = (
    "version", "site", "database", "keys_file", "rules", "templates", "intake", "delivery", "operator", "trust",
    "address_extension", "subject_tag", "numbering", "max_message_size", "copy_answers", "max_attachments_size",
    "reopen_within", "auto_close_after", "collision_window", "undo_window", "limits",
)  # fmt: skip
SITE_KEYS = (
    "name", "prefix", "prefix_aliases", "addresses", "domain", "languages", "default_language", "timezone",
)  # fmt: skip
TRUST_KEYS = ("trusted_authserv_ids", "border_hosts", "trusted_networks", "agent_trust", "verify", "resolver")
LIMIT_KEYS = (
    "ack_max_age", "sender_per_hour", "sender_per_day", "unverified_per_day", "domain_per_hour", "ticket_per_hour",
    "ticket_per_day", "breaker_per_hour",
)  # fmt: skip
INTAKE_KEYS: dict[str, tuple[str, ...]] = {
    "smtp": ("kind", "name", "listen"),
    "lmtp": ("kind", "name", "listen"),
    "imap": ("kind", "name", "host", "port", "tls", "user", "password", "token", "folder", "start", "after", "idle",
             "poll_seconds"),
    "maildir": ("kind", "name", "path", "poll_seconds"),
}  # fmt: skip
DELIVERY_KEYS: dict[str, tuple[str, ...]] = {
    "smtp": ("kind", "host", "port", "tls", "user", "password"),
    "maildir": ("kind", "path"),
}
TLS = ("required", "starttls", "none")

_HOMES: dict[str, str] = {
    **dict.fromkeys(TOP_KEYS, "at the top level, without indentation"),
    **dict.fromkeys(SITE_KEYS, 'below "site:"'),
    **dict.fromkeys(TRUST_KEYS, 'below "trust:"'),
    **dict.fromkeys(LIMIT_KEYS, 'below "limits:"'),
}
_IMAP_PORTS = {"required": 993, "starttls": 143, "none": 143}  # the first is the tls of any other port
_SMTP_PORTS = {"none": 25, "starttls": 587, "required": 465}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def read_settings(reader: Reader, root: yamlnodes.Mapping, path: Path) -> Settings:
    """The settings in the tree; only of use when `reader.problems` holds no error afterwards."""
    top = Section(reader, root, "", TOP_KEYS, _HOMES)
    version = top.read("version", values.read_text, "1")
    if version != "1":
        top.report("version", "S004", f'version "{version}" is not known to this program', "Write  version: 1")
    site = _read_site(top)
    return Settings(
        path=path,
        site=site,
        database=_read_database(top),
        keys_file=_read_path(top, "keys_file", "data/keys"),
        rules_dir=_read_path(top, "rules", "rules"),
        templates_dir=_read_path(top, "templates", "templates"),
        intakes=_read_intakes(top),
        delivery=_read_delivery(top),
        max_message_size=top.read("max_message_size", values.read_size(1000, 1000**3), DEFAULT_MESSAGE_SIZE),
    )


def _read_site(top: Section) -> Site:
    section = top.section("site", SITE_KEYS, _HOMES, needed="It says who you are: name, prefix, addresses.")
    prefix = section.read("prefix", values.read_prefix, "", needed="ACME  (letters of your name)")
    addresses = section.read_list("addresses", values.read_address, needed="[support@example.org]")
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
        address_extension=_read_choice(top, "address_extension", ("plus", "dash", "subdomain", "none")),
        subject_tag=_read_choice(top, "subject_tag", ("always", "reply", "never")),
        numbering=_read_choice(top, "numbering", ("serial", "shuffled")),
        copy_answers=top.read("copy_answers", values.read_flag, defaults.copy_answers),
        max_attachments_size=top.read(
            "max_attachments_size", values.read_size(0, 1000**3), defaults.max_attachments_size
        ),
        reopen_within=top.read("reopen_within", values.read_duration, defaults.reopen_within),
        auto_close_after=top.read("auto_close_after", values.read_optional_duration, defaults.auto_close_after),
        collision_window=top.read("collision_window", values.read_duration, defaults.collision_window),
        undo_window=top.read("undo_window", values.read_duration, timedelta(0)),
        limits=_read_limits(top),
    )


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
        agent_trust=section.read("agent_trust", values.read_choice("dmarc", "network", "token"), "dmarc"),
        verify=section.read("verify", values.read_flag, True),
        resolver=section.read("resolver", values.read_resolver, ""),
    )
    if trust.border_hosts and not trust.trusted_authserv_ids:
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


def _read_path(section: Section, key: str, default: str, *, needed: str = "") -> Path:
    word = section.read(key, values.read_text, default, needed=needed)
    return absolute(word, section.reader.folder)


def absolute(word: str, folder: Path) -> Path:
    """The path, started from `folder` when it is relative; `~/` is the home of the user."""
    if word == "~" or word.startswith("~/"):
        try:
            return Path(word).expanduser()
        except RuntimeError:  # no home: then it is a folder's name
            pass
    return folder / word


def _read_database(top: Section) -> str:
    url = top.read_secret("database", in_url=True, default=DEFAULT_DATABASE)
    folder = top.reader.folder
    if url.startswith("sqlite:///"):
        name = url.removeprefix("sqlite:///")
        if name and not name.startswith(":"):
            return f"sqlite:///{absolute(name, folder)}"
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


def _read_intakes(top: Section) -> tuple[IntakeSettings, ...]:
    node = top.find("intake") if "intake" in top else None
    if node is None or (isinstance(node, yamlnodes.Scalar) and not node.value):
        return ()
    items = node.items if isinstance(node, yamlnodes.Sequence) else (node,)
    intakes: list[IntakeSettings] = []
    for index, item in enumerate(items):
        path = f"intake[{index}]" if isinstance(node, yamlnodes.Sequence) else "intake"
        section = _read_kind(top.reader, item, path, INTAKE_KEYS)
        if section is None:
            continue
        intake = _read_intake(section)
        _compare_intakes(section, intake, intakes)
        intakes.append(intake)
    return _name_intakes(intakes)


def _read_kind(reader: Reader, node: yamlnodes.Node, path: str, kinds: Mapping[str, tuple[str, ...]]) -> Section | None:
    """A section whose keys depend on its `kind`; None (and a problem) when the kind is not known."""
    if not isinstance(node, yamlnodes.Mapping):
        reader.report(node, "S003", f"{path} must be a mapping", f"Write  {{kind: {next(iter(kinds))}, ...}}")
        return None
    known = Section(reader, node, path, tuple(key.value for key, _ in node.entries), {})
    count = len(reader.problems)
    kind = known.read("kind", values.read_choice(*kinds), "", needed=" or ".join(kinds))
    if len(reader.problems) > count:
        return None
    return Section(reader, node, path, kinds[kind], {})


def _read_intake(section: Section) -> IntakeSettings:
    kind = section.read("kind", str.lower, "")
    name = section.read("name", values.read_text, "")
    line = section.node.line
    if kind in ("smtp", "lmtp"):
        needed = '"127.0.0.1:2525"' if kind == "smtp" else '"unix:data/lmtp.sock"'
        listen = section.read("listen", values.read_text, "", needed=needed)
        if listen.startswith("unix:"):
            socket = str(absolute(listen.removeprefix("unix:"), section.reader.folder))
            if kind == "smtp":
                section.report("listen", "S004", "smtp listens on a host and a port", 'Write "127.0.0.1:2525"')
            return IntakeSettings(kind, name, socket=socket, line=line)
        host, port = section.read("listen", values.read_endpoint, ("", 0)) if listen else ("", 0)
        return IntakeSettings(kind, name, host=host, port=port, line=line)
    poll_seconds = section.read("poll_seconds", values.read_number(1, 86400), 60)
    if kind == "maildir":
        path = _read_path(section, "path", ".", needed="/var/mail/support")
        return IntakeSettings(kind, name, path=str(path), poll_seconds=poll_seconds, line=line)
    host, port, tls, user, password = _read_account(section, _IMAP_PORTS)
    token = section.read_secret("token")
    if "user" not in section:
        section.read("user", values.read_text, "", needed="the login name")
    if section.lacks("password") and section.lacks("token"):
        section.report("", "S002", f"{section.path} has neither password nor token",
                       'Write  password: "${env:IMAP_PASSWORD}"')  # fmt: skip
    return IntakeSettings(
        kind, name, host, port, tls=tls, user=user, password=password, token=token,
        folder=section.read("folder", values.read_text, "INBOX"),
        start=section.read("start", values.read_start, "now"),
        after=section.read("after", values.read_after, "move:Processed"),
        idle=section.read("idle", values.read_flag, True),
        poll_seconds=poll_seconds,
        line=line,
    )  # fmt: skip


def _name_intakes(intakes: list[IntakeSettings]) -> tuple[IntakeSettings, ...]:
    """Those without a name get their kind: smtp, smtp-2, ..."""
    taken = {intake.name for intake in intakes}
    named = []
    for intake in intakes:
        names = (intake.kind if n == 1 else f"{intake.kind}-{n}" for n in range(1, len(intakes) + 2))
        name = intake.name or next(name for name in names if name not in taken)
        taken.add(name)
        named.append(replace(intake, name=name))
    return tuple(named)


def _compare_intakes(section: Section, intake: IntakeSettings, others: list[IntakeSettings]) -> None:
    for other in others:
        if intake.name and intake.name == other.name:
            section.report("name", "S005", f'two intakes are named "{intake.name}" (first at line {other.line})',
                           "Names tell them apart in the logs: take another one.")  # fmt: skip
        is_same_door = (intake.socket and intake.socket == other.socket) or (
            intake.kind in ("smtp", "lmtp") and intake.port and (intake.host, intake.port) == (other.host, other.port)
        )
        if is_same_door:
            section.report("listen", "S005", f"two intakes listen on the same address (first at line {other.line})",
                           "Give one of them another port.")  # fmt: skip


def _read_delivery(top: Section) -> DeliverySettings:
    folder = top.reader.folder
    if "delivery" not in top:
        return DeliverySettings("maildir", path=str(folder / "data/sent"))
    section = _read_kind(top.reader, top.find("delivery"), "delivery", DELIVERY_KEYS)
    if section is None:
        return DeliverySettings("maildir")
    if section.read("kind", str.lower, "") == "maildir":
        return DeliverySettings("maildir", path=str(_read_path(section, "path", "data/sent", needed="data/sent")))
    host, port, tls, user, password = _read_account(section, _SMTP_PORTS)
    if user and section.lacks("password"):
        section.report("", "S002", '"delivery.password" is missing', 'Write  password: "${env:SMTP_PASSWORD}"')
    if password and section.lacks("user"):
        section.report("", "S002", '"delivery.user" is missing', "Write  user: the login name")
    return DeliverySettings("smtp", host, port, tls, user, password)


def _read_account(section: Section, ports: Mapping[str, int]) -> tuple[str, int, str, str, str]:
    """host, port, tls, user, password of a server to log in to; port and tls imply each other."""
    host = section.read("host", values.read_host, "", needed="mail.example.org")
    port = section.read("port", values.read_number(1, 65535), 0)
    usual_tls = next((tls for tls, usual in ports.items() if usual == port), next(iter(ports)))
    tls = section.read("tls", values.read_choice(*TLS), usual_tls)
    port = port or ports[tls]
    user = section.read("user", values.read_text, "")
    password = section.read_secret("password")
    if tls == "none" and password and host not in _LOOPBACK:
        section.report("tls", "S009", f"the password for {host} would travel unprotected",
                       "Write  tls: required  or  tls: starttls", is_warning=True)  # fmt: skip
    return host, port, tls, user, password
