#!/bin/bash
# Runs in the virtual machine of script/test-image, as root: with radios of the kernel (mac80211_hwsim), the network that the box opens, a
# telephone that joins it, and the network of a home. The cable is pulled meanwhile: how far it is it says on the console, and in /data/wifi.log.
set -euo pipefail
shopt -s inherit_errexit

box=$1 # a static busybox: what a telephone needs and the image has not
exec >/data/wifi.log 2>&1
passed=''
trap '[ -n "$passed" ] || say "stopped at $step"' EXIT

say() {
  echo "wifi: $1" | tee /dev/console
}

begin() {
  step=$1
  say "$step"
}

not() {
  ! "$@"
}

# until_it SECONDS COMMAND…: waits until a command goes well.
until_it() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 1
  done
}

phone() { ip netns exec phone "$@"; }
home() { ip netns exec home "$@"; }

# ask METHOD PATH [BODY]: what the telephone's browser is told by the box, the head and what follows, into /run/said.
ask() {
  local body=${3:-}
  # shellcheck disable=SC2016 # the other bash expands it
  phone timeout 30 bash -c 'exec 3<>/dev/tcp/10.42.0.1/80; printf "%s" "$1" >&3; cat <&3' - \
    "$1 $2 HTTP/1.1"$'\r\n'"Host: ${host:-10.42.0.1}"$'\r\n'"Connection: close"$'\r\n'"Content-Type: application/json"$'\r\n'"Content-Length: ${#body}"$'\r\n\r\n'"$body" >/run/said
}

in_it() { phone wpa_cli -p /run/wpa-phone status | grep -q wpa_state=COMPLETED; }

hotspot() { porchlight hotspot >/run/hotspot; }

joined_phone() {
  phone "$box" udhcpc -i wlan1 -n -q -t 3 -T 2 -s /run/udhcpc
}

# said PATTERN: whether that is in it.
said() { grep -q "$1" /run/said; }

says() { ask GET /api/v1/network && said "$1"; }

begin "radios"
modprobe mac80211_hwsim radios=3
until_it 30 test -e /sys/class/net/wlan2
ip netns add phone
ip netns add home
for pair in wlan1:phone wlan2:home; do
  iw phy "$(cat "/sys/class/net/${pair%:*}/phy80211/name")" set netns name "${pair#*:}"
  ip -n "${pair#*:}" link set "${pair%:*}" up
done
cat >/run/udhcpc <<'EOF'
#!/bin/sh
case $1 in
  bound | renew) ip addr flush dev $interface; ip addr add $ip/$mask dev $interface; echo "$ip $router $dns" >/run/lease ;;
esac
EOF
chmod +x /run/udhcpc

begin "the network of the home"
printf 'ctrl_interface=/run/wpa-home\nnetwork={\nssid="Home"\nmode=2\nfrequency=2437\nkey_mgmt=WPA-PSK\nproto=RSN\npairwise=CCMP\npsk="lantern on a porch"\n}\n' >/run/home.conf
home wpa_supplicant -B -i wlan2 -D nl80211 -c /run/home.conf
ip -n home addr add 192.168.77.1/24 dev wlan2
home dnsmasq --conf-file=/dev/null --interface=wlan2 --bind-interfaces --port=0 --dhcp-range=192.168.77.50,192.168.77.90,1h --dhcp-leasefile=/run/home-leases --pid-file=/run/home-dnsmasq

begin "the box's own network"
until_it 180 hotspot
name=$(sed -n 's/^Network: *//p' /run/hotspot)
password=$(sed -n 's/^Password: *//p' /run/hotspot)
[ ${#password} -eq 12 ]
echo "WIFI:T:WPA;S:$name;P:$password;;" >/data/wifi-code
say "open"
# Time for who reads the screen.
sleep 20

begin "a wrong password of the box's own network"
printf 'ctrl_interface=/run/wpa-phone\nnetwork={\nssid="%s"\nkey_mgmt=WPA-PSK\nproto=RSN\npsk="%s"\n}\n' "$name" "not its password" >/run/phone.conf
phone wpa_supplicant -B -i wlan1 -D nl80211 -c /run/phone.conf -P /run/phone.pid
sleep 10
not in_it
kill "$(cat /run/phone.pid)"
until_it 20 test ! -e /run/phone.pid

begin "a telephone joins it"
sed -i "s/not its password/$password/" /run/phone.conf
phone wpa_supplicant -B -i wlan1 -D nl80211 -c /run/phone.conf -P /run/phone.pid
until_it 60 in_it
until_it 60 joined_phone
grep -q '^10\.42\.0\.[0-9]* 10.42.0.1 10.42.0.1$' /run/lease

begin "every name is the box, and leads to its page"
phone "$box" nslookup connectivitycheck.gstatic.com 10.42.0.1 | grep -q 'Address.*10\.42\.0\.1$'
host=connectivitycheck.gstatic.com ask GET /generate_204
said '^HTTP/1.1 302'
grep -qi '^location: http://10.42.0.1/network' /run/said
ask GET /network
said '^HTTP/1.1 200'
for path in /api/v1/settings /api/v1/rooms /healthz /; do
  ask GET $path
  said '^HTTP/1.1 302'
done
says '"name":"Home"'

begin "a wrong password of the home"
ask POST /api/v1/network/join '{"name":"Home","password":"not its password"}'
said '^HTTP/1.1 202'
until_it 120 says '"code":"password"'
hotspot
grep -q "$password" /run/hotspot

begin "the right one"
ask POST /api/v1/network/join '{"name":"Home","password":"lantern on a porch"}'
said '^HTTP/1.1 202'
until_it 120 grep -q . /run/home-leases
address=$(cut -d ' ' -f 3 /run/home-leases | head -n 1)
reached() { home "$box" wget -q -O - -T 10 "http://$address/readyz" | grep -q '"ready":true'; }
until_it 60 reached
not hotspot
[ -n "$(ls /data/system/networks)" ]

begin "the home goes, and comes back"
kill "$(cat /run/home-dnsmasq)"
home wpa_cli -p /run/wpa-home disable_network 0
until_it 120 eval '! ip -4 addr show wlan0 | grep -q 192.168.77'
home wpa_cli -p /run/wpa-home enable_network 0
home dnsmasq --conf-file=/dev/null --interface=wlan2 --bind-interfaces --port=0 --dhcp-range=192.168.77.50,192.168.77.90,1h --dhcp-leasefile=/run/home-leases --pid-file=/run/home-dnsmasq
until_it 170 eval 'ip -4 addr show wlan0 | grep -q 192.168.77'
not hotspot
passed=yes
say passed
