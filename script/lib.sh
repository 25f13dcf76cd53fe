# shellcheck shell=bash
# What the scripts share: steps with their durations, and getting what is missing. Sourced, never run.

set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Debian package names, the same on 12 and 13.
# shellcheck disable=SC2034 # the scripts use them
{
  BUILD_PACKAGES=(
    gcc g++ cmake pkg-config ca-certificates
    libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libasound2-dev
    libclang-dev # the v4l crate generates its bindings when it is built
  )
  RUN_PACKAGES=(
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly
    gstreamer1.0-libav gstreamer1.0-alsa gstreamer1.0-x
    glib-networking # TLS of rtmps://, with certificates checked
    fonts-dejavu-core # names under the pictures
  )
  TEST_PACKAGES=(
    chromium chromium-driver ffmpeg firefox-esr python3 shellcheck
    libnss3-tools # certutil, by which a browser is told whom to trust
    coturn # turnserver, a relay
    bash man-db # completions and manual pages
    espeak-ng # voices, for the echo canceller
    mosquitto mosquitto-clients # a broker of a house, and programs that speak to it
    pebble bind9 # a certificate authority that speaks ACME, and a name server that takes updates
    systemd # systemd-analyze
    age # opens backups, and makes what is restored
    rauc dbus squashfs-tools # updates of an image
    python3-dbus python3-gi # a NetworkManager that is played
    nginx-light libnginx-mod-rtmp openssl # a service that what is on air is pushed to
  )
  NET_PACKAGES=(iproute2 iptables nftables ethtool procps coturn openssl)
}

# The oldest Node that the web tools run on; Debian 12 has 18.
NODE_AT_LEAST=18

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  exit 1
}

# step TITLE COMMAND…: runs the command and says how long it took. Its first failure ends the script, so a function that is
# a step must not be called in a condition, where bash would go on.
step() {
  local started=$SECONDS
  STEP=$1
  shift
  printf '== %s\n' "$STEP"
  "$@"
  printf '== %s: %d s\n' "$STEP" $((SECONDS - started))
}

STEP="the start"
say_where() {
  [ $? -eq 0 ] || printf '\n%s: stopped at: %s\n' "$(basename "$0")" "$STEP" >&2
}
trap say_where EXIT

# at_least VERSION MINIMUM: compares versions such as 1.95.0.
at_least() {
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    command -v sudo >/dev/null || fail "as root, run: $*"
    sudo "$@"
  fi
}

# install_packages PACKAGE…: installs those that are missing. Asks the network for nothing when none is.
install_packages() {
  local missing=() package
  command -v dpkg-query >/dev/null || {
    echo "This is no Debian: what these packages hold must be there already: $*"
    return 0
  }
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "Installing ${missing[*]}"
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

has_candidate() {
  [ -n "$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: \([^(]*\)$/\1/p')" ]
}

# for_board ARCHITECTURE: sets how Debian and Rust call the boards of an architecture, and where their libraries are unpacked.
for_board() {
  architecture=$1
  release=${RELEASE:-$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)}
  # shellcheck disable=SC2034 # the scripts use them
  case $architecture in
    arm64) triplet=aarch64-linux-gnu target=aarch64-unknown-linux-gnu machine=AArch64 emulator=qemu-aarch64-static ;;
    armhf) triplet=arm-linux-gnueabihf target=armv7-unknown-linux-gnueabihf machine=ARM emulator=qemu-arm-static ;;
    *) return 1 ;;
  esac
  # shellcheck disable=SC2034
  sysroot=${XDG_CACHE_HOME:-$HOME/.cache}/porchlight/sysroot-$release-$architecture
}

# Where cargo puts what it builds.
target_folder() {
  cargo metadata --locked --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}

wanted_rust() {
  sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml
}

has_rust() {
  local version
  version=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) && at_least "${version:-0}" "$(wanted_rust)"
}

has_rust_tools() {
  cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1
}

# install_rust [tools]: a cargo that is new enough, and with "tools" the formatter and clippy.
install_rust() {
  local tools=${1:-}
  # What the rustup installer writes is not yet in the path of a shell that is open.
  [ ! -d "$HOME/.cargo/bin" ] || PATH="$PATH:$HOME/.cargo/bin"
  if has_rust && { [ -z "$tools" ] || has_rust_tools; }; then
    return 0
  fi
  if ! command -v rustup >/dev/null && ! has_rust && command -v apt-get >/dev/null; then
    has_candidate cargo-web || has_candidate rustup || as_root apt-get update -q
    if has_candidate cargo-web && at_least "$(apt-cache show cargo-web | sed -n 's/^Version: //p' | sort -V | tail -n 1)" "$(wanted_rust)"; then
      install_packages cargo-web rustc-web
    elif has_candidate rustup; then
      install_packages rustup
    fi
  fi
  if command -v rustup >/dev/null; then
    has_rust || { rustup toolchain install stable --profile minimal && rustup default stable; }
    [ -z "$tools" ] || has_rust_tools || rustup component add rustfmt clippy
  elif [ -n "$tools" ] && ! has_rust_tools && has_candidate rust-web-clippy; then
    install_packages rustfmt-web rust-web-clippy
  fi
  has_rust || fail "Rust $(wanted_rust) or newer is needed: see https://rustup.rs, then run this again."
  [ -z "$tools" ] || has_rust_tools || fail "rustfmt and clippy are needed: rustup component add rustfmt clippy"
}

install_node() {
  local version
  version=$(node --version 2>/dev/null || echo v0)
  if ! at_least "${version#v}" "$NODE_AT_LEAST" || ! command -v npm >/dev/null; then
    install_packages nodejs npm
  fi
  version=$(node --version 2>/dev/null || echo v0)
  at_least "${version#v}" "$NODE_AT_LEAST" || fail "Node $NODE_AT_LEAST or newer is needed, this is ${version#v}."
}

# install_npm_packages FOLDER [OPTION…]: the packages of a folder, exactly as its lock file has them; again only when it or Node changes.
install_npm_packages() {
  local folder=$1 now
  local stamp=$folder/node_modules/.porchlight-packages
  shift
  now=$(node --version; sha256sum "$folder/package-lock.json")
  [ "$(cat "$stamp" 2>/dev/null || true)" != "$now" ] || return 0
  npm --prefix "$folder" ci --no-audit --no-fund --loglevel=error "$@"
  printf '%s\n' "$now" >"$stamp"
}

install_web_packages() {
  install_npm_packages web
}

# A chain, and a compiler of contracts, for the test of wallets; nothing of them is shipped. Their native parts are not needed.
install_evm_packages() {
  install_npm_packages tests/evm --ignore-scripts
}

# The pages, into web/dist, from where the daemon takes them; again only when a source changes.
build_web() {
  local stamp=web/node_modules/.porchlight-build now
  now=$(find web -path web/node_modules -prune -o -path web/dist -prune -o -path web/sdk/dist -prune -o -type f -print0 | sort -z | xargs -0 sha256sum)
  if [ -f web/dist/index.html ] && [ -f web/sdk/dist/porchlight.js ] && [ "$(cat "$stamp" 2>/dev/null || true)" = "$now" ]; then
    return 0
  fi
  rm -f "$stamp"
  npm --prefix web run --silent build
  printf '%s\n' "$now" >"$stamp"
}

# The npm package of the library for other pages: what is in it, and that it can be used. After the build.
check_package() {
  npm --prefix web run --silent package
}

check_web() {
  npm --prefix web run --silent check
  npm --prefix web run --silent lint
  npm --prefix web run --silent test
}
