"""Opens a site (settings, keys, rules and store to an engine) and keeps its rules the right ones. Wet.

Which book serves: the newest version in the store is in force everywhere. Rule files that hold something new, checked
and tested, become the newest version: at start, when a running daemon sees them change, at SIGHUP and by
`mailproc rules apply`. Files that were taken up before and have not changed since do not overrule a later version that
came by `apply` or `rollback`, here or on another host. Files that fail change nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailproc.opening.keeper import RuleKeeper
    from mailproc.opening.keykeeper import KeyKeeper
    from mailproc.opening.site import OpenSite, open_site

__all__ = ["KeyKeeper", "OpenSite", "RuleKeeper", "open_site"]


def __getattr__(name: str) -> object:
    """Imported on use: `rules check` reads rule files and opens nothing."""
    if name == "RuleKeeper":
        from mailproc.opening.keeper import RuleKeeper

        return RuleKeeper
    if name == "KeyKeeper":
        from mailproc.opening.keykeeper import KeyKeeper

        return KeyKeeper
    if name in ("OpenSite", "open_site"):
        from mailproc.opening import site

        return site.open_site if name == "open_site" else site.OpenSite
    raise AttributeError(f"module {__name__} has no attribute {name}")
