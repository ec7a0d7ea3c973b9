"""The mesh that is measured; bench/signed_calls.cc knows its names."""
import boto3
import botocore.config

REGION = "us-east-1"
MESH = "bench"
NODES = 100
ROUTERS = 10
ROUTES_PER_ROUTER = 10

_LISTENER = {"portMapping": {"port": 8080, "protocol": "http"}}


def connect(address, key):
    """A boto3 client of the API at `address` that signs with `key`, (id, secret)."""
    return boto3.client("appmesh", endpoint_url=f"http://{address}", region_name=REGION, aws_access_key_id=key[0],
                        aws_secret_access_key=key[1], config=botocore.config.Config(retries={"total_max_attempts": 1}))


def fill(client):
    """100 virtual nodes and 100 routes, ten below each of ten routers."""
    client.create_mesh(meshName=MESH)
    for node in range(NODES):
        client.create_virtual_node(meshName=MESH, virtualNodeName=f"node-{node:03}", spec={
            "listeners": [_LISTENER], "serviceDiscovery": {"dns": {"hostname": f"node-{node:03}.bench.local"}}})
    targets = [{"virtualNode": "node-000", "weight": 1}, {"virtualNode": "node-001", "weight": 99}]
    route = {"httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": targets}}}
    for router in range(ROUTERS):
        name = f"router-{router}"
        client.create_virtual_router(meshName=MESH, virtualRouterName=name, spec={"listeners": [_LISTENER]})
        for number in range(ROUTES_PER_ROUTER):
            client.create_route(meshName=MESH, virtualRouterName=name, routeName=f"route-{number}", spec=route)
