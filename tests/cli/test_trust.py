"""Whose settings and states are used, as a person meets it."""

from __future__ import annotations

import os

import pytest

from tests.servers import BUCKET

root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")


@root
def test_a_project_of_another_user(mason, project):
    os.chown(project / "mason.yaml", 4242, 4242)
    refused = mason("plan")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith(f"Error: {project}/mason.yaml belongs to 4242, so it is not used: ")
    assert refused.err.endswith(f"mason trust {project}\n")
    assert mason("trust", str(project)).code == 0
    assert mason("trust").out == f"{project}\n"
    assert mason("plan").code == 0


@root
def test_a_state_of_another_user(mason, project):
    assert mason("apply", "-y").code == 0
    os.chown(project / "state", 4242, 4242)
    for command in (("plan",), ("get", "all"), ("apply", "-y"), ("state", "list")):
        refused = mason(*command)
        assert (refused.code, refused.out) == (1, "")
        assert refused.err.startswith(f"Error: {project}/state belongs to 4242, so it is not used: ")
    assert mason("trust", str(project / "state")).code == 0
    assert mason("plan").out == "No changes.\n"


def test_nothing_is_trusted_but_what_is_yours(mason, project):
    assert mason("trust").out == "Nothing is trusted but what is yours.\n"


def test_an_endpoint_sends_no_secret_to_a_host(mason, project):
    told = "endpoint_url has a reference in its host or path. Write them out, or {{NAME}} for the whole URL."
    for endpoint in (
        "https://{{AWS_SECRET_ACCESS_KEY}}.example.com",
        "https://example.com/{{AWS_SECRET_ACCESS_KEY}}",
        "https://example.com:{{PORT}}",
    ):
        (project / "mason.yaml").write_text(f"state: {{url: 's3://bucket/team', endpoint_url: '{endpoint}'}}\n")
        refused = mason("plan")
        assert refused.err == f"Error: The state's URL s3://... cannot be used: {told}\n"


def test_a_state_elsewhere_is_told_when_it_is_met_first(mason, project, moto, aws, prefix):
    url = moto.url(BUCKET, prefix)
    (project / "mason.yaml").write_text(f"name: flights\nstate: '{url}'\n")
    first = mason("plan")
    named = f", which {project}/mason.yaml names, is used from this machine for the first time.\n"
    assert first.err.startswith(f"The state s3://{BUCKET}/{prefix}?endpoint_url={moto.endpoint}")
    assert first.err.endswith(named)
    assert "for the first time" not in mason("plan").err
