"""Signed and encrypted mail: recognised by its structure, said in plain words; nothing is verified or decrypted.

Dry: no I/O. S/MIME is RFC 8551, PGP/MIME RFC 3156, PGP in the text RFC 9580 section 6 and 7.
"""

from mailproc.message.cms import kind_of
from mailproc.message.parts import Headers, Part, first

SMIME_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_SMIME_SIGNATURES = ("application/pkcs7-signature", "application/x-pkcs7-signature")
_PROTECTED_TYPES = (*SMIME_TYPES, *_SMIME_SIGNATURES, "application/pgp-signature", "application/pgp-encrypted")
_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_SIGNATURE_END = "-----END PGP SIGNATURE-----"
_ENCRYPTED = "-----BEGIN PGP MESSAGE-----"
_ARMOUR = "-----BEGIN PGP "
_LONGEST_ARMOUR_HEAD = 2_000
_LONGEST_SIGNATURE = 20_000

_STRONGEST_FIRST = ("smime-encrypted", "pgp-encrypted", "smime-signed", "pgp-signed")
_PAYLOAD_NAMES = (".asc", ".pgp", ".gpg")
_NAMES = {
    "application/pkcs7-mime": "smime.p7m",
    "application/x-pkcs7-mime": "smime.p7m",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pgp-signature": "signature.asc",
    "application/pgp-encrypted": "pgp-version.asc",
}


def find_protection(headers: Headers, parts: tuple[Part, ...], armour: str) -> str:
    """`smime-encrypted`, `pgp-encrypted`, `smime-signed` or `pgp-signed`; "" for a mail in the open.

    `armour` is what `find_armour` says of the text.
    """
    content_type = first(headers, "content-type").lower()
    kinds = {_kind(part) for part in parts if part.content_type in _PROTECTED_TYPES} - {""}
    if "multipart/encrypted" in content_type[:200]:
        kinds.add("pgp-encrypted")
    if kinds:
        return next(kind for kind in _STRONGEST_FIRST if kind in kinds)
    return armour


def find_armour(text: str) -> str:
    """`pgp-encrypted` or `pgp-signed` where the text is that from its top: further down it is quoted or explained."""
    if _ARMOUR not in text:
        return ""
    top = text.lstrip()
    if top.startswith(_ENCRYPTED):
        return "pgp-encrypted"
    return "pgp-signed" if top.startswith(_SIGNED) and _SIGNATURE in top else ""


def describe(part: Part) -> str:
    """What a part of a protected mail is, for the person who sees its name; "" for any other part."""
    if part.content_type in _SMIME_SIGNATURES:
        return "S/MIME signature of this mail; it was not checked"
    if part.content_type == "application/pgp-signature":
        return "PGP signature of this mail; it was not checked"
    if part.content_type in SMIME_TYPES:
        if _kind(part) == "smime-signed":
            return "the mail as signed with S/MIME; the signature was not checked"
        return "S/MIME encrypted mail; only its recipient's mail client can open it"
    if part.content_type == "application/pgp-encrypted":
        return "says that the file beside it is PGP encrypted"
    if _is_pgp_payload(part):
        return "PGP encrypted mail; only its recipient's mail client can open it"
    return ""


def name_of(part: Part) -> str:
    """The usual name of a part of a protected mail that has none, "" for any other part."""
    return "encrypted.asc" if _is_pgp_payload(part) else _NAMES.get(part.content_type, "")


def read_clear_signed(text: str) -> str:
    """The words of a text that is clear-signed from top to bottom, without the armour; any other text as it is.

    The armour stays in the raw mail: who wants to check the signature needs the exact bytes anyway.
    """
    start = text.find(_SIGNED)
    if start < 0 or text[:start].strip():
        return text
    head_end = text.find("\n\n", start, start + _LONGEST_ARMOUR_HEAD)
    end = text.find("\n" + _SIGNATURE, start)
    tail = text.find("\n" + _SIGNATURE_END, end, end + _LONGEST_SIGNATURE)
    if head_end < 0 or end < head_end or tail < 0:
        return text  # nothing is taken out of what is not whole
    words = text[head_end + 2 : end + 1]
    # RFC 9580 section 7.2: lines that begin with a dash were escaped
    words = ("\n" + words).replace("\n- ", "\n")[1:]
    rest = text[tail + 1 + len(_SIGNATURE_END) :]
    return (words + rest).strip("\n").rstrip() or text


def _kind(part: Part) -> str:
    if part.content_type in SMIME_TYPES:
        low = first(part.headers, "content-type").lower()
        if "certs-only" in low or "compressed-data" in low:
            return ""
        # What it is made of tells; senders leave smime-type out
        is_signed = kind_of(part.content) == "signed" or "signed-data" in low
        return "smime-signed" if is_signed else "smime-encrypted"
    if part.content_type in _SMIME_SIGNATURES:
        return "smime-signed"
    # Exchange turns multipart/encrypted into multipart/mixed; the part that says "Version: 1" tells
    return "pgp-encrypted" if part.content_type == "application/pgp-encrypted" else "pgp-signed"


def _is_pgp_payload(part: Part) -> bool:
    is_data = part.content_type == "application/octet-stream" or part.filename.lower().endswith(_PAYLOAD_NAMES)
    return is_data and part.content[:200].lstrip().startswith(_ENCRYPTED.encode("ascii"))
