"""Tests `mailproc rules schema`: it takes right files, refuses wrong ones and agrees with the loader."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from mailproc.cli import cli
from mailproc.cli.rules.schema import FILE_NAME, HINT, make_text
from mailproc.records.site import Site
from mailproc.rulebook.actions import ACTIONS
from mailproc.rulebook.book import read_book
from mailproc.rulebook.conditions import CONDITIONS
from mailproc.rulebook.textoperators import OPERATORS
from tests.cli.conftest import Shell

ROOT = Path(__file__).resolve().parents[2]
FILES = (*sorted((ROOT / "rules").glob("*.yaml")), ROOT / "tests" / "rulebook" / "complete.yaml")
COMPLETE = FILES[-1].read_text(encoding="utf-8")
SITE = Site("Acme", "ACME", ("support@acme.example",), "acme.example", languages=("en", "de", "pl"))


class EditorLoader(yaml.CSafeLoader):
    """Types scalars as YAML 1.2 does, and so the YAML support of editors: true, 5 and 1.5, and no dates or on/off."""


EditorLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?[0-9]+\.[0-9]+$", "-+0123456789"),
    ("null", r"^(?:~|null|)$", ["~", "n", ""]),
):
    EditorLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    result = CliRunner().invoke(cli, ["rules", "schema"])
    assert result.exit_code == 0
    return Draft202012Validator(json.loads(result.stdout))


def mappings(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all mappings in a tree."""
    if isinstance(node, dict):
        yield path
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from mappings(value, (*path, key))


def find(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def is_refused(tree: Any) -> bool:
    """Whether the loader finds an error in the file."""
    text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
    return read_book((("rules.yaml", text),), SITE)[0] is None


def test_schema_when_printed_is_one(validator: Draft202012Validator) -> None:
    Draft202012Validator.check_schema(validator.schema)
    assert validator.schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "x-needed" not in json.dumps(validator.schema)


@pytest.mark.parametrize("loader", [EditorLoader, yaml.CBaseLoader])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_schema_when_a_file_is_right_takes_it(validator: Draft202012Validator, path: Path, loader: Any) -> None:
    tree = yaml.load(path.read_text(encoding="utf-8"), loader)
    assert [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(tree)] == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("rout: []", ""),
        ("version: 2", "version"),
        ("route: {name: a}", "route"),
        ("route: [{when: {to: x.example}, do: {tags: x}}]", "route/0"),
        ("route: [{name: a}]", "route/0"),
        ("route: [{name: a, set: {tags: x}}]", "route/0"),
        ("route: [{name: a, do: {departmnt: d}}]", "route/0/do"),
        ("route: [{name: a, do: {priority: hihg}}]", "route/0/do/priority"),
        ("route: [{name: a, do: {ticket: new}}]", "route/0/do/ticket"),
        ("route: [{name: a, do: {}}]", "route/0/do"),
        ("route: [{name: a, do: {tags: []}}]", "route/0/do/tags"),
        ("route: [{name: a, do: {tags: x}, continue: perhaps}]", "route/0/continue"),
        ("route: [{name: a, do: {tags: x}, mode: dry}]", "route/0/mode"),
        ("route: [{name: a, do: {tags: x}, also: [new]}]", "route/0/also"),
        ("route: [{name: a, do: {tags: x}, rules: [{name: b}]}]", "route/0/rules/0"),
        ("route: [{name: a, when: [{to: x.example}], do: {tags: x}}]", "route/0/when"),
        ("route: [{name: a, when: {}, do: {tags: x}}]", "route/0/when"),
        ("route: [{name: a, when: {sujbect: x}, do: {tags: x}}]", "route/0/when"),
        ("route: [{name: a, when: {subject: {matches: x}}, do: {tags: x}}]", "route/0/when/subject"),
        ("route: [{name: a, when: {any: {to: x.example}}, do: {tags: x}}]", "route/0/when/any"),
        ("route: [{name: a, when: {auto: [bounces]}, do: {tags: x}}]", "route/0/when/auto"),
        ("route: [{name: a, when: {size: {over: big}}, do: {tags: x}}]", "route/0/when/size/over"),
        ("route: [{name: a, when: {spam_score: 5}, do: {tags: x}}]", "route/0/when/spam_score"),
        ("route: [{name: a, when: {header: {regex: x}}, do: {tags: x}}]", "route/0/when/header"),
        ("route: [{name: a, when: {attachment: {extension: pdf}}, do: {tags: x}}]", "route/0/when/attachment"),
        ("classify: [{name: a, set: {copy_to: a@x.example}}]", "classify/0/set"),
        ("classify: [{name: a, set: {tags: x}, continue: yes}]", "classify/0"),
        ("agents: [{name: A, adress: a@x.example, departments: d}]", "agents/0"),
        ("agents: [{name: A, address: a@x.example, departments: d, role: boss}]", "agents/0/role"),
        ("departments: {d: {name: D}}", "departments/d"),
        ("departments: {d: {forward_to: d@x.example, tier: 0}}", "departments/d/tier"),
        ("slas: {s: {resolution: soon}}", "slas/s/resolution"),
        ("calendars: {c: {hours: {mon: 8-17}}}", "calendars/c/hours/mon"),
        ("calendars: {c: {timezone: UTC}}", "calendars/c"),
        ("defaults: {priority: low}", "defaults"),
        ("tests: [{name: t, mail: {subjekt: x}, expect: {tags: []}}]", "tests/0/mail"),
        ("tests: [{name: t, mail: {level: A9}, expect: {tags: []}}]", "tests/0/mail/level"),
        ("tests: [{name: t, mail: {subject: x}, expect: {}}]", "tests/0/expect"),
        ("tests: [{name: t, mail: {subject: x}, expect: {ticket: old}}]", "tests/0/expect/ticket"),
    ],
)
def test_schema_when_a_file_is_wrong_says_where(validator: Draft202012Validator, text: str, place: str) -> None:
    tree = yaml.load(text, EditorLoader)
    assert place in {"/".join(map(str, error.absolute_path)) for error in validator.iter_errors(tree)}
    head = {"version": "1", "departments": {"d": {"forward_to": "d@x.example"}}, "defaults": {"department": "d"}}
    assert is_refused({**head, **yaml.load(text, yaml.CBaseLoader)})


def test_schema_when_keys_are_unknown_or_missing_agrees_with_the_loader(validator: Draft202012Validator) -> None:
    tree = yaml.load(COMPLETE, yaml.CBaseLoader)
    free = {("calendars",), ("slas",), ("departments",), ("lists",), ("fields",), ("calendars", "office", "hours")}
    for path in mappings(tree):
        if path not in free and path[-1:] not in (("label",), ("headers",)):
            changed = copy.deepcopy(tree)
            find(changed, path)["zzz"] = "x"
            assert not validator.is_valid(changed) and is_refused(changed), path
        for key in find(tree, path):
            changed = copy.deepcopy(tree)
            del find(changed, path)[key]
            if not validator.is_valid(changed):
                assert is_refused(changed), (*path, key)


def test_every_key_when_hovered_over_is_explained(validator: Draft202012Validator) -> None:
    schema = validator.schema
    unexplained = [
        (path, key)
        for path in mappings(schema)
        if path and path[-1] in ("properties", "patternProperties") and isinstance(find(schema, path), dict)
        for key, shape in find(schema, path).items()
        if isinstance(shape, dict) and not shape.get("description") and key not in ("list", "name")
    ]
    assert unexplained == []


def test_schema_when_a_word_is_registered_knows_it(validator: Draft202012Validator) -> None:
    definitions = validator.schema["$defs"]
    assert set(CONDITIONS) < set(definitions["when"]["properties"])
    assert set(OPERATORS) == set(definitions["operators"]["properties"])
    assert set(ACTIONS) == set(definitions["do"]["properties"])
    assert set(definitions["set"]["properties"]) == {name for name, kind in ACTIONS.items() if kind.in_classify}
    assert {*ACTIONS, "rule", "form", "requester"} == set(definitions["expect"]["properties"])


def test_schema_that_ships_is_the_one_that_is_printed() -> None:
    """It lies beside the starter rules: `mailproc rules schema > rules/rules.schema.json` makes it anew."""
    assert (ROOT / "rules" / FILE_NAME).read_text(encoding="utf-8") == make_text()
    for path in FILES[:-1]:
        assert path.read_text(encoding="utf-8").startswith(HINT + "\n"), path


def test_init_puts_the_schema_beside_the_rules_that_name_it(shell: Shell) -> None:
    folder = shell.folder / "rules"
    assert (folder / FILE_NAME).read_text(encoding="utf-8") == make_text()
    assert all(path.read_text(encoding="utf-8").startswith(HINT + "\n") for path in folder.glob("*.yaml"))


def test_schema_of_another_version_is_noticed_and_written_anew(shell: Shell) -> None:
    path = shell.folder / "rules" / FILE_NAME
    assert FILE_NAME not in shell("rules", "check")[1]
    path.write_text("{}", encoding="utf-8")
    code, out, _ = shell("rules", "check", "--strict")
    assert code == 0 and "another version's; for your editor: mailproc rules schema --write" in out
    code, out, _ = shell("rules", "schema", "--write")
    assert code == 0 and out.endswith(f"{FILE_NAME}: written\n")
    assert path.read_text(encoding="utf-8") == make_text()
    assert shell("rules", "schema", "--write")[1].endswith("is this version's already\n")
    path.unlink()
    assert FILE_NAME not in shell("rules", "check")[1]
    assert shell("rules", "schema", "--rules", str(path.parent))[0] == 0 and path.exists()
