"""What a site's templates may cost: CPU, output, memory; and that none of it costs a mail."""

import subprocess
import time
from pathlib import Path

import pytest

from mailproc.render import VARIABLES, Renderer

STOCK = Renderer(None)


def write_site(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return root


def test_t45_template_that_eats_cpu_is_refused(tmp_path: Path) -> None:
    loop = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    site = write_site(
        tmp_path,
        {
            "en/answer.txt.j2": f"Subject: x\n{loop}",
            "en/copy.txt.j2": "Subject: fine\n{{ text }}",
        },
    )
    started = time.monotonic()
    renderer = Renderer(site)
    rendered = renderer.render("answer", "en", VARIABLES["answer"])
    assert time.monotonic() - started < 60
    assert "answer.txt.j2:2: the template's loops take longer than 2 s" in rendered.problem
    assert rendered.text == STOCK.render("answer", "en", VARIABLES["answer"]).text
    assert renderer.render("copy", "en", VARIABLES["copy"]).subject == "fine"


def test_t45_loop_that_is_slow_with_what_a_mail_says_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe knows samples only; this one is slow with a long text, and would be for hours."""
    loop = "{% for a in text %}{% for b in text %}{% for c in text %}{% endfor %}{% endfor %}{% endfor %}"
    source = f"Subject: x\n{{% if text|length > 200 %}}{loop}{{% endif %}}ok"
    renderer = Renderer(write_site(tmp_path, {"en/answer.txt.j2": source}))
    assert renderer.render("answer", "en", VARIABLES["answer"]).text == "ok\n"
    monkeypatch.setattr("mailproc.render.sandbox.RENDER_SECONDS", 0.05)
    values = {**VARIABLES["answer"], "text": "x" * 5000}
    rendered = renderer.render("answer", "en", values)
    assert rendered.text == STOCK.render("answer", "en", values).text
    assert "answer.txt.j2:2: the template's loops take longer than" in rendered.problem
    macro = "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}"
    endless = macro + "{{ m(text|length // 100) }}"
    write_site(tmp_path, {"en/answer.txt.j2": f"Subject: x\n{endless}"})
    assert renderer.reload()
    assert "take longer than" in renderer.render("answer", "en", values).problem


def test_t45_output_ends_where_it_is_too_long(tmp_path: Path) -> None:
    line = "{% for a in text %}{% for b in text %}{{ '-' * 99 }}{% endfor %}{% endfor %}"
    source = f"Subject: x\n{{% if text|length > 200 %}}{line}{{% endif %}}ok"
    renderer = Renderer(write_site(tmp_path, {"en/answer.txt.j2": source}))
    rendered = renderer.render("answer", "en", {**VARIABLES["answer"], "text": "x" * 9000})
    assert "longer than 1000000 characters" in rendered.problem and "Case number" in rendered.text


def test_site_file_counts_where_it_is_used_only(tmp_path: Path) -> None:
    """An English file is no German mail's: a break in it must not cost the others their templates."""
    renderer = Renderer(write_site(tmp_path, {"en/answer.txt.j2": "Subject: x\n{{ 1 / 0 }}"}))
    assert [problem.partition(":")[0] for problem in renderer.problems] == ["answer (en)"]
    assert renderer.render("answer", "de", VARIABLES["answer"]).problem == ""


def test_t45_probe_has_no_environment_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILPROC_TEST_SECRET", "hush")
    seen: list[dict[str, str]] = []
    run = subprocess.run

    def watch(*args: object, **kwargs: object) -> object:
        environment = kwargs["env"]
        assert isinstance(environment, dict)
        seen.append(environment)
        return run(*args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", watch)
    Renderer(write_site(tmp_path, {"en/copy.txt.j2": "Subject: fine\n{{ text }}"})).load()
    Renderer(None).load()
    Renderer(tmp_path / "nothing").load()
    assert len(seen) == 1  # no site templates, no process
    assert "hush" not in str(seen)
