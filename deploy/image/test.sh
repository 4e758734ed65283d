#!/bin/sh
# Builds the image and tries it in a container engine: make image-test
# It takes the engine that runs or, as root on Debian, starts one of its own: no bridge, no firewall rules, its socket and its runtime state in a temporary folder. Its
# images are kept in ~/.cache/framewatch/engine, for the layers of the next build. Where there is neither it says so, and that is no failure.
# FRESH=1 builds without the layers of before.
set -eu
cd "$(dirname "$0")/../.."
image=framewatch:image-test
kept=${XDG_CACHE_HOME:-$HOME/.cache}/framewatch/engine
work=$(mktemp -d)
began=$(date +%s)

say() { echo "image-test: $*" >&2; }
skip() { say "skipped: $*"; exit 0; }

finish() {
	# The image that was tried stays; a container that a test left behind does not.
	docker ps -aq --filter label=framewatch.image-test 2>/dev/null | xargs -r docker rm -f >/dev/null 2>&1 || true
	if [ -s "$work/engine.pid" ]; then
		engine=$(cat "$work/engine.pid")
		kill "$engine" 2>/dev/null || true
		while kill -0 "$engine" 2>/dev/null; do sleep 0.1; done
		# The network that containers without any share.
		umount "$work"/exec/netns/* 2>/dev/null || true
	fi
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

install_engine() {
	missing=""
	for package in docker.io debootstrap; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' $package 2>/dev/null)" = installed ] || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	say "installing$missing"
	# The packages would start their services: this test starts its own.
	policy=/usr/sbin/policy-rc.d
	[ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy; chmod 755 $policy; ours=yes; }
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >"$work/apt.log" 2>&1 && done=yes || done=no
	[ "${ours:-}" != yes ] || rm -f $policy
	[ $done = yes ] || { tail -n 5 "$work/apt.log" >&2; skip "$missing could not be installed"; }
}

start_engine() {
	mkdir -p "$kept"
	dockerd --iptables=false --ip6tables=false --bridge=none --storage-driver overlay2 --data-root "$kept" --exec-root "$work/exec" \
		-H "unix://$work/engine.sock" -p "$work/engine.pid" >"$work/engine.log" 2>&1 &
	started=$!
	export DOCKER_HOST="unix://$work/engine.sock"
	until docker info >/dev/null 2>&1; do
		kill -0 $started 2>/dev/null || { tail -n 5 "$work/engine.log" >&2; skip "no container engine runs here, and none can be started"; }
		sleep 0.1
	done
}

# An image of Debian 12 and one with this machine's Go on top, where none can be pulled.
make_bases() {
	BASE_IMAGE=framewatch-base:image-test GO_IMAGE=framewatch-go:image-test
	if ! docker image inspect $BASE_IMAGE >/dev/null 2>&1; then
		say "making an image of Debian 12"
		command -v debootstrap >/dev/null || skip "debian:bookworm-slim cannot be pulled, and there is no debootstrap to make it"
		debootstrap --variant=minbase bookworm "$work/root" >"$work/debootstrap.log" 2>&1 || { tail -n 5 "$work/debootstrap.log" >&2; skip "Debian's packages are not to be had"; }
		for suite in bookworm-updates bookworm-security; do
			sed -n "1s/ bookworm / $suite /p" "$work/root/etc/apt/sources.list" | if [ $suite = bookworm-security ]; then sed 's,/debian ,/debian-security ,'; else cat; fi
		done >>"$work/root/etc/apt/sources.list"
		rm -rf "$work/root/var/cache/apt/archives/"*.deb "$work/root/var/lib/apt/lists/"* "$work/root/var/log/"*.log
		tar -C "$work/root" -c . | docker import - $BASE_IMAGE >/dev/null
	fi
	mkdir "$work/go"
	cp -L "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" "$work/go/authorities.crt"
	printf 'FROM %s\nCOPY authorities.crt /etc/ssl/certs/ca-certificates.crt\nCOPY go /usr/local/go\nENV PATH=/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin GOTOOLCHAIN=local\n' $BASE_IMAGE >"$work/go/Dockerfile"
	goroot=$(go env GOROOT)
	tar -c -C "$work/go" . -C "$(dirname "$goroot")" --transform "s,^$(basename "$goroot"),go," "$(basename "$goroot")" | docker build -q -t $GO_IMAGE - >/dev/null
}

[ "$(uname -s)" = Linux ] || skip "this is $(uname -s)"
command -v go >/dev/null || skip "Go is not installed"
if ! docker info >/dev/null 2>&1; then
	[ "$(id -u)" = 0 ] || skip "no container engine runs, and starting one needs root"
	command -v apt-get >/dev/null || skip "no container engine runs, and this is not Debian"
	install_engine
	start_engine
fi
export DOCKER_BUILDKIT=${DOCKER_BUILDKIT:-0}
BASE_IMAGE="" GO_IMAGE=""
docker image inspect debian:bookworm-slim >/dev/null 2>&1 || docker pull -q debian:bookworm-slim >/dev/null 2>&1 || make_bases

# Proxies and the source of modules are taken from the environment by name: their values stand in no command line, and not in the image.
GOPROXY=$(go env GOPROXY) GOSUMDB=$(go env GOSUMDB)
export GOPROXY GOSUMDB
set -- --build-arg GOPROXY --build-arg GOSUMDB
for proxy in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy; do set -- "$@" --build-arg $proxy; done
[ -z "$BASE_IMAGE" ] || set -- "$@" --build-arg BASE_IMAGE=$BASE_IMAGE --build-arg GO_IMAGE=$GO_IMAGE
VERSION=${VERSION:-devel}
say "building $image"
built=$(date +%s)
build() { # build VARIANT TAG ARGUMENT...
	variant=$1 tag=$2
	shift 2
	if ! docker build --network host -f deploy/Dockerfile -t $tag --build-arg VARIANT=$variant --build-arg VERSION="$VERSION" \
		--build-arg REVISION="$(git rev-parse HEAD 2>/dev/null || echo unknown)" "$@" . >"$work/build.log" 2>&1; then
		tail -n 40 "$work/build.log" >&2
		say "the image cannot be built"
		exit 1
	fi
	say "$tag after $(($(date +%s) - built)) s: $(($(docker image inspect -f '{{.Size}}' $tag) / 1000000)) MB"
}
if [ -n "${FRESH:-}" ]; then build demo $image --no-cache "$@"; else build demo $image "$@"; fi
build slim $image-slim "$@"
go test -count=1 -v -timeout 20m ./deploy/image -image $image -image.version "$VERSION"
say "done in $(($(date +%s) - began)) s"
