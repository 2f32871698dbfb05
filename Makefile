# Gleaner. `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
NODE_BIN := node_modules/.bin
STAMP := build/.built
# Uses the Docker Engine that runs, or starts one; everything after it finds it by DOCKER_HOST.
WITH_DOCKER := endpoint=$$(scripts/ensure-docker.sh) && DOCKER_HOST=$$endpoint
# kubectl for the tests, and the programs of a real Kubernetes that they compare with; where those cannot be had, the tests that
# need them are reported as skipped, unless REQUIRE_KUBE=1.
WITH_KUBE := kubectl=$$(scripts/ensure-kubectl.sh --install) && { scripts/ensure-kube.sh >/dev/null || [ "$$REQUIRE_KUBE" != 1 ]; }
# An S3 server for the tests, likewise.
WITH_S3 := { scripts/ensure-s3.sh >/dev/null || [ "$$REQUIRE_S3" != 1 ]; }
SOURCES := $(shell find crds controlplane agent cli deploy test bench -name '*.ts' -not -path '*/node_modules/*' 2>/dev/null) tsconfig.json package.json

.PHONY: help deps build generate verify lint test test-unit test-integration test-e2e bench demo images image clean

help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  \033[1m%-18s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## Install the npm packages that package-lock.json names (when they are not there yet)
	@scripts/ensure-node.sh

build: deps $(STAMP) ## Compile TypeScript to build/js; ./bin/gleaner works afterwards

$(STAMP): $(SOURCES)
	@$(NODE_BIN)/tsc -p . && touch $@

generate: build ## Write crds/generated/*.yaml from the classes in crds/, docs/cli/ from the commands, and both into the chart
	@node build/js/crds/schema/generate.js
	@node build/js/cli/docs.js
	@node build/js/deploy/generate.js

verify: build ## Types, lint, import boundaries, generated files up to date
	@$(NODE_BIN)/oxlint --deny-warnings
	@node build/js/crds/schema/generate.js --check
	@node build/js/cli/docs.js --check
	@node build/js/deploy/generate.js --check

images: deps ## Build the runtime images (shell, python, node) into build/images
	@runtime-images/build.sh

image: build images ## Build the container image of the control plane into build/image (ARGS=--load: also into Docker)
	@deploy/image/build.sh $(ARGS)

test: build images ## Everything: unit, integration and end-to-end tests (installs Docker Engine when there is none and it may)
	@scripts/ensure-postgres.sh --install >/dev/null && scripts/ensure-python-client.sh --install >/dev/null
	@$(WITH_S3) && $(WITH_KUBE) && $(WITH_DOCKER) KUBECTL=$$kubectl node scripts/test.mjs unit integration docker kubectl-current e2e

test-unit: build ## Unit tests: beside the sources; no server, no Docker
	@node scripts/test.mjs unit

test-integration: build images ## Tests with real parts: SQLite, TLS, kubectl, Docker
	@scripts/ensure-postgres.sh --install >/dev/null && scripts/ensure-python-client.sh --install >/dev/null
	@$(WITH_S3) && $(WITH_KUBE) && $(WITH_DOCKER) KUBECTL=$$kubectl node scripts/test.mjs integration docker kubectl-current

test-e2e: build images ## Whole jobs through the real command
	@scripts/ensure-postgres.sh --install >/dev/null && scripts/ensure-python-client.sh --install >/dev/null
	@$(WITH_KUBE) && $(WITH_DOCKER) KUBECTL=$$kubectl node scripts/test.mjs e2e

bench: build images ## Measure; prints a table and writes bench/out/latest.json (ARGS="--only lifecycle --profile", ARGS=--help)
	@scripts/ensure-peers.sh >/dev/null; scripts/ensure-kube.sh --only etcd,kube-apiserver >/dev/null || true
	@$(WITH_DOCKER) node build/js/bench/main.js $(ARGS)

demo: build images ## Start everything on this machine, run the flights example, show results and the bill, stop
	@$(WITH_DOCKER) scripts/demo.sh

clean: ## Remove what was built (not installed packages, not data)
	@rm -rf build bench/out
