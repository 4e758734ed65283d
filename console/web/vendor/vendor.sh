#!/bin/sh
# Takes the page's libraries from the npm registry again: the versions below, as ES modules, with bare import specifiers turned
# into relative paths and source map comments cut; what makes a global (uPlot, whose module is not to be had small) exports it. Writes VENDOR.json. Needs npm and openssl; the build and the tests need neither.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# file                package               version  module in the package        licence
table='
preact.js             preact                11.2.0   dist/preact.mjs              MIT
preact-hooks.js       preact                11.2.0   hooks/dist/hooks.mjs         MIT
htm.js                htm                   3.1.1    dist/htm.mjs                 Apache-2.0
signals-core.js       @preact/signals-core  1.14.5   dist/signals-core.mjs        MIT
signals.js            @preact/signals       2.11.4   dist/signals.mjs             MIT
uplot.js              uplot                 1.6.32   dist/uPlot.iife.min.js       MIT
uplot.css             uplot                 1.6.32   dist/uPlot.min.css           MIT
'
separator='['
echo "$table" | while read -r file package version module licence; do
	[ -n "$file" ] || continue
	archive=$work/$(cd "$work" && npm pack --silent "$package@$version")
	mkdir -p "$work/$file" && tar xzf "$archive" -C "$work/$file"
	sed -e 's|from *"preact"|from"./preact.js"|g' -e 's|from *"preact/hooks"|from"./preact-hooks.js"|g' \
		-e 's|from *"@preact/signals-core"|from"./signals-core.js"|g' -e 's|//# sourceMappingURL=.*||' \
		"$work/$file/package/$module" >"$file"
	case $module in *.iife.min.js) echo 'export default uPlot;' >>"$file" ;; esac
	notice=LICENSE-$(echo "$package" | tr -d @ | tr / -).txt
	cp "$work/$file/package/LICENSE" "$notice"
	printf '%s\n  {"file": "%s", "package": "%s", "version": "%s", "module": "%s", "licence": "%s", "notice": "%s",\n   "integrity": "sha512-%s",\n   "sha256": "%s"}' \
		"$separator" "$file" "$package" "$version" "$module" "$licence" "$notice" \
		"$(openssl dgst -sha512 -binary "$archive" | openssl base64 -A)" "$(sha256sum <"$file" | cut -d' ' -f1)"
	separator=,
done >"$work/VENDOR.json"
printf '\n]\n' >>"$work/VENDOR.json"
cp "$work/VENDOR.json" VENDOR.json
