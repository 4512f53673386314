"""Linked templates say what the files say, and leave nothing to look up for the mail that is rendered."""

import jinja2
import pytest
from jinja2 import nodes

from mailproc.render import VARIABLES
from mailproc.render.environment import Templates
from mailproc.render.linking import link
from mailproc.render.variables import sample_contexts
from mailproc.stock import templates_dir

LANGUAGES = ("en", "pl")  # all have the same skeleton, as test_words.py sees to
MAILS = [(name, language) for name in VARIABLES for language in LANGUAGES]
FOLDERS = {language: (templates_dir() / language, templates_dir() / "en") for language in LANGUAGES}
LINKED = {language: Templates(folders, is_shipped=True) for language, folders in FOLDERS.items()}
PLAIN = {language: Templates(folders) for language, folders in FOLDERS.items()}
AWKWARD = "<b>&\"'</b>\n\n  two\tblanks \u202e{{ 7*7 }}"


@pytest.mark.parametrize(("name", "language"), MAILS)
def test_linked_template_gives_the_same_mail(name: str, language: str) -> None:
    for context in sample_contexts(name):
        awkward = {key: f"{AWKWARD}{key}" if isinstance(value, str) else value for key, value in context.items()}
        for values in (context, awkward):
            assert LINKED[language].render(name, values) == PLAIN[language].render(name, values)


@pytest.mark.parametrize("kind", ["txt", "shaped.html"])
@pytest.mark.parametrize(("name", "language"), MAILS)
def test_linked_template_calls_and_imports_nothing(name: str, language: str, kind: str) -> None:
    templates = LINKED[language]
    tree = link(f"{name}.{kind}.j2", templates._parse, templates.environment)
    assert not list(tree.find_all((nodes.Extends, nodes.Block, nodes.FromImport, nodes.Call, nodes.Macro)))


FILES = {
    "frame": "<{% block content %}{% endblock %}|{% block other %}stays{% endblock %}>",
    "parts": "{% set A = 'a<' %}{% set B = A %}{% macro m(x) %}[{{ x }}]{% endmacro %}"
    "{% macro d(x='y') %}{{ x }}{% endmacro %}",
    "child": "{% extends 'frame' %}{% from 'parts' import A %}{% block content %}{{ A }}{% endblock %}",
    "calls": "{% from 'parts' import m %}{% set x = 'out' %}{{ m('in') }}{{ x }}",
    "piped": "{% from 'parts' import m %}{{ m('in')|upper }}",
    "default": "{% from 'parts' import d %}{{ d() }}",
    "derived": "{% from 'parts' import B %}{{ B }}",
    "renamed": "{% from 'parts' import A as Z %}{{ Z }}",
    "setting": "{% extends 'frame' %}{% set y = 1 %}{% block content %}{{ y }}{% endblock %}",
}


@pytest.mark.parametrize("name", [name for name in FILES if name not in ("frame", "parts")])
def test_link_when_it_can_and_when_it_cannot(name: str) -> None:
    environment = jinja2.Environment(loader=jinja2.DictLoader(FILES), undefined=jinja2.StrictUndefined)
    tree = link(name, lambda file: environment.parse(FILES[file], file), environment)
    linked = environment.template_class.from_code(environment, environment.compile(tree, name, name), {})
    assert linked.render() == environment.get_template(name).render()
