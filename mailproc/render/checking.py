"""What is wrong with templates, file:line:column each, before a customer sees it. Reads files, writes nothing."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import jinja2
from jinja2 import nodes

from mailproc.render.environment import TEMPLATE_ERRORS, Templates, describe_error, read_source
from mailproc.render.htmlcheck import Places, find_faults, visible_text
from mailproc.render.probe import (
    is_language,
    list_languages,
    list_names,
    list_template_files,
    probe_site_templates,
    template_folders,
)
from mailproc.render.renderer import find_meant
from mailproc.render.sandbox import find_undeclared
from mailproc.render.variables import VARIABLES, clean_context, kind_of, sample_contexts
from mailproc.yamlnodes import Problem, did_you_mean

CODES: dict[str, str] = {
    "T101": "the file is not UTF-8 text",
    "T102": "the first line is no `Subject: ...`",
    "T103": "the template cannot be read",
    "T104": "a variable that this mail does not have",
    "T105": "the template fails with the values of a sample case",
    "T201": "the mail does not say the case number",
    "T202": "tags of the HTML do not fit together",
    "T203": "the HTML loads something from elsewhere",
    "T204": "the HTML holds code, or a link that is none",
    "T205": "a sender who is not verified could send words of theirs through your help desk",
    "T301": "warning: the mail is not there in a language of the site",
    "T302": "warning: a folder that is no language",
    "T303": "warning: a name that nearly is that of a mail",
    "T304": "warning: something that the reader needs is left out",
    "T305": "warning: letters that vanish in dark or in light mail programs",
}
_FAULTS = {"unbalanced": "T202", "remote": "T203", "code": "T204", "dark": "T305"}
_HINTS = {
    "T201": "Write {{ number }} near the top: customers quote it when they call",
    "T203": "Attach what the mail needs, or leave it out",
    "T205": "Use requester_name, subject, first_lines and names of files only where is_verified is true",
}
_AUTOMATIC = frozenset({"language", "direction", "range"})
_NEEDED = ("text", "is_unverified", "lines", "questions")  # what a reader cannot do without
_PLACE = re.compile(r"(?P<file>[^:]+\.j2):(?P<line>\d+): (?P<text>.*)", re.DOTALL)
_CANARY = "QXZJ"
# Made of our own words alone where a sender is not verified: the subject of a reply is then the case number
_OURS = ("site_name", "number", "questions", "reply_address", "reply_subject")
_FRAME = frozenset({"site_name"})


def check_templates(
    site: Path | None, stock: Path, languages: tuple[str, ...], fallback: str = "en"
) -> tuple[Problem, ...]:
    """What is wrong with a site's templates, with the shipped ones where there is no site; in the order of files."""
    return _Check(site, stock, languages, fallback).run()


class _Check:
    def __init__(self, site: Path | None, stock: Path, languages: tuple[str, ...], fallback: str) -> None:
        self._site, self._stock, self._languages = site, stock, languages
        self._fallback = fallback if fallback in list_languages(site, stock) else "en"
        self._root = site if site is not None else stock
        self._found: dict[tuple[str, int, int, str, str], Problem] = {}
        self._broken: set[str] = set()  # files that need not be rendered to know that they fail

    def run(self) -> tuple[Problem, ...]:
        for path in list_template_files(self._root):
            self._check_file(path)
        self._check_folders()
        self._check_mails()
        if self._site is not None:
            self._check_languages(self._site)
        return tuple(sorted(self._found.values(), key=lambda problem: (problem.is_warning, *_order(problem))))

    def _add(self, file: Path | str, line: int, column: int, code: str, text: str, hint: str = "") -> None:
        problem = Problem(
            str(file), line, column, code, text, hint or _HINTS.get(code, ""), CODES[code].startswith("warning")
        )
        self._found.setdefault((problem.file, line, column, code, text), problem)

    # ---- one file

    def _check_file(self, path: Path) -> None:
        name, dot, kind = path.name.removesuffix(".j2").rpartition(".")
        try:
            source = read_source(path)
        except UnicodeDecodeError as error:
            self._fail(path, 1, 1, "T101", f"the file is not UTF-8 text: byte {error.start + 1}", "Save it as UTF-8")
            return
        except (OSError, ValueError) as error:
            self._fail(path, 0, 0, "T103", f"the template cannot be read: {describe_error(error)}")
            return
        is_text = dot and kind == "txt"
        if is_text and not source.startswith("Subject:"):
            self._fail(path, 1, 1, "T102", "the first line must be `Subject: ...`", "The mail's text begins after it")
            return
        environment = Templates((path.parent,)).environment
        try:
            tree = environment.parse(source.removeprefix("Subject:"), path.name, str(path))
            environment.compile(source.removeprefix("Subject:"), path.name, str(path))
        except jinja2.TemplateSyntaxError as error:
            line = min(error.lineno, source.count("\n") + 1)
            self._fail(path, line, _indent(source, line), "T103", error.message or "the template cannot be read")
            return
        except TEMPLATE_ERRORS as error:  # more nested blocks or brackets than Python takes
            self._fail(path, 0, 0, "T103", f"the template cannot be compiled: {describe_error(error)}")
            return
        if is_text or kind == "html":
            self._check_variables(path, source, tree, name)
        if is_text and self._site is not None:
            meant = find_meant(name)
            if meant:
                self._add(path, 0, 0, "T303", f"there is no mail {name}: did you mean {meant}?",
                          "It is sent only where a rule names it")  # fmt: skip

    def _fail(self, path: Path, line: int, column: int, code: str, text: str, hint: str = "") -> None:
        self._broken.add(str(path))
        self._add(path, line, column, code, text, hint)

    def _check_variables(self, path: Path, source: str, tree: nodes.Template, name: str) -> None:
        known = set(VARIABLES[kind_of(name)]) if name not in ("layout", "parts") else set(_FRAME)
        imported = {
            found if isinstance(found, str) else found[1]
            for node in tree.find_all(nodes.FromImport)
            for found in node.names
        }
        used = find_undeclared(tree) - imported
        for node in tree.find_all(nodes.Name):
            if node.ctx == "load" and node.name in used and node.name not in known | _AUTOMATIC:
                hint = did_you_mean(node.name, known)
                text = f"this mail has no variable {node.name}"
                column = _column(source, node.lineno, node.name)
                listed = f"It has {', '.join(sorted(known))}"
                self._fail(path, node.lineno, column, "T104", f"{text}: {hint}" if hint else text, listed)
        if path.name.endswith(".txt.j2") and name in VARIABLES:
            for variable in _NEEDED:
                if variable in known and variable not in used:
                    text = f"the mail never uses {variable}, which its reader needs"
                    self._add(path, 0, 0, "T304", text, "templates/README.md says what it holds")

    # ---- whole mails

    def _check_mails(self) -> None:
        site = self._site
        refused = probe_site_templates(site, self._stock, self._fallback) if site is not None else {}
        for language in self._list_spoken():
            places = Places()
            folders = template_folders(site, self._stock, language, self._fallback)
            templates = Templates(folders, mark=places.mark)
            for name in list_names(site):
                if not templates.touches(name, self._root):
                    continue
                file = templates.file_of(name)
                if file is None:
                    continue
                why = refused.get((language, name), "")
                if why:
                    self._add_failure(file, why.split(": ", 1)[-1].rpartition(";")[0])
                elif not self._broken & set(map(str, templates.files_of(name))):
                    self._check_mail(templates, name, file, places)

    def _list_spoken(self) -> list[str]:
        """The languages that mail goes out in: those of the site, and those it has templates in."""
        known = list_languages(self._site, self._stock)
        if not self._languages:
            return list(known)
        if self._site is None:
            return [language for language in known if language in self._languages]
        own = {path.parent.name for path in list_template_files(self._site)}
        spoken = own | {self._fallback} | {language.partition("-")[0] for language in self._languages}
        return [language for language in known if language in spoken | set(self._languages)]

    def _check_mail(self, templates: Templates, name: str, file: Path, places: Places) -> None:
        kind = kind_of(name)
        try:
            made = [templates.render(name, clean_context(kind, values)) for values in _contexts(name)]
        except TEMPLATE_ERRORS as error:
            self._add_failure(file, describe_error(error))
            return
        html_file = templates.html_file_of(name) or file
        number = VARIABLES[kind].get("number")
        for subject, text, html in made[:2]:
            if not subject:
                self._add(file, 1, 1, "T105", "the subject is empty when nothing is known of the case")
            if number is not None and str(number) not in text:
                self._add(file, 0, 0, "T201", f"the text of {name} does not say the case number")
            if number is not None and str(number) not in visible_text(html):
                self._add(html_file, 0, 0, "T201", f"the HTML of {name} does not say the case number")
            for fault in find_faults(html, places):
                self._add(fault.file or html_file, fault.line, fault.column, _FAULTS[fault.kind], fault.text)
        if "is_verified" in VARIABLES[kind]:
            for part, place in zip(made[2], (file, file, html_file), strict=True):
                if _CANARY in part:
                    self._add(place, 0, 0, "T205", f"{name} repeats words of a sender who is not verified")

    def _add_failure(self, file: Path, why: str) -> None:
        found = _PLACE.match(why)
        if (found["file"] if found else str(file)) in self._broken:
            return
        if found:
            self._add(found["file"], int(found["line"]), 1, "T105", found["text"])
        else:
            self._add(file, 0, 0, "T105", why)

    # ---- languages

    def _check_folders(self) -> None:
        if not self._root.is_dir():
            return
        for folder in sorted(self._root.iterdir()):
            if folder.is_dir() and not is_language(folder.name) and any(folder.glob("*.j2")):
                text = f"{folder.name} is no language, so nothing in it is used"
                self._add(folder, 0, 0, "T302", text, "Name the folder by the language's code: de, pt, pt-br")

    def _check_languages(self, site: Path) -> None:
        shipped = {folder.name for folder in self._stock.iterdir() if folder.is_dir()}
        own = [name for name in list_names(site) if name not in VARIABLES]
        for language in self._languages:
            places = [site / language, *([self._stock / language] if language in shipped else [])]
            there = {name for name in list_names(site) for place in places if (place / f"{name}.txt.j2").is_file()}
            wanted = [*(VARIABLES if language not in shipped else ()), *own]
            missing = [name for name in wanted if name not in there]
            if missing:
                text = f"in {language} there is no {_listing(missing)}"
                self._add(site / language, 0, 0, "T301", text, f"It goes out in {self._fallback} until there is one")


def _contexts(name: str) -> Iterator[dict[str, object]]:
    """The two samples, and the case of a sender who is not verified with words that must not come out."""
    yield from sample_contexts(name)
    values = dict(sample_contexts(name)[0])
    if "is_verified" in values:
        for key, value in values.items():
            if key in _OURS:
                continue
            if isinstance(value, str):
                values[key] = _CANARY
            elif isinstance(value, tuple):
                values[key] = (_CANARY,)
        values["is_verified"] = False
    yield values


def _listing(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:5])} and {len(names) - 5} more"


def _indent(source: str, line: int) -> int:
    text = source.split("\n")[line - 1]
    return len(text) - len(text.lstrip()) + 1


def _column(source: str, line: int, name: str) -> int:
    lines = source.split("\n")
    found = re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", lines[line - 1]) if 0 < line <= len(lines) else None
    return found.start() + 1 if found else 1


def _order(problem: Problem) -> tuple[str, int, int, str]:
    return problem.file, problem.line, problem.column, problem.code


def name_files(problems: Iterable[Problem]) -> dict[str, str]:
    """The text of each file that a problem is in, for its source line."""
    texts = {}
    for problem in problems:
        path = Path(problem.file)
        if problem.line and path.is_file():
            texts[problem.file] = path.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff")
    return texts
