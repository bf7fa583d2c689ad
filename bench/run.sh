#!/usr/bin/env bash
# npm run bench: sets up whatever is missing, then runs the benchmarks; each prints lines of name, value, unit.
# Arguments choose which: npm run bench -- unplug store
set -eu
cd "$(dirname "$0")/.."
node deploy/up/setup.mjs
data_dir=$(mktemp -d)
node dist/up.cjs --set-up-only --data-dir "$data_dir"
rm -rf "$data_dir"
if [ $# = 0 ]; then
  for program in dist/bench/*.cjs; do
    [ -e "$program" ] && set -- "$@" "$(basename "$program" .cjs)"
  done
fi
for name in "$@"; do
  [ -e "dist/bench/$name.cjs" ] || { echo "error: there is no benchmark $name" >&2; exit 2; }
  node "dist/bench/$name.cjs"
done
