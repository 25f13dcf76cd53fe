# shellcheck shell=bash
# An image in QEMU, as script/test-image and script/test-update have it: U-Boot and the disk, and nothing that the image does not know of.
# Sourced after lib.sh, never run.

# shellcheck disable=SC2034 # the scripts install them
VM_PACKAGES=(qemu-system-arm qemu-utils u-boot-qemu mtools dosfstools e2fsprogs zstd curl openssh-client python3 fdisk zbar-tools)

vm=$(mktemp -d "${TMPDIR:-/var/tmp}/porchlight-vm.XXXXXX")
qemu=''
# How long anything may take in a machine whose code is translated.
PATIENCE=300
# CPU seconds of all machines so far.
spent=0

vm_tidy() {
  [ -z "$qemu" ] || kill -KILL "$qemu" 2>/dev/null || true
  rm -rf --one-file-system "$vm"
}
trap 'say_where; vm_tidy' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# vm_disk IMAGE.zst SIZE: unpacks the image and gives it a disk of that size, as a card is larger than what is written to it.
vm_disk() {
  zstd -q -d -f --sparse "$1" -o "$vm/image"
  truncate -s "$2" "$vm/image"
  ssh-keygen -q -t ed25519 -N '' -f "$vm/key"
  vm_put "$vm/key.pub" authorized_keys
}

# vm_put FILE NAME: puts a file onto the boot partition of the image, as people do with another computer. The machine must be off.
vm_put() {
  mcopy -o -i "$vm/image@@16M" "$1" "::$2"
}

# free_port: one that nothing listens at.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

vm_ports() {
  ssh_port=$(free_port) pages_port=$(free_port) media_port=$(free_port)
}

# vm_start [OPTION…]: starts the machine; its console is in $vm/console.
vm_start() {
  rm -f "$vm/console" "$vm/monitor"
  qemu-system-aarch64 -machine virt -cpu cortex-a72 -accel tcg,thread=multi -smp 2 -m 1536 -nodefaults -display none \
    -bios /usr/lib/u-boot/qemu_arm64/u-boot.bin \
    -drive "if=none,id=d0,file=$vm/image,format=raw,cache=writeback" -device virtio-blk-pci,drive=d0 \
    -netdev "user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:$ssh_port-:22,hostfwd=tcp:127.0.0.1:$pages_port-:80,hostfwd=udp:127.0.0.1:$media_port-:$media_port,hostfwd=tcp:127.0.0.1:$media_port-:$media_port" \
    -device virtio-net-pci,netdev=n0,id=net0,romfile= -device virtio-gpu-pci,xres=640,yres=360 -device virtio-rng-pci \
    -chardev "file,id=s0,path=$vm/console" -serial chardev:s0 -qmp "unix:$vm/monitor,server=on,wait=off" "$@" >"$vm/qemu" 2>&1 &
  qemu=$!
}

# vm_ask COMMAND [ARGUMENTS as JSON]: something of QEMU's monitor.
vm_ask() {
  python3 - "$vm/monitor" "$@" <<'PY'
import json, socket, sys
end = socket.socket(socket.AF_UNIX)
end.connect(sys.argv[1])
lines = end.makefile("rw")
lines.readline()
for command in ["qmp_capabilities", sys.argv[2]]:
    arguments = json.loads(sys.argv[3]) if len(sys.argv) > 3 and command != "qmp_capabilities" else {}
    lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
    lines.flush()
    while True:
        answer = json.loads(lines.readline())
        if "error" in answer:
            sys.exit(answer["error"]["desc"])
        if "return" in answer:
            break
PY
}

# CPU seconds of the machine that runs.
vm_spent() {
  awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) / hz) }' "/proc/$qemu/stat" 2>/dev/null || echo 0
}

# The power goes.
vm_cut() {
  spent=$((spent + $(vm_spent)))
  kill -KILL "$qemu"
  wait "$qemu" 2>/dev/null || true
  qemu=''
}

# Waits until the machine is off by itself.
vm_ended() {
  local seconds
  for seconds in $(seq "$PATIENCE"); do
    kill -0 "$qemu" 2>/dev/null || break
    [ "$seconds" -lt "$PATIENCE" ] || vm_fail "it does not turn itself off"
    [ $((seconds % 5)) -ne 0 ] || last=$(vm_spent)
    sleep 1
  done
  spent=$((spent + ${last:-0}))
  wait "$qemu" || true
  qemu=''
}

vm_fail() {
  printf '%s\n' "The end of its console:" >&2
  tr -d '\r' <"$vm/console" | tail -n 40 >&2
  cat "$vm/qemu" >&2
  fail "$1"
}

# on_box COMMAND…: a command in the machine, as root by ssh.
on_box() {
  ssh -q -i "$vm/key" -p "$ssh_port" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=20 -o BatchMode=yes \
    root@127.0.0.1 "$@"
}

# vm_until WHAT COMMAND…: waits until a command goes well.
vm_until() {
  local what=$1 end=$((SECONDS + PATIENCE))
  shift
  until "$@" >"$vm/until" 2>&1; do
    kill -0 "$qemu" 2>/dev/null || vm_fail "the machine ended before $what"
    [ $SECONDS -lt $end ] || vm_fail "no $what within $PATIENCE s: $(cat "$vm/until")"
    sleep 1
  done
}

# The page is served, and everything that the daemon is made of is ready.
ready() {
  curl -fsS --max-time 10 "http://127.0.0.1:$pages_port/readyz" | grep '"ready":true'
}

said() {
  tr -d '\r' <"$vm/console" | grep -a "$1"
}
