package sandbox

import (
	"fmt"
	"os"
	"slices"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

// always is what the Go runtime, glibc and libav call in a process whose libraries are loaded and whose pipes are open. None of it makes
// a process, a file, a socket or a mapping of code, or reaches another process. Names that an architecture does not have are passed over.
var always = []string{
	// memory
	"brk", "munmap", "mremap", "madvise", "mincore", "membarrier", "get_mempolicy",
	// threads and signals of this process
	"futex", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity", "getcpu", "exit", "exit_group", "gettid", "getpid", "arch_prctl",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack", "restart_syscall", "sched_get_priority_min", "sched_get_priority_max",
	"sched_getscheduler", "sched_getparam",
	// time
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "timer_create", "timer_settime", "timer_delete", "setitimer",
	// descriptors that are open
	"read", "readv", "pread64", "write", "writev", "lseek", "close", "fstat", "poll", "ppoll", "select", "pselect6",
	"pipe2", "eventfd2", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait", "epoll_pwait2",
	// what the machine is
	"uname", "sysinfo", "getrandom", "getrusage", "getrlimit", "getuid", "geteuid", "getgid", "getegid", "getppid",
}

// The requests of ioctl that a process may make: how much there is to read, and not to wait for it.
const fionread, fionbio = 0x541b, 0x5421

// opening is what a process calls besides that opens files by itself; Landlock says which.
var opening = []string{"openat", "open", "newfstatat", "fstatat", "stat", "lstat", "statx", "access", "faccessat", "readlink", "readlinkat", "fstatfs", "getcwd"}

// talking is what a process calls besides that has sockets. It listens to nobody.
var talking = []string{
	"connect", "bind", "sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg", "shutdown",
	"getsockname", "getpeername", "getsockopt", "setsockopt", "epoll_create", "eventfd", "pipe",
	"mmap", "mprotect", // of code too: name services are plug-ins, libraries that are loaded late
}

func missingSeccomp() string {
	if seccomp.Supported() {
		return ""
	}
	return "seccomp (the kernel must be built with CONFIG_SECCOMP_FILTER, and the container must let it be used)"
}

// Confine lets the calling process, all its threads, make no more system calls than a process with those needs makes. Others fail with EPERM.
func Confine(n Needs) error {
	policy, err := policy(n)
	if err != nil {
		return err
	}
	return seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: policy})
}

func policy(n Needs) (seccomp.Policy, error) {
	info, err := arch.GetInfo("")
	if err != nil {
		return seccomp.Policy{}, fmt.Errorf("filter system calls: %w", err)
	}
	names := slices.Clone(always)
	if n.File != "" || n.Network {
		names = append(names, opening...)
	}
	if n.Network {
		names = append(names, talking...)
	}
	has := func(name string) bool { _, ok := info.SyscallNames[name]; return ok }
	conditions := slices.DeleteFunc(conditions(n), func(c seccomp.NameWithConditions) bool { return !has(c.Name) })
	return seccomp.Policy{DefaultAction: seccomp.ActionErrno, Syscalls: []seccomp.SyscallGroup{
		{Action: seccomp.ActionAllow, Names: slices.DeleteFunc(names, func(name string) bool { return !has(name) }), NamesWithCondtions: conditions},
		// Its flags are in memory, where a filter does not see them. Without it glibc takes clone.
		{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: []string{"clone3"}},
	}}, nil
}

// conditions are the calls that depend on their arguments. Lines of one name are alternatives.
func conditions(n Needs) []seccomp.NameWithConditions {
	self := uint64(os.Getpid())
	list := []seccomp.NameWithConditions{
		{Name: "clone", Conditions: all(bits(0, unix.CLONE_THREAD))}, // a thread, never a process
		{Name: "tgkill", Conditions: all(is(0, self))},
		{Name: "kill", Conditions: all(is(0, self))},
		{Name: "prlimit64", Conditions: all(is(2, 0))}, // tells limits, sets none
		{Name: "prctl", Conditions: all(is(0, unix.PR_SET_NAME))},
		{Name: "prctl", Conditions: all(is(0, unix.PR_GET_NAME))},
		{Name: "prctl", Conditions: all(is(0, unix.PR_SET_VMA))},
		{Name: "prctl", Conditions: all(is(0, unix.PR_GET_NO_NEW_PRIVS))},
		{Name: "ioctl", Conditions: all(is(1, fionread))},
		{Name: "ioctl", Conditions: all(is(1, fionbio))},
	}
	for _, command := range []uint64{unix.F_DUPFD, unix.F_DUPFD_CLOEXEC, unix.F_GETFD, unix.F_SETFD, unix.F_GETFL, unix.F_SETFL, unix.F_GETPIPE_SZ, unix.F_SETPIPE_SZ} {
		list = append(list, seccomp.NameWithConditions{Name: "fcntl", Conditions: all(is(1, command))})
	}
	if !n.Network {
		return append(list,
			seccomp.NameWithConditions{Name: "mmap", Conditions: all(no(2, unix.PROT_EXEC))},
			seccomp.NameWithConditions{Name: "mprotect", Conditions: all(no(2, unix.PROT_EXEC))},
		)
	}
	for _, family := range []uint64{unix.AF_INET, unix.AF_INET6} {
		list = append(list,
			socket(family, unix.SOCK_DGRAM, 0), socket(family, unix.SOCK_DGRAM, unix.IPPROTO_UDP),
		)
		if n.Port > 0 {
			// Landlock does not see Multipath TCP, another protocol.
			list = append(list, socket(family, unix.SOCK_STREAM, 0), socket(family, unix.SOCK_STREAM, unix.IPPROTO_TCP))
		}
	}
	return list
}

// socket lets sockets of one family, kind and protocol be made, with any flags.
func socket(family, kind, protocol uint64) seccomp.NameWithConditions {
	const kinds, flags = 0xf, unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
	return seccomp.NameWithConditions{Name: "socket", Conditions: all(is(0, family), bits(1, kind), no(1, ^uint64(flags)&^kind), is(2, protocol))}
}

func all(c ...seccomp.Condition) seccomp.ArgumentConditions { return c }

// is, bits and no hold when an argument is v, has one of v's bits, has none of them.
func is(argument uint32, v uint64) seccomp.Condition {
	return seccomp.Condition{Argument: argument, Operation: seccomp.Equal, Value: v}
}

func bits(argument uint32, v uint64) seccomp.Condition {
	return seccomp.Condition{Argument: argument, Operation: seccomp.BitsSet, Value: v}
}

func no(argument uint32, v uint64) seccomp.Condition {
	return seccomp.Condition{Argument: argument, Operation: seccomp.BitsNotSet, Value: v}
}
