package main

import (
	"context"
	"fmt"
	"os"
	"slices"
)

// leastKey is how many bytes the pictures' key has at least.
const leastKey = 32

// checkPictures tells whether the console and the edges of several processes share a key: without one each makes its own, and the console gets no picture.
func checkPictures(_ context.Context, p *patient) []finding {
	const name, remedy = "pictures", "openssl rand -hex 32 into a file that all of them have, and set pictures.key_file"
	path := p.config.Pictures.KeyFile
	switch {
	case path == "" && slices.Contains(p.targets, allTargets):
		return []finding{{Check: name, Status: statusOK, Detail: "one process needs no key that is shared (pictures.key_file)"}}
	case path == "":
		return []finding{{name, statusFail, "edges, consoles and notifiers of several processes share no key, so there are no pictures", remedy}}
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return []finding{{name, statusFail, "pictures.key_file: " + err.Error(), remedy}}
	case info.Size() < leastKey:
		return []finding{{name, statusFail, fmt.Sprintf("pictures.key_file: %s holds %d bytes, at least %d are needed", path, info.Size(), leastKey), remedy}}
	}
	return []finding{{Check: name, Status: statusOK, Detail: "there is a key of " + fmt.Sprint(info.Size()) + " bytes"}}
}
