// Package venv gives tests a Python with pinned packages.
package venv

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Python is an interpreter with what the requirements file names installed, made on first use and kept in the user's cache.
func Python(t testing.TB, requirements string) string {
	t.Helper()
	wanted, err := os.ReadFile(requirements)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(cache, "framewatch", fmt.Sprintf("python-%x", sha256.Sum256(wanted))[:len("python-")+12])
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := os.Create(home + ".lock")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	interpreter, done := filepath.Join(home, "bin", "python"), filepath.Join(home, "done")
	if _, err := os.Stat(done); err == nil {
		return interpreter
	}
	for _, step := range [][]string{
		{"python3", "-m", "venv", "--clear", home},
		{interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", requirements},
	} {
		if out, err := exec.Command(step[0], step[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", step, err, out)
		}
	}
	if err := os.WriteFile(done, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return interpreter
}
