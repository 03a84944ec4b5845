#!/usr/bin/env bash
# Unpacks the x86 QEMU of one Debian suite, with every library it needs down to
# libc, into .qemu/<suite>/, and writes .qemu/<suite>/qemu-system-x86_64, which
# starts it.  The machine's own packages, lists and caches are not touched.
#
#   scripts/unpack-qemu.sh [--refresh] SUITE
#
# Called by setup.sh.  Needs no root.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
store=$(dirname -- "$here")/.qemu
refresh=no
if [ "${1-}" = --refresh ]; then refresh=yes; shift; fi
suite=${1:?usage: scripts/unpack-qemu.sh [--refresh] SUITE}

say() { printf 'setup: %s: %s\n' "$suite" "$*"; }
die() { printf 'setup: %s: %s\n' "$suite" "$*" >&2; exit 1; }

# Starts a QEMU, greets it and lets it go.  A word on stderr counts as failure:
# a module or firmware that is missing shows itself there and nowhere else.
works() {
  local out
  out=$(printf '%s\n' '{"execute":"qmp_capabilities"}' '{"execute":"quit"}' |
    timeout 60 "$1" -machine pc -accel tcg -nodefaults -nographic -S -qmp stdio 2>&1) || { complaint=$out; return 1; }
  complaint=$(grep -v '^{' <<<"$out" || true)
  [ -z "$complaint" ] && [[ $out == *'"QMP"'* ]]
}

final=$store/$suite
tmp=$store/$suite.tmp
old=$store/$suite.old
mkdir -p "$store"

# One setup at a time in this checkout; the kernel drops the lock with the process.
exec 9>"$store/.lock"
flock -n 9 || { say 'waiting for another setup to finish'; flock 9; }

# Killed between the two renames at the end, an earlier run left the old tree aside.
[ -e "$final" ] || [ ! -e "$old" ] || mv -T -- "$old" "$final"
rm -rf -- "$old" "$tmp"

if [ "$refresh" = no ] && works "$final/qemu-system-x86_64"; then
  say 'already unpacked'
  exit
fi

trap 'rm -rf -- "$tmp"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# shellcheck source=scripts/debian.sh
. "$here/debian.sh"
case $arch in
  amd64) triplet=x86_64-linux-gnu ;;
  arm64) triplet=aarch64-linux-gnu ;;
  *) die "unpacking is prepared for amd64 and arm64, not for $arch" ;;
esac

private_apt "$suite"

say 'fetching the package list'
# Without Error-Mode=any apt-get update succeeds even when it could fetch nothing.
get -o APT::Update::Error-Mode=any update || die 'its package list could not be fetched or verified'
say 'fetching QEMU and all its libraries'
get -y --download-only install qemu-system-x86 >/dev/null || die 'its packages could not be fetched'

say 'unpacking'
for deb in "$tmp"/apt/cache/archives/*.deb; do
  dpkg-deb -x "$deb" "$tmp/root" || die "${deb##*/} could not be unpacked"
done
rm -rf -- "$tmp/apt" "$tmp"/root/usr/share/{doc,man,locale,icons}

# The lib64 link of some suites is absolute and would lead to the machine's own
# loader, so the loader is taken from where it really is.
cd -- "$tmp/root"
loader=
for file in {usr/,}lib/"$triplet"/ld-linux-*.so.*; do
  [ -x "$file" ] && loader=$file && break
done
cd -- "$here"
[ -n "$loader" ] || die 'its libc came without a loader'

cat >"$tmp/qemu-system-x86_64" <<WRAPPER
#!/bin/sh
# Starts the QEMU of Debian $suite that is unpacked beside this file, with its own
# loader, libraries, modules and firmware.  Printed by scripts/unpack-qemu.sh.
self=\$(readlink -f -- "\$0")
root=\${self%/*}/root
QEMU_MODULE_DIR=\$root/usr/lib/$triplet/qemu
export QEMU_MODULE_DIR
# exec: whoever started this holds the pid of QEMU itself.
exec "\$root/$loader" --inhibit-cache --argv0 "\$0" \\
  --library-path "\$root/usr/lib/$triplet:\$root/lib/$triplet" \\
  "\$root/usr/bin/qemu-system-x86_64" \\
  -L "\$root/usr/share/qemu" -L "\$root/usr/share/seabios" -L "\$root/usr/lib/ipxe/qemu" "\$@"
WRAPPER
chmod +x "$tmp/qemu-system-x86_64"

# A library that is not in the tree would silently be the machine's own.
foreign=$("$tmp/root/$loader" --inhibit-cache --library-path "$tmp/root/usr/lib/$triplet:$tmp/root/lib/$triplet" \
  --list "$tmp/root/usr/bin/qemu-system-x86_64" | grep -vF -e "$tmp/root/" -e linux-vdso || true)
[ -z "$foreign" ] || die "libraries from outside the tree: $foreign"
works "$tmp/qemu-system-x86_64" || die "unpacked, but it does not start cleanly: $complaint"

# From here on it is two renames; an interrupt must not come between them.
trap '' HUP INT TERM
[ ! -e "$final" ] || mv -T -- "$final" "$old"
mv -T -- "$tmp" "$final"
rm -rf -- "$old"
say 'ready'
