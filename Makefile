# The habits of the project. Each makes the environment it needs.
PYTHON ?= python3
# Where torch's CPU build comes from, if not from the index that pip is set up with:
#   make test TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
# Where the data sets lie; without it they are fetched from their sources.
DATA ?=
FROM = $(if $(DATA),--data $(DATA))
# How long make fuzz goes on.
SECONDS ?= 1800

SHIPPED = \
	exam-factors.monotonic-mlp study-hours.monotonic-mlp exam-scores.monotonic-mlp \
	exam-scores-followup.monotonic-mlp course-outcome.monotonic-mlp \
	secondary-mathematics.monotonic-mlp secondary-mathematics-midyear.monotonic-mlp \
	secondary-mathematics-early.monotonic-mlp secondary-portuguese.monotonic-mlp \
	secondary-portuguese-midyear.monotonic-mlp secondary-portuguese-early.monotonic-mlp \
	exam-factors.huber study-hours.ann \
	exam-scores.linear exam-scores.random-forest exam-scores-followup.ridge \
	course-outcome.logistic course-outcome.random-forest \
	secondary-mathematics.random-forest secondary-mathematics.mlp \
	secondary-mathematics-midyear.gradient-boosting \
	secondary-mathematics-early.gradient-boosting \
	secondary-portuguese.extra-trees secondary-portuguese.mlp \
	secondary-portuguese-midyear.gradient-boosting \
	secondary-portuguese-early.mean \
	exam-factors.cnn-small exam-factors.cnn-large

RUNTIME = .venv-runtime
DEV = .venv
BIN = $(DEV)/bin
PIP = -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test slow fuzz check format models bench wheel release aarch64 clean
.DEFAULT_GOAL := help

help:
	@echo "make demo     predict a small invented class list, then start the site (PORT=8100)"
	@echo "make test     install everything, run all checks, and all tests but the slow ones"
	@echo "make slow     run the slow tests: models trained again, a minute watched, the bench"
	@echo "make fuzz     run the property tests on new inputs until one fails, for half an hour at most;"
	@echo "              make fuzz SECONDS=60 for a minute"
	@echo "make check    format, lint, types, import contracts, dependencies, changelog"
	@echo "make format   put the code into the project's format"
	@echo "make models   train and export every model that ships (needs the data sets)"
	@echo "make bench    measure how fast it is, as ratios to the bare graph"
	@echo "make wheel    build the wheel and try it in empty environments"
	@echo "make release  build sdist, wheel and SHA256SUMS into dist/, from a clean git tree"
	@echo "make aarch64  verify every model as 64-bit Arm, in an emulator (needs root)"

# The runtime and the site: numpy, onnxruntime, Flask and waitress.
$(RUNTIME)/installed: pyproject.toml
	$(PYTHON) -m venv $(RUNTIME)
	$(RUNTIME)/bin/python $(PIP) --editable ".[web]"
	touch $@

demo: $(RUNTIME)/installed
	$(RUNTIME)/bin/satchel list
	@echo
	$(RUNTIME)/bin/satchel predict secondary-mathematics examples/class.csv --brief
	@echo
	$(RUNTIME)/bin/satchel serve $(if $(PORT),--port $(PORT))

# Everything, in the versions of constraints.txt.
$(DEV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(DEV)
	$(BIN)/python $(PIP) --upgrade "pip>=25.1"
	$(BIN)/python $(PIP) --constraint constraints.txt --group build
	$(if $(TORCH_INDEX),$(BIN)/python $(PIP) --constraint constraints.txt --index-url $(TORCH_INDEX) torch)
	$(BIN)/python $(PIP) --constraint constraints.txt --no-build-isolation \
		--group dev --editable ".[networks,web,excel,arrow]"
	touch $@

check: $(DEV)/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python tools/changelog.py
	$(BIN)/python tools/catalogues.py --check

format: $(DEV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: check
	$(BIN)/python -m pytest -m "not slow"

slow: $(DEV)/installed
	$(BIN)/python -m pytest -m slow

fuzz: $(DEV)/installed
	$(BIN)/python -m pytest --fuzz $(SECONDS)

models: $(DEV)/installed
	for name in $(SHIPPED); do \
		$(BIN)/satchel train $${name%%.*} --model $${name#*.} --out build/runs/$$name $(FROM) && \
		$(BIN)/satchel export build/runs/$$name -o models_onnx $(FROM) || exit 1; \
	done

# PART=one, many, process, table or rivals measures that part alone.
bench: $(DEV)/installed
	$(BIN)/python bench $(PART)

wheel: $(DEV)/installed
	$(BIN)/python tools/wheel.py

release: $(DEV)/installed
	$(BIN)/python tools/release.py

aarch64: $(DEV)/installed
	PYTHON=$(BIN)/python tools/aarch64.sh

clean:
	rm -rf $(RUNTIME) $(DEV) runs build dist
