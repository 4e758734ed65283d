package kafka

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// quiet is how long the same message of the Kafka client is not said again: while a broker is away it comes several times a second.
const quiet = 10 * time.Second

// clientLog passes the Kafka client's warnings on to the process's log. It is safe for concurrent use.
type clientLog struct {
	log *slog.Logger
	mu  sync.Mutex
	// said is when each message was passed on last; there are as many as the client's source has.
	said map[string]time.Time
}

func newClientLog(log *slog.Logger) *clientLog {
	return &clientLog{log: log, said: map[string]time.Time{}}
}

// Level asks the client for warnings and errors only.
func (l *clientLog) Level() kgo.LogLevel { return kgo.LogLevelWarn }

// Log writes one line.
func (l *clientLog) Log(level kgo.LogLevel, message string, pairs ...any) {
	at := slog.LevelWarn
	if level == kgo.LogLevelError {
		at = slog.LevelError
	}
	if l.isNews(message, time.Now()) {
		l.log.Log(context.Background(), at, "kafka client: "+message, pairs...)
	}
}

// isNews tells whether the message has not been passed on lately.
func (l *clientLog) isNews(message string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.said[message]) < quiet {
		return false
	}
	l.said[message] = now
	return true
}
