"""Erasing in an object store: nothing is left in the bucket's objects."""

import urllib.request

import boto3
import pytest
from moto.server import ThreadedMotoServer

from data_catalog import Catalog
from data_catalog.upkeep.erase import erase
from tests.erasable import Footage, compare

pytestmark = pytest.mark.integration
ANN, BEA = ("a1" * 16), ("be" * 16)


@pytest.fixture
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    bucket = urllib.request.Request(f"http://{host}:{port}/erasure", method="PUT")
    urllib.request.urlopen(bucket).close()
    yield f"http://{host}:{port}"
    server.stop()


def test_nothing_of_an_erased_avatar_is_in_the_bucket(endpoint):
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    options = keys | {"aws_endpoint": endpoint, "aws_region": "us-east-1", "allow_http": "true"}
    catalog = Catalog("s3://erasure/tables", options)
    ann, bea = Footage(catalog, "ann", ANN).write(), Footage(catalog, "bea", BEA).write()
    compare(ann, ann)
    bucket = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)

    def found(footage: Footage) -> set[str]:
        objects = bucket.get_paginator("list_objects_v2").paginate(Bucket="erasure")
        names = [entry["Key"] for page in objects for entry in page["Contents"]]
        data = b"".join(bucket.get_object(Bucket="erasure", Key=name)["Body"].read() for name in names)
        return {name for name, secret in footage.secrets.items() if secret[:64] in data}

    assert found(ann) == set(ann.secrets)
    done = erase(catalog, "ann", [ANN])
    assert found(ann) == set()
    assert found(bea) == set(bea.secrets)
    assert done.bytes > 400_000
