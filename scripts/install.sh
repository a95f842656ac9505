#!/usr/bin/env bash
# install.sh [packages] [rust]   (without arguments: both)
#
# Installs what building, serving and testing need, at pinned versions, and skips what is
# there already: a second run costs about a second and touches no network.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT"

need() {
  command -v "$1" >/dev/null || { echo "error: $1 is needed: $2" >&2; exit 1; }
}

# Node packages: wrangler with workerd, binaryen's wasm-opt, esbuild, and Node 22 itself.
packages() {
  need npm "install Node 20 or later with npm (https://nodejs.org)"
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

# Rust: the toolchain of rust-toolchain.toml with its parts, and the nightly for the wasm.
rust() {
  need cargo "install Rust by rustup (https://rustup.rs)"
  need cc "install a C compiler (Debian: apt-get install build-essential)"
  command -v rustup >/dev/null || return 0
  if ! has_toolchain "$STABLE" bin/cargo-clippy || ! has_toolchain "$STABLE" bin/cargo-fmt ||
    ! has_toolchain "$STABLE" lib/rustlib/wasm32-unknown-unknown; then
    say "installing Rust $STABLE"
    if ! rustup toolchain install "$STABLE" --profile minimal --no-self-update \
      -c clippy -c rustfmt -t wasm32-unknown-unknown; then
      say "notice: Rust $STABLE cannot be installed here; going on with ${RUSTUP_TOOLCHAIN:-what there is}"
      rustup component add clippy rustfmt || true
      rustup target add wasm32-unknown-unknown || true
    fi
  fi
  if ! has_nightly; then
    say "installing Rust $NIGHTLY with the source of its standard library"
    rustup toolchain install "$NIGHTLY" --profile minimal --no-self-update \
      -c rust-src -t wasm32-unknown-unknown ||
      say "notice: Rust $NIGHTLY cannot be installed here; the wasm will abort on a panic"
  fi
}

has_nightly() {
  has_toolchain "$NIGHTLY" lib/rustlib/src/rust/library/std/Cargo.toml &&
    has_toolchain "$NIGHTLY" lib/rustlib/wasm32-unknown-unknown
}

for part in "${@:-packages rust}"; do
  for name in $part; do "$name"; done
done
