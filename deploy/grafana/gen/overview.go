package main

// overview is the first look: is all well, what is late, what is lost, and who runs.
var overview = board{
	uid: "framewatch-overview", title: "Framewatch / Overview",
	about: "Is all well, what is late, what is lost? Each panel names where to look next.",
	rows: []row{
		{title: "Is all well?", panels: []panel{
			{title: "Alerts", shape: number, width: 4, unit: "none", steps: []step{{1, bad}}, about: "Alerts of Framewatch that fire. Each has a runbook: docs/runbooks.",
				queries: []query{{`count(ALERTS` + installation + `,alertname=~"Framewatch.*",alertstate="firing"}) or vector(0)`, "firing"}}},
			{title: "Streams up", shape: number, width: 4, unit: "none", about: "Streams that give pictures or sound now.", queries: []query{{`sum(framewatch_ingest_streams{$,state="up"})`, "up"}}},
			{title: "Not measured", shape: number, width: 4, unit: "none", steps: []step{{1, bad}}, about: "Streams that are not measured by our fault: see Edge.", queries: []query{{`sum(framewatch_ingest_streams{$,state="fault"})`, "fault"}}},
			{title: "Defects open", shape: number, width: 4, unit: "none", about: "What the streams have now: the console shows which.", queries: []query{{`sum(framewatch_detector_open_defects{$}) or vector(0)`, "open"}}},
			{title: "Critical defects", shape: number, width: 4, unit: "none", steps: []step{{1, warn}}, about: "Of these, the critical ones.", queries: []query{{`sum(framewatch_detector_open_defects{$,severity="critical"}) or vector(0)`, "critical"}}},
			{title: "Canary", shape: number, width: 4, unit: "s", steps: []step{{120, bad}}, about: "How long ago the canary's last defect came through from picture to notifier. 0: none is configured.", queries: []query{{`max(framewatch_notifier_canary_age_seconds{$})`, "age"}}},
		}},
		{title: "What is late?", panels: []panel{
			{title: "Heartbeats of streams", width: 6, unit: "s", steps: []step{{5, bad}}, about: "Late: see Edge.", queries: quantiles("framewatch_ingest_heartbeat_late_seconds")},
			{title: "Measurements on the log", width: 6, unit: "s", steps: []step{{1, warn}}, about: "Late: see Kafka client.", queries: quantiles("framewatch_kafka_live_write_seconds")},
			{title: "Detectors behind", width: 6, unit: "s", steps: []step{{5, bad}}, about: "Late: see Detector.", queries: []query{{`max(framewatch_detector_behind_seconds{$})`, "furthest"}}},
			{title: "People told", width: 6, unit: "s", steps: []step{{10, bad}}, about: "Late: see Notifier.", queries: quantiles("framewatch_notifier_delay_seconds")},
		}},
		{title: "What is lost?", panels: []panel{
			{title: "Pictures not analysed", width: 6, unit: "percentunit", most: 1, about: "Shed by busy machines: see Edge.",
				queries: []query{{`sum(rate(framewatch_ingest_frames_total{$,done!="analysed"}[$__rate_interval])) / sum(rate(framewatch_ingest_frames_total{$}[$__rate_interval]))`, "shed"}}},
			{title: "Measurements", width: 6, unit: "none", about: "Dropped at the edge, and dead letters.",
				queries: []query{{`sum(increase(framewatch_ingest_dropped_records_total{$}[$__rate_interval]))`, "dropped"}, {`sum(increase(framewatch_kafka_dead_letters_total{$}[$__rate_interval]))`, "dead letters"}}},
			{title: "Evidence", width: 6, unit: "none", about: "Clips that could not be stored, and those that were skipped.",
				queries: []query{{`sum by (outcome) (increase(framewatch_evidence_defects_total{$,outcome!="stored"}[$__rate_interval]))`, "{{outcome}}"}}},
			{title: "Messages", width: 6, unit: "none", about: "Attempts that failed, by receiver: they are tried again.",
				queries: []query{{`sum by (target) (increase(framewatch_notifier_attempts_total{$,outcome!="delivered"}[$__rate_interval]))`, "{{target}}"}}},
		}},
		{title: "Who runs?", panels: []panel{
			{title: "Processes", shape: list, width: 12, unit: "none", about: "Each process and what it runs. One of another version: a roll-out is going on, or stopped half-way.",
				queries: []query{{`sum by (job, instance, version, go_version, ffmpeg_version) (framewatch_build_info{$})`, ""}}},
			{title: "Configurations", shape: list, width: 12, unit: "none", about: "The hash of what each process follows. Those of one job should have one.",
				queries: []query{{`sum by (job, instance, hash) (framewatch_config_hash{$})`, ""}}},
			{title: "Processors", width: 6, unit: "none", about: "In use by each process, its workers not among them.", queries: []query{{`rate(process_cpu_seconds_total{$}[$__rate_interval])`, "{{job}} {{instance}}"}}},
			{title: "Memory", width: 6, unit: "bytes", about: "Resident, its workers not among it.", queries: []query{{`process_resident_memory_bytes{$}`, "{{job}} {{instance}}"}}},
			{title: "Descriptors in use", width: 6, unit: "percentunit", most: 1, steps: []step{{.8, bad}}, about: "At 100 % nothing is opened any more: raise the limit, or spread the streams.", queries: []query{{`process_open_fds{$} / process_max_fds{$}`, "{{job}} {{instance}}"}}},
			{title: "Goroutines", width: 6, unit: "none", about: "Rising for hours with as many streams: something leaks. Take a profile at /debug/pprof/goroutine.", queries: []query{{`go_goroutines{$}`, "{{job}} {{instance}}"}}},
			{title: "Running for", width: 12, unit: "s", about: "A saw: it is killed again and again.", queries: []query{{`time() - process_start_time_seconds{$}`, "{{job}} {{instance}}"}}},
		}},
	},
}
