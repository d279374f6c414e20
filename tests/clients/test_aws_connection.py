"""The connection that all clients of AWS share, against moto's server."""

from __future__ import annotations

import pytest

from mason import secrets
from mason.clients._aws.connecting import Connection
from mason.clients._aws.denials import Asked, code_of, meaning_of
from mason.errors import (
    AccessDeniedError,
    ConflictError,
    EngineError,
    MasonError,
    NotFoundError,
    SettingsError,
    TransientEngineError,
)
from tests.servers import ACCESS_KEY, BUCKET, SECRET_KEY
from tests.state.faults import BUSY, DENIED

READ = Asked("read s3://b/k", "s3:GetObject", "arn:aws:s3:::b/k")
LIST = Asked(f"list {BUCKET}", "s3:ListBucket", f"arn:aws:s3:::{BUCKET}")


@pytest.fixture
def connection(moto, aws):
    made = Connection({"endpoint_url": moto.endpoint}, client="s3")
    yield made
    made.close()


def test_services_are_made_once_and_answer(connection):
    assert connection.service("s3") is connection.service("s3")
    assert connection.call("s3", "head_bucket", LIST, Bucket=BUCKET)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert (connection.region, connection.partition) == ("us-east-1", "aws")


def test_credentials_come_from_the_configuration_or_the_environment(connection, moto):
    assert connection.account.credentials() == (ACCESS_KEY, SECRET_KEY, "")
    given = {
        "endpoint_url": moto.endpoint,
        "access_key": "ours",
        "secret_key": "theirs",
        "session_token": "lent",
    }
    assert Connection(given, client="s3").account.credentials() == ("ours", "theirs", "lent")


def test_a_role_is_taken_over_and_its_keys_are_never_shown(moto, aws):
    given = {"endpoint_url": moto.endpoint, "aws_role_arn": "arn:aws:iam::123456789012:role/reader"}
    connection = Connection(given, client="s3")
    connection.call("s3", "head_bucket", LIST, Bucket=BUCKET)
    found = connection.account.credentials()
    assert found is not None
    assert found[0] != ACCESS_KEY
    assert secrets.scrub(f"{found[1]} {found[2]}") == "REDACTED REDACTED"


def test_found_credentials_are_never_shown(connection):
    connection.call("s3", "head_bucket", LIST, Bucket=BUCKET)
    assert secrets.scrub(f"signed with {SECRET_KEY}") == "signed with REDACTED"


def test_a_missing_profile_one_half_of_a_key_and_no_url_are_said(aws):
    for given, told in (
        ({"profile": "nobody"}, "Client s3 cannot connect: The config profile (nobody) could not be found. Check its"),
        ({"access_key": "ours"}, "Client s3 has one of access_key and secret_key. Give both, or neither."),
        ({"endpoint_url": "http://user:pass@"}, "Client s3 cannot connect: its endpoint is no URL."),
    ):
        with pytest.raises(SettingsError) as raised:
            Connection(given, client="s3").service("s3")
        assert str(raised.value).startswith(told)


def test_no_region_is_said(aws, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(SettingsError, match=r"Client glue has no region\. Set aws_region in its configuration"):
        Connection({}, client="glue").service("glue")


def test_no_credentials_says_where_they_were_looked_for(moto, aws, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    connection = Connection({"endpoint_url": moto.endpoint}, client="s3")
    with pytest.raises(AccessDeniedError) as raised:
        connection.call("s3", "get_object", READ, Bucket="b", Key="k")
    assert str(raised.value) == (
        "Client s3 cannot read s3://b/k: there are no credentials. Looked for in: access_key and secret_key of client "
        "s3, AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE, the profile default (keys, SSO, role) in "
        "~/.aws/credentials and ~/.aws/config, and the metadata of the container or machine."
    )


def test_denied_says_the_statement_that_would_allow_it(proxy, aws):
    connection = Connection({"endpoint_url": proxy.endpoint}, client="s3")
    proxy.fail("GET", "/k", DENIED)
    with pytest.raises(AccessDeniedError) as raised:
        connection.call("s3", "get_object", READ, Bucket=BUCKET, Key="k")
    assert str(raised.value) == (
        "Client s3 cannot read s3://b/k: access is denied (AccessDenied: As planned). This statement in a policy would "
        'allow it: {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/k"}'
    )


def test_what_is_throttled_is_asked_again(proxy, aws):
    connection = Connection({"endpoint_url": proxy.endpoint}, client="s3")
    proxy.fail("HEAD", f"/{BUCKET}", BUSY)
    connection.call("s3", "head_bucket", LIST, Bucket=BUCKET)
    assert [status for _, _, status in proxy.asked("HEAD")] == [503, 200]


@pytest.mark.parametrize(
    ("status", "code", "kind", "told"),
    [
        (400, "ThrottlingException", TransientEngineError, "the service has too much to do (ThrottlingException: why)"),
        (503, "SlowDown", TransientEngineError, "the service has too much to do (SlowDown: why). Try again later."),
        (409, "ConditionalRequestConflict", TransientEngineError, "too much to do (ConditionalRequestConflict: why)"),
        (500, "InternalError", TransientEngineError, "the service failed (InternalError: why). Try again later."),
        (400, "ExpiredToken", AccessDeniedError, "the credentials have run out (ExpiredToken: why). Renew them: aws"),
        (403, "InvalidAccessKeyId", AccessDeniedError, "does not accept the credentials (InvalidAccessKeyId: why)"),
        (301, "PermanentRedirect", EngineError, "it is in another region than us-east-1 (PermanentRedirect: why). Set"),
        (400, "EntityNotFoundException", NotFoundError, "it is not there (EntityNotFoundException: why)."),
        (400, "AlreadyExistsException", ConflictError, "Client glue cannot make it: AlreadyExistsException: why."),
        (400, "CrawlerRunningException", ConflictError, "Client glue cannot make it: CrawlerRunningException: why."),
        (412, "PreconditionFailed", ConflictError, "Client glue cannot make it: PreconditionFailed: why."),
        (400, "ValidationException", EngineError, "the service answered ValidationException: why."),
    ],
)
def test_answers_mean(aws, status, code, kind, told):
    from botocore.exceptions import ClientError

    answer = {"Error": {"Code": code, "Message": "why."}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = ClientError(answer, "CreateTable")
    found = meaning_of(error, Asked("make it", "glue:CreateTable", "*"), Connection({}, client="glue"))
    assert type(found) is kind
    assert told in str(found)
    assert code_of(error) == code


def test_the_action_and_resource_that_the_service_names_win(aws):
    from botocore.exceptions import ClientError

    said = (
        "User: arn:aws:iam::1:user/x is not authorized to perform: glue:GetDatabase on resource: arn:aws:glue:r:1:db/a "
    )
    answer = {"Error": {"Code": "AccessDeniedException", "Message": said + "because no policy allows it"}}
    found = meaning_of(
        ClientError(answer, "GetTable"), Asked("read it", "glue:GetTable", "*"), Connection({}, client="g")
    )
    assert isinstance(found, AccessDeniedError)
    assert str(found).endswith('{"Effect": "Allow", "Action": "glue:GetDatabase", "Resource": "arn:aws:glue:r:1:db/a"}')


def test_a_missing_bucket_a_closed_port_and_bad_arguments(connection, aws):
    for kind, where, arguments in (
        (NotFoundError, connection, {"Bucket": "no-such-bucket", "Key": "k"}),
        (EngineError, connection, {"Bucket": "x" * 300, "Key": "k"}),
        (EngineError, connection, {"Bucket": BUCKET, "Key": ""}),
    ):
        with pytest.raises(MasonError) as raised:
            where.call("s3", "get_object", READ, **arguments)
        assert type(raised.value) is kind
        assert str(raised.value).startswith("Client s3 cannot read s3://b/k: ")
