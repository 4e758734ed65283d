# The two commands of the first screen are `make run` and `make test`; both work from a fresh clone.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS ?=
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Leaves out the libraries of what is never called, which each worker would load: OpenCV's windows and cameras bring a hundred others along.
# GNU's linker keeps them.
export CGO_CXXFLAGS = -O2 -g -ffunction-sections -fdata-sections
export CGO_LDFLAGS = -O2 -g -fuse-ld=lld -Wl,--as-needed -Wl,--gc-sections

# What `make faults` draws from, and for how long.
FAULTS_SEED ?= 1
FAULTS_FOR ?= 15m

# How many streams `make rolling` plays, and which framewatch runs before the restarts; empty: the same.
ROLLING_STREAMS ?= 500
ROLLING_BEFORE ?=

# How many streams the wall of `make bench-console` has, for how long it is open, and the file that gets the result.
CONSOLE_STREAMS ?= 1000
CONSOLE_FOR ?= 10m
CONSOLE_REPORT ?= bench-console.json

# Where `make release` puts the archive, the bill of materials and their checksums.
DIST ?= dist

# How many streams `make cost` measures both designs with.
COST_STREAMS ?= 2

.PHONY: run build bindings setup test setup-test faults rolling test-browser screenshots bench-console bench-scale cost lint fmt generate up up-demo image-test clean

# Plays the demo: live streams with faults, and the page that shows them being found.
run: build
	bin/framewatch demo

build: setup
	go build -ldflags "-X main.release=$(VERSION) $(LDFLAGS)" -o bin/framewatch ./cmd/framewatch

# Builds what takes longest and changes least, for the image's layers.
bindings: setup
	go build gocv.io/x/gocv github.com/asticode/go-astiav

.PHONY: release
# What is given to others: a versioned archive for Debian 12 on this processor, a CycloneDX bill of materials, and checksums. The same commit gives the same bytes.
release: setup
	mkdir -p $(DIST)/build
	go build -trimpath -buildvcs=true -ldflags "-s -w -X main.release=$(VERSION) $(LDFLAGS)" -o $(DIST)/build/framewatch ./cmd/framewatch
	go run ./deploy/release -version $(VERSION) -binary $(DIST)/build/framewatch -out $(DIST)

setup:
	@deploy/setup.sh

# What .ci/run runs. One package after the other: those that play live streams need the processors for themselves.
test: setup-test lint
	go test -count=1 -timeout 40m -p 1 ./...
	cd deploy/kubernetes/check && CGO_ENABLED=0 go test -count=1 -timeout 30m ./...
	cd deploy/prometheus/check && CGO_ENABLED=0 go test -count=1 -timeout 10m ./...

.PHONY: kube kube-test
# Renders the Helm chart into deploy/kubernetes, for who does not use Helm.
kube:
	cd deploy/kubernetes/check && CGO_ENABLED=0 go test -count=1 -run '^(TestTheChartsCopies|TestManifestsAreTheChart)$$' . -update

# Asks the real Kubernetes API server about the manifests, with pods held to the standard called restricted. Building it takes ten minutes, once.
kube-test:
	cd deploy/kubernetes/server && CGO_ENABLED=0 go test -count=1 -v -timeout 60m ./...

# Lets everything happen to the detectors and to the brokers of their log, over and over, and compares what stands on the log in the end.
faults: setup-test
	go test -count=1 -v -timeout 30m -run '^TestFaults$$' ./cmd/framewatch -faults.for $(FAULTS_FOR) -faults.seed $(FAULTS_SEED)

# Restarts every detector, notifier and console in turn under load, and tells how long nothing of a partition was committed; on a quiet machine. ROLLING_BEFORE=FILE has another
# version's framewatch run before each is restarted.
rolling: setup-test
	go test -count=1 -v -timeout 30m -run '^TestRollingRestart$$' ./cmd/framewatch -rolling.streams $(ROLLING_STREAMS) -rolling.rounds 2 -rolling.before "$(ROLLING_BEFORE)"

# Opens the wall of a thousand streams in a browser and measures what it takes there and of the server; on a quiet machine. CONSOLE_FOR=1m is a short look.
bench-console: setup-test
	go test -count=1 -v -timeout 60m -run '^TestConsoleBench$$' ./internal/lab -console.streams $(CONSOLE_STREAMS) -console.for $(CONSOLE_FOR) -console.report $(abspath $(CONSOLE_REPORT))

# Measures both designs on this machine, which should be quiet, and writes what they cost into docs/cost.md.
cost: build
	for rate in 1 every; do bin/framewatch bench baseline --streams $(COST_STREAMS) --for 60s --rate $$rate --output json || exit 1; done > bin/measured.ndjson
	bin/framewatch cost --measured bin/measured.ndjson --output markdown > bin/cost.md
	mv bin/measured.ndjson deploy/measured.ndjson
	mv bin/cost.md docs/cost.md

# What a browser sees: the page's own tests, and an operator's shift over the demo.
test-browser: setup-test
	go test -count=1 -timeout 10m ./console
	go test -count=1 -timeout 10m -run '^TestOperatorsShift$$' ./cmd/framewatch

# Photographs each page of the demo into docs/screenshots.
screenshots: setup-test
	go test -count=1 -v -timeout 10m -run '^TestScreenshots$$' ./cmd/framewatch -screenshots $(CURDIR)/docs/screenshots

# Measures what streams take on this machine, within 8 minutes and quiet, and writes the capacity page anew.
bench-scale: build setup-test
	bin/framewatch bench scale --output json > bin/capacity.json
	mv bin/capacity.json docs/capacity.json
	go test -count=1 -run '^TestCapacityPage$$' ./internal/lab -capacity.update

setup-test:
	@deploy/setup.sh test

lint: setup-test
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not gofmt-clean, run make fmt:" $$unformatted; exit 1; fi
	go vet ./...
	go run $(STATICCHECK) ./...

fmt:
	gofmt -w .

# Writes the Go structs of the schemas, the AsyncAPI document and the dashboards anew.
generate:
	go generate ./schemas
	go generate ./deploy/grafana/gen

# Framewatch in containers, on any distribution: http://localhost:8080. PROFILES="kafka registry observability demo" adds what docker-compose.yml says of them.
PROFILES ?=
up:
	@deploy/secrets.sh
	VERSION=$(VERSION) FRAMEWATCH_REPLICATION=$(if $(filter kafka,$(PROFILES)),3,1) FRAMEWATCH_REGISTRY=$(if $(filter registry,$(PROFILES)),http://registry:8080/apis/ccompat/v7) \
		docker compose $(PROFILES:%=--profile %) up --build

# The demo alone in a container: http://localhost:8081
up-demo:
	@deploy/secrets.sh
	VERSION=$(VERSION) docker compose up --build demo

# Builds the image and tries it in a container engine: the one that runs, or one of its own for as long as the tests take. FRESH=1 builds without the layers of before.
image-test:
	VERSION=$(VERSION) deploy/image/test.sh

clean:
	rm -rf bin $(DIST)
