# make demo   builds, then runs the main job on samples/ and ends with a ranked table and CSVs under submissions/demo
# make test   lints, then runs all tests
# make bench  speed beside the peers, as ratios
# make test-onnxruntime  the tests of --engine onnxruntime, with the library of PyPI's wheel for processors (wants python3)
# Each installs missing Debian packages first and skips what is done.

# libopencv-core-dev and -imgproc-dev are the two parts of libopencv-dev that are used: the whole would bring 300 MB more.
PACKAGES := pkg-config libopencv-core-dev libopencv-imgproc-dev libopenblas-dev libjpeg-dev libpng-dev libdnnl-dev \
	libpolyclipping-dev libzstd-dev libssl-dev libsqlite3-dev libxxhash-dev zlib1g-dev

.PHONY: all setup build lint test test-onnxruntime demo bench clean

all: build

setup:
	@missing=$$(for p in $(PACKAGES); do \
		dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || printf '%s ' $$p; done); \
	if [ -n "$$missing" ]; then \
		root=; [ "$$(id -u)" = 0 ] || root=sudo; \
		echo "setup: installing Debian packages: $$missing"; \
		$$root apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive $$root apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi

build: setup
	swift build -c release

lint:
	swift format lint --strict --parallel --recursive Package.swift Sources Tests

# Tests run in release: they pass whole data sets through the real code.
test: setup lint
	swift test -c release --disable-testable-imports

# The wheel's library alone is used, no Python. The submit that the tests start inherits the variable.
ONNXRUNTIME := .build/onnxruntime

test-onnxruntime: setup
	@[ -f $(ONNXRUNTIME)/done ] || { \
		echo "test-onnxruntime: fetching the wheel" && python3 -m venv $(ONNXRUNTIME) && \
		$(ONNXRUNTIME)/bin/pip install -q --no-deps onnxruntime && touch $(ONNXRUNTIME)/done; }
	@library=$$(find $(CURDIR)/$(ONNXRUNTIME) -name 'libonnxruntime.so.*' -type f | head -n 1); \
	[ -n "$$library" ] || { \
		echo "test-onnxruntime: no libonnxruntime.so.* under $(ONNXRUNTIME); rm -r it and run this again" >&2; exit 66; }; \
	SUBMIT_ONNXRUNTIME="$$library" swift test -c release --disable-testable-imports --filter 'ONNX|ExportTests'

demo: build
	@samples/demo.sh

bench: build
	@Benchmarks/run.sh

clean:
	rm -rf .build submissions/demo
