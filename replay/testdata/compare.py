"""Compares exports of the same records as NDJSON, Avro and Parquet, field by field, and reads the Parquet as data teams do. Arguments: the
directories, in that order. Prints what was found as JSON."""

import json
import pathlib
import sys

import duckdb
import fastavro
import pandas
import pyarrow.dataset
import pyarrow.parquet

PRIMITIVE = {"boolean", "int", "long", "float", "double", "bytes", "string", "array", "map"}


def plain(value):
    """Takes the names of branches out of Avro's JSON encoding."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (name, inner), = value.items()
        if name in PRIMITIVE or name.startswith("framewatch."):
            return plain(inner)
    return {name: plain(inner) for name, inner in value.items()}


def text(value):
    """Writes bytes as Avro's JSON encoding does."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {name: text(inner) for name, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return {name: text(inner) for name, inner in value}
    if isinstance(value, list):
        return [text(item) for item in value]
    return value


def is_map(value):
    return all(name.startswith("key ") for name in value)


def flat(record, prefix=""):
    """Makes columns of a record's fields, as Parquet has them; what is null is left out."""
    columns = {}
    for name, value in record.items():
        if isinstance(value, dict) and not is_map(value):
            columns |= flat(value, prefix + name + "_")
        elif value is not None:
            columns[prefix + name] = value
    return columns


def lines(directory):
    """Reads NDJSON: place to key, kind and record."""
    records = {}
    for file in pathlib.Path(directory).rglob("*.ndjson"):
        for line in file.read_text(encoding="utf-8").splitlines():
            line = json.loads(line)
            if line["value"] is not None:
                (kind, _), = line["value"].items()
                records[line["partition"], line["offset"]] = (line.get("key"), kind, plain(line["value"]))
    return records


def differ(where, got, want):
    if got != want:
        sys.exit(f"{where}: got\n{got}\nwant\n{want}")


def compare_avro(directory, want):
    compared = 0
    for file in pathlib.Path(directory).rglob("*.avro"):
        with file.open("rb") as source:
            for row in fastavro.reader(source, return_record_name=True, return_record_name_override=True):
                kind, value = row["value"]
                differ((file, row["offset"]), (row["key"], kind, text(value)), want[row["partition"], row["offset"]])
                compared += 1
    return compared


def compare_parquet(directory, want):
    compared = 0
    for file in pathlib.Path(directory).rglob("*.parquet"):
        table = pyarrow.parquet.ParquetFile(file)
        check_file(file, table)
        for row in table.read().to_pylist():
            place, key = (row.pop("kafka_partition"), row.pop("kafka_offset")), row.pop("stream_id")
            row.pop("written")
            got = {name: text(value) for name, value in row.items() if value is not None}
            for name, value in got.items():
                if value == [] and want_map(want[place][2], name):
                    got[name] = {}
            wanted_key, kind, record = want[place]
            differ((file, place), (key, got), (wanted_key, flat(record)))
            differ((file, place), kind.removeprefix("framewatch.").lower(), next(p for p in file.parts if p.startswith("kind="))[5:].replace("_", ""))
            compared += 1
    return compared


def want_map(record, name):
    return flat(record).get(name) == {}


def check_file(file, table):
    """Looks at what a reader finds out of a file by itself."""
    differ(file, table.num_row_groups, 4)
    column = table.metadata.row_group(0).column(0)
    differ(file, (column.path_in_schema, column.compression, "RLE_DICTIONARY" in column.encodings), ("stream_id", "ZSTD", True))
    about = {name.decode(): value.decode() for name, value in table.metadata.metadata.items() if name.startswith(b"framewatch.")}
    differ(file, sorted(about), ["framewatch.docs", "framewatch.schema", "framewatch.schema_id", "framewatch.topic", "framewatch.writer_schema_ids"])
    differ(file, about["framewatch.writer_schema_ids"], about["framewatch.schema_id"])
    docs = json.loads(about["framewatch.docs"])
    if "kind=video_frame" in file.parts:
        differ(file, docs["luma_mean"], "Mean luma in 1/256 level.")


def sums(directory):
    """Sums up two columns in three ways."""
    frames = f"{directory}/kind=video_frame"
    query = "SELECT sum(seq >> 32), sum(luma_mean) FROM read_parquet(?, hive_partitioning = true) WHERE kind = 'video_frame' AND date IS NOT NULL"
    found = {}
    found["duckdb seq"], found["duckdb luma_mean"] = duckdb.execute(query, [frames + "/**/*.parquet"]).fetchone()
    frame = pandas.read_parquet(frames)
    differ("pandas", str(frame["seq"].dtype), "int64")
    found["pandas seq"], found["pandas luma_mean"] = (frame["seq"] // 2**32).sum(), frame["luma_mean"].sum()
    arrow = pyarrow.dataset.dataset(frames, format="parquet", partitioning="hive").to_table(columns=["seq", "luma_mean"])
    found["pyarrow seq"] = sum(value // 2**32 for value in arrow["seq"].to_pylist())
    found["pyarrow luma_mean"] = sum(value or 0 for value in arrow["luma_mean"].to_pylist())
    return {name: int(value) for name, value in found.items()}


def main():
    ndjson, avro, parquet = sys.argv[1:]
    want = lines(ndjson)
    compared = compare_avro(avro, want) + compare_parquet(parquet, want)
    query = "SELECT kind, count(*) FROM read_parquet(?, hive_partitioning = true, union_by_name = true) GROUP BY kind"
    rows = {f"kind={kind}": count for kind, count in duckdb.execute(query, [parquet + "/**/*.parquet"]).fetchall()}
    print(json.dumps({"compared": compared, "rows": rows, "sums": sums(parquet)}))


main()
