"""A shipped mail's template made one tree with its frame, its constants and its macros; renders nothing.

`{% extends %}`, `{% from ... import %}` and macro calls are work that jinja2 does again for every mail. All of it is
known when a shipped template is compiled, so it is done then: the same words come out, by one function and for less
than half the time. Only for templates we ship: in a site's own, an error must name the file and the line it is in.
"""

from collections.abc import Callable

import jinja2
from jinja2 import nodes
from jinja2.visitor import NodeTransformer

Parse = Callable[[str], nodes.Template]  # a template's name to its tree, a new one with every call


def link(name: str, parse: Parse, environment: jinja2.Environment) -> nodes.Template:
    """The tree of a template that names no other one; what cannot be put in its place stays as it is written."""
    tree = parse(name)
    tree = _put_in_frame(tree, parse)
    imports = {
        found: node.template.value
        for node in tree.find_all(nodes.FromImport)
        if isinstance(node.template, nodes.Const)
        for found in node.names
        if isinstance(found, str)
    }
    linker = _Linker(imports, parse)
    linker.visit(tree)
    used = {node.name for node in tree.find_all(nodes.Name)}
    tree.body = [node for node in tree.body if not (isinstance(node, nodes.FromImport) and _is_spare(node, used))]
    tree.set_environment(environment)
    return tree


def _put_in_frame(tree: nodes.Template, parse: Parse) -> nodes.Template:
    """The frame that the template extends, with the template's blocks and imports in it."""
    if not tree.body or not isinstance(tree.body[0], nodes.Extends):
        return tree
    extends = tree.body[0]
    blocks = {node.name: node for node in tree.body if isinstance(node, nodes.Block)}
    others = [node for node in tree.body[1:] if not isinstance(node, nodes.Block | nodes.FromImport | nodes.Output)]
    if others or not isinstance(extends.template, nodes.Const):
        return tree
    frame = parse(extends.template.value)
    _Blocks(blocks).visit(frame)
    frame.body = [node for node in tree.body if isinstance(node, nodes.FromImport)] + frame.body
    return frame


def _is_spare(node: nodes.FromImport, used: set[str]) -> bool:
    return not any((name if isinstance(name, str) else name[1]) in used for name in node.names)


class _Blocks(NodeTransformer):
    """Puts the content of blocks in the places that a frame has for them."""

    def __init__(self, blocks: dict[str, nodes.Block]) -> None:
        self._blocks = blocks

    def visit_Block(self, node: nodes.Block) -> list[nodes.Node]:
        return self._blocks.get(node.name, node).body


class _Linker(NodeTransformer):
    """Puts constants where their names stand and macros where they are called. A macro may use its parameters only."""

    def __init__(self, imports: dict[str, str], parse: Parse) -> None:
        self._imports = imports
        self._parse = parse
        self._constants: dict[str, dict[str, nodes.Literal]] = {}  # file -> name -> value

    def visit_Name(self, node: nodes.Name) -> nodes.Node:
        file = self._imports.get(node.name)
        if file is None or node.ctx != "load":
            return node
        if file not in self._constants:
            self._constants[file] = {
                found.target.name: found.node
                for found in self._parse(file).body
                if isinstance(found, nodes.Assign)
                and isinstance(found.target, nodes.Name)
                and isinstance(found.node, nodes.Literal)
            }
        return self._constants[file].get(node.name, node)

    def visit_Output(self, node: nodes.Output) -> list[nodes.Node]:
        made: list[nodes.Node] = []
        for piece in node.nodes:
            macro = self._called_macro(piece) if isinstance(piece, nodes.Call) else None
            if macro is not None and isinstance(piece, nodes.Call):
                # what `{% with rows = ... %}` makes: the macro's body in a scope of its own
                scope = nodes.With(macro.args, piece.args, macro.body, lineno=node.lineno)
                made.append(self.generic_visit(scope))
            elif made and isinstance(made[-1], nodes.Output):
                made[-1].nodes.append(self.visit(piece))
            else:
                made.append(nodes.Output([self.visit(piece)], lineno=node.lineno))
        return made

    def _called_macro(self, call: nodes.Call) -> nodes.Macro | None:
        """The macro, parsed anew, because its nodes become part of the tree."""
        file = self._imports.get(call.node.name) if isinstance(call.node, nodes.Name) else None
        if file is None or call.kwargs or call.dyn_args or call.dyn_kwargs:
            return None
        for found in self._parse(file).body:
            if isinstance(found, nodes.Macro) and isinstance(call.node, nodes.Name) and found.name == call.node.name:
                return found if len(found.args) == len(call.args) and not found.defaults else None
        return None
