"""Reads a topic of features from end to end and decodes every value, as a data team's first script does. Prints how many there were."""

import io
import json
import sys

import fastavro
from confluent_kafka import Consumer, TopicPartition

brokers, topic, schema_file = sys.argv[1:]
with open(schema_file, encoding="utf-8") as file:
    schema = fastavro.parse_schema(json.load(file))
consumer = Consumer({"bootstrap.servers": brokers, "group.id": "none", "enable.auto.commit": False, "isolation.level": "read_committed", "enable.partition.eof": False})
ends = {}
for number in consumer.list_topics(topic).topics[topic].partitions:
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, number))
    if high > low:
        ends[number] = high
consumer.assign([TopicPartition(topic, number, 0) for number in ends])
rows = 0
while ends:
    for message in consumer.consume(num_messages=5000, timeout=1):
        fastavro.schemaless_reader(io.BytesIO(message.value()[5:]), schema, None)
        rows += 1
        if message.offset() + 1 == ends[message.partition()]:
            del ends[message.partition()]
print(rows)
