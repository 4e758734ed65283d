package console

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// triesOfName is how often in a row one address may be wrong about one name, triesOfAddress about any.
	triesOfName    = 30
	triesOfAddress = 300
	// Of each, one more is granted after these.
	nameRecovers    = 10 * time.Second
	addressRecovers = time.Second
	// triesKept is of how many addresses and names the wrong tries are counted.
	triesKept = 20_000
)

// tries bounds how often somebody may be wrong about a secret.
type tries struct {
	mu   sync.Mutex
	used *shelf[*bucket]
}

// bucket fills with each try and empties with time.
type bucket struct {
	level float64
	at    time.Time
}

func newTries() *tries { return &tries{used: newShelf[*bucket](triesKept)} }

// begin counts a try as a wrong one; right takes that back. ok is false when there have been too many.
func (t *tries) begin(address, name string) (right func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	of, any := t.bucket(network(address)+" "+name, nameRecovers, now), t.bucket(network(address), addressRecovers, now)
	if of.level+1 > triesOfName || any.level+1 > triesOfAddress {
		return nil, false
	}
	of.level++
	any.level++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		of.level, any.level = max(of.level-1, 0), max(any.level-1, 0)
	}, true
}

func (t *tries) bucket(key string, recovers time.Duration, now time.Time) *bucket {
	b := t.used.by[key]
	if b == nil {
		b = &bucket{at: now}
		t.used.put(key, b)
	}
	b.level = max(0, b.level-now.Sub(b.at).Seconds()/recovers.Seconds())
	b.at = now
	return b
}

// network is what one machine can choose its address from.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	prefix, _ := ip.WithZone("").Prefix(64)
	return prefix.String()
}
