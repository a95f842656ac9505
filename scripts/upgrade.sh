#!/usr/bin/env bash
# upgrade.sh [<folder>]: builds version 0.1 from history, in a work tree of its own, and lets it write the data
# that tests/smart_http_upgrade serves (tests/smart_http_upgrade/state-0.1.tar.gz). Takes some minutes.
#
# 0.1's own scripts compile worker-build and wasm-bindgen first, whose locked versions need not be there for ever.
# So today's tools bind the wasm: both versions use the same wasm-bindgen, and 0.1 has one class less. It is hardly
# optimised: without the last pass, functions of C that nothing calls stay, and have no definition.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT"

OLD_COMMIT=f640d40e2da40ec3563649e46cc0f9e6b9d1d93e
old=$(realpath -m "${1:-target/0.1}")

scripts/install.sh
[ -e "$old/Cargo.toml" ] || git worktree add --detach "$old" "$OLD_COMMIT"
[ -e "$old/node_modules" ] || ln -s "$ROOT/node_modules" "$old/node_modules"

say "building the wasm of 0.1"
(
  cd "$old"
  CARGO_UNSTABLE_BUILD_STD_FEATURES=panic-unwind,optimize_for_size \
    RUSTUP_TOOLCHAIN=$NIGHTLY RUSTFLAGS="-Ctarget-feature=+simd128 -Cpanic=unwind" \
    CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
    cargo rustc --locked --release --lib --target wasm32-unknown-unknown --target-dir "$old/target" \
    -Z build-std=std,panic_unwind -- -Clink-arg=--unresolved-symbols=ignore-all
)
cargo build --locked --quiet -p cairn-bindgen --profile tool
made=$old/target/worker
mkdir -p "$made" "$old/build"
"${CARGO_TARGET_DIR:-target}/tool/cairn-bindgen" "$old/target/wasm32-unknown-unknown/release/cairn.wasm" "$made"
# 0.1 has no webhooks.
mkdir -p "$old/scripts/glue"
grep -v WebhookDo scripts/glue/worker.mjs >"$old/scripts/glue/worker.mjs"
cp scripts/bundle.mjs "$old/scripts/bundle.mjs"
node "$old/scripts/bundle.mjs" "$made" unwind
cp "$made/index_bg.wasm" "$made/index.js" "$old/build/"

say "0.1 writes its data"
CAIRN_OLD=$old cargo test --locked --test smart_http_upgrade version_0_1 -- --ignored --nocapture
say "written: tests/smart_http_upgrade/state-0.1.tar.gz; if the work tree is no longer needed: git worktree remove --force $old"
