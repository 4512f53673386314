"""Tests which files of a rules folder are rules, and that everybody who reads rules sees the same ones."""

import os
import subprocess
from pathlib import Path

import pytest

from mailproc.cli.rules.baseline import read_baseline
from mailproc.cli.rules.source import find_source
from mailproc.errors import ConfigError
from mailproc.opening.rulefolder import (
    find_mail_places,
    find_rule_files,
    is_rule_name,
    name_below,
    name_whole,
    read_mail,
    read_rules,
    take_stamp,
    template_names,
)

NAMES = ["a.yaml", "b.yml", "c.yaml", "tests/a.yaml", "tests/z.yml"]
NONE = [".#a.yaml", "._a.yaml", "a.yaml~", "a.yaml.before-rollback", "a.json", "old/a.yaml", "tests/more/a.yaml",
        "tests/.hidden.yaml", "rules.schema.json"]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (*NAMES, *NONE):
        path = tmp_path / "rules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n", encoding="utf-8")
    return tmp_path / "rules"


def test_rule_files_when_there_are_others_are_those_of_the_folder_and_then_its_tests(folder: Path) -> None:
    assert [path.relative_to(folder).as_posix() for path in find_rule_files(folder)] == NAMES
    assert all(map(is_rule_name, NAMES)) and not any(map(is_rule_name, NONE))
    assert not is_rule_name("../a.yaml") and not is_rule_name("/a.yaml") and not is_rule_name("tests/../a.yaml")


def test_names_when_stored_keep_their_folder(folder: Path) -> None:
    below = name_below(read_rules(folder), folder)
    assert [name for name, _ in below] == NAMES
    assert name_whole(below, folder) == read_rules(folder)
    assert [name for name, *_ in take_stamp(folder)] == NAMES


def test_everybody_who_reads_rules_sees_the_same_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    texts = [text for _, text in read_rules(folder)]
    source = find_source(None, (Path("rules"),), ("support@acme.example",))
    assert [name for name, _ in source.files] == [f"rules/{name}" for name in NAMES]
    assert [text for _, text in source.files] == texts
    for command in ("init -q", "add -A .", "-c user.name=a -c user.email=a@b.example commit -qm one"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True)
    for against in ("rules", "HEAD"):
        files = read_baseline(against, folder, None)  # type: ignore[arg-type]  # neither asks the database
        assert [text for _, text in files] == texts, against


def test_stamp_when_a_test_file_changes_is_another(folder: Path) -> None:
    before = take_stamp(folder)
    (folder / "tests" / "a.yaml").write_text("# another\n", encoding="utf-8")
    assert take_stamp(folder) != before
    (folder / "tests" / "a.yaml").rename(folder / "tests" / "b.yaml")
    assert [name for name, *_ in take_stamp(folder)][3] == "tests/b.yaml"


def test_line_ends_when_read_and_stored_stay_as_they_are(folder: Path) -> None:
    (folder / "a.yaml").write_bytes(b"# one\r\n# two\r\n")
    assert dict(read_rules(folder))[str(folder / "a.yaml")] == "# one\r\n# two\r\n"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_bytes(b"a: \xff\n"), "d.yaml:1:4 R005 this is not UTF-8"),
        (lambda path: path.write_bytes(b"#" * 1_000_002), "R004 the file is larger than 1 MB"),
        (lambda path: path.symlink_to("nowhere"), "a link that leads nowhere"),
        (lambda path: path.mkdir(), "this is no file"),
        (lambda path: os.mkfifo(path), "this is no file"),
    ],
)
def test_what_is_called_a_rule_file_and_cannot_be_read_is_named(folder: Path, make: object, words: str) -> None:
    assert callable(make)
    make(folder / "d.yaml")
    with pytest.raises(ConfigError) as error:
        read_rules(folder)
    assert words in "\n".join(error.value.problems) and "d.yaml" in "\n".join(error.value.problems)


def test_folder_that_is_missing_or_empty_says_how_to_get_rules(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none", "there is no such folder"), (tmp_path, "no rule files (*.yaml) here")):
        with pytest.raises(ConfigError) as error:
            read_rules(path)
        assert words in error.value.problems[0] and "mailproc init" in error.value.problems[0]
        assert take_stamp(path) == ()


def test_template_names_say_their_language(tmp_path: Path) -> None:
    for name in ("a/de/received.txt.j2", "a/de/received.html.j2", "a/de/words.j2", "b/en/sorry.txt.j2"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    assert template_names(tmp_path / "a", tmp_path / "b", tmp_path / "c") == {"de/received", "en/sorry"}


def test_mail_of_a_test_is_found_beside_the_rules_and_above(folder: Path) -> None:
    (folder / "one.eml").write_bytes(b"one")
    (folder.parent / "two.eml").write_bytes(b"two")
    places = find_mail_places(folder.parent, find_rule_files(folder))
    assert places == (folder.parent, folder, folder / "tests")
    assert (read_mail(places, "one.eml"), read_mail(places, "two.eml")) == (b"one", b"two")
    with pytest.raises(FileNotFoundError, match="no such file in here and there"):
        read_mail(places, "three.eml", "here and there")
