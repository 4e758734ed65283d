package console

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed openapi.yaml
var openapiText []byte

// openapi is the document as JSON; it is part of the program, so a broken one stops it at once.
var openapi = sync.OnceValue(func() json.RawMessage {
	var document map[string]any
	err := yaml.Unmarshal(openapiText, &document)
	text := []byte{}
	if err == nil {
		text, err = json.Marshal(document)
	}
	if err != nil {
		panic(fmt.Sprintf("console: openapi.yaml: %v", err))
	}
	return text
})

// getOpenAPI shows the API as a document of OpenAPI 3.1: GET /api/v1/openapi.json.
func (c *Console) getOpenAPI(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, openapi())
}
