package main

import (
	"context"
	"fmt"
	"os"
	"slices"
)

// othersRead is the permission of users who are neither owner nor group to read.
const othersRead = 0o004

// checkSecrets looks at the files with secrets that the configuration names: that they are there, hold something, and are not everybody's to read. What they hold is not read.
func checkSecrets(_ context.Context, p *patient) []finding {
	const name = "secrets"
	files := slices.Clone(p.config.secretFiles)
	if key := p.config.Kafka.TLS.Key; key != "" {
		files = append(files, key)
	}
	if p.config.Streams != nil && p.runs("ingest") {
		for _, s := range *p.config.Streams {
			for _, m := range reference.FindAllStringSubmatch(s.URL, -1) {
				if m[1] == "file" {
					files = append(files, m[2])
				}
			}
		}
	}
	slices.Sort(files)
	files = slices.Compact(files)
	if len(files) == 0 {
		return nil
	}
	var findings []finding
	for _, path := range files {
		if f := judgeSecret(name, path); f.Status != statusOK {
			findings = append(findings, f)
		}
	}
	if len(findings) == 0 {
		findings = append(findings, finding{Check: name, Status: statusOK, Detail: fmt.Sprintf("%d files with secrets are there, and not everybody's to read", len(files))})
	}
	return findings
}

func judgeSecret(check, path string) finding {
	file, err := os.Open(path)
	if err != nil {
		return finding{check, statusFail, err.Error(), "write the file, mount the secret, or mend its owner: this process runs as uid " + fmt.Sprint(os.Getuid())}
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return finding{check, statusFail, err.Error(), "write the file anew"}
	case info.IsDir():
		return finding{check, statusFail, path + " is a directory", "name the file in it"}
	case info.Size() == 0 && info.Mode().IsRegular():
		return finding{check, statusFail, path + " is empty", "write the secret into it"}
	case info.Mode()&othersRead != 0:
		return finding{check, statusWarn, fmt.Sprintf("every user of this machine may read %s (mode %04o)", path, info.Mode().Perm()), "chmod o-rwx " + path}
	}
	return finding{Check: check, Status: statusOK}
}
