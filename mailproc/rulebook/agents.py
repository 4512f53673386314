"""Agents: who answers. Dry: no I/O."""

from dataclasses import dataclass

from mailproc.message.addresses import normalise
from mailproc.rulebook.reader import NO, Reader, each, read_each
from mailproc.rulebook.schemashapes import FLAG, LANGUAGE, NAME, Keys, about, many, needed, words
from mailproc.yamlnodes import Mapping, Node, Scalar

ROLES = ("agent", "supervisor")
KEYS: Keys = {
    "name": needed("The agent's name, as customers read it.", NAME),
    "address": needed("Where the agent writes from; mail goes to the first.", many(NAME)),
    "departments": needed("The departments the agent answers for.", many(NAME)),
    "language": about("The language mail to the agent is in.", LANGUAGE),
    "role": about("What the agent may do.", words(ROLES)),
    "active": about("no: answers are held, nothing is sent to the agent.", FLAG),
}


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent of the directory."""

    name: str
    addresses: tuple[str, ...]  # normalised; mail to the agent goes to the first
    departments: tuple[str, ...]
    language: str = ""
    role: str = "agent"
    is_active: bool = True


def find_agent_names(node: Node | None) -> dict[str, str]:
    """What agents can be called, for look-ups before the directory is read: name or address -> first address."""
    found: dict[str, str] = {}
    for item in each(node) if node is not None else ():
        if not isinstance(item, Mapping):
            continue
        address_node, name_node = item.get("address"), item.get("name")
        entries = each(address_node) if address_node is not None else ()
        texts = (entry.value for entry in entries if isinstance(entry, Scalar))
        addresses = [address for text in texts if (address := normalise(text))]
        for address in addresses:
            found[address] = addresses[0]
        if addresses and isinstance(name_node, Scalar):
            found.setdefault(name_node.value.strip().casefold(), addresses[0])
    return found


def find_inactive(node: Node | None) -> frozenset[str]:
    """The first addresses of agents who are not active, before the directory is read."""
    found: set[str] = set()
    for item in each(node) if node is not None else ():
        active = item.get("active") if isinstance(item, Mapping) else None
        if isinstance(active, Scalar) and active.value.lower() in NO:
            found.update(find_agent_names(item).values())
    return frozenset(found)


def read_agent(reader: Reader, index: int, node: Node) -> Agent | None:
    """One agent of `agents`."""
    path = f"agents[{index}]"
    mapping = reader.mapping(node, path, KEYS)
    if mapping is None:
        return None
    name_node = mapping.get("name")
    if name_node is None:
        reader.error(node, "R020", f"{path} has no name")
    name = (reader.line(name_node, f"{path}.name") if name_node is not None else "") or ""
    addresses: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    language: str | None = ""
    role: str | None = "agent"
    is_active: bool | None = True
    for missing in ("address", "departments"):
        if mapping.get(missing) is None:
            reader.error(node, "R024", f"{path} has no {missing}")
    for key, value in mapping.entries:
        below = f"{path}.{key.value}"
        if key.value == "address":
            addresses = read_each(reader, value, below, reader.target)
        elif key.value == "departments":
            departments = read_each(reader, value, below, reader.department)
        elif key.value == "language":
            language = reader.language(value, below)
        elif key.value == "role":
            role = reader.word(value, below, "role", ROLES)
        elif key.value == "active":
            is_active = reader.flag(value, below)
    return Agent(name, addresses, departments, language or "", role or "agent", is_active is not False)
