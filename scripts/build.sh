#!/usr/bin/env bash
# Builds the Worker into build/: index.js and index_bg.wasm. Prints the figures that are
# capped, and fails beyond a cap. PANIC=abort builds on stable Rust, as a machine without
# the nightly does (docs/adr/0001).
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT"

target=${CARGO_TARGET_DIR:-target}
made=$target/worker
mkdir -p "$made" build

# stage <words>: a line of progress with the seconds since the build began.
stage() { say "[$SECONDS s] $*"; }

# On a terminal cargo draws a bar. Elsewhere the last crate would compile in silence for a minute.
# A caller that waits for the end of this script's output must not wait for its last `sleep`.
still_compiling() {
  while sleep 20 >/dev/null 2>&1; do stage "still compiling"; done
}
beside=
trap 'kill $beside 2>/dev/null || true' EXIT

panic=${PANIC:-unwind}

# Downloads go side by side. The node packages are first needed when the wasm is there.
scripts/install.sh needed
nice scripts/install.sh packages &
packages=$!
RUSTUP_AUTO_INSTALL=0 cargo fetch --locked --quiet 2>/dev/null &
crates=$!
if [ "$panic" = unwind ]; then scripts/install.sh nightly; else scripts/install.sh stable; fi
wait "$crates" || true

# The last minute of the wasm's build occupies one core alone, and the tool
# is independent of the wasm. So it compiles beside it, and takes the rest of the time.
build_tool() {
  env -u RUSTFLAGS nice cargo build --locked --quiet -p cairn-bindgen --profile tool &
  tool=$!
  if ! [ -t 2 ]; then
    still_compiling &
    beside=$!
  fi
}

flags=(--locked --release --lib --target wasm32-unknown-unknown)
# An isolate has 128 MB for everything, and is ended if it takes more. The wasm may have 96 MiB of it: beyond that an
# allocation fails, and ends its request (docs/adr/0116).
wasm_bytes_max=$((96 << 20))
# RUSTFLAGS replaces the flags of .cargo/config.toml, so simd128 is named again.
export RUSTFLAGS="-Ctarget-feature=+simd128 -Clink-arg=--max-memory=$wasm_bytes_max"
# The macros of `worker` read it: futures then come from js-sys.
export WASM_BINDGEN_USE_JS_SYS=1
if [ "$panic" = unwind ] && has_toolchain "$NIGHTLY" "$STD_SOURCE"; then
  # For all that follows: the stable toolchain need not be there.
  export RUSTUP_TOOLCHAIN=$NIGHTLY
  build_tool
  stage "building the wasm (release, panic=unwind): about three minutes the first time"
  # The standard library is compiled here, so it can be the small one: 60 KiB less, gzipped.
  CARGO_UNSTABLE_BUILD_STD_FEATURES=panic-unwind,optimize_for_size RUSTFLAGS="$RUSTFLAGS -Cpanic=unwind" \
    cargo build "${flags[@]}" -Z build-std=std,panic_unwind
else
  panic=abort
  say "notice: not built with $NIGHTLY: a panic will take its whole isolate down (docs/adr/0001)"
  build_tool
  stage "building the wasm (release, panic=abort): about three minutes the first time"
  cargo build "${flags[@]}"
fi
unset RUSTFLAGS

stage "binding the wasm to JavaScript"
wait "$tool"
kill $beside 2>/dev/null || true
wait "$packages"
"$target/tool/cairn-bindgen" "$target/wasm32-unknown-unknown/release/cairn.wasm" "$made"
node scripts/bundle.mjs "$made" "$panic"

# Fewer locals and blocks are less for the isolate's first, fast compiler to do: without these passes
# the benchmark's push of `medium` takes 5 to 10 % more CPU (docs/adr/0065). -O2 makes the module a tenth bigger.
# A Worker's stack traces name no functions then; build/symbols.txt does (number:name). Names are
# a sixteenth of the bytes that would be uploaded and parsed at each cold start.
stage "shrinking the wasm"
wasm-opt --all-features -O1 --strip-debug --reorder-functions --symbolmap=build/symbols.txt \
  "$made/index_bg.wasm" -o build/index_bg.wasm
"$ROOT/scripts/caps.sh"
# Last, because `make` takes its time for the build's.
cp "$made/index.js" build/index.js
stage "built"
