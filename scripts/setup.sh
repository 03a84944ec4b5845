#!/usr/bin/env bash
# Prepares a Debian machine for lockstep; needs neither Node nor npm.
#
#   scripts/setup.sh [--refresh]
#
# 1. Installs with apt what the checks and pictures use: chromium, spin, gcc,
#    Sphinx and this Debian's own QEMU.  Only this step needs root, and only when
#    something is missing.
# 2. Unpacks the QEMUs of other Debian suites into .qemu/<suite>/, with all the
#    libraries they need and without touching the machine (unpack-qemu.sh).
# 3. Unpacks python3-qemu-qmp, a client of QMP, into .qemu/qmp/ (unpack-qmp.sh).
# 4. Prints each QEMU that the conformance run will find.
#
# Run it again at any time: what is there and works is left alone.  --refresh
# fetches the suites anew, for Debian moves and nothing here is pinned.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
root=$(dirname -- "$here")
packages=(chromium spin gcc qemu-system-x86 python3-sphinx)
suites=(bookworm trixie sid)

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

refresh=()
case ${1-} in
  '') ;;
  --refresh) refresh=(--refresh) ;;
  -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
  *) printf 'setup: unknown argument %s (usage: scripts/setup.sh [--refresh])\n' "$1" >&2; exit 2 ;;
esac

{ command -v apt-get && command -v dpkg-deb; } >/dev/null ||
  die "this machine has no apt; install ${packages[*]} by other means and name QEMUs with --qemu"

installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for package in "${packages[@]}"; do
  installed "$package" || missing+=("$package")
done

if [ ${#missing[@]} -eq 0 ]; then
  say "already installed: ${packages[*]}"
else
  say "installing with apt: ${missing[*]}"
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "not root, and there is no sudo; as root run: apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  # A list that cannot be refreshed (a third party's repository that is down) does
  # not matter as long as the packages themselves can be had.
  "${as_root[@]}" apt-get -qq update || say 'apt-get update complained; going on with the lists there are'
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends "${missing[@]}" >/dev/null ||
    die "apt could not install ${missing[*]}"
fi

host=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME-}")
failed=()
for suite in "${suites[@]}"; do
  # The machine's own suite is the one apt has just seen to.
  if [ "$suite" != "$host" ]; then
    "$here/unpack-qemu.sh" "${refresh[@]}" "$suite" || {
      status=$?
      # Interrupted: the person wants it all to stop, not only this suite.
      [ "$status" -lt 128 ] || exit "$status"
      failed+=("$suite")
    }
  fi
done

"$here/unpack-qmp.sh" "${refresh[@]}" || {
  status=$?
  [ "$status" -lt 128 ] || exit "$status"
  failed+=(qemu.qmp)
}

say 'QEMUs to test against:'
for qemu in "$(command -v qemu-system-x86_64 || true)" "$root"/.qemu/*/qemu-system-x86_64; do
  [ -x "$qemu" ] || continue
  version=$("$qemu" --version | head -n 1) || version='does not start'
  printf '  %s  %s\n' "${qemu#"$root"/}" "$version"
done

[ ${#failed[@]} -eq 0 ] || die "nothing from: ${failed[*]} (the reason is above)"
