package console

import "net/http"

// route is one thing that the console serves behind the door.
type route struct {
	// pattern is as in http.ServeMux, with the method.
	pattern string
	// least is the role that it needs.
	least Role
	serve http.HandlerFunc
}

// routes are all of them: what is not here is not served.
func (c *Console) routes() []route {
	return []route{
		{"GET /api/v1/streams", Viewer, c.getStreams},
		{"POST /api/v1/streams", Admin, c.postStream},
		{"GET /api/v1/streams/{id}", Viewer, c.getStream},
		{"GET /api/v1/streams/{id}/spec", Viewer, c.getStreamText},
		{"PUT /api/v1/streams/{id}", Admin, c.putStream},
		{"DELETE /api/v1/streams/{id}", Admin, c.deleteStream},
		{"POST /api/v1/probe", Admin, c.postProbe},
		{"GET /api/v1/streams/{id}/picture", Viewer, c.getPicture},
		{"GET /api/v1/streams/{id}/series", Viewer, c.getSeries},
		{"GET /api/v1/streams/{id}/records", Viewer, c.getMoment},
		{"GET /api/v1/streams/{id}/rules", Viewer, c.getEffectiveRules},
		{"GET /api/v1/rules", Viewer, c.getRules},
		{"GET /api/v1/profiles", Viewer, c.getProfiles},
		{"PUT /api/v1/profiles/{name}", Admin, c.putProfile},
		{"DELETE /api/v1/profiles/{name}", Admin, c.deleteProfile},
		{"POST /api/v1/profiles/{name}/what-if", Operator, c.postWhatIf},
		{"GET /api/v1/heat", Viewer, c.getHeat},
		{"GET /api/v1/defects", Viewer, c.getDefects},
		{"GET /api/v1/defects/{id}", Viewer, c.getDefect},
		{"GET /api/v1/defects/{id}/trace", Viewer, c.getTrace},
		{"GET /api/v1/defects/{id}/clip", Viewer, c.getClip},
		{"GET /api/v1/defects/{id}/filmstrip", Viewer, c.getFilmstrip},
		{"POST /api/v1/defects/{id}/acknowledge", Operator, c.postAcknowledgement},
		{"POST /api/v1/defects/{id}/share", Operator, c.postShare},
		{"GET /api/v1/silences", Viewer, c.getSilences},
		{"POST /api/v1/silences", Operator, c.postSilence},
		{"DELETE /api/v1/silences/{id}", Operator, c.deleteSilence},
		{"POST /api/v1/silences/{id}/extend", Operator, c.postExtension},
		{"GET /api/v1/silences/preview", Viewer, c.getMuted},
		{"GET /api/v1/labels", Viewer, c.getLabels},
		{"GET /api/v1/recurrences", Viewer, c.getRecurrences},
		{"POST /api/v1/recurrences", Operator, c.postRecurrence},
		{"DELETE /api/v1/recurrences/{id}", Operator, c.deleteRecurrence},
		{"GET /api/v1/verdicts", Viewer, c.getVerdicts},
		{"POST /api/v1/verdicts", Operator, c.postVerdict},
		{"GET /api/v1/pipeline", Viewer, c.getPipeline},
		{"GET /api/v1/topics", Operator, c.getTopics},
		{"GET /api/v1/topics/{topic}/records/{partition}/{offset}", Operator, c.getRecord},
		{"GET /api/v1/tap", Operator, c.getTap},
		{"GET /api/v1/events", Viewer, c.feed.serve},
		{"GET /api/v1/me", Viewer, c.getMe},
		{"GET /api/v1/audit", Admin, c.getAudit},
		{"GET /api/v1/openapi.json", Viewer, c.getOpenAPI},

		{"GET /subjects", Viewer, c.getSubjects},
		{"GET /subjects/{subject}/versions", Viewer, c.getVersions},
		{"GET /subjects/{subject}/versions/{version}", Viewer, c.getVersion},
		{"GET /schemas/ids/{id}", Viewer, c.getSchema},
		{"GET /metrics", Viewer, c.deps.Metrics.ServeHTTP},
		{"GET /lite", Viewer, c.getLite},
		{"GET /", Viewer, thePage().ServeHTTP},
	}
}

// inside serves the routes, each to who has its role.
func (c *Console) inside() http.Handler {
	mux := http.NewServeMux()
	for _, r := range c.routes() {
		mux.Handle(r.pattern, c.meters.Count(r, needs(r.least, r.serve)))
	}
	return mux
}
