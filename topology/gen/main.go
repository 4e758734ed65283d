// Command gen writes the contract's AsyncAPI document to the file given as the argument.
package main

import (
	"log"
	"os"

	"github.com/framewatch/framewatch/topology"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: gen FILE")
	}
	if err := os.WriteFile(os.Args[1], []byte(topology.AsyncAPI()), 0o644); err != nil {
		log.Fatal(err)
	}
}
