#!/usr/bin/env bash
# Checks the types of clients/js: its JavaScript against its declarations, and these against what
# the pinned wrangler writes for the Artifacts binding.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT"

"$ROOT/scripts/install.sh" packages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tsc --project clients/js

# In a folder of its own: the binding is no part of this deployment.
cat >"$work/wrangler.toml" <<TOML
name = "types"
$(grep '^compatibility_date' wrangler.toml)
[[artifacts]]
binding = "ARTIFACTS"
namespace = "default"
TOML
"$ROOT/scripts/wrangler" types --config "$work/wrangler.toml" "$work/worker.d.ts" >"$work/log" ||
  { cat "$work/log" >&2; exit 1; }
grep -q '^interface ArtifactsRepo ' "$work/worker.d.ts" ||
  { echo "error: this wrangler knows no types of the Artifacts binding" >&2; exit 1; }
cat >"$work/tsconfig.json" <<JSON
{
  "compilerOptions": {
    "noEmit": true, "strict": true, "module": "NodeNext", "target": "ES2022",
    "lib": ["ES2023", "ESNext.Disposable"], "types": []
  },
  "files": ["worker.d.ts", "$ROOT/clients/js/test/binding.ts"]
}
JSON
tsc --project "$work"
echo "client types: those of the binding"
