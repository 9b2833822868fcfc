# vtp: one command each. `make run` sets up everything it needs and starts the server.
.PHONY: run demo test test-long bench check audit sbom build clean
.DEFAULT_GOAL := build

build:
	@scripts/setup.sh build

run: build
	@exec .venv/bin/vtp serve $(ARGS)

demo: build
	@exec .venv/bin/python scripts/demo.py $(ARGS)

test:
	@scripts/setup.sh test
	@scripts/test.sh

test-long:
	@scripts/setup.sh test
	@scripts/test-long.sh $(PART)

bench:
	@scripts/setup.sh test
	@.venv/bin/python -m pytest bench -q --benchmark-only --benchmark-sort=name --benchmark-columns=median,iqr,rounds

check:
	@scripts/setup.sh test
	@scripts/check.sh

# What OSV knows of the packages in the locks: exit code 1 when one is vulnerable.
audit:
	@scripts/setup.sh build
	@.venv/bin/python -m scripts.components audit

sbom:
	@scripts/setup.sh build
	@.venv/bin/python -m scripts.components inventory

clean:
	rm -rf build web/dist .make .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find vtp -name '*.so' -delete
	find vtp -name '_*.c' -delete
