#!/usr/bin/env bash
# Installs what `make test` needs and is missing: Debian packages (as root only), node packages and Go
# modules. Says nothing and takes a second when all is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "setup: $*" >&2; }
die() { say "$*"; exit 1; }

# again COMMAND…: up to three tries, because a registry may hiccup.
again() {
  local try
  for try in 1 2 3; do
    "$@" && return 0
    [ "$try" = 3 ] || { say "'$*' failed, trying again"; sleep $((try * 5)); }
  done
  return 1
}

have_postgres() {
  command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null
}
have_chromium() { [ -x "${FLINT_CHROMIUM:-/usr/bin/chromium-headless-shell}" ]; }
# Chromium measures and draws text with the system's fonts; without any, every page is empty boxes.
have_fonts() { compgen -G '/usr/share/fonts/truetype/*/*.ttf' >/dev/null || compgen -G '/usr/share/fonts/opentype/*/*.otf' >/dev/null; }

tools() {
  local missing=()
  for tool in go node npm; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  [ ${#missing[@]} = 0 ] || die "please install first: ${missing[*]}"
  local major
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 20 ] || die "node 20 or later is needed, this is $(node --version)"
}

debian() {
  local packages=()
  command -v make >/dev/null || packages+=(make)
  have_postgres || packages+=(postgresql)
  have_chromium || packages+=(chromium-headless-shell)
  have_fonts || packages+=(fonts-liberation)
  [ ${#packages[@]} = 0 ] && return 0
  command -v apt-get >/dev/null ||
    die "missing: ${packages[*]} (names of Debian packages); this script can install them on Debian only"
  [ "$(id -u)" = 0 ] || die "missing: ${packages[*]}; run as root: apt-get install ${packages[*]}"
  say "installing ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  # A source list that the tests do not need may fail to update; whether the packages can be had is
  # told by the install.
  local log
  log=$(mktemp)
  again apt-get update -qq >"$log" 2>&1 || say "apt-get update failed, trying to install all the same"
  again apt-get install -y -qq --no-install-recommends "${packages[@]}" >>"$log" 2>&1 ||
    { cat "$log" >&2; die "apt-get could not install: ${packages[*]}"; }
  rm -f "$log"
  have_postgres || die "postgresql is installed, but there is no server program in /usr/lib/postgresql"
  have_chromium || die "chromium is installed, but not as ${FLINT_CHROMIUM:-/usr/bin/chromium-headless-shell}"
}

node_packages() {
  local stamp=test/e2e/node_modules/.installed
  cmp -s test/e2e/package-lock.json "$stamp" && return 0
  say "installing node packages"
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 again npm --prefix test/e2e ci --no-audit --no-fund --loglevel=error >&2 ||
    die "npm could not install the packages of test/e2e"
  cp test/e2e/package-lock.json "$stamp"
}

go_modules() {
  again go mod download || die "go could not download the modules of go.mod"
}

tools
debian
node_packages
go_modules
