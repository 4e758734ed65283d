"""Reads records of the log as someone without our code would: from stdin a JSON list of {name, schema, value}, value in hexadecimal with its
header. Writes one line a record in Avro's JSON encoding to stdout."""

import io
import json
import sys

import fastavro

for record in json.load(sys.stdin):
    schema = fastavro.parse_schema(json.loads(record["schema"]))
    source = io.BytesIO(bytes.fromhex(record["value"])[5:])
    value = fastavro.schemaless_reader(source, schema)
    if source.read():
        sys.exit(record["name"] + ": bytes are left over")
    line = io.StringIO()
    fastavro.json_writer(line, schema, [value])
    print(line.getvalue().strip())
