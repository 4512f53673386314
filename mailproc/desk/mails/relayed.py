"""The files of a mail as they travel along with ours: which ones a customer gets, and which images the mail shows. Dry.

What a mail program adds by itself names its owner: signatures, keys and visiting cards hold the address that an agent
writes from, so do file names and the ids of inline images.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mailproc.desk.draft import Policy
from mailproc.desk.mails.filewords import is_mail, words_of_file
from mailproc.desk.mails.ownwords import hide_inner_addresses
from mailproc.desk.words.saying import Saying, saying
from mailproc.records.effects import Mail
from mailproc.records.mail import Attachment

MOST_SHOWN = 20
_LARGEST_SHOWN = 5_000_000  # bytes of one image
_PERSONAL = frozenset(
    "application/pkcs7-signature application/x-pkcs7-signature application/pkcs7-mime application/x-pkcs7-mime "
    "application/pgp-signature application/pgp-keys application/ms-tnef application/vnd.ms-tnef text/vcard "
    "text/x-vcard text/directory".split()
)
_PERSONAL_NAMES = (".vcf", ".p7s", ".p7m", ".asc", "winmail.dat")
_WRITTEN = ("text/", "message/", "application/ics", "application/json", "application/xml", "application/xhtml")
_WRITTEN_NAMES = (".ics", ".eml", ".txt", ".csv", ".htm", ".html", ".xml", ".json", ".vcs")
_RISKY = frozenset(
    "application/x-msdownload application/x-msdos-program application/x-dosexec application/hta text/javascript "
    "application/javascript application/java-archive image/svg+xml text/html application/xhtml+xml".split()
)
_RISKY_NAMES = frozenset(
    "ade adp apk app application appref-ms asp bas bat cab chm cmd com cpl dll dmg docm dotm exe gadget hta htm html "
    "img inf ins iso jar jnlp js jse lnk mde mht mhtml msc msi msix msp one pif ppam pps ppsm pptm ps1 psm1 reg scf "
    "scr sct sh shb shtml svg svgz sys url vb vbe vbs vhd vhdx vxd wsc wsf wsh xht xhtml xla xlam xll xlm xlsm "
    "xltm".split()
)
_MOST_READ = 2_000_000
_OUR_IMAGE = re.compile(r"<?i[0-9]{1,2}\.t\.[0-9]{5,14}\.[0-9]{1,9}\.")  # one that we sent, quoted in the answer
# What a browser draws and cannot run; by its first bytes, because a label says anything (threat T48)
_IMAGES = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.S),
}


@dataclass(frozen=True, slots=True)
class ShownImage:
    """An image that the mail shows: its new id, and what stands for it in the text that came."""

    content_id: str
    name: str
    marks: tuple[str, ...]


def pass_on(
    mail: Mail, attachments: Sequence[Attachment], message_id: str, policy: Policy
) -> tuple[tuple[Attachment, ...], tuple[ShownImage, ...]]:
    """The files as they go out with this mail, and those of them that it can show."""
    passed: list[Attachment] = []
    shown: list[ShownImage] = []
    for item in attachments:
        if mail.role == "customer":
            if is_personal(item) or _OUR_IMAGE.match(item.content_id):
                continue
            item = replace(item, filename=_hide_in_name(item.filename, policy))
        if item.is_inline:
            if len(shown) < MOST_SHOWN and _can_be_shown(item):
                new_id = f"i{len(shown) + 1}.{message_id.strip('<>')}"
                shown.append(ShownImage(new_id, item.filename, _marks_of(item)))
                item = replace(item, content_id=new_id, content_type=_type_of(item.content))
            else:
                item = replace(item, is_inline=False, content_id="")
        passed.append(item)
    return tuple(passed), tuple(shown)


def is_personal(item: Attachment) -> bool:
    """Whether a mail program made the file, about the person who uses it."""
    return item.content_type.lower() in _PERSONAL or item.filename.lower().endswith(_PERSONAL_NAMES)


def find_risky_names(attachments: Iterable[Attachment]) -> tuple[str, ...]:
    """The names of files that run a program or show a false page when they are opened."""
    return tuple(
        dict.fromkeys(
            item.filename
            for item in attachments
            if item.filename.lower().rpartition(".")[2] in _RISKY_NAMES or item.content_type.lower() in _RISKY
        )
    )


def find_private_files(attachments: Iterable[Attachment], policy: Policy) -> tuple[Saying, ...]:
    """Why these files must not go out: a person of the inside is named in one by an address that nobody outside has."""
    for item in attachments:
        is_text = item.content_type.lower().startswith(_WRITTEN) or item.filename.lower().endswith(_WRITTEN_NAMES)
        if not is_text or is_personal(item):
            continue
        text = item.content[:_MOST_READ].replace(b"\r\n ", b"").replace(b"\r\n\t", b"").decode("utf-8", "replace")
        if is_mail(item):
            text = f"{text}\n{words_of_file(item)}"
        if hide_inner_addresses(text, policy) != text:
            return (saying("file-address", name=item.filename),)
    return ()


def name_images(text: str, attachments: Iterable[Attachment]) -> str:
    """The text with the name of each image where only its id stood; the id may tell where the mail was written."""
    for item in attachments if "[cid:" in text else ():
        if item.content_id:
            text = text.replace(f"[cid:{item.content_id.strip('<>')}]", f"[image: {item.filename}]")
    return text


def _hide_in_name(name: str, policy: Policy) -> str:
    """The file name without addresses of the inside; `ann@acme.example.pdf` looks like another address."""
    if "@" not in name:
        return name
    inner = [address for agent in policy.book.agents for address in agent.addresses]
    inner += [address for department in policy.book.departments.values() for address in department.forward_to]
    ours = policy.site.addresses[0].partition("@")[0]
    for address in sorted(inner, key=len, reverse=True):
        name = re.sub(re.escape(address), ours, name, flags=re.I)
    return name


def _can_be_shown(item: Attachment) -> bool:
    return bool(item.content_id) and len(item.content) <= _LARGEST_SHOWN and _type_of(item.content) != ""


def _type_of(content: bytes) -> str:
    return next((name for name, start in _IMAGES.items() if start.match(content)), "")


def _marks_of(item: Attachment) -> tuple[str, ...]:
    """What mail programs write into the text where an image stands: Outlook, Gmail, Apple Mail, Thunderbird."""
    content_id = item.content_id.strip("<>")
    names = (f"image: {item.filename}", f"Image: {item.filename}", f"inline image: {item.filename}")
    return (f"[cid:{content_id}]", *(f"[{name}]" for name in names), f"<{item.filename}>")
