"""Tests that the models say what the tables are."""

import pytest
from peewee import Model

from mailproc.store.database import Store
from mailproc.store.models import MODELS


@pytest.mark.parametrize("model", MODELS)
def test_model_has_the_columns_of_its_table(store: Store, model: type[Model]) -> None:
    with store.read() as tx:
        table = model._meta.table_name  # type: ignore[attr-defined]
        found = {column.name: column.null for column in tx.database.get_columns(table)}
        keys = set(tx.database.get_primary_keys(table))
    fields = model._meta.fields  # type: ignore[attr-defined]
    assert set(found) == set(fields)
    assert {name: is_null for name, is_null in found.items() if name not in keys} == {
        name: field.null for name, field in fields.items() if name not in keys
    }
