"""What a template may do: attributes that are safe, products that stay short, loops that end. Renders nothing itself.

jinja2's sandbox knows no time. The probe stops what is slow with the values of a sample; a loop that is slow only with
what a real mail says is stopped here.
"""

import re
import threading
import time
from types import CodeType
from typing import Literal, overload

import jinja2
from jinja2 import meta, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

RENDER_SECONDS = 2.0  # CPU of one part of one mail
_MAX_PRODUCT = 10_000  # characters that `text * number` or `text % values` may make
_WIDTH = re.compile(r"%[^a-zA-Z%]*(?:\d{4}|\*)")
_STEPS = 64  # between two looks at the clock


class _Unfolded(CodeGenerator):
    """Puts off to the mail what jinja2 would already work out when it compiles: filters of constants know no limit."""

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> str:
        if not isinstance(node, nodes.Const | nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)


class Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, with a limit on texts that operators can make and, where `is_timed`, on the time that loops take."""

    code_generator_class = _Unfolded
    intercepted_binops = frozenset({"*", "**", "%"})
    is_timed = False

    def start_clock(self) -> None:
        """From now on this thread's template has `RENDER_SECONDS`."""
        _clock.end, _clock.steps = time.thread_time() + RENDER_SECONDS, 0

    @property
    def step(self) -> None:
        """What each round of a loop and each macro reads first: raises `SecurityError` when the time is over."""
        _clock.steps += 1
        if not _clock.steps % _STEPS and _clock.end and time.thread_time() > _clock.end:
            raise SecurityError(f"the template's loops take longer than {RENDER_SECONDS:.0f} s")

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: object, right: object) -> object:
        is_sized = isinstance(left, str | tuple | list) or isinstance(right, str | tuple | list)
        if operator == "*" and is_sized:
            size, count = (left, right) if isinstance(right, int) else (right, left)
            if isinstance(count, int) and isinstance(size, str | tuple | list) and len(size) * count > _MAX_PRODUCT:
                raise SecurityError(f"this product would be longer than {_MAX_PRODUCT} characters")
        elif operator == "**" and not (isinstance(right, int) and abs(right) <= 64):
            raise SecurityError("powers beyond 64 are not allowed")
        elif operator == "%" and isinstance(left, str) and _WIDTH.search(left):
            raise SecurityError("field widths beyond 999 are not allowed")
        return super().call_binop(context, operator, left, right)

    @overload
    def compile(
        self, source: str | nodes.Template, name: str | None = ..., filename: str | None = ...,
        raw: Literal[False] = ..., defer_init: bool = ...,
    ) -> CodeType: ...  # fmt: skip
    @overload
    def compile(
        self, source: str | nodes.Template, name: str | None = ..., filename: str | None = ...,
        raw: Literal[True] = ..., defer_init: bool = ...,
    ) -> str: ...  # fmt: skip
    def compile(
        self, source: str | nodes.Template, name: str | None = None, filename: str | None = None,
        raw: bool = False, defer_init: bool = False,
    ) -> str | CodeType:  # fmt: skip
        """As jinja2 does, with a look at the clock in each round of a loop and at the start of each macro."""
        if self.is_timed:
            tree = self._parse_for(source, name, filename) if isinstance(source, str) else source
            _Clocked().visit(tree)
            tree.set_environment(self)
            source = tree
        if raw:
            return super().compile(source, name, filename, True, defer_init)
        return super().compile(source, name, filename, False, defer_init)

    def _parse_for(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        try:
            return self._parse(source, name, filename)
        except jinja2.TemplateSyntaxError:
            self.handle_exception(source=source)  # names the template and its line


class _Clocked(NodeTransformer):
    def visit_For(self, node: nodes.For) -> nodes.Node:
        return self._look(node)

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:
        return self._look(node)

    def _look(self, node: nodes.For | nodes.Macro) -> nodes.Node:
        self.generic_visit(node)
        node.body.insert(0, nodes.ExprStmt(nodes.EnvironmentAttribute("step"), lineno=node.lineno))
        return node


class _Clock(threading.local):
    end = 0.0
    steps = 0


_clock = _Clock()


class _Tracker(_Unfolded, meta.TrackingCodeGenerator):
    pass


def find_undeclared(tree: nodes.Template) -> set[str]:
    """The variables that a template takes from outside; nothing of it is worked out."""
    assert tree.environment is not None
    tracker = _Tracker(tree.environment)
    tracker.optimizer = None
    tracker.visit(tree)
    return tracker.undeclared_identifiers
