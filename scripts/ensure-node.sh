#!/usr/bin/env bash
# ensure-node.sh: checks Node and npm, and installs the npm packages when needed.
#
#   scripts/ensure-node.sh [--check]
#
#   --check   only look; exit 1 when anything is missing
#
# Runs `npm ci` when node_modules is missing or differs from package-lock.json, and makes
# sure that better-sqlite3 loads: npm fetches it built where it can, and otherwise it is
# compiled, which takes about a minute and needs g++, make and python3. As root on a
# Debian-like system these are installed from the distribution's packages. Nothing is done
# when all is in place (the stamp is node_modules/.gleaner-installed). Exit code 0 or 1.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"
root=$(dirname "$here")

check=
read_options check -- "$@"

node_ways=(
  'Ways to get Node.js 20.19 or later, with npm:'
  '  https://nodejs.org/en/download (also for machines without root: unpack, add bin/ to PATH)'
  '  https://github.com/nvm-sh/nvm: nvm install 20'
)
have node || fail 'node is not on the PATH' -- "${node_ways[@]}"
version=$(node -p process.versions.node)
node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
  process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' ||
  fail "$(command -v node) is version $version; Gleaner needs 20.19 or later" -- "${node_ways[@]}"
have npm || fail "npm is not on the PATH (node $version is)" -- "${node_ways[@]}"

cd "$root"
stamp=node_modules/.gleaner-installed
# Native modules belong to one ABI of Node: another Node makes the stamp invalid.
wanted="$(sha256sum package-lock.json | cut -d' ' -f1) abi $(node -p process.versions.modules)"

sqlite_loads() { bounded 30 node -e 'new (require("better-sqlite3"))(":memory:").close()' >/dev/null 2>&1; }
tree_fresh() { difference=$(node "$here/npm-tree-fresh.mjs"); }
in_place() { [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && [ -e node_modules/.package-lock.json ] && sqlite_loads; }

# run_npm WORDS... : npm with its output in a log; a line of progress every ten seconds.
run_npm() {
  local pid beat status=0
  say "npm $*"
  bounded 900 npm "$@" --no-audit --no-fund --loglevel=warn >>"$log" 2>&1 </dev/null 9>&- &
  pid=$!
  beat=$SECONDS
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.3
    if [ $((SECONDS - beat)) -ge 10 ]; then say "... npm $1 still at work"; beat=$SECONDS; fi
  done
  wait "$pid" || status=$?
  return $status
}

# build_sqlite: fetches better-sqlite3's binary or compiles it; with the headers that came
# with this Node where there are any, as node-gyp would otherwise download them.
build_sqlite() {
  local prefix
  prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  if [ -e "$prefix/include/node/node_version.h" ]; then export npm_config_nodedir=$prefix; fi
  run_npm rebuild better-sqlite3 && sqlite_loads
}

toolchain_missing() {
  local tools=()
  have g++ || tools+=(g++)
  have make || tools+=(make)
  have python3 || tools+=(python3)
  echo "${tools[*]}"
}

if in_place; then exit 0; fi
if tree_fresh && sqlite_loads; then
  [ -n "$check" ] || echo "$wanted" >"$stamp"
  exit 0
fi
[ -z "$check" ] || fail "the npm packages are not in place: ${difference:-better-sqlite3 does not load}" -- \
  'Run scripts/ensure-node.sh.'

step "Installing the npm packages (${difference:-better-sqlite3 does not load})"
with_lock "$GLEANER_STATE_DIR/npm-$(printf %s "$root" | sha256sum | cut -c1-16).lock" 1800
if in_place; then exit 0; fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if ! tree_fresh; then
  # The one script that matters is better-sqlite3's, which gets its own step below.
  if ! run_npm ci --ignore-scripts; then
    grep -q 'can only install packages when' "$log" || { show_end "$log" 25; fail 'npm ci failed' -- \
      'Without access to the npm registry: copy node_modules from a machine of the same kind and Node version.'; }
    # npm writes such a lock where its registry lacks an optional package of another platform.
    say 'npm ci refuses package-lock.json as incomplete:'
    grep -E 'Missing:|Invalid:' "$log" | head -n 3 | sed 's/^/    | /' >&2
    run_npm install --no-save --ignore-scripts || { show_end "$log" 25; fail 'npm install failed'; }
    tree_fresh || fail "npm installed other packages than package-lock.json names: $difference" -- \
      'Bring package.json and package-lock.json in line: npm install'
  fi
fi
if ! sqlite_loads && ! build_sqlite; then
  missing=$(toolchain_missing)
  [ -n "$missing" ] || { show_end "$log" 25; fail 'better-sqlite3 could be neither fetched nor compiled'; }
  may_apt || fail "better-sqlite3 must be compiled, which needs $missing; $(why_not_apt)" -- \
    'Install g++, make and python3 (Debian: sudo apt-get install g++ make python3), then try again.'
  apt_install g++ make python3 || fail "better-sqlite3 must be compiled, which needs $missing"
  hash -r
  build_sqlite || { show_end "$log" 25; fail 'better-sqlite3 could not be compiled'; }
fi
echo "$wanted" >"$stamp"
say "npm packages are in place: $(find node_modules -maxdepth 2 -name package.json | wc -l) packages, better-sqlite3 loads"
