"""Prints each event of Framewatch's topic of defects as one line of JSON, once its transaction is committed."""

import argparse
import base64
import io
import json
import signal
import sys
import urllib.error
import urllib.request

import fastavro
from confluent_kafka import Consumer, KafkaException

FIELDS = ("id", "revision", "state", "stream", "labels", "kind", "part", "severity", "onset", "end", "value", "unit", "reason", "summary")


class Registry:
    """Decodes values by the schemas that they were written with."""

    def __init__(self, url, user, password_file):
        self.url, self.headers, self.known = url.rstrip("/"), {}, {}
        if user:
            with open(password_file, encoding="utf-8") as file:
                pair = user + ":" + file.read().strip()
            self.headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()

    def decode(self, value):
        """Reads a value in Confluent's wire format: a zero byte, the schema's id in four bytes, Avro."""
        if value is None or len(value) < 5 or value[0] != 0:
            raise ValueError("the value is not in Confluent's wire format")
        number = int.from_bytes(value[1:5], "big")
        source, schema = io.BytesIO(value[5:]), self.schema(number)
        try:
            record = fastavro.schemaless_reader(source, schema, None)
        except (EOFError, IndexError, UnicodeDecodeError, ValueError) as error:
            raise ValueError(f"decode with schema id {number}: {error!r}") from error
        if source.read(1):
            raise ValueError(f"decode with schema id {number}: bytes are left over")
        return record

    def schema(self, number):
        """Asks the registry once for each id."""
        if number not in self.known:
            request = urllib.request.Request(f"{self.url}/schemas/ids/{number}", headers=self.headers)
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    text = json.load(answer)["schema"]
            except urllib.error.HTTPError as error:
                if error.code == 404:
                    raise LookupError(f"schema id {number}: unknown to the registry at {self.url}") from error
                raise LookupError(f"schema id {number}: ask the registry: {error}") from error
            except OSError as error:
                raise LookupError(f"schema id {number}: ask the registry: {error}") from error
            self.known[number] = fastavro.parse_schema(json.loads(text))
        return self.known[number]


def event(message, registry):
    """What is printed of a record. Fields that are not named here are passed over."""
    headers = {name: value.decode() for name, value in message.headers() or []}
    line = {"partition": message.partition(), "offset": message.offset(), "ce_id": headers.get("ce_id", ""), "ce_type": headers.get("ce_type", "")}
    record = registry.decode(message.value())
    return line | {name: record[name] for name in FIELDS}


def follow(consumer, registry):
    """Prints what is committed on the topic until we are asked to end."""
    asked = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.append(True))
    while not asked:
        for message in consumer.consume(num_messages=500, timeout=0.5):
            if message.error():
                raise KafkaException(message.error())
            try:
                line = event(message, registry)
            except (LookupError, ValueError) as error:
                sys.exit(f"{message.topic()}/{message.partition()} at offset {message.offset()}: {error}")
            print(json.dumps(line, ensure_ascii=False), flush=True)
            # What is stored here is committed in the background, and when the consumer closes.
            consumer.store_offsets(message)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--brokers", default="127.0.0.1:9392", help="brokers, host:port, comma-separated")
    parser.add_argument("--topic", default="framewatch.defects", help="topic of defects")
    parser.add_argument("--group", default="defects-python", help="consumer group, which remembers what was printed")
    parser.add_argument("--registry", default="http://127.0.0.1:8080", help="URL of the Schema Registry, or of Framewatch's console")
    parser.add_argument("--registry-user", default="", help="user of the registry; empty: none")
    parser.add_argument("--registry-password-file", default="", help="file that holds the user's password")
    options = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    consumer = Consumer({
        "bootstrap.servers": options.brokers,
        "group.id": options.group,
        # The contract: what is not committed, or was aborted, is not for us.
        "isolation.level": "read_committed",
        # A group that was never seen begins with the oldest event.
        "auto.offset.reset": "earliest",
        # An event is committed when it has been printed.
        "enable.auto.offset.store": False,
        "log_level": 4,  # warnings and worse
    })
    try:
        consumer.subscribe([options.topic])
        follow(consumer, Registry(options.registry, options.registry_user, options.registry_password_file))
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
