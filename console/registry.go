package console

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

// Schema is one version of a subject, as a Confluent-compatible registry has it.
type Schema struct {
	// Subject is the topic's name with -value.
	Subject string `json:"subject"`
	// Version counts from 1.
	Version int    `json:"version"`
	ID      uint32 `json:"id"`
	// Text is the schema itself.
	Text string `json:"schema"`
}

// getSubjects, getVersions, getVersion and getSchema are the reading side of the Schema Registry API, for tools that read the log
// where there is no registry.
func (c *Console) getSubjects(w http.ResponseWriter, _ *http.Request) {
	subjects := []string{}
	for _, s := range c.deps.Schemas() {
		subjects = append(subjects, s.Subject)
	}
	slices.Sort(subjects)
	writeRegistry(w, http.StatusOK, slices.Compact(subjects))
}

func (c *Console) getVersions(w http.ResponseWriter, r *http.Request) {
	versions := []int{}
	for _, s := range c.subject(r) {
		versions = append(versions, s.Version)
	}
	if len(versions) == 0 {
		refuse(w, http.StatusNotFound, 40401, "Subject not found")
		return
	}
	writeRegistry(w, http.StatusOK, versions)
}

func (c *Console) getVersion(w http.ResponseWriter, r *http.Request) {
	all := c.subject(r)
	if len(all) == 0 {
		refuse(w, http.StatusNotFound, 40401, "Subject not found")
		return
	}
	wanted, err := strconv.Atoi(r.PathValue("version"))
	switch {
	case r.PathValue("version") == "latest":
		wanted = all[len(all)-1].Version
	case err != nil || wanted < 1:
		refuse(w, http.StatusUnprocessableEntity, 42202, "Invalid version")
		return
	}
	i := slices.IndexFunc(all, func(s Schema) bool { return s.Version == wanted })
	if i < 0 {
		refuse(w, http.StatusNotFound, 40402, "Version not found")
		return
	}
	writeRegistry(w, http.StatusOK, all[i])
}

func (c *Console) getSchema(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 32)
	all := c.deps.Schemas()
	i := slices.IndexFunc(all, func(s Schema) bool { return err == nil && s.ID == uint32(id) })
	if i < 0 {
		refuse(w, http.StatusNotFound, 40403, "Schema not found")
		return
	}
	writeRegistry(w, http.StatusOK, map[string]string{"schema": all[i].Text})
}

// subject is all versions of the subject in the path, in order.
func (c *Console) subject(r *http.Request) []Schema {
	all := slices.DeleteFunc(slices.Clone(c.deps.Schemas()), func(s Schema) bool { return s.Subject != r.PathValue("subject") })
	slices.SortFunc(all, func(x, y Schema) int { return cmp.Compare(x.Version, y.Version) })
	return all
}

func writeRegistry(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status, code int, message string) {
	writeRegistry(w, status, map[string]any{"error_code": code, "message": message})
}
