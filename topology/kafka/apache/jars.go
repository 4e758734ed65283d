package apache

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Version of Apache Kafka, as in pom.xml.
const Version = "4.4.0"

//go:embed pom.xml
var pom []byte

// jars is the directory of Kafka's jars.
func jars() (string, error) { return fetched("kafka-"+Version, pom) }

// Jars is the directory of the jars that a Maven project depends on, given by its pom.xml.
func Jars(project string) (string, error) {
	text, err := os.ReadFile(project)
	if err != nil {
		return "", err
	}
	return fetched(fmt.Sprintf("jars-%x", sha256.Sum256(text))[:len("jars-")+12], text)
}

// fetched is the directory of the jars that the project depends on, fetched by Maven into the user's cache, under the name, on first use.
func fetched(name string, project []byte) (string, error) {
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", fmt.Errorf("%s is not installed; Apache Kafka needs Java 17 and Maven (Debian: apt-get install openjdk-17-jdk-headless maven)", tool)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "framewatch")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(home, "kafka.lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	libs := filepath.Join(home, name)
	if _, err := os.Stat(libs); err == nil {
		return libs, nil
	}
	return libs, fetch(home, libs, project)
}

// fetch copies the jars beside libs first, so that libs is only ever there as a whole.
func fetch(home, libs string, project []byte) error {
	work, err := os.MkdirTemp(home, "kafka-fetch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	file := filepath.Join(work, "pom.xml")
	if err := os.WriteFile(file, project, 0o644); err != nil {
		return err
	}
	got := filepath.Join(work, "libs")
	maven := exec.Command("mvn", "-B", "-q", "-f", file, "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+got)
	if out, err := maven.CombinedOutput(); err != nil {
		return fmt.Errorf("fetch jars with Maven: %w\n%s", err, out)
	}
	return os.Rename(got, libs)
}

// lock keeps the test binaries of several packages from fetching at the same time.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}
