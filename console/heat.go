package console

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/framewatch/framewatch/schemas"
)

// heatCells is how many cells a heat strip has, each the worst lamp of its time.
const heatCells = 120

// heatHours are the lengths of strips that there are.
var heatHours = [...]int64{2, 24}

// mostStrips bounds the streams of which there is one.
const mostStrips = 100_000

// heatLamps are the letters of lamps in a strip, the worse the later: nothing heard, ok, unknown, pending, firing.
const heatLamps = "-oupf"

// strip is the lamps of one stream of late: a ring of cells for each of heatHours.
type strip [len(heatHours)]ring

// ring holds the cells up to the one numbered last, number n at n modulo their number.
type ring struct {
	cells [heatCells]byte
	last  int64
}

// heatStep is how much time a cell of a strip of so many hours covers, in microseconds.
func heatStep(hours int64) int64 { return hours * time.Hour.Microseconds() / heatCells }

// add takes the lamp of an instant: microseconds since the Unix epoch.
func (r *ring) add(at, step int64, lamp byte) {
	n := at / step
	if n <= r.last-heatCells {
		return
	}
	for next := max(r.last+1, n-heatCells+1); next <= n; next++ {
		r.cells[next%heatCells] = 0
	}
	r.last = max(r.last, n)
	r.cells[n%heatCells] = max(r.cells[n%heatCells], lamp)
}

// text is the strip that ends now, a letter a cell.
func (r *ring) text(now, step int64) string {
	var b strings.Builder
	for n := now/step - heatCells + 1; n <= now/step; n++ {
		cell := byte(0)
		if n <= r.last && n > r.last-heatCells {
			cell = r.cells[n%heatCells]
		}
		b.WriteByte(heatLamps[cell])
	}
	return b.String()
}

// heat takes what a roll-up says into the strips of its stream.
func (b *board) heat(id string, h *schemas.Health) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.strips[id]
	switch {
	case h.Time <= 0, s == nil && len(b.strips) >= mostStrips:
		return
	case s == nil:
		s = &strip{}
		b.strips[id] = s
	}
	letters := map[string]byte{OK: 'o', Pending: 'p', Firing: 'f'}
	letter := letters[h.Lamp]
	if letter == 0 {
		letter = 'u'
	}
	for i, hours := range heatHours {
		s[i].add(h.Time, heatStep(hours), byte(strings.IndexByte(heatLamps, letter)))
	}
}

// Past gives a roll-up of earlier, for the heat strips.
func (c *Console) Past(id string, h *schemas.Health) { c.board.heat(id, h) }

// getHeat shows the worst lamp of each stream in each of the last 120 minutes, or with ?hours=24 in each 12 minutes of the last day: GET /api/v1/heat. The letters
// are f for firing, p for pending, u for unknown, o for OK and - where nothing was heard, the newest last.
func (c *Console) getHeat(w http.ResponseWriter, r *http.Request) {
	which := 0
	if text := r.FormValue("hours"); text != "" {
		if which = slices.IndexFunc(heatHours[:], func(h int64) bool { return fmt.Sprint(h) == text }); which < 0 {
			writeError(w, http.StatusBadRequest, "hours is 2 or 24")
			return
		}
	}
	now, step := time.Now().UnixMicro(), heatStep(heatHours[which])
	writeJSON(w, http.StatusOK, struct {
		Now int64 `json:"now"`
		// Step is how much time a letter stands for, in microseconds.
		Step    int64             `json:"step"`
		Streams map[string]string `json:"streams"`
	}{now, step, c.board.heats(which, now, step)})
}

// heats are the strips of all streams.
func (b *board) heats(which int, now, step int64) map[string]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make(map[string]string, len(b.strips))
	for id, s := range b.strips {
		if b.specs[id] == nil {
			continue
		}
		all[id] = s[which].text(now, step)
	}
	return all
}
