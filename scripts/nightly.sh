#!/usr/bin/env bash
# nightly.sh: what is slow but rare: half an hour of the soak. Goes on after a failure, and says at the end what
# failed. MINUTES, SEED: of the soak.
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
