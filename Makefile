# Two commands do everything: `make run` and `make test`. The environment is .venv, built from the lock.

PYTHON ?= python3
CORES ?= 4
STUDY ?=
TORCH_INDEX ?=
PIP = .venv/bin/python -m pip --disable-pip-version-check
BIN = $(CURDIR)/.venv/bin
# torch's build is for each machine to choose, and brings what it needs of CUDA with it
PINNED = sed 's/+[a-z0-9]*$$//' | grep -vE '^(nvidia|triton|cuda|pip=)'

.PHONY: run keras test benchmarks benchmarks-gpu lint docs lock clean
export PATH := $(BIN):$(PATH)

run: .venv/ready  ## the study of config/config.yaml (or STUDY=name), to its report
	snakemake --cores $(CORES) $(if $(STUDY),--config study=$(STUDY))
	@assay report $(STUDY)

keras: .venv/ready  ## an extra: models written with Keras 3
	$(PIP) install --quiet --requirement envs/requirements-keras.lock

test: .venv/ready-dev  ## the whole test suite
	python -m pytest $(PYTEST_ARGUMENTS)

benchmarks: .venv/ready  ## how fast: tables and JSON; the other frameworks are installed beside .venv
	python -m venv .venv-benchmarks
	.venv/bin/python -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' \
	  > "$$(.venv-benchmarks/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/assay.pth"
	.venv-benchmarks/bin/python -m pip --disable-pip-version-check install --quiet --requirement envs/requirements-benchmarks.lock
	for name in start loop memory study; do .venv-benchmarks/bin/python tests/benchmarks/$$name.py $(BENCHMARK_ARGUMENTS) || exit; done

benchmarks-gpu: .venv/ready  ## the same of runs that share a GPU, mixed precision, determinism: needs a GPU
	python tests/benchmarks/gpu.py $(BENCHMARK_ARGUMENTS)

lint: .venv/ready-dev  ## style, types, and Snakemake's own checks
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile workflow
	snakemake --lint

docs: .venv/ready  ## config/README.md and the JSON Schemas, from the settings' docstrings
	python scripts/assay/settings/document.py

lock:  ## pin the newest versions that envs/*.in allow
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --requirement envs/requirements.in
	.venv-lock/bin/pip freeze --all | $(PINNED) > envs/requirements.lock
	.venv-lock/bin/pip install --quiet --requirement envs/requirements-dev.in
	.venv-lock/bin/pip freeze --all | $(PINNED) | grep -vxFf envs/requirements.lock > envs/requirements-dev.lock
	rm -rf .venv-lock

clean:  ## the environment; results are yours to delete
	rm -rf .venv .venv-benchmarks

.venv/ready: envs/requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=…")'
	$(PYTHON) -m venv .venv
	$(PIP) install --quiet $(addprefix --extra-index-url ,$(TORCH_INDEX)) --requirement envs/requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	touch $@

.venv/ready-dev: .venv/ready envs/requirements-dev.lock
	$(PIP) install --quiet --requirement envs/requirements-dev.lock
	touch $@
