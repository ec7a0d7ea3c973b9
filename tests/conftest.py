"""Real control planes and real Envoys for the tests. What is asserted is traffic, what the API
answers and what Envoy's admin interface says; waiting is bounded, and only what the contract bounds
in time has a limit of its own."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))

from demo.world import Watches, World  # noqa: E402  (needs the path above)
from support.keeping import keeping_logs  # noqa: E402
from support.versions import ENVOYS  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "field(*members): members of the API's specs that the test tries with traffic; "
                            "docs/guide/field-support.md names it")


@pytest.fixture
def world(request):
    """A control plane of its own, without a mesh; Envoys are the newest."""
    with keeping_logs(request, World()) as made:
        yield made


@pytest.fixture(scope="module")
def module_world(request):
    """A control plane for a module, whose tests keep out of each other's way by names of their own."""
    with keeping_logs(request, World()) as made:
        yield made


@pytest.fixture
def open_world(request):
    """The same without authentication, for thousands of requests that are not about who sends them."""
    with keeping_logs(request, World(is_open=True)) as made:
        yield made


@pytest.fixture(params=ENVOYS)
def each_world(request):
    """A control plane of its own, without a mesh, with the oldest and with the newest Envoy."""
    with keeping_logs(request, World(envoy=request.param)) as made:
        yield made


@pytest.fixture(scope="module", params=ENVOYS)
def each_module_world(request):
    """A control plane for a module, without a mesh, with the oldest and with the newest Envoy."""
    with keeping_logs(request, World(envoy=request.param)) as made:
        yield made


@pytest.fixture
def watches(world):
    """The example mesh with its four proxies live, for one test."""
    return Watches(world).wait_answering()


@pytest.fixture(scope="module", params=ENVOYS)
def each_watches(request):
    """The example mesh for a module, with the oldest and the newest Envoy."""
    with keeping_logs(request, World(envoy=request.param)) as made:
        yield Watches(made).wait_answering()


@pytest.fixture(scope="session")
def api_credentials():
    """Gives the key that a client signs with, as `chancery keys create` printed it, for a World."""
    return lambda world: world.key
