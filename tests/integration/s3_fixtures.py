"""A server of S3 for the tests, with users and rights, behind a way that can be shut.

A test module that wants these fixtures says `pytest_plugins = ["s3_fixtures"]`.
"""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass

import boto3
import pytest
import s3fs
from tcp_proxy import Proxy

BUCKET = "archives"
REGION = "us-east-1"
ALL_OF_S3 = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
)


@dataclass
class Bucket:
    """A bucket, what it takes to reach it, and the way there."""

    url: str
    key: str
    secret: str
    proxy: Proxy

    @property
    def address(self):
        """Where archives go in it."""
        return f"s3://{BUCKET}/folder"

    @property
    def http_address(self):
        """The same for who speaks HTTP with it."""
        return f"{self.url}/{BUCKET}/folder"

    @property
    def client(self):
        """A client of another library, past the way that can be shut."""
        names = {"aws_access_key_id": self.key, "aws_secret_access_key": self.secret}
        return boto3.client("s3", endpoint_url=self.url, region_name=REGION, **names)

    def allow(self, monkeypatch, secret):
        """Give this process credentials, as its environment does when it starts."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", self.key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        s3fs.S3FileSystem.clear_instance_cache()

    def objects(self):
        """{name: size} of all objects."""
        found = self.client.list_objects_v2(Bucket=BUCKET).get("Contents", ())
        return {each["Key"].removeprefix("folder/"): each["Size"] for each in found}

    def unfinished(self):
        """Uploads that were neither completed nor given up."""
        return self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@pytest.fixture(scope="session")
def s3_server():
    """URL of a server of S3 that asks nobody who he is."""
    port = _free_port()
    options = ["-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(
        [sys.executable, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _attempt in range(300):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def bucket(s3_server, monkeypatch):
    """An empty bucket, for which this process has the right credentials."""
    _post(s3_server, "/moto-api/reset")
    _post(s3_server, "/moto-api/reset-auth", b"1000000")
    anybody = {
        "endpoint_url": s3_server,
        "region_name": REGION,
        "aws_access_key_id": "anybody",
        "aws_secret_access_key": "anything",
    }
    users = boto3.client("iam", **anybody)
    users.create_user(UserName="archive")
    users.put_user_policy(
        UserName="archive", PolicyName="all", PolicyDocument=ALL_OF_S3
    )
    made = users.create_access_key(UserName="archive")["AccessKey"]
    boto3.client("s3", **anybody).create_bucket(Bucket=BUCKET)
    # From now on all requests are checked.
    _post(s3_server, "/moto-api/reset-auth", b"0")
    proxy = Proxy(("127.0.0.1", int(s3_server.rsplit(":", 1)[1])))
    found = Bucket(s3_server, made["AccessKeyId"], made["SecretAccessKey"], proxy)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    # Or each request to a server that is away is tried for half a minute.
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    found.allow(monkeypatch, found.secret)
    yield found
    proxy.close()
    s3fs.S3FileSystem.clear_instance_cache()


def _post(server, path, data=b""):
    # As a form, the server would not find what is sent.
    request = urllib.request.Request(
        server + path, data, {"Content-Type": "text/plain"}
    )
    urllib.request.urlopen(request, timeout=30).close()
