package main

// notifier asks of what tells people.
var notifier = board{
	uid: "framewatch-notifier", title: "Framewatch / Notifier",
	about: "Are people told, soon, and of everything?",
	rows: []row{
		{title: "Are people told?", panels: []panel{
			{title: "Attempts that fail", shape: number, width: 5, unit: "percentunit", steps: []step{{.01, warn}, {.25, bad}}, about: "Of the attempts to send a message. Each is tried again; *Attempts* says which receiver.",
				queries: []query{{`sum(rate(framewatch_notifier_attempts_total{$,outcome!="delivered"}[$__rate_interval])) / sum(rate(framewatch_notifier_attempts_total{$}[$__rate_interval]))`, "fail"}}},
			{title: "Told after", shape: number, width: 5, unit: "s", steps: []step{{5, warn}, {30, bad}}, about: "From a defect's detection to the end of the attempt that told of it, 99 of 100. The route's group_wait is in it.",
				queries: []query{{`histogram_quantile(0.99, sum by (le) (rate(framewatch_notifier_delay_seconds_bucket{$}[$__rate_interval])))`, "99 of 100"}}},
			{title: "Canary", shape: number, width: 5, unit: "s", steps: []step{{120, bad}}, about: "How long ago the canary's last defect came through. 0: none is configured (notifier.heartbeat).",
				queries: []query{{`max(framewatch_notifier_canary_age_seconds{$})`, "age"}}},
			{title: "Defects open", shape: number, width: 5, unit: "none", about: "As far as the notifier knows. The detector's own count is on its dashboard; they agree but for seconds.",
				queries: []query{{`max(framewatch_notifier_open_defects{$})`, "open"}}},
			{title: "Leading", shape: number, width: 4, unit: "none", about: "One notifier tells; the others wait to take over. None: nobody is told.",
				queries: []query{{`sum(framewatch_notifier_leading{$})`, "leading"}}},
			{title: "Attempts", width: 12, unit: "cpm", about: "Messages a minute, by receiver and outcome.",
				queries: []query{{`60 * sum by (target, outcome) (rate(framewatch_notifier_attempts_total{$}[$__rate_interval]))`, "{{target}} {{outcome}}"}}},
			{title: "From detection to told", width: 12, unit: "s", steps: []step{{10, bad}}, about: "Rising with nothing failing: a receiver answers slowly, or many defects are grouped.",
				queries: quantiles("framewatch_notifier_delay_seconds")},
			{title: "Waiting", width: 8, unit: "none", about: "Messages that were begun and that their targets have not taken yet.",
				queries: []query{{`sum(framewatch_notifier_pending_messages{$})`, "messages"}}},
			{title: "The oldest waits for", width: 8, unit: "s", steps: []step{{120, bad}}, about: "Rising with the clock: somebody does not take it. Attempts say who.",
				queries: []query{{`max(framewatch_notifier_pending_age_seconds{$})`, "oldest"}}},
			{title: "Never told", width: 8, unit: "none", about: "Defects that ended before anybody was told. Many: group_wait is longer than what happens.",
				queries: []query{{`sum(increase(framewatch_notifier_untold_total{$}[$__rate_interval]))`, "ended first"}}},
		}},
	},
}
