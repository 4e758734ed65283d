#!/bin/sh
# Takes axe-core, by which the tests look at the page's accessibility, from the npm registry again, and writes VENDOR.json. It is no part of the program. Needs npm and openssl; the tests
# need neither.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

package=axe-core version=4.14.1 module=axe.min.js
archive=$work/$(cd "$work" && npm pack --silent "$package@$version")
tar xzf "$archive" -C "$work"
cp "$work/package/$module" axe.js
cp "$work/package/LICENSE" LICENSE-axe-core.txt
cp "$work/package/LICENSE-3RD-PARTY.txt" LICENSE-axe-core-3RD-PARTY.txt
printf '[\n  {"file": "axe.js", "package": "%s", "version": "%s", "module": "%s", "licence": "MPL-2.0", "notice": "LICENSE-axe-core.txt",\n   "integrity": "sha512-%s",\n   "sha256": "%s"}\n]\n' \
	"$package" "$version" "$module" "$(openssl dgst -sha512 -binary "$archive" | openssl base64 -A)" "$(sha256sum <axe.js | cut -d' ' -f1)" >VENDOR.json
