"""The site's templates before the shipped ones: a template's name, a language and values to a mail's words. A broken
site template never stops a mail: the shipped one takes its place, and the result says so (fault F27)."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from mailproc.errors import Permanent
from mailproc.render.probe import (
    list_languages,
    list_names,
    list_template_files,
    probe_site_templates,
    template_folders,
)
from mailproc.render.variables import VARIABLES, clean_context
from mailproc.stock import templates_dir

if TYPE_CHECKING:
    from mailproc.render.environment import Templates

_CUT = "\n[…]\n"
_ALIASES = {"nb": "no", "nn": "no"}  # one Norwegian is shipped
_MOST_TROUBLES = 50


@dataclass(frozen=True, slots=True)
class Rendered:
    """The words of a mail; `problem` says what the operator should know about its template, "" when all is well."""

    subject: str
    text: str
    html: str
    problem: str = ""


class Renderer:
    """Renders mails from the site's templates, else from the shipped ones; safe to use from several threads."""

    def __init__(self, site_templates: Path | None, default_language: str = "en") -> None:
        self._site = site_templates.resolve() if site_templates is not None else None
        self._default_language = default_language.lower()
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the site's templates, one line each: found when they were loaded, or by a mail since."""
        loaded = self._get_loaded()
        return (*loaded.problems, *loaded.troubles)

    def render(self, template: str, language: str, context: Mapping[str, object], timezone: str = "UTC") -> Rendered:
        """The mail in that language, else in the default language, else in English; times as that zone's clocks show.

        Raises `Permanent` when the shipped template fails too, which means that a value is missing or of a type
        templates do not take.
        """
        return self._get_loaded().render(template, language, clean_context(template, context), timezone)

    def load(self) -> None:
        """Probe the site's templates now instead of at the first mail."""
        self._get_loaded()

    def reload(self) -> bool:
        """Load anew when a template file has changed since; True when one had."""
        loaded = self._loaded
        if loaded is not None and loaded.stamps == _read_stamps(self._site, templates_dir()):
            return False
        fresh = _Loaded(self._site, templates_dir(), self._default_language)
        self._loaded = fresh  # at once: other threads see the old or the new templates, never a mix
        return True

    def _get_loaded(self) -> "_Loaded":
        loaded = self._loaded
        if loaded is None:
            with self._lock:
                loaded = self._loaded
                if loaded is None:
                    loaded = self._loaded = _Loaded(self._site, templates_dir(), self._default_language)
        return loaded


class _Loaded:
    """The templates as they stood when they were read."""

    def __init__(self, site: Path | None, stock: Path, default_language: str) -> None:
        # jinja2 is imported here and not above: `mailproc --help` must not pay for it
        from mailproc.render import environment

        self._max_output = environment.MAX_OUTPUT
        self._errors = environment.TEMPLATE_ERRORS
        self._describe = environment.describe_error
        self.stamps = _read_stamps(site, stock)
        languages = list_languages(site, stock)
        fallback = default_language if default_language in languages else "en"
        self._fallback = fallback
        self._stock: dict[str, Templates] = {
            language: environment.Templates(template_folders(None, stock, language, fallback), is_shipped=True)
            for language in languages
        }
        self._chosen = self._stock
        self._touched: set[tuple[str, str]] = set()  # (language, template); all others come from the stock as shipped
        self._refused: dict[tuple[str, str], str] = {}
        self.problems: tuple[str, ...] = ()
        self.troubles: dict[str, None] = {}  # what only a mail brought to light
        if site is not None and list_template_files(site):
            self._refused = probe_site_templates(site, stock, fallback)
            self._chosen = {
                language: environment.Templates(template_folders(site, stock, language, fallback))
                for language in languages
            }
            self._touched = {
                (language, name)
                for language, templates in self._chosen.items()
                for name in list_names(site)
                if templates.touches(name, site)
            }
            self.problems = (*_list_strangers(site), *dict.fromkeys(self._refused.values()))

    def render(self, template: str, language: str, context: Mapping[str, object], timezone: str) -> Rendered:
        language = self._choose_language(language)
        chosen = self._chosen[language]
        stock = self._stock[language]
        problem = self._refused.get((language, template), "")
        if not problem and (language, template) in self._touched:
            try:
                subject, text, html = chosen.render(template, context, timezone)
                if max(len(text), len(html)) <= self._max_output:
                    return Rendered(subject, text, html)
                problem = f"{template} ({language}): longer than {self._max_output} characters"
            except self._errors as error:
                problem = f"{template} ({language}): {self._describe(error)}"
            problem += "; the shipped template was used instead"
            if len(self.troubles) < _MOST_TROUBLES:
                self.troubles[problem] = None
        try:
            subject, text, html = stock.render(template, context, timezone)
        except self._errors as error:
            raise Permanent(f"template {template} ({language}): {self._describe(error)}") from error
        return self._limit(Rendered(subject, text, html, problem), f"{template} ({language})")

    def _choose_language(self, language: str) -> str:
        language = language.lower().replace("_", "-")
        if language in self._chosen:
            return language
        base = language.partition("-")[0]
        base = _ALIASES.get(base, base) if base not in self._chosen else base
        return base if base in self._chosen else self._fallback

    def _limit(self, rendered: Rendered, place: str) -> Rendered:
        """The shipped template's output is long only when a mail's own text is: the text alone goes then, cut."""
        if max(len(rendered.text), len(rendered.html)) <= self._max_output:
            return rendered
        text = rendered.text
        problem = rendered.problem or f"{place}: the mail is too long for HTML and goes as text only"
        if len(text) > self._max_output:
            text = text[: self._max_output - len(_CUT)] + _CUT
            problem = rendered.problem or f"{place}: the mail was cut after {self._max_output} characters"
        return Rendered(rendered.subject, text, "", problem)


def _read_stamps(site: Path | None, stock: Path) -> dict[str, tuple[int, int]]:
    stamps = {}
    for root in (site, stock):
        for path in list_template_files(root) if root is not None else ():
            try:
                status = path.stat()
            except FileNotFoundError:  # an editor replaces the file at this moment
                continue
            stamps[str(path)] = (status.st_mtime_ns, status.st_size)
    return stamps


def _list_strangers(site: Path) -> list[str]:
    """A line for every site template that no mail uses, most likely a misspelt name."""
    return [
        f"{path}: there is no mail of that name; did you mean {meant}? It is used only where a rule names it"
        for path in list_template_files(site)
        if path.name.endswith(".txt.j2") and (meant := find_meant(path.name.removesuffix(".txt.j2")))
    ]


def find_meant(name: str) -> str:
    """The mail that somebody meant who wrote a name nearly like it, "" for a name of its own."""
    if name in VARIABLES:
        return ""
    return next(iter(get_close_matches(name, VARIABLES, 1, 0.75)), "")
