# Sourced by the commands of a release: installs the Node packages of package-lock.json once, and puts
# the pinned Node first where there is one for this machine.
#
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
PATH="$ROOT/node_modules/.bin:$PATH"
export PATH
export WRANGLER_SEND_METRICS=false

stamp=node_modules/.cairn-installed
if ! cmp -s package-lock.json "$stamp"; then
  command -v npm >/dev/null ||
    { echo "error: npm is needed: install Node 20 or later with npm (https://nodejs.org)" >&2; exit 1; }
  echo "── installing the Node packages of package-lock.json (90 MB to download)" >&2
  npm ci --no-audit --no-fund --loglevel=error --prefer-offline
  cp package-lock.json "$stamp"
fi
case $(node --version) in
  v2[2-9].* | v[3-9][0-9].*) ;;
  *) echo "error: Node 22.12 or later is needed; there is $(node --version)" >&2; exit 1 ;;
esac
