"""How large records are made quickly. Dry: data only.

A frozen dataclass sets each of its fields by a call that looks for the right to do so, some 0.4 microseconds a field;
a mail makes fields by the hundred, which was a twentieth of all that deciding about it cost.
"""

from dataclasses import MISSING, field, fields, make_dataclass
from functools import wraps
from typing import Any, TypeVar

Record = TypeVar("Record")


def quick_to_make(kind: type[Record]) -> type[Record]:
    """The same frozen dataclass with slots, filled while it is of a class of the same slots that is not frozen.

    Worth it from seven fields on. Nobody sees the other class: the record is handed out when it is frozen.
    """
    frozen: Any = kind

    @wraps(frozen.__init__)
    def make_first(self: Any, *args: Any, **kwargs: Any) -> None:
        # Only now: a command that makes none of these should not wait for it
        frozen.__init__ = _find_maker(frozen)
        frozen.__init__(self, *args, **kwargs)

    frozen.__init__ = make_first
    return kind


def _find_maker(frozen: Any) -> Any:
    twin: Any = make_dataclass(
        frozen.__name__,
        [(one.name, Any, _same_default(one)) for one in fields(frozen)],
        slots=True,
        repr=False,
        eq=False,
    )
    fill, set_class = twin.__init__, object.__setattr__

    @wraps(frozen.__init__)
    def make(self: Any, *args: Any, **kwargs: Any) -> None:
        set_class(self, "__class__", twin)
        fill(self, *args, **kwargs)
        self.__class__ = frozen

    return make


def _same_default(one: Any) -> Any:
    if one.default_factory is not MISSING:
        return field(default_factory=one.default_factory)
    return field() if one.default is MISSING else field(default=one.default)
