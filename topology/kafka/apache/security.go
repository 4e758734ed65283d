package apache

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Security is a listener with TLS and log-ins by SCRAM-SHA-512 or OAUTHBEARER, where users may do what ACLs say. On the other one everybody may do all. Tokens of OAUTHBEARER are not
// proved: who has one that says a name has that name.
type Security struct {
	// Keystore is a PEM file with the nodes' key, PKCS#8, and certificate.
	Keystore string
	// Users are passwords by name, of letters and digits.
	Users map[string]string
	// Super are the users who may do all, beside those of the other listener.
	Super []string
}

// secure chooses the ports of the nodes' listeners with security; nil: there are none.
func (c *Nodes) secure() ([]int, error) {
	if c.config.Security == nil {
		return nil, nil
	}
	ports, err := freePorts(c.config.Nodes)
	for _, port := range ports {
		c.secured = append(c.secured, fmt.Sprintf("127.0.0.1:%d", port))
	}
	return ports, err
}

// Secured are the addresses of the nodes' listeners with Security.
func (c *Nodes) Secured() []string { return c.secured }

// properties adds the listener to a node's configuration.
func (s *Security) properties(text string, port int) string {
	super := []string{"User:ANONYMOUS"}
	for _, name := range s.Super {
		super = append(super, "User:"+name)
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		switch key, _, _ := strings.Cut(line, "="); key {
		case "listeners", "advertised.listeners":
			lines[i] += fmt.Sprintf(",SECURED://127.0.0.1:%d", port)
		case "listener.security.protocol.map":
			lines[i] += ",SECURED:SASL_SSL"
		}
	}
	const module = "org.apache.kafka.common.security."
	return strings.Join(append(lines,
		"listener.name.secured.ssl.keystore.type=PEM",
		"listener.name.secured.ssl.keystore.location="+s.Keystore,
		"listener.name.secured.sasl.enabled.mechanisms=SCRAM-SHA-512,OAUTHBEARER",
		"listener.name.secured.scram-sha-512.sasl.jaas.config="+module+"scram.ScramLoginModule required;",
		"listener.name.secured.oauthbearer.sasl.jaas.config="+module+"oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\";",
		"authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		"super.users="+strings.Join(super, ";"),
		""), "\n")
}

// users are the arguments that make them when the storage is.
func (s *Security) users() (arguments []string) {
	for _, name := range slices.Sorted(maps.Keys(s.Users)) {
		arguments = append(arguments, "--add-scram", fmt.Sprintf("SCRAM-SHA-512=[name=%s,password=%s]", name, s.Users[name]))
	}
	return arguments
}
