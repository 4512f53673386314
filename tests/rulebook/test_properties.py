"""Property tests: reading any text ends in a book or a ConfigError, asking about any mail ends in a Routing."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailproc.errors import ConfigError
from mailproc.records.site import Site
from mailproc.rulebook.book import load
from mailproc.rulebook.check import run_tests
from mailproc.rulebook.evaluate import evaluate
from mailproc.rulebook.inlinetests import SampleMail
from mailproc.rulebook.samplemail import make_facts

SITE = Site("Acme", "ACME", ("support@acme.example",), "acme.example", languages=("en", "de", "pl"))
TEXT = (Path(__file__).parent / "complete.yaml").read_text(encoding="utf-8")
BOOK = load((("rules.yaml", TEXT),), SITE)
LINES = TEXT.splitlines(keepends=True)
QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])

WORDS = st.sampled_from(
    ["[]", "{}", '""', "none", "yes", "a", "{list: vip}", "[a, {b: c}]", "'{x}'", "field.order", "when:", "- ", "any:",
     "regex: '('", "billing", "5MB", "24x7", "@", "\t", "\x00", "ä", "{over: 1}", "*", "&a", "rule", "#", ": ", "\n"]
)  # fmt: skip


@st.composite
def broken_books(draw: st.DrawFn) -> str:
    """The complete sample with a few lines dropped, doubled, moved or filled with something else."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        index = draw(st.integers(0, len(lines) - 1))
        what = draw(st.sampled_from(["drop", "double", "indent", "value", "insert"]))
        if what == "drop":
            lines[index] = "\n"
        elif what == "double":
            lines.insert(index, lines[index])
        elif what == "indent":
            lines[index] = "  " + lines[index]
        elif what == "value":
            lines[index] = lines[index].partition(":")[0] + ": " + draw(WORDS) + "\n"
        else:
            at = draw(st.integers(0, len(lines[index])))
            lines[index] = lines[index][:at] + draw(WORDS) + lines[index][at:]
    return "".join(lines)


@QUIET
@given(broken_books())
def test_book_when_mangled_is_read_or_refused_with_places(text: str) -> None:
    try:
        book = load((("rules.yaml", text),), SITE)
    except ConfigError as error:
        assert all(problem.startswith("rules") for problem in error.problems) and error.problems
        return
    run_tests(book, SITE)


@QUIET
@given(st.text(max_size=200))
def test_book_when_any_text_is_read_or_refused(text: str) -> None:
    try:
        load((("rules.yaml", text),), SITE)
    except ConfigError as error:
        assert error.problems


@QUIET
@given(
    subject=st.text(max_size=80).filter(lambda text: text.isprintable()),
    body=st.text(max_size=300),
    name=st.text(max_size=20).filter(lambda text: text.isprintable() and not set(text) & set('<>"@,;:()[]\\')),
    to=st.sampled_from(["support@acme.example", "support+beta@acme.example", "billing@acme.example", "x@y.example"]),
    headers=st.dictionaries(
        st.sampled_from(["X-Priority", "Auto-Submitted", "Precedence", "List-Id", "X-Spam-Score"]),
        st.text(max_size=30).filter(lambda text: text.isprintable()),
    ),
)
def test_routing_when_any_mail_comes_is_complete_and_the_same_twice(
    subject: str, body: str, name: str, to: str, headers: dict[str, str]
) -> None:
    mail = SampleMail(
        to=(to,), from_=f"{name} <a@b.example>", subject=subject, body=body, headers=tuple(headers.items())
    )
    facts = make_facts(BOOK, SITE, mail, None)
    routing = evaluate(BOOK, facts)
    assert routing == evaluate(BOOK, facts)
    assert routing.department in BOOK.departments
    assert routing.priority in ("low", "normal", "high", "urgent")
    assert all(step.text.isprintable() for step in routing.trace)
