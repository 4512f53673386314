"""Commands in an agent's mail: which lines are commands, what they mean, what is left to send.

Only the first block of the new text counts, before any prose, or a last block directly before the signature
(mail-policy section 6). Dry: reads text, returns data; a mail whose command block has one wrong line does nothing.
"""

import difflib
import re
from dataclasses import dataclass

from mailproc.records.ticket import PRIORITIES

# verb -> what must follow it: "" nothing, "text" anything, else the name of the argument
VERBS: dict[str, str] = {
    "close": "",
    "resolve": "",
    "reopen": "",
    "take": "",
    "pending": "",
    "note": "optional",
    "assign": "agent",
    "to": "department",
    "priority": "priority",
    "tag": "tags",
    "field": "assignment",
}
# Of the full set in mail-policy section 6; an agent who uses one is told, and nothing is sent
NOT_YET = ("escalate", "due", "wait", "cc", "merge", "split", "kb", "status", "spam", "undo", "help", "from", "channel")
_COMMAND = re.compile(r"\s{0,8}[#/!]([A-Za-z][A-Za-z-]{0,19})(?:[\s\u00a0]+(.{0,400}?))?\s*")
_HASH_LINE = re.compile(r"\s{0,8}#\S")
_LONGEST_LINE = 500
_MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Command:
    """One command line: `line` is counted from 1 in the new text."""

    verb: str
    argument: str
    line: int


@dataclass(frozen=True, slots=True)
class CommandMail:
    """What an agent's new text holds; with `problems` nothing of it may be done."""

    commands: tuple[Command, ...]
    text: str
    problems: tuple[str, ...]


def read_commands(new_text: str, foreign_lines: frozenset[str] = frozenset()) -> CommandMail:
    """The commands of the first or last block, and the text without them.

    `foreign_lines` are lines the customer wrote (blanks folded, casefolded): at the end of a mail they are a quote.
    """
    lines = new_text.replace("\r\n", "\n").split("\n")
    start = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    commands: list[Command] = []
    problems: list[str] = []
    head = start
    while head < len(lines) and lines[head].strip() and _looks_like_command(lines[head], is_top=True):
        if len(problems) >= _MOST_PROBLEMS:
            break
        _read_line(lines[head], head + 1, commands, problems)
        head += 1
    tail = len(lines)
    if not commands and not problems:
        tail = _last_block(lines, head)
        for index in range(tail, len(lines)):
            if " ".join(lines[index].split()).casefold() in foreign_lines:
                shown = lines[index].strip()[:60]
                problems.append(
                    f"line {index + 1} `{shown}` is in the customer's mail too; is it yours? Then write it first"
                )
            elif lines[index].strip() and len(problems) < _MOST_PROBLEMS:
                _read_line(lines[index], index + 1, commands, problems)
    text = "\n".join(lines[head:tail]).strip("\n").rstrip()
    return CommandMail(tuple(commands), text, tuple(problems))


def _last_block(lines: list[str], head: int) -> int:
    """Where a block of nothing but commands begins at the end of the text, after an empty line; else the end."""
    end = len(lines)
    while end > head and not lines[end - 1].strip():
        end -= 1
    at = end
    while at > head and lines[at - 1].strip() and _looks_like_command(lines[at - 1], is_top=False):
        at -= 1
    if at == end or (at > head and lines[at - 1].strip()):
        return len(lines)
    return at


def _looks_like_command(line: str, *, is_top: bool) -> bool:
    if len(line) > _LONGEST_LINE:
        return False
    match = _COMMAND.fullmatch(line)
    if match and match[1].lower() in VERBS | dict.fromkeys(NOT_YET, ""):
        return True
    # In the first block a line with `#` and no known verb is a mistyped command, not a sentence; `/` and `!` begin
    # ordinary words too often, and at the end `#` is a hashtag as often as a command.
    return is_top and bool(_HASH_LINE.match(line))


def _read_line(line: str, number: int, commands: list[Command], problems: list[str]) -> None:
    match = _COMMAND.fullmatch(line)
    shown = line.strip()[:60]
    if match is None:
        problems.append(f"line {number} `{shown}`: not a command we know")
        return
    verb, argument = match[1].lower(), (match[2] or "").strip()
    if verb in NOT_YET:
        problems.append(f"line {number} `{shown}`: `#{verb}` is not available in this version")
    elif verb not in VERBS:
        near = difflib.get_close_matches(verb, VERBS, n=1)
        guess = f": did you mean `#{near[0]}`?" if near else ": not a command we know"
        problems.append(f"line {number} `{shown}`{guess}")
    else:
        problem = _argument_problem(verb, argument)
        if problem:
            problems.append(f"line {number} `{shown}`: {problem}")
        else:
            commands.append(Command(verb, argument, number))


def _argument_problem(verb: str, argument: str) -> str:
    wants = VERBS[verb]
    if wants == "" and argument:
        return f"`#{verb}` takes nothing after it"
    if wants in ("agent", "department", "priority", "tags", "assignment") and not argument:
        return f"`#{verb}` needs {_example(verb)}"
    if wants == "priority" and argument.lower() not in PRIORITIES:
        return f"the priority is one of {', '.join(PRIORITIES)}"
    if wants == "assignment" and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,40}\s{0,3}=.{0,300}", argument):
        return f"`#{verb}` needs {_example(verb)}"
    return ""


def _example(verb: str) -> str:
    return {
        "assign": "an agent's name or address, as in `#assign ann@acme.example`",
        "to": "a department, as in `#to billing`",
        "priority": "one of " + ", ".join(PRIORITIES),
        "tag": "tags, as in `#tag refund -waiting`",
        "field": "a name and a value, as in `#field order=1234567`",
    }[verb]
