"""Whether a host may send mail for a domain: check_host() of RFC 7208.

Wet through the resolver it is given. Within the RFC's limits and the caller's deadline, whatever a stranger's record
asks for; pyspf would do it too, but it keeps its DNS in module globals and has not changed since 2020.
"""

import ipaddress
from dataclasses import dataclass

from mailproc.verify.resolver import Answer, Deadline, DnsTrouble, Resolver
from mailproc.verify.spfrecord import Directive, PermError, Record, expand, is_spf, read_record, shorten_name

Host = ipaddress.IPv4Address | ipaddress.IPv6Address

# RFC 7208 section 4.6.4
_MOST_LOOKUPS = 10
_MOST_VOID = 2
_MOST_NAMES = 10  # hosts of one mx, names of one ptr


@dataclass(frozen=True, slots=True)
class SpfResult:
    """pass, fail, softfail, neutral, none, temperror or permerror, and why in words."""

    result: str
    why: str = ""


def check_host(host: Host, domain: str, sender: str, helo: str, resolver: Resolver, deadline: Deadline) -> SpfResult:
    """What the domain says of the host; `sender` is local@domain, never empty. DNS trouble is a temperror."""
    mapped = getattr(host, "ipv4_mapped", None)
    check = _Check(mapped or host, sender, helo, resolver, deadline)
    if not _is_host_name(domain):
        return SpfResult("none", "it is no domain that could have a record")
    try:
        return check.run(domain.lower())
    except PermError as error:
        return SpfResult("permerror", str(error))
    except DnsTrouble as trouble:
        return SpfResult("temperror", str(trouble))


class _Check:
    """One evaluation with its counters; included records share them."""

    def __init__(self, host: Host, sender: str, helo: str, resolver: Resolver, deadline: Deadline) -> None:
        self.host = host
        self.sender = sender
        self.helo = helo
        self.resolver = resolver
        self.deadline = deadline
        self.lookups = 0
        self.voids = 0
        self.ptr_name = ""  # of %{p}, found once

    def run(self, domain: str) -> SpfResult:
        """RFC 7208 section 4; raises PermError and DnsTrouble."""
        record = self.fetch(domain)
        if record is None:
            return SpfResult("none", "it publishes no SPF record")
        for directive in record.directives:
            if directive.looks_up:
                self.count_lookup()
            if self.matches(directive, domain):
                return SpfResult(directive.result, f"{self.host} fits {directive.name!r} of {domain}")
        if record.redirect:
            # RFC 7208 section 6.1: a target without a record is an error
            self.count_lookup()
            result = self.run_included(self.expand_name(record.redirect, domain))
            if result.result == "none":
                raise PermError("its record goes on in one that does not exist")
            return result
        return SpfResult("neutral", f"{domain} says nothing of {self.host}")

    def run_included(self, domain: str) -> SpfResult:
        if not _is_host_name(domain):
            return SpfResult("none")
        return self.run(domain)

    def fetch(self, domain: str) -> Record | None:
        """The one SPF record of the domain, None without one."""
        rows = [row for row in self.resolver.look_up(domain, "TXT", self.deadline).rows if is_spf(row)]
        if len(rows) > 1:
            # RFC 7208 section 4.5
            raise PermError("it publishes several SPF records")
        return read_record(rows[0]) if rows else None

    def count_lookup(self) -> None:
        self.lookups += 1
        if self.lookups > _MOST_LOOKUPS:
            raise PermError(f"its record needs more than {_MOST_LOOKUPS} look-ups")

    def look_up(self, name: str, kind: str) -> Answer:
        """As the resolver, counting answers that are void."""
        answer = self.resolver.look_up(name, kind, self.deadline)
        if not answer.rows:
            self.voids += 1
            if self.voids > _MOST_VOID:
                raise PermError(f"its record names more than {_MOST_VOID} hosts that do not exist")
        return answer

    def matches(self, directive: Directive, domain: str) -> bool:
        """Whether the mechanism fits the host (RFC 7208 section 5)."""
        if directive.name == "all":
            return True
        if directive.network is not None:
            return self.host.version == directive.network.version and self.host in directive.network
        name = self.expand_name(directive.spec, domain) if directive.spec else domain
        if directive.name == "include":
            return self.includes(name)
        if directive.name == "exists":
            return bool(self.look_up(name, "A").rows)
        if directive.name == "ptr":
            return any(found == name or found.endswith("." + name) for found in self.validated_names())
        if directive.name == "mx":
            return self.is_mx_of(name, directive)
        return self.is_address_of(name, directive)

    def includes(self, name: str) -> bool:
        # RFC 7208 section 5.2: only a pass fits, trouble is passed on, nothing to include is an error
        result = self.run_included(name).result
        if result == "none":
            raise PermError(f"its record includes {name[:80]!a}, which publishes no SPF record")
        return result == "pass"

    def is_mx_of(self, name: str, directive: Directive) -> bool:
        hosts = self.look_up(name, "MX").rows
        if len(hosts) > _MOST_NAMES:
            raise PermError(f"its record names an mx of more than {_MOST_NAMES} hosts")
        return any(self.is_address_of(host, directive) for host in hosts if host)

    def is_address_of(self, name: str, directive: Directive) -> bool:
        prefix = directive.prefix4 if self.host.version == 4 else directive.prefix6
        network = ipaddress.ip_network(f"{self.host}/{prefix}", strict=False)
        rows = self.look_up(name, "A" if self.host.version == 4 else "AAAA").rows
        return any(ipaddress.ip_address(row) in network for row in rows)

    def validated_names(self) -> list[str]:
        """The host's names that lead back to it (RFC 7208 section 5.5); trouble on the way only loses names."""
        try:
            names = self.look_up(self.host.reverse_pointer, "PTR").rows[:_MOST_NAMES]
        except DnsTrouble:
            return []
        kind = "A" if self.host.version == 4 else "AAAA"
        found = []
        for name in names:
            try:
                rows = self.resolver.look_up(name, kind, self.deadline).rows
            except DnsTrouble:
                continue
            if any(ipaddress.ip_address(row) == self.host for row in rows):
                found.append(name.lower())
        return found

    def expand_name(self, spec: str, domain: str) -> str:
        return shorten_name(expand(spec, lambda letter: self.macro(letter, domain))).lower()

    def macro(self, letter: str, domain: str) -> str:
        """The value of a macro letter (RFC 7208 section 7.2)."""
        local, _, of = self.sender.rpartition("@")
        if letter == "i":
            # IPv6 as 32 nibbles with dots
            text = self.host.exploded.replace(":", "")
            return text if self.host.version == 4 else ".".join(text)
        if letter == "p":
            return self.own_name(domain)
        values = {"s": self.sender, "l": local, "o": of, "d": domain, "h": self.helo}
        return values.get(letter, "in-addr" if self.host.version == 4 else "ip6")

    def own_name(self, domain: str) -> str:
        """%{p}: a validated name, best one of the domain itself."""
        if not self.ptr_name:
            names = self.validated_names()
            own = [name for name in names if name == domain] or [name for name in names if name.endswith("." + domain)]
            self.ptr_name = (own or names or ["unknown"])[0]
        return self.ptr_name


def _is_host_name(domain: str) -> bool:
    """Whether it is a name of several labels that DNS could hold (RFC 7208 section 4.3)."""
    labels = domain.split(".")
    return (
        len(domain) <= 253
        and len(labels) > 1
        and all(0 < len(label) <= 63 for label in labels)
        and domain.isascii()
        and domain.isprintable()
        and " " not in domain
    )
