"""The keys of `intake` and `delivery`: the ways in and the way out."""

from collections.abc import Mapping
from dataclasses import replace

from mailproc import yamlnodes
from mailproc.settings import values
from mailproc.settings.providers import PROVIDERS, Provider, Server
from mailproc.settings.reader import Reader, Section
from mailproc.settings.records import DeliverySettings, IntakeSettings, OAuthSettings
from mailproc.settings.wayout import read_dkim, read_sent_copy

_LISTENER_KEYS = (
    "kind", "name", "listen", "tls_certificate", "tls_key", "max_connections", "max_connections_per_client",
    "max_recipients", "max_errors", "mails_per_minute", "min_bytes_per_second", "idle_seconds", "bare_newlines",
)  # fmt: skip
_ACCOUNT_KEYS = ("provider", "host", "port", "tls", "tls_ca", "user", "password", "oauth")
INTAKE_KEYS: dict[str, tuple[str, ...]] = {
    "smtp": _LISTENER_KEYS,
    "lmtp": (*_LISTENER_KEYS, "socket_mode", "socket_group"),
    "imap": ("kind", "name", *_ACCOUNT_KEYS, "token", "folder", "start", "after", "idle", "poll_seconds",
             "sweep_seconds", "batch", "timeout_seconds", "max_connections", "alarm_after", "quiet_after"),
    "maildir": ("kind", "name", "path", "start", "after", "poll_seconds", "alarm_after", "quiet_after"),
}  # fmt: skip
DELIVERY_KEYS: dict[str, tuple[str, ...]] = {
    "smtp": ("kind", *_ACCOUNT_KEYS, "max_message_size", "sends_per_minute", "sends_per_day", "senders",
             "senders_per_destination", "dkim", "sent_copy"),
    "maildir": ("kind", "path", "dkim"),
}
TLS = ("required", "starttls", "none")

_IMAP_PORTS = {"required": 993, "starttls": 143, "none": 143}  # the first is the tls of any other port
_SMTP_PORTS = {"none": 25, "starttls": 587, "required": 465}
# To a host that is not this machine nothing travels in clear unless somebody writes tls: none
_REMOTE_SMTP_PORTS = {"starttls": 587, "required": 465, "none": 25}


def read_intakes(top: Section, oauth: tuple[OAuthSettings, ...]) -> tuple[IntakeSettings, ...]:
    """The ways in, in the order of the file."""
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
        intake = _read_intake(section, oauth)
        _compare_intakes(section, intake, intakes)
        intakes.append(intake)
    return _name_intakes(intakes)


def read_delivery(
    top: Section, oauth: tuple[OAuthSettings, ...], intakes: tuple[IntakeSettings, ...]
) -> DeliverySettings:
    """The way out; a Maildir below data/ when none is named."""
    folder = top.reader.folder
    if "delivery" not in top:
        return DeliverySettings("maildir", path=str(folder / "data/sent"))
    section = _read_kind(top.reader, top.find("delivery"), "delivery", DELIVERY_KEYS)
    if section is None:
        return DeliverySettings("maildir")
    if section.read("kind", str.lower, "") == "maildir":
        path = section.read_path("path", "data/sent", needed="data/sent")
        return DeliverySettings("maildir", path=path, dkim=read_dkim(section))
    provider = _read_provider(section)
    known = PROVIDERS.get(provider, Provider())
    host, port, tls, user, password = _read_account(section, _SMTP_PORTS, known.smtp)
    entry = _read_oauth(section, oauth)
    if user and section.lacks("password") and not entry:
        section.report("", "S002", '"delivery.password" is missing',
                       'Write  password: "${env:SMTP_PASSWORD}"  or  oauth: NAME')  # fmt: skip
    if (password or entry) and section.lacks("user"):
        section.report("", "S002", '"delivery.user" is missing', "Write  user: the login name")
    _refuse_two_logins(section, ("password", "oauth"))
    usual = DeliverySettings("smtp")
    return DeliverySettings(
        "smtp", host, port, tls, user, password,
        oauth=entry,
        provider=provider,
        tls_ca=section.read_path("tls_ca"),
        max_message_size=section.read("max_message_size", values.read_size(1000, 1000**3), known.max_message_size),
        sends_per_minute=section.read("sends_per_minute", values.read_rate, known.sends_per_minute),
        sends_per_day=section.read("sends_per_day", values.read_rate, known.sends_per_day),
        senders=section.read("senders", values.read_number(1, 100), usual.senders),
        senders_per_destination=section.read(
            "senders_per_destination", values.read_number(1, 100), usual.senders_per_destination
        ),
        dkim=read_dkim(section),
        sent_copy=read_sent_copy(section, intakes),
    )  # fmt: skip


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
    homes = {
        key: f"to {' and '.join(other for other in kinds if key in kinds[other])}, and this is {kind}"
        for other_keys in kinds.values()
        for key in other_keys
    }
    return Section(reader, node, path, kinds[kind], homes)


def _read_intake(section: Section, oauth: tuple[OAuthSettings, ...]) -> IntakeSettings:
    kind = section.read("kind", str.lower, "")
    intake = IntakeSettings(kind, section.read("name", values.read_text, ""), line=section.node.line)
    if kind in ("smtp", "lmtp"):
        return _read_listener(section, intake)
    if kind == "imap":
        return _read_mailbox(section, intake, oauth)
    intake = _with_polling(section, intake)
    return replace(
        intake,
        path=section.read_path("path", ".", needed="/var/mail/support"),
        after=section.read("after", values.read_after("cur", "keep", "delete"), "cur"),
    )


def _with_polling(section: Section, intake: IntakeSettings) -> IntakeSettings:
    """What mailboxes and folders have in common."""
    return replace(
        intake,
        start=section.read("start", values.read_start, intake.start),
        poll_seconds=section.read("poll_seconds", values.read_number(1, 86400), intake.poll_seconds),
        alarm_after=section.read("alarm_after", values.read_optional_duration, intake.alarm_after),
        quiet_after=section.read("quiet_after", values.read_optional_duration, intake.quiet_after),
    )


def _read_listener(section: Section, intake: IntakeSettings) -> IntakeSettings:
    kind = intake.kind
    needed = '"127.0.0.1:2525"' if kind == "smtp" else '"unix:data/lmtp.sock"'
    listen = section.read("listen", values.read_text, "", needed=needed)
    socket, host, port = "", "", 0
    if listen.startswith("unix:"):
        socket = str(values.absolute(listen.removeprefix("unix:"), section.reader.folder))
        if kind == "smtp":
            section.report("listen", "S004", "smtp listens on a host and a port", 'Write "127.0.0.1:2525"')
    elif listen:
        host, port = section.read("listen", values.read_endpoint, ("", 0))
    if host and kind == "lmtp":
        for key in ("socket_mode", "socket_group"):
            if key in section:
                section.report(key, "S009", f"{key} does nothing: this intake listens on a host and a port",
                               'A Unix socket is written "unix:data/lmtp.sock".', is_warning=True)  # fmt: skip
    certificate, key_file = section.read_path("tls_certificate"), section.read_path("tls_key")
    if bool(certificate) != bool(key_file):
        there, missing = ("tls_certificate", "tls_key") if certificate else ("tls_key", "tls_certificate")
        if section.lacks(missing):
            section.report(there, "S002", f'"{section.path}.{missing}" is missing: STARTTLS needs both',
                           f"Write  {missing}: /etc/ssl/mailproc/{missing}.pem")  # fmt: skip
    return replace(
        intake,
        host=host,
        port=port,
        socket=socket,
        socket_mode=section.read("socket_mode", values.read_mode, intake.socket_mode) if kind == "lmtp" else 0o666,
        socket_group=section.read("socket_group", values.read_text, "") if kind == "lmtp" else "",
        tls_certificate=certificate,
        tls_key=key_file,
        max_connections=section.read("max_connections", values.read_number(1, 10_000), intake.max_connections),
        max_connections_per_client=section.read(
            "max_connections_per_client", values.read_number(1, 10_000), intake.max_connections_per_client
        ),
        max_recipients=section.read("max_recipients", values.read_number(1, 10_000), intake.max_recipients),
        max_errors=section.read("max_errors", values.read_number(1, 1000), intake.max_errors),
        mails_per_minute=section.read("mails_per_minute", values.read_rate, intake.mails_per_minute),
        min_bytes_per_second=section.read(
            "min_bytes_per_second", values.read_number(0, 1_000_000), intake.min_bytes_per_second
        ),
        idle_seconds=section.read("idle_seconds", values.read_number(1, 3600), intake.idle_seconds),
        bare_newlines=section.read("bare_newlines", values.read_choice("refuse", "normalise"), intake.bare_newlines),
    )


def _read_mailbox(section: Section, intake: IntakeSettings, oauth: tuple[OAuthSettings, ...]) -> IntakeSettings:
    provider = _read_provider(section)
    known = PROVIDERS.get(provider, Provider())
    host, port, tls, user, password = _read_account(section, _IMAP_PORTS, known.imap)
    token = section.read_secret("token")
    entry = _read_oauth(section, oauth)
    if "user" not in section:
        section.read("user", values.read_text, "", needed="the login name")
    if section.lacks("password") and section.lacks("token") and section.lacks("oauth"):
        secret = 'password: "${env:IMAP_PASSWORD}"' if known.has_passwords else "oauth: NAME"
        section.report("", "S002", f"{section.path} has neither password nor oauth nor token", f"Write  {secret}")
    if "password" in section and not known.has_passwords:
        section.report("password", "S009", f"{provider} takes no password for reading mail",
                       "Write  oauth: NAME  with an entry of that name in oauth:", is_warning=True)  # fmt: skip
    _refuse_two_logins(section, ("password", "token", "oauth"))
    folders = section.read_list("folder", values.read_folder, intake.folders) or intake.folders
    after = section.read("after", values.read_after("keep", "seen", "delete"), intake.after)
    if after.removeprefix("move:") in folders and after.startswith("move:"):
        section.report("after", "S005", f"what is read in {after[5:]} would be moved to {after[5:]}",
                       "Name another folder behind move: or in folder.")  # fmt: skip
    return replace(
        _with_polling(section, intake),
        host=host,
        port=port,
        tls=tls,
        user=user,
        password=password,
        token=token,
        oauth=entry,
        provider=provider,
        tls_ca=section.read_path("tls_ca"),
        folders=folders,
        after=after,
        idle=section.read("idle", values.read_flag, intake.idle),
        sweep_seconds=section.read("sweep_seconds", values.read_number(1, 86400), intake.sweep_seconds),
        batch=section.read("batch", values.read_number(1, 1000), intake.batch),
        timeout_seconds=section.read("timeout_seconds", values.read_number(1, 3600), intake.timeout_seconds),
        max_connections=section.read("max_connections", values.read_number(1, 1000), known.max_connections),
    )


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
        if intake.kind == other.kind == "imap" and (intake.host, intake.user) == (other.host, other.user):
            both = sorted(set(intake.folders) & set(other.folders))
            if intake.host and both:
                section.report("folder", "S005", f"two intakes read {both[0]} of {intake.user} "
                               f"(first at line {other.line})", "Each folder is read once.")  # fmt: skip
        if intake.kind == "maildir" and intake.path and intake.path == other.path:
            section.report("path", "S005", f"two intakes read the same Maildir (first at line {other.line})",
                           "Remove one of them.")  # fmt: skip


def _read_provider(section: Section) -> str:
    return section.read("provider", values.read_choice(*PROVIDERS), "")


def _read_account(section: Section, ports: Mapping[str, int], usual: Server) -> tuple[str, int, str, str, str]:
    """host, port, tls, user, password of a server to log in to; port and tls imply each other."""
    host = section.read("host", values.read_host, usual.host, needed="" if usual.host else "mail.example.org")
    port = section.read("port", values.read_number(1, 65535), 0)
    if ports is _SMTP_PORTS and host not in values.LOOPBACK:
        ports = _REMOTE_SMTP_PORTS
    # The provider's port and protection go together: whoever writes one of them is asked for the other as anywhere
    usual_tls = next((tls for tls, usual_port in ports.items() if usual_port == port), next(iter(ports)))
    if ports is _REMOTE_SMTP_PORTS and usual_tls == "none":
        usual_tls = "starttls"
    tls = section.read("tls", values.read_choice(*TLS), usual.tls or usual_tls if not port else usual_tls)
    port = port or ports[tls]
    user = section.read("user", values.read_text, "")
    password = section.read_secret("password")
    if tls == "none" and host not in values.LOOPBACK:
        what = "password" if password else "token" if "oauth" in section else "mail"
        if what != "mail" or ports is _REMOTE_SMTP_PORTS:
            section.report("tls", "S009", f"the {what} for {host} would travel unprotected",
                           "Write  tls: required  or  tls: starttls", is_warning=True)  # fmt: skip
    return host, port, tls, user, password


def _read_oauth(section: Section, entries: tuple[OAuthSettings, ...]) -> str:
    """The name of an entry of `oauth`; one that does not exist is reported."""
    name = section.read("oauth", values.read_text, "")
    names = [entry.name for entry in entries]
    if not name or name in names:
        return name
    guess = yamlnodes.did_you_mean(name, names)
    hint = f"Possible here: {', '.join(names)}." if names else "Write one:  oauth: [{name: NAME, provider: ...}]"
    said = f'there is no entry "{name}" in oauth' + (f": {guess}" if guess else "")
    section.report("oauth", "S004", said, hint)
    return name


def _refuse_two_logins(section: Section, keys: tuple[str, ...]) -> None:
    there = [key for key in keys if key in section]
    if len(there) > 1:
        text = f"{' and '.join(there)} stand side by side, and only one of them can be used"
        section.report(there[-1], "S005", text, "Remove the others.")
