"""Defects of one mail as they are collected: one of a kind, however often the mail gives cause. Dry: no I/O."""

from mailproc.records.mail import Defect


def add_defect(defects: list[Defect], code: str, text: str) -> None:
    """Note what had to be worked around, unless something of that kind was noted before."""
    if not any(defect.code == code for defect in defects):
        defects.append(Defect(code, text))
