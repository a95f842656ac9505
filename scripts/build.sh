#!/usr/bin/env bash
# Builds the Worker into build/: index.js and index_bg.wasm. Prints the figures that are
# capped, and fails beyond a cap. PANIC=abort builds on stable Rust, as a machine without
# the nightly does (docs/adr/0001).
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT"

"$ROOT/scripts/install.sh"
export WASM_BINDGEN_BIN=$TOOLS/bin/wasm-bindgen
export WASM_OPT_BIN=$ROOT/node_modules/.bin/wasm-opt
export ESBUILD_BIN=$ROOT/node_modules/.bin/esbuild

# RUSTFLAGS replaces the flags of .cargo/config.toml, so simd128 is named again.
export RUSTFLAGS=-Ctarget-feature=+simd128
if [ "${PANIC:-unwind}" = unwind ] &&
  has_toolchain "$NIGHTLY" lib/rustlib/src/rust/library/std/Cargo.toml; then
  say "building the wasm (release, panic=unwind)"
  # The standard library is compiled here, so it can be the small one: 60 KiB less, gzipped.
  export CARGO_UNSTABLE_BUILD_STD_FEATURES=panic-unwind,optimize_for_size
  NIGHTLY=$NIGHTLY PATH="$ROOT/scripts/nightly:$PATH" worker-build --release --panic-unwind --no-opt
else
  say "notice: not built with $NIGHTLY: a panic will take its whole isolate down (docs/adr/0001)"
  say "building the wasm (release, panic=abort)"
  worker-build --release --no-opt
fi

# One pass: -O2 takes five minutes more, and what it inlines makes the module a tenth bigger.
# A Worker's stack traces name no functions then; build/symbols.txt does (number:name). Names are
# a sixteenth of what would be uploaded and parsed at each cold start.
"$WASM_OPT_BIN" --all-features -O1 --strip-debug --symbolmap=build/symbols.txt \
  build/index_bg.wasm -o build/index_bg.wasm

"$ROOT/scripts/caps.sh"
# worker-build may leave an unchanged file as it was; `make` compares times.
touch build/index.js
