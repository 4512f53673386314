"""YAML text to nodes that know their line and column; every scalar is a string. Dry: no I/O.

Shared by the settings file and the rulebook. `no`, `22:30`, `on` and `1e3` are the text the admin wrote; duplicate
keys, anchors, aliases and tags are refused. What is wrong comes back as `Problem`s with a remedy; this room knows no
key of any file.
"""

from mailproc.yamlnodes.nodes import CODES, Document, Mapping, Node, Problem, Scalar, Sequence
from mailproc.yamlnodes.read import MAX_BYTES, MAX_DEPTH, MAX_PROBLEMS, load
from mailproc.yamlnodes.show import did_you_mean, find_nearest, format_problem, split_lines

__all__ = [
    "CODES",
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_PROBLEMS",
    "Document",
    "Mapping",
    "Node",
    "Problem",
    "Scalar",
    "Sequence",
    "did_you_mean",
    "find_nearest",
    "format_problem",
    "load",
    "split_lines",
]
