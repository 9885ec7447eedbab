# Two commands are enough: `make run` and `make test`. What they do is in .make/.

.PHONY: help run test check bench fuzz
.DEFAULT_GOAL := help

help:
	@echo "make run     set up what is missing, build, and start a demo office with a window (or, without a display, a call)"
	@echo "make test    everything that CI runs: lints, licences, unit tests, simulations, calls with real peers, the window"
	@echo "make check   the quick part of it: formatting, lints, unit tests, no peers"
	@echo "make bench   how fast the parser and the sample path are"
	@echo "make fuzz    fuzzing for a minute a target (SECONDS_EACH=600 for longer; needs cargo-fuzz and a nightly Rust)"

run:
	@.make/run.sh

test:
	@.make/test.sh

check:
	@.make/check.sh

bench:
	@.make/bench.sh

fuzz:
	@.make/fuzz.sh
