#!/usr/bin/env bash
# Prints the size of the built wasm and the number of crates in it; fails beyond a cap. A commit that raises
# one says why.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT"

# Half of what Cloudflare once allowed on the Free plan (3 MB; now 64 MiB, uncompressed): a small module loads
# and starts fast. Forks, imports, maintenance and R2 took a quarter of the first MiB, the
# REST of contents and operations an eighth. Writing without a clone took 352 KiB: commits, patches,
# diffs, merges and notes, each as git does it, and their routes. Events took 220 KiB: outbox, feeds,
# streams and queue, the object of a webhook, and a third more of the API's description. Git LFS took
# 200 KiB: batch, transfers, presigned URLs and locks, imports, forks and recovery, and .gitattributes.
# Rules, signed tokens, hooks, push protection, quotas, the audit log, lives and renames took 272 KiB.
# Indexes and refs read by pages, refusals in time, room claimed beforehand and transfers without a gap took
# 68 KiB. Archives, commit graphs by pages, tables of a push in scratch rows and what reviews of merges, feeds
# and tokens found took 80 KiB. Last commits, blame and the search in files took 113 KiB together, the automaton and
# the description of the API among them; the search for file names took 8 KiB. Artifacts' paths and forms, numbered
# pages, `Link`, `RateLimit`, and a description that generators take without a warning took 14 KiB. Bundles in R2, which
# `bundle-uri` offers, and the signatures of their URLs took some 17 KiB.
# Fetches, maintenance and merges that read large indexes, graphs and lists piece by piece, jurisdictions,
# metrics and the pages took 77 KiB together.
# Archives' placeholders and encodings took 34 KiB; sessions, forks that are brought up to date, differences without white
# space, packed refs and what large pushes sort took 52 KiB together.
# Mirrors both ways took some 180 KiB: syncs, pushes to others with the client's side of receive-pack, refspecs, sealed
# credentials, GitHub Apps, their routes and their part of the description; comparisons across repositories took 15 KiB.
wasm_gzip_kb_max=2944
# Each crate is somebody's code in everybody's repository.
crates_max=131   # archives read mail maps and count columns (33 KiB with all placeholders); hmac came with two of its own; one is ours, and finds secrets; tar came with filetime; regex-syntax is what an automaton is made of

gzip_kb=$(($(gzip -9 -c build/index_bg.wasm | wc -c) / 1024))
crates=$(cargo tree --locked -p cairn --target wasm32-unknown-unknown --edges normal --prefix none |
  cut -d' ' -f1,2 | sort -u | wc -l)
say "wasm: $gzip_kb KiB gzip (cap $wasm_gzip_kb_max), $((crates)) crates (cap $crates_max)"
if [ "$gzip_kb" -gt "$wasm_gzip_kb_max" ]; then
  echo "error: the wasm has $gzip_kb KiB gzip, above the cap of $wasm_gzip_kb_max (scripts/caps.sh)" >&2
  exit 1
fi
if [ "$crates" -gt "$crates_max" ]; then
  echo "error: the wasm has $((crates)) crates, above the cap of $crates_max (scripts/caps.sh)" >&2
  exit 1
fi
