#!/bin/sh
# Makes the secrets of docker-compose.yml, each once: the console's password, and the key that console and edges share for pictures.
# The files are readable for the container's user; the folder is not for anyone else's.
set -eu
cd "$(dirname "$0")"
umask 022
mkdir -p -m 700 secrets
for name in console_password pictures_key; do
	[ -s "secrets/$name" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"secrets/$name"
done
echo "The page asks for a user and a password: admin, $(cat secrets/console_password)"
