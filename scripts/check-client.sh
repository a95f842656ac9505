#!/usr/bin/env bash
# Checks the types of clients/js: its JavaScript against its declarations, these against the pinned wrangler's
# types of the Artifacts binding, and against those that openapi-typescript makes from the server's
# description.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT"

"$ROOT/scripts/install.sh" packages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tsc --project clients/js

# In a folder of its own: the binding does not belong to this deployment.
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

generator=$CLIENTS/npm/node_modules/openapi-typescript/bin/cli.js
if ! [ -e "$generator" ]; then
  echo "client types: not compared with the description, since scripts/install-clients.sh installed no" \
    "openapi-typescript: $(cat "$CLIENTS/npm.missing" 2>/dev/null || true)"
  exit
fi
node "$generator" src/worker/rest/openapi.json --output "$work/api.d.ts" >"$work/log" 2>&1 ||
  { cat "$work/log" >&2; exit 1; }
cat >"$work/tsconfig.json" <<JSON
{
  "compilerOptions": {
    "noEmit": true, "strict": true, "module": "NodeNext", "target": "ES2022",
    "lib": ["ES2023", "ESNext.Disposable", "DOM"], "types": [],
    "rootDirs": ["$work", "$ROOT/clients/js/test"]
  },
  "files": ["api.d.ts", "$ROOT/clients/js/test/description.ts"]
}
JSON
tsc --project "$work"
echo "client types: those of the description"
