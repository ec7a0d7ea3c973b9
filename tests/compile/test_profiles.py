"""What a proxy is sent, its version of Envoy understands.

An Envoy ignores over ADS a field that it does not know, so a configuration that it accepts proves nothing. Each
golden is held against the descriptors of an Envoy API as old as the profile reaches back: no field, enum value or
type that it lacks, at any depth. And nothing that the newest API calls deprecated, which today's Envoys warn of.
"""
import json
import subprocess

import pytest

import goldens

# The oldest API of each profile for which there are descriptors: environments of tools/setup.sh, each dated by what it
# has and lacks. 1.31 has OutlierDetection.always_eject_one_host (new in 1.31) and lacks the extension
# proto_message_extraction (1.32). 1.27 has the extension geoip (1.27) and lacks basic_auth (1.29). 1.19 is of August
# 2021, before the release of 1.20.
OLDEST = {"stock": ["1.31"], "old": ["1.27", "1.19"]}
# The old profile begins with Envoy 1.22, for which there are none. So 1.19 is taken, and what came between them:
NEW_BEFORE_1_22 = {
    # Envoy's notes on 1.20.0: "dns: added V4_PREFERRED".
    "envoy.config.cluster.v3.Cluster.dns_lookup_family=V4_PREFERRED",
    # envoyproxy/envoy#18246 of September 2021, in 1.20. Without effect before 1.24 (#22723), see compile/profile.h.
    "envoy.config.core.v3.HeaderValueOption.append_action",
    # Envoy's notes on 1.21.0: "tls: added support for match_typed_subject_alt_names", with its type.
    "envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext.match_typed_subject_alt_names",
}
# Messages with a JSON form of their own.
WELL_KNOWN = "google.protobuf."


class Api:
    """What one version of the API knows."""

    def __init__(self, environment):
        python = goldens.ROOT / "build/env/protos/bin/python"
        printed = subprocess.run([python, goldens.ROOT / "tests/compile/descriptors.py", environment],
                                 check=True, capture_output=True, timeout=120).stdout
        self._types = json.loads(printed)
        assert len(self._types["messages"]) > 1000, f"{environment} is not complete: run tools/setup.sh test"

    def unknown(self, value, name):
        """Paths of what `value`, the JSON form of message `name`, has and this API lacks."""
        return set(self._walk(value, name, self._lacking))

    def deprecated(self, value, name):
        return set(self._walk(value, name, self._deprecated))

    def _walk(self, value, name, judge):
        if name == "google.protobuf.Any":
            name = value["@type"].rpartition("/")[2]
            value = {member: item for member, item in value.items() if member != "@type"}
        if name.startswith(WELL_KNOWN):
            return
        fields = self._types["messages"].get(name)
        if fields is None:
            yield from judge(name, None, None)
            return
        for member, item in value.items():
            field = fields.get(member)
            yield from judge(f"{name}.{member}", field, item)
            if field is None:
                continue
            for part in self._parts(field, item):
                yield from self._walk(part, field.get("message") or field["map"], judge)

    @staticmethod
    def _parts(field, item):
        """The messages in a field's value."""
        if "message" in field:
            return item if isinstance(item, list) else [item]
        return item.values() if field.get("map") else []

    def _lacking(self, path, field, item):
        if field is None:
            yield path
        elif "enum" in field:
            known = self._types["enums"][field["enum"]]
            yield from (f"{path}={v}" for v in (item if isinstance(item, list) else [item]) if v not in known)

    def _deprecated(self, path, field, item):
        if field is None:
            return
        if field.get("deprecated"):
            yield path
        if "enum" in field:
            values = self._types["enums"][field["enum"]]
            yield from (f"{path}={v}" for v in (item if isinstance(item, list) else [item]) if values.get(v))


@pytest.fixture(scope="module")
def api():
    """The API of a version, or of the newest one."""
    made = {}

    def get(version):
        environment = "protos" if version == "newest" else f"descriptors-{version}"
        if version not in made:
            made[version] = Api(goldens.ROOT / "build/env" / environment)
        return made[version]

    return get


def found(case, profile, judge):
    every = set()
    for proxy in goldens.proxies(case, profile).values():
        for member, name in goldens.TYPES.items():
            for resource in proxy.get(member, []):
                every |= judge(resource, name)
    return every


@pytest.mark.parametrize("profile, version", [(p, v) for p, versions in OLDEST.items() for v in versions])
@pytest.mark.parametrize("case", goldens.cases())
def test_is_understood_by_the_oldest_envoy_of_its_profile(api, case, profile, version):
    unknown = found(case, profile, api(version).unknown)
    if version == "1.19":
        unknown -= NEW_BEFORE_1_22
    assert not unknown, f"Envoys of the profile '{profile}' ignore this; see compile/profile.h"


@pytest.mark.parametrize("profile", goldens.PROFILES)
@pytest.mark.parametrize("case", goldens.cases())
def test_uses_nothing_deprecated(api, case, profile):
    assert not found(case, profile, api("newest").deprecated)
    assert not found(case, profile, api("newest").unknown)


def test_the_check_sees_what_is_missing_and_what_is_deprecated(api):
    cluster = {"name": "c", "outlier_detection": {"always_eject_one_host": True}, "dns_lookup_family": "V4_PREFERRED",
               "typed_extension_protocol_options": {"o": {"@type": "x/no.such.Type"}}}
    name = goldens.TYPES["clusters"]
    assert api("1.19").unknown(cluster, name) == {
        "no.such.Type", "envoy.config.cluster.v3.OutlierDetection.always_eject_one_host",
        "envoy.config.cluster.v3.Cluster.dns_lookup_family=V4_PREFERRED"}
    assert "envoy.config.cluster.v3.OutlierDetection.always_eject_one_host" in api("1.27").unknown(cluster, name)
    assert api("1.31").unknown(cluster, name) == {"no.such.Type"}
    old = {"name": "c", "http2_protocol_options": {}}
    assert api("newest").deprecated(old, name) == {"envoy.config.cluster.v3.Cluster.http2_protocol_options"}
    assert api("1.31").deprecated({"header": {"key": "k"}, "append": False},
                                  "envoy.config.core.v3.HeaderValueOption") == {
                                      "envoy.config.core.v3.HeaderValueOption.append"}


def test_there_are_goldens_of_every_profile():
    assert len(goldens.cases()) >= 10
    for profile in goldens.PROFILES:
        assert profile == "stock" or list(goldens.TESTDATA.glob(f"*/expect.{profile}.json"))
