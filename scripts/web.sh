#!/usr/bin/env bash
# Builds the pages of web/ into build/web, which the Worker serves beside itself.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT"

scripts/install.sh packages web
npm --prefix web run --silent build
# `make` compares times, and vite keeps those of files that it copies.
touch build/web/page.html
say "pages: $(cat build/web/assets/page-*.js | gzip -9 -c | wc -c) bytes of script at first, gzip"
