"""What the documents in docs/ tell an operator to write and to run, read from their code blocks.

A block says in its first line what it is: a file (`# /etc/postfix/main.cf`) or who runs it (`# as root`).
"""

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
SITE = "mailproc.yaml"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A code block: the section it stands in, its language, what its first line says, all of its text."""

    section: str
    language: str
    label: str
    text: str


def read_blocks(name: str) -> list[Block]:
    """All code blocks of docs/NAME.md, in order."""
    text = (DOCS / f"{name}.md").read_text("utf-8")
    headings = [(match.start(), match[1]) for match in _HEADING.finditer(text)]
    blocks = []
    for match in _FENCE.finditer(text):
        section = next((title for start, title in reversed(headings) if start < match.start()), "")
        first = match[2].partition("\n")[0]
        blocks.append(Block(section, match[1], first[2:] if first.startswith("# ") else "", match[2]))
    return blocks


def find(name: str, section: str, label: str) -> str:
    """The text of the blocks with this label in this section of docs/NAME.md."""
    found = [block.text for block in read_blocks(name) if (block.section, block.label) == (section, label)]
    if not found:
        raise LookupError(f"docs/{name}.md has no block {label!r} below {section!r}")
    return "\n".join(found)


def replace_settings(text: str, block: str) -> str:
    """A mailproc.yaml in which an operator has put the block's keys in place of what stood there."""
    for key in re.findall(r"^(\w+):", block, re.MULTILINE):
        text = re.sub(rf"^{key}:.*\n(?:[ #-].*\n)*", "", text, count=1, flags=re.MULTILINE)
    return text + "\n" + block
