# The commands of the README. Each does its own set-up: Node 24 comes from the npm registry with the other packages, so the
# host needs only npm and any Node that runs it.

SHELL := /bin/bash
READY := node_modules/.package-lock.json

.PHONY: run kafka test check benchmark benchmark-all benchmark-micro benchmark-results benchmark-overload benchmark-one-pass torture format clean help

help: ## Lists the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | column -t -s "$$(printf '\t')"

$(READY): package.json package-lock.json
	@# Not `npm ci`: it refuses a lock file without the packages of other systems, which not every registry carries.
	npm install --no-save --no-audit --no-fund
	@touch $(READY)

run: $(READY) ## Serves on http://127.0.0.1:8080 with data in ./data
	@npm start --silent

kafka: ## Runs one Apache Kafka broker on 127.0.0.1:19092 in the foreground (KAFKA_PORT=, KAFKA_DATA=)
	@deploy/kafka/kafka.sh

test: $(READY) ## All tests; a few minutes
	@npm test --silent

check: $(READY) ## Format, lint, types, import direction, dead code, AsyncAPI
	@npm run check --silent

benchmark: $(READY) ## The canonical load against the service and a null server; ROW=<id> for one row
	@npm run benchmark --silent

benchmark-all: $(READY) ## Every row with its goal, half an hour or more: bench/out/benchmark.json and report.html (PAIRS=, QUICK=1)
	@npm run benchmark-all --silent

benchmark-micro: $(READY) ## Parts by themselves: apply, in-process, replay, restart, memory
	@npm run benchmark-micro --silent

benchmark-results: $(READY) ## Results out: into Kafka, SQLite, Redis and MariaDB, and the lags of all under load
	@npm run benchmark-results --silent

benchmark-overload: $(READY) ## Twice the capacity by the open loop: goodput and memory
	@npm run benchmark-overload --silent

benchmark-one-pass: $(READY) ## One-Pass against the third party's simulator: large and small funds, transfers
	@npm run benchmark-one-pass --silent

torture: $(READY) ## A million commands against the model, then 100 kills of the service and 200 of all around Kafka
	@npm run torture --silent

format: $(READY) ## Formats and fixes what can be fixed by itself
	@npm run format --silent

clean: ## Removes what was installed or measured; never ./data
	rm -rf node_modules bench/out coverage
