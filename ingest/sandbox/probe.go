package sandbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Attempt is one thing that a probe tried from within the sandbox.
type Attempt struct {
	// What was tried, in words that follow "tried to".
	What string `json:"what"`
	// Part of the sandbox that decides on it: landlock, seccomp or limits.
	Part string `json:"part"`
	// Allowed tells that it ought to work: the process needs it.
	Allowed bool `json:"allowed,omitempty"`
	// Error is what came of it; empty: it worked.
	Error string `json:"error,omitempty"`
	// Held tells that it went as it ought to: refused as forbidden, or allowed.
	Held bool `json:"held"`
}

// The parts of the sandbox.
const (
	Landlock = "landlock"
	Seccomp  = "seccomp"
	Limits   = "limits"
)

// Target is what a probe tries its hand at.
type Target struct {
	Needs Needs `json:"needs"`
	// Memory is the limit in bytes that Limit was given.
	Memory uint64 `json:"memory"`
	// Closed is a TCP port of 127.0.0.1 at which somebody listens whom the process may not reach.
	Closed uint16 `json:"closed"`
	// ABI of Landlock: what it is too old for is not tried.
	ABI int `json:"abi"`
}

// Probe lays seccomp on the calling process as Confine does and tries what must not work before and after, so that it shows each part by
// itself. Limits and Landlock must be in force. confined is false when the process is to try without seccomp.
func Probe(t Target, confined bool) ([]Attempt, error) {
	list := append(limits(t), walls(t)...)
	other := bystander()
	if confined {
		if err := Confine(t.Needs); err != nil {
			return list, err
		}
	}
	return append(list, calls(t, other)...), nil
}

// try runs one attempt. It counts as refused with one of the errors, of which there must be one.
func try(part, what string, f func() error, refusals ...error) Attempt {
	a := Attempt{What: what, Part: part, Allowed: len(refusals) == 0}
	err := f()
	if err != nil {
		a.Error = err.Error()
	}
	a.Held = a.Allowed && err == nil
	for _, r := range refusals {
		a.Held = a.Held || errors.Is(err, r)
	}
	return a
}

// limits tries to take more of the machine than Limit allows.
func limits(t Target) []Attempt {
	return []Attempt{
		try(Limits, fmt.Sprintf("take more than %d MiB of memory", t.Memory>>20), func() error {
			b, err := unix.Mmap(-1, 0, int(t.Memory), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
			if err == nil {
				unix.Munmap(b)
			}
			return err
		}, unix.ENOMEM),
		try(Limits, fmt.Sprintf("open more than %d descriptors", descriptors), func() error {
			for range descriptors {
				fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
				if err != nil {
					return err
				}
				defer unix.Close(fd)
			}
			return nil
		}, unix.EMFILE),
		try(Limits, "leave a core file", func() error {
			return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1, Max: 1})
		}, unix.EPERM),
	}
}

// walls tries what Landlock must refuse.
func walls(t Target) []Attempt {
	scratch := filepath.Join(os.TempDir(), "framewatch-probe-"+strconv.Itoa(os.Getpid()))
	list := []Attempt{
		try(Landlock, "gain privileges by executing", func() error {
			set, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
			if err == nil && set == 1 {
				err = unix.EPERM
			}
			return err
		}, unix.EPERM),
		try(Landlock, "read /etc/passwd", func() error { return open("/etc/passwd", unix.O_RDONLY) }, unix.EACCES),
		try(Landlock, "list the root directory", func() error { return open("/", unix.O_RDONLY|unix.O_DIRECTORY) }, unix.EACCES),
		try(Landlock, "write a file", func() error {
			defer os.Remove(scratch)
			return open(scratch, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL)
		}, unix.EACCES),
		try(Landlock, "read the supervisor's environment", func() error {
			return open(fmt.Sprintf("/proc/%d/environ", os.Getppid()), unix.O_RDONLY)
		}, unix.EACCES),
		try(Landlock, "execute a program", run, unix.EACCES),
		try(Landlock, "trace the supervisor", trace, unix.EPERM),
	}
	if t.Needs.File != "" {
		list = append(list, try(Landlock, "read its own file", func() error { return open(t.Needs.File, unix.O_RDONLY) }))
	}
	if t.ABI >= tcpABI {
		list = append(list, try(Landlock, "connect to a closed port", func() error { return connect(t.Closed) }, unix.EACCES))
	}
	if t.ABI >= scopeABI {
		list = append(list, try(Landlock, "signal the supervisor", func() error { return unix.Kill(os.Getppid(), 0) }, unix.EPERM))
	}
	return list
}

// calls tries what seccomp must refuse, one of it on another thread.
func calls(t Target, other func(func() error) error) []Attempt {
	stream := func() error { return socket4(unix.AF_INET, unix.SOCK_STREAM, 0) }
	list := []Attempt{
		try(Seccomp, "make a UNIX socket", func() error { return socket4(unix.AF_UNIX, unix.SOCK_STREAM, 0) }, unix.EPERM),
		try(Seccomp, "make a raw socket", func() error { return socket4(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP) }, unix.EPERM),
		try(Seccomp, "make a Multipath TCP socket", func() error { return socket4(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP) }, unix.EPERM),
		try(Seccomp, "make a UNIX socket on another thread", func() error {
			return other(func() error { return socket4(unix.AF_UNIX, unix.SOCK_STREAM, 0) })
		}, unix.EPERM),
		try(Seccomp, "start a process", run, unix.EPERM),
		try(Seccomp, "trace the supervisor", trace, unix.EPERM),
		try(Seccomp, "signal a thread of the supervisor", func() error { return unix.Tgkill(os.Getppid(), os.Getppid(), 0) }, unix.EPERM),
		try(Seccomp, "read the supervisor's memory", func() error {
			var b [8]byte
			local := []unix.Iovec{{Base: &b[0], Len: 8}}
			_, err := unix.ProcessVMReadv(os.Getppid(), local, []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&b[0])), Len: 8}}, 0)
			return err
		}, unix.EPERM),
		try(Seccomp, "unshare a name space", func() error { return unix.Unshare(unix.CLONE_NEWUSER) }, unix.EPERM),
		try(Seccomp, "set up an io_uring", func() error {
			_, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, 0, 0)
			return errno
		}, unix.EPERM),
		try(Seccomp, "change a file's mode", func() error { return unix.Chmod(os.TempDir(), 0o1777) }, unix.EPERM),
	}
	switch {
	case t.Needs.Network && t.Needs.Port > 0:
		list = append(list, try(Landlock, "connect to its own port", func() error { return connect(t.Needs.Port) }))
	case t.Needs.Network:
		list = append(list, try(Seccomp, "make a TCP socket", stream, unix.EPERM), try(Seccomp, "make a UDP socket", func() error { return socket4(unix.AF_INET, unix.SOCK_DGRAM, 0) }))
	default:
		list = append(list, try(Seccomp, "make a TCP socket", stream, unix.EPERM), try(Seccomp, "make memory executable", executable, unix.EPERM))
	}
	if t.Needs == (Needs{}) {
		list = append(list, try(Seccomp, "open a file", func() error { return open("/etc/passwd", unix.O_RDONLY) }, unix.EPERM))
	}
	if t.Needs.File != "" {
		list = append(list, try(Seccomp, "read its own file again", func() error { return open(t.Needs.File, unix.O_RDONLY) }))
	}
	return list
}

// bystander is a thread that is there before the filter is; what it returns runs a function on it, once.
func bystander() func(func() error) error {
	work, done := make(chan func() error), make(chan error)
	ready := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		close(ready)
		done <- (<-work)()
	}()
	<-ready
	return func(f func() error) error {
		work <- f
		return <-done
	}
}

func open(path string, flags int) error {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0o600)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

func socket4(family, kind, protocol int) error {
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

func connect(port uint16) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	address := unix.SockaddrInet4{Port: int(port)}
	copy(address.Addr[:], net.IPv4(127, 0, 0, 1).To4())
	return unix.Connect(fd, &address)
}

// trace becomes the supervisor's tracer without stopping it; the end of this process ends that.
func trace() error {
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(os.Getppid()), 0, 0, 0, 0)
	if errno == 0 {
		return nil
	}
	return errno
}

// run runs a program to its end.
func run() error {
	pid, err := syscall.ForkExec("/bin/true", []string{"true"}, nil)
	if err != nil {
		return err
	}
	_, err = unix.Wait4(pid, nil, 0, nil)
	return err
}

func executable() error {
	b, err := unix.Mmap(-1, 0, os.Getpagesize(), syscall.PROT_READ|syscall.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err == nil {
		unix.Munmap(b)
	}
	return err
}
