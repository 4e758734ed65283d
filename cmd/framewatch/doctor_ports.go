package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// checkPorts tries to listen where the targets would. A port that this program has already, in another process, is as it should be.
func checkPorts(_ context.Context, p *patient) []finding {
	const name = "ports"
	var findings []finding
	for _, l := range p.listens() {
		listener, err := net.Listen("tcp", l.address)
		if err == nil {
			listener.Close()
			continue
		}
		if pid := ownListener(l.address); pid > 0 && pid != os.Getpid() {
			findings = append(findings, finding{Check: name, Status: statusOK, Detail: fmt.Sprintf("%s %s: Framewatch listens there already, in process %d", l.key, l.address, pid)})
			continue
		}
		findings = append(findings, finding{name, statusFail, fmt.Sprintf("%s: %v", l.key, err), fmt.Sprintf("end what listens there (ss -ltnp), or set %s to another address", l.key)})
	}
	if len(findings) == 0 && len(p.listens()) > 0 {
		findings = append(findings, finding{Check: name, Status: statusOK, Detail: fmt.Sprintf("%d addresses to listen on are free", len(p.listens()))})
	}
	return findings
}

// listening is an address and the key that says it.
type listening struct{ key, address string }

// listens are the addresses where the patient's targets listen.
func (p *patient) listens() (all []listening) {
	add := func(key, address string, targets ...string) {
		if address != "" && (len(targets) == 0 || p.runs(targets...)) {
			all = append(all, listening{key, address})
		}
	}
	add("ingest.listen", p.config.Ingest.Listen, "ingest")
	add("console.listen", p.config.Console.Listen, "console")
	add("notifier.listen", p.config.Notifier.Listen, "notifier")
	add("admin.listen", p.config.Admin.Listen)
	if p.embeds() {
		add("embedded.listen", p.config.Embedded.Listen)
	}
	return all
}

// ownListener is the process of this program that listens on the port of an address; 0: there is none, or it cannot be seen.
func ownListener(address string) int {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return 0
	}
	number, err := net.LookupPort("tcp", port)
	if err != nil {
		return 0
	}
	sockets := listeningSockets(number)
	self, err := os.Stat("/proc/self/exe")
	if err != nil || len(sockets) == 0 {
		return 0
	}
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes {
		if program, err := os.Stat(process + "/exe"); err != nil || !os.SameFile(self, program) {
			continue
		}
		descriptors, _ := filepath.Glob(process + "/fd/*")
		for _, d := range descriptors {
			if to, err := os.Readlink(d); err == nil && sockets[to] {
				pid, _ := strconv.Atoi(filepath.Base(process))
				return pid
			}
		}
	}
	return 0
}

// listeningSockets are the sockets of this network namespace that listen on a port, as their descriptors are called.
func listeningSockets(port int) map[string]bool {
	const listen = "0A" // TCP_LISTEN
	sockets := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table)
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if len(f) > 9 && f[3] == listen && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) {
				sockets["socket:["+f[9]+"]"] = true
			}
		}
	}
	return sockets
}
