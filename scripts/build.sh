#!/usr/bin/env bash
# Builds the Worker into build/: index.js and index_bg.wasm. Prints the figures that are
# capped, and fails beyond a cap. PANIC=abort builds on stable Rust, as a machine without
# the nightly does (docs/adr/0001).
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT"

"$ROOT/scripts/install.sh"
target=${CARGO_TARGET_DIR:-target}
made=$target/worker
mkdir -p "$made" build

# The tool is small and independent of the wasm: it compiles while that does, and the last minute of
# the wasm's build occupies one core alone.
cargo build --locked --quiet -p cairn-bindgen --profile tool &
tool=$!

flags=(--locked --release --lib --target wasm32-unknown-unknown)
# RUSTFLAGS replaces the flags of .cargo/config.toml, so simd128 is named again.
export RUSTFLAGS=-Ctarget-feature=+simd128
# The macros of `worker` read it: futures then come from js-sys.
export WASM_BINDGEN_USE_JS_SYS=1
panic=${PANIC:-unwind}
if [ "$panic" = unwind ] && has_toolchain "$NIGHTLY" lib/rustlib/src/rust/library/std/Cargo.toml; then
  say "building the wasm (release, panic=unwind): some minutes the first time"
  # The standard library is compiled here, so it can be the small one: 60 KiB less, gzipped.
  CARGO_UNSTABLE_BUILD_STD_FEATURES=panic-unwind,optimize_for_size RUSTFLAGS="$RUSTFLAGS -Cpanic=unwind" \
    cargo "+$NIGHTLY" build "${flags[@]}" -Z build-std=std,panic_unwind
else
  panic=abort
  say "notice: not built with $NIGHTLY: a panic will take its whole isolate down (docs/adr/0001)"
  say "building the wasm (release, panic=abort): some minutes the first time"
  cargo build "${flags[@]}"
fi
unset RUSTFLAGS

say "binding the wasm to JavaScript"
wait "$tool"
"$target/tool/cairn-bindgen" "$target/wasm32-unknown-unknown/release/cairn.wasm" "$made"
node scripts/bundle.mjs "$made" "$panic"

# One pass: -O2 takes five minutes more, and what it inlines makes the module a tenth bigger.
# A Worker's stack traces name no functions then; build/symbols.txt does (number:name). Names are
# a sixteenth of what would be uploaded and parsed at each cold start.
say "shrinking the wasm"
wasm-opt --all-features -O1 --strip-debug --symbolmap=build/symbols.txt \
  "$made/index_bg.wasm" -o build/index_bg.wasm
"$ROOT/scripts/caps.sh"
# Last, because `make` takes its time for the build's.
cp "$made/index.js" build/index.js
