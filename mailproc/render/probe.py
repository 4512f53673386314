"""Finds template folders, and tries an admin's templates in a limited process before they are used (threat T45)."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from mailproc.render.variables import VARIABLES

CPU_SECONDS = 2  # for one mail's templates
MEMORY_BYTES = 512 * 1024 * 1024
_WALL_SECONDS = 120
_LANGUAGE = re.compile("[a-z]{2,3}(?:-[a-z0-9]{2,8})?")
_MAX_DEATHS = 5  # processes; whoever has more templates like that gets none of them


def list_languages(site: Path | None, stock: Path) -> tuple[str, ...]:
    """Every language that has a folder, English always among them."""
    found = {"en"}
    for root in (site, stock):
        if root is not None and root.is_dir():
            found |= {folder.name for folder in root.iterdir() if folder.is_dir() and is_language(folder.name)}
    return tuple(sorted(found))


def is_language(name: str) -> bool:
    """True for a language's code as a folder is named by it: `de`, `pt-br`."""
    return _LANGUAGE.fullmatch(name) is not None


def list_template_files(root: Path) -> list[Path]:
    """The template files under a templates folder."""
    return sorted([path for path in root.glob("*/*.j2") if path.is_file()]) if root.is_dir() else []


def template_folders(site: Path | None, stock: Path, language: str, fallback: str) -> tuple[Path, ...]:
    """Where a template of that language is looked for, first place first."""
    roots = (stock,) if site is None else (site, stock)
    return tuple(root / code for code in dict.fromkeys((language, fallback, "en")) for root in roots)


def list_names(site: Path | None) -> tuple[str, ...]:
    """Every mail there is: those of mailproc, then those that only the site has, for rules to name."""
    files = list_template_files(site) if site is not None else ()
    own = {path.name.removesuffix(".txt.j2") for path in files if path.name.endswith(".txt.j2")}
    return (*VARIABLES, *sorted(own - set(VARIABLES)))


def list_units(site: Path, stock: Path) -> list[tuple[str, str]]:
    """What is probed one by one: (language, template). A site's own mail is there in some languages only."""
    names, languages = list_names(site), list_languages(site, stock)
    return [(language, name) for language in languages for name in names]


def probe_site_templates(site: Path, stock: Path, fallback: str) -> dict[tuple[str, str], str]:
    """Render every mail that a site's template takes part in with sample values, in a process with limited CPU time and
    memory and an empty environment; (language, template) -> why it is refused, for those that failed."""
    units = list_units(site, stock)
    refused: dict[tuple[str, str], str] = {}
    start = 0
    why_not = "too many others failed"
    for _ in range(_MAX_DEATHS):
        died_in, reason = _run_child(site, stock, fallback, start, units, refused)
        if not reason:
            return refused
        if died_in is None:
            why_not = reason
            break
        refused[units[died_in]] = _describe(units[died_in], reason)
        start = died_in + 1
    for unit in units[start:]:
        refused[unit] = _describe(unit, f"not tried, because {why_not}")
    return refused


def _run_child(
    site: Path,
    stock: Path,
    fallback: str,
    start: int,
    units: list[tuple[str, str]],
    refused: dict[tuple[str, str], str],
) -> tuple[int | None, str]:
    """One process from unit `start` on: (None, "") when it came to its end, else (unit it died in, how)."""
    command = [sys.executable, "-P", "-s", "-m", "mailproc.render.probechild"]
    environment = {"PYTHONPATH": os.pathsep.join([p for p in sys.path if p]), "PYTHONIOENCODING": "utf-8"}
    try:
        child = subprocess.run(
            [*command, str(site), str(stock), fallback, str(start)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_WALL_SECONDS,
            check=False,
        )
        output, how = child.stdout, f"it used more than {CPU_SECONDS} s of CPU time or crashed"
    except subprocess.TimeoutExpired as error:
        output, how = error.stdout or b"", f"it did not end within {_WALL_SECONDS} s"
    except OSError as error:
        return None, f"the probe could not be started: {error}"
    at = None
    for line in output.decode("utf-8", "replace").splitlines():
        try:
            report = json.loads(line)
        except ValueError:  # cut off in the middle
            break
        if report["kind"] == "end":
            return None, ""
        at = int(report["unit"])
        if report["kind"] == "bad":
            refused[units[at]] = _describe(units[at], report["why"])
    return at, how


def _describe(unit: tuple[str, str], reason: str) -> str:
    language, name = unit
    return f"{name} ({language}): {reason}; the shipped template is used instead"
