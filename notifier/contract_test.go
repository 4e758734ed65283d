package notifier_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// contract is what one of Alertmanager's own receivers sends when a defect begins and when it ends, and what its target answers.
type contract struct {
	kind string
	// config is its options; TARGET stands for its address.
	config string
	// begins and ends are what a request must hold that says so: method and path, headers, body.
	begins, ends []string
	// answers are what its target says to paths that end so; "" is every other.
	answers map[string]string
}

var contracts = []contract{
	{kind: "discord", config: "webhook_url: TARGET", begins: []string{"POST /discord", `"title":"[FIRING:1] news (black`, "The picture is black"}, ends: []string{`"title":"[RESOLVED] news (black`}},
	{kind: "incidentio", config: "url: TARGET, alert_source_token: s3cret", begins: []string{"POST /incidentio", "Authorization: Bearer s3cret", `"status":"firing"`, `"defect":"d1"`},
		ends: []string{`"status":"resolved"`, `"defect":"d1"`}},
	{kind: "jira", config: "api_url: TARGET, project: TV, issue_type: Bug, resolve_transition: Close, http_config: {basic_auth: {username: ann, password: s3cret}}",
		begins: []string{"POST /jira/issue", "Authorization: Basic YW5uOnMzY3JldA==", `"project":{"key":"TV"}`, "[FIRING:1] news (black"}, ends: []string{"POST /jira/issue/TV-1/transitions", `"id":"31"`},
		answers: map[string]string{"/search/jql": `{"issues":[]}`, "/search": `{"issues":[]}`, "/issue": `{"id":"1","key":"TV-1"}`, "/transitions": `{"transitions":[{"id":"31","name":"Close"}]}`}},
	{kind: "mattermost", config: "webhook_url: TARGET, channel: tv", begins: []string{"POST /mattermost", `"channel":"tv"`, "[FIRING:1] news (black"}, ends: []string{"[RESOLVED] news (black"}},
	{kind: "msteams", config: "webhook_url: TARGET", begins: []string{"POST /msteams", `"type":"MessageCard"`, "[FIRING:1] news (black", "The picture is black"}, ends: []string{"[RESOLVED] news (black"}, answers: map[string]string{"": "1"}},
	{kind: "msteamsv2", config: "webhook_url: TARGET", begins: []string{"POST /msteamsv2", "AdaptiveCard", "[FIRING:1] news (black"}, ends: []string{"[RESOLVED] news (black"}},
	{kind: "opsgenie", config: "api_url: TARGET, api_key: s3cret", begins: []string{"POST /opsgenie/v2/alerts", "Authorization: GenieKey s3cret", `"message":"[FIRING:1] news (black`, `"defect":"d1"`},
		ends: []string{"/close?identifierType=alias"}, answers: map[string]string{"": "{}"}},
	{kind: "pagerduty", config: "url: TARGET, routing_key: s3cret", begins: []string{"POST /pagerduty", `"routing_key":"s3cret"`, `"event_action":"trigger"`, "[FIRING:1] news (black"},
		ends: []string{`"event_action":"resolve"`}, answers: map[string]string{"": `{"status":"success"}`}},
	{kind: "pushover", config: "user_key: ann, token: s3cret, http_config: {proxy_url: PROXY, tls_config: {insecure_skip_verify: true}}",
		begins: []string{"POST /1/messages.json", "token=s3cret", "user=ann", "FIRING"}, ends: []string{"RESOLVED"}, answers: map[string]string{"": `{"status":1}`}},
	{kind: "rocketchat", config: "api_url: TARGET, token_id: ann, token: s3cret, channel: tv", begins: []string{"POST /rocketchat/api/v1/chat.postMessage", "X-Auth-Token: s3cret", "X-User-Id: ann", `"channel":"tv"`, "[FIRING:1] news (black"},
		ends: []string{"[RESOLVED] news (black"}, answers: map[string]string{"": `{"success":true}`}},
	{kind: "slack", config: "api_url: TARGET, channel: tv", begins: []string{"POST /slack", `"channel":"tv"`, "[FIRING:1] news (black"}, ends: []string{"[RESOLVED] news (black"}, answers: map[string]string{"": `{"ok":true}`}},
	{kind: "sns", config: "api_url: TARGET, topic_arn: 'arn:aws:sns:eu-west-1:1:tv', sigv4: {region: eu-west-1, access_key: ann, secret_key: s3cret}",
		begins: []string{"POST /sns", "Authorization: AWS4-HMAC-SHA256 Credential=ann/", "Action=Publish", "FIRING"}, ends: []string{"RESOLVED"},
		answers: map[string]string{"": `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>`}},
	{kind: "telegram", config: "api_url: TARGET, bot_token: s3cret, chat_id: 7", begins: []string{"POST /telegram/bots3cret/sendMessage", `"chat_id":"7"`, "Alerts Firing"}, ends: []string{"Alerts Resolved"},
		answers: map[string]string{"": `{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":7,"type":"private"}}}`}},
	{kind: "victorops", config: "api_url: TARGET/, api_key: s3cret, routing_key: tv", begins: []string{"POST /victorops/s3cret/tv", `"message_type":"CRITICAL"`, "The picture is black"}, ends: []string{`"message_type":"RECOVERY"`}},
	{kind: "webex", config: "api_url: TARGET, room_id: tv, http_config: {authorization: {credentials: s3cret}}", begins: []string{"POST /webex", "Authorization: Bearer s3cret", `"roomId":"tv"`, "The picture is black"}, ends: []string{`"roomId":"tv"`}},
	{kind: "wechat", config: "api_url: TARGET/, api_secret: s3cret, corp_id: ann, agent_id: '1', to_user: '@all'", begins: []string{"POST /wechat/message/send?access_token=t0ken", "The picture is black"}, ends: []string{"POST /wechat/message/send"},
		answers: map[string]string{"/gettoken": `{"access_token":"t0ken"}`, "": `{"code":0}`}},
}

// TestAlertmanagersContracts tells of a defect by each of Alertmanager's own receivers but its webhook and its email, which are shown elsewhere: what it asks of its target when the defect
// begins and when it ends.
func TestAlertmanagersContracts(t *testing.T) {
	for _, c := range contracts {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			heard := &requests{contract: c}
			t.Cleanup(heard.show(t))
			server := httptest.NewServer(heard)
			t.Cleanup(server.Close)
			options := strings.NewReplacer("TARGET", server.URL+"/"+c.kind, "PROXY", tunnel(t, heard)).Replace(c.config)
			w := newTown(t, fmt.Sprintf("alertmanager: {route: {receiver: ops, group_by: [stream], group_wait: 1s, group_interval: 1s}, receivers: [{name: ops, %s_configs: [{send_resolved: true, %s}]}]}", c.kind, options))
			w.begin()
			t.Cleanup(func() { w.stop() })
			d := defect("d1", "news", "black")
			w.post(d.opened())
			heard.await(t, c.begins)
			heard.ended()
			w.post(d.closed())
			heard.await(t, c.ends)
		})
	}
}

// requests are what a target was asked.
type requests struct {
	contract
	mu   sync.Mutex
	list []string
	over bool
}

// ServeHTTP notes a request and answers it as the contract says.
func (q *requests) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	text := fmt.Sprintf("%s %s\n", r.Method, r.URL.RequestURI())
	for name := range r.Header {
		text += name + ": " + r.Header.Get(name) + "\n"
	}
	said := string(body)
	if v, err := url.QueryUnescape(said); err == nil && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		said = v
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(q.list, text+compact(said))
	w.Header().Set("Content-Type", "application/json")
	if q.over && q.kind == "jira" && strings.Contains(r.URL.Path, "/search") {
		fmt.Fprint(w, `{"issues":[{"key":"TV-1","fields":{"status":{"statusCategory":{"key":"new"}}}}]}`)
		return
	}
	for path, answer := range q.answers {
		if path != "" && strings.HasSuffix(r.URL.Path, path) {
			fmt.Fprint(w, answer)
			return
		}
	}
	fmt.Fprint(w, q.answers[""])
}

// ended says that what is answered from now on is about a defect that was told.
func (q *requests) ended() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.over, q.list = true, nil
}

// show prints what was asked when the test has failed.
func (q *requests) show(t *testing.T) func() {
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if t.Failed() {
			t.Logf("asked:\n%s", strings.Join(q.list, "\n\n"))
		}
	}
}

// await waits for one request that holds all of the parts.
func (q *requests) await(t *testing.T, parts []string) {
	t.Helper()
	eventually(t, fmt.Sprintf("a request with all of %q", parts), func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		for _, r := range q.list {
			all := true
			for _, part := range parts {
				all = all && strings.Contains(r, part)
			}
			if all {
				return true
			}
		}
		return false
	})
}

// compact is JSON without what makes it pretty, and anything else as it is.
func compact(text string) string {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	out, err := json.Marshal(v)
	if err != nil {
		return text
	}
	return string(out)
}

// tunnel is an HTTP proxy that leads every tunnel to a TLS server of the handler, for a receiver whose address cannot be changed.
func tunnel(t *testing.T, handler http.Handler) (address string) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		there, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer there.Close()
		here, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Errorf("take over a tunnel: %v", err)
			return
		}
		defer here.Close()
		fmt.Fprint(here, "HTTP/1.1 200 OK\r\n\r\n")
		go io.Copy(there, buffered)
		io.Copy(here, there)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}
