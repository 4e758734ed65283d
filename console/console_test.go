package console_test

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/framewatch/framewatch/console"
)

func deps() console.Deps {
	return console.Deps{
		Picture: func(context.Context, string, string, int64) ([]byte, int64, error) {
			return testCard(), time.Now().UnixMicro(), nil
		},
		Ready:   func() error { return nil },
		Metrics: http.NotFoundHandler(),
		Schemas: func() []console.Schema { return nil },
		Log:     slog.New(slog.DiscardHandler),
	}
}
