"""Names of attachments: labels only, cleaned so that they are safe to show and to save. Dry: no I/O."""

import re
import unicodedata

LONGEST = 100  # characters

_EXTENSIONS = {
    "application/gzip": "gz", "application/ics": "ics", "application/json": "json", "application/msword": "doc",
    "application/ms-tnef": "dat", "application/octet-stream": "bin", "application/pdf": "pdf",
    "application/pgp-encrypted": "asc", "application/pgp-keys": "asc", "application/pgp-signature": "asc",
    "application/pkcs7-mime": "p7m", "application/pkcs7-signature": "p7s", "application/rtf": "rtf",
    "application/vnd.ms-excel": "xls", "application/vnd.ms-powerpoint": "ppt", "application/xml": "xml",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/x-pkcs7-mime": "p7m", "application/x-pkcs7-signature": "p7s",
    "application/x-zip-compressed": "zip", "application/zip": "zip",
    "audio/mpeg": "mp3", "audio/wav": "wav", "audio/x-wav": "wav",
    "image/bmp": "bmp", "image/gif": "gif", "image/heic": "heic", "image/jpeg": "jpg", "image/jpg": "jpg",
    "image/png": "png", "image/svg+xml": "svg", "image/tiff": "tiff", "image/webp": "webp",
    "text/calendar": "ics", "text/css": "css", "text/csv": "csv", "text/html": "html", "text/markdown": "md",
    "text/plain": "txt", "text/rfc822-headers": "txt", "text/rtf": "rtf", "text/vcard": "vcf", "text/x-vcard": "vcf",
    "text/xml": "xml", "video/mp4": "mp4", "video/quicktime": "mov",
}  # fmt: skip
_WHOLE_NAMES = {
    "application/ics": "appointment.ics",
    "text/calendar": "appointment.ics",
    "message/rfc822": "message.eml",
    "message/global": "message.eml",
    "message/delivery-status": "delivery-status.txt",
    "message/disposition-notification": "disposition-notification.txt",
    "message/feedback-report": "feedback-report.txt",
}
_TYPES = {extension: content_type for content_type, extension in reversed(_EXTENSIONS.items())} | {
    "asc": "application/octet-stream", "dat": "application/octet-stream", "eml": "message/rfc822", "htm": "text/html",
    "jpeg": "image/jpeg", "jpg": "image/jpeg", "md": "text/markdown", "p7m": "application/pkcs7-mime",
    "p7s": "application/pkcs7-signature", "tif": "image/tiff", "vcf": "text/vcard", "xml": "text/xml",
    "xls": "application/vnd.ms-excel", "zip": "application/zip", "rtf": "text/rtf", "ics": "text/calendar",
    "log": "text/plain", "wav": "audio/wav",
}  # fmt: skip
# What file systems, shells and dialogs take for something else
_STRUCTURE = re.compile(r'[<>:"|?*`$;]+')
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.I)
# Categories no label needs: control, format (direction marks, zero width), surrogate, private, unassigned
_UNFIT = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean_filename(name: str) -> str:
    """The name without path, controls, direction marks and leading dots, at most 100 characters; "" when none is left.

    The extension is kept when the name is cut (threat T49).
    """
    name = name[:4_096].replace("\\", "/").rpartition("/")[2]
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    if not (name.isascii() and name.isprintable()):
        name = "".join(
            [" " if character in "\t\n\r\u00a0" else character for character in name if _may_stand(character)]
        )
    name = " ".join(_STRUCTURE.sub("_", name).split()).lstrip(". ").rstrip(". ")
    if _DEVICES.match(name):
        name = "_" + name
    if len(name) > LONGEST:
        stem, dot, extension = name.rpartition(".")
        is_kept = bool(dot) and 0 < len(extension) <= 16
        name = f"{stem[: LONGEST - 1 - len(extension)]}.{extension}" if is_kept else name[:LONGEST]
    return name if name.strip("._- ") else ""


def default_filename(content_type: str, number: int) -> str:
    """The name of an attachment that has none: `attachment-1.pdf`, `message.eml`."""
    if content_type in _WHOLE_NAMES:
        return _WHOLE_NAMES[content_type]
    extension = _EXTENSIONS.get(content_type)
    if extension is None:
        kind, _, subtype = content_type.partition("/")
        is_plain = kind in ("image", "audio", "video", "font") and subtype.isalnum() and len(subtype) <= 8
        extension = subtype if is_plain else "txt" if kind == "text" else "bin"
    return f"attachment-{number}.{extension}"


def guess_type(name: str) -> str:
    """The content type that a file's extension says, for files that came without one."""
    return _TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")


def _may_stand(character: str) -> bool:
    return character in "\t\n\r" or unicodedata.category(character) not in _UNFIT
