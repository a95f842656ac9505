# Sourced by the other scripts: the pinned versions, where the tools are kept, and which
# Rust toolchain stands in when the pinned one is not to be had. Prints nothing.
#
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# The released wasm is built with this nightly, because unwinding out of a panic needs a
# standard library built for it (docs/adr/0001).
NIGHTLY=nightly-2026-05-20
# Where a toolchain has the source of its standard library.
# shellcheck disable=SC2034  # scripts/build.sh and scripts/install.sh read it
STD_SOURCE=lib/rustlib/src/rust/library/std/Cargo.toml
STABLE=$(sed -n 's/^channel = "\(.*\)"/\1/p' "$ROOT/rust-toolchain.toml")

# Other implementations of Git, for the tests alone. Kept outside the clone, so that fresh clones and
# new branches share them.
# shellcheck disable=SC2034  # scripts/install-clients.sh reads it
CLIENTS=${XDG_CACHE_HOME:-$HOME/.cache}/cairn/clients

# The first `node` is then the one of package.json, not the machine's.
PATH="$ROOT/node_modules/.bin:$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
export PATH
export WRANGLER_SEND_METRICS=false

# say <words>: a line of progress, apart from the tools' output.
say() { printf '── %s\n' "$*" >&2; }

# has_toolchain <name> [<installed file below its sysroot>]
has_toolchain() {
  local sysroot
  command -v rustup >/dev/null || return
  sysroot=$(RUSTUP_AUTO_INSTALL=0 RUSTUP_TOOLCHAIN=$1 rustc --print sysroot 2>/dev/null) && [ -e "$sysroot/${2:-}" ]
}

# The pinned toolchain, or else the machine's default one, or else the nightly: rust-toolchain.toml
# would otherwise make every cargo command fail where only the wasm was built so far, or where
# rustup's servers cannot be reached.
if [ -z "${RUSTUP_TOOLCHAIN:-}" ] && ! has_toolchain "$STABLE"; then
  fallback=$(cd / && RUSTUP_AUTO_INSTALL=0 rustup show active-toolchain 2>/dev/null | cut -d' ' -f1)
  if [ -z "$fallback" ] && has_toolchain "$NIGHTLY"; then fallback=$NIGHTLY; fi
  [ -z "$fallback" ] || export RUSTUP_TOOLCHAIN=$fallback
fi
