package lab

import (
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
)

// StepsUsage is what the design of steps has used since it began.
type StepsUsage struct {
	// Seconds of streams that went through all steps.
	Seconds float64
	// Transitions are the durable ones, Puts and Gets requests to the store, with the bytes that they moved.
	Transitions, Puts, Gets int64
	PutBytes, GetBytes      int64
	Notifications           int64
	// CPU seconds by step. StepConvert has the decoder's processes; what the store, the journal and the connections' own goroutines take is in none.
	CPU map[Step]float64
	// Execution is the time on the wall from a second's being stored until it was judged, in all.
	Execution float64
}

// Sub is what was used from before until u.
func (u StepsUsage) Sub(before StepsUsage) StepsUsage {
	d := StepsUsage{u.Seconds - before.Seconds, u.Transitions - before.Transitions, u.Puts - before.Puts, u.Gets - before.Gets, u.PutBytes - before.PutBytes,
		u.GetBytes - before.GetBytes, u.Notifications - before.Notifications, map[Step]float64{}, u.Execution - before.Execution}
	for step, cpu := range u.CPU {
		d.CPU[step] = cpu - before.CPU[step]
	}
	return d
}

// Usage is what has been used so far. It may be called while Run runs.
func (s *Steps) Usage() StepsUsage {
	u := StepsUsage{
		Seconds: float64(s.counts.seconds.Load()), Transitions: s.journal.records.Load(), Notifications: s.counts.notifications.Load(),
		Puts: s.store.puts.Load(), Gets: s.store.gets.Load(), PutBytes: s.store.putBytes.Load(), GetBytes: s.store.getBytes.Load(),
		CPU: map[Step]float64{}, Execution: float64(s.counts.execution.Load()) / 1e9,
	}
	for i, step := range AllSteps {
		u.CPU[step] = float64(s.usage[i].Load()) / 1e9
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.converters {
		u.CPU[StepConvert] += c.cpu()
	}
	return u
}

// DecoderMemory is the largest resident set of one of the decoders that run now, MiB.
func (s *Steps) DecoderMemory() (most float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.converters {
		most = max(most, float64(residentMemory(c.process.Process.Pid))/(1<<10))
	}
	return most
}

// clocked does work on a thread of its own and adds what CPU time that took to the step's.
func (s *Steps) clocked(step Step, work func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := threadCPU()
	if err != nil {
		return err
	}
	workErr := work()
	after, err := threadCPU()
	s.usage[slices.Index(AllSteps, step)].Add(after - before)
	if workErr != nil {
		return workErr
	}
	return err
}

// threadCPU is the CPU time of this thread, nanoseconds.
func threadCPU() (int64, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0, fmt.Errorf("read the thread's clock: %w", err)
	}
	return t.Nano(), nil
}
