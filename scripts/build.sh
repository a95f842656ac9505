#!/usr/bin/env bash
# Builds the Worker into build/: index.js and index_bg.wasm. Prints the figures that are
# capped, and fails beyond the cap.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT"

# Far below what Cloudflare allows (3 MB on the Free plan): a Worker that loads fast starts fast.
wasm_gzip_kb_max=700

"$ROOT/scripts/install.sh"
export WASM_BINDGEN_BIN=$TOOLS/bin/wasm-bindgen
export WASM_OPT_BIN=$ROOT/node_modules/.bin/wasm-opt
export ESBUILD_BIN=$ROOT/node_modules/.bin/esbuild

# RUSTFLAGS replaces the flags of .cargo/config.toml, so simd128 is named again.
export RUSTFLAGS=-Ctarget-feature=+simd128
if has_toolchain "$NIGHTLY" lib/rustlib/src/rust/library/std/Cargo.toml; then
  panic=unwind
  say "building the wasm (release, panic=unwind)"
  NIGHTLY=$NIGHTLY PATH="$ROOT/scripts/nightly:$PATH" worker-build --release --panic-unwind
else
  panic=abort
  say "notice: without $NIGHTLY a panic in the Worker takes its whole isolate down (docs/adr/0001)"
  say "building the wasm (release, panic=abort)"
  worker-build --release
fi

gzip_kb=$(($(gzip -9 -c build/index_bg.wasm | wc -c) / 1024))
crates=$(cargo tree --locked --target wasm32-unknown-unknown --edges normal --prefix none |
  cut -d' ' -f1,2 | sort -u | wc -l)
say "wasm: $gzip_kb KiB gzip (cap $wasm_gzip_kb_max), $((crates)) crates, panic=$panic"
if [ "$gzip_kb" -gt "$wasm_gzip_kb_max" ]; then
  echo "error: the wasm has $gzip_kb KiB gzip, above the cap of $wasm_gzip_kb_max" >&2
  exit 1
fi
# worker-build may leave an unchanged file as it was; `make` compares times.
touch build/index.js
