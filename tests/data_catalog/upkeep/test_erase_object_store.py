"""Erasing in an object store: nothing is left in the bucket's objects."""

import boto3
import pytest

from data_catalog import Catalog
from data_catalog.upkeep.erase import erase
from tests.erasable import Footage, compare
from tests.object_store import object_store

pytestmark = pytest.mark.integration
ANN, BEA = ("a1" * 16), ("be" * 16)


@pytest.fixture
def options():
    with object_store("erasure") as options:
        yield options


def test_nothing_of_an_erased_avatar_is_in_the_bucket(options):
    keys = {name: options[name] for name in ("aws_access_key_id", "aws_secret_access_key")}
    catalog = Catalog("s3://erasure/tables", options)
    ann, bea = Footage(catalog, "ann", ANN).write(), Footage(catalog, "bea", BEA).write()
    compare(ann, ann)
    bucket = boto3.client("s3", endpoint_url=options["aws_endpoint"], region_name="us-east-1", **keys)

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
