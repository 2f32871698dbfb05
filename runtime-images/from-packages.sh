#!/usr/bin/env bash
# from-packages.sh: the layers of the runtime images, from Debian's packages.
#
#   runtime-images/from-packages.sh WORK_DIR
#
# Resolves and downloads the packages with apt's own tools into WORK_DIR, with a package
# state of its own: nothing of the machine's is touched, no package is installed, and
# neither root nor a mount is needed. The packages are unpacked, not configured: maintainer
# scripts would be run by a chroot, which needs root; the few things that they would make
# (sh, awk, passwd, name service) are made here. Writes WORK_DIR/layers/<name>.tar for
# `base` and for each image that adds packages; the same packages give the same bytes.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/../scripts/lib.sh"
case ${1:-} in
  -h | --help | '') help_of "$0"; exit 0 ;;
esac
work=$1
suite=bookworm
base_packages=(base-files base-passwd bash coreutils dash debianutils diffutils findutils
  gawk grep gzip hostname libc-bin sed tar tzdata)
arch=$(dpkg --print-architecture)
# File times in the layers: a fixed day, and one that zip can say (after 1980).
epoch=1735689600

# uri_of LABEL DEFAULT: where this machine gets that archive from, when it uses it at all.
uri_of() {
  local uri
  # shellcheck disable=SC2016 # apt's own placeholders
  uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Label: $1" 2>/dev/null | sed -n 1p)
  echo "${uri:-$2}"
}

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
if [ ! -r "$keyring" ]; then
  may_apt || fail "$keyring is missing, and $(why_not_apt)" -- 'Install the package debian-archive-keyring.'
  apt_install debian-archive-keyring || fail 'debian-archive-keyring could not be installed'
fi

mkdir -p "$work"/{etc/preferences.d,state/lists/partial,cache/archives/partial,root,layers}
: >"$work/state/status"
debian=$(uri_of Debian http://deb.debian.org/debian)
security=$(uri_of Debian-Security http://deb.debian.org/debian-security)
cat >"$work/etc/sources.list" <<LIST
deb [signed-by=$keyring] $debian $suite main
deb [signed-by=$keyring] $security $suite-security main
LIST
# Read after the machine's own configuration, whose proxies and time-outs stay in force.
cat >"$work/etc/apt.conf" <<CONF
Dir::Etc::SourceList "$work/etc/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "$work/etc/preferences.d";
Dir::State "$work/state";
Dir::State::status "$work/state/status";
Dir::Cache "$work/cache";
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Install-Recommends "false";
APT::Get::Assume-Yes "true";
Acquire::Languages "none";
Acquire::Retries "2";
#clear Acquire::IndexTargets::deb::DEP-11;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
CONF
# apt downloads as a user of its own, who must get here.
if is_root && id _apt >/dev/null 2>&1; then chown -R _apt "$work/state/lists" "$work/cache/archives"; fi

apt_own() { bounded 300 apt-get -q -c "$work/etc/apt.conf" "$@" >>"$work/apt.log" 2>&1 </dev/null; }

say "reading Debian's package lists ($suite, $arch)"
apt_own update || { show_end "$work/apt.log"; fail "Debian's package lists could not be read from $debian"; }

# names_of PACKAGES...: the file names of everything that these need, one a line, sorted.
names_of() {
  bounded 60 apt-get -q -c "$work/etc/apt.conf" --print-uris install "$@" 2>>"$work/apt.log" |
    sed -n "s/^'[^']*' \([^ ]*\.deb\) .*/\1/p" | LC_ALL=C sort
}

images=()
declare -A packages_of
while IFS='|' read -r name _ packages _; do
  name=${name// /}
  if [ -z "$name" ] || [[ $name == \#* ]]; then continue; fi
  read -ra words <<<"$packages"
  [ ${#words[@]} -gt 0 ] || continue
  images+=("$name")
  packages_of[$name]=${words[*]}
done <"$here/images.conf"

names_of "${base_packages[@]}" >"$work/base.names"
[ -s "$work/base.names" ] || { show_end "$work/apt.log"; fail 'apt found no way to install the base packages'; }
for name in "${images[@]}"; do
  read -ra words <<<"${packages_of[$name]}"
  names_of "${base_packages[@]}" "${words[@]}" | LC_ALL=C comm -13 "$work/base.names" - >"$work/$name.names"
  [ -s "$work/$name.names" ] || { show_end "$work/apt.log"; fail "apt found no way to install $name's packages"; }
done

all=("${base_packages[@]}")
for name in "${images[@]}"; do read -ra words <<<"${packages_of[$name]}"; all+=("${words[@]}"); done
say "downloading $(cat "$work"/*.names | sort -u | wc -l) packages"
apt_own --download-only install "${all[@]}" || { show_end "$work/apt.log"; fail 'the packages could not be downloaded'; }

# What no task reads. Licences (copyright) stay.
prune=(--exclude='./usr/share/locale/*' --exclude='./usr/share/man/*' --exclude='./usr/share/info/*'
  --exclude='./usr/share/doc/*/changelog*' --exclude='./usr/share/doc/*/NEWS*' --exclude='./usr/share/doc/*/README*'
  --exclude='./usr/share/doc/*/examples' --exclude='./usr/share/doc/bash' --exclude='./usr/share/lintian'
  --exclude='./usr/share/bug' --exclude='./usr/share/bash-completion' --exclude='./usr/share/applications'
  --exclude='./usr/share/pixmaps' --exclude='./usr/share/icons' --exclude='./usr/share/systemtap' --exclude='./etc/default' --exclude='./etc/cron*'
  --exclude='./usr/share/zoneinfo/right' --exclude='./usr/share/zoneinfo/posix' --exclude='./usr/lib/systemd' --exclude='./lib/systemd')

# unpack LAYER: the layer's packages into root/LAYER, and a record of each for scanners.
unpack() {
  local root=$work/root/$1 deb record
  mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root/var/lib/dpkg/status.d"
  for link in bin sbin lib lib64; do ln -s "usr/$link" "$root/$link"; done
  while read -r deb; do
    dpkg-deb --fsys-tarfile "$work/cache/archives/$deb" |
      tar -x --no-same-owner -p --keep-directory-symlink "${prune[@]}" -C "$root"
    record=${deb%%_*}
    dpkg-deb --field "$work/cache/archives/$deb" >"$root/var/lib/dpkg/status.d/$record"
  done <"$work/$1.names"
  chmod -R u+rwX "$root"
  find "$root" -type f -perm /6000 -exec chmod a-s {} +
}

finish_base() {
  local root=$work/root/base
  [ -e "$root/usr/bin/sh" ] || ln -s dash "$root/usr/bin/sh"
  ln -sf gawk "$root/usr/bin/awk"
  printf '%s\n' 'root:x:0:0:root:/root:/bin/bash' 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin' \
    'task:x:65532:65532:task:/task:/bin/bash' >"$root/etc/passwd"
  printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' 'task:x:65532:' >"$root/etc/group"
  printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' >"$root/etc/nsswitch.conf"
  ln -sf /usr/share/zoneinfo/Etc/UTC "$root/etc/localtime"
  mkdir -p "$root"/{dev,proc,sys,tmp,root,task,var/tmp}
  chmod 1777 "$root/tmp" "$root/var/tmp"
}

# Without the byte code that the package's script would make, every start compiles half the
# library. Byte code with unchecked hashes is the same in every build.
finish_python() {
  local root=$work/root/python python loader
  for python in "$root"/usr/bin/python3.[0-9]*; do break; done
  mkdir -p "$work/joined"
  cp -a "$work/root/base/." "$work/joined/"
  tar -c -C "$root" . | tar -x --keep-directory-symlink -C "$work/joined"
  loader=$(find "$work/joined/usr/lib" "$work/joined/usr/lib64" -name 'ld-linux-*.so.*' | head -n 1)
  say 'compiling the Python library to byte code'
  PYTHONHOME="$work/joined/usr" PYTHONHASHSEED=0 SOURCE_DATE_EPOCH=$epoch bounded 300 "$loader" \
    --library-path "$(find "$work/joined/usr/lib" -maxdepth 1 -name '*-linux-gnu*' | head -n 1)" \
    "$work/joined/usr/bin/${python##*/}" -I -m compileall -q -j 0 --invalidation-mode unchecked-hash \
    -s "$root" -p / "$root/usr/lib/${python##*/}" >>"$work/apt.log" 2>&1 ||
    say 'some files of the library do not compile; they are compiled when imported'
  rm -rf "$work/joined"
}

# pack LAYER: the layer's tar: sorted, one time, everything root's but the task's folder.
pack() {
  local root=$work/root/$1 tar=$work/layers/$1.tar own=()
  [ "$1" != base ] || own=(task)
  local options=(--format=gnu --sort=name --numeric-owner --mtime="@$epoch" -C "$root")
  (
    cd "$root"
    shopt -s dotglob nullglob
    entries=(*)
    for i in "${!entries[@]}"; do
      case ${entries[i]} in
        task) unset 'entries[i]' ;;
        bin | sbin | lib | lib64) [ "$1" = base ] || unset 'entries[i]' ;;
      esac
    done
    tar -cf "$tar" "${options[@]}" --owner=0 --group=0 -- "${entries[@]}"
    [ ${#own[@]} -eq 0 ] || tar -rf "$tar" "${options[@]}" --owner=65532 --group=65532 -- "${own[@]}"
  )
  say "layer $1: $(wc -l <"$work/$1.names") packages, $(($(stat -c %s "$tar") / 1048576)) MiB"
}

for layer in base "${images[@]}"; do
  unpack "$layer"
  if declare -F "finish_$layer" >/dev/null; then "finish_$layer"; fi
  pack "$layer"
done
