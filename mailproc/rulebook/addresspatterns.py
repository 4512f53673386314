"""The forms of an address in rules: `jane@acme.com`, `acme.com`, `.acme.com` (with its subdomains). Dry: no I/O."""

import re
from dataclasses import dataclass

from mailproc.message.addresses import domain_of, normalise
from mailproc.rulebook.folding import lines_above
from mailproc.rulebook.reader import Reader, shorten
from mailproc.yamlnodes import Node, did_you_mean

_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W_](?:[\w-]{0,61}[^\W_])?")


@dataclass(frozen=True, slots=True)
class AddressSet:
    """Addresses and domains to compare with; costs the same whatever its size."""

    addresses: frozenset[str]
    domains: frozenset[str]
    parents: frozenset[str]  # domains that count with their subdomains

    def matches(self, address: str) -> bool:
        """True when the normalised address is one of them or in one of the domains."""
        if address in self.addresses:
            return True
        domain = address.rpartition("@")[2]
        return domain in self.domains or not self.parents.isdisjoint(lines_above(domain))

    def contains(self, pattern: str) -> bool:
        """True when all addresses that the pattern stands for are in the set."""
        if "@" in pattern:
            return self.matches(pattern)
        if pattern.startswith("."):
            return any(parent in self.parents for parent in lines_above(pattern[1:]))
        return pattern in self.domains or any(parent in self.parents for parent in lines_above(pattern))


def find_wider(pattern: str) -> tuple[str, ...]:
    """The pattern and every other one that holds all it stands for: `a@x.de` is in `x.de`, `.x.de` and `.de`."""
    if "@" in pattern:
        domain = pattern.rpartition("@")[2]
        return (pattern, domain, *(f".{parent}" for parent in lines_above(domain)))
    return (pattern, *(f".{parent}" for parent in lines_above(pattern.removeprefix("."))))


def make_set(patterns: frozenset[str]) -> AddressSet:
    """The set of patterns as `read_address_pattern` returns them."""
    return AddressSet(
        frozenset(pattern for pattern in patterns if "@" in pattern),
        frozenset(pattern for pattern in patterns if "@" not in pattern and not pattern.startswith(".")),
        frozenset(pattern[1:] for pattern in patterns if pattern.startswith(".")),
    )


def read_address_pattern(reader: Reader, node: Node, path: str) -> str | None:
    """The pattern, normalised: with an @ an address, with a leading dot a domain and all below it, else a domain."""
    value = reader.text(node, path)
    if value is None:
        return None
    if "@" in value:
        address = normalise(value) if not value.startswith(("@", "*")) else ""
        if address:
            return address
        domain = _normalise_domain(value.lstrip("*").removeprefix("@")) if value.startswith(("@", "*@")) else ""
        hint = f"In {path}. Write {domain} (a bare name is a domain)." if domain else f"In {path}."
        reader.error(node, "R029", f'"{shorten(value)}" is not an address', hint)
        return None
    parent = value.removeprefix("*").removeprefix(".") if value.startswith((".", "*.")) else ""
    if value.startswith("*.") and parent:
        hint = f"In {path}. Write .{parent} (a domain with its subdomains)."
        reader.error(node, "R029", f'"{shorten(value)}" is no domain', hint)
        return None
    if parent:
        # .de is a whole country: the one place where a domain without a dot makes sense
        domain = _normalise_domain(parent if "." in parent else f"{parent}.{parent}")
        if domain:
            return "." + (domain if "." in parent else domain.partition(".")[2])
    elif domain := _normalise_domain(value):
        return domain
    elif value.lower() == "localhost":
        return "localhost"
    hint = f"In {path}. Write jane@acme.com, acme.com, or .acme.com for a domain with its subdomains."
    if value in reader.names.lists:
        hint = f"In {path}. For the list of that name write {{list: {value}}}"
    elif near := did_you_mean(value, reader.names.lists):
        hint = f"In {path}. For a list write {{list: NAME}}: {near}"
    reader.error(node, "R029", f'"{shorten(value)}" is neither an address nor a domain', hint)
    return None


def _normalise_domain(domain: str) -> str:
    return domain_of(normalise(f"x@{domain}")) if _DOMAIN.fullmatch(domain) else ""
