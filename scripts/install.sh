#!/usr/bin/env bash
# install.sh [needed] [packages] [web] [nightly] [stable]   (without arguments: all)
#
# Installs the tools for building, serving and testing, at pinned versions, and skips those that are there
# already: a second run costs about a second and touches no network.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT"

# Names everything that nobody can install for its user, before anything is downloaded.
needed() {
  local ok=1
  need git "install git (https://git-scm.com/downloads)"
  need npm "install Node 20 or later with npm (https://nodejs.org)"
  need cargo "install Rust by rustup (https://rustup.rs)"
  need cc "install a C compiler (Debian: apt-get install build-essential)"
  [ "$ok" = 1 ] || exit 1
}

need() {
  command -v "$1" >/dev/null || { echo "error: $1 is needed: $2" >&2; ok=0; }
}

# Node packages: wrangler with workerd, binaryen's wasm-opt, esbuild, and Node 22 itself.
packages() {
  command -v npm >/dev/null || needed
  local stamp=node_modules/.cairn-installed
  if ! cmp -s package-lock.json "$stamp"; then
    say "installing the node packages of package-lock.json"
    npm ci --no-audit --no-fund --loglevel=error
    cp package-lock.json "$stamp"
  fi
  local version
  version=$(node --version)
  case $version in
    v2[2-9].* | v[3-9][0-9].*) ;;
    *)
      echo "error: wrangler needs Node 22.12 or later; there is $version, and no prebuilt" \
        "Node for this platform among the packages" >&2
      exit 1
      ;;
  esac
}

# Node packages of the pages in web/.
web() {
  local stamp=web/node_modules/.cairn-installed
  if cmp -s web/package-lock.json "$stamp"; then return 0; fi
  say "installing the node packages of web/package-lock.json"
  npm --prefix web ci --no-audit --no-fund --loglevel=error
  cp web/package-lock.json "$stamp"
}

# The toolchain that builds the wasm and the build's own tool: all that serving needs. Its standard
# library for wasm comes as source, and is compiled with the rest.
nightly() {
  if ! command -v rustup >/dev/null || has_toolchain "$NIGHTLY" "$STD_SOURCE"; then return 0; fi
  say "installing Rust $NIGHTLY with the source of its standard library"
  rustup toolchain install "$NIGHTLY" --profile minimal --no-self-update -c rust-src || {
    say "notice: Rust $NIGHTLY cannot be installed here; the wasm will abort on a panic"
    stable
  }
}

# The toolchain of rust-toolchain.toml with its parts, for everything else.
stable() {
  command -v rustup >/dev/null || return 0
  if has_toolchain "$STABLE" bin/cargo-clippy && has_toolchain "$STABLE" bin/cargo-fmt &&
    has_toolchain "$STABLE" lib/rustlib/wasm32-unknown-unknown; then return 0; fi
  say "installing Rust $STABLE"
  if ! rustup toolchain install "$STABLE" --profile minimal --no-self-update \
    -c clippy -c rustfmt -t wasm32-unknown-unknown; then
    say "notice: Rust $STABLE cannot be installed here; going on with ${RUSTUP_TOOLCHAIN:-what there is}"
    rustup component add clippy rustfmt || true
    rustup target add wasm32-unknown-unknown || true
  fi
}

[ $# -gt 0 ] || set -- needed packages web nightly stable
for part; do "$part"; done
