#!/usr/bin/env bash
# pyarrow 26.0.1 with its S3FileSystem; s3fs 2026.9.0 and smart_open 9.0.2 beside it, on the S3 server of moto 5.2.5.
#
# Behaviour: a `with pq.ParquetWriter(...)` block that an exception ends publishes the object all the same, with a footer,
# as a whole and valid file of the rows so far. Readers cannot tell it from a finished one, though S3 shows no object
# before it is complete. A stream of s3fs does so too, with the bytes so far. smart_open leaves nothing, and neither does
# pyarrow's own write_dataset.
#
# Expected by most: with stores that publish an object at once, that a writer which failed publishes none. Remedy: write
# under another key and copy it when all went well, or use a writer that aborts.
#
# Seen with: pyarrow 26.0.1, s3fs 2026.9.0, smart_open 9.0.2, moto 5.2.5, Python 3.11; 2 rows of 4, then an exception.
#   ParquetWriter: 2 rows can be read
#   s3fs: 4 bytes can be read
#   smart_open: no object
#   write_dataset: no object
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    'pyarrow==26.0.1' 's3fs==2026.9.0' 'smart_open[s3]==9.0.2' 'moto[server]==5.2.5'
cd "$work"
export AWS_ACCESS_KEY_ID=anybody AWS_SECRET_ACCESS_KEY=anything AWS_DEFAULT_REGION=us-east-1
found=$("$work/venv/bin/python" - 2>"$work/log" <<'PY'
import boto3
import pyarrow as pa
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet as pq
import s3fs
import smart_open
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
url = "http://{}:{}".format(*server.get_host_and_port())
client = boto3.client("s3", endpoint_url=url)
client.create_bucket(Bucket="tables")
arrow = pyarrow.fs.S3FileSystem(endpoint_override=url, region="us-east-1")
schema = pa.schema([("id", pa.int64())])


class Failure(Exception):
    pass


def batches():
    yield pa.record_batch([[1, 2]], schema=schema)
    raise Failure


def attempt(write):
    try:
        write()
    except Failure:
        return
    raise AssertionError("nothing failed")


def by_writer():
    with pq.ParquetWriter("tables/writer.parquet", schema, filesystem=arrow) as writer:
        for batch in batches():
            writer.write_batch(batch)


def by_stream(opened):
    with opened as file:
        file.write(b"id\n1")
        raise Failure


def stored(key):
    found = client.list_objects_v2(Bucket="tables", Prefix=key).get("Contents", [])
    return f"{found[0]['Size']} bytes can be read" if found else "no object"


attempt(by_writer)
print("ParquetWriter:", pq.read_table("tables/writer.parquet", filesystem=arrow).num_rows, "rows can be read")
attempt(lambda: by_stream(s3fs.S3FileSystem(endpoint_url=url).open("tables/s3fs.csv", "wb")))
print("s3fs:", stored("s3fs.csv"))
attempt(lambda: by_stream(smart_open.open("s3://tables/smart.csv", "wb", transport_params={"client": client})))
print("smart_open:", stored("smart.csv"))
attempt(lambda: pyarrow.dataset.write_dataset(batches(), "tables/set", schema=schema, format="parquet", filesystem=arrow))
print("write_dataset:", stored("set"))
server.stop()
PY
)
echo "$found"
if [ "$found" != "ParquetWriter: 2 rows can be read
s3fs: 4 bytes can be read
smart_open: no object
write_dataset: no object" ]; then
    echo "changed: one of them behaves otherwise now" >&2
    exit 1
fi
