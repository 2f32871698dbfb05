#!/usr/bin/env bash
# ensure-postgres.sh: prints the folder that holds the programs of a PostgreSQL server.
#
#   scripts/ensure-postgres.sh [--install]
#
#   --install   as root on a Debian-like system, install the package postgresql when there
#               is none (the tests start servers of their own; no service is started)
#
# GLEANER_POSTGRES_BIN, when set, is the folder that is used. Exit code: 0 and the folder on
# stdout, or 1 and the reason on stderr.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

least=13
install=
read_options install -- "$@"

# find_bin: prints the newest folder with initdb and postgres in it.
find_bin() {
  local bin
  if [ -n "${GLEANER_POSTGRES_BIN:-}" ]; then
    [ -x "$GLEANER_POSTGRES_BIN/initdb" ] && [ -x "$GLEANER_POSTGRES_BIN/postgres" ] || return 1
    echo "$GLEANER_POSTGRES_BIN"
    return 0
  fi
  while read -r bin; do
    [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ] || continue
    echo "$bin"
    return 0
  done < <(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin 2>/dev/null | sort -rV; dirname "$(command -v postgres 2>/dev/null || echo /none/none)")
  return 1
}

answer() {
  local version
  version=$(bounded 20 "$1/postgres" --version | grep -oE '[0-9]+(\.[0-9]+)?' | head -n 1)
  [ "${version%%.*}" -ge "$least" ] || fail "PostgreSQL $version in $1 is too old" -- "Install version $least or later."
  say "using PostgreSQL $version in $1"
  echo "$1"
  exit 0
}

if bin=$(find_bin); then answer "$bin"; fi
[ -z "${GLEANER_POSTGRES_BIN:-}" ] || fail "GLEANER_POSTGRES_BIN is $GLEANER_POSTGRES_BIN, and there are no programs initdb and postgres in it" -- \
  'Unset it to use those of this machine.'
ways=(
  'To get one: sudo apt-get install postgresql (Debian, Ubuntu); https://www.postgresql.org/download/'
  '       or:  export GLEANER_POSTGRES_BIN=/folder/with/initdb/and/postgres'
)
[ -n "$install" ] || fail 'there is no PostgreSQL server on this machine' -- "${ways[@]}"
may_apt || fail "there is no PostgreSQL server, and $(why_not_apt), so none can be installed" -- "${ways[@]}"

step 'No PostgreSQL: installing the distribution'"'"'s'
with_lock "$GLEANER_STATE_DIR/postgres.lock" 900
# The package would make a cluster of its own, which nobody asked for.
mkdir -p /etc/postgresql-common/createcluster.d
[ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/gleaner-tests.conf
apt_install postgresql || fail 'postgresql could not be installed' -- "${ways[@]}"
rm -f /etc/postgresql-common/createcluster.d/gleaner-tests.conf
bin=$(find_bin) || fail 'postgresql is installed, but its programs are not found' -- "${ways[@]}"
answer "$bin"
