#!/usr/bin/env bash
# install.sh [packages] [rust] [tools]   (without arguments: all three)
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

# The Rust commands that turn a crate into a Worker. They are short-lived, so that
# compiling them quickly matters more than their speed.
tools() {
  need cc "install a C compiler (Debian: apt-get install build-essential)"
  if [ "$(worker-build --version 2>/dev/null)" != "$WORKER_BUILD_VERSION" ]; then
    cargo_install worker-build "$WORKER_BUILD_VERSION"
  fi
  if [ "$(wasm-bindgen --version 2>/dev/null)" != "wasm-bindgen $WASM_BINDGEN_VERSION" ]; then
    cargo_install wasm-bindgen-cli "$WASM_BINDGEN_VERSION" --bin wasm-bindgen
  fi
  rm -rf "$TOOLS/target"
}

cargo_install() {
  local crate=$1 version=$2
  shift 2
  say "compiling $crate $version (once, some minutes)"
  local quick=(env CARGO_TARGET_DIR="$TOOLS/target" CARGO_PROFILE_RELEASE_OPT_LEVEL=1
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16)
  # A crate's own lock file can name a version that a registry mirror has not got (yet).
  "${quick[@]}" cargo install --locked --quiet --root "$TOOLS" "$crate@$version" "$@" ||
    "${quick[@]}" cargo install --quiet --root "$TOOLS" "$crate@$version" "$@"
}

for part in "${@:-packages rust tools}"; do
  for name in $part; do "$name"; done
done
