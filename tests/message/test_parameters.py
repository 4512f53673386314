"""Content-Type and its kind: values and parameters, however they are quoted, split and encoded."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailproc.message.parameters import parse_parameters


@pytest.mark.parametrize(
    ("value", "main", "parameters"),
    [
        ("", "", {}),
        ("Text/Plain", "text/plain", {}),
        ("text/plain; charset=utf-8", "text/plain", {"charset": "utf-8"}),
        ("text/plain;charset=utf-8;format=flowed", "text/plain", {"charset": "utf-8", "format": "flowed"}),
        ('text/plain; Charset = "utf-8" ; x=y', "text/plain", {"charset": "utf-8", "x": "y"}),
        ('multipart/mixed; boundary="a;b=c"', "multipart/mixed", {"boundary": "a;b=c"}),
        (r'a/b; name="x\"y\\z"', "a/b", {"name": 'x"y\\z'}),
        ("text/plain (a comment); charset=us-ascii", "text/plain", {"charset": "us-ascii"}),
        ("a/b;;; x=1;; ;y=2;", "a/b", {"x": "1", "y": "2"}),
        ("a/b; junk; x=1", "a/b", {"x": "1"}),
        ("a/b; x=1; x=2", "a/b", {"x": "1"}),
        ('a/b; x="open', "a/b", {"x": "open"}),
        ("a/b; name=my file.pdf", "a/b", {"name": "my file.pdf"}),
        ("a/b; name*=utf-8''M%C3%A4rz.pdf", "a/b", {"name": "März.pdf"}),
        ("a/b; name*=iso-8859-1'de'M%E4rz.pdf", "a/b", {"name": "März.pdf"}),
        ("a/b; name*0=one; name*1=two", "a/b", {"name": "onetwo"}),
        ("a/b; name*1=two; name*0=one", "a/b", {"name": "onetwo"}),
        ("a/b; name*0*=utf-8''M%C3; name*1*=%A4; name*2=rz", "a/b", {"name": "März"}),
        ("a/b; name=old; name*=utf-8''new", "a/b", {"name": "new"}),
        ("a/b; name*=no-such''%FFx", "a/b", {"name": "ÿx"}),
        ("a/b; name*=utf-8''%FF", "a/b", {"name": "ÿ"}),
        ("a/b; name*x*=1", "a/b", {}),
    ],
)
def test_parse_parameters_reads_every_form(value: str, main: str, parameters: dict[str, str]) -> None:
    assert parse_parameters(value, []) == (main, parameters)


@pytest.mark.parametrize(
    "unit", ["; a*N*=b", ";", "; a=", '; a="', "; a*1*=b", '"', "=", " ", '; a="\\', "; a*0*=utf-8''%"]
)
def test_t54_parameters_are_read_in_linear_time(unit: str) -> None:
    started = time.process_time()
    parse_parameters("a/b" + unit * (1_000_000 // len(unit)), [])
    assert time.process_time() - started < 0.3


@given(st.text(st.sampled_from("a*0=';\"\\% /\udcff\x00"), max_size=60))
def test_parse_parameters_never_raises(value: str) -> None:
    for text in parse_parameters(value, [])[1].values():
        assert isinstance(text, str)


@given(st.text(alphabet='abc=;"\\( /', max_size=60))
def test_kept_reading_is_that_of_a_longer_value(value: str) -> None:
    padding = ';x="' + "y" * 200 + '"'
    if value.count('"') % 2 == 0 and "\\" not in value:
        main, parameters = parse_parameters(value + padding, [])
        kept_main, kept = parse_parameters(value + ";x=y", [])
        assert (kept_main, kept.keys()) == (main, parameters.keys())
        assert {key: kept[key] for key in kept if key != "x"} == {key: parameters[key] for key in kept if key != "x"}


def test_reading_twice_gives_two_that_may_be_changed() -> None:
    parse_parameters("text/plain; charset=utf-8", [])[1].clear()
    assert parse_parameters("text/plain; charset=utf-8", []) == ("text/plain", {"charset": "utf-8"})
