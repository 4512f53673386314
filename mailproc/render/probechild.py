"""The limited process that `probe` starts: renders a site's templates with sample values and reports on stdout."""

import json
import resource
import sys
import time
from pathlib import Path

from mailproc.render.environment import MAX_OUTPUT, TEMPLATE_ERRORS, Templates, describe_error
from mailproc.render.probe import CPU_SECONDS, MEMORY_BYTES, list_units, template_folders
from mailproc.render.variables import clean_context, sample_contexts


def main(arguments: list[str]) -> None:
    """Probe from a unit on; one JSON line when a unit begins, one when it is bad, one at the end."""
    site, stock = Path(arguments[0]), Path(arguments[1])
    fallback, start = arguments[2], int(arguments[3])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    known: dict[str, Templates] = {}
    for index, (language, name) in enumerate(list_units(site, stock)):
        if index < start:
            continue
        if language not in known:
            known[language] = Templates(template_folders(site, stock, language, fallback))
        templates = known[language]
        if not templates.touches(name, site):
            continue
        _report(kind="begin", unit=index)
        # the kernel counts the whole process, so every unit gets its own seconds on top of those used
        limit = int(time.process_time()) + 1 + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        why = _try(templates, name)
        if why:
            _report(kind="bad", unit=index, why=why)
    _report(kind="end")


def _try(templates: Templates, name: str) -> str:
    """Why that mail's templates may not be used, "" when they may."""
    try:
        for context in sample_contexts(name):
            subject, text, html = templates.render(name, clean_context(name, context))
            if not subject:
                return "the subject is empty"
            if max(len(text), len(html)) > MAX_OUTPUT:
                return f"longer than {MAX_OUTPUT} characters"
    except TEMPLATE_ERRORS as error:
        return describe_error(error)
    return ""


def _report(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
