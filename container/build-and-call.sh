#!/usr/bin/env bash
# Builds the image and calls it where no Docker engine runs: buildah builds on a base made by debootstrap, which bears
# the name of the Dockerfile's own. Then, inside the result: the user, the version, a whole call, `serve` with its health
# check and a call from outside, and SIGTERM. Needs root on Debian or Ubuntu and 4 GB in TMPDIR; leaves nothing there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

base=$(sed -n 's/^ARG BASE=//p' Dockerfile)
image=twilio-rt
scratch=$(mktemp -d)
server='' served=''

step() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }
fail() { printf 'FAILED: %s\n' "$1" >&2 && exit 1; }
store() { buildah --storage-driver vfs --root "$scratch/storage" --runroot "$scratch/run" "$@"; }
inside() { store run --isolation chroot "$@"; }

clean_up() {
    for process in $served $server; do kill -KILL "$process" 2>/dev/null || true; done
    store rm --all >/dev/null 2>&1 || true
    # A folder of this machine that is still mounted there would be emptied too.
    if grep -qF " $scratch/" /proc/self/mounts; then
        echo "$scratch holds mounts, and stays" >&2
    else
        rm -rf "$scratch"
    fi
}
trap clean_up EXIT

# pip reaches its index inside as it does outside. Its settings, whatever they are, are for the build alone and not in the image.
pip_volumes() {
    python3 - "$scratch/pip.conf" <<'PYTHON'
import ast, pathlib, subprocess, sys, urllib.parse

told = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True).stdout
settings = {}
for line in sorted(told.splitlines()):  # ":env:" comes first, and wins
    name, _, value = line.partition("=")
    settings.setdefault(name.rpartition(".")[2], str(ast.literal_eval(value)))
lines = [f"{name} = " + "\n    ".join(value.split("\n")) for name, value in settings.items()]
pathlib.Path(sys.argv[1]).write_text("\n".join(["[global]", *lines, ""]))
print(f"--volume={sys.argv[1]}:/etc/pip.conf:ro")
paths = set()
for name, value in settings.items():
    for word in value.split():
        path = pathlib.Path(urllib.parse.unquote(word.removeprefix("file://")))
        if path.is_absolute() and path.exists():
            paths.add(path.parent if name.endswith("index-url") else path)  # an index links to files beside it
for path in sorted(paths):
    print(f"--volume={path}:{path}:ro")
PYTHON
}

[ "$(id -u)" = 0 ] || fail "debootstrap and buildah's chroot need root"

step "tools"
missing=()
for tool in buildah debootstrap; do command -v "$tool" >/dev/null || missing+=("$tool"); done
if [ ${#missing[@]} -gt 0 ]; then
    echo "installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
fi
buildah --version

step "base: Debian bookworm with Python, named $base"
container=$(store from scratch)
root=$(store mount "$container")
debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates,tzdata bookworm "$root" >"$scratch/debootstrap.log" ||
    { tail -n 20 "$scratch/debootstrap.log" && fail "debootstrap"; }
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
store umount "$container" >/dev/null
store commit --quiet --rm "$container" "docker.io/library/$base" >/dev/null

step "image: $image, with the offline engine"
mapfile -t volumes < <(pip_volumes)
store bud --format docker --isolation chroot --pull-never --build-arg EXTRAS=local "${volumes[@]}" --tag "$image" . \
    >"$scratch/build.log" 2>&1 || { tail -n 40 "$scratch/build.log" && fail "the build"; }
grep -E '^(\[[0-9/]+\] )?STEP ' "$scratch/build.log" || true
container=$(store from --pull-never "$image")
store inspect --type image "$image" >"$scratch/image.json"
mapfile -t health < <(python3 -c '
import json, sys
kind, *command = json.load(open(sys.argv[1]))["Docker"]["config"]["Healthcheck"]["Test"]
assert kind == "CMD", kind
print(*command, sep="\n")' "$scratch/image.json")

step "user and version"
user=$(inside "$container" -- id -u)
[ "$user" != 0 ] || fail "it runs as root"
echo "user $user"
inside "$container" -- twilio-rt --version

step "a call, all inside: engine, bridge and caller"
inside "$container" -- twilio-rt call-test --strict

step "serve, and its health check"
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
if inside --env PORT="$port" "$container" -- "${health[@]}" 2>/dev/null; then fail "healthy before anybody serves"; fi
mkfifo "$scratch/events"
inside --env PORT="$port" --env REALTIME_PROVIDER=local "$container" -- twilio-rt serve --json >"$scratch/events" &
server=$!
exec {events}<"$scratch/events"
read -r -t 60 -u "$events" ready || fail "serve was not ready within a minute"
echo "$ready"
pid=$(sed -n 's/.*"type":"server.ready".*"pid":\([0-9]*\).*/\1/p' <<<"$ready")
[ -n "$pid" ] || fail "no server.ready with a pid"
served=$pid
[ "$(stat -c %u "/proc/$pid")" = "$user" ] || fail "serve runs as another user"
cat <&"$events" >"$scratch/events.jsonl" & # or serve would wait for a reader in the end
inside --env PORT="$port" "$container" -- "${health[@]}" || fail "the health check"
echo "healthy"

step "a call to that server"
inside "$container" -- twilio-rt call-test "http://127.0.0.1:$port" --strict --say "What are your opening hours?"

step "SIGTERM"
kill -TERM "$pid"
status=0
wait "$server" || status=$?
server='' served=''
grep -o '"type":"server\.[a-z]*"' "$scratch/events.jsonl"
[ "$status" = 0 ] || fail "serve ended with $status"
echo "exit code 0"

step "done: the image builds, answers, is healthy, and stops in order"
