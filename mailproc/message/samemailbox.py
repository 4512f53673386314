"""Which addresses one person reads: jane+news@ is jane@, and J.Doe@googlemail.com is jdoe@gmail.com.

Dry: no I/O. For counting what a mailbox gets, never for saying who somebody is: a mistake costs an automatic mail.
"""

from functools import lru_cache

# Domains that are one service under several names
_SAME_DOMAINS = {
    "googlemail.com": "gmail.com",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "proton.me": "protonmail.com",
    "pm.me": "protonmail.com",
}
# What these services leave out when they look up a mailbox
_IGNORED = {"gmail.com": ".", "protonmail.com": ".-_"}
# Hosts whose mailboxes have a subdomain each: whatever@jane.fastmail.com is jane@fastmail.com
_SUBDOMAIN_HOSTS = ("fastmail.com", "fastmail.fm")


@lru_cache(maxsize=4096)
def find_mailbox(addr: str) -> str:
    """The address under which all spellings of a normalised address meet; what is no address stays as it is."""
    local, at, domain = addr.rpartition("@")
    if not at:
        return addr
    for host in _SUBDOMAIN_HOSTS:
        name = domain.removesuffix(f".{host}")
        if name != domain and name and "." not in name:
            local, domain = name, host
    domain = _SAME_DOMAINS.get(domain, domain)
    # RFC 5233: what follows the separator is the mailbox owner's; a plus in front of everything is none
    bare = local.partition("+")[0] or local
    for character in _IGNORED.get(domain, ""):
        bare = bare.replace(character, "")
    return f"{bare or local}@{domain}"
