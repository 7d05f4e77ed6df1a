# The lab without Docker. `make help` lists the commands.
.DEFAULT_GOAL := help
PYTHON_HERE := .venv/bin/python
# To save or delete the state, any Python will do.
PYTHON_ANY = $(or $(wildcard $(PYTHON_HERE)),python3)

# Three files of these tests at a time: many wait for something. Folders with slow files come first, so that none is left for the end. The
# others start whole labs: two at a time.
ALONGSIDE := $(addprefix tests/,models controller gateway traffic web store feedback serving load bench metrics embedded ship judge simulate \
             stats cli spec lint explain k8s test_sample_data.py)

.PHONY: help up run down demo backup reset test soak simulate bench models setup test-docker

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

up: models ## Install what is missing, start everything in the background, print the addresses
	@$(PYTHON_HERE) -m embedded up

run: models ## The same in the foreground with the logs; Ctrl-C stops everything
	@$(PYTHON_HERE) -m embedded run

down: ## Stop everything; journals stay
	@[ ! -x $(PYTHON_HERE) ] || $(PYTHON_HERE) -m embedded down

demo: up ## Play a rollout with simulated visitors, in under three minutes; DEMO=--bad with a worse candidate, DEMO=--fast faster
	@.venv/bin/lab demo $(DEMO)

backup: ## Save journals, weights and the key of the visitor digests in backups/ (LAB_BACKUPS), and say how to restore them
	@$(PYTHON_ANY) -m embedded.keep backup

reset: down ## Stop everything and delete its state: journals, database, logs, weights, the key of the visitor digests
	@$(PYTHON_ANY) -m embedded.keep reset

test: ## Install what is missing and run every test that needs no Docker
	@embedded/setup.sh test
	@$(PYTHON_HERE) download_models.py
	@$(PYTHON_HERE) -m ruff check .
	@$(PYTHON_HERE) -m pytest -m "not docker and not soak" -n 3 --dist loadfile --no-loadscope-reorder $(ALONGSIDE)
	@$(PYTHON_HERE) -m pytest -m "not docker and not soak" -n 2 --dist loadfile $(addprefix --ignore=,$(ALONGSIDE))

test-docker: ## Test docker-compose up --build from start to end
	@embedded/setup.sh test
	@$(PYTHON_HERE) -m pytest -m docker tests/docker

soak: ## Run the long tests under load: hundred thousands of visitors, and experiments to their end, about fifteen minutes
	@embedded/setup.sh test
	@$(PYTHON_HERE) -m pytest -m soak

simulate: ## Judge worlds whose truth is known; writes bench/statistics.md and docs/plots (3 to 10 minutes)
	@embedded/setup.sh test
	@$(PYTHON_HERE) -m bench.statistics

bench: ## Measure against controls and write bench/results.md; ONLY=int8 measures that row alone
	@embedded/setup.sh bench
	@$(PYTHON_HERE) download_models.py || echo "Rows whose models are missing will say so." >&2
	@$(PYTHON_HERE) -m bench $(ONLY)

models: setup ## Install what is missing and fetch or build the models
	@$(PYTHON_HERE) download_models.py || echo "The lab starts without the models that are missing." >&2

setup:
	@embedded/setup.sh
