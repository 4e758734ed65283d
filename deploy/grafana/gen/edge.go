package main

// edge asks of what opens, decodes and measures the streams.
var edge = board{
	uid: "framewatch-edge", title: "Framewatch / Edge", perInstance: "framewatch_ingest_load_share",
	about: "Are all streams opened and measured in full, and what do the machines have to spare?",
	rows: []row{
		{title: "Are the streams measured?", panels: []panel{
			{title: "Streams up", shape: number, width: 4, unit: "none", about: "Streams that give pictures or sound now.",
				queries: []query{{`sum(framewatch_ingest_streams{$,state="up"})`, "up"}}},
			{title: "Down at the source", shape: number, width: 4, unit: "none", steps: []step{{1, warn}}, about: "Streams whose source gives nothing. The detector tells of each: look there, and at what their addresses share.",
				queries: []query{{`sum(framewatch_ingest_streams{$,state="down"})`, "down"}}},
			{title: "Not measured by our fault", shape: number, width: 4, unit: "none", steps: []step{{1, bad}}, about: "Streams whose worker crashes, hangs or cannot be started. Their defects are not found.",
				queries: []query{{`sum(framewatch_ingest_streams{$,state="fault"})`, "fault"}}},
			{title: "Shedding", shape: number, width: 4, unit: "none", steps: []step{{1, warn}, {4, bad}}, about: "The worst machine's step: 1, 2, 3 measure one picture in 2, 4, 8; 4 decodes key pictures only, and short defects are missed.",
				queries: []query{{`max(framewatch_ingest_shedding_step{$})`, "step"}}},
			{title: "Load", shape: number, width: 4, unit: "percentunit", steps: []step{{.7, warn}, {.9, bad}}, about: "The busiest process's share of its processors. Above 90 % it begins to shed: add a replica, streams move by themselves.",
				queries: []query{{`max(framewatch_ingest_load_share{$})`, "busiest"}}},
			{title: "Seconds not kept up", shape: number, width: 4, unit: "percentunit", steps: []step{{.01, warn}, {.05, bad}}, about: "Of the streams' seconds, those in which less than 0.95 s of media was decoded: slow sources, or slow machines if the load is high.",
				queries: []query{{`sum(rate(framewatch_ingest_decode_ratio_bucket{$,le="0.95"}[$__rate_interval])) / sum(rate(framewatch_ingest_decode_ratio_count{$}[$__rate_interval]))`, "short"}}},
		}},
		{title: "What is lost?", panels: []panel{
			{title: "Streams by state", shape: stacked, width: 8, unit: "none", about: "Down is the source's, fault is ours.",
				queries: []query{{`sum by (state) (framewatch_ingest_streams{$})`, "{{state}}"}}},
			{title: "Heartbeats late", width: 8, unit: "s", steps: []step{{1, warn}, {5, bad}}, about: "How much more than a second lies between two StreamSeconds of a stream. After 5 s a stream counts as not monitored.",
				queries: quantiles("framewatch_ingest_heartbeat_late_seconds")},
			{title: "Measurements dropped or failed", width: 8, unit: "cps", steps: []step{{1, warn}}, about: "They never reach the log; the seconds are unknown to the rules. The brokers are slow or away: see the Kafka dashboard.",
				queries: []query{{`sum by (instance) (rate(framewatch_ingest_dropped_records_total{$}[$__rate_interval]))`, "{{instance}} dropped"},
					{`sum by (outcome) (rate(framewatch_kafka_live_records_total{$,outcome!="written"}[$__rate_interval]))`, "{{outcome}} at the log"}}},
			{title: "Workers begun anew", width: 8, unit: "none", about: "By our fault. One stream again and again: its log line names it, StreamSecond's reason says why.",
				queries: []query{{`sum by (reason) (increase(framewatch_ingest_worker_restarts_total{$}[$__rate_interval]))`, "{{reason}}"}, {`sum(increase(framewatch_ingest_quarantines_total{$}[$__rate_interval]))`, "put to rest"}}},
			{title: "Sources tried again", width: 8, unit: "cpm", about: "They ended or gave nothing. Many at once: the network, or an origin that they share.",
				queries: []query{{`60 * sum by (instance) (rate(framewatch_ingest_reconnects_total{$}[$__rate_interval]))`, "{{instance}}"}}},
			{title: "Evidence", width: 8, unit: "cpm", about: "Clips of defects, by what became of them. Failed: the store does not take them. Skipped: there were more at once than it keeps.",
				queries: []query{{`60 * sum by (outcome) (rate(framewatch_evidence_defects_total{$}[$__rate_interval]))`, "{{outcome}}"}}},
		}},
		{title: "How are the pictures measured?", panels: []panel{
			{title: "Pictures", shape: stacked, width: 8, unit: "cps", about: "Analysed is what counts; decoded and passed are shed.",
				queries: []query{{`sum by (done) (rate(framewatch_ingest_frames_total{$}[$__rate_interval]))`, "{{done}}"}}},
			{title: "Behind the sources", width: 8, unit: "s", steps: []step{{1, warn}}, about: "How far at least half of a machine's workers are behind. It sheds load until this is gone.",
				queries: []query{{`max by (instance) (framewatch_ingest_lag_seconds{$})`, "{{instance}}"}}},
			{title: "Received", width: 8, unit: "Bps", about: "From all sources.", queries: []query{{`sum by (instance) (rate(framewatch_ingest_received_bytes_total{$}[$__rate_interval]))`, "{{instance}}"}}},
		}},
		{title: "Machine $instance", repeat: "instance", panels: []panel{
			{title: "Streams", shape: stacked, width: 6, unit: "none", about: "Of this machine, by state.", queries: []query{{`sum by (state) (framewatch_ingest_streams{$,instance=~"$instance"})`, "{{state}}"}}},
			{title: "Processors", width: 6, unit: "none", about: "Processors in use: by the workers, and by the process that watches over them.",
				queries: []query{{`rate(framewatch_ingest_worker_cpu_seconds_total{$,instance=~"$instance"}[$__rate_interval])`, "workers"}, {`rate(process_cpu_seconds_total{$,instance=~"$instance"}[$__rate_interval])`, "supervisor"}}},
			{title: "Shedding", width: 6, unit: "none", most: 4, steps: []step{{1, warn}}, about: "Steps, 0 to 4.", queries: []query{{`framewatch_ingest_shedding_step{$,instance=~"$instance"}`, "step"}}},
			{title: "Kept for evidence", shape: stacked, width: 6, unit: "bytes", about: "Bounded by the configuration; the supervisor's whole memory beside it.",
				queries: []query{{`framewatch_evidence_packet_bytes{$,instance=~"$instance"}`, "packets"}, {`framewatch_ingest_picture_bytes{$,instance=~"$instance"}`, "pictures"}}},
		}},
	},
}
