"""The daemon: what runs all day. Wet, no policy."""

from mailproc.daemon.service import Daemon, run_once, survey

__all__ = ["Daemon", "run_once", "survey"]
