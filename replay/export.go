package replay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/framewatch/framewatch/schemas"
	"github.com/framewatch/framewatch/topology"
)

// defaultChunk is at how many offsets a partition is cut: what is made anew when an export is broken off is less.
const defaultChunk = 1 << 19

// Export writes a range of a topic into the files of a directory. One that was broken off is taken up by the same again, and becomes what it would
// have been.
type Export struct {
	Source    Source
	Topic     *topology.Spec
	Range     Range
	Selection Selection
	// Format is one of Formats.
	Format string
	// Directory is made if there is none.
	Directory string
	// Command is what was asked for, without secrets; Version is that of the program. They tell whether an export in the directory is the same.
	Command, Version string
	Contract         *schemas.Contract
	// Chunk is at how many offsets each partition is cut, a whole multiple of it each time; 0: 524288.
	Chunk int64
	// Jobs is how many chunks are made at a time, each by a core; 0: as many as there are cores. What is made is the same whatever it is.
	Jobs int

	// create makes a file; nil: as the operating system does.
	create func(path string) (storage, error)
}

// Run writes what is missing, and returns what the directory then holds.
func (e Export) Run(ctx context.Context) (*Manifest, error) {
	if _, err := newFormat(e.Format, e.Topic, e.Contract); err != nil {
		return nil, err
	}
	if e.Chunk <= 0 {
		e.Chunk = defaultChunk
	}
	if e.Jobs <= 0 {
		e.Jobs = runtime.GOMAXPROCS(0)
	}
	if e.create == nil {
		e.create = create
	}
	if err := os.MkdirAll(e.Directory, 0o755); err != nil {
		return nil, fmt.Errorf("export to %s: %w", e.Directory, err)
	}
	unlock, err := lock(e.Directory)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if m, err := e.whole(); m != nil || err != nil {
		return m, err
	}
	c := e.Source.connect()
	defer c.close()
	plan, err := e.plan(ctx, c)
	if err != nil {
		return nil, err
	}
	chunks, err := e.make(ctx, plan, c.pace)
	if err != nil {
		return nil, err
	}
	m := plan.manifest(chunks)
	if err := store(e.path(manifestName), m); err != nil {
		return nil, err
	}
	return m, e.tidy()
}

func (e Export) path(name string) string { return filepath.Join(e.Directory, name) }

// whole is what the directory holds already; nil: it is not all there yet.
func (e Export) whole() (*Manifest, error) {
	m := new(Manifest)
	found, err := load(e.path(manifestName), m)
	if err != nil || !found {
		return nil, err
	}
	if err := e.same(m.Plan); err != nil {
		return nil, err
	}
	if err := (done{Files: m.Files}).there(e.Directory); err != nil {
		return nil, fmt.Errorf("the export in %s was whole and is not any more: %w; remove the directory, or choose another", e.Directory, err)
	}
	return m, e.tidy()
}

// tidy removes what stands beside an export only until it is whole.
func (e Export) tidy() error {
	return errors.Join(os.RemoveAll(e.path(planName)), os.RemoveAll(e.path(chunksName)), os.RemoveAll(e.path(unfinishedName)))
}

// same is an error unless the directory's export is what is asked for.
func (e Export) same(p Plan) error {
	if p.Command == e.Command && p.Topic == e.Source.Topic && p.Format == e.Format && p.Version == e.Version && p.Chunk == e.Chunk {
		return nil
	}
	return fmt.Errorf("%s holds another export (%q by version %s): choose another directory", e.Directory, p.Command, p.Version)
}

// plan is that of an export which was broken off, or a new one.
func (e Export) plan(ctx context.Context, c *connection) (plan Plan, err error) {
	if _, err := c.partitions(ctx, e.Source.Partitions); err != nil {
		return plan, err
	}
	found, err := load(e.path(planName), &plan)
	if err != nil {
		return plan, err
	}
	if found {
		if plan.Cluster != c.cluster {
			return plan, fmt.Errorf("%s holds an export of the cluster %s, and this is %s: choose another directory", e.Directory, plan.Cluster, c.cluster)
		}
		return plan, e.same(plan)
	}
	if err := empty(e.Directory); err != nil {
		return plan, err
	}
	plan = Plan{
		Command: e.Command, Version: e.Version, Format: e.Format, Topic: e.Source.Topic, Cluster: c.cluster,
		From: e.Range.From.UTC(), To: e.Range.To.UTC(), Selection: e.Selection, Chunk: e.Chunk,
	}
	if plan.Partitions, err = c.spans(ctx, e.Source.Partitions, e.Range); err != nil {
		return plan, err
	}
	return plan, store(e.path(planName), plan)
}

// empty is an error when the directory has anything in it but what a plan that could not be written has left.
func empty(directory string) error {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), planName) {
			return fmt.Errorf("%s is not empty, and holds no export: choose another directory", directory)
		}
	}
	return nil
}

// lock keeps others from exporting into the directory until it is unlocked, or the process ends.
func lock(directory string) (unlock func(), err error) {
	d, err := os.Open(directory)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		d.Close()
		return nil, fmt.Errorf("export to %s: another process is doing so: %w", directory, err)
	}
	return func() { d.Close() }, nil
}
