package kafkatest

import (
	"testing"

	"github.com/framewatch/framewatch/topology/kafka/apache"
)

// Jars is the directory of the jars that a Maven project depends on, given by its pom.xml.
func Jars(t testing.TB, project string) string {
	t.Helper()
	dir, err := apache.Jars(project)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
