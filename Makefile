# A new machine needs only Go and make: go run fetches the tools at these versions.
TOOLS       = mvdan.cc/gofumpt@v0.12.0 honnef.co/go/tools@v0.8.2 golang.org/x/vuln@v1.9.0
GOFUMPT     = go run $(filter mvdan.cc/%,$(TOOLS))
STATICCHECK = go run $(subst @,/cmd/staticcheck@,$(filter honnef.co/%,$(TOOLS)))
GOVULNCHECK = go run $(subst @,/cmd/govulncheck@,$(filter golang.org/%,$(TOOLS)))

# The folders of the modules. go ./... does not descend into a nested one.
MODULES = . e2e

VERSION  ?= $(or $(patsubst v%,%,$(shell git describe --tags --dirty 2>/dev/null)),dev)
COMMIT   ?= $(or $(shell git rev-parse --short=12 HEAD 2>/dev/null),unknown)
# A number of inputs, not a duration: when its time is up, a fuzz target
# sometimes fails for that reason alone.
FUZZTIME ?= 20000x

# The race detector needs a C compiler, at least on Linux. Without one, the tests
# run without the race detector, and make prints a message.
RACE := $(shell if [ "$$(go env CGO_ENABLED)" = 1 ] && command -v $$(go env CC) >/dev/null; then echo -race; fi)

.DEFAULT_GOAL := help
.PHONY: help build check lint test bench fuzz e2e drift outdated vulncheck image

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "make %-9s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the static binary, dist/antechamber
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)" -o dist/antechamber .

check: lint test ## Run lint and test

lint: ## Run gofumpt, go vet and staticcheck on all modules
	@unformatted=$$($(GOFUMPT) -l .) && if [ -n "$$unformatted" ]; then \
		echo "gofumpt -w would change:"; echo "$$unformatted"; exit 1; fi
	@set -e; for module in $(MODULES); do \
		echo "go vet, staticcheck: $$module"; \
		(cd $$module && go vet ./... && $(STATICCHECK) ./...); \
	done

test: ## Run all tests of all modules with the race detector
	@$(if $(RACE),,echo "no C compiler: running the tests without the race detector")
	@set -e; for module in $(MODULES); do (cd $$module && go test $(RACE) ./...); done

bench: ## Run the benchmarks of the store and the handlers
	go test -run '^$$' -bench . -benchmem ./store ./handlers

fuzz: ## Run each fuzz target (FUZZTIME=20000x)
	@set -e; for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package; \
		done; \
	done

e2e: ## Test the built binary over TCP with the official SDKs
	cd e2e && go test -count=1 ./...

drift: ## Compare with the vendor's newest SDKs (needs the network and npm)
	cd e2e && go run ./drift

DIRECT   = $$(go list -m -f '{{if not (or .Main .Indirect .Replace)}}{{.Path}}{{end}}' all)
OUTDATED = go list -m -u -f '{{with .Update}}{{$$.Path}} {{$$.Version}}, newest {{.Version}}{{end}}'
outdated: ## List direct dependencies and tools with newer versions (needs the network and npm)
	@set -e; for module in $(MODULES); do (cd $$module && $(OUTDATED) $(DIRECT)); done
	@$(OUTDATED) $(TOOLS)
	@cd e2e/ts && npm outdated || test $$? = 1 # 1 if there are some; sdk-0.137.0 is old on purpose

vulncheck: ## Check for known vulnerabilities with govulncheck (needs the network)
	@set -e; for module in $(MODULES); do \
		echo "govulncheck: $$module"; \
		(cd $$module && $(GOVULNCHECK) ./...); \
	done

image: ## Build the container image for amd64 and arm64, dist/image.tar (OCI)
	mkdir -p dist
	docker buildx build --platform linux/amd64,linux/arm64 --build-arg VERSION=$(VERSION) --build-arg COMMIT=$(COMMIT) \
		--tag antechamber:$(VERSION) --output type=oci,dest=dist/image.tar .
