# SPDX-License-Identifier: Apache-2.0
#
# A thin front door: every target is one command of a tool that can also be called directly.
# Variables: BUILD (build folder), PREFIX and DESTDIR (make install), JOBS, FUZZ_SECONDS.

BUILD ?= build
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
CMAKE_FLAGS ?=

.PHONY: all build run test unit fault fuzz integration tidy lint format install clean help
.DEFAULT_GOAL := all

all: build

## build        compile weir and weir-origin (tests are compiled by make test)
build:
	cmake -S . -B $(BUILD) -G Ninja -DCMAKE_INSTALL_PREFIX=$(PREFIX) $(CMAKE_FLAGS)
	cmake --build $(BUILD) -j $(JOBS) --target programs

## run          install what is missing, build, start weir in front of two small servers
run:
	tools/install-deps run
	$(MAKE) --no-print-directory build
	BUILD=$(BUILD) tools/quickstart

## test         everything that CI runs
test:
	BUILD=$(BUILD) JOBS=$(JOBS) tools/run-tests all

## unit         the unit tests, under ASan and UBSan
unit:
	BUILD=$(BUILD) JOBS=$(JOBS) tools/run-tests unit

## fault        every allocation failed in turn, under ASan and UBSan
fault:
	BUILD=$(BUILD) JOBS=$(JOBS) tools/run-tests fault

## integration  pytest against the real binary; T=tests/integration/test_x.py for one file
integration:
	BUILD=$(BUILD) JOBS=$(JOBS) tools/run-tests integration $(T)

## fuzz         each fuzz target for FUZZ_SECONDS (default 60)
fuzz:
	BUILD=$(BUILD) JOBS=$(JOBS) FUZZ_SECONDS=$(or $(FUZZ_SECONDS),60) tools/run-tests fuzz

## tidy         the structure and style checks of tests/tidy
tidy:
	BUILD=$(BUILD) JOBS=$(JOBS) tools/run-tests tidy

## lint         clang-tidy over src (slow)
lint: build
	run-clang-tidy -quiet -p $(BUILD) -j $(JOBS) '/src/.*\.c$$'

## format       clang-format every C file in place
format:
	git ls-files -z --cached --others --exclude-standard '*.c' '*.h' | xargs -0 -r clang-format -i

## install      weir, its manual, documents and examples under DESTDIR/PREFIX
install: build
	DESTDIR="$(DESTDIR)" cmake --install $(BUILD)

## clean        remove the build folders
clean:
	rm -rf $(BUILD) $(BUILD)-sanitize $(BUILD)-fuzz

help:
	@sed -n 's/^## /make /p' Makefile
