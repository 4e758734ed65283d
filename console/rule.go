package console

import (
	"context"
	"net/http"
	"time"
)

// Rule is a kind of defect with its options, for people who set them.
type Rule struct {
	Kind string `json:"kind"`
	// Doc says what it judges, Unit what its figure is in; empty: a plain number.
	Doc  string `json:"doc"`
	Unit string `json:"unit"`
	// Parents are kinds that explain this one: while one of them is there, it is not told.
	Parents []string `json:"parents"`
	// Options are those of the kind first, then those that every rule has.
	Options []RuleOption `json:"options"`
}

// RuleOption is one option of a rule.
type RuleOption struct {
	Name string `json:"name"`
	// Type is number, integer, duration, switch, text, list or map.
	Type    string `json:"type"`
	Unit    string `json:"unit"`
	Doc     string `json:"doc"`
	Default any    `json:"default"`
	// Choices are all that a text may be; null: any. Least and Most are numbers, durations as text, or null.
	Choices []string `json:"choices"`
	Least   any      `json:"least"`
	Most    any      `json:"most"`
}

// EffectiveRules is what decides about one stream.
type EffectiveRules struct {
	Stream string `json:"stream"`
	// Profile is the one that is in force, Because why, AlsoFit which others fit, Conflict what is wrong with that; empty: nothing.
	Profile  string   `json:"profile"`
	Because  string   `json:"because"`
	AlsoFit  []string `json:"also_fit"`
	Conflict string   `json:"conflict"`
	// Rules is every rule with every option.
	Rules map[string]map[string]any `json:"rules"`
	// Differs is what the profile has otherwise than the documented defaults, in order of kind and name.
	Differs []Differing `json:"differs"`
}

// Differing is an option with another value than its default.
type Differing struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Value   any    `json:"value"`
	Default any    `json:"default"`
}

// getRules lists the rules with their options: GET /api/v1/rules.
func (c *Console) getRules(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		Rules []Rule `json:"rules"`
	}{c.deps.Rules()})
}

// getEffectiveRules shows what decides about a stream: GET /api/v1/streams/{id}/rules.
func (c *Console) getEffectiveRules(w http.ResponseWriter, r *http.Request) {
	e, err := c.deps.EffectiveRules(r.PathValue("id"))
	if err != nil {
		c.failed(w, "find a stream's rules", err)
		return
	}
	writeJSON(w, http.StatusOK, e)
}

// getProfiles lists the rule profiles in order of name: GET /api/v1/profiles.
func (c *Console) getProfiles(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		Now      int64     `json:"now"`
		Profiles []Profile `json:"profiles"`
	}{time.Now().UnixMicro(), c.deps.Profiles()})
}

// Profile is a rule profile.
type Profile struct {
	Name string `json:"name"`
	// Version changes with each change; 0: it is not on the log, and the documented defaults hold.
	Version int64 `json:"version"`
	// Origin is config, for one of the configuration file, which is changed there and nowhere else, or api.
	Origin string `json:"origin"`
	ProfileText
	// Streams is how many it governs now.
	Streams int `json:"streams"`
	// Problem is what is wrong with it; empty: nothing.
	Problem string `json:"problem"`
}

// ProfileText is what people write of a profile.
type ProfileText struct {
	// Matchers are conditions on a stream's labels, which all must hold, each like name="value", with = != =~ or !~. None: it applies where it is named.
	Matchers []string `json:"matchers"`
	// Priority decides where several profiles fit: the highest applies, then the one with the most matchers.
	Priority int32 `json:"priority"`
	// Rules is kind to option to value: what is not named keeps its documented default.
	Rules map[string]map[string]any `json:"rules"`
}

// putProfile makes or changes a profile in the name of who asks: PUT /api/v1/profiles/{name}. The version is that of what was changed; 0: there was none.
func (c *Console) putProfile(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Version int64 `json:"version"`
		ProfileText
	}
	if !readBody(w, r, "profile", &body) {
		return
	}
	c.change(w, r, "publish a profile", http.StatusOK, func(ctx context.Context, by Actor) (any, error) {
		return c.deps.PublishProfile(ctx, by, r.PathValue("name"), body.Version, body.ProfileText)
	})
}

// deleteProfile takes a profile away: DELETE /api/v1/profiles/{name}?version=.
func (c *Console) deleteProfile(w http.ResponseWriter, r *http.Request) {
	version, err := wholeNumber(r.FormValue("version"))
	if err != nil {
		writeError(w, http.StatusBadRequest, "version: give that of the profile that is to go")
		return
	}
	c.change(w, r, "delete a profile", http.StatusOK, func(ctx context.Context, by Actor) (any, error) {
		return struct {
			Name string `json:"name"`
		}{r.PathValue("name")}, c.deps.DeleteProfile(ctx, by, r.PathValue("name"), version)
	})
}
