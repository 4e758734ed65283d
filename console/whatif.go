package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"
)

const (
	// whatIfsAtOnce is how many are answered at a time: each reads the log for minutes.
	whatIfsAtOnce = 2
	// longestWhatIf bounds how long one is answered, whatIfWrite how long a line of it waits for who asked.
	longestWhatIf, whatIfWrite = 30 * time.Minute, 20 * time.Second
	// mostHours bounds how far back one looks, mostPatterns the streams' patterns.
	mostHours, mostPatterns = 24, 50
)

// WhatIf asks what the last hours would have been had a profile been another.
type WhatIf struct {
	// Profile by its name, as it would be.
	Profile string
	ProfileText
	// Streams are patterns of the ids of streams that are looked at, with * and ?; none: all that the profile would govern, or does.
	Streams []string
	// Hours before now, 1 to 24.
	Hours int
}

// WhatIfLine is a line of the answer: one of its fields is there.
type WhatIfLine struct {
	// Began comes first, Progress about once a second.
	Began    *WhatIfBegan    `json:"began,omitempty"`
	Progress *WhatIfProgress `json:"progress,omitempty"`
	// Piece is a part of the time, the newest first; Whole, the last line, is what holds, in place of all pieces.
	Piece *WhatIfPiece `json:"piece,omitempty"`
	Whole *WhatIfPiece `json:"whole,omitempty"`
	// Error, the last line, says why there is no more.
	Error string `json:"error,omitempty"`
}

// WhatIfBegan says what is looked at. Times are microseconds since the Unix epoch.
type WhatIfBegan struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
	// Streams that are looked at; of more than can be, evenly chosen ones. StreamsLeftOff is how many more the profile governs.
	Streams        []string `json:"streams"`
	StreamsLeftOff int      `json:"streams_left_off"`
}

// WhatIfProgress is how far it is.
type WhatIfProgress struct {
	// Whole says that the pieces are done, and all is looked at once more as a whole.
	Whole bool `json:"whole"`
	// Share of the reading for the pieces, or for the whole, 0 to 1.
	Share float64 `json:"share"`
	// Records that were read from the beginning on, and how many a second.
	Records   int64   `json:"records"`
	PerSecond float64 `json:"per_second"`
}

// WhatIfPiece is what would have been otherwise among the defects that began in a stretch of time.
type WhatIfPiece struct {
	From    int64 `json:"from"`
	To      int64 `json:"to"`
	Same    int   `json:"same"`
	Added   int   `json:"added"`
	Removed int   `json:"removed"`
	Moved   int   `json:"moved"`
	// LeftOut is how many could not be compared: the features that they were told by are gone.
	LeftOut int `json:"left_out"`
	// Changes are the defects of all four sorts, and ChangesLeftOff how many more there are.
	Changes        []WhatIfChange `json:"changes"`
	ChangesLeftOff int            `json:"changes_left_off"`
}

// WhatIfChange is what would have become of a defect.
type WhatIfChange struct {
	// Change is added, removed, moved or same.
	Change string `json:"change"`
	Stream string `json:"stream"`
	Kind   string `json:"kind"`
	Part   string `json:"part"`
	// Before is as it was told, After as it would have been; null: not at all.
	Before *WhatIfSpan `json:"before"`
	After  *WhatIfSpan `json:"after"`
	// Verdict is what people say of it: confirmed, false_alarm, disputed or empty.
	Verdict string `json:"verdict"`
}

// WhatIfSpan is when a defect was and how bad. Times are microseconds since the Unix epoch.
type WhatIfSpan struct {
	Defect   string `json:"defect"`
	Onset    int64  `json:"onset"`
	End      int64  `json:"end"`
	Open     bool   `json:"open"`
	Severity string `json:"severity"`
}

// postWhatIf answers, line by line, what the last hours would have been: POST /api/v1/profiles/{name}/what-if. It ends when who asked goes away.
func (c *Console) postWhatIf(w http.ResponseWriter, r *http.Request) {
	body := struct {
		ProfileText
		Streams []string `json:"streams"`
		Hours   int      `json:"hours"`
	}{Hours: mostHours}
	if !readBody(w, r, "what-if", &body) {
		return
	}
	switch {
	case body.Hours < 1 || body.Hours > mostHours:
		writeError(w, http.StatusBadRequest, "hours is to be from 1 to 24")
		return
	case len(body.Streams) > mostPatterns:
		writeError(w, http.StatusBadRequest, "streams: give 50 patterns at most")
		return
	}
	if !takePlace(w, c.trying, "30", "others are trying something out: wait until one of the two is done") {
		return
	}
	defer func() { <-c.trying }()
	ctx, cancel := context.WithTimeout(r.Context(), longestWhatIf)
	defer cancel()
	ctx, end := c.untilClosed(ctx)
	defer end()
	out := newLines(w)
	q := WhatIf{Profile: r.PathValue("name"), ProfileText: body.ProfileText, Streams: body.Streams, Hours: body.Hours}
	if err := c.deps.WhatIf(ctx, q, func(l WhatIfLine) error { return out.write(l) }); err != nil {
		c.brokenOff(w, out, err)
	}
}

// brokenOff says why an answer is not whole, if there is anybody to say it to.
func (c *Console) brokenOff(w http.ResponseWriter, out *lines, err error) {
	if !out.begun {
		c.failed(w, "try a profile", err)
		return
	}
	var refusal Refusal
	switch {
	case errors.As(err, &refusal):
		_ = out.write(WhatIfLine{Error: refusal.Reason})
	case errors.Is(err, context.Canceled):
	case errors.Is(err, context.DeadlineExceeded):
		_ = out.write(WhatIfLine{Error: "it takes more than half an hour: ask for fewer hours or streams"})
	default:
		c.deps.Log.Warn("try a profile", "error", err)
		_ = out.write(WhatIfLine{Error: "the log cannot be read now: the console's log says why"})
	}
}

// wholeNumber reads one from 0.
func wholeNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && n < 0 {
		err = strconv.ErrRange
	}
	return n, err
}
