"""Real control planes and real Envoys for the tests. What is asserted is traffic and what Envoy's
admin interface says; waiting is bounded, and only what issue or contract bounds has its own limit."""
import pytest

from demo.world import Watches, World

ENVOYS = ["oldest", "newest"]


@pytest.fixture
def world():
    """A control plane without a mesh; Envoys are the newest."""
    with World() as made:
        yield made


@pytest.fixture
def watches():
    """The example mesh with its four proxies live, for one test."""
    with World() as made:
        yield Watches(made).wait_answering()


@pytest.fixture(scope="module", params=ENVOYS)
def each_watches(request):
    """The example mesh for a module, with the oldest and the newest Envoy."""
    with World(envoy=request.param) as made:
        yield Watches(made).wait_answering()
