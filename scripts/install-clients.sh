#!/usr/bin/env bash
# install-clients.sh: the other implementations of Git that tests/smart_http_clients.rs tells
# its story with, schemathesis, which asks the REST face whether it is as described, and two versions of
# git-lfs, at the versions pinned in tests/clients/, into $CLIENTS.
#
# Also the S3 server to which presigned URLs of Git LFS lead in tests/smart_http_lfs_presigned, and a
# Chromium for pages (tests/browser).
#
# Always succeeds. A part that cannot be had here (no runtime, no registry) leaves its reason in
# $CLIENTS/<part>.missing, and the test says so. A second run touches no network.
set -euo pipefail
. "$(dirname "$0")/env.sh"
cd "$ROOT/tests/clients"

# A registry out of reach must cost seconds, not the patience of a package manager.
PART_SECONDS_MAX=240
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# part <name> <pin file…>: installs a part by the function of its name, in the folder
# $CLIENTS/<name>, unless it stands there from the very same pins.
part() {
  local name=$1 pins
  shift
  local folder=$CLIENTS/$name
  pins=$(cat "$@")
  if [ "$(cat "$folder/.installed" 2>/dev/null)" = "$pins" ]; then return; fi
  rm -rf "$folder" "$folder.missing"
  mkdir -p "$folder"
  say "installing clients: $name"
  # In a shell of its own, because `set -e` does not hold inside a condition.
  local status=0
  bounded bash -euo pipefail -c "$(declare -f missing venv unpack "install_$name"); install_$name \"\$@\"" "$0" "$folder" \
    >"$log" 2>&1 || status=$?
  if [ "$status" = 0 ]; then
    printf '%s' "$pins" >"$folder/.installed"
    return
  fi
  rm -rf "$folder"
  reason "$status" >"$folder.missing"
  sed 's/^/   /' "$log" >&2
  say "clients: $name is passed over: $(cat "$folder.missing")"
}

bounded() {
  if command -v timeout >/dev/null; then timeout "$PART_SECONDS_MAX" "$@"; else "$@"; fi
}

# reason <exit status>: the last line that the installation said, which is mostly the point.
reason() {
  if [ "$1" = 124 ]; then
    echo "not installed within $PART_SECONDS_MAX seconds"
  else
    grep -v '^[[:space:]]*$' "$log" | tail -n 1 | cut -c 1-200
  fi
}

# missing <command>: ends a part when the machine lacks a command.
missing() {
  command -v "$1" >/dev/null || { echo "there is no $1 on this machine"; exit 1; }
}

install_python() { venv "$1" requirements.txt; }

install_schemathesis() { venv "$1" schemathesis.txt; }

install_generators() { venv "$1" generators.txt; }

install_prometheus() { venv "$1" prometheus.txt; }

# venv <folder> <requirements>: a Python environment with just these.
venv() {
  missing python3
  python3 -m venv "$1" || { echo "python3 has no working venv module"; exit 1; }
  "$1/bin/pip" install --quiet --disable-pip-version-check --no-input --only-binary :all: \
    --retries 1 --timeout 20 -r "$2" ||
    { echo "pip cannot install $2: is its index in reach?"; exit 1; }
}

install_npm() {
  missing npm
  cp package.json package-lock.json "$1"
  npm --prefix "$1" ci --no-audit --no-fund --ignore-scripts --loglevel=error \
    --fetch-retries=1 --fetch-timeout=20000 ||
    { echo "npm cannot install package-lock.json: is its registry in reach?"; exit 1; }
}

# A browser: the one that a package of npm brings along, packed, with libraries that a machine may lack.
# Some 68 MB come, and 230 MB are left. (Its build is for x86-64.)
install_browser() {
  missing npm
  cp ../browser/package.json ../browser/package-lock.json "$1"
  npm --prefix "$1" ci --no-audit --no-fund --ignore-scripts --loglevel=error \
    --fetch-retries=1 --fetch-timeout=60000 ||
    { echo "npm cannot install tests/browser/package-lock.json: is its registry in reach?"; exit 1; }
  cd "$1"
  local packed=node_modules/@sparticuz/chromium/bin
  for file in chromium al2023.tar fonts.tar; do
    node -e 'const [from, to] = process.argv.slice(1); require("stream").pipeline(
      fs.createReadStream(from), zlib.createBrotliDecompress(), fs.createWriteStream(to),
      (error) => { if (error) throw error; })' "$packed/$file.br" "$file"
  done
  rm -r "$packed"
  tar -xf al2023.tar
  mkdir fonts
  tar -xf fonts.tar -C fonts
  rm al2023.tar fonts.tar
  chmod +x chromium
  LD_LIBRARY_PATH=$1/lib ./chromium --version || { echo "its Chromium does not run on this machine"; exit 1; }
}

install_jgit() {
  missing javac
  local source=$PWD/JGit.java
  unpack "$1" jgit.packages
  cd "$1"
  mkdir jars
  cp -L usr/share/java/{javaewah,jsch,org.eclipse.jgit,slf4j-api,slf4j-nop}.jar jars
  rm -r usr
  javac -nowarn -cp 'jars/*' -d classes "$source"
}

# Debian's git-lfs. Its version is the archive's, which keeps the newest alone.
install_git_lfs_debian() {
  unpack "$1" git-lfs.packages
  mv "$1/usr/bin/git-lfs" "$1"
  rm -r "$1/usr"
  "$1/git-lfs" version
}

# The newest git-lfs. Its package is for newer Pythons alone, which the program in it does not need.
install_git_lfs_newest() {
  missing python3
  python3 -m venv "$1/venv" || { echo "python3 has no working venv module"; exit 1; }
  "$1/venv/bin/pip" download --quiet --disable-pip-version-check --no-input --only-binary :all: --no-deps \
    --retries 1 --timeout 20 --ignore-requires-python --require-hashes -d "$1" -r git-lfs.txt ||
    { echo "pip cannot download git-lfs.txt: is its index in reach?"; exit 1; }
  cd "$1"
  python3 -m zipfile -e ./*.whl .
  mv ./*.data/purelib/git_lfs/bin/git-lfs .
  rm -r venv ./*.whl ./*.data ./*.dist-info
  chmod +x git-lfs
  ./git-lfs version
}

# unpack <folder> <list of packages>: from Debian's archive, unpacked and not installed, so that nobody
# need be root. A machine that has no lists of the archive yet reads them into the folder.
unpack() {
  missing apt-get
  missing dpkg
  local packages package
  mapfile -t packages <"$2"
  cd "$1"
  if ! apt-get download --quiet "${packages[@]}"; then
    local own=(-o "Dir::State::Lists=$1/lists" -o "Dir::Cache=$1/cache")
    mkdir -p lists/partial cache/archives/partial
    apt-get --quiet "${own[@]}" update
    apt-get download --quiet "${own[@]}" "${packages[@]}" ||
      { echo "this machine's package archive has no ${packages[*]}"; exit 1; }
    rm -r lists cache
  fi
  for package in *.deb; do dpkg -x "$package" .; done
  rm -f -- *.deb
  cd "$OLDPWD"
}

# What checks metrics, rules and queries for Prometheus itself. The rest of Debian's package is not kept.
install_promtool() {
  unpack "$1" promtool.packages
  mv "$1/usr/bin/promtool" "$1"
  rm -r "$1/usr" "$1/etc" "$1/lib" "$1/var"
  "$1/promtool" --version
}

install_gix() {
  missing cargo
  cc --version >/dev/null || { echo "there is no C compiler on this machine"; exit 1; }
  CARGO_TARGET_DIR=$1/target cargo build --locked --quiet --manifest-path gix/Cargo.toml ||
    { echo "cargo cannot build tests/clients/gix: is crates.io in reach?"; exit 1; }
  mv "$1/target/debug/gix-client" "$1"
  rm -r "$1/target"
}

install_s3() {
  missing cargo
  CARGO_TARGET_DIR=$1/target cargo build --locked --quiet --manifest-path s3/Cargo.toml ||
    { echo "cargo cannot build tests/clients/s3: is crates.io in reach?"; exit 1; }
  mv "$1/target/debug/s3-server" "$1"
  rm -r "$1/target"
}

mkdir -p "$CLIENTS"
# Two runs at once would install into one another's folders.
exec 9>"$CLIENTS/.lock"
if command -v flock >/dev/null; then flock 9; fi
part python requirements.txt
part schemathesis schemathesis.txt
part generators generators.txt
part prometheus prometheus.txt
part promtool promtool.packages
part npm package.json package-lock.json
part browser ../browser/package.json ../browser/package-lock.json
part jgit jgit.packages JGit.java
part git_lfs_debian git-lfs.packages
part git_lfs_newest git-lfs.txt
part gix gix/Cargo.toml gix/Cargo.lock gix/main.rs
# It is compiled, which takes minutes on two busy cores.
PART_SECONDS_MAX=900 part s3 s3/Cargo.toml s3/Cargo.lock s3/main.rs
