# Every target is one call of the package dev (plain Python, nothing to install first).
#
#   PHASE=lint|unit|integration|odoo|screens|first-use  PYTEST_ARGS="-k name"   select tests
#   PHASE=clickhouse-26.7|clickhouse-18.16|clickhouse-cluster  those of other ClickHouses
#   WORKERS=2            Odoo's prefork mode behind a small proxy (up, demo)
#   FRESH=1              makes Odoo's database anew (up, demo)
#   LIVE=0               no live replay: the engine sells nothing new (up, demo)
#   ODOO_HOME=<tree>     an Odoo 19 source tree instead of Debian's package

export PHASE PYTEST_ARGS WORKERS FRESH LIVE ODOO_HOME
DEV := @cd "$(CURDIR)" && PYTHONDONTWRITEBYTECODE=1 python3 -m dev

.PHONY: help demo up down env services test test-slow lint format readme proto spreadsheets screenshots bench clean

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' "$(firstword $(MAKEFILE_LIST))"
demo: ## from a bare machine to Odoo with this addon, the whole history and live sales (LIVE=0: none); says what to open
	$(DEV) demo
up: ## the demo in the background
	$(DEV) up
down: ## stop the demo
	$(DEV) down
env: ## shell assignments for the running demo: eval "$$(make -s env)"
	$(DEV) env
services: ## start the test services and print where they are
	$(DEV) services test
test: ## lint, unit, integration and Odoo tests
	$(DEV) test
test-slow: ## the same with the slow tests, and ClickHouse's on other versions of it and on clusters
	$(DEV) test --slow
lint: ## ruff, pylint-odoo, prettier
	$(DEV) lint
format: ## let ruff and prettier put right what they can
	$(DEV) lint --fix
readme: ## make README.rst and the addon's page out of readme/
	$(DEV) run test python -m dev.readme
proto: ## make the files of gRPC out of the registry of reports
	$(DEV) run test python -m dev.proto
spreadsheets: ## make the files of the spreadsheet dashboards out of dev/spreadsheets
	@cd "$(CURDIR)" && PYTHONDONTWRITEBYTECODE=1 python3 -m dev.spreadsheets
screenshots: ## pictures of the demo for README and page (NAMES, TO)
	$(DEV) run demo python -m dev.screenshots $(NAMES)
bench: ## the benchmarks
	$(DEV) bench
clean: ## stop everything and remove this project's cache and data
	$(DEV) clean
