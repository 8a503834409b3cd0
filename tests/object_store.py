"""An object store on this machine."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer


@contextmanager
def object_store(*buckets: str) -> Iterator[dict[str, str]]:
    """Yields storage options for it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        for bucket in buckets:
            request = urllib.request.Request(f"http://{host}:{port}/{bucket}", method="PUT")
            urllib.request.urlopen(request).close()
        yield {
            "aws_endpoint": f"http://{host}:{port}",
            "aws_access_key_id": "key",
            "aws_secret_access_key": "secret",
            "aws_region": "us-east-1",
            "allow_http": "true",
        }
    finally:
        server.stop()
