package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/spf13/cobra"
)

// ours are the services that run from our image; topics ends when it is done.
var ours = []string{"console", "demo", "detector", "ingest", "notifier", "topics"}

// composeProfiles are the services that each profile adds.
var composeProfiles = map[string][]string{
	"":              {"console", "detector", "ingest", "kafka", "notifier", "topics"},
	"kafka":         {"kafka-2", "kafka-3"},
	"registry":      {"registry"},
	"observability": {"grafana", "prometheus"},
	"demo":          {"demo"},
}

// compose reads docker-compose.yml with all profiles.
func compose(t *testing.T) *types.Project {
	t.Helper()
	return composeAs(t, nil, "*")
}

// composeAs reads docker-compose.yml as compose does, in an environment and with profiles: an unknown key or an undefined reference is an error.
func composeAs(t *testing.T, environment map[string]string, profiles ...string) *types.Project {
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
		Environment: environment,
	}, loader.WithProfiles(profiles))
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// Plain `docker compose up` is Kafka and the stages; each profile adds to it, and takes nothing away.
func TestComposeProfiles(t *testing.T) {
	for profile, added := range composeProfiles {
		want := slices.Clone(composeProfiles[""])
		if profile != "" {
			want = append(want, added...)
		}
		slices.Sort(want)
		if got := slices.Sorted(maps.Keys(composeAs(t, nil, profile).Services)); !slices.Equal(got, want) {
			t.Errorf("with profile %q the services are %v, want %v", profile, got, want)
		}
	}
	all := len(composeProfiles[""])
	for profile, added := range composeProfiles {
		if profile != "" {
			all += len(added)
		}
	}
	if got := len(compose(t).Services); got != all {
		t.Errorf("all profiles have %d services, want %d", got, all)
	}
}

func TestComposeHasEveryStageAsAServiceOfItsOwn(t *testing.T) {
	project := compose(t)
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
	for _, name := range []string{"kafka-2", "kafka-3", "registry"} {
		if got := project.Services["topics"].DependsOn[name]; got.Condition != types.ServiceConditionHealthy || got.Required {
			t.Errorf("topics waits for %s to be %q, required %t", name, got.Condition, got.Required)
		}
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
			if name == "demo" {
				o := demoOptions{listen: cmd.Flag("listen").Value.String(), passwordFile: cmd.Flag("password-file").Value.String()}
				if want := "/run/secrets/" + project.Services[name].Secrets[0].Source; o.passwordFile != want {
					t.Errorf("the demo's password is in %s, and what is mounted is %s", o.passwordFile, want)
				}
				o.passwordFile = filepath.Join(t.TempDir(), "password")
				if err := os.WriteFile(o.passwordFile, []byte(strings.Repeat("k", 48)), 0o600); err != nil {
					return err
				}
				return o.page().Validate()
			}
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
		if name == "demo" {
			continue // it configures itself
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
		// Kafka's and the registry's images run as users of their own; Kafka's writes its configuration beside itself.
		if !strings.HasPrefix(name, "kafka") && !s.ReadOnly {
			t.Errorf("%s can write to its own files", name)
		}
		if image := name == "registry" || strings.HasPrefix(name, "kafka"); !image && (s.User == "" || strings.HasPrefix(s.User, "0")) {
			t.Errorf("%s runs as user %q", name, s.User)
		}
		if s.Logging == nil || s.Logging.Options["max-size"] == "" || s.Logging.Options["max-file"] == "" {
			t.Errorf("%s may fill the disk with its log: %+v", name, s.Logging)
		}
		// topics ends by itself; our image says how the others are asked.
		if name != "topics" && (s.HealthCheck == nil || s.HealthCheck.Disable || len(s.HealthCheck.Test) == 0 && !slices.Contains(ours, name)) {
			t.Errorf("%s: nobody sees whether it is well: %+v", name, s.HealthCheck)
		}
		if _, tag, pinned := strings.Cut(s.Image, ":"); !pinned || tag == "latest" {
			t.Errorf("%s: the image %s is another one tomorrow", name, s.Image)
		}
		for key, value := range s.Environment {
			if secret := strings.Contains(key, "PASSWORD") || strings.Contains(key, "TOKEN") || strings.Contains(key, "SECRET"); secret && value != nil && *value != "" {
				t.Errorf("%s has the secret %s in its environment, where everyone sees it who may inspect it: mount it as a file", name, key)
			}
		}
		for _, v := range s.Volumes {
			if _, err := os.Stat(v.Source); v.Type == types.VolumeTypeBind && err != nil {
				t.Errorf("%s mounts %v", name, err)
			}
		}
	}
}

// What make up sets with a profile reaches Kafka and our configuration, and without profiles there is neither a second copy nor a registry.
func TestComposeProfilesChangeTheConfiguration(t *testing.T) {
	for _, c := range []struct {
		profiles []string
		copies   int16
		registry string
	}{
		{nil, 1, ""},
		{[]string{"kafka"}, 3, ""},
		{[]string{"observability", "registry"}, 1, "http://registry:8080/apis/ccompat/v7"},
	} {
		shown, err := exec.Command("make", "-C", "../..", "-n", "up", "PROFILES="+strings.Join(c.profiles, " "), "VERSION=v1").Output()
		if err != nil {
			t.Fatal(err)
		}
		environment := map[string]string{}
		for _, m := range regexp.MustCompile(`([A-Z_]+)=(\S*)`).FindAllStringSubmatch(string(shown), -1) {
			environment[m[1]] = m[2]
		}
		for _, profile := range c.profiles {
			if !strings.Contains(string(shown), "--profile "+profile+" ") {
				t.Errorf("make up PROFILES=%q runs\n%s", c.profiles, shown)
			}
		}
		project := composeAs(t, environment, c.profiles...)
		for key, value := range project.Services["detector"].Environment {
			t.Setenv(key, *value)
		}
		if got := deployed(t).Kafka; got.Replication != c.copies || got.Registry.URL != c.registry {
			t.Errorf("with %q there are %d copies and the registry %q, want %d and %q", c.profiles, got.Replication, got.Registry.URL, c.copies, c.registry)
		}
		if got := *project.Services["kafka"].Environment["KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR"]; got != fmt.Sprint(c.copies) {
			t.Errorf("with %q Kafka keeps %s copies of its offsets, want %d", c.profiles, got, c.copies)
		}
	}
}

// Every stage has the admin listener that its health check and Prometheus ask, on the port that the image's check knows.
func TestDeployedProcessesCanBeAsked(t *testing.T) {
	_, port, err := net.SplitHostPort(deployed(t).Admin.Listen)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"../../deploy/healthy.sh", "../../deploy/prometheus/prometheus.yml"} {
		if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), port) {
			t.Errorf("%s does not ask port %s (%v)", file, port, err)
		}
	}
	for name, s := range compose(t).Services {
		if slices.ContainsFunc(s.Ports, func(p types.ServicePortConfig) bool { return fmt.Sprint(p.Target) == port }) {
			t.Errorf("%s publishes its admin listener", name)
		}
	}
}

// Of a broker with two kinds of clients, each must be told an address that it can reach.
func TestComposeKafkaAdvertisesWhatItsClientsReach(t *testing.T) {
	project := compose(t)
	advertised := map[string]string{}
	for name, s := range project.Services {
		if a := s.Environment["KAFKA_ADVERTISED_LISTENERS"]; a != nil {
			advertised[name] = *a
			if want := "INTERNAL://" + name + ":9092"; !strings.Contains(*a, want) {
				t.Errorf("%s advertises %s, want %s for the services", name, *a, want)
			}
			if want := "HOST://localhost:" + s.Ports[0].Published; !strings.Contains(*a, want) || !strings.Contains(*s.Environment["KAFKA_LISTENERS"], fmt.Sprintf("HOST://:%d", s.Ports[0].Target)) {
				t.Errorf("%s advertises %s, want %s for this machine", name, *a, want)
			}
		}
	}
	if len(advertised) != 3 {
		t.Errorf("the brokers are %v", advertised)
	}
	for _, broker := range deployed(t).Kafka.Brokers {
		if host, _, _ := net.SplitHostPort(broker); !strings.Contains(advertised[host], "INTERNAL://"+broker) {
			t.Errorf("the services dial %s, the brokers advertise %v", broker, advertised)
		}
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
			if name == "demo" {
				continue
			}
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
