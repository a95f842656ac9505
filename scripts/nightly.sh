#!/usr/bin/env bash
# nightly.sh: the slow and rare checks: half an hour of the soak. It goes on after a failure, and names the failed
# checks at the end. MINUTES and SEED are the soak's.
set -uo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT"

failed=()

say "soak"
CAIRN_SOAK_MINUTES=${MINUTES:-30} CAIRN_SOAK_SEED=${SEED:-$(date +%Y%m%d)} \
  cargo test --locked --test smart_http_soak -- --nocapture || failed+=("soak")

if [ "${#failed[@]}" -gt 0 ]; then
  printf 'FAILED  %s\n' "${failed[@]}"
  exit 1
fi
say "all passed ($SECONDS s)"
