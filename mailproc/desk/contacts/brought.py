"""What an agent's mail brings in for somebody else: a mail they forward, or a call they write down. Dry: reads only.

Whether the agent may is decided elsewhere; nothing that is read here proves who wrote a forwarded mail.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailproc.desk.commands.commandwords import CHANNEL_WORDS, ME_WORDS
from mailproc.desk.commands.folding import fold, fold_words, invert, plain_line
from mailproc.desk.commands.mailcommands import LOGGING, Command, CommandMail, read_commands, wrong
from mailproc.desk.words.saying import Saying, saying, word_for
from mailproc.message.addresses import clean_display_name, is_sendable, normalise, parse_mailboxes
from mailproc.message.forwarded import layers
from mailproc.message.quotes import split_reply
from mailproc.message.subjects import comparable, strip_prefixes
from mailproc.records.asks import Behalf
from mailproc.records.decision import Decision
from mailproc.records.mail import Address, Attachment, Forwarded, Inbound
from mailproc.rulebook.book import Agent
from mailproc.tickets.followup import Keys
from mailproc.tickets.token import read_message_id, split_reply_address

if TYPE_CHECKING:
    from mailproc.desk.commands.verbs import Change
    from mailproc.desk.draft import Policy

# How people reach a desk besides mail; `mail` is what forwards are
CHANNELS = tuple(CHANNEL_WORDS)
OTHER = "other"
BROUGHT_REASONS = frozenset({"new-on-behalf", "agent-forward"})
FORWARDED, LOGGED, REDIRECTED = "forwarded", "logged", "redirected"
# What a forwarded mail turned out to be
OUTSIDE, OURS, INSIDE, NOBODY = "outside", "ours", "inside", "nobody"
_NOTHING = Behalf()
_CHANNEL = invert(CHANNEL_WORDS)
_ME = fold_words(ME_WORDS)
_LONGEST_NAME = 100
_MOST_IDS = 60
_MOST_SAME = 4_000  # characters that tell whether two texts are one


@dataclass(frozen=True, slots=True)
class Brought:
    """Who brought a case in that is somebody else's, and what they said about it."""

    way: str  # forwarded | logged | redirected
    by: str  # their address
    by_name: str = ""
    cover: str = ""  # their words about it: a note
    channel: str = "mail"
    quiet: str = ""  # why the person is not told; a reason of `desk.reasons.SUPPRESSED`
    change: "Change | None" = None  # what the agent's commands make of it

    @property
    def is_taken_down(self) -> bool:
        """True where the words are an agent's record of what was said."""
        return self.way == LOGGED


@dataclass(frozen=True, slots=True)
class Reading:
    """An agent's mail that brings something in, as far as it can be read."""

    mail: CommandMail  # the agent's own words and commands
    kind: str  # outside | ours | inside | nobody; "" for a call written down
    origin: Forwarded | None = None  # the forwarded mail that counts
    person: Address | None = None  # of #from
    is_own: bool = False  # `#from me`: it is the agent's own request
    channel: str = ""  # of #channel
    is_quiet: bool = False
    problems: tuple[Saying, ...] = ()

    @property
    def author(self) -> Address | None:
        """Whose words they are; None where nobody said."""
        return self.person or (self.origin.from_ if self.origin is not None and self.kind == OUTSIDE else None)

    @property
    def text(self) -> str:
        """The words of the person."""
        return self.origin.text if self.origin is not None else self.mail.text

    @property
    def is_logged(self) -> bool:
        """True for a call written down."""
        return self.origin is None



def read_brought(inbound: Inbound, agent: Agent, policy: "Policy") -> Reading | None:
    """What this mail of the agent's brings in; None for an ordinary one."""
    forwarded = inbound.forwarded
    mail = read_commands(_own_words(inbound), names=(agent.name, *agent.name.split()[:1]))
    logging = [command for command in mail.commands if command.verb in LOGGING]
    if forwarded is None and not logging:
        return None
    kind, origin = find_origin(forwarded, policy) if forwarded is not None else ("", None)
    reading = Reading(
        replace(mail, commands=tuple(c for c in mail.commands if c.verb not in LOGGING and c.verb != "quiet")),
        kind,
        origin,
        is_quiet=any(command.verb == "quiet" for command in mail.commands),
        problems=mail.problems,
    )
    for command in logging:
        reading = _read_person(reading, command) if command.verb == "from" else _read_channel(reading, command)
    return reading


def _own_words(inbound: Inbound) -> str:
    """What the agent wrote: where that is nothing, the quoted mail would count as new text, and its end as commands."""
    forwarded = inbound.forwarded
    if forwarded is None or forwarded.is_attached or len(inbound.new_text) <= len(forwarded.above):
        return inbound.new_text
    return split_reply(forwarded.above, "")[0]


def find_origin(forwarded: Forwarded, policy: "Policy") -> tuple[str, Forwarded]:
    """(what it is, the mail that counts): colleagues pass mails on, and whoever wrote from outside is the author."""
    inner = {address for department in policy.book.departments.values() for address in department.forward_to}
    for layer in layers(forwarded):
        if layer.from_ is None or not is_sendable(layer.from_.addr):
            return NOBODY, layer
        address = layer.from_.addr
        if split_reply_address(policy.site, address)[0]:
            return OURS, layer  # what stands in a mail of ours was never forwarded
        if policy.book.find_agent(address) is None and address not in inner:
            return OUTSIDE, layer
    return INSIDE, forwarded


def find_behalf(inbound: Inbound, keys: Keys, policy: "Policy") -> Behalf:
    """What the store must be asked before deciding about an agent's mail that brings something in; else nothing."""
    agent = policy.book.find_agent(keys.sender) if keys.sender and inbound.from_ok else None
    if agent is None or not agent.is_active:
        return _NOTHING
    reading = read_brought(inbound, agent, policy)
    if reading is None:
        return _NOTHING
    author, origin = reading.author, reading.origin
    named = () if origin is None else tuple(one for one in (origin.message_id, *origin.references) if one)
    ours = [our for one in named if one.startswith("<t.") and (our := read_message_id(one, policy.keys)) is not None]
    return Behalf(
        ids=tuple(one for one in named if not one.startswith("<t."))[:_MOST_IDS],
        serials=tuple(dict.fromkeys(our.serial for our in ours)),
        author=author.addr if author is not None else "",
        subject_key=comparable(origin.subject if origin is not None else inbound.subject),
    )


def files_of(inbound: Inbound) -> tuple[Attachment, ...]:
    """The files of the person whose mail was forwarded: those of an attached mail instead of the mail as a file."""
    forwarded = inbound.forwarded
    if forwarded is None or not forwarded.is_attached:
        return inbound.attachments
    inner = [item for mail in (forwarded, *forwarded.others) for item in mail.attachments]
    outer = [
        item for item in inbound.attachments
        if item.content_type not in ("message/rfc822", "message/global") and not item.filename.lower().endswith(".eml")
    ]  # fmt: skip
    return (*inner, *outer)


def travelling_files(decision: Decision, inbound: Inbound) -> tuple[Attachment, ...]:
    """The files that go with the mails of this decision."""
    return files_of(inbound) if decision.reason in BROUGHT_REASONS else inbound.attachments


def is_same_text(one: str, other: str) -> bool:
    """Whether two texts are one, however mail programs broke their lines and marked their quotes."""
    first, second = _bare(one), _bare(other)
    shorter, longer = sorted((first, second), key=len)
    # A stored text may have lost its signature, and a forwarded one gained a footer
    return bool(shorter) and (first == second or (len(shorter) >= 40 and longer.startswith(shorter)))


def read_channel(said: str) -> str:
    """The channel a word of any of the languages means, "" for none."""
    return _CHANNEL.get(fold(plain_line(said).strip(" .,;!").replace(" ", "-")), "")


def read_person(said: str) -> Address | None:
    """Jane Doe <jane@x.example>, jane@x.example, or a name alone; None where that cannot be written to."""
    text = plain_line(said).replace("mailto:", "")
    if "@" not in text:
        name = clean_display_name(text.strip("<>\"' "))[:_LONGEST_NAME]
        return Address("", name) if any(character.isalpha() for character in name) else None
    boxes = [box for box in parse_mailboxes(text) if box.addr]
    if len(boxes) != 1:
        found = [normalise(piece.strip("<>()[],;\"'")) for piece in text.split() if "@" in piece]
        boxes = [Address(found[0], text.partition("<")[0].strip(" \"'("))] if len(found) == 1 else []
    if len(boxes) != 1 or not is_sendable(boxes[0].addr):
        return None
    return Address(boxes[0].addr, boxes[0].name[:_LONGEST_NAME])


def bare_subject(subject: str) -> str:
    """The subject without `Fwd:` and its like."""
    return strip_prefixes(subject).strip()


def join_notes(parts: Iterable[str]) -> str:
    """Pieces of a note, below each other."""
    return "\n\n".join(part.strip("\n") for part in parts if part.strip())


def _read_person(reading: Reading, command: Command) -> Reading:
    if fold(command.argument.strip(" .,;!")) in _ME:
        return replace(reading, is_own=True)
    person = read_person(command.argument)
    if person is None:
        problem = wrong(command, saying("no-person", example=word_for("example", "from")))
        return replace(reading, problems=(*reading.problems, problem))
    if reading.person is not None and reading.person.addr != person.addr:
        return replace(reading, problems=(*reading.problems, wrong(command, saying("two-people"))))
    return replace(reading, person=person)


def _read_channel(reading: Reading, command: Command) -> Reading:
    channel = read_channel(command.argument)
    if not channel:
        known = ", ".join(CHANNEL_WORDS)
        return replace(reading, problems=(*reading.problems, wrong(command, saying("no-channel", known=known))))
    return replace(reading, channel=channel)


def _bare(text: str) -> str:
    return "".join(character for character in text[: 2 * _MOST_SAME] if character.isalnum()).casefold()[:_MOST_SAME]
