"""Talking to the object store: a client by environment, and the lake's bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def client(environment: Mapping[str, str]) -> Any:
    """A boto3 client of the object store that `environment` names."""
    import boto3
    from botocore.config import Config

    once = {"total_max_attempts": 1}
    quick = Config(connect_timeout=2, read_timeout=20, retries=once, s3={"addressing_style": "path"})
    return boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL_S3"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_REGION"],
        config=quick,
    )


def create_bucket(environment: Mapping[str, str]) -> None:
    """Create the lake's bucket when it is missing."""
    s3, name = client(environment), environment["ECOMPULSE_LAKE_BUCKET"]
    if name not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=name)
