"""Envoy's versions."""
import pytest

ENVOYS = ["oldest", "newest"]
both_envoys = pytest.mark.parametrize("envoy", ENVOYS)
