"""A secret agent on the proxies' host, as SPIRE's is: certificates and trust over SDS on a Unix socket
(sds_peer.py)."""
import json

from demo.waiting import wait_until
from support.peer import Peer


class SecretAgent:
    """Serves at `path` until it is closed. A proxy that asks for a name that is not put yet waits for it."""

    def __init__(self, path):
        self.path = path
        self._peer = Peer("sds_peer.py", str(path))
        self._peer.read()

    def put_certificate(self, name, pair):
        """`pair` as Authority.issue gives it; in the place of what had that name."""
        return self._put(name, chain=pair[0].read_text(), key=pair[1].read_text())

    def put_trust(self, name, *authorities):
        return self._put(name, trust="".join(authority.ca.read_text() for authority in authorities))

    def _put(self, name, **secret):
        self._ask(name=name, **secret)
        return name

    def wait_taken(self, name, proxies=1):
        """Returns when so many proxies, or more, ask for the secret and all of them have taken its newest version."""
        def taken():
            state = self._ask(ask=name)
            assert not state["rejected"], state
            return state["streams"] >= proxies and state["accepted"] == state["streams"]

        wait_until(taken, 30, f"the secret {name} in force")

    def _ask(self, **line):
        self._peer.write(json.dumps(line))
        return self._peer.read()

    def close(self):
        self._peer.close()
