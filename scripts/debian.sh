# shellcheck shell=bash
# For scripts that unpack Debian packages without touching the machine's own: an
# apt of its own below $tmp, from the mirror that this machine's apt uses.
#
# Sourced, after `tmp` and `die` are there.  Afterwards `private_apt SUITE` makes it, and
# `get ...` is its apt-get.  To this apt nothing is installed, so it fetches everything
# down to libc.

arch=$(dpkg --print-architecture)

private_apt() {
  local mirror keyring file
  # Before the first apt-get update apt does not know a list's origin, so an unexpanded
  # field passes too.
  mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
    awk '!found && $3 == "main" && ($4 == "Debian" || $4 ~ /^\$/ || $4 == "") &&
         $2 ~ /^(bullseye|bookworm|trixie|forky|sid|oldoldstable|oldstable|stable|testing|unstable)$/ { print $1; found = 1 }')
  [ -n "$mirror" ] || die "no Debian mirror among this machine's apt sources"
  keyring=
  for file in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
    [ -r "$file" ] && keyring=$file && break
  done
  [ -n "$keyring" ] || die 'the package debian-archive-keyring is needed to verify signatures'
  mkdir -p "$tmp"/apt/{state/lists/partial,cache/archives/partial,none} "$tmp/root"
  printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$1" >"$tmp/apt/sources.list"
  : >"$tmp/apt/state/status"
}

get() {
  apt-get -qq \
    -o Dir::Etc::SourceList="$tmp/apt/sources.list" -o Dir::Etc::SourceParts="$tmp/apt/none" \
    -o Dir::Etc::Preferences="$tmp/apt/none/file" -o Dir::Etc::PreferencesParts="$tmp/apt/none" \
    -o Dir::State="$tmp/apt/state" -o Dir::State::Status="$tmp/apt/state/status" \
    -o Dir::Cache="$tmp/apt/cache" -o APT::Architecture="$arch" -o APT::Architectures="$arch" \
    -o APT::Install-Recommends=false -o APT::Sandbox::User=root \
    -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o Acquire::Retries=3 \
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
    "$@" </dev/null
}
