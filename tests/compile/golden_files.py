"""Files behind the paths of certificates in goldens, which exist nowhere.

A golden may name any file: `in_spec` and `in_envoy` put one of ours in the place of each, by the member that it is in.
"""
from support.certificates import self_signed

# Members of the API's specs and of Envoy's messages that hold the path of a private key; other paths are certificates.
_KEYS = {"privateKey", "private_key"}
_CERTIFICATES = {"certificateChain"}


class GoldenFiles:
    """A self-signed certificate, which is its own authority, and its key, in `directory`."""

    def __init__(self, directory):
        self.certificate, self.key = map(str, self_signed(directory, "golden", "golden.local"))

    def _file(self, member):
        return self.key if member in _KEYS else self.certificate

    def in_spec(self, spec):
        """`spec`, a resource's in the API's JSON, with paths of files that exist."""
        if isinstance(spec, list):
            return [self.in_spec(item) for item in spec]
        if not isinstance(spec, dict):
            return spec
        return {member: self._file(member) if member in _KEYS | _CERTIFICATES and isinstance(value, str)
                else self.in_spec(value) for member, value in spec.items()}

    def in_envoy(self, message, member=""):
        """`message`, one of Envoy's in JSON, with paths of files that exist."""
        if isinstance(message, list):
            return [self.in_envoy(item, member) for item in message]
        if not isinstance(message, dict):
            return message
        return {name: self._file(member) if name == "filename" else self.in_envoy(value, name)
                for name, value in message.items()}
