"""One text with a few marks to a text and to HTML: what each mark becomes, and that no value is ever a mark."""

import re

import jinja2
import pytest

from mailproc.render import VARIABLES, Renderer
from mailproc.render.environment import Templates
from mailproc.render.shaping import to_html, to_text
from mailproc.stock import templates_dir

STOCK = Renderer(None)
MARKS = "**bold**\n- item\n!! box\nLabel:  row\n---\n-----\n[x](https://evil.example)\n<b>\n> quote\\"


def shape(body: str, **values: object) -> tuple[str, str]:
    """(text, HTML without styles) of a template's body."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(read_frame), trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {
        "breaks": lambda text: str(text).replace("\n", "<br>"),
        "soft": lambda value: value,
        "quoted": lambda text: "> " + str(text).replace("\n", "\n> "),
        "mailto": lambda address, subject, words: f"mailto:{address}?{subject}&{words}",
    }
    text = environment.from_string(to_text(body)).render(values)
    html = environment.from_string(to_html(f"Subject: x\n{body}")).render(values, reply_subject="Re")
    return text, re.sub(r' style="[^"]*"', "", html).strip()


def read_frame(name: str) -> str:
    if name == "layout.html.j2":
        return "{% block content %}{% endblock %}"
    return (templates_dir() / "en" / name).read_text("utf-8")


SHAPES = {
    "a paragraph flows": ("one\ntwo\n\nthree", "one\ntwo\n\nthree", "<p>one\ntwo</p>\n\n<p>three</p>"),
    "a line break that stays": ("one\\\ntwo", "one\ntwo", "<p>one<br>\ntwo</p>"),
    "bold": ("a **b** c", "a b c", "<p>a <strong>b</strong> c</p>"),
    "bold that is never closed": ("a **b", "a b", "<p>a <strong>b</strong></p>"),
    "bold over two lines": ("a **b\nc** d", "a b\nc d", "<p>a <strong>b\nc</strong> d</p>"),
    "letters that HTML knows": ("Q&A <b> x", "Q&A <b> x", "<p>Q&amp;A &lt;b&gt; x</p>"),
    "a value": ("Hello {{ name }}!", "Hello Jane!", "<p>Hello <bdi>Jane</bdi>!</p>"),
    "a case number": ("No. {{ number }}", "No. A-1", "<p>No. <strong>A-1</strong></p>"),
    "a list": ("- a\n- b", "- a\n- b", '<ul><li>a</li>\n<li>b</li></ul>'),
    "a list in a loop": (
        "{% for x in lines %}\n- {{ x }}\n{% endfor %}\nend",
        "- 1\n- 2\nend",
        '<ul><li><bdi>1</bdi></li>\n<li><bdi>2</bdi></li>\n</ul>\n<p>end</p>',
    ),
    "a card with a row that is not always there": (
        "Case:    {{ number }}\n{% if no %}\nDue:     never\n{% endif %}\nFrom :   {{ name }}",
        "Case:    A-1\nFrom :   Jane",
        '<table><tr><th scope="row">Case</th><td><strong>A-1</strong></td></tr>\n'
        '<tr><th scope="row">From</th><td><bdi>Jane</bdi></td></tr></table>',
    ),
    "no card": ("Note: one blank only", "Note: one blank only", "<p>Note: one blank only</p>"),
    "a box": ("!! Take\n!! care", "!! Take\n!! care", '<p role="alert">Take\ncare</p>'),
    "the mail's text": ("{{ text }}", "a\nb", '<div dir="auto">a<br>b</div>'),
    "what stands for it": ('{{ none or "(nothing)" }}', "(nothing)", "<p><bdi>(nothing)</bdi></p>"),
    "a quote": ("{{ text|quoted }}", "> a\n> b", '<blockquote type="cite" dir="auto">a<br>b</blockquote>'),
    "a button": ("[Answer]({{ to }})", "Answer:\n  x@y", '<p><a href="mailto:x@y?Re&">Answer</a></p>'),
    "a button with words": (
        "a\n[Take {{ number }}]({{ to }} #take {{ number }})\nb",
        "a\nb",
        '<p>a</p>\n<p><a href="mailto:x@y?Re&#take A-1">Take <strong>A-1</strong></a></p>\n<p>b</p>',
    ),
    "a link": ("[Help](https://h.example/?a&b)", "Help:\n  https://h.example/?a&b",
               '<p><a href="https://h.example/?a&amp;b">Help</a></p>'),
    "small print": ("---\nBy us", "---\nBy us", "<p>By us</p>"),
    "a line": ("a\n------\nb", "a\n------\nb", "<p>a</p>\n<hr>\n<p>b</p>"),
    "a condition in a sentence": ("a{% if no %} x{% endif %}\nb", "a\nb", "<p>a\nb</p>"),
    "a condition that holds": ("a{% if number %} x{% endif %}\nb", "a x\nb", "<p>a x\nb</p>"),
    "a comment": ("{# hush #}\na", "a", "<p>a</p>"),
    "a tag over two lines": ("{% set x =\n 1 %}\na {{ x }}", "a 1", "<p>a <bdi>1</bdi></p>"),
    "marks inside a tag": ('{{ "**" ~ "- x" }}', "**- x", "<p><bdi>**- x</bdi></p>"),
}  # fmt: skip


@pytest.mark.parametrize("case", SHAPES)
def test_mark_when_shaped(case: str) -> None:
    body, text, html = SHAPES[case]
    values = {"name": "Jane", "number": "A-1", "lines": (1, 2), "no": "", "none": "", "text": "a\nb", "to": "x@y"}
    made_text, made_html = shape(body, **values)
    assert (made_text, re.sub(r"\n+", "\n", made_html)) == (text, re.sub(r"\n+", "\n", html))


@pytest.mark.parametrize("name", VARIABLES)
def test_lines_stay_where_they_are(name: str) -> None:
    source = (templates_dir() / "en" / f"{name}.txt.j2").read_text("utf-8")
    assert to_text(source).count("\n") == to_html(source).count("\n") == source.count("\n")


@pytest.mark.parametrize("name", [name for name in VARIABLES if "text" in VARIABLES[name]])
def test_t44_marks_in_a_mail_are_words(name: str) -> None:
    html = STOCK.render(name, "en", {**VARIABLES[name], "text": MARKS}).html
    plain = STOCK.render(name, "en", {**VARIABLES[name], "text": "words"}).html
    for tag in ("<strong", "<li", "<table", "<hr", "<a ", "<p", "<b>", "<blockquote"):
        assert html.count(tag) == plain.count(tag)
    assert "**bold**" in html


@pytest.mark.parametrize("body", ["{% if %}", "{% endif %}", "{% if x %}\n- a", "{{", "{%", "[x]({{ }})", "{% raw %}"])
def test_broken_template_never_breaks_the_shaping(body: str) -> None:
    source = f"Subject: x\n{body}"
    assert to_html(source).count("\n") == to_text(source).count("\n") == source.count("\n")


@pytest.mark.parametrize("piece", ["a **b** {{ c }} ", "[a](", "{{ a ", "a: ", "**", "{% a %}"])
def test_line_without_end_is_refused(piece: str) -> None:
    assert to_html("Subject: x\n" + (piece * 2000)[:4000] + "\n")
    with pytest.raises(ValueError, match="line 2 is longer"):
        to_html("Subject: x\n" + piece * 4001)


def test_many_lines_are_shaped() -> None:
    assert to_html("Subject: x\n" + "- a\n" * 20_000).count("<li") == 20_000


def test_error_in_html_names_the_line_of_the_text(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("site")
    (root / "en").mkdir()
    (root / "en" / "sorry.txt.j2").write_text("Subject: x\n\n{% if direction == 'ltr' %}\n{{ 1 / 0 }}\n{% endif %}\n")
    templates = Templates((root / "en", templates_dir() / "en"))
    tree = templates.environment.get_template("sorry.shaped.html.j2")
    with pytest.raises(ZeroDivisionError) as error:
        tree.render(site_name="x", language="en", direction="ltr")
    assert error.traceback[-1].lineno + 1 == 4


RTL = "שלום"


@pytest.mark.parametrize("name", [name for name in VARIABLES if name != "alarm"])
def test_right_to_left_names_do_not_turn_our_sentences(name: str) -> None:
    values = {
        key: f"{RTL} 12" if key.endswith(("_name", "subject", "department")) and isinstance(value, str) else value
        for key, value in VARIABLES[name].items()
    }
    rendered = STOCK.render(name, "en", values)
    for at in (found.start() for found in re.finditer(RTL, rendered.text)):
        assert rendered.text[at - 1] == "\u2068" and rendered.text[at + len(RTL) + 3] == "\u2069"
    assert "\u2068" not in rendered.subject and "%E2%81%A8" not in rendered.html
    for found in re.finditer(RTL, rendered.html.partition("<body")[2]):
        before = rendered.html.partition("<body")[2][: found.start()]
        assert before.endswith(("<bdi>\u2068", "<bdi>", 'dir="auto">\u2068')) or re.search(
            r"<(bdi|td|li)[^>]*>[^<]*$", before
        )
