#!/usr/bin/env bash
# The commands in the documentation of Cloudflare Artifacts: requests by curl, and git with the
# answers. Only base URLs, names and the credential come from outside. Each answer is kept in $ANSWERS.
set -euo pipefail

authorization="Authorization: Bearer $CLOUDFLARE_API_TOKEN"
json="Content-Type: application/json"

# kept NAME CURL-OPTIONS…: the body in $ANSWERS/NAME, the status in $ANSWERS/NAME.status.
kept() {
  local name=$1
  shift
  curl --silent --show-error --output "$ANSWERS/$name" --write-out '%{http_code}' \
    --header "$authorization" "$@" >"$ANSWERS/$name.status"
}
of() { jq --raw-output "$2" "$ANSWERS/$1"; }

# Namespaces.
kept namespace --request POST "$ARTIFACTS_ACCOUNT_BASE_URL/namespaces" --header "$json" \
  --data "{\"namespace\": \"$ARTIFACTS_NAMESPACE\"}"
kept namespaces "$ARTIFACTS_ACCOUNT_BASE_URL/namespaces?limit=20"
kept shown-namespace "$ARTIFACTS_ACCOUNT_BASE_URL/namespaces/$ARTIFACTS_NAMESPACE"

# A repository, its remote and its first token.
kept created --request POST "$ARTIFACTS_BASE_URL/repos" --header "$json" --data "{
    \"name\": \"$ARTIFACTS_REPO\",
    \"description\": \"Repository for automation experiments\",
    \"default_branch\": \"main\",
    \"read_only\": false
  }"
ARTIFACTS_REMOTE=$(of created .result.remote)
ARTIFACTS_TOKEN=$(of created .result.token)
kept listed "$ARTIFACTS_BASE_URL/repos?limit=20&sort=updated_at&direction=desc"
kept shown "$ARTIFACTS_BASE_URL/repos/$ARTIFACTS_REPO"

# The first commit, pushed with the token in a header and then in the URL, and a clone.
mkdir artifacts-demo
cd artifacts-demo
git init --quiet -b main
printf '# Artifacts demo\n' >README.md
git add README.md
git commit --quiet -m "Initial commit"
git remote add origin "$ARTIFACTS_REMOTE"
git -c http.extraHeader="Authorization: Bearer $ARTIFACTS_TOKEN" push --quiet -u origin main
scheme=${ARTIFACTS_REMOTE%%://*}://
ARTIFACTS_TOKEN_SECRET="${ARTIFACTS_TOKEN%%\?expires=*}"
ARTIFACTS_AUTH_REMOTE="${scheme}x:${ARTIFACTS_TOKEN_SECRET}@${ARTIFACTS_REMOTE#"$scheme"}"
git push --quiet "$ARTIFACTS_AUTH_REMOTE" HEAD:main
cd ..
git -c http.extraHeader="Authorization: Bearer $ARTIFACTS_TOKEN" \
  clone --quiet "$ARTIFACTS_REMOTE" artifacts-clone
git -C artifacts-clone log --format=%s -1 >"$ANSWERS/cloned"

# Content.
kept log "$ARTIFACTS_BASE_URL/repos/$ARTIFACTS_REPO/log?ref=main&limit=10"
COMMIT_HASH=$(of log '.result[0].hash')
TREE_HASH=$(of log '.result[0].treeHash')
kept commit "$ARTIFACTS_BASE_URL/repos/$ARTIFACTS_REPO/commit/$COMMIT_HASH"
kept tree "$ARTIFACTS_BASE_URL/repos/$ARTIFACTS_REPO/tree/$TREE_HASH"
BLOB_HASH=$(of tree '.result[0].hash')
kept blob "$ARTIFACTS_BASE_URL/repos/$ARTIFACTS_REPO/blob/$BLOB_HASH"
kept file "$ARTIFACTS_BASE_URL/repos/$ARTIFACTS_REPO/file?ref=main&path=README.md"
kept raw "$ARTIFACTS_BASE_URL/repos/$ARTIFACTS_REPO/raw/main/README.md"

# A fork, and a copy of another server's repository.
kept forked --request POST "$ARTIFACTS_BASE_URL/repos/$ARTIFACTS_REPO/fork" --header "$json" --data "{
    \"name\": \"$ARTIFACTS_REPO-copy\",
    \"description\": \"Fork for testing\",
    \"read_only\": false,
    \"default_branch_only\": true
  }"
kept imported --request POST "$ARTIFACTS_BASE_URL/repos/mirror/import" --header "$json" --data "{
    \"url\": \"$IMPORTED_URL\",
    \"branch\": \"main\",
    \"depth\": 100
  }"

# Tokens.
kept token --request POST "$ARTIFACTS_BASE_URL/tokens" --header "$json" --data "{
    \"repo\": \"$ARTIFACTS_REPO\",
    \"scope\": \"read\",
    \"ttl\": 3600
  }"
READ_TOKEN=$(of token .result.plaintext)
git -c http.extraHeader="Authorization: Bearer $READ_TOKEN" \
  clone --quiet "$ARTIFACTS_REMOTE" artifacts-clone-again
kept tokens "$ARTIFACTS_BASE_URL/repos/$ARTIFACTS_REPO/tokens?state=all&per_page=30&page=1"
kept revoked --request DELETE "$ARTIFACTS_BASE_URL/tokens/$(of token .result.id)"

kept deleted --request DELETE "$ARTIFACTS_BASE_URL/repos/$ARTIFACTS_REPO"
