#!/usr/bin/env bash
# Unpacks Debian's python3-qemu-qmp (the library qemu.qmp and qmp-shell), which is
# pure Python, into .qemu/qmp/: a client that the tests hold the reference to.
# The machine's own packages are not touched.
#
#   scripts/unpack-qmp.sh [--refresh]
#
# Called by setup.sh.  Needs no root.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
store=$(dirname -- "$here")/.qemu
final=$store/qmp
tmp=$store/qmp.tmp
library=root/usr/lib/python3/dist-packages

say() { printf 'setup: qemu.qmp: %s\n' "$*"; }
die() { printf 'setup: qemu.qmp: %s\n' "$*" >&2; exit 1; }
works() { PYTHONPATH=$1/$library python3 -c 'import qemu.qmp.qmp_shell' 2>/dev/null; }

command -v python3 >/dev/null || die 'there is no python3 that could run it'
mkdir -p "$store"
# One setup at a time in this checkout; the kernel drops the lock with the process.
exec 9>"$store/.lock"
flock 9
rm -rf -- "$tmp"
if [ "${1-}" != --refresh ] && works "$final"; then
  say 'already unpacked'
  exit
fi
trap 'rm -rf -- "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# shellcheck source=scripts/debian.sh
. "$here/debian.sh"
# No stable release has it yet.
private_apt sid
say 'fetching'
get -o APT::Update::Error-Mode=any update || die 'the package list could not be fetched or verified'
(cd -- "$tmp" && get download python3-qemu-qmp) || die 'the package could not be fetched'
dpkg-deb -x "$tmp"/python3-qemu-qmp_*.deb "$tmp/root" || die 'it could not be unpacked'
rm -rf -- "$tmp/apt" "$tmp"/*.deb
works "$tmp" || die 'unpacked, but python3 cannot import it'
trap '' INT TERM
rm -rf -- "$final"
mv -T -- "$tmp" "$final"
say 'ready'
