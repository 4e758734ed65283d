package ingest

import "github.com/framewatch/framewatch/ingest/transport"

// monitored is a feed whose data the monitor sees first, as it comes.
type monitored struct {
	*feed
	monitor *transport.Monitor
}

// Write never waits for the monitor, but for the worker.
func (m monitored) Write(b []byte) (int, error) {
	m.monitor.Write(b)
	return m.feed.Write(b)
}

// Tag passes on what the playlist says of cues.
func (m monitored) Tag(message []byte, out *bool, here bool) { m.monitor.Tag(message, out, here) }

// Missed tells that what the playlist said may have been missed.
func (m monitored) Missed() { m.monitor.Missed() }

// Discontinuity tells that what is written next does not go on where the last ended.
func (m monitored) Discontinuity() { m.monitor.Discontinuity() }
