"""`mailproc parse`: what mailproc understands of a message, without a site. Reads files; writes only with --extract."""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mailproc.records.mail import Attachment, Inbound

_MBOXES = frozenset({".mbox", ".mbx"})
_LONGEST_NAME = 200  # bytes: file systems take 255
# What a terminal would take for an order
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@click.command()
@click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(exists=True, allow_dash=True, path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output; one line a message for several.")
@click.option(
    "--extract", "folder", type=click.Path(file_okay=False, path_type=Path), help="Save the attachments here."
)
def parse(paths: tuple[Path, ...], as_json: bool, folder: Path | None) -> None:
    """Show what mailproc understands of the messages in PATH...: files, folders, mboxes, or - for standard input.

    \b
    Examples:
      mailproc parse complaint.eml
      mailproc parse --json inbox/ > inbox.jsonl
      mailproc parse --extract files/ complaint.eml
    """
    # What parsing needs is loaded here, so that --help stays instant
    from mailproc.message.parse import parse as parse_message

    is_single = len(paths) == 1 and not paths[0].is_dir() and paths[0].suffix.lower() not in _MBOXES
    unread = 0
    for name, raw in _read_all(paths):
        if isinstance(raw, OSError):
            unread += 1
            problem = f"cannot be read: {raw.strerror or raw}"
            click.echo(f"{_show(name)}: {problem}", err=True)
            if as_json and not is_single:
                _write_line({"file": _show(name), "error": problem})
            continue
        inbound = parse_message(raw)
        if as_json and is_single:
            _write(json.dumps(as_object(inbound), ensure_ascii=False, indent=1))
        elif as_json:
            _write_line({"file": _show(name), **as_object(inbound)})
        else:
            _print(inbound, "" if is_single else name)
        for attachment in inbound.attachments if folder is not None else ():
            assert folder is not None
            saved = save_attachment(attachment, folder)
            click.echo(f"saved {_show(str(saved))}", err=True)
    if unread:
        sys.exit(1)


def as_object(inbound: "Inbound") -> dict[str, Any]:
    """What was understood, with the keys that commands.md promises."""
    bounce, forwarded = inbound.bounce, inbound.forwarded
    return {
        "from": inbound.from_.addr if inbound.from_ else "",
        "from_name": inbound.from_.name if inbound.from_ else "",
        "reply_to": inbound.reply_to[0].addr if inbound.reply_to else "",
        "to": [box.addr for box in inbound.to],
        "cc": [box.addr for box in inbound.cc],
        "subject": inbound.subject,
        "message_id": inbound.message_id,
        "in_reply_to": " ".join(inbound.in_reply_to),
        "references": list(inbound.references),
        "date": inbound.date.isoformat() if inbound.date else None,
        "text": inbound.text,
        "new_text": inbound.new_text,
        "cut_text": inbound.cut_text,
        "html_present": inbound.has_html,
        "language": inbound.language,
        "attachments": [
            {"filename": item.filename, "content_type": item.content_type, "size": item.size}
            for item in inbound.attachments
        ],
        "class": str(inbound.mail_class),
        "bounce": {
            "recipients": list(bounce.recipients),
            "status": bounce.status,
            "permanent": bounce.is_permanent,
            "original_message_id": bounce.original_message_id,
        }
        if bounce
        else None,
        "forwarded": {
            "from": forwarded.from_.addr if forwarded.from_ else "",
            "subject": forwarded.subject,
            "date": forwarded.date,
        }
        if forwarded
        else None,
        "from_ok": inbound.from_ok,
        "defects": [{"code": defect.code, "text": defect.text} for defect in inbound.defects],
    }


def save_attachment(attachment: "Attachment", folder: Path) -> Path:
    """Write the attachment under its cleaned name and return the path; a name in use gets a number, nothing is lost."""
    folder.mkdir(parents=True, exist_ok=True)
    stem, extension = os.path.splitext(attachment.filename)
    while len((stem + extension).encode("utf-8", "replace")) > _LONGEST_NAME:
        stem = stem[:-1]
    number = 1
    while True:
        name = stem + (f"-{number}" if number > 1 else "") + extension
        try:
            # x: fails on whatever is there, a symbolic link too
            with open(folder / name, "xb") as file:
                file.write(attachment.content)
            return folder / name
        except FileExistsError:
            number += 1


def _read_all(paths: tuple[Path, ...]) -> Iterator[tuple[str, "bytes | OSError"]]:
    """(name, bytes) of every message; a file that cannot be read gives its error and the rest goes on."""
    for path in paths:
        if str(path) == "-":
            yield "-", sys.stdin.buffer.read()
            continue
        files = sorted(_walk(path), key=lambda file: (file.name, str(file))) if path.is_dir() else [path]
        for file in files:
            try:
                if file.suffix.lower() in _MBOXES:
                    from mailproc.intake.files import iter_mails

                    yield from iter_mails([file])
                else:
                    yield str(file), file.read_bytes()
            except OSError as problem:
                yield str(file), problem


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = Path(root, name)
            if not name.startswith(".") and file.is_file():
                yield file


def _print(inbound: "Inbound", name: str) -> None:
    facts = as_object(inbound)
    lines = [f"── {_show(name)}"] if name else []
    sender = f"{facts['from_name']} <{facts['from']}>" if facts["from_name"] else facts["from"]
    rows = (
        ("from", sender + ("" if inbound.from_ok else f"  (cannot be relied on: {inbound.from_defect})")),
        ("reply to", facts["reply_to"]),
        ("to", ", ".join(facts["to"])),
        ("cc", ", ".join(facts["cc"])),
        ("subject", facts["subject"]),
        ("date", facts["date"] or ""),
        ("message id", facts["message_id"]),
        ("in reply to", facts["in_reply_to"]),
        ("class", facts["class"] + (f"  ({inbound.class_evidence})" if inbound.class_evidence else "")),
        ("language", facts["language"]),
    )
    lines += [f"{label:<12} {value}" for label, value in rows if value]
    if inbound.bounce:
        kind = "for good" if inbound.bounce.is_permanent else "for now"
        lines.append(f"{'bounced':<12} {', '.join(inbound.bounce.recipients)} {kind} {inbound.bounce.status}")
    if inbound.forwarded:
        lines.append(f"{'forwards':<12} {facts['forwarded']['subject']} of {facts['forwarded']['from']}")
    lines += [f"{'attached':<12} {a.filename}  {a.content_type}, {a.size} bytes" for a in inbound.attachments]
    lines += [f"{'defect':<12} {defect.code}: {defect.text}" for defect in inbound.defects]
    lines += ["", inbound.new_text]
    if inbound.cut_text:
        lines += ["", f"({len(inbound.cut_text.splitlines())} quoted lines not shown)"]
    _write(_CONTROLS.sub("\ufffd", "\n".join(lines)) + "\n")


def _write_line(row: dict[str, Any]) -> None:
    # U+2028 and its kin are line ends for some readers of JSON lines
    line = json.dumps(row, ensure_ascii=False)
    for character in "\x85\u2028\u2029":
        line = line.replace(character, f"\\u{ord(character):04x}")
    _write(line)


def _write(text: str) -> None:
    """UTF-8 whatever the locale: JSON is, and half a name helps nobody."""
    click.echo(text.encode("utf-8", "replace"))


def _show(name: str) -> str:
    return _CONTROLS.sub("?", name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
