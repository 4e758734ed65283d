#!/bin/sh
# Copies the licences and notices of every module that the program is linked with, and of Go, into a folder: licenses.sh DIR
# Those of the distribution's libraries stand in /usr/share/doc/*/copyright.
set -eu
cd "$(dirname "$0")/.."
into=$1

copy() { # copy MODULE FOLDER
	files=$(find "$2" -maxdepth 1 -type f \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'notice*' -o -iname 'patents*' \))
	[ -n "$files" ] || { echo "licenses: $1 has no licence in $2" >&2; exit 1; }
	mkdir -p "$into/$1"
	echo "$files" | while read -r file; do install -m 644 "$file" "$into/$1/"; done
}

copy go "$(go env GOROOT)"
go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}}@{{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/framewatch | sort -u | while read -r module folder; do
	copy "$module" "$folder"
done
