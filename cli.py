#!/usr/bin/env python3
"""Runs mailproc from a checkout: `python cli.py ...` is `mailproc ...`; not in the wheel."""

from mailproc.cli import main

if __name__ == "__main__":
    main()
