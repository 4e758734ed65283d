package main

import (
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/spf13/cobra"
)

// ours are the services that run from our image; topics ends when it is done.
var ours = []string{"console", "detector", "ingest", "notifier", "topics"}

// compose reads docker-compose.yml as compose does: an unknown key or an undefined reference is an error.
func compose(t *testing.T) *types.Project {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	project, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir:  root,
		ConfigFiles: []types.ConfigFile{{Filename: "docker-compose.yml", Content: text}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestComposeHasEveryStageAsAServiceOfItsOwn(t *testing.T) {
	project := compose(t)
	want := slices.Sorted(slices.Values(append([]string{"kafka"}, ours...)))
	if got := slices.Sorted(maps.Keys(project.Services)); !slices.Equal(got, want) {
		t.Fatalf("services are %v, want %v", got, want)
	}
	for _, target := range targets {
		if target.name == shadowTarget {
			continue // it is started for a candidate
		}
		service := project.Services[target.name]
		if !slices.Contains(service.Command, target.name) {
			t.Errorf("%s runs %v, which does not name its target", target.name, service.Command)
		}
		if got := service.DependsOn["topics"].Condition; got != types.ServiceConditionCompletedSuccessfully {
			t.Errorf("%s waits for topics to be %q", target.name, got)
		}
	}
	if got := project.Services["topics"].DependsOn["kafka"].Condition; got != types.ServiceConditionHealthy {
		t.Errorf("topics waits for kafka to be %q", got)
	}
	if project.Services["kafka"].HealthCheck == nil {
		t.Error("kafka has no health check to wait for")
	}
}

// Every command line of the file is one that this program takes.
func TestComposeCommandsAreReal(t *testing.T) {
	project := compose(t)
	for _, name := range ours {
		command, args, err := rootCommand().Find(project.Services[name].Command)
		if err != nil || command.HasSubCommands() {
			t.Errorf("%s: %v is no command: %v", name, project.Services[name].Command, err)
			continue
		}
		command.RunE = func(cmd *cobra.Command, _ []string) error {
			if cmd.Name() != "run" {
				return nil
			}
			names, err := cmd.Flags().GetStringSlice("target")
			if err != nil {
				return err
			}
			_, err = choose(names)
			return err
		}
		root := command.Root()
		root.SetArgs(project.Services[name].Command)
		root.SetOut(io.Discard)
		if err := root.ExecuteContext(context.Background()); err != nil {
			t.Errorf("%s: %v: %v", name, args, err)
		}
		if file, err := command.Flags().GetString("config"); err != nil || file != project.Services[name].Configs[0].Target {
			t.Errorf("%s reads %q (%v), but the configuration is mounted at %s", name, file, err, project.Services[name].Configs[0].Target)
		}
	}
}

func TestComposeServicesAreHardened(t *testing.T) {
	for name, s := range compose(t).Services {
		if !slices.Contains(s.CapDrop, "ALL") || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") || s.PidsLimit == 0 || s.MemLimit == 0 {
			t.Errorf("%s: capabilities dropped %v, security %v, %d processes, %d bytes", name, s.CapDrop, s.SecurityOpt, s.PidsLimit, s.MemLimit)
		}
		if s.StopGracePeriod == nil || time.Duration(*s.StopGracePeriod) < 20*time.Second {
			t.Errorf("%s is killed %v after it was asked to end", name, s.StopGracePeriod)
		}
		for _, p := range s.Ports {
			if p.HostIP != "127.0.0.1" {
				t.Errorf("%s publishes port %d to %q, not to this machine alone", name, p.Target, p.HostIP)
			}
		}
		if slices.Contains(ours, name) && (!s.ReadOnly || s.User == "" || strings.HasPrefix(s.User, "0")) {
			t.Errorf("%s: read-only %t, user %q", name, s.ReadOnly, s.User)
		}
	}
}

// Of a broker with two kinds of clients, each must be told an address that it can reach.
func TestComposeKafkaAdvertisesWhatItsClientsReach(t *testing.T) {
	project := compose(t)
	kafka := project.Services["kafka"].Environment
	advertised := *kafka["KAFKA_ADVERTISED_LISTENERS"]
	for _, broker := range deployed(t).Kafka.Brokers {
		if !strings.Contains(advertised, "INTERNAL://"+broker) {
			t.Errorf("the services dial %s, kafka advertises %s", broker, advertised)
		}
	}
	published := project.Services["kafka"].Ports[0].Published
	if !strings.Contains(advertised, "HOST://localhost:"+published) {
		t.Errorf("port %s is published, kafka advertises %s", published, advertised)
	}
}

// The configuration that the services mount is sound, and each secret that it names is mounted.
func TestDeployedConfiguration(t *testing.T) {
	config := deployed(t)
	if config.Ingest.Advertise != "http://edge-1:8090" {
		t.Errorf("an edge is advertised as %s", config.Ingest.Advertise)
	}
	project := compose(t)
	for _, file := range []string{config.Pictures.KeyFile, config.Console.Users["admin"].PasswordFile} {
		for _, name := range ours {
			mounted := func(s types.ServiceSecretConfig) bool { return s.Source == filepath.Base(file) }
			if !slices.ContainsFunc(project.Services[name].Secrets, mounted) {
				t.Errorf("%s: the configuration names %s, which is not mounted", name, filepath.Base(file))
			}
		}
	}
}

// deployed is the configuration that the services mount, on a host named edge-1 and with its secrets in a folder of the test.
func deployed(t *testing.T) Config {
	t.Helper()
	t.Setenv("HOSTNAME", "edge-1")
	text, err := os.ReadFile("../../deploy/framewatch.yaml")
	if err != nil {
		t.Fatal(err)
	}
	secrets := t.TempDir()
	for _, secret := range slices.Sorted(maps.Keys(compose(t).Secrets)) {
		if err := os.WriteFile(filepath.Join(secrets, secret), []byte(strings.Repeat("k", 48)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(secrets, "framewatch.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), "/run/secrets", secrets)), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := loadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	return config
}
