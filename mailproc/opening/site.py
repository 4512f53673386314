"""A site opened: settings, keys, rules and store to an engine."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mailproc import keys, settings
from mailproc.desk.draft import Policy
from mailproc.engine import Engine
from mailproc.opening.alarm import clear_alarm, raise_alarm
from mailproc.opening.versions import TROUBLES, Serving, choose
from mailproc.render import Renderer
from mailproc.settings import Settings
from mailproc.store.database import Store, open_store
from mailproc.verify import Verifier


@dataclass(frozen=True, slots=True)
class OpenSite:
    """A site ready to work; close it when done."""

    settings: Settings
    store: Store
    engine: Engine
    serving: Serving  # the rules it was opened with

    @property
    def rules_problem(self) -> str:
        """Why the rule files did not serve when it was opened, and the last good book does."""
        return self.serving.problem

    def close(self) -> None:
        """Stop the writer and close the database."""
        self.store.close()

    def __enter__(self) -> "OpenSite":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_site(
    config: Path | None = None,
    *,
    is_daemon: bool = False,
    needs_secrets: bool = False,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> OpenSite:
    """The site of that settings file (or of the first one found).

    Only a daemon makes rule files that hold something new a version, and tells the operator of broken ones. Raises
    ConfigError when settings are wrong, or rules are and no book was ever good; StoreUnavailable when the database
    cannot be opened.
    """
    loaded = settings.load(settings.find(config), needs_secrets=is_daemon or needs_secrets)
    ring = keys.load(loaded.keys_file)
    with ExitStack() as unless_it_opens:
        store = open_store(loaded.database, checkpoints=is_daemon)
        unless_it_opens.callback(store.close)
        serving = choose(loaded, store, clock(), keeps=is_daemon)
        renderer = Renderer(loaded.templates_dir, loaded.site.default_language)
        engine = Engine(
            Policy(loaded.site, serving.book, ring), store, renderer, clock=clock, verifier=_make_verifier(loaded)
        )
        if is_daemon:
            for trouble in TROUBLES:
                if serving.trouble == trouble:
                    raise_alarm(loaded, engine, trouble, serving.problem)
                else:
                    clear_alarm(loaded, store, trouble)
        unless_it_opens.pop_all()
    return OpenSite(loaded, store, engine, serving)


def _make_verifier(loaded: Settings) -> Verifier | None:
    trust = loaded.site.trust
    has_listener = any(intake.kind == "smtp" for intake in loaded.intakes)
    return Verifier(trust.resolver) if trust.verify and has_listener else None
