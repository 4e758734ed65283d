package sandbox

import (
	"bufio"
	"debug/elf"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

const (
	// filesABI is the least ABI of Landlock that holds files, tcpABI that holds TCP connections, scopeABI that holds signals and abstract sockets.
	filesABI, tcpABI, scopeABI = 1, 4, 6

	read    = landlock.AccessFSSet(ll.AccessFSReadFile)
	execute = landlock.AccessFSSet(ll.AccessFSReadFile | ll.AccessFSExecute)
)

// resolverFiles are read by glibc to resolve names, certificates by GnuTLS and OpenSSL to prove servers.
var (
	resolverFiles = []string{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols"}
	certificates  = []string{"/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/etc/gnutls"}
)

// ABI is the version of Landlock that the kernel has; 0 without Landlock.
func ABI() int {
	v, err := ll.LandlockGetABIVersion()
	if err != nil {
		return 0
	}
	return v
}

func missingLandlock(n Needs) string {
	switch abi := ABI(); {
	case abi < filesABI:
		return "Landlock (the kernel has it from Linux 5.13 on; it must be built in, named in the boot parameter lsm= and not be forbidden by the container)"
	case abi < tcpABI && n.Port > 0:
		return fmt.Sprintf("Landlock's rules for TCP, without which a worker may connect anywhere (ABI %d, Linux 6.7; this kernel has ABI %d)", tcpABI, abi)
	}
	return ""
}

// Enter lays Landlock on the calling thread, which must be locked to its goroutine and must end with it: the thread, and each process that
// it starts from then on, can reach no more than needs says, its libraries, and executable. What the kernel's Landlock is too old for
// is left out. Landlock alone does not keep such a process from the thread itself, which is in the same domain: seccomp does.
func Enter(executable string, n Needs) error {
	if ABI() < filesABI {
		return nil
	}
	rules, err := rules(executable, n)
	if err != nil {
		return fmt.Errorf("make Landlock's rules: %w", err)
	}
	fd, flags, err := landlock.V7.BestEffort().NewRulesetFD(rules...)
	if err != nil {
		return fmt.Errorf("make Landlock's rules: %w", err)
	}
	if fd < 0 {
		return nil
	}
	defer unix.Close(fd)
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	if err := ll.LandlockRestrictSelf(fd, flags); err != nil {
		return fmt.Errorf("enter Landlock's domain: %w", err)
	}
	return nil
}

// rules is all that a process may reach.
func rules(executable string, n Needs) ([]landlock.Rule, error) {
	loaded, err := libraries()
	if err != nil {
		return nil, err
	}
	programs := []string{executable}
	if loader := interpreter(executable); loader != "" {
		programs = append(programs, loader)
	}
	rules := []landlock.Rule{
		landlock.PathAccess(execute, programs...),
		landlock.PathAccess(read, loaded...).IgnoreIfMissing(),
	}
	if n.File != "" {
		if _, err := os.Stat(n.File); err == nil { // Otherwise the process finds out why not.
			rules = append(rules, landlock.PathAccess(read, n.File).IgnoreIfMissing())
		}
	}
	if n.Network {
		rules = append(rules, landlock.PathAccess(read, slices.Concat(resolverFiles, certificates)...).IgnoreIfMissing())
	}
	if n.Port > 0 {
		rules = append(rules, landlock.ConnectTCP(n.Port))
	}
	return rules, nil
}

// libraries are the directories from which this program's libraries were loaded, which are also those of the program that it starts: the same
// one. They are read once.
var libraries = sync.OnceValues(func() ([]string, error) {
	file, err := os.Open("/proc/self/maps")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	paths, err := mapped(file)
	return append(paths, "/etc/ld.so.cache"), err
})

// mapped is the directories of the shared objects in a process's memory map.
func mapped(r io.Reader) ([]string, error) {
	directories := map[string]bool{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		_, path, ok := strings.Cut(lines.Text(), " /")
		if base := filepath.Base(path); ok && (strings.HasSuffix(base, ".so") || strings.Contains(base, ".so.")) {
			directories["/"+filepath.Dir(path)] = true
		}
	}
	return slices.Sorted(maps.Keys(directories)), lines.Err()
}

// interpreter is the program that loads executable's libraries; empty when it has none or cannot be read, which starting it will show.
func interpreter(executable string) string {
	file, err := elf.Open(executable)
	if err != nil {
		return ""
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type != elf.PT_INTERP || p.Filesz > unix.PathMax {
			continue
		}
		name := make([]byte, p.Filesz)
		if _, err := p.ReadAt(name, 0); err != nil {
			return ""
		}
		return strings.TrimRight(string(name), "\x00")
	}
	return ""
}
