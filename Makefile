# `make` alone lists what can be made.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
ARGS ?=
JOBS ?= 2

.PHONY: help run test check format bench soak translations lock clean

help: ## list the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

# A Debian without python3-venv makes an environment that lacks pip; say the one command that mends it.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "This needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo; echo "Python cannot make an environment here. On Debian or Ubuntu this mends it:"; echo "    sudo apt install -y python3-venv"; exit 1; }

$(VENV)/.run: requirements.txt pyproject.toml | $(BIN)/pip
	@echo "Installing what the station needs (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.test: requirements-dev.txt $(VENV)/.run
	@echo "Installing what the tests need (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.bench: requirements-bench.txt $(VENV)/.test
	@echo "Installing what the bench needs (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

run: $(VENV)/.run ## set up and start a complete demo station on this machine
	@$(BIN)/python -m station demo --port $(PORT) $(ARGS)

test: $(VENV)/.test ## set up and run the tests
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

check: $(VENV)/.test ## format, lint, import contracts, types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy

format: $(VENV)/.test ## put the code into its format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.bench ## measure the figures that the README quotes
	@$(BIN)/python -m bench $(ARGS)

soak: $(VENV)/.test ## the long tests
	@$(BIN)/python -m pytest -m soak -s $(ARGS)

translations: $(VENV)/.test ## collect the texts to translate and compile the catalogs
	@$(BIN)/python -m station.translations

lock: ## pin every dependency with its hashes (needs uv)
	@uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements.txt
	@uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --group dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	@uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --group pyproject.toml:bench -c requirements-dev.txt -o requirements-bench.txt

clean: ## remove the environment
	rm -rf $(VENV)
