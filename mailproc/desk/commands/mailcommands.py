"""Commands in an agent's mail: which lines are commands, what they mean, what is left to send.

Only the first block of the new text counts, before any prose, or a last block directly before the signature
(mail-policy section 6). Dry: reads text, returns data; a mail whose command block has one wrong line does nothing.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from mailproc.desk.commands.commandwords import LIST_WORDS, PRIORITY_WORDS, VERB_WORDS
from mailproc.desk.commands.folding import fold, invert, plain_line
from mailproc.desk.words.saying import Saying, put, saying, word_for
from mailproc.message.intentwords import SENTENCES

# verb -> what must follow it: "" nothing, "optional" anything, "numbers" other cases if any, else what it is called
VERBS: dict[str, str] = {
    "close": "numbers",
    "resolve": "",
    "reopen": "numbers",
    "take": "numbers",
    "pending": "numbers",
    "note": "optional",
    "assign": "agent",
    "to": "department",
    "escalate": "",
    "priority": "priority",
    "tag": "tags",
    "field": "assignment",
    "due": "date",
    "wait": "date",
    "cc": "addresses",
    "merge": "case",
    "split": "",
    "link": "case",
    "status": "",
    "spam": "numbers",
    "undo": "",
    "help": "",
    "list": "list",
    "show": "case",
    "next": "",
    "from": "person",
    "channel": "way",
    "quiet": "",
}
# Of the full set in mail-policy section 6; an agent who uses one is told, and nothing is sent
NOT_YET = ("kb",)
# What a mail without a case may hold: it is answered, and opens none
OVERVIEW = frozenset({"list", "show", "next", "help", "undo"})
BULK = frozenset(verb for verb, wants in VERBS.items() if wants == "numbers")
LOGGING = frozenset({"from", "channel"})  # whose words the mail brings, and how they came

_WORDS = invert(VERB_WORDS)
_PRIORITIES = invert(PRIORITY_WORDS)
_LISTS = invert(LIST_WORDS)
_SHOWN = {fold(word): word for words in VERB_WORDS.values() for word in reversed(words.split())}  # the first as typed
_ENGLISH = {fold(verb): verb for verb in VERB_WORDS}
# A correction program may put a blank after `#`, a mail client stars or a backslash around the line
_COMMAND = re.compile(r"(?:#[ ]{0,3}|[/!])([^\W\d_](?:[\w'-]{0,28}[^\W_])?)(?:[ ]?[:=][ ]?|[ ]|(?=[.,;!…]*$)|$)(.*)")
_WRAPPING = re.compile(r"[*_`\\]{0,3}([#/!].{0,120}?)[*_`]{0,3}")
_NEXT_COMMAND = re.compile(r" +(?=#[ ]?[^\W\d_])")
_LINK = re.compile(r"\s*<https?://[^<>\s]*>")
_SIGN = re.compile(r"[#\uff03\ufe5f\u266f/\uff0f!\uff01]")
_END_MARKS = " .,;!…"
_LONGEST_NOTE = 20_000
_LONGEST_LINE = 500
_MOST_COMMANDS = 40
_MOST_PROBLEMS = 20
_MOST_CLOSING = 12  # lines of a signature that no delimiter announces
_LONGEST_CLOSING = 100
_LONGEST_STRAY = 80  # what is longer, is a sentence that begins with a hashtag


@dataclass(frozen=True, slots=True)
class Command:
    """One command line: `line` is counted from 1 in the new text."""

    verb: str
    argument: str
    line: int
    typed: str = ""  # the line as its writer sees it

    @property
    def shown(self) -> str:
        """As operators read it: `#tag refund`."""
        return f"#{self.verb} {self.argument}".rstrip()

    def tell(self, language: str) -> str:
        """As it is told back to the agent: `#schlagwort refund`."""
        argument = word_for("priority", self.argument) if self.verb == "priority" else self.argument
        return f"{put(word_for('verb', self.verb), language)} {put(argument, language)}".rstrip()


@dataclass(frozen=True, slots=True)
class CommandMail:
    """What an agent's new text holds; with `problems` nothing of it may be done."""

    commands: tuple[Command, ...]
    text: str
    problems: tuple[Saying, ...]

    @property
    def is_letter(self) -> bool:
        """Whether there is anything somebody could be sent: text, or a line like `#1 restart it`, near no command."""
        unknown = ("problem", saying("unknown"))
        return bool(self.text.strip()) or any(unknown in problem.values for problem in self.problems)


def read_commands(
    new_text: str, foreign_lines: frozenset[str] = frozenset(), names: Iterable[str] = ()
) -> CommandMail:
    """The commands of the first and last block, and the text without them.

    `foreign_lines` are lines the customer wrote (blanks folded, casefolded): at the end of a mail they are a quote.
    `names` are the writer's: below commands alone they are a signature and no answer.
    """
    if not _SIGN.search(new_text):
        return CommandMail((), new_text.replace("\r\n", "\n").strip("\n").rstrip(), ())
    lines = new_text.replace("\r\n", "\n").split("\n")
    commands: list[Command] = []
    problems: list[Saying] = []
    head = _read_top(lines, commands, problems)
    folded_names = frozenset(fold(name) for name in names)
    end = _find_closing(lines, head, folded_names)
    tail = _last_block(lines, head, end)
    for index in range(tail, end):
        if " ".join(lines[index].split()).casefold() in foreign_lines:
            shown = lines[index].strip()[:60]
            problems.append(at_line(index + 1, shown, saying("customers-line")))
        elif lines[index].strip() and len(problems) < _MOST_PROBLEMS:
            _read_line(lines[index], index + 1, commands, problems)
    _find_stray(lines, head, tail, foreign_lines, problems)
    said = "\n".join(lines[head:tail]).strip("\n").rstrip()
    closing = "\n".join(lines[end:]).strip()
    if closing and (said or not commands):
        said = f"{said}\n\n{closing}" if said else closing
    if len(commands) > _MOST_COMMANDS:
        problems.append(saying("too-many-commands", count=len(commands), most=_MOST_COMMANDS))
    if not commands:
        said = "\n".join(lines[head:]).strip("\n").rstrip()  # a text without commands stays as it was written
    return CommandMail(tuple(commands), said, tuple(problems))


def at_line(line: int, shown: str, problem: Saying) -> Saying:
    """What is wrong with that line of the mail."""
    return saying("at-line", line=line, shown=shown, problem=problem)


def wrong(command: Command, problem: Saying) -> Saying:
    """What is wrong with a command."""
    return at_line(command.line, command.typed or command.shown, problem)


def is_overview(command: Command) -> bool:
    """Whether a command asks for something, or names the cases it is about, instead of changing the mail's own."""
    return command.verb in OVERVIEW or (command.verb in BULK and bool(command.argument))


def read_priority(word: str) -> str:
    """The priority a word of any of the languages means, "" for none."""
    return _PRIORITIES.get(fold(plain_line(word).strip(_END_MARKS)), "")


def read_list(word: str) -> str:
    """The list a word means: mine, department, open, overdue; "mine" for no word, "" for one nobody knows."""
    bare = plain_line(word).strip(_END_MARKS)
    return _LISTS.get(fold(bare.split()[-1]), "") if bare else "mine"


def _read_top(lines: list[str], commands: list[Command], problems: list[Saying]) -> int:
    """Reads the first block; mail clients put empty lines between its lines. Returns where prose begins."""
    at = head = 0
    while at < len(lines):
        if lines[at].strip(" \t\xa0\u200b\ufeff"):
            if len(problems) >= _MOST_PROBLEMS or not _looks_like_command(lines[at], is_top=True):
                break
            _read_line(lines[at], at + 1, commands, problems)
            head = at + 1
        at += 1
    return head


def _last_block(lines: list[str], head: int, end: int) -> int:
    """Where a block of nothing but commands begins at the end of the text, after an empty line; else its end."""
    at = block = end
    while at > head:
        if lines[at - 1].strip():
            if not _looks_like_command(lines[at - 1], is_top=False):
                break
            block = at - 1
        at -= 1
    if block == end or (block > head and lines[block - 1].strip()):
        return end
    return block


def _find_stray(
    lines: list[str], head: int, tail: int, foreign_lines: frozenset[str], problems: list[Saying]
) -> None:
    """Commands in the middle of the letter, such as below a greeting: they would neither be done nor stay inside."""
    for index in range(head, tail):
        if len(lines[index]) > _LONGEST_STRAY or len(problems) >= _MOST_PROBLEMS or "#" not in (plain := lines[index]):
            continue
        bare = plain_line(plain)
        parsed = _parse(bare) if re.match(r"#[^\W\d_]", bare) else None
        verb = _WORDS.get(parsed[0]) if parsed else None
        if verb is None or parsed is None or " ".join(plain.split()).casefold() in foreign_lines:
            continue
        if verb in NOT_YET or _argument_problem(verb, _LINK.sub("", parsed[1]).strip(_END_MARKS)) is None:
            problems.append(at_line(index + 1, bare[:60], saying("stray")))


def _find_closing(lines: list[str], head: int, names: frozenset[str]) -> int:
    """Where a greeting with a name, or the name alone, begins that ends the text; else the end of the lines.

    It only counts where a command stands above it: everywhere else it is a part of the letter.
    """
    end = len(lines)
    while end > head and not lines[end - 1].strip():
        end -= 1
    found, filled = len(lines), 0
    for at in range(end - 1, head - 1, -1):
        bare = lines[at].strip()
        if not bare:
            continue
        filled += 1
        if filled > _MOST_CLOSING or len(bare) > _LONGEST_CLOSING or _SIGN.match(bare):
            break
        if fold(bare.strip(_END_MARKS)) in names or _is_signoff(bare):
            found = at
    if found == len(lines):
        return end
    above = next((lines[at] for at in range(found - 1, -1, -1) if lines[at].strip()), "")
    return found if above and _looks_like_command(above, is_top=False) else end


@lru_cache(maxsize=1)
def _signoffs() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{words['signoff']})" for words in SENTENCES.values() if "signoff" in words))


def _is_signoff(line: str) -> bool:
    bare = re.sub(r"[^\w\s]", "", line.lower())
    return len(bare) < 60 and bool(_signoffs().fullmatch(" ".join(bare.split())))


def _parse(line: str) -> tuple[str, str] | None:
    """(word, argument) of a line that has the form of a command; the word is folded, not yet known."""
    if not _SIGN.search(line[:8]):
        return None
    bare = plain_line(line[: _LONGEST_NOTE + 100])
    if bare[:1] in "*_`\\":
        match = _WRAPPING.fullmatch(bare)
        if match is None:
            return None
        bare = match[1].rstrip("*_`")
    match = _COMMAND.fullmatch(bare)
    return (fold(match[1]), match[2].strip()) if match else None


def _looks_like_command(line: str, *, is_top: bool) -> bool:
    parsed = _parse(line)
    verb = _WORDS.get(parsed[0]) if parsed else None
    if verb is not None and parsed is not None:
        # A long line is a sentence, unless it says of itself that it must stay inside
        return verb == "note" or len(line) <= _LONGEST_LINE
    if not is_top or len(line) > _LONGEST_LINE:
        return False
    # In the first block a line with `#` and no known verb is a mistyped command, not a sentence; `/` and `!` begin
    # ordinary words too often, and at the end `#` is a hashtag as often as a command.
    bare = plain_line(line).lstrip("\\*_`")
    if re.match(r"#\S", bare):
        return True
    return bare.startswith("# ") and parsed is not None and bool(_find_near(parsed[0]))


def _read_line(line: str, number: int, commands: list[Command], problems: list[Saying]) -> None:
    shown = plain_line(line)[:60]
    parsed = _parse(line)
    if parsed is None:
        problems.append(at_line(number, shown, saying("unknown")))
        return
    typed, argument = parsed
    verb = _WORDS.get(typed)
    if verb is None:
        near = _find_near(typed)
        problems.append(at_line(number, shown, saying("did-you-mean", near=near) if near else saying("unknown")))
        return
    rest = ""
    if verb not in ("note", "kb"):
        # Programs that wrap text may join two lines
        pieces = _NEXT_COMMAND.split(f" {argument}")
        for count, piece in enumerate(pieces[1:], 1):
            inner = _COMMAND.fullmatch(piece)
            if inner and fold(inner[1]) in _WORDS:
                argument, rest = " ".join(pieces[:count]).strip(), " ".join(pieces[count:])
                break
    _take(verb, argument, number, shown, commands, problems)
    if rest and len(problems) < _MOST_PROBLEMS and len(commands) <= _MOST_COMMANDS:
        _read_line(rest, number, commands, problems)


def _take(verb: str, argument: str, number: int, shown: str, commands: list[Command], problems: list[Saying]) -> None:
    wants = VERBS.get(verb, "")
    if verb in NOT_YET:
        problems.append(at_line(number, shown, saying("no-kb")))
        return
    if wants != "optional":
        argument = _LINK.sub("", argument).strip(_END_MARKS)
    problem = _argument_problem(verb, argument)
    if problem is not None:
        problems.append(at_line(number, shown, problem))
    else:
        commands.append(Command(verb, read_priority(argument) if wants == "priority" else argument, number, shown))


def _find_near(word: str) -> str:
    """The command that was probably meant, "" when none is near."""
    for words, cutoff in ((_ENGLISH, 0.6), (_SHOWN, 0.75)):
        near = difflib.get_close_matches(word, words, n=1, cutoff=cutoff)
        if near:
            return words[near[0]]
    return ""


def _argument_problem(verb: str, argument: str) -> Saying | None:
    wants = VERBS[verb]
    names = {"verb": word_for("verb", verb), "example": word_for("example", verb)}
    if wants == "" and argument:
        return saying("takes-nothing", verb=names["verb"])
    if wants == "numbers" and argument and not any(character.isdigit() for character in argument):
        return saying("takes-numbers", verb=names["verb"])
    if wants not in ("", "optional", "numbers", "list") and not argument:
        return saying("needs", **names)
    if wants == "priority" and not read_priority(argument):
        return saying("priorities")
    if wants == "list" and not read_list(argument):
        return saying("lists")
    if wants == "assignment" and not re.fullmatch(r"[^\W\d][\w-]{0,40}\s{0,3}[=:].{0,300}", argument):
        return saying("takes-form", **names)
    return None
