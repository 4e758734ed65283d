package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
)

// profiled does work, and writes where its CPU time went to file, for `go tool pprof`; without a file it just does it.
func profiled(file string, work func() error) error {
	if file == "" {
		return work()
	}
	out, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("write a CPU profile: %w", err)
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return errors.Join(fmt.Errorf("profile: %w", err), out.Close())
	}
	err = work()
	pprof.StopCPUProfile()
	return errors.Join(err, out.Close())
}

// cpuProfileFlag is a flag of `run` that is not for everyday use, and of the benches that pass it on.
const cpuProfileFlag = "cpu-profile"
