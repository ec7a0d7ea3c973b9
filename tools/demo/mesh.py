"""The App Mesh API through boto3, and the example mesh."""
import json
import pathlib
import re

import boto3
import botocore.config

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "watches"
REGION = "us-east-1"
# Of a control plane that is not told another.
ACCOUNT = "000000000000"
# Any will do where the control plane checks no signatures (--insecure-no-auth).
ANY_KEY = {"AccessKeyId": "demo", "SecretAccessKey": "demo"}
_KINDS = "mesh|virtual-node|virtual-router|virtual-service|virtual-gateway|gateway-route|route"
_FILE = re.compile(rf"^\d\d-(create-(?:{_KINDS}))")


def connect(endpoint_url, key, attempts=1, **more):
    """A boto3 client with `key`, as `chancery keys create` prints it, that tries each call `attempts` times. `more` goes
    to boto3."""
    config = botocore.config.Config(retries={"total_max_attempts": attempts, "mode": "standard"},
                                    connect_timeout=10, read_timeout=30)
    given = {"region_name": REGION, "aws_access_key_id": key["AccessKeyId"],
             "aws_secret_access_key": key["SecretAccessKey"], **more}
    return boto3.client("appmesh", endpoint_url=endpoint_url, config=config, **given)


def transaction_of(response):
    """The transaction number of an answered mutation."""
    return int(response["ResponseMetadata"]["HTTPHeaders"]["x-chancery-txn"])


def example_calls():
    """The calls that make the example mesh, in order: (name of the boto3 method, arguments)."""
    for path in sorted(EXAMPLE.glob("*.json")):
        method = _FILE.match(path.name).group(1).replace("-", "_")
        yield method, json.loads(path.read_text(encoding="utf-8"))


def create_example(client):
    """Makes the mesh `watches`; returns the last transaction."""
    txn = 0
    for method, arguments in example_calls():
        txn = transaction_of(getattr(client, method)(**arguments))
    return txn


def split_spec(**weights):
    """The spec of the example's route `split` with other weights, by virtual node."""
    targets = [{"virtualNode": node, "weight": weight} for node, weight in weights.items()]
    return {"priority": 100, "httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": targets}}}


def set_split(client, **weights):
    """Changes the weights; returns the transaction."""
    return transaction_of(client.update_route(meshName="watches", virtualRouterName="search", routeName="split",
                                              spec=split_spec(**weights)))
