"""Records that are made quickly, and changed ones, are what any frozen dataclass is."""

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from mailproc.records.changing import changed
from mailproc.records.making import quick_to_make


@dataclass(frozen=True, slots=True)
class Plain:
    a: int
    b: str = "b"
    c: dict[str, int] = field(default_factory=dict)


@quick_to_make
@dataclass(frozen=True, slots=True)
class Quick:
    a: int
    b: str = "b"
    c: dict[str, int] = field(default_factory=dict)


def test_a_quick_record_is_a_frozen_one() -> None:
    first, second = Quick(1), Quick(a=1, b="b", c={})
    assert type(first) is Quick and first == second and first != Quick(2)
    assert repr(first) == "Quick(a=1, b='b', c={})" and first.c is not second.c
    assert inspect.signature(Quick) == inspect.signature(Plain)
    with pytest.raises(FrozenInstanceError):
        first.a = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        Quick()  # type: ignore[call-arg]


def test_a_quick_record_is_copied_like_any() -> None:
    record = Quick(1, c={"x": 1})
    copies = (copy.copy(record), copy.deepcopy(record), pickle.loads(pickle.dumps(record)), replace(record))
    assert all(one == record and type(one) is Quick for one in copies)


@pytest.mark.parametrize("kind", [Plain, Quick])
def test_a_changed_record_is_what_replace_makes(kind: type[Quick]) -> None:
    record = kind(1, c={"x": 1})
    assert changed(record, b="other", a=2) == replace(record, b="other", a=2)
    assert changed(record) == record
    with pytest.raises(KeyError):
        changed(record, d=1)
