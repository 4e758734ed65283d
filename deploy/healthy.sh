#!/bin/bash
# Asks the process in this container whether it is well, for the image's health check: healthy.sh [PORT...]
# By default it asks the admin listener or, of a process without one, the console.
[ $# -gt 0 ] || set -- 9394 8080
for port; do
	exec 3<>"/dev/tcp/127.0.0.1/$port" || continue
	printf 'GET /-/healthy HTTP/1.0\r\n\r\n' >&3
	read -r -t 2 line <&3
	[[ $line == HTTP/1.?' 200 '* ]]
	exit
done 2>/dev/null
echo "nothing listens on port $*: set admin.listen" >&2
exit 1
