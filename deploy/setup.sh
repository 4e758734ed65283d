#!/bin/sh
# Installs what Framewatch needs to be built and run on Debian 12: setup.sh
# and, on top of that, what only its tests need:                  setup.sh test
# Quick when nothing is missing. It starts no service.
set -eu

# Compiler, FFmpeg 5.1 (headers for go-astiav, the program for the demo) and OpenCV 4.6 (headers for gocv), SIMDe (vectors in C), and a linker that leaves out what
# is not called.
packages="make gcc g++ lld pkg-config ffmpeg
	libavcodec-dev libavdevice-dev libavfilter-dev libavformat-dev libavutil-dev libswresample-dev libswscale-dev
	libopencv-dev libsimde-dev"

# srt-live-transmit, nginx and GStreamer serve SRT, RTMP and RTSP, multicat sends datagrams, in a network that ip makes, the page is looked at in Chromium, aiosmtpd takes mail, Alertmanager takes alerts and amtool asks for them, promtool of Prometheus tries alert rules, the schemas are read by Python, and Kafka itself is fetched
# by Maven and run on Java, which compiles an example.
test_packages="git iproute2 multicat srt-tools nginx libnginx-mod-rtmp
	python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good glib-networking chromium python3-aiosmtpd prometheus prometheus-alertmanager python3-venv default-jdk-headless maven"

say() { echo "setup: $*" >&2; }

case "${1:-}" in
"") ;;
test) packages="$packages $test_packages" ;;
*) say "unknown argument $1 (known: test)"; exit 2 ;;
esac

[ ! -r /etc/os-release ] || . /etc/os-release
if [ "${ID:-}" != debian ] || [ "${VERSION_ID:-}" != 12 ]; then
	say "this is ${PRETTY_NAME:-$(uname)}; Framewatch is built against FFmpeg 5.1 and OpenCV 4.6 of Debian 12."
	say "Use the container instead: make up"
	exit 1
fi

command -v go >/dev/null || { say "Go is not installed: see https://go.dev/doc/install"; exit 1; }

missing=""
for package in $packages; do
	case "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" in
	*" installed") ;;
	*)
		# Any Java that can compile and start Kafka will do.
		[ "$package" = default-jdk-headless ] && command -v javac >/dev/null && continue
		missing="$missing $package"
		;;
	esac
done
[ -n "$missing" ] || exit 0

sudo=""
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || { say "installing$missing needs root, and there is no sudo"; exit 1; }
	sudo=sudo
fi
say "installing$missing"
# A package may bring a service along, as Chromium does with D-Bus: it is not ours to start.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap '$sudo rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' | $sudo install -m 755 /dev/stdin $policy
fi
$sudo apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
