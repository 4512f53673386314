"""Opens a site (settings, keys, rules and store to an engine) and keeps its rules the right ones. Wet.

Which book serves: the newest version in the store is in force everywhere. Rule files that hold something new, checked
and tested, become the newest version: at start, when a running daemon sees them change, at SIGHUP and by
`mailproc rules apply`. Files that were taken up before and have not changed since do not overrule a later version that
came by `apply` or `rollback`, here or on another host. Files that fail change nothing.
"""

from mailproc.opening.keeper import RuleKeeper
from mailproc.opening.rulefiles import load_book, read_rules, read_test_mail, template_names
from mailproc.opening.site import OpenSite, open_site

__all__ = ["OpenSite", "RuleKeeper", "load_book", "open_site", "read_rules", "read_test_mail", "template_names"]
