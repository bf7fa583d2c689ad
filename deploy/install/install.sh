#!/bin/sh
# Installs the Pikelet node-agent on a Debian device. Three ways in:
#   on a running device:  curl -k https://MASTER:6443/install.sh | sudo sh -s -- --token TOKEN [--name NAME]
#   from a prepared card: install.sh --from FOLDER --first-boot   (FOLDER holds agent.cjs and agent.json)
#   to undo:              install.sh --uninstall
# Idempotent: what is there already is kept or replaced, and a second run repairs a first one that was cut short.
set -eu

# --- Filled in by the master that serves this script; as they are, on a card. ---
MASTER_HOST='@MASTER_HOST@'
MQTT_PORT='@MQTT_PORT@'
API_PORT='@API_PORT@'
AGENT_SHA256='@AGENT_SHA256@'
# ---

# A folder in front of every path, for images that are prepared from outside.
ROOT=${PIKELET_ROOT:-}
OPT=$ROOT/opt/pikelet
ETC=$ROOT/etc/pikelet
STATE=$ROOT/var/lib/pikelet
STAGE=$STATE/install
UNITS=$ROOT/etc/systemd/system
# The agent writes it when the master has accepted it.
CREDENTIALS=$STATE/agent/credentials.json
JOIN_WAIT_SECONDS=${PIKELET_JOIN_WAIT_SECONDS:-60}

say() { printf '%s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

usage() {
  say 'usage: install.sh [--token TOKEN] [--name NAME] [--master mqtt://HOST:PORT] [--node ARCHIVE] [--offline] [--no-wait]
       install.sh --from FOLDER [--first-boot] [--no-start] [--offline]
       install.sh --uninstall'
}

parse_options() {
  TOKEN='' NAME='' MASTER='' NODE_ARCHIVE='' FROM='' OFFLINE='' FIRST_BOOT='' START=yes WAIT=yes UNINSTALL=''
  while [ $# -gt 0 ]; do
    case $1 in
      --token | --name | --master | --node | --from)
        [ $# -ge 2 ] || fail "$1 needs a value"
        case $1 in
          --token) TOKEN=$2 ;;
          --name) NAME=$2 ;;
          --master) MASTER=$2 ;;
          --node) NODE_ARCHIVE=$2 ;;
          --from) FROM=$2 ;;
        esac
        shift ;;
      --offline) OFFLINE=yes ;;
      --first-boot) FIRST_BOOT=yes ;;
      --no-start) START='' ;;
      --no-wait) WAIT='' ;;
      --uninstall) UNINSTALL=yes ;;
      -h | --help) usage; exit 0 ;;
      *) usage >&2; fail "unknown option $1" ;;
    esac
    shift
  done
}

# --- Checks -----------------------------------------------------------------------------------------------------------

expect_root() {
  [ -n "$ROOT" ] || [ "$(id -u)" = 0 ] ||
    fail 'root is needed: put sudo before sh, as in  curl -k https://MASTER:6443/install.sh | sudo sh -s -- --token TOKEN'
}

expect_system() {
  command -v systemctl >/dev/null 2>&1 || fail 'systemd is needed, and there is no systemctl on this device'
  case $(uname -m) in
    aarch64 | armv7l | x86_64) ;;
    *) say "warning: $(uname -m) is not a platform that Pikelet is made for (aarch64, armv7l, x86_64)" ;;
  esac
}

# True for version $1 (as in v20.19.2) of at least 20.19.
is_new_enough() {
  version=${1#v} major=${1#v}
  major=${major%%.*}
  minor=${version#*.}
  minor=${minor%%.*}
  case $major$minor in '' | *[!0-9]*) return 1 ;; esac
  [ "$major" -gt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -ge 19 ]; }
}

# Sets NODE to a Node.js that is new enough; NODE_SEEN to what was found otherwise.
find_node() {
  NODE='' NODE_SEEN=''
  for candidate in "$OPT/node/bin/node" "$(command -v node || true)" "$ROOT/usr/bin/node" "$ROOT/usr/local/bin/node"; do
    [ -n "$candidate" ] && [ -x "$candidate" ] || continue
    seen=$("$candidate" --version 2>/dev/null) || continue
    if is_new_enough "$seen"; then NODE=$candidate; return 0; fi
    NODE_SEEN="$candidate is $seen"
  done
  return 1
}

has_docker() {
  command -v dockerd >/dev/null 2>&1 || [ -S "$ROOT/var/run/docker.sock" ]
}

# --- Steps ------------------------------------------------------------------------------------------------------------

# Writes standard input to file $1 with mode $2: all of it or nothing, and never readable by others in between.
put() {
  mkdir -p "${1%/*}"
  (umask 077; cat >"$1.new")
  chmod "$2" "$1.new"
  mv -f "$1.new" "$1"
}

unpack_node() {
  [ -n "$NODE_ARCHIVE" ] || return 0
  [ -f "$NODE_ARCHIVE" ] || fail "--node $NODE_ARCHIVE: there is no such file"
  rm -rf "$OPT/node.new"
  mkdir -p "$OPT/node.new"
  tar -xf "$NODE_ARCHIVE" -C "$OPT/node.new" || fail "--node $NODE_ARCHIVE cannot be unpacked"
  found=$(find "$OPT/node.new" -path '*/bin/node' -type f | head -n 1)
  [ -n "$found" ] || fail "--node $NODE_ARCHIVE holds no bin/node: give an official Node.js archive for Linux"
  chmod 755 "$found"
  seen=$("$found" --version 2>/dev/null) || fail "--node $NODE_ARCHIVE does not run here: it is not for $(uname -m)"
  is_new_enough "$seen" || fail "--node $NODE_ARCHIVE is $seen: Pikelet needs 20.19 or newer"
  mkdir -p "$OPT/node/bin"
  mv -f "$found" "$OPT/node/bin/node"
  rm -rf "$OPT/node.new"
}

# Fewer writes to the card: logs of containers in Docker's own compact, bounded format. A layer whose download breaks off is
# gone on with for five minutes. Only for an engine of our own choice.
configure_docker() {
  [ -e "$ROOT/etc/docker/daemon.json" ] || put "$ROOT/etc/docker/daemon.json" 644 <<'END'
{"log-driver":"local","log-opts":{"max-size":"5m","max-file":"2"},"max-download-attempts":12}
END
}

install_packages() {
  packages=''
  has_docker || packages='docker.io ca-certificates'
  find_node || packages="$packages nodejs"
  if [ -n "$packages" ]; then
    [ -z "$OFFLINE" ] || fail "--offline, but these are missing: $packages; use an image that holds them"
    command -v apt-get >/dev/null 2>&1 || fail "install these first: $packages (there is no apt-get to do it here)"
    has_docker || configure_docker
    say "installing $packages"
    export DEBIAN_FRONTEND=noninteractive
    # After a power cut in the middle of an earlier run.
    dpkg --configure -a || true
    apt-get -o DPkg::Lock::Timeout=300 -q update || fail 'apt-get update failed: is the device online?'
    # shellcheck disable=SC2086 # a list of words
    apt-get -o DPkg::Lock::Timeout=300 -q -y --no-install-recommends install $packages ||
      fail "apt-get could not install $packages"
  fi
  find_node || fail "Node.js is too old or missing (${NODE_SEEN:-none found}); Pikelet needs 20.19 or newer.
Debian 13 (Raspberry Pi OS trixie) has it: use such an image. Or get an official Node.js archive for $(uname -m) from
https://nodejs.org/dist/latest-v20.x/ and give it with --node FILE, to this script or to \`pikelet flash\`."
}

# Copies agent.cjs from the payload, or fetches it from the master.
install_agent() {
  mkdir -p "$OPT"
  fresh=$OPT/agent.cjs.new
  if [ -n "$FROM" ]; then
    cp "$FROM/agent.cjs" "$fresh"
  else
    url=https://$MASTER_HOST:$API_PORT/install/agent.cjs
    say "fetching $url"
    # The master's certificate is of its own CA, which this device does not know yet; the digest came with this script.
    if command -v curl >/dev/null 2>&1; then curl -kfsS -o "$fresh" "$url"; else wget -q --no-check-certificate -O "$fresh" "$url"; fi ||
      fail "cannot fetch $url: does the device reach the master?"
    printf '%s  %s\n' "$AGENT_SHA256" "$fresh" | sha256sum -c - >/dev/null 2>&1 ||
      { rm -f "$fresh"; fail "$url is not the file that the master announced: try again"; }
  fi
  chmod 644 "$fresh"
  mv -f "$fresh" "$OPT/agent.cjs"
}

# Takes agent.json from standard input. Another token is another membership: what the device was before must not outlive it.
put_config() {
  old=$(cat "$ETC/agent.json" 2>/dev/null || true)
  put "$ETC/agent.json" 600
  [ "$old" = "$(cat "$ETC/agent.json")" ] || rm -f "$CREDENTIALS"
}

configure_agent() {
  if [ -n "$FROM" ]; then
    # After a first boot it has left the payload already.
    [ ! -f "$FROM/agent.json" ] || put_config <"$FROM/agent.json"
  elif [ -n "$TOKEN" ]; then
    # The values are checked to be free of quotes, so JSON can be put together here.
    name=''
    [ -z "$NAME" ] || name=",\"name\":\"$NAME\""
    printf '{"master":"%s","token":"%s"%s}\n' "$MASTER" "$TOKEN" "$name" | put_config
  fi
  [ -f "$ETC/agent.json" ] || fail "$ETC/agent.json is missing: give --token"
}

install_unit() {
  mkdir -p "$STATE/agent"
  chmod 700 "$STATE/agent"
  sed "s|@NODE@|${NODE#"$ROOT"}|" <<'END' | put "$UNITS/pikelet-agent.service" 644
[Unit]
Description=Pikelet node-agent
Documentation=https://github.com/pikelet/pikelet
Wants=network-online.target docker.service
# Not Requires: a device without a working engine must still be able to say so.
After=network-online.target docker.service
# A device is to try for ever.
StartLimitIntervalSec=0

[Service]
# Small heap areas, no optimizing compiler, one area for malloc: a node-agent lives beside the pods of a device with little memory.
Environment=MALLOC_ARENA_MAX=1
ExecStart=@NODE@ --max-semi-space-size=1 --max-old-space-size=128 --no-opt /opt/pikelet/agent.cjs --config /etc/pikelet/agent.json --data-dir /var/lib/pikelet/agent
Restart=always
# At the device's shutdown the agent is stopped before Docker (After= above), and gives its pods --shutdown-grace-period, which is to stay below this.
TimeoutStopSec=90
RestartSec=2
UMask=0077
OOMScoreAdjust=-500
# Whoever holds the Docker socket is root, so this guards against faults rather than intent. Nothing here gives the agent
# a mount namespace of its own: Docker must see the folders and mounts that the agent makes for volumes.
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
END
  systemctl daemon-reload
  systemctl enable pikelet-agent.service
}

# Docker limits the memory of containers only where the kernel has the memory cgroup; on a Raspberry Pi it is off by default.
check_memory_cgroup() {
  REBOOT=''
  if grep -qw memory "$ROOT/sys/fs/cgroup/cgroup.controllers" 2>/dev/null; then return 0; fi
  if awk '$1 == "memory" && $4 == 1 { on = 1 } END { exit !on }' "$ROOT/proc/cgroups" 2>/dev/null; then return 0; fi
  for cmdline in "$ROOT/boot/firmware/cmdline.txt" "$ROOT/boot/cmdline.txt"; do
    [ -f "$cmdline" ] || continue
    REBOOT=yes
    grep -qw 'cgroup_enable=memory' "$cmdline" || sed -i '1s/[[:space:]]*$/ cgroup_enable=memory/' "$cmdline"
    return 0
  done
  say 'warning: the kernel has no memory cgroup: Docker cannot limit the memory of containers here'
}

# --- First boot of a prepared card ------------------------------------------------------------------------------------

# Needs no network: moves everything off the boot partition, and leaves the rest to a unit that tries until it succeeds.
stage_first_boot() {
  if [ ! -f "$FROM/agent.json" ] && [ ! -d "$STAGE" ]; then
    say 'this device has had its first boot'
    return 0
  fi
  mkdir -p "$STAGE"
  chmod 700 "$STAGE"
  for file in agent.cjs install.sh node.tar.xz node.tar.gz; do
    [ ! -f "$FROM/$file" ] || cp "$FROM/$file" "$STAGE/$file"
  done
  [ ! -f "$FROM/agent.json" ] || put_config <"$FROM/agent.json"
  put "$ROOT/etc/systemd/journald.conf.d/pikelet.conf" 644 <<'END'
# Logs in memory: they are what wears a card most.
[Journal]
Storage=volatile
RuntimeMaxUse=16M
END
  put "$UNITS/pikelet-install.service" 644 <<END
[Unit]
Description=Installation of the Pikelet node-agent
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0
ConditionPathExists=/var/lib/pikelet/install/install.sh

[Service]
Type=oneshot
ExecStart=/bin/sh /var/lib/pikelet/install/install.sh --from /var/lib/pikelet/install${OFFLINE:+ --offline}
Restart=on-failure
RestartSec=20

[Install]
WantedBy=multi-user.target
END
  sync
  forget_token
  systemctl daemon-reload
  systemctl enable pikelet-install.service
  [ -z "$START" ] || systemctl start --no-block pikelet-install.service
  say 'the installation goes on in pikelet-install.service: see  journalctl -u pikelet-install'
}

# The token must not stay where any computer that reads the card sees it; zeros first, for deleting leaves the bytes.
forget_token() {
  [ -f "$FROM/agent.json" ] || return 0
  [ -w "$FROM" ] || mount -o remount,rw "${FROM%/*}"
  head -c "$(wc -c <"$FROM/agent.json")" /dev/zero | dd of="$FROM/agent.json" conv=notrunc,fsync 2>/dev/null
  rm -f "$FROM/agent.json"
  sync
}

# --- The whole --------------------------------------------------------------------------------------------------------

expect_online_options() {
  if [ -z "$MASTER" ]; then
    case $MASTER_HOST in
      '' | @*) fail '--master is missing: give mqtt://HOST:PORT, or --from FOLDER' ;;
      *) MASTER=mqtt://$MASTER_HOST:$MQTT_PORT ;;
    esac
  fi
  case $MASTER_HOST in
    '' | @*) fail 'this copy of the script was not served by a master: fetch https://MASTER:6443/install.sh, or give --from FOLDER' ;;
  esac
  printf '%s' "$MASTER" | grep -Eqx 'mqtt://[][A-Za-z0-9.:-]+' || fail "--master $MASTER: give mqtt://HOST:PORT"
  if [ -z "$TOKEN" ]; then
    [ -f "$ETC/agent.json" ] || fail '--token is missing: make one with  pikelet token create'
  else
    printf '%s' "$TOKEN" | grep -Eqx '[a-z0-9]{6}\.[a-z0-9]{16}' || fail '--token must look like abcdef.0123456789abcdef'
  fi
  [ -z "$NAME" ] || printf '%s' "$NAME" | grep -Eqx '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?' ||
    fail "--name $NAME: use a DNS-1123 label, at most 63 of a-z, 0-9 and -"
}

wait_until_joined() {
  waited=0
  while [ ! -s "$CREDENTIALS" ]; do
    if [ "$waited" -ge "$JOIN_WAIT_SECONDS" ]; then
      systemctl --no-pager --lines=10 status pikelet-agent.service || true
      fail "the agent runs but has not joined $MASTER within $JOIN_WAIT_SECONDS s: see  journalctl -u pikelet-agent"
    fi
    [ "$waited" != 0 ] || say "waiting until the agent has joined $MASTER"
    sleep 1
    waited=$((waited + 1))
  done
}

install_all() {
  [ -z "$FROM" ] || [ -f "$FROM/agent.cjs" ] || fail "--from $FROM: there is no agent.cjs in it"
  [ -n "$FROM" ] || expect_online_options
  for archive in "$FROM/node.tar.xz" "$FROM/node.tar.gz"; do
    [ -n "$NODE_ARCHIVE" ] || [ ! -f "$archive" ] || NODE_ARCHIVE=$archive
  done
  unpack_node
  install_packages
  install_agent
  configure_agent
  install_unit
  check_memory_cgroup
  if [ -n "$START" ]; then
    systemctl restart pikelet-agent.service
    [ -n "$FROM" ] || [ -z "$WAIT" ] || wait_until_joined
  fi
  if [ "$FROM" = "$STAGE" ]; then
    systemctl disable pikelet-install.service
    rm -rf "$STAGE" "$UNITS/pikelet-install.service"
  fi
  say 'pikelet-agent is installed: see  systemctl status pikelet-agent'
  [ -z "$REBOOT" ] || say 'a reboot is needed before Docker can limit memory here (cgroup_enable=memory is in cmdline.txt): sudo reboot'
}

# The agent's own containers and no others: several agents, of several clusters, may share one engine. By the engine's
# socket, for Debian 13 has no docker command unless asked.
remove_containers() {
  [ -f "$CREDENTIALS" ] && [ -S "$ROOT/var/run/docker.sock" ] && find_node || return 0
  "$NODE" - "$CREDENTIALS" "$ROOT/var/run/docker.sock" <<'END'
const { readFileSync } = require('node:fs');
const [credentialsPath, socketPath] = process.argv.slice(2);
const { cluster, node } = JSON.parse(readFileSync(credentialsPath, 'utf8'));
const ask = (method, path) =>
  new Promise((resolve, reject) => {
    const request = require('node:http').request({ socketPath, method, path }, answer => {
      let text = '';
      answer.on('data', part => (text += part)).on('end', () => resolve(text));
    });
    request.on('error', reject).end();
  });
const filters = JSON.stringify({ label: [`dev.pikelet.cluster=${cluster}`, `dev.pikelet.node=${node}`] });
(async () => {
  const found = JSON.parse(await ask('GET', `/containers/json?all=true&filters=${encodeURIComponent(filters)}`));
  for (const { Id } of found) await ask('DELETE', `/containers/${Id}?force=true&v=true`);
  console.log(`containers removed: ${found.length}`);
})();
END
}

# What the agent keeps in shared memory; node-agent/volumes/memory-folder.ts names the folder by the digest of its data folder.
forget_memory() {
  memory=$ROOT/dev/shm/pikelet-$(printf '"/var/lib/pikelet/agent"' | sha256sum | cut -c 1-16)
  cut -d ' ' -f 2 /proc/mounts | grep "^$memory/" | while read -r mounted; do umount -l "$mounted"; done
  rm -rf "$memory"
}

uninstall() {
  for unit in pikelet-agent pikelet-install; do
    [ ! -f "$UNITS/$unit.service" ] || systemctl disable --now "$unit.service"
    rm -f "$UNITS/$unit.service"
  done
  systemctl daemon-reload
  remove_containers || say 'warning: the containers of this node could not be removed; they have the label dev.pikelet.node'
  forget_memory
  rm -rf "$OPT" "$ETC" "$STATE/agent" "$STAGE" "$ROOT/etc/systemd/journald.conf.d/pikelet.conf"
  say 'the agent is gone; Docker and Node.js stay. Remove the node with  pikelet delete node NAME'
}

# All is defined before anything runs, so that a download that was cut short does nothing.
main() {
  parse_options "$@"
  expect_root
  expect_system
  if [ -n "$UNINSTALL" ]; then uninstall; elif [ -n "$FIRST_BOOT" ]; then stage_first_boot; else install_all; fi
}

main "$@"
