#!/usr/bin/env bash
# The tests that are too long for every change, more of what `make test` does a little of. Writes what
# came out to docs/soak/DATE.log; everything that was said is in bin/soak. Fails when a part fails, after
# the other parts have had their turn.
#
#   scripts/soak.sh [PART…]     races, clients, webhooks, properties, fuzz; all of them when none is named
#
# ROUNDS, CHECKS and FUZZTIME say how long: 200 rounds of every race, 2,000 cases of every property and
# 20 seconds of every fuzz target. HOOK_EVENTS, HOOK_RATE and HOOK_KILLS are for webhooks: 20,000 events
# at 80 a second to 50 endpoints, the server killed five times, about ten minutes for each engine.
# PACKAGES and RUN narrow the properties, to PACKAGES=./internal/returns RUN=FollowTheModel for example; the machines
# of returns and resolutions go through three sequences of acts a case on SQLite, 6,000 each when all cases are run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

: "${ROUNDS:=200}" "${CHECKS:=2000}" "${FUZZTIME:=20s}" "${HOOK_EVENTS:=20000}" "${HOOK_RATE:=80}" "${HOOK_KILLS:=5}"
[ $# -gt 0 ] || set -- races clients webhooks properties fuzz

mkdir -p bin/soak docs/soak
log=docs/soak/$(date -u +%Y-%m-%dT%H%M).log
failed=0

say() { echo "$*" | tee -a "$log"; }

# part NAME COMMAND…: runs one part and keeps the lines that tell what was tried and how it ended.
part() {
  local name=$1 begun=$SECONDS result=passed full
  shift
  full=bin/soak/$(tr -c 'a-zA-Z0-9\n' - <<<"$name").out
  say "" && say "## $name"
  if ! "$@" >"$full" 2>&1; then
    result=FAILED failed=1
  fi
  if [ "$result" = passed ]; then
    # Subtests without their names' tables, how often, and the packages.
    grep -E '^ {0,4}--- |rounds in|to its arrival|deliveries taken|go on at once|\[rapid\] OK|new interesting|^(ok|PASS)' "$full" |
      grep -vE '\(0\.[0-9]+s\)$|^PASS$' | sed -E 's/^ +[a-z_]+\.go:[0-9]+: /        /' | awk '/^fuzz: /{last=$0;next}{if(last)print last;last="";print}' | tee -a "$log" || true
  else
    tail -n 200 "$full" | tee -a "$log"
  fi
  say "$name $result in $((SECONDS - begun)) s"
}

# with_imports PATTERN: the packages whose tests import a package.
with_imports() {
  go list -f '{{$p := .ImportPath}}{{range .TestImports}}{{$p}} {{.}}{{"\n"}}{{end}}{{range .XTestImports}}{{$p}} {{.}}{{"\n"}}{{end}}' ./... |
    awk -v want="$1" '$2 == want { print $1 }' | sort -u
}

fuzz() {
  local file name
  grep -rE '^func Fuzz[A-Za-z0-9]+\(' --include='*_test.go' --only-matching . | sort |
    while IFS=: read -r file name; do
      name=${name#func }
      name=${name%(}
      echo "$name in $(dirname "$file")"
      go test "$(dirname "$file")" -run '^$' -fuzz "^$name\$" -fuzztime "$FUZZTIME" || exit 1
    done
}

if [ -n "$(git status --porcelain --untracked-files=no)" ]; then changed=" with changes"; else changed=""; fi
say "# Flint $(git rev-parse --short HEAD)$changed, $(date -u +%Y-%m-%dT%H:%MZ)"
say "$(go version | cut -d' ' -f3-), $(nproc) cores, SQLite and PostgreSQL"

for name in "$@"; do
  case $name in
    races)
      mapfile -t packages < <(grep -rlE --include='*_test.go' '^func Test(Race|Parallel)' internal | xargs -n1 dirname | sort -u | sed 's|^|./|')
      FLINT_RACE_ROUNDS=$ROUNDS part "races of operations, $ROUNDS rounds" \
        go test "${packages[@]}" -run '^(TestRace|TestParallel)' -v -count=1 -p 1 -timeout 120m
      ;;
    clients)
      part "races of clients of the binary, $ROUNDS rounds" \
        go test ./test/crash -run '^TestRaces$' -v -count=1 -timeout 120m -args -rounds "$ROUNDS"
      ;;
    webhooks)
      part "webhooks, $HOOK_EVENTS events, $HOOK_KILLS kills" \
        go test ./test/crash -run '^TestWebhookSoak$' -v -count=1 -timeout 60m -args \
        -hook-events "$HOOK_EVENTS" -hook-rate "$HOOK_RATE" -hook-kills "$HOOK_KILLS" -hook-environments 5
      ;;
    properties)
      mapfile -t packages < <(if [ -n "${PACKAGES:-}" ]; then tr ' ' '\n' <<<"$PACKAGES"; else with_imports pgregory.net/rapid; fi)
      part "properties, $CHECKS cases${RUN:+, $RUN}" go test "${packages[@]}" -run "${RUN:-.}" -v -count=1 -p 1 -timeout 180m -rapid.checks="$CHECKS"
      ;;
    fuzz) part "fuzz targets, $FUZZTIME each" fuzz ;;
    *)
      echo "soak: no part $name; there are races, clients, webhooks, properties and fuzz" >&2
      exit 2
      ;;
  esac
done
exit $failed
