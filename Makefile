# Two commands: `make book` and `make test`. Both do all set-up themselves and repeat nothing that
# is done.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
PYTEST := $(RUN) -m pytest
CODE := solar tests tools benchmarks conftest.py
# Tests run side by side: one process per core (eight at most), one thread per process.
CORES ?= $(shell $(PYTHON) -c 'import os; print(min(8, os.cpu_count() or 1))')
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
SIDE_BY_SIDE := -n $(CORES) --dist loadfile
NBVAL := --nbval --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg \
  --nbval-cell-timeout 900

.DEFAULT_GOAL := help
.PHONY: help setup lock world book pdf test check unit nbval fast coverage lab bench wheel clean

help:  ## show this list
	@echo "SOLAR, the book. The first run of any target makes $(VENV) (Python >= 3.11; PYTHON=..."
	@echo "chooses another one), and book, test, lab and bench write the mini world once. A second"
	@echo "run does no work twice."
	@echo
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

setup: $(READY)  ## make the virtual environment and install everything (the other targets call it)

$(READY): pyproject.toml constraints.txt tools/set_up.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "The book needs Python 3.11 or newer. Name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) tools/set_up.py $(VENV)
	@touch $@

lock: $(READY)  ## write uv.lock and constraints.txt anew from pyproject.toml (LOCK=--upgrade: newer versions)
	$(VENV)/bin/uv lock $(LOCK)
	$(RUN) tools/constraints.py

world: $(READY)  ## write the mini world to $SOLAR_HOME, else to the platform's cache folder
	$(RUN) -m solar data mini

book: world  ## execute every chapter and build the HTML in _build/html (BOOK=--no-budgets: at any cost)
	$(RUN) tools/build_book.py $(BOOK)

pdf: book  ## print the whole book into _build/book.pdf, with contents and links
	$(RUN) tools/print_book.py

test: check unit nbval  ## check the style, run all tests, then every notebook against its outputs

unit: world  ## run all tests and the examples in the docstrings
	$(ONE_THREAD) $(PYTEST) $(SIDE_BY_SIDE) --doctest-modules solar tests

nbval: world  ## run every notebook and compare what it prints with what is stored
	$(ONE_THREAD) $(PYTEST) $(SIDE_BY_SIDE) $(NBVAL) notebooks

coverage: world  ## run all tests once more and say which lines they reach
	$(ONE_THREAD) $(PYTEST) $(SIDE_BY_SIDE) --cov --cov-report=term --cov-fail-under=90 tests

check: $(READY)  ## check style, format, types and notebooks, in seconds
	$(RUN) -m ruff check $(CODE) notebooks
	$(RUN) -m ruff format --check $(CODE) notebooks
	$(RUN) tools/check_notebooks.py notebooks/*.ipynb
	$(VENV)/bin/basedpyright

fast: $(READY)  ## run the tests that need neither the mini world nor other processes, in a minute
	$(ONE_THREAD) $(PYTEST) $(SIDE_BY_SIDE) -m "not slow and not browser and not processes" tests

lab: world  ## open JupyterLab on the first chapter
	$(RUN) -m jupyterlab notebooks/01_finding_a_landmark_again.ipynb

bench: world  ## run the benchmarks, which print what they measure
	@for script in benchmarks/*.py; do echo "== $$script"; $(RUN) $$script || exit 1; done

wheel: $(READY)  ## build the release and try it in an empty environment, outside this folder
	$(RUN) tools/try_wheel.py

clean:  ## remove what was built here: the environment, the book, caches (not the mini world)
	rm -rf $(VENV) _build build dist .pytest_cache .ruff_cache .hypothesis .coverage* *.egg-info
	find solar tests tools benchmarks notebooks -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf
