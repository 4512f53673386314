"""The keys of `oauth`: whose access tokens are got, and how."""

from mailproc import yamlnodes
from mailproc.settings import values
from mailproc.settings.reader import Section
from mailproc.settings.records import OAuthSettings

OAUTH_KEYS = (
    "name", "provider", "flow", "tenant", "client_id", "client_secret", "key_file", "user", "token_file", "scopes",
    "authority", "auth_url", "token_url", "device_url",
)  # fmt: skip
FLOWS = {"google": ("service_account", "login"), "microsoft": ("client_credentials", "login")}
_EXAMPLE = "{name: support, provider: google, flow: service_account, key_file: google.json}"


def read_oauth(top: Section) -> tuple[OAuthSettings, ...]:
    """The entries, in the order of the file."""
    node = top.find("oauth") if "oauth" in top else None
    if node is None or (isinstance(node, yamlnodes.Scalar) and not node.value):
        return ()
    entries: list[OAuthSettings] = []
    for index, item in enumerate(node.items if isinstance(node, yamlnodes.Sequence) else (node,)):
        path = f"oauth[{index}]" if isinstance(node, yamlnodes.Sequence) else "oauth"
        if not isinstance(item, yamlnodes.Mapping):
            top.reader.report(item, "S003", f"{path} must be a mapping", f"Write  oauth: [{_EXAMPLE}]")
            continue
        section = Section(top.reader, item, path, OAUTH_KEYS, {})
        entry = _read_entry(section)
        _check(section, entry)
        for other in entries:
            if entry.name and entry.name == other.name:
                text = f'two entries of oauth are named "{entry.name}" (first at line {other.line})'
                section.report("name", "S005", text, "Take another name.")
        entries.append(entry)
    return tuple(entries)


def _read_entry(section: Section) -> OAuthSettings:
    name = section.read("name", values.read_label, "", needed="support")
    provider = section.read("provider", values.read_choice(*FLOWS), "", needed=" or ".join(FLOWS))
    return OAuthSettings(
        name=name,
        provider=provider,
        flow=_read_flow(section, provider),
        client_id=section.read("client_id", values.read_text, ""),
        client_secret=section.read_secret("client_secret"),
        tenant=section.read("tenant", _read_tenant, ""),
        key_file=section.read_path("key_file"),
        user=section.read("user", values.read_text, ""),
        token_file=section.read_path("token_file", f"data/oauth/{name or 'unnamed'}.json"),
        scopes=section.read_list("scopes", values.read_text),
        authority=section.read("authority", values.read_url, ""),
        auth_url=section.read("auth_url", values.read_url, ""),
        token_url=section.read("token_url", values.read_url, ""),
        device_url=section.read("device_url", values.read_url, ""),
        line=section.node.line,
    )


def _read_flow(section: Section, provider: str) -> str:
    every = tuple(dict.fromkeys(flow for flows in FLOWS.values() for flow in flows))
    flow = section.read("flow", values.read_choice(*every), "", needed=" or ".join(FLOWS.get(provider, every)))
    if flow and provider and flow not in FLOWS[provider]:
        text = f"{provider} knows no {flow}"
        section.report("flow", "S005", text, f"Write  flow: {' or '.join(FLOWS[provider])}")
    return flow


def _check(section: Section, entry: OAuthSettings) -> None:
    """Reports what the flow needs and has not, and what it has and does not use."""
    needed: dict[str, str] = {}
    unused: tuple[str, ...] = ()
    if entry.flow == "service_account":
        needed = {"key_file": "the JSON file that Google made for the service account"}
        unused = ("client_id", "client_secret", "tenant")
    elif entry.flow == "client_credentials":
        needed = {"tenant": "the directory (tenant) ID", "client_id": "the application (client) ID"}
        if section.lacks("client_secret") and section.lacks("key_file"):
            section.report("", "S002", f"{section.path} has neither client_secret nor key_file",
                           'Write  client_secret: "${env:OAUTH_SECRET}"')  # fmt: skip
        if "client_secret" in section and "key_file" in section:
            section.report("key_file", "S005", "client_secret and key_file stand side by side", "Remove one of them.")
    elif entry.flow == "login":
        needed = {"client_id": "the ID of the application", "user": "the address that logs in"}
        unused = ("key_file",)
        if entry.provider == "google":
            needed["client_secret"] = '"${env:OAUTH_SECRET}"'
            unused = (*unused, "tenant")
    if entry.client_id and not entry.client_id.strip("0-"):
        section.report("client_id", "S007", "client_id is still the placeholder that init wrote",
                       "Write the application (client) ID that the provider shows.",
                       is_warning=not section.reader.needs_secrets)  # fmt: skip
    for key, words in needed.items():
        if section.lacks(key):
            section.report("", "S002", f'"{section.path}.{key}" is missing', f"Write  {key}: {words}")
    for key in unused:
        if key in section:
            text = f"{key} does nothing with flow: {entry.flow} of {entry.provider}"
            section.report(key, "S009", text, "Remove it.", is_warning=True)


def _read_tenant(word: str) -> str:
    return values.read_label(word) if "." not in word else values.read_domain(word)
