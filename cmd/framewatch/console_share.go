package main

import (
	"context"
	"net/url"
	"time"

	"github.com/framewatch/framewatch/console"
)

// shareFor signs the address of a defect's filmstrip for a user of the console, as notifications have it, and writes down who did.
func (a *app) shareFor(ctx context.Context, by console.Actor, defect string) (string, time.Time, error) {
	now := time.Now()
	u := &url.URL{Path: "/shared/defects/" + defect + "/filmstrip"}
	a.pictures.sign(u, now, linkLife)
	return u.String(), now.Add(linkLife), a.audit(ctx, by.Name, "share", defect, "filmstrip", by.Place())
}
