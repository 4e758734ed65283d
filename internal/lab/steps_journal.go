package lab

import (
	"fmt"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
)

// journal is an orchestrator's memory: which step of which second is done, and what it gave. A record stands on disk when Record returns. Many goroutines.
type journal struct {
	db      *bolt.DB
	records atomic.Int64
}

// transitions is the journal's one bucket.
var transitions = []byte("transitions")

// journalWait is how long a record waits for others to be synced with it.
const journalWait = 2 * time.Millisecond

func openJournal(file string) (*journal, error) {
	db, err := bolt.Open(file, 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		return nil, fmt.Errorf("open the journal %s: %w", file, err)
	}
	db.MaxBatchDelay = journalWait
	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(transitions)
		return err
	})
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("open the journal %s: %w", file, err)
	}
	return &journal{db: db}, nil
}

// Record writes down that a step is done.
func (j *journal) Record(stream string, second int64, step Step, result []byte) error {
	key := transitionKey(stream, second, step)
	err := j.db.Batch(func(tx *bolt.Tx) error { return tx.Bucket(transitions).Put(key, result) })
	if err != nil {
		return fmt.Errorf("record %s: %w", key, err)
	}
	j.records.Add(1)
	return nil
}

// Done tells whether a step was recorded.
func (j *journal) Done(stream string, second int64, step Step) (done bool, err error) {
	err = j.db.View(func(tx *bolt.Tx) error {
		done = tx.Bucket(transitions).Get(transitionKey(stream, second, step)) != nil
		return nil
	})
	return done, err
}

func transitionKey(stream string, second int64, step Step) []byte {
	return fmt.Appendf(nil, "%s/%012d/%s", stream, second, step)
}

// Close ends the journal.
func (j *journal) Close() error { return j.db.Close() }
