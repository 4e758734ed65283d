"""Prints some figures of each stream in an export of Framewatch's features as Parquet: where work with such data begins."""

import argparse
import pathlib
import sys

import duckdb

# What a column means and its unit stands in each file, as Parquet's key-value metadata under framewatch.docs:
#   SELECT decode(value) FROM parquet_kv_metadata('FILE') WHERE decode(key) = 'framewatch.docs'
FIGURES = """
    WITH frame AS (
        SELECT stream_id,
               count(*) AS frames,
               -- session + "at" is the instant that a picture is about, in microseconds; the last one lasts as long as the others.
               round((max(session + "at") - min(session + "at")) / 1e6 * count(*) / greatest(count(*) - 1, 1), 3) AS seconds,
               round(avg(luma_mean) / 256, 3) AS luma,
               round(count(*) FILTER (difference_previous = 0) / count(*), 3) AS frozen,
               round(count(*) FILTER (decode_ancestors > 0) / count(*), 3) AS tainted
        FROM read_parquet($frames, hive_partitioning = true, union_by_name = true)
        GROUP BY stream_id
    ), second AS (
        SELECT stream_id, round(count(*) FILTER (state = 'up') / count(*), 3) AS up
        FROM read_parquet($seconds, hive_partitioning = true, union_by_name = true)
        GROUP BY stream_id
    )
    SELECT stream_id, frames, seconds, luma, frozen, tainted, up FROM frame LEFT JOIN second USING (stream_id) ORDER BY stream_id
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path, help="made by: framewatch export features --format parquet -o DIRECTORY")
    parser.add_argument("--json", action="store_true", help="one JSON object a line and stream instead of a table")
    options = parser.parse_args()
    if not (options.directory / "_manifest.json").exists():
        sys.exit(f"{options.directory} holds no whole export: run `framewatch export` again with the same options")
    files = {name: f"{options.directory}/kind={kind}/**/*.parquet" for name, kind in {"frames": "video_frame", "seconds": "stream_second"}.items()}
    figures = duckdb.execute(FIGURES, files).df()
    if options.json:
        print(figures.to_json(orient="records", lines=True), end="")
    else:
        print(figures.to_string(index=False))


if __name__ == "__main__":
    main()
