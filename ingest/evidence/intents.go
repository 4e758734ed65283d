package evidence

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// Intents are the defects whose files are being stored and of which the log does not tell yet: each is an empty file in a directory of this machine. By
// them is found what was stored right before a crash, or before telling of it failed: nobody knows of that and nothing would ever end it. An empty name
// notes nothing. It is safe for concurrent use, by several processes too.
type Intents string

// intentTime is how long a defect's evidence may take to be stored and told of: more than all tries together.
const intentTime = 15 * time.Minute

var defectID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// Begin notes that a defect's files are about to be stored.
func (i Intents) Begin(defect string) error {
	if i == "" {
		return nil
	}
	if err := os.MkdirAll(string(i), 0o750); err != nil {
		return err
	}
	return os.WriteFile(i.path(defect), nil, 0o640)
}

// End notes that the log tells of them, or that they are gone.
func (i Intents) End(defect string) error {
	if i == "" {
		return nil
	}
	if err := os.Remove(i.path(defect)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// stale are the defects whose files began to be stored so long before now that nobody is at it any more.
func (i Intents) stale(now time.Time) (defects []string, err error) {
	if i == "" {
		return nil, nil
	}
	files, err := os.ReadDir(string(i))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, f := range files {
		info, err := f.Info()
		if err == nil && defectID.MatchString(f.Name()) && now.Sub(info.ModTime()) > intentTime {
			defects = append(defects, f.Name())
		}
	}
	return defects, err
}

func (i Intents) path(defect string) string { return filepath.Join(string(i), defect) }
