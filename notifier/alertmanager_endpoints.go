package notifier

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	amconfig "github.com/prometheus/alertmanager/config"
	amcommon "github.com/prometheus/alertmanager/config/common"
	promconfig "github.com/prometheus/common/config"

	"github.com/framewatch/framewatch/notifier/receiver"
)

// endpoints are those of the section's own receivers; names are what Alertmanager.load is given.
func (a Alertmanager) endpoints(names []string) (all []Endpoint) {
	if a.IsZero() {
		return nil
	}
	section, err := a.load(names)
	if err != nil {
		return []Endpoint{{Name: "alertmanager", Err: err}}
	}
	for _, r := range section.Receivers {
		for _, t := range targetsOf(r) {
			if at, known, err := t.endpoint(); known {
				all = append(all, Endpoint{fmt.Sprintf("alertmanager.receivers.%s.%s", r.Name, t.key), at, err})
			}
		}
	}
	return all
}

// pushoverAddress is where Alertmanager reaches Pushover: it cannot be set.
const pushoverAddress = "https://api.pushover.net"

// target is one of those that a receiver of the section tells.
type target struct {
	// key is its place in the receiver.
	key string
	// url is its address, urlFile holds that instead.
	url, urlFile string
	http         *promconfig.HTTPClientConfig
	// mail is set where it is reached by SMTP instead.
	mail *amconfig.EmailConfig
}

// targetsOf are those of a receiver that Alertmanager reaches at one address.
func targetsOf(r amconfig.Receiver) (all []target) {
	add := func(key string, i int, url, urlFile string, client *promconfig.HTTPClientConfig) {
		all = append(all, target{key: fmt.Sprintf("%s[%d]", key, i), url: url, urlFile: urlFile, http: client})
	}
	plain := func(u *amcommon.URL) string {
		if u == nil || u.URL == nil {
			return ""
		}
		return u.URL.String()
	}
	secret := func(u *amcommon.SecretURL) string { return plain((*amcommon.URL)(u)) }
	for i, c := range r.DiscordConfigs {
		add("discord_configs", i, secret(c.WebhookURL), c.WebhookURLFile, c.HTTPConfig)
	}
	for i, c := range r.EmailConfigs {
		all = append(all, target{key: fmt.Sprintf("email_configs[%d]", i), mail: c})
	}
	for i, c := range r.IncidentioConfigs {
		add("incidentio_configs", i, plain(c.URL), c.URLFile, c.HTTPConfig)
	}
	for i, c := range r.JiraConfigs {
		add("jira_configs", i, plain(c.APIURL), "", c.HTTPConfig)
	}
	for i, c := range r.MattermostConfigs {
		add("mattermost_configs", i, secret(c.WebhookURL), c.WebhookURLFile, c.HTTPConfig)
	}
	for i, c := range r.MSTeamsConfigs {
		add("msteams_configs", i, secret(c.WebhookURL), c.WebhookURLFile, c.HTTPConfig)
	}
	for i, c := range r.MSTeamsV2Configs {
		add("msteamsv2_configs", i, secret(c.WebhookURL), c.WebhookURLFile, c.HTTPConfig)
	}
	for i, c := range r.OpsGenieConfigs {
		add("opsgenie_configs", i, plain(c.APIURL), "", c.HTTPConfig)
	}
	for i, c := range r.PagerdutyConfigs {
		add("pagerduty_configs", i, plain(c.URL), "", c.HTTPConfig)
	}
	for i, c := range r.PushoverConfigs {
		add("pushover_configs", i, pushoverAddress, "", c.HTTPConfig)
	}
	for i, c := range r.RocketchatConfigs {
		add("rocketchat_configs", i, plain(c.APIURL), "", c.HTTPConfig)
	}
	for i, c := range r.SlackConfigs {
		add("slack_configs", i, secret(c.APIURL), c.APIURLFile, c.HTTPConfig)
	}
	for i, c := range r.SNSConfigs {
		if c.APIUrl != "" {
			add("sns_configs", i, c.APIUrl, "", c.HTTPConfig)
		}
	}
	for i, c := range r.TelegramConfigs {
		add("telegram_configs", i, plain(c.APIUrl), "", c.HTTPConfig)
	}
	for i, c := range r.VictorOpsConfigs {
		add("victorops_configs", i, plain(c.APIURL), "", c.HTTPConfig)
	}
	for i, c := range r.WebexConfigs {
		add("webex_configs", i, plain(c.APIURL), "", c.HTTPConfig)
	}
	for i, c := range r.WebhookConfigs {
		add("webhook_configs", i, string(c.URL), c.URLFile, c.HTTPConfig)
	}
	for i, c := range r.WechatConfigs {
		add("wechat_configs", i, plain(c.APIURL), "", c.HTTPConfig)
	}
	return all
}

// endpoint is where the target is reached; known is false where a template says so as something is told. What is wrong is told without the URL: that may hold a credential.
func (t target) endpoint() (at receiver.Endpoint, known bool, err error) {
	if t.mail != nil {
		at, err = mailEndpoint(t.mail)
		return at, true, err
	}
	text := t.url
	if t.urlFile != "" && text == "" {
		held, err := os.ReadFile(t.urlFile)
		if err != nil {
			return at, true, err
		}
		text = strings.TrimSpace(string(held))
	}
	u, err := url.Parse(text)
	if strings.Contains(text, "{{") && (err != nil || strings.Contains(u.Host, "{{") || u.Host == "") {
		return at, false, nil
	}
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return at, true, errors.New("its URL is not an http or https address")
	}
	client := cmp.Or(t.http, &promconfig.DefaultHTTPClientConfig)
	if through := client.Proxy(); through != nil {
		proxy, err := through(&http.Request{URL: u})
		if err != nil {
			return at, true, errors.New("its proxy's URL cannot be read")
		}
		if proxy != nil {
			at, err = receiver.Address(proxy.String()).Endpoint()
			return at, true, err
		}
	}
	if at, err = receiver.Address(text).Endpoint(); err == nil && at.TLS != nil {
		at.TLS, err = encryption(&client.TLSConfig, u.Hostname())
	}
	return at, true, err
}

func mailEndpoint(c *amconfig.EmailConfig) (at receiver.Endpoint, err error) {
	at.Address = net.JoinHostPort(c.Smarthost.Host, c.Smarthost.Port)
	implicit := c.Smarthost.Port == "465"
	if c.ForceImplicitTLS != nil {
		implicit = *c.ForceImplicitTLS
	}
	if implicit {
		at.TLS, err = encryption(cmp.Or(c.TLSConfig, &promconfig.TLSConfig{}), c.Smarthost.Host)
	}
	return at, err
}

// encryption is how Alertmanager encrypts what it says to a host.
func encryption(c *promconfig.TLSConfig, host string) (*tls.Config, error) {
	made, err := promconfig.NewTLSConfig(c)
	if err == nil && made.ServerName == "" {
		made.ServerName = host
	}
	return made, err
}
