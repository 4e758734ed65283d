package main

// kafka asks of the log as our clients see it; the brokers have metrics of their own.
var kafka = board{
	uid: "framewatch-kafka", title: "Framewatch / Kafka client",
	about: "Does the log take and give what it should, as our own clients see it?",
	rows: []row{
		{title: "Does it answer?", panels: []panel{
			{title: "Connections that fail", width: 8, unit: "cpm", steps: []step{{1, warn}}, about: "By broker. Seeds are the configured addresses. `framewatch doctor` tells why.",
				queries: []query{{`60 * sum by (node_id) (rate(framewatch_kafka_connect_errors_total{$}[$__rate_interval]))`, "{{node_id}}"}}},
			{title: "Broken off", width: 8, unit: "cpm", about: "Writes and reads that a broker did not answer.",
				queries: []query{{`60 * sum by (node_id) (rate(framewatch_kafka_write_errors_total{$}[$__rate_interval]))`, "writing to {{node_id}}"}, {`60 * sum by (node_id) (rate(framewatch_kafka_read_errors_total{$}[$__rate_interval]))`, "reading from {{node_id}}"}}},
			{title: "Waiting to be written", width: 8, unit: "none", about: "Records that producers hold. Rising: brokers are slow; then measurements are dropped.",
				queries: []query{{`sum by (instance) (framewatch_kafka_buffered_produce_records_total{$})`, "{{instance}}"}}},
			{title: "A measurement stands on the log after", width: 8, unit: "s", steps: []step{{1, warn}}, about: "From its being handed over, tries again among it.",
				queries: quantiles("framewatch_kafka_live_write_seconds")},
			{title: "Measurements at the log", width: 8, unit: "cps", about: "By outcome: dropped since too much waited already, failed after all tries.",
				queries: []query{{`sum by (outcome) (rate(framewatch_kafka_live_records_total{$}[$__rate_interval]))`, "{{outcome}}"}}},
			{title: "Dead letters", width: 8, unit: "none", steps: []step{{1, bad}}, about: "Records that nobody could read, set aside. `framewatch tap deadletter` shows them with their reasons.",
				queries: []query{{`sum by (topic) (increase(framewatch_kafka_dead_letters_total{$}[$__rate_interval]))`, "{{topic}}"}}},
		}},
		{title: "How much flows?", panels: []panel{
			{title: "Written", shape: stacked, width: 8, unit: "Bps", about: "Compressed, by topic.", queries: []query{{`sum by (topic) (rate(framewatch_kafka_produce_compressed_bytes_total{$}[$__rate_interval]))`, "{{topic}}"}}},
			{title: "Read", shape: stacked, width: 8, unit: "Bps", about: "Compressed, by topic, over all that read it.", queries: []query{{`sum by (topic) (rate(framewatch_kafka_fetch_compressed_bytes_total{$}[$__rate_interval]))`, "{{topic}}"}}},
			{title: "Records a batch", width: 8, unit: "none", about: "Few: requests cost more than what they carry.",
				queries: []query{{`sum by (topic) (rate(framewatch_kafka_produce_records_total{$}[$__rate_interval])) / sum by (topic) (rate(framewatch_kafka_produce_batches_total{$}[$__rate_interval]))`, "{{topic}}"}}},
		}},
	},
}
