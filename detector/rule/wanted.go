package rule

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/framewatch/framewatch/internal/catalogue"
	"github.com/framewatch/framewatch/schemas"
)

// Wanted is what one stream must have, whatever it declares of itself.
type Wanted struct {
	// Tracks that its Inventory must list.
	Tracks []WantedTrack `yaml:"tracks,omitempty"`
	// Captions (CEA-608 or CEA-708) must come, also where none have come yet.
	Captions bool `yaml:"captions,omitempty"`
	// SameAs is the id of the stream that shows the same pictures, such as the same channel at another point. Both share a lane.
	SameAs string `yaml:"same_as,omitempty"`
}

// WantedTrack is one track that a stream must have.
type WantedTrack struct {
	// Kind is video, audio, subtitle, data, or captions: a caption service that a PMT declares.
	Kind string `yaml:"kind"`
	// Language as the stream declares it, e.g. eng; empty: any.
	Language string `yaml:"language,omitempty"`
}

// Wanting is a rule that judges by what the stream must have.
type Wanting interface {
	Rule
	// Want is called before the rule sees a record, and when it changes.
	Want(w Wanted)
}

// maxWanted bounds the tracks that a stream must have, maxLanguage the bytes of a language.
const maxWanted, maxLanguage = 32, 35

// captionTrack is the kind of a WantedTrack that is no track of the container.
const captionTrack = "captions"

// wantedKinds are the kinds of a WantedTrack.
var wantedKinds = []string{"video", "audio", "subtitle", "data", captionTrack}

// Validate tells what is wrong.
func (w Wanted) Validate() error {
	if len(w.Tracks) > maxWanted {
		return fmt.Errorf("tracks: %d are more than %d", len(w.Tracks), maxWanted)
	}
	for i, t := range w.Tracks {
		switch {
		case t.Kind == "":
			return fmt.Errorf("tracks[%d]: kind is missing", i)
		case !slices.Contains(wantedKinds, t.Kind):
			return fmt.Errorf("tracks[%d]: kind %q is unknown%s", i, t.Kind, catalogue.Suggest(t.Kind, wantedKinds))
		case len(t.Language) > maxLanguage:
			return fmt.Errorf("tracks[%d]: language has %d bytes, more than %d", i, len(t.Language), maxLanguage)
		case slices.Contains(w.Tracks[:i], t):
			return fmt.Errorf("tracks[%d]: %s is there twice", i, t)
		}
	}
	if len(w.SameAs) > 200 {
		return errors.New("same_as is longer than a stream's id may be")
	}
	return nil
}

// String is the track's name in verdicts, e.g. "audio eng".
func (t WantedTrack) String() string { return strings.TrimSpace(t.Kind + " " + t.Language) }

// in tells whether the inventory has the track; known is false where it cannot tell.
func (t WantedTrack) in(i *schemas.Inventory) (found, known bool) {
	if t.Kind == captionTrack {
		return t.declared(i), i.Programmes != nil
	}
	for _, track := range i.Tracks {
		if track.Kind == t.Kind && t.speaks(track.Language) {
			return true, true
		}
	}
	return false, true
}

// declared tells whether a PMT declares such a caption service.
func (t WantedTrack) declared(i *schemas.Inventory) bool {
	if i.Programmes == nil {
		return false
	}
	for _, p := range *i.Programmes {
		for _, s := range p.Streams {
			if slices.ContainsFunc(s.Captions, func(c schemas.CaptionService) bool { return t.speaks(c.Language) }) {
				return true
			}
		}
	}
	return false
}

func (t WantedTrack) speaks(language string) bool {
	return t.Language == "" || strings.EqualFold(t.Language, language)
}
