# Flint's build. `make` alone lists what there is to do.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory

# Where `make run` keeps its data and listens. DATABASE is a postgres:// URL or a file of SQLite; when
# it is empty the data folder holds everything.
DATA ?= ./data
ADDR ?= 127.0.0.1:8080
DATABASE ?=

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# Arguments of the longer tests: make crash CRASH="-runs 5000", make load LOAD="-clients 8 -duration 30m",
# make soak SOAK="races fuzz". LOAD="-short" only sees that every flow runs.
CRASH ?=
LOAD ?=
SOAK ?=

export CGO_ENABLED := 0
export REDOCLY_TELEMETRY := off

.DEFAULT_GOAL := help
.PHONY: help setup build run test unit vet arch e2e openapi openapi-check check lint bench load microbench crash soak tools clean

help: ## list these targets
	@awk -F ':.*## ' '/^##@ / { print substr($$0, 4) ":" } /^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ everyday

run: build ## build and start a development environment (DATA, ADDR, DATABASE)
	exec bin/flint dev --data "$(DATA)" --addr "$(ADDR)" $(if $(DATABASE),--database "$(DATABASE)")

build: ## build bin/flint
	go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/flint ./cmd/flint

test: setup build vet unit openapi-check e2e ## set up, then run every test

check: setup vet openapi-check lint ## everything that reads the code without running it, linters included

##@ one by one

setup: ## install what the tests need (quick when all is there)
	@scripts/setup.sh

vet: ## formatting, go vet and the rules of the architecture
	@unformatted=$$(gofmt -l cmd internal sdk examples test 2>/dev/null || true); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	$(MAKE) arch

arch: ## the rules of the architecture alone
	go test ./internal/arch

unit: ## Go tests, on SQLite and on a PostgreSQL of their own
	go test -timeout 15m ./...

e2e: build ## the pages in Chromium
	cd test/e2e && npx --no-install playwright test

openapi: build ## write docs/openapi.json anew, and the clients in sdk that follow it
	bin/flint openapi > bin/openapi.json
	mv bin/openapi.json docs/openapi.json
	go run ./sdk/internal/gen

openapi-check: build ## docs/openapi.json is what the code says, and passes the lint
	@bin/flint openapi | diff -u docs/openapi.json - || \
		{ echo 'docs/openapi.json is not what the code says: run "make openapi" and review the difference'; exit 1; }
	cd test/e2e && npx --no-install redocly lint --config redocly.yaml ../../docs/openapi.json

lint: tools ## golangci-lint
	bin/golangci-lint run ./...

tools: bin/golangci-lint ## build the linters (some minutes, once)

bin/golangci-lint: tools/go.mod tools/go.sum
	go -C tools build -trimpath -o ../bin/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint

##@ longer runs

bench: build ## a measured load of four flows on the whole binary beside its floor, eight minutes; writes docs/bench (LOAD)
	go run ./test/load -out docs/bench $(LOAD)

load: build ## the same without a file, for a look while working (LOAD)
	go run ./test/load -duration 3s $(LOAD)

microbench: ## Go benchmarks of single packages
	go test -run '^$$' -bench . -benchmem ./...

crash: ## kill the binary over and over, compare with what clients saw; the result goes to docs/crash (CRASH)
	go test ./test/crash -run 'TestCrash$$' -v -count=1 -timeout 60m -args -campaign -report ../../docs/crash $(CRASH)

soak: ## 200 rounds of every race, 20,000 webhooks under kills, 2,000 cases of every property, every fuzz target; log in docs/soak (SOAK)
	scripts/soak.sh $(SOAK)

clean: ## remove what was built; data stay
	rm -rf bin test/e2e/shots
