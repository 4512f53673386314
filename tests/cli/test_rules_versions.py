"""Tests `mailproc rules apply, rollback, log` on a site without a daemon."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Shell

SOLAR = """\
route:
  - name: solar
    when: {subject: {words: [solar]}}
    do: {department: engineering}
"""


def rules(shell: Shell) -> Path:
    return shell.folder / "rules"


def log(shell: Shell) -> list[tuple[str, str, bool]]:
    return [(row["origin"], row["note"], row["is_running"]) for row in shell.json("rules", "log")]


def test_apply_when_good_makes_a_version_with_its_facts(shell: Shell) -> None:
    code, out, err = shell("rules", "apply", "--author", "ann", "--note", "the first")
    assert code == 0, err
    assert out.splitlines()[-1] == "Version 1 is in force."
    [row] = shell.json("rules", "log")
    assert (row["id"], row["author"], row["origin"], row["note"]) == (1, "ann", "apply", "the first")
    assert row["is_running"] is True
    assert row["rules"] > 5 and row["at"].endswith("Z") and row["restores"] is None
    _, text, _ = shell("rules", "log")
    assert "apply" in text and "ann" in text and "the first" in text and "runs" in text


def test_apply_when_there_is_history_says_what_would_change(shell: Shell, fresh_mail: Callable[..., bytes]) -> None:
    shell("rules", "apply")
    shell.take(fresh_mail(subject="Solar panel"))
    (rules(shell) / "00-solar.yaml").write_text(SOLAR, encoding="utf-8")
    code, out, _ = shell("rules", "apply", "--dry-run")
    assert code == 0 and len(log(shell)) == 1
    assert "00-solar.yaml" in out and "frontdesk → engineering" in out and "Nothing was changed." in out
    code, out, _ = shell("rules", "apply", "--no-replay")
    assert code == 0 and "→" not in out
    assert shell.json("rules", "apply") == {"changed": False, "version": shell.json("rules", "log")[0], "kept": []}


def test_apply_when_something_is_wrong_changes_nothing(shell: Shell) -> None:
    shell("rules", "apply")
    path = rules(shell) / "routing.yaml"
    good = path.read_text(encoding="utf-8")
    for text, word in (
        (good.replace("department: billing", "department: biling"), "R101"),
        (good.replace("billing@acme.example", "x@acme.example"), ""),
        (good.replace("product support", "product suport"), "R108"),
        ("route: [", "R0"),
    ):
        path.write_text(text, encoding="utf-8")
        code, out, _ = shell("rules", "apply", "--yes")
        if code == 0:
            assert not word
            continue
        assert code == 1 and word in out and "Nothing was changed." in out
        code, out, err = shell("rules", "apply", "--json")
        assert code == 1 and out == "" and "Nothing was changed." in err
    assert len(log(shell)) <= 2


def test_apply_when_in_force_already_signs_what_came_by_itself(shell: Shell, fresh_mail: Callable[..., bytes]) -> None:
    shell.take(fresh_mail())
    assert [row[:2] for row in log(shell)] == [("start", "")]
    code, out, _ = shell("rules", "apply", "--author", "ann", "--note", "starter")
    assert code == 0 and "bears the name ann" in out
    [row] = shell.json("rules", "log")
    assert (row["origin"], row["author"], row["note"]) == ("start", "ann", "starter")
    code, out, _ = shell("rules", "apply")
    assert code == 0 and out.strip() == "These files are in force already: version 1."


def test_rollback_when_called_twice_goes_back_further(shell: Shell) -> None:
    texts = []
    for number in range(3):
        texts.append(SOLAR.replace("solar", f"solar{number}"))
        (rules(shell) / "99.yaml").write_text(texts[-1], encoding="utf-8")
        assert shell("rules", "apply", "--no-replay")[0] == 0
    for expected in (texts[1], texts[0]):
        code, out, err = shell("rules", "rollback")
        assert code == 0, err
        assert (rules(shell) / "99.yaml").read_text(encoding="utf-8") == expected
    kept = sorted(path.name for path in rules(shell).glob("*.before-rollback*"))
    assert kept == ["99.yaml.before-rollback", "99.yaml.before-rollback-2"]
    code, _, err = shell("rules", "rollback")
    assert code == 2 and "no earlier version" in err
    assert [row[0] for row in log(shell)] == ["rollback", "rollback", "apply", "apply", "apply"]
    code, out, _ = shell("rules", "rollback", "3", "--note", "after all", "--json")
    assert code == 0 and json.loads(out)["version"]["note"] == "after all"


def test_rollback_when_of_the_store_alone_outlives_the_files(shell: Shell, fresh_mail: Callable[..., bytes]) -> None:
    shell("rules", "apply")
    (rules(shell) / "00-solar.yaml").write_text(SOLAR, encoding="utf-8")
    shell("rules", "apply", "--no-replay")
    assert shell("rules", "rollback", "--store-only")[0] == 0
    assert (rules(shell) / "00-solar.yaml").exists()
    shell.take(fresh_mail(subject="Solar panel"))
    assert shell.json("ticket", "list")[0]["department"] == "frontdesk"
    assert len(log(shell)) == 3
    _, out, _ = shell("rules", "log")
    assert "are not those of version 3" in out
    # Its files after all: no further version
    code, out, _ = shell("rules", "rollback", "3")
    assert code == 0 and not (rules(shell) / "00-solar.yaml").exists() and len(log(shell)) == 3


def test_rollback_when_the_version_no_longer_serves_changes_nothing(shell: Shell) -> None:
    template = shell.folder / "templates" / "en" / "sorry.txt.j2"
    template.parent.mkdir(parents=True, exist_ok=True)
    template.write_text("Subject: Sorry\nSorry.\n", encoding="utf-8")
    extra = rules(shell) / "00-solar.yaml"
    extra.write_text(SOLAR.replace("department: engineering", "ack: sorry"), encoding="utf-8")
    code, out, err = shell("rules", "apply")
    assert code == 0, out + err
    extra.unlink()
    assert shell("rules", "apply", "--no-replay")[0] == 0
    template.unlink()
    code, out, _ = shell("rules", "rollback")
    assert code == 1 and "R107" in out and "Nothing was changed." in out and len(log(shell)) == 2


def test_rollback_when_dry_or_unknown_changes_nothing(shell: Shell) -> None:
    assert shell("rules", "rollback")[0] == 2
    shell("rules", "apply")
    (rules(shell) / "00-solar.yaml").write_text(SOLAR, encoding="utf-8")
    shell("rules", "apply", "--no-replay")
    code, out, _ = shell("rules", "rollback", "--dry-run")
    assert code == 0 and "Version 1 would be in force again" in out and len(log(shell)) == 2
    assert shell("rules", "rollback", "77")[0] == 2


def test_log_when_a_version_is_named_shows_files_or_the_diff(shell: Shell) -> None:
    code, out, _ = shell("rules", "log")
    assert code == 0 and "no version is kept yet" in out
    shell("rules", "apply")
    (rules(shell) / "00-solar.yaml").write_text(SOLAR, encoding="utf-8")
    shell("rules", "apply", "--no-replay")
    _, out, _ = shell("rules", "log", "2")
    assert "──── 00-solar.yaml" in out and "words: [solar]" in out
    _, out, _ = shell("rules", "log", "2", "--diff")
    assert out.splitlines()[:2] == ["--- /dev/null", "+++ b/00-solar.yaml"] and "+  - name: solar" in out
    answer = shell.json("rules", "log", "2", "--diff")
    assert [item["name"] for item in answer["files"]][0] == "00-solar.yaml" and "+  - name: solar" in answer["diff"]
    assert shell("rules", "log", "--diff")[0] == 2 and shell("rules", "log", "9")[0] == 2


def test_log_when_the_rules_are_broken_still_answers(shell: Shell) -> None:
    shell("rules", "apply")
    (rules(shell) / "routing.yaml").write_text("route: [", encoding="utf-8")
    assert log(shell)[0][0] == "apply"
    assert shell("rules", "rollback", "1")[0] == 0  # writes the files back
    assert shell("rules", "check")[0] == 0


@pytest.mark.parametrize("name", ["../evil.yaml", "/tmp/evil.yaml"])
def test_rollback_when_a_name_leaves_the_folder_writes_nothing(tmp_path: Path, name: str) -> None:
    from mailproc.opening.rulefiles import write_back

    (tmp_path / "rules").mkdir()
    with pytest.raises(ValueError, match="no name of a rule file"):
        write_back(((name, "x"),), tmp_path / "rules")
    assert list(tmp_path.rglob("*.yaml")) == []
