#!/usr/bin/env bash
# Git itself, in the version of $GIT. The meaning of the commands: tests/clients/mod.rs.
set -euo pipefail

git() { "$GIT" -c init.defaultBranch=main -c gc.auto=0 -c credential.helper="$helper" "$@"; }
helper='!f() { echo username=x; echo "password=$CAIRN_TOKEN"; }; f'
export GIT_TERMINAL_PROMPT=0 GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export GIT_AUTHOR_NAME=git GIT_AUTHOR_EMAIL=git@example.com
export GIT_COMMITTER_NAME=git GIT_COMMITTER_EMAIL=git@example.com

create() {
  git init --quiet "$1"
  cd "$1"
  git remote add origin "$2"
  for number in {1..6}; do grow main "$number"; done
  git tag light "$(git rev-list --max-parents=0 HEAD)"
  git checkout --quiet -b topic
  for number in {21..23}; do grow topic "$number"; done
  git checkout --quiet main
  for number in {7..9}; do grow main "$number"; done
  git merge --quiet -X ours -m "main 10" topic
  git tag -a -m "an annotated tag" v1
  git push --quiet --all origin
  git push --quiet --tags origin
}

clone() { git clone --quiet ${3:+--depth "$3"} "$1" "$2"; }

fetch() { git -C "$1" fetch --quiet --prune ${2:+--depth "$2"} origin; }

commit() {
  cd "$1"
  grow main "$2"
  git push --quiet origin main
}

delete() { git -C "$1" push --quiet origin --delete "$2"; }

# grow <branch> <number>: commits a longer log and a new file in a folder.
grow() {
  mkdir -p deep/er
  for line in {1..40}; do echo "$1 $2, line $line"; done >>log.txt
  echo "$2" >"deep/er/ö-$2.txt"
  git add .
  git commit --quiet -m "$1 $2"
}

"$@"
