"""What a domain publishes about mail that uses its name in From, and which domains speak for it (RFC 9989).

Wet through the resolver it is given. The organisational domain comes from the DNS tree walk, not from a list of
public suffixes that would be as old as the installation.
"""

from dataclasses import dataclass

from mailproc.message.trust import is_registry
from mailproc.verify.dkimkeys import read_tags
from mailproc.verify.resolver import Deadline, DnsTrouble, Resolver

_MOST_QUERIES = 8  # RFC 9989 section 4.10
_POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class Record:
    """A DMARC policy record; "" is a tag that is not there."""

    policy: str
    below: str = ""  # sp: of names below
    missing: str = ""  # np: of names below that do not exist
    is_dkim_strict: bool = False
    is_spf_strict: bool = False
    psd: str = ""  # y: a public suffix, n: an organisational domain
    is_test: bool = False  # t=y: the next weaker policy is meant


@dataclass(frozen=True, slots=True)
class Walk:
    """What was found from a domain up to the root."""

    domain: str
    record: Record | None = None  # the one that applies
    record_at: str = ""
    organisation: str = ""  # "" when there is no record, or nobody knows
    trouble: str = ""  # why a part of the tree is not known

    def policy(self, does_exist: bool) -> str:
        """What the domain's owner asks for when the proof fails."""
        if self.record is None:
            return ""
        asked = self.record.policy
        if self.record_at != self.domain:
            asked = self.record.below or asked
            if not does_exist:
                asked = self.record.missing or asked
        # RFC 9989 section 4.7: t=y lowers it by one step; pct= means nothing any more
        return _POLICIES[max(0, _POLICIES.index(asked) - 1)] if self.record.is_test else asked


def walk(domain: str, resolver: Resolver, deadline: Deadline) -> Walk:
    """The record and the organisational domain of a domain (RFC 9989 section 4.10); never raises."""
    found: list[tuple[str, Record]] = []
    trouble = ""
    for name in _names_up(domain):
        try:
            record = _fetch(name, resolver, deadline)
        except DnsTrouble as problem:
            trouble = str(problem)
            break  # what stands above is not asked for: it could not be told what lies between
        if record is not None:
            found.append((name, record))
            if record.psd in ("y", "n"):
                break
    own = next((record for name, record in found if name == domain), None)
    if trouble:
        return Walk(domain, own, domain if own else "", "", trouble)
    if not found:
        return Walk(domain)
    organisation = _organisation(domain, found)
    for at in (domain, organisation):
        record = next((record for name, record in found if name == at), None)
        if record is not None:
            return Walk(domain, record, at, organisation)
    # RFC 9989 section 4.10.1: last of all the public suffix' own
    suffix = next(((name, record) for name, record in found if record.psd == "y"), None)
    return Walk(domain, suffix[1], suffix[0], organisation) if suffix else Walk(domain)


def is_spoken_for(identifier: str, of: Walk, is_strict: bool, resolver: Resolver, deadline: Deadline) -> bool:
    """Whether a proven domain counts for the walked one (RFC 9989 section 4.4); raises DnsTrouble."""
    if identifier == of.domain:
        return True
    if is_strict:
        return False
    if of.trouble:
        raise DnsTrouble(of.trouble)
    if identifier == of.organisation:
        return True
    if not of.organisation or not identifier.endswith("." + of.organisation):
        return False
    other = walk(identifier, resolver, deadline)
    if other.trouble:
        raise DnsTrouble(other.trouble)
    return other.organisation == of.organisation


def read_record(text: str) -> Record | None:
    """The record in a TXT answer, None when it is none (RFC 9989 section 4.7)."""
    if not text.startswith("v=DMARC1"):
        return None
    tags = read_tags(text)
    if tags is None or tags.get("v") != "DMARC1":
        return None
    policy = tags.get("p", "").lower()
    if policy not in _POLICIES:
        # Without a policy that can be read only a domain that wants reports is taken to have one: none
        if "mailto:" not in tags.get("rua", "").lower():
            return None
        policy = "none"
    below, missing = (tags.get(name, "").lower() for name in ("sp", "np"))
    return Record(
        policy,
        below if below in _POLICIES else "",
        missing if missing in _POLICIES else "",
        is_dkim_strict=tags.get("adkim", "").lower() == "s",
        is_spf_strict=tags.get("aspf", "").lower() == "s",
        psd=psd if (psd := tags.get("psd", "").lower()) in ("y", "n") else "",
        is_test=tags.get("t", "").lower() == "y",
    )


def _names_up(domain: str) -> list[str]:
    """The names whose records are asked for, lowest first; of very long names the middle is left out."""
    labels = domain.split(".")
    first = max(1, len(labels) - _MOST_QUERIES + 1)
    return [domain, *(".".join(labels[at:]) for at in range(first, len(labels)))]


def _fetch(domain: str, resolver: Resolver, deadline: Deadline) -> Record | None:
    rows = resolver.look_up(f"_dmarc.{domain}", "TXT", deadline).rows
    records = [row for row in rows if row.startswith("v=DMARC1")]
    # RFC 9989 section 4.10: of several none counts
    return read_record(records[0]) if len(records) == 1 else None


def _organisation(domain: str, found: list[tuple[str, Record]]) -> str:
    """RFC 9989 section 4.10.2; a registry counts as somebody's own domain only where it says psd=n."""
    for name, record in found:
        if record.psd == "n":
            return name
        if record.psd == "y" and name != domain:
            return ".".join(domain.split(".")[-name.count(".") - 2 :])
    own = [name for name, _ in found if not is_registry(name)]
    return own[-1] if own else domain
