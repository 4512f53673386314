"""Finds what ships with mailproc: templates, starter rules, samples, the settings file of a new site.

In a wheel they lie in this package, in a checkout at its top level, where admins and newcomers look for them.
"""

from pathlib import Path

from mailproc.errors import Permanent

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent.parent


def templates_dir() -> Path:
    """The folder of the shipped mail templates, one folder a language."""
    return _find("templates", "en")


def rules_dir() -> Path:
    """The folder of the starter rules."""
    return _find("rules", "*.yaml")


def samples_dir() -> Path:
    """The folder of the sample scenarios, one folder each."""
    return _find("samples", "*/")


def site_template() -> str:
    """The text of a new site's mailproc.yaml; `@NAME@` and its like stand where `mailproc init` writes answers."""
    return (_PACKAGE / "mailproc.yaml").read_text("utf-8")


def _find(name: str, content: str) -> Path:
    """A folder of that name that holds something: an unrelated `rules/` next to the package is not ours."""
    for folder in (_PACKAGE / name, _CHECKOUT / name):
        if folder.is_dir() and next(folder.glob(content), None) is not None:
            return folder
    raise Permanent(f"the shipped {name} are missing: looked in {_PACKAGE} and {_CHECKOUT}. Install mailproc again")
