#!/usr/bin/env bash
# test.sh [quick]: everything that must hold, cheapest first; stops at the first failure.
# `quick` ends before the wasm. The runners' closing lines are repeated at the end.
set -euo pipefail
# First, because env.sh looks which toolchains there are.
"$(dirname "$0")/install.sh"
. "$(dirname "$0")/env.sh"
cd "$ROOT"

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
steps=()

# step <name> <command…>: runs it, shows its output, and keeps it for the closing lines.
step() {
  local name=$1
  shift
  say "$name"
  local started=$SECONDS
  if "$@" 2>&1 </dev/null | tee "$logs/log"; then
    steps+=("ok      $name ($((SECONDS - started)) s)$(closing_lines)")
  else
    steps+=("FAILED  $name$(closing_lines)")
    report
    exit 1
  fi
}

closing_lines() {
  grep -E '^(test result:|clients: |client types: |bench: |── wasm:|--dry-run: |error(\[|:))' "$logs/log" | sed 's/^/\n          /' |
    awk 'NF { printf "\n%s", $0 }' || true
}

report() {
  echo
  printf '%s\n' "${steps[@]}"
}

# Stories told by real git over HTTP need a server, and so the wasm: they come last.
stories=() suites=()
for file in tests/*.rs tests/*/main.rs; do
  [ -e "$file" ] || continue
  suite=${file#tests/}
  suite=${suite%.rs}
  suite=${suite%/main}
  case $suite in
    smart_http*) stories+=(--test "$suite") ;;
    # Builds for itself, a minute the first time.
    engine_instructions) ;;
    *) suites+=(--test "$suite") ;;
  esac
done

step "format" cargo fmt --all --check
step "lints, native" cargo clippy --locked --all-targets -- -D warnings
step "lints, wasm" cargo clippy --locked --target wasm32-unknown-unknown --workspace --lib -- -D warnings
step "tests, native" cargo test --locked --lib "${suites[@]}"
if [ "${1:-}" != quick ]; then
  step "instructions of the engine" cargo test --locked --test engine_instructions
  step "types of the JavaScript client" scripts/check-client.sh
  step "wasm build" "${MAKE:-make}" --no-print-directory build
  step "wasm caps" scripts/caps.sh
  step "deploy, dry run" scripts/wrangler deploy --dry-run --env=""
  step "deploy, dry run, paid plan" scripts/wrangler deploy --dry-run --env=paid
  step "other clients, installation" scripts/install-clients.sh
  step "real git and other clients against workerd" cargo test --locked "${stories[@]}"
fi
report
