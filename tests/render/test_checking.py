"""What `check_templates` finds in a site's templates, and where; and that the shipped ones have nothing of it."""

import time
from pathlib import Path

import pytest

from mailproc.render.checking import CODES, check_templates, name_files
from mailproc.render.htmlcheck import Places, visible_text
from mailproc.stock import templates_dir

GOOD = "Subject: x\nCase {{ number }} {{ text }}\n"
HTML = "<p>{{ number }} {{ text|breaks }}</p>"


def check(
    root: Path, files: dict[str, str | bytes], languages: tuple[str, ...] = ("en",)
) -> list[tuple[str, int, int, str]]:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    problems = check_templates(root, templates_dir(), languages)
    assert all(problem.code in CODES and problem.text for problem in problems)
    return [
        (Path(problem.file).relative_to(root).as_posix(), problem.line, problem.column, problem.code)
        for problem in problems
    ]


def test_shipped_templates_are_well() -> None:
    """In two languages; test_words.py compares the others' skeleton, test_render.py renders them all."""
    assert check_templates(None, templates_dir(), ("en", "pl")) == ()


CASES: dict[str, tuple[dict[str, str | bytes], list[tuple[str, int, int, str]]]] = {
    "too large": ({"en/answer.txt.j2": GOOD + "line\n" * 50_000}, [("en/answer.txt.j2", 0, 0, "T103")]),
    "more blocks than Python takes": (
        {"en/answer.txt.j2": GOOD + "{% if text %}\n" * 150 + "{% endif %}\n" * 150}, [("en/answer.txt.j2", 0, 0, "T103")]),  # noqa: E501
    "no file": ({"en/answer.txt.j2/x": ""}, []),
    "well": ({"en/answer.txt.j2": GOOD, "en/answer.html.j2": HTML}, []),
    "bytes": ({"en/answer.txt.j2": b"Subject: x\n\xff"}, [("en/answer.txt.j2", 1, 1, "T101")]),
    "no subject": ({"en/answer.txt.j2": "Hello {{ number }}\n"}, [("en/answer.txt.j2", 1, 1, "T102")]),
    "syntax": ({"en/answer.txt.j2": GOOD + "\n  {% if %}\n"}, [("en/answer.txt.j2", 4, 3, "T103")]),
    "no such filter": ({"en/answer.txt.j2": GOOD + "{{ text|loud }}"}, [("en/answer.txt.j2", 3, 1, "T103")]),
    "not closed": ({"en/answer.txt.j2": GOOD + "{% if text %}\nx\n"}, [("en/answer.txt.j2", 4, 1, "T103")]),
    "unknown variable": (
        {"en/answer.txt.j2": GOOD + "Dear {{ nam }} and {{ nmber }}"},
        [("en/answer.txt.j2", 3, 9, "T104"), ("en/answer.txt.j2", 3, 23, "T104")],
    ),
    "unknown variable in HTML": (
        {"en/answer.html.j2": HTML + "\n<p>{{ due }}</p>"}, [("en/answer.html.j2", 2, 7, "T104")]),
    "unknown variable in the frame": (
        {"en/layout.html.j2": "<p>{{ number }}</p>{% block content %}{% endblock %}"},
        [("en/layout.html.j2", 1, 7, "T104")],
    ),
    "fails": ({"en/answer.txt.j2": GOOD + "\n{{ 1 / 0 }}"}, [("en/answer.txt.j2", 4, 1, "T105")]),
    "no subject left": ({"en/answer.txt.j2": "Subject: {{ subject }}\n{{ number }}{{ text }}"},
                        [("en/answer.txt.j2", 0, 0, "T105")]),
    "no case number": ({"en/answer.txt.j2": "Subject: {{ number }}\n{{ text }}"},
                       [("en/answer.txt.j2", 0, 0, "T201")] * 2),
    "no case number in HTML": ({"en/answer.html.j2": "<p>{{ text }}</p><!-- {{ number }} -->"},
                               [("en/answer.html.j2", 0, 0, "T201")]),
    "not closed tag": ({"en/answer.html.j2": f"<div>\n  <b>\n{HTML}\n</div>"}, [("en/answer.html.j2", 2, 3, "T202")]),
    "closes nothing": ({"en/answer.html.j2": f"{HTML}\n</div>"}, [("en/answer.html.j2", 2, 1, "T202")]),
    "open in one branch": (
        {"en/answer.html.j2": "{% if subject %}\n<p>{% endif %}{{ number }}</p>"}, [("en/answer.html.j2", 2, 27, "T202")]),  # noqa: E501
    "fits in each branch": (
        {"en/answer.html.j2": "{% if subject %}<p>{% else %}<p dir=rtl>{% endif %}{{ number }}</p>"}, []),
    "image from elsewhere": (
        {"en/answer.html.j2": f'{HTML}<p>\n <img src="https://x.example/a.png"></p>'}, [("en/answer.html.j2", 2, 2, "T203")]),  # noqa: E501
    "image of the mail": ({"en/answer.html.j2": f'{HTML}<img src="cid:logo">'}, []),
    "style from elsewhere": (
        {"en/answer.html.j2": f"{HTML}<p style=\"background:url('//x.example')\"></p>"}, [("en/answer.html.j2", 1, 38, "T203")]),  # noqa: E501
    "frame that loads": (
        {"en/layout.html.j2": "<style>@import 'x'</style>{% block content %}{% endblock %}"},
        [("en/layout.html.j2", 1, 1, "T203")],
    ),
    "script": ({"en/answer.html.j2": f"{HTML}<script>x</script>"}, [("en/answer.html.j2", 1, 38, "T204")]),
    "handler": ({"en/answer.html.j2": f"{HTML}<p onclick=x></p>"}, [("en/answer.html.j2", 1, 38, "T204")]),
    "link that is none": ({"en/answer.html.j2": f"{HTML}<a href=javascript:x>y</a>"}, [("en/answer.html.j2", 1, 38, "T204")]),  # noqa: E501
    "comments for Outlook": ({"en/answer.html.j2": f"<!--[if mso]><table><tr><td><![endif]-->{HTML}"}, []),
    "name of an unverified sender": (
        {"en/received.txt.j2": "Subject: x\n{{ number }} {{ requester_name }} {{ questions }}"},
        [("en/received.txt.j2", 0, 0, "T205")],
    ),
    "subject of an unverified sender": (
        {"en/sorry.txt.j2": "Subject: {{ subject or 'x' }}\n{{ number }}"}, [("en/sorry.txt.j2", 0, 0, "T205")]),
    "nearly a name": ({"en/recieved.txt.j2": "Subject: x\n{{ number }}"}, [("en/recieved.txt.j2", 0, 0, "T303")]),
    "name of its own": ({"en/sorry.txt.j2": "Subject: x\n{{ number }}"}, []),
    "text left out": ({"en/answer.txt.j2": "Subject: x\n{{ number }}"}, [("en/answer.txt.j2", 0, 0, "T304")]),
    "white letters": (
        {"en/answer.html.j2": f'{HTML}<p style="color:#FFF"></p>'}, [("en/answer.html.j2", 1, 38, "T305")]),
    "white letters on blue": (
        {"en/answer.html.j2": f'{HTML}<p style="color:#FFF;background-color:#036"></p>'}, []),
}  # fmt: skip


@pytest.fixture(scope="module")
def found_in_cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, int, int, str]]]:
    """What is found in each case; all are checked at once, each as a language of its own."""
    codes = {case: f"x{chr(97 + number // 26)}{chr(97 + number % 26)}" for number, case in enumerate(CASES)}
    files = {
        name.replace("en/", f"{codes[case]}/"): content
        for case, (contents, _) in CASES.items()
        for name, content in contents.items()
    }
    found: dict[str, list[tuple[str, int, int, str]]] = {code: [] for code in codes.values()}
    for file, line, column, problem in check(tmp_path_factory.mktemp("cases"), files):
        code, _, name = file.partition("/")
        if name:  # else the site's language lacks a mail that a case has
            found[code].append((f"en/{name}", line, column, problem))
    return {case: found[code] for case, code in codes.items()}


@pytest.mark.parametrize("case", CASES)
def test_problem_when_found(case: str, found_in_cases: dict[str, list[tuple[str, int, int, str]]]) -> None:
    assert found_in_cases[case] == CASES[case][1]


def test_folder_that_is_no_language(tmp_path: Path) -> None:
    assert check(tmp_path, {"german/copy.txt.j2": GOOD}) == [("german", 0, 0, "T302")]


def test_t45_nothing_is_worked_out_where_a_template_is_only_read(tmp_path: Path) -> None:
    """Filters of constants are worked out by jinja2 when it compiles, and `check` compiles without a limit."""
    started = time.process_time()
    found = check(tmp_path, {"en/answer.txt.j2": GOOD + "{{ '%999999999d'|format(1)|length }}"})
    assert found == [("en/answer.txt.j2", 3, 1, "T105")]  # the probe has no memory for it
    assert time.process_time() - started < 5


def test_languages_that_lack_a_mail(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"de/sorry.txt.j2": "Subject: x\n{{ number }}", "nl/answer.txt.j2": GOOD}
    found = check(tmp_path, files, ("en", "de", "nl", "sv"))
    assert found == [("en", 0, 0, "T301"), ("nl", 0, 0, "T301"), ("sv", 0, 0, "T301")]
    [english, dutch, swedish] = check_templates(tmp_path, templates_dir(), ("en", "nl", "sv"))
    assert "sorry" in english.text
    assert "received, status" in dutch.text and "more" in swedish.text


def test_source_lines_of_problems(tmp_path: Path) -> None:
    check(tmp_path, {"en/answer.txt.j2": GOOD + "{{ nmber }}"})
    [problem] = check_templates(tmp_path, templates_dir(), ("en",))
    assert problem.text == 'this mail has no variable nmber: did you mean "number"?'
    assert name_files((problem,))[problem.file].splitlines()[problem.line - 1] == "{{ nmber }}"


def test_nothing_at_all(tmp_path: Path) -> None:
    assert check_templates(tmp_path / "nothing", templates_dir(), ("en", "de")) == ()


def test_marks_stay_out_of_what_a_reader_sees() -> None:
    places = Places()
    marked = places.mark('<p title="x">{{ "<b>" }}<!-- <i> --></p>\n<br>', "f")
    assert marked.count("<!--@") == 3
    assert visible_text(marked.replace('{{ "<b>" }}', "y")) == "y\n"
