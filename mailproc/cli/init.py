"""`mailproc init`: makes a site's folder with settings, starter rules, data and keys. It never overwrites a file."""

import os
import re
import shlex
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click

from mailproc import keys, settings, stock
from mailproc.errors import ConfigError, Permanent
from mailproc.settings import values
from mailproc.stock.providers import PRESETS

EXAMPLE_DOMAIN = "acme.example"  # of the starter rules; the site's own domain takes its place
EXAMPLE_ADDRESSES = (f"support@{EXAMPLE_DOMAIN}", f"billing@{EXAMPLE_DOMAIN}")  # the ones they expect mail at

_VALUE_WIDTH = 36
_MARK = re.compile(r"@([A-Z]+)@")

_TEMPLATES_README = """\
Mails of your own. Copy a file from the folder named below, keep its name and its language folder, and change the
text: it takes the place of the shipped one. Only what differs belongs here; an empty folder means that all mails are
the shipped ones.

    {shipped}

A template `received` in German is de/received.txt.j2, and de/received.html.j2 for its HTML part. The first line of
the text file is the subject.
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a site needs to know about itself; every value has been checked."""

    provider: str
    name: str
    prefix: str
    addresses: tuple[str, ...]
    domain: str
    languages: tuple[str, ...]
    timezone: str
    operator: str = ""


@dataclass(slots=True)
class Made:
    """What `make_site` did: (path, what it is for) that it made, (path, why) that it left alone."""

    made: list[tuple[Path, str]] = field(default_factory=list)
    left: list[tuple[Path, str]] = field(default_factory=list)


def _read_name(word: str) -> str:
    if "${" in word:
        raise values.BadValue("a name cannot hold ${, which stands for a secret in the settings")
    return values.read_text(word)


def _checked(read: Callable[[str], object]) -> Callable[[str], str]:
    """A reader of the settings file as a check of what was typed; on a terminal click asks again when it fails."""

    def check(word: str) -> str:
        try:
            value = read(word.strip())
        except settings.BadValue as error:
            raise click.BadParameter(f"{error.text}. {error.hint}".strip()) from None
        return value if isinstance(value, str) else word.strip()

    return check


def _checked_option(read: Callable[[str], object]) -> Callable[..., object]:
    def callback(_context: click.Context, _option: click.Parameter, value: object) -> object:
        if isinstance(value, tuple):
            return tuple(_checked(read)(word) for word in value)
        return _checked(read)(value) if isinstance(value, str) else None

    return callback


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Ask nothing: take what the options say and sensible values for the rest.")
@click.option("--provider", type=click.Choice(tuple(PRESETS)), help="Who carries your mail.")
@click.option("--name", callback=_checked_option(_read_name), help="What mails are signed with: Acme Support.")
@click.option("--prefix", callback=_checked_option(values.read_prefix), help="Of case numbers: 2 to 8 letters A-Z.")
@click.option(
    "--address",
    "addresses",
    multiple=True,
    callback=_checked_option(values.read_address),
    help="Where customers write to; may be given several times.",
)
@click.option("--domain", callback=_checked_option(values.read_domain), help="Yours; else that of the first address.")
@click.option(
    "--language",
    "languages",
    multiple=True,
    callback=_checked_option(values.read_language),
    help="Of your customers, the default one first; may be given several times.",
)
@click.option("--timezone", callback=_checked_option(values.read_timezone), help="Such as Europe/Warsaw.")
@click.option("--operator", callback=_checked_option(values.read_address), help="Where alarms go.")
def init(
    folder: Path,
    yes: bool,
    provider: str | None,
    name: str | None,
    prefix: str | None,
    addresses: tuple[str, ...],
    domain: str | None,
    languages: tuple[str, ...],
    timezone: str | None,
    operator: str | None,
) -> None:
    """Make a site in DIR (default: here): settings, starter rules, data and keys.

    Asks for what it needs on a terminal. A file that is already there is never changed.
    """  # fmt: skip
    path = folder / settings.FILE_NAME
    ask = not yes and sys.stdin.isatty() and not path.exists()

    def find_out(text: str, given: str | None, usual: str, read: Callable[[str], object]) -> str:
        if given is not None or not ask:
            return usual if given is None else given
        return str(click.prompt(text, default=usual, value_proc=_checked(read)))

    if ask:
        click.echo(f"A new site in {folder.absolute()}. Press Enter to take what stands in brackets.\n")
    if not addresses:
        usual = ", ".join(EXAMPLE_ADDRESSES).replace(EXAMPLE_DOMAIN, domain or EXAMPLE_DOMAIN)
        typed = find_out("Addresses customers write to, the main one first", None, usual, _read_addresses)
        addresses = _read_addresses(typed)
    domain = domain or addresses[0].rpartition("@")[2]
    label = _label(domain)
    answers = Answers(
        provider=provider or _ask_provider(ask),
        name=find_out("Name of your help desk", name, f"{label.capitalize()} Support", _read_name),
        prefix=find_out("Prefix of case numbers", prefix, _suggest_prefix(label), values.read_prefix),
        addresses=addresses,
        domain=domain,
        languages=languages or (find_out("Language of your customers", None, "en", values.read_language),),
        timezone=find_out("Time zone", timezone, _local_timezone(), values.read_timezone),
        operator=find_out("Address for alarms", operator, f"postmaster@{domain}", values.read_address),
    )
    done = make_site(folder, answers)
    for row in _describe(folder, done, answers):
        click.echo(row)


def make_site(folder: Path, answers: Answers) -> Made:
    """Makes what is missing of a site in `folder`. Raises `Permanent` when the folder cannot be written."""
    done = Made()
    path = folder / settings.FILE_NAME
    text = fill_template(answers)
    stock.rules_dir(), stock.templates_dir()  # a broken installation shows before anything is made
    try:
        settings.parse(text, path, needs_secrets=False)
        folder.mkdir(parents=True, exist_ok=True)
        _make_file(done, path, text, "the settings, each with a comment")
        site = _read_back(done, path)
        _make_folder(done, site.keys_file.parent)
        if site.database.startswith("sqlite:///"):
            _make_folder(done, Path(site.database.removeprefix("sqlite:///")).parent)
        _make_keys(done, site.keys_file)
        _make_rules(done, site.rules_dir, site.site.addresses)
        _make_templates(done, site.templates_dir)
    except OSError as error:
        raise Permanent(f"{error.filename or folder}: cannot be made: {error.strerror}") from None
    return done


def fill_template(answers: Answers) -> str:
    """The text of mailproc.yaml for these answers."""
    preset = PRESETS[answers.provider]
    operator = answers.operator or f"postmaster@{answers.domain}"
    blocks = {"INTAKE": preset.intake, "DELIVERY": preset.delivery, "TRUST": preset.trust, "OAUTH": preset.oauth}
    marks = {
        "NAME": _quote(answers.name),
        "PREFIX": answers.prefix,
        "ADDRESSES": f"[{', '.join(map(_quote, answers.addresses))}]",
        "ADDRESS": _quote(answers.addresses[0]),
        "DOMAIN": answers.domain,
        "LANGUAGES": f"[{', '.join(answers.languages)}]",
        "LANGUAGE": answers.languages[0],
        "TIMEZONE": answers.timezone,
        "OPERATOR": _quote(operator),
        "ATTACHMENTS": preset.max_attachments_size,
        "HOSTNAME": socket.gethostname().lower(),
    }
    text = stock.site_template()
    for mark, block in blocks.items():
        text = text.replace(f"@{mark}@\n", block)
    rows = []
    for line in text.splitlines():
        # Split before anything is filled in: an answer may hold a # of its own.
        value, gap, comment = ("", "", line) if line.lstrip().startswith("#") else line.partition("  #")
        value, comment = (_MARK.sub(lambda match: marks[match[1]], part).rstrip() for part in (value, comment))
        rows.append(f"{value:<{_VALUE_WIDTH}}{gap}{comment}" if gap else value + comment)
    return "\n".join(rows) + "\n"


def _read_addresses(words: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values.read_address(word.strip()) for word in words.split(",") if word.strip()))


def _ask_provider(ask: bool) -> str:
    if not ask:
        return "generic"
    for name, preset in PRESETS.items():
        click.echo(f"  {name:<14}{preset.title}")
    return str(click.prompt("Who carries your mail", default="generic", type=click.Choice(tuple(PRESETS))))


def _read_back(done: Made, path: Path) -> settings.Settings:
    """The settings of the site, so that an older file's own places are honoured."""
    try:
        return settings.load(path, needs_secrets=False)
    except ConfigError as error:
        text = f"{path} is there already and was left alone, but it has errors:"
        raise ConfigError((text, *error.problems)) from None


def _make_file(done: Made, path: Path, text: str, purpose: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    except FileExistsError:
        done.left.append((path, "is there already"))
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    done.made.append((path, purpose))


def _make_folder(done: Made, path: Path) -> None:
    if not path.exists():
        path.mkdir(mode=0o700, parents=True)
        done.made.append((path, "database and mail; for its owner only (0700)"))


def _make_keys(done: Made, path: Path) -> None:
    if path.exists():
        done.left.append((path, "is there already"))
        return
    keys.create(path)
    done.made.append((path, "signs reply addresses: keep a copy of it"))


def _make_rules(done: Made, path: Path, addresses: tuple[str, ...]) -> None:
    if path.is_dir() and any(path.iterdir()):
        done.left.append((path, "holds files already: the starter rules were not copied"))
        return
    path.mkdir(parents=True, exist_ok=True)
    for source in sorted(stock.rules_dir().iterdir()):
        if source.is_file() and not source.name.startswith("."):
            (path / source.name).write_text(_personalise(source.read_text("utf-8"), addresses), "utf-8")
    done.made.append((path, "starter rules: put your departments and agents there"))


def _personalise(text: str, addresses: tuple[str, ...]) -> str:
    """A starter rule file with the site's addresses for the example's intake addresses, its domain for the rest."""
    ours = dict(zip(EXAMPLE_ADDRESSES, addresses, strict=False))
    for example, address in ours.items():
        local, _, domain = example.rpartition("@")
        our_local, _, our_domain = address.rpartition("@")  # normalised: no backslash that would mean a group
        mailbox = rf"(?<![\w.+-]){local}(\+[\w-]+)?@{re.escape(domain)}"
        text = re.sub(mailbox, rf"{our_local}\1@{our_domain}", text)
    return text.replace(EXAMPLE_DOMAIN, addresses[0].rpartition("@")[2])


def _make_templates(done: Made, path: Path) -> None:
    if path.is_dir() and any(path.iterdir()):
        done.left.append((path, "holds files already"))
        return
    path.mkdir(parents=True, exist_ok=True)
    (path / "README").write_text(_TEMPLATES_README.format(shipped=stock.templates_dir()), "utf-8")
    done.made.append((path, "for mails of your own; its README says how"))


def _describe(folder: Path, done: Made, answers: Answers) -> list[str]:
    rows = []
    if done.made:
        rows += ["Made:", *(f"  {_show(path, folder):<16} {purpose}" for path, purpose in done.made)]
    if done.left:
        rows += ["Left alone:", *(f"  {_show(path, folder):<16} {reason}" for path, reason in done.left)]
    where = "" if folder == Path(".") else f" --config {shlex.quote(str(folder / settings.FILE_NAME))}"
    steps = [f"mailproc{where} rules check", f"mailproc{where} run"]
    if folder / settings.FILE_NAME in {path for path, _ in done.made}:
        transports = "\n".join(f"    {address}  smtp:[127.0.0.1]:2525" for address in answers.addresses)
        marks = {"@TRANSPORTS@": transports, "@ADDRESS@": answers.addresses[0]}
        provider = [_MARK.sub(lambda match: marks[match[0]], step) for step in PRESETS[answers.provider].steps]
        steps = ["Read mailproc.yaml once; put your departments and agents into the rules.", *provider, *steps]
        if answers.domain == EXAMPLE_DOMAIN:
            steps.insert(0, f"{EXAMPLE_DOMAIN} is an example: put your own addresses into the settings and the rules.")
    rows += ["Next:", *(f"  {number}. {step}" for number, step in enumerate(steps, 1))]
    return rows


def _show(path: Path, folder: Path) -> str:
    try:
        shown = str(path.relative_to(folder.absolute() if path.is_absolute() else folder))
    except ValueError:
        shown = str(path)
    return shown + "/" if path.is_dir() else shown


def _quote(text: str) -> str:
    """The text as a YAML value that also stands inside brackets."""
    is_plain = re.fullmatch(r"[^\W_][\w.+-]*(?:[ @][\w.+-]+)*", text)
    return text if is_plain else "'" + text.replace("'", "''") + "'"


def _label(domain: str) -> str:
    """The word of the domain that names its owner: `acme` of mail.acme.example."""
    labels = domain.split(".")
    return labels[-2] if len(labels) > 1 else labels[0]


def _suggest_prefix(label: str) -> str:
    letters = re.sub(r"[^A-Z]", "", label.upper())[:8]
    return letters if len(letters) >= 2 and letters not in values.RESERVED_PREFIXES else "HELP"


def _local_timezone() -> str:
    """The zone of this machine, UTC when it cannot be told."""
    target = os.path.realpath("/etc/localtime")
    for name in (os.environ.get("TZ", ""), target.partition("/zoneinfo/")[2]):
        try:
            return values.read_timezone(name) if name else "UTC"
        except settings.BadValue:
            continue
    return "UTC"
