// Command gen writes Grafana's dashboards into the folder given as the argument. What is on them is in one file a dashboard.
package main

import (
	"bytes"
	"encoding/json"
	"log"
	"os"
	"path/filepath"
)

//go:generate go run . ../dashboards

// boards are all dashboards.
var boards = []board{overview, edge, detector, notifier, kafka}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: gen FOLDER")
	}
	for _, b := range boards {
		text, err := b.json()
		if err == nil {
			err = os.WriteFile(filepath.Join(os.Args[1], b.file()), text, 0o644)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}

// file is the dashboard's name in the folder.
func (b board) file() string { return b.uid + ".json" }

// json is the dashboard as Grafana imports it; the same board gives the same bytes.
func (b board) json() ([]byte, error) {
	built, err := b.build()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err = e.Encode(built)
	return out.Bytes(), err
}
