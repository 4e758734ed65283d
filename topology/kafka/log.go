package kafka

import (
	"context"
	"log/slog"

	"github.com/twmb/franz-go/pkg/kgo"
)

// clientLog passes the Kafka client's warnings on to the process's log.
type clientLog struct{ log *slog.Logger }

// Level asks the client for warnings and errors only.
func (l clientLog) Level() kgo.LogLevel { return kgo.LogLevelWarn }

// Log writes one line.
func (l clientLog) Log(level kgo.LogLevel, message string, pairs ...any) {
	at := slog.LevelWarn
	if level == kgo.LogLevelError {
		at = slog.LevelError
	}
	l.log.Log(context.Background(), at, "kafka client: "+message, pairs...)
}
