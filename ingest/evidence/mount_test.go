package evidence_test

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// mountSmall makes dir a disk of 64 KiB until the test ends. Who is not root, or in a container without the right, cannot.
func mountSmall(t *testing.T, dir string) {
	t.Helper()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k")
	if errors.Is(err, unix.EPERM) {
		t.Skip("mounting a small disk needs root")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
}
