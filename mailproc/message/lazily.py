"""Patterns that are compiled when they are first used: what a command never asks costs it nothing. Dry."""

import re
from typing import Any, cast


class _Lazy:
    __slots__ = ("__dict__", "_compiled", "_flags", "_pattern")

    def __init__(self, pattern: str, flags: int) -> None:
        self._pattern = pattern
        self._flags = flags
        self._compiled: re.Pattern[str] | None = None

    def __getattr__(self, name: str) -> Any:
        # Asked only for what the instance has not got: from then on it has the compiled pattern's own method
        if name.startswith("__"):
            raise AttributeError(name)
        self._compiled = self._compiled or re.compile(self._pattern, self._flags)
        value = getattr(self._compiled, name)
        self.__dict__[name] = value
        return value


def lazily(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """A pattern for `.search`, `.match` and its other methods and attributes; not for functions of `re`."""
    return cast(re.Pattern[str], _Lazy(pattern, flags))
