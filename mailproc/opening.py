"""Opens a site: settings, keys, rules and store to an engine. Wet; decides only which rulebook serves."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from mailproc import keys, maillog, settings
from mailproc.desk.draft import Policy
from mailproc.engine import Engine
from mailproc.errors import ConfigError
from mailproc.render import Renderer
from mailproc.rulebook.book import Rulebook, load
from mailproc.rulebook.check import run_tests
from mailproc.settings import Settings
from mailproc.stock import templates_dir
from mailproc.store import meta
from mailproc.store.database import Store, open_store
from mailproc.verify import Verifier


@dataclass(frozen=True, slots=True)
class OpenSite:
    """A site ready to work; close it when done."""

    settings: Settings
    store: Store
    engine: Engine
    rules_problem: str = ""  # why the rule files do not serve and the last good book does

    def close(self) -> None:
        """Stop the writer and close the database."""
        self.store.close()

    def __enter__(self) -> "OpenSite":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_rules(folder: Path) -> tuple[tuple[str, str], ...]:
    """(file name, text) of every rule file, in name order.

    Raises ConfigError when the folder or a file cannot be read.
    """
    paths = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
    if not paths:
        raise ConfigError((f"{folder}: no rule files (*.yaml) here; `mailproc init` writes a starter set",))
    files = []
    for path in paths:
        try:
            files.append((str(path), path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError((f"{path}: cannot be read as UTF-8 text: {error}",)) from error
    return tuple(files)


def load_book(files: tuple[tuple[str, str], ...], loaded: Settings) -> Rulebook:
    """The rulebook of these files, its inline tests passed.

    Raises ConfigError with every problem and every failed test.
    """
    book = load(files, loaded.site, template_names(loaded.templates_dir))
    tests = run_tests(book, loaded.site, read_mail=partial(read_test_mail, loaded))
    failed = tuple(result.line for result in tests if not result.passed)
    if failed:
        raise ConfigError(failed)
    return book


def template_names(site_templates: Path) -> frozenset[str]:
    """Every template a rule may name: shipped ones and the site's own."""
    folders = (templates_dir(), site_templates)
    return frozenset(path.name.removesuffix(".txt.j2") for folder in folders for path in folder.glob("*/*.txt.j2"))


def read_test_mail(loaded: Settings, name: str) -> bytes:
    """The file an inline test names with `eml:`, sought in the site's folder, the rules' folder and above it.

    Raises OSError when none of them has it.
    """
    places = (loaded.path.parent, loaded.rules_dir, loaded.rules_dir.parent)
    found = next((place / name for place in places if (place / name).is_file()), places[0] / name)
    return found.read_bytes()


def open_site(
    config: Path | None = None,
    *,
    is_daemon: bool = False,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> OpenSite:
    """The site of that settings file (or of the first one found).

    The rule files win; the last good book in the store serves only where they fail. Raises ConfigError when settings
    are wrong, or rules are and no book was ever good; StoreUnavailable when the database cannot be opened.
    """
    loaded = settings.load(settings.find(config), needs_secrets=is_daemon)
    ring = keys.load(loaded.keys_file)
    with ExitStack() as unless_it_opens:
        store = open_store(loaded.database, checkpoints=is_daemon)
        unless_it_opens.callback(store.close)
        book, problem = _current_book(loaded, store)
        renderer = Renderer(loaded.templates_dir, loaded.site.default_language)
        engine = Engine(
            Policy(loaded.site, book, ring), store, renderer, clock=clock, verifier=_make_verifier(loaded)
        )
        unless_it_opens.pop_all()
    return OpenSite(loaded, store, engine, problem)


def reload_rules(site: OpenSite) -> str:
    """Take up changed rule files; "" when they serve now, else why the running book stays."""
    try:
        files = read_rules(site.settings.rules_dir)
        book = load_book(files, site.settings)
    except ConfigError as error:
        maillog.rules_kept("last good", problem=str(error))
        return str(error)
    policy = site.engine.policy
    site.engine.policy = Policy(policy.site, book, policy.keys)
    site.engine.renderer.reload()
    site.store.run(lambda tx: meta.save_rulebook(tx, files))
    maillog.rules_loaded(str(len(files)))
    return ""


def _make_verifier(loaded: Settings) -> Verifier | None:
    trust = loaded.site.trust
    has_listener = any(intake.kind == "smtp" for intake in loaded.intakes)
    return Verifier(trust.resolver) if trust.verify and has_listener else None


def _current_book(loaded: Settings, store: Store) -> tuple[Rulebook, str]:
    try:
        files = read_rules(loaded.rules_dir)
        book = load_book(files, loaded)
    except ConfigError as error:
        with store.read() as tx:
            kept = meta.last_rulebook(tx)
        if not kept:
            raise
        maillog.rules_kept("last good", problem=str(error))
        return load(kept, loaded.site), str(error)
    store.run(lambda tx: meta.save_rulebook(tx, files))
    return book, ""
