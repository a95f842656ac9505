#!/usr/bin/env bash
# test.sh [quick]: everything that must hold, cheapest first; stops at the first failure.
# `quick` ends before the wasm. The runners' closing lines are repeated at the end.
set -euo pipefail
# First, because env.sh looks which toolchains there are.
"$(dirname "$0")/install.sh"
. "$(dirname "$0")/env.sh"
cd "$ROOT"

logs=$(mktemp -d)
steps=()
beside=

finish() {
  # The whole group: make, cargo and the compilers below it.
  [ -z "$beside" ] || kill -- "-$beside" 2>/dev/null || true
  rm -rf "$logs"
}
trap finish EXIT
trap 'exit 130' INT TERM

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

# begin <command…>: runs it beside the steps that follow, in a process group of its own.
begin() {
  set -m
  (
    status=0 started=$SECONDS
    "$@" || status=$?
    say "took $((SECONDS - started)) s"
    exit "$status"
  ) >"$logs/beside" 2>&1 </dev/null &
  beside=$!
  set +m
}

# begun <name>: waits for that, and shows it as a step.
begun() {
  local status=0
  say "$1: waiting for it"
  wait "$beside" || status=$?
  beside=
  step "$1" shown "$status"
}

shown() {
  cat "$logs/beside"
  return "$1"
}

closing_lines() {
  grep -E '^(test result:|clients: |client types: |bench: |── wasm:|── smart_http|── took|--dry-run: |error(\[|:))' "$logs/log" | sed 's/^/\n          /' |
    awk 'NF { printf "\n%s", $0 }' || true
}

report() {
  echo
  printf '%s\n' "${steps[@]}" "all     ($SECONDS s)"
}

# Stories told by real git over HTTP need a server, and so the wasm: they come last.
stories=() suites=()
for file in tests/*.rs tests/*/main.rs; do
  [ -e "$file" ] || continue
  suite=${file#tests/}
  suite=${suite%.rs}
  suite=${suite%/main}
  case $suite in
    smart_http*) stories+=("$suite") ;;
    # Builds for itself, a minute the first time.
    engine_instructions) ;;
    *) suites+=(--test "$suite") ;;
  esac
done

step "format" cargo fmt --all --check
# The last minutes of the wasm's build occupy one core alone.
if [ "${1:-}" != quick ]; then begin "${MAKE:-make}" --no-print-directory build; fi
step "lints, native" cargo clippy --locked --all-targets -- -D warnings
step "lints, wasm" cargo clippy --locked --target wasm32-unknown-unknown --workspace --exclude cairn-test-support --lib -- -D warnings
step "tests, native" cargo test --locked --lib "${suites[@]}"
if [ "${1:-}" != quick ]; then
  step "instructions of the engine" cargo test --locked --test engine_instructions
  step "other clients, installation" scripts/install-clients.sh
  step "types of the JavaScript client" scripts/check-client.sh
  # Nothing compiles beside the stories: some have budgets of heap and time.
  step "stories, compiled" cargo test --locked --no-run "${stories[@]/#/--test=}"
  begun "wasm build"
  # The build has installed their packages.
  step "types of the pages" npm --prefix web run --silent types-check
  step "wasm caps" scripts/caps.sh
  step "deploy, dry run" scripts/wrangler deploy --dry-run --env=""
  step "deploy, dry run, paid plan" scripts/wrangler deploy --dry-run --env=paid
  step "real git and other clients against workerd" scripts/node scripts/stories.mjs "${stories[@]}"
fi
report
