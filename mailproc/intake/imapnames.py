"""Names of IMAP folders: what an admin may have meant on a server with other separators. Pure, no I/O."""


def find_folder(wanted: str, existing: tuple[str, ...], delimiter: str, prefix: str) -> str | None:
    """The existing folder that `wanted` names, None when there is none.

    As written first, then with the server's separator and below its prefix: `Processed` and `INBOX/Processed` both
    find `INBOX.Processed`. INBOX is read in any case (RFC 9051 section 5.1).
    """
    known = {_key(name, delimiter): name for name in existing}
    for name in _spellings(wanted, delimiter, prefix):
        if (found := known.get(_key(name, delimiter))) is not None:
            return found
    return None


def name_new_folder(wanted: str, delimiter: str, prefix: str) -> str:
    """The name under which a missing folder is created: with the server's separator, below its prefix."""
    name = wanted.replace("/", delimiter) if delimiter else wanted
    if prefix and not _key(name, delimiter).startswith(_key(prefix, delimiter)):
        # `INBOX/Processed` on a server whose folders lie beside INBOX stays as it is: it was written out
        name = prefix + name
    return name


def check_name(name: str) -> str:
    """The name; raises ValueError for one that could end an IMAP command (T49c)."""
    if not name or any(letter < " " or letter == "\x7f" or "\ud800" <= letter <= "\udfff" for letter in name):
        raise ValueError(f"not a folder name: {name!r}")
    return name


def _spellings(wanted: str, delimiter: str, prefix: str) -> tuple[str, ...]:
    names = [wanted]
    if delimiter:
        # A dot may belong to the name where it separates nothing, so it is changed last
        names += [wanted.replace("/", delimiter), wanted.replace("/", delimiter).replace(".", delimiter)]
    names += [prefix + name for name in names]
    names += [name[len("INBOX") + 1 :] for name in names if delimiter and name.upper().startswith("INBOX" + delimiter)]
    return tuple(dict.fromkeys(name for name in names if name))


def _key(name: str, delimiter: str) -> str:
    if name.upper() == "INBOX":
        return "INBOX"
    if delimiter and name[:6].upper() == "INBOX" + delimiter:
        return "INBOX" + name[5:]
    return name
