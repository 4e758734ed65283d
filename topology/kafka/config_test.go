package kafka_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/framewatch/framewatch/topology/kafka"
)

func TestValidateNamesTheProblem(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*kafka.Config)
		want   string
	}{
		{"right", func(*kafka.Config) {}, ""},
		{"no brokers", func(c *kafka.Config) { c.Brokers = nil }, "brokers: none is given"},
		{"no port", func(c *kafka.Config) { c.Brokers = []string{"a"} }, `brokers: "a" has no port`},
		{"no partitions", func(c *kafka.Config) { c.Partitions = 0 }, "partitions: 0 is less than 1"},
		{"negative copies", func(c *kafka.Config) { c.Replication = -1 }, "replication: -1 is negative"},
		{"half a certificate", func(c *kafka.Config) { c.TLS = kafka.TLS{Enabled: true, Cert: "c.pem"} }, "tls: cert and key go together"},
		{"tls not enabled", func(c *kafka.Config) { c.TLS.CA = "ca.pem" }, "tls: files are given but enabled is false"},
		{"unknown mechanism", func(c *kafka.Config) { c.SASL.Mechanism = "MAGIC" }, `sasl: mechanism "MAGIC" is none of`},
		{"no user", func(c *kafka.Config) { c.SASL = kafka.SASL{Mechanism: "PLAIN", Password: "x"} }, "sasl: user is empty"},
		{"no password", func(c *kafka.Config) { c.SASL = kafka.SASL{Mechanism: "PLAIN", User: "u"} }, "sasl: give either password or password_file"},
		{"two passwords", func(c *kafka.Config) {
			c.SASL = kafka.SASL{Mechanism: "PLAIN", User: "u", Password: "x", PasswordFile: "f"}
		}, "sasl: give either"},
		{"no mechanism", func(c *kafka.Config) { c.SASL.User = "u" }, "sasl: user or password is given but no mechanism"},
		{"registry without scheme", func(c *kafka.Config) { c.Registry.URL = "registry:8081" }, "registry: url is no http or https address"},
		{"registry with a password", func(c *kafka.Config) { c.Registry.URL = "http://bob:hunter2@registry:8081" }, "registry: url holds a user, which would be shown; give user and password"},
		{"registry", func(c *kafka.Config) { c.Registry.URL = "http://registry:8081" }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := kafka.Defaults()
			config.Brokers = []string{"a:9092"}
			test.change(&config)
			err := config.Validate()
			if test.want == "" && err != nil {
				t.Errorf("error %v, want none", err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	config := kafka.SASL{Mechanism: "PLAIN", User: "u", Password: "hunter2"}
	asJSON, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "config", config, "password", config.Password)
	for how, text := range map[string]string{
		"%v": fmt.Sprintf("%v", config), "%+v": fmt.Sprintf("%+v", config), "%#v": fmt.Sprintf("%#v", config), "%q": fmt.Sprintf("%q", config.Password),
		"json": string(asJSON), "yaml": string(asYAML), "slog": logged.String(),
	} {
		if strings.Contains(text, "hunter2") || !strings.Contains(text, "***") {
			t.Errorf("%s prints %s", how, text)
		}
	}
	var read kafka.SASL
	if err := yaml.Unmarshal([]byte("password: hunter2"), &read); err != nil || string(read.Password) != "hunter2" {
		t.Errorf("read from YAML: %q, %v", string(read.Password), err)
	}
}
