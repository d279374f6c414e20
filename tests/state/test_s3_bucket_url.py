"""What an s3:// URL says, and what is refused of it."""

import pytest

from mason.errors import StateError
from mason.state.s3.bucket_url import address_of


@pytest.mark.parametrize(
    ("url", "bucket", "prefix", "again"),
    [
        ("s3://bucket", "bucket", "", "s3://bucket"),
        ("s3://bucket/", "bucket", "", "s3://bucket"),
        ("s3://bucket/team/state/", "bucket", "team/state/", "s3://bucket/team/state"),
        ("s3://bucket/a%20b%3F", "bucket", "a b?/", "s3://bucket/a%20b%3F"),
        ("s3://bucket/a#b", "bucket", "a#b/", "s3://bucket/a%23b"),
        (
            "s3://bucket/team?region=eu-west-1&endpoint_url=http%3A%2F%2Flocalhost:9000",
            "bucket",
            "team/",
            "s3://bucket/team?endpoint_url=http://localhost:9000&region=eu-west-1",
        ),
        (
            "s3://bucket?secret_key={{A}}&access_key={{B}}",
            "bucket",
            "",
            "s3://bucket?access_key={{B}}&secret_key={{A}}",
        ),
    ],
)
def test_addresses(url, bucket, prefix, again):
    address = address_of(url)
    assert (address.bucket, address.prefix, address.url) == (bucket, prefix, again)
    assert address_of(address.url) == address


def test_what_holds_without_options():
    address = address_of("s3://bucket/team")
    assert (address.lease, address.timeout, dict(address.options)) == (60, 20, {})
    assert [address_of(f"s3://bucket?lease={lease}").timeout for lease in (3, 30)] == [5, 10]
    assert address.named("state.json") == "s3://bucket/team/state.json"


@pytest.mark.parametrize(
    ("url", "faults"),
    [
        ("s3://", ["it names no bucket. Write s3://bucket/prefix."]),
        ("s3:///prefix", ["it names no bucket. Write s3://bucket/prefix."]),
        ("s3://[bucket/prefix", ["it is no URL. Write s3://bucket/prefix."]),
        *(
            (
                f"s3://bucket/x?endpoint_url={endpoint}",
                ["endpoint_url is no URL of a store. Write https://HOST or http://HOST:PORT."],
            )
            for endpoint in ("minio", "minio:9000", "http://", "http://[x", "http://host:port", "ftp://host")
        ),
        ("s3://bucket/a//b", ["its prefix has an empty part, '.' or '..'. Write s3://bucket/prefix."]),
        ("s3://bucket/../b", ["its prefix has an empty part, '.' or '..'. Write s3://bucket/prefix."]),
        ("s3://bucket/a%00b", ["its prefix holds control characters."]),
        (
            "s3://bucket/x?endpoint_url=https://someone:secret@host",
            ["endpoint_url holds credentials, which would be printed and stored with it. Leave them out."],
        ),
        (
            "s3://AKIA:canary@bucket/team",
            [
                "it holds credentials, which would be printed and stored with it. Leave them to the environment "
                "(AWS_PROFILE, AWS_ACCESS_KEY_ID, ...), or write ?access_key={{NAME}}&secret_key={{NAME}}."
            ],
        ),
        (
            "s3://bucket?access_key=AKIA&secret_key=canary",
            [
                "access_key holds a value that belongs nowhere but into the environment: use {{NAME}}.",
                "secret_key holds a value that belongs nowhere but into the environment: use {{NAME}}.",
            ],
        ),
        ("s3://bucket?access_key={{A}}", ["access_key and secret_key go together."]),
        ("s3://bucket?session_token={{A}}", ["session_token goes with access_key and secret_key."]),
        ("s3://bucket?kms_key_id=a", ["kms_key_id and bucket_key go with encryption=aws:kms."]),
        (
            "s3://bucket?encryption=AES256&bucket_key=yes",
            [
                "bucket_key is 'yes'; it can be true, false.",
                "kms_key_id and bucket_key go with encryption=aws:kms.",
            ],
        ),
        ("s3://bucket?encryption=rot13", ["encryption is 'rot13'; it can be AES256, aws:kms, aws:kms:dsse."]),
        ("s3://bucket?lease=0.1", ["lease is '0.1'; it can be a number of seconds from 0.5 to 3600."]),
        ("s3://bucket?timeout=soon", ["timeout is 'soon'; it can be a number of seconds from 0.5 to 3600."]),
        ("s3://bucket?region=", ["region is empty. Write something, or leave it out."]),
        ("s3://bucket?region=a&region=b", ["an option is given twice. Keep one of them."]),
        ("s3://bucket?endpoint=x", ["unknown option 'endpoint' (did you mean 'endpoint_url'?)."]),
    ],
)
def test_refusals(url, faults):
    """All faults at once, and never the URL itself."""
    with pytest.raises(StateError) as caught:
        address_of(url)
    assert str(caught.value).splitlines() == [f"The state's URL s3://... cannot be used: {fault}" for fault in faults]
    assert "canary" not in str(caught.value)
