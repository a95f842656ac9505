# Cairn's commands. `make help` lists them; everything they need is installed on the way.

# Recipes are scripts: they know the pinned tools, and run the same by hand and from here.
sources := $(shell find src migrations -type f -o -type d 2>/dev/null) \
	Cargo.toml Cargo.lock .cargo/config.toml rust-toolchain.toml package-lock.json \
	scripts/build.sh scripts/bundle.mjs scripts/caps.sh scripts/env.sh $(shell find scripts/glue crates -type f 2>/dev/null)

pages := $(shell find web -path web/node_modules -prune -o -type f -print 2>/dev/null) scripts/web.sh scripts/env.sh

SHELL := bash
# `make token` prints nothing but the token, also where another make calls it.
MAKEFLAGS += --no-print-directory

.DELETE_ON_ERROR:
.PHONY: help serve token build dist test check soak nightly screenshots bench profile size verify fmt setup deploy clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

serve: build ## build if need be, and serve on 127.0.0.1 (PORT=8787 STATE=.cairn CAIRN_ADMIN_KEY=…)
	@exec scripts/node scripts/serve.mjs

token: ## print a token for a repository of a running `make serve`, made if missing (REPO=demo/hello)
	@scripts/node scripts/token.mjs

build: build/index.js build/web/page.html ## the wasm and the pages, into build/

dist: build ## pack a release: dist/cairn-<version>.tar.gz, which serves and deploys without Rust
	@scripts/node scripts/dist.mjs

# Directories are among the sources, so that a deleted file counts as a change as well.
build/index.js: $(sources)
	@scripts/build.sh

build/web/page.html: $(pages)
	@scripts/web.sh

test: ## everything: format, lints, native tests, wasm build, deploy dry run, real git against workerd
	@scripts/test.sh

check: ## the fast part of the tests: format, lints, unit tests
	@scripts/test.sh quick

soak: build ## everything at once against a server that is killed and fails, and a model of it (MINUTES=10 SEED=1)
	@. scripts/env.sh && CAIRN_SOAK_MINUTES=$${MINUTES:-10} CAIRN_SOAK_SEED=$${SEED:-1} CAIRN_SOAK_WORKERS=$(WORKERS) \
		cargo test --locked --test smart_http_soak -- --nocapture

nightly: build ## what is slow but rare: half an hour of that
	@scripts/nightly.sh

screenshots: build ## take the pictures of the README again, into docs/screenshots
	@scripts/install-clients.sh
	@scripts/node scripts/screenshots.mjs

bench: build ## compare with git's own server: a table, and JSON (BENCH_SIZES=… BENCH_RUNS=5 …)
	@scripts/node scripts/bench/main.mjs

profile: build ## where the CPU time of a push and of fetches goes, phase by phase (BENCH_SIZES=medium)
	@scripts/node scripts/bench/phases.mjs

size: build ## which part of the wasm takes how much, and its budgets
	@scripts/node scripts/size.mjs

verify: build ## check every repository of the data in STATE (.cairn), which nothing may serve meanwhile
	@scripts/node scripts/verify.mjs

fmt: ## format the Rust
	@. scripts/env.sh && cargo fmt --all

setup: ## install the pinned tools, and do nothing else
	@scripts/install.sh

deploy: build ## deploy to the Cloudflare account that wrangler is logged in to (ENV=paid for more CPU)
	@scripts/wrangler deploy --env="$(ENV)"

clean: ## remove what was built; installed tools and served data stay
	rm -rf build dist target
