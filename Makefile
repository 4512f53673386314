# `make` alone lists the targets. Each one makes .venv when it is missing and needs no other set-up.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(PY) -m pip --quiet
MAILPROC := $(VENV)/bin/mailproc
# Stamps: what .venv holds. They are older than setup.cfg after a change of the dependencies.
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
SITE := site
# Tests wait for servers, clocks and disks about half of their time: twice as many workers as cores use it.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1) '*' 2)
# Without it each start of mailproc, some two hundred in `make test`, compiles all of it again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo run test check bench crash faults fuzz clean

help:
	@grep -E '^## ' Makefile | cut -c 4-

## make demo    the main job once, on the samples, in a throw-away site
demo: $(RUNTIME)
	@$(MAILPROC) demo

## make run     a local site in ./site (SMTP on 127.0.0.1:2525) and the daemon on it
run: $(RUNTIME) $(SITE)/mailproc.yaml
	@$(PY) -c "$$HOW_TO_MAIL" $(SITE)/mailproc.yaml
	@exec $(MAILPROC) --config $(SITE)/mailproc.yaml run

define HOW_TO_MAIL
import sys
from pathlib import Path
from mailproc import settings
address = settings.load(Path(sys.argv[1])).site.addresses[0]
print(f'''The settings are in {sys.argv[1]}. Ctrl-C stops the daemon. To send it a mail, type in another terminal:

    $(PY) -c "import smtplib; smtplib.SMTP('127.0.0.1', 2525).sendmail('ann@client.example', '{address}', \
      'From: Ann <ann@client.example>\\nTo: {address}\\nSubject: Printer on fire\\n\\nPlease help.\\n')"

What it answers lands in $(SITE)/data/sent/new. $(MAILPROC) --config {sys.argv[1]} ticket list shows the tickets.
''')
endef
export HOW_TO_MAIL

$(SITE)/mailproc.yaml: | $(RUNTIME)
	@$(MAILPROC) init $(SITE) --yes

## make test    everything CI runs: ruff, mypy, all tests
test: $(DEV)
	@$(VENV)/bin/ruff check --quiet .
	@# mypy beside the tests: neither uses all cores all the time
	@$(VENV)/bin/mypy --no-error-summary & types=$$!; \
		$(PY) -m pytest --quiet --numprocesses $(WORKERS) --dist worksteal; tests=$$?; \
		wait $$types || { echo "mypy found errors, see above" >&2; exit 1; }; exit $$tests

## make check   the fast part of it: ruff, mypy, floors, docs
check: $(DEV)
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/mypy --no-error-summary
	@$(PY) -m pytest --quiet tests/test_floors.py $(wildcard tests/test_docs.py)

## make bench   the benchmarks beside their floors, with the ratios (BENCH="--quick" for a first look)
bench: $(DEV)
	@$(PY) -m bench.run $(BENCH)

## make crash   kills the daemon at every step and counts what is lost or doubled (CRASH="--help")
crash: $(DEV)
	@$(PY) -m bench.crash $(CRASH)

## make fuzz    200,000 broken mails through the reader (FUZZ="--count 1000000 --seeds DIR")
fuzz: $(DEV)
	@$(PY) -m bench.fuzz $(FUZZ)

## make faults  real Dovecot and Postfix, killed and cut in every step, and the next host away: what is lost or doubled
faults: $(DEV)
	@$(PY) -m bench.imap_faults $(FAULTS)
	@$(PY) -m bench.postfix_faults
	@$(PY) -m bench.outage

## make clean   removes .venv, caches and builds; ./site, which holds tickets, stays
clean:
	@rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './$(SITE)/*' -prune -exec rm -rf {} +

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "mailproc needs Python 3.11 or newer; say which with: make PYTHON=python3.11" >&2; exit 1; }
	@echo "making $(VENV) ..." >&2
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "Python cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }

$(RUNTIME): setup.cfg pyproject.toml | $(PY)
	@echo "installing what mailproc needs ..." >&2
	@$(PIP) install --editable .
	@touch $@

$(DEV): setup.cfg pyproject.toml | $(PY)
	@echo "installing what mailproc and its tests need ..." >&2
	@$(PIP) install --editable '.[dev,postgres]'
	@touch $(RUNTIME) $@
