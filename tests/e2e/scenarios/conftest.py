"""Labs for the tests of single fields: see support/lab.py and support/shop.py."""
import os
import pathlib

import pytest

from support.keeping import keeping_logs
from support.lab import Lab
from support.shop import CLIENT, Shop
from support.versions import ENVOYS


HERE = pathlib.Path(__file__).parent
NEEDS = "network namespaces: run them as root, or allow user namespaces with subordinate ids (tools/as_root)"


def pytest_collection_modifyitems(items):
    if os.geteuid() != 0:
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=f"needs {NEEDS}"))


def pytest_terminal_summary(terminalreporter):
    if os.geteuid() != 0:
        terminalreporter.section("NOT TESTED: tests/e2e/scenarios", red=True)
        terminalreporter.write_line(f"These tests need {NEEDS}.")


@pytest.fixture(scope="module")
def lab(request):
    """A mesh for a module. Its tests keep out of each other's way by names of their own."""
    with keeping_logs(request, Lab()) as made:
        yield made


@pytest.fixture(scope="module")
def clients(lab):
    """The proxies of the node `client` by Envoy's version, each on a host of its own."""
    lab.set_client()
    made = {envoy: lab.sidecar(CLIENT, envoy=envoy) for envoy in ENVOYS}
    for proxy in made.values():
        proxy.wait_live()
    return made


@pytest.fixture
def envoy():
    """The version of the client's Envoy; a test that is about versions is parametrized with it."""
    return "newest"


@pytest.fixture
def shop(lab, clients, envoy):
    made = Shop(lab, clients[envoy])
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_shop(lab, clients):
    """A shop for all tests of a module."""
    return Shop(lab, clients["newest"])
