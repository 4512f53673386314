"""The shipped templates and the site's own: right words, nothing but literal user text, never a mail that fails."""

import html
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import jinja2
import pytest
from jinja2 import meta, nodes
from markupsafe import Markup

from mailproc.errors import Permanent
from mailproc.render import OPTIONAL, VARIABLES, Renderer, build_context
from mailproc.render.shaping import to_html, to_text
from mailproc.render.variables import DAYS, MOMENTS, MULTILINE, TO_CUSTOMERS, sample_contexts
from mailproc.stock import templates_dir

LANGUAGES = ("en", "de", "es", "fr", "it", "no", "pl")
MAILS = [(name, language) for name in VARIABLES for language in LANGUAGES]
AUTOMATIC = {"language", "direction"}
STOCK = Renderer(None)


def write_site(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return root


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in ("meta", "br", "hr", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parse_html(markup: str) -> _Tags:
    tags = _Tags()
    tags.feed(markup)
    tags.close()
    assert tags.open == []
    return tags


def find_used(name: str, language: str, kind: str) -> set[str]:
    """The variables a template takes from outside, its frame's included."""
    environment = jinja2.Environment()
    environment.filters |= dict.fromkeys(("breaks", "quoted", "mailto", "counted", "soft"), str)
    source = (templates_dir() / language / f"{name}.txt.j2").read_text("utf-8")
    shape = {"txt": to_text, "html": to_html}[kind]
    sources = [shape(source)] + ([(templates_dir() / "en/layout.html.j2").read_text("utf-8")] if kind == "html" else [])
    used: set[str] = set()
    for text in sources:
        tree = environment.parse(text)
        imported = {str(name) for found in tree.find_all(nodes.FromImport) for name in found.names}
        used |= meta.find_undeclared_variables(tree) - imported
    return used - AUTOMATIC


def fill(name: str, payload: str) -> dict[str, object]:
    """The examples of a template with the payload in every text."""
    filled: dict[str, object] = {}
    for variable, example in VARIABLES[name].items():
        if variable == "history":
            filled[variable] = ((payload, payload, payload),)
        elif isinstance(example, int):
            filled[variable] = example
        else:
            filled[variable] = (payload,) if isinstance(example, tuple) else payload
    return filled


@pytest.mark.parametrize(("name", "language"), MAILS)
def test_stock_template_when_filled_and_when_bare(name: str, language: str) -> None:
    for context in sample_contexts(name):
        rendered = STOCK.render(name, language, context)
        assert rendered.problem == ""
        assert rendered.subject
        assert "\n" not in rendered.subject
        assert rendered.text.endswith("\n")
        assert not rendered.text.startswith(("\n", " "))
        assert "\n\n\n" not in rendered.text
        assert f'lang="{language}" dir="ltr"' in rendered.html
        parse_html(rendered.html)


@pytest.mark.parametrize(("name", "language"), MAILS)
def test_stock_template_uses_its_variables_and_no_others(name: str, language: str) -> None:
    used = {kind: find_used(name, language, kind) for kind in ("txt", "html")}
    assert used["txt"] | used["html"] == set(VARIABLES[name])
    assert set(VARIABLES[name]) >= OPTIONAL[name]
    for missing in set(VARIABLES[name]) - OPTIONAL[name]:
        context = {key: value for key, value in VARIABLES[name].items() if key != missing}
        with pytest.raises(Permanent, match=missing):
            STOCK.render(name, language, context)


def test_readme_lists_every_variable() -> None:
    text = (templates_dir() / "README.md").read_text("utf-8")
    sections = dict(re.findall(r"(?ms)^## (\w+)\n(.*?)(?=^## |\Z)", text))
    assert set(sections) == set(VARIABLES)
    for name, section in sections.items():
        listed = dict.fromkeys(re.findall(r"`([a-z_]+)`(\*?)", section))
        optional = {variable for variable, star in listed if star}
        assert set(VARIABLES[name]) <= {variable for variable, _ in listed}, name
        assert optional & set(VARIABLES[name]) == OPTIONAL[name], name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_shipped_file_belongs_to_a_mail(language: str) -> None:
    files = {path.name for path in (templates_dir() / language).iterdir()}
    mails = {f"{name}.txt.j2" for name in VARIABLES}
    assert files - mails == {"words.j2"} | ({"layout.html.j2", "parts.html.j2"} if language == "en" else set())
    assert mails <= files


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(TO_CUSTOMERS))
def test_mail_to_customer_has_case_number_and_no_jargon(name: str, language: str) -> None:
    full, bare = sample_contexts(name)
    for context in (full, bare | {"text": ""}):
        rendered = STOCK.render(name, language, context)
        assert "ticket" not in rendered.text.lower()
        assert "ACME-482-170" in parse_html(rendered.html).text
        own_words = rendered.text.removeprefix(str(context.get("text", "")))
        assert "ACME-482-170" in "\n".join(own_words.strip("\n").splitlines()[:5])


@pytest.mark.parametrize("language", LANGUAGES)
def test_answer_starts_with_the_agents_words(language: str) -> None:
    context = {**VARIABLES["answer"], "text": "Dear Jane,\nit works."}
    rendered = STOCK.render("answer", language, context)
    head, _, words = rendered.text.partition("\n\n")
    assert "\n" not in head and head.endswith("ACME-482-170")  # nothing but the case number stands before them
    assert words.startswith("Dear Jane,\nit works.\n")
    assert (
        parse_html(rendered.html.partition("<body")[2].partition(">")[2].rpartition("</body>")[0])
        .text.strip()
        .startswith((f"{head}\nDear Jane,", f"{head}\n\nDear Jane,"))
    )
    assert "\n> You charged me twice in October.\n" in rendered.text
    assert '<blockquote type="cite"' in rendered.html


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Answer this mail and the customer gets your answer."), ("de", "und der Kunde bekommt Ihre Antwort.")],
)
def test_forward_has_card_text_and_buttons(language: str, said: str) -> None:
    context = VARIABLES["forward"]
    rendered = STOCK.render("forward", language, context)
    assert "ACME-482-170" in rendered.text.splitlines()[0]
    assert "Jane Doe <jane@customer.example>" in rendered.text.splitlines()[1]
    assert rendered.text.index(said) < rendered.text.index("you took 49 EUR")
    for address in ("reply_address", "resolve_address", "note_address"):
        assert f"\n  {context[address]}\n" in rendered.text
        local = str(context[address]).replace("+", "%2B")
        link = f"mailto:{local}?subject=Re%3A%20%5BACME-482-170%5D%20Charged%20twice%20in%20October"
        assert f'href="{link}"' in rendered.html
    assert "2 October<br>\n&nbsp; 4 October" in rendered.html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("level", ["A0", "A1", "A2", "A3", "A9"])
def test_forward_when_level_is_said_in_words(language: str, level: str) -> None:
    values = {**VARIABLES["forward"], "level": level, "brought_by": "", "brought_how": ""}
    rendered = STOCK.render("forward", language, values)
    words = rendered.text.splitlines()[2].partition(":")[2].strip()
    assert (words == "A9") if level == "A9" else len(words) > 20
    assert words in html.unescape(rendered.html)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", ["", "5.1.1", "5.2.1", "5.2.2", "5.3.4", "4.4.1", "5.7.1", "5", "garbage"])
def test_undelivered_gives_reason_and_advice(language: str, status: str) -> None:
    rendered = STOCK.render("undelivered", language, {**VARIABLES["undelivered"], "status": status})
    blocks = rendered.text.split("\n\n")
    assert all(len(block.partition(":  ")[2]) > 20 for block in blocks[1:3])


@pytest.mark.parametrize("language", LANGUAGES)
def test_t30_received_when_unverified_has_no_byte_of_the_sender(language: str) -> None:
    evil = {"requester_name": "BUY-GOLD", "subject": "WIN-NOW", "first_lines": "CLICK-HERE"}
    context = {**VARIABLES["received"], **evil, "is_verified": False, "questions": ()}
    rendered = STOCK.render("received", language, context)
    nothing = {**context, "requester_name": "", "subject": "", "first_lines": ""}
    assert rendered == STOCK.render("received", language, nothing)
    for word in evil.values():
        assert word not in rendered.subject + rendered.text + rendered.html


@pytest.mark.parametrize(("name", "language"), MAILS)
def test_no_remote_content_and_inline_styles_only(name: str, language: str) -> None:
    tags = parse_html(STOCK.render(name, language, VARIABLES[name]).html)
    assert not {"img", "link", "style", "script", "form", "iframe", "object", "svg"} & set(tags.tags)
    assert all(value.startswith("mailto:") for key, value in tags.attributes if key in ("href", "src", "action"))
    assert not any("url(" in value or "color:#fff" in value for key, value in tags.attributes if key == "style")


PAYLOADS = (
    "{{7*7}}",
    "{% for x in range(9) %}x{% endfor %}",
    "{{cycler.__init__.__globals__}}",
    "{{''.__class__.__mro__}}",
    "{# gone #}",
    "%(x)s {0.__class__}",
)


@pytest.mark.parametrize(("name", "language"), MAILS)
def test_t44_template_code_in_any_variable_is_literal(name: str, language: str) -> None:
    for payload in PAYLOADS:
        for variable, example in VARIABLES[name].items():
            if isinstance(example, int) or variable in ("status", "awaiting", "brought_how", "channel"):
                continue
            value: object = payload
            if variable == "history":
                value = ((payload, payload, payload),)
            elif isinstance(example, tuple):
                value = (payload,)
            rendered = STOCK.render(name, language, {**VARIABLES[name], variable: value})
            seen = rendered.subject + rendered.text + unquote(html.unescape(rendered.html).replace("<br>\n", "\n"))
            assert payload in seen
            assert "49" not in rendered.text.replace("49 EUR", "").replace(payload, "")


XSS = (
    "<script>alert(1)</script>",
    "<scr<script>ipt>",
    '"><img src=http://x.example/a onerror=alert(1)>',
    "' onmouseover='x",
    "<svg/onload=alert(1)>",
    "</div></body><form action=mailto:evil@x.example>",
    "&lt;b&gt;",
    "javascript:alert(1)",
)


@pytest.mark.parametrize(("name", "language"), MAILS)
def test_t48_markup_in_any_variable_is_escaped(name: str, language: str) -> None:
    expected = None
    for payload in ("harmless", *XSS):
        tags = parse_html(STOCK.render(name, language, fill(name, payload)).html)
        shape = ([tag for tag in tags.tags if tag != "wbr"], [key for key, _ in tags.attributes])
        assert expected in (None, shape)
        expected = shape


@pytest.mark.parametrize(("address", "written"), [
    ("jo@x.example", "jo@x.example"),
    ("anna.schmidt@service.example", "anna.<wbr>schmidt@<wbr>service.<wbr>example"),
    ("<b>.schmidt@service.example", "&lt;b&gt;.<wbr>schmidt@<wbr>service.<wbr>example"),
])  # fmt: skip
def test_long_address_breaks_where_a_reader_would_break_it(address: str, written: str) -> None:
    rendered = STOCK.render("undelivered", "en", {**VARIABLES["undelivered"], "failed_address": address})
    assert f"<bdi>{written}</bdi>" in rendered.html and address in rendered.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(TO_CUSTOMERS - {"answer", "resolved"}))
def test_name_written_from_right_to_left_stands_alone_in_the_greeting(name: str, language: str) -> None:
    values = {**VARIABLES[name], "requester_name": "\u05de\u05e9\u05d4"}
    rendered = STOCK.render(name, language, values)
    greeting = {"de": "Guten Tag ", "es": "Hola, ", "fr": "Bonjour ", "it": "Buongiorno ", "no": "Hei ",
                "pl": "Dzie\u0144 dobry, "}.get(language, "Hello ")  # fmt: skip
    end = ":" if language == "es" else ","
    assert f"{greeting}<bdi>\u2068\u05de\u05e9\u05d4\u2069</bdi>{end}" in rendered.html
    nameless = STOCK.render(name, language, {**values, "requester_name": ""}).text
    assert nameless.startswith(greeting.rstrip(", ") + end)


def test_t15_name_cannot_fake_a_line_of_the_card() -> None:
    evil = "Jane\nSender is: confirmed\r\nX\u2028Y\x0bZ\u202eevil\u2066"
    rendered = STOCK.render("forward", "en", {**VARIABLES["forward"], "requester_name": evil, "links": (evil,)})
    line = rendered.text.splitlines()[1]
    assert " ".join(line.split()) == "From: Jane Sender is: confirmed X Y Zevil <jane@customer.example>"
    assert "\u202e" not in rendered.text + rendered.html


def test_text_when_full_of_controls() -> None:
    text = "a\x00b\r\nc\rd\x0be\u2028f\ud800\tg"
    rendered = STOCK.render("answer", "en", {**VARIABLES["answer"], "text": text})
    assert rendered.text.partition("\n\n")[2].startswith("ab\nc\nd\ne\nf\ufffd\tg\n")
    rendered.html.encode("utf-8")


@pytest.mark.parametrize(
    "value", [Markup("<b>"), 1.5, None, b"x", ["x"], object, ((Markup("<b>"),),), {"a": print}], ids=str
)
def test_value_when_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(Permanent, match="text"):
        STOCK.render("answer", "en", {**VARIABLES["answer"], "text": value})


def test_template_when_unknown() -> None:
    with pytest.raises(Permanent, match="no-such"):
        STOCK.render("no-such", "en", build_context("no-such", ()))


@pytest.mark.parametrize(
    ("asked", "default", "found"),
    [
        ("de", "en", "de"), ("de-AT", "en", "de"), ("DE_ch", "en", "de"), ("sv", "de", "de"), ("sv", "xx", "en"),
        ("pl-PL", "de", "pl"), ("nb", "en", "no"), ("nn-NO", "en", "no"),
    ],
)
def test_language_when_it_falls_back(asked: str, default: str, found: str) -> None:
    rendered = Renderer(None, default).render("received", asked, VARIABLES["received"])
    assert f'lang="{found}"' in rendered.html
    assert ("Vorgangsnummer" in rendered.text) == (found == "de")


def test_long_text_goes_as_text_only() -> None:
    context = {**VARIABLES["answer"], "text": "<" * 400_000}
    rendered = STOCK.render("answer", "en", context)
    assert rendered.html == ""
    assert rendered.text.count("<") == 400_000
    assert "too long" in rendered.problem
    rendered = STOCK.render("answer", "en", {**context, "text": "x" * 1_200_000})
    assert len(rendered.text) == 1_000_000
    assert rendered.text.endswith("\n[…]\n")
    assert "cut" in rendered.problem


def test_build_context_from_flat_text() -> None:
    pairs = (("number", "ACME-1"), ("links", "one\n\ntwo"), ("is_unverified", "no"), ("due", ""), ("unknown", "x"))
    context = build_context("forward", pairs, text="hello", history=())
    assert context["links"] == ("one", "two")
    assert context["is_unverified"] is False
    assert context["text"] == "hello"
    assert context["attachments_left_out"] == ()
    assert "unknown" not in context
    assert "history" not in context
    assert "site_name" not in context
    assert build_context("received", (("is_verified", "yes"),))["is_verified"] is True
    assert build_context("received", ())["is_verified"] is False


def test_names_with_a_meaning_are_known() -> None:
    assert {name for variables in VARIABLES.values() for name in variables} >= MULTILINE | DAYS | MOMENTS


def test_site_template_comes_first(tmp_path: Path) -> None:
    site = write_site(
        tmp_path,
        {
            "de/received.txt.j2": "Subject: Servus\nMoin {{ number }}\n",
            "en/answer.txt.j2": "Subject: Hi\n{{ text }}\n",
            "en/answer.html.j2": "<p>{{ text|breaks }}</p>",
        },
    )
    renderer = Renderer(site)
    assert renderer.problems == ()
    rendered = renderer.render("received", "de", VARIABLES["received"])
    assert (rendered.subject, rendered.text, rendered.problem) == ("Servus", "Moin ACME-482-170\n", "")
    assert ">ACME-482-170</strong>" in rendered.html  # made from the text: the shipped HTML would say something else
    assert 'lang="de"' in rendered.html
    assert "<p " in rendered.html and "Vorgangsnummer" not in rendered.html
    assert renderer.render("received", "en", VARIABLES["received"]) == STOCK.render(
        "received", "en", VARIABLES["received"]
    )
    assert renderer.render("answer", "en", {**VARIABLES["answer"], "text": "<b>"}).html == "<p>&lt;b&gt;</p>"


def test_site_language_that_is_not_shipped(tmp_path: Path) -> None:
    site = write_site(tmp_path, {"he/answer.txt.j2": "Subject: שלום\n{{ text }}\nמספר {{ number }}\n"})
    rendered = Renderer(site).render("answer", "he", VARIABLES["answer"])
    assert rendered.subject == "שלום"
    assert 'lang="he" dir="rtl"' in rendered.html
    assert (
        Renderer(site).render("copy", "he", VARIABLES["copy"]).text
        == STOCK.render("copy", "en", VARIABLES["copy"]).text
    )


def test_site_layout_changes_shipped_mails(tmp_path: Path) -> None:
    site = write_site(tmp_path, {"en/layout.html.j2": "<main>{% block content %}{% endblock %}</main>"})
    renderer = Renderer(site)
    assert renderer.problems == ()
    assert renderer.render("received", "de", VARIABLES["received"]).html.startswith("<main>")


BROKEN = {
    "syntax": ("Subject: x\n{% if %}", "received.txt.j2:2"),
    "unknown variable": ("Subject: x\n\n{{ nmber }}", "received.txt.j2:3: 'nmber' is undefined"),
    "unknown variable in the subject": ("Subject: {{ nmber }}\nx", "received.txt.j2:1"),
    "no subject line": ("Hello\n", "received.txt.j2:1: the first line must be"),
    "empty": ("", "the first line must be"),
    "empty subject": ("Subject:\nHello\n", "the subject is empty"),
    "error": ("Subject: x\n{{ 1 / 0 }}", "received.txt.j2:2: ZeroDivisionError"),
    "wrong type": ("Subject: x\n{{ number + 1 }}", "TypeError"),
    "missing include": ("Subject: x\n{% include 'nothing.j2' %}", "nothing.j2"),
    "outside": ("Subject: x\n{% include '../../secret' %}", "secret"),
    "absolute": ("Subject: x\n{% include '/etc/passwd' %}", "passwd"),
    "internals": ("Subject: x\n{{ number.__class__ }}", "unsafe"),
    "format": ("Subject: x\n{{ '{0.__class__.__mro__}'.format(number) }}", "unsafe"),
    "no globals": ("Subject: x\n{{ lipsum(5) }}", "lipsum"),
    "too long": ("Subject: x\n{% for i in range(99999) %}{{ '-' * 99 }}{% endfor %}", "longer than 1000000"),
    "huge product": ("Subject: x\n{{ 'a' * 10**9 }}", "product"),
    "huge width": ("Subject: x\n{{ '%999999999d' % 1 }}", "field widths"),
    "memory": ("Subject: x\n{{ number|center(10**9) }}", "MemoryError"),
    "recursion": ("Subject: x\n{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "RecursionError"),
    "not UTF-8": ("Subject: x\n\udcff", "UnicodeDecodeError"),
}


NAMES = [name for name in VARIABLES if "number" in VARIABLES[name]]
PLACED = dict(zip(BROKEN, [(name, language) for language in ("en", "de") for name in NAMES], strict=False))


@pytest.fixture(scope="module")
def broken_site(tmp_path_factory: pytest.TempPathFactory) -> Renderer:
    """A site with every broken template, each in the place of another mail."""
    root = tmp_path_factory.mktemp("broken")
    for case, (name, language) in PLACED.items():
        path = root / language / f"{name}.txt.j2"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(BROKEN[case][0].encode("utf-8", "surrogateescape"))
    return Renderer(root)


@pytest.mark.parametrize("case", BROKEN)
def test_f27_broken_site_template_falls_back(case: str, broken_site: Renderer) -> None:
    (name, language), (_, problem) = PLACED[case], BROKEN[case]
    rendered = broken_site.render(name, language, VARIABLES[name])
    expected = STOCK.render(name, language, VARIABLES[name])
    assert (rendered.subject, rendered.text, rendered.html) == (expected.subject, expected.text, expected.html)
    assert problem.replace("received", name) in rendered.problem
    assert "shipped template is used instead" in rendered.problem
    assert rendered.problem in broken_site.problems
    assert broken_site.render("alarm", "en", VARIABLES["alarm"]).problem == ""


@pytest.mark.parametrize("source", ["Subject: x\n{{ nobody_knows_this }}", "Subject: x\n{% if %}", "", "\x00\xff"])
def test_f27_each_template_broken_in_turn_loses_no_mail(tmp_path: Path, source: str) -> None:
    site = Renderer(write_site(tmp_path, {f"en/{name}.txt.j2": source for name in VARIABLES}))
    for name in VARIABLES:
        made, expected = site.render(name, "en", VARIABLES[name]), STOCK.render(name, "en", VARIABLES[name])
        assert (made.subject, made.text, made.html) == (expected.subject, expected.text, expected.html), name
        assert name in made.problem


def test_f27_site_template_that_fails_later_falls_back(tmp_path: Path) -> None:
    source = "Subject: x\n{% if number == 'ACME-1' %}{{ 1 / 0 }}{% endif %}ok"
    renderer = Renderer(write_site(tmp_path, {"en/received.txt.j2": source}))
    assert renderer.render("received", "en", VARIABLES["received"]).text == "ok\n"
    rendered = renderer.render("received", "en", {**VARIABLES["received"], "number": "ACME-1"})
    assert "ACME-1" in rendered.text
    assert "received.txt.j2:2: ZeroDivisionError" in rendered.problem
    assert renderer.problems == (rendered.problem,)


def test_site_template_of_no_mail_is_named(tmp_path: Path) -> None:
    renderer = Renderer(write_site(tmp_path, {"en/recieved.txt.j2": "Subject: x\n"}))
    assert ["recieved.txt.j2" in problem for problem in renderer.problems] == [True]


def test_reload_when_files_change(tmp_path: Path) -> None:
    site = write_site(tmp_path, {"en/copy.txt.j2": "Subject: one\n"})
    renderer = Renderer(site)
    assert renderer.render("copy", "en", VARIABLES["copy"]).subject == "one"
    assert renderer.reload() is False
    write_site(tmp_path, {"en/copy.txt.j2": "Subject: two!\n"})
    assert renderer.render("copy", "en", VARIABLES["copy"]).subject == "one"
    assert renderer.reload() is True
    assert renderer.render("copy", "en", VARIABLES["copy"]).subject == "two!"


def test_import_does_not_pay_for_jinja2() -> None:
    code = "import sys, mailproc.render; sys.exit('jinja2' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
