"""Bearer tokens of an issuer of our own, as an OIDC provider would make them."""
import base64
import json
import subprocess
import time

ISSUER = "https://id.test"
AUDIENCE = "chancery-test"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments, given=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=given, check=True, capture_output=True, timeout=60).stdout


class Key:
    """An RSA key of the issuer."""

    def __init__(self, directory, name):
        self.name = name
        self._path = directory / f"{name}.pem"
        openssl("genrsa", "-out", self._path, "2048")

    def jwk(self):
        modulus = openssl("rsa", "-in", self._path, "-noout", "-modulus").decode().strip().partition("=")[2]
        return {"kty": "RSA", "kid": self.name, "use": "sig", "alg": "RS256", "n": base64url(bytes.fromhex(modulus)),
                "e": "AQAB"}

    def token(self, algorithm="RS256", **claims):
        now = int(time.time())
        payload = {"iss": ISSUER, "aud": [AUDIENCE], "sub": "ann", "iat": now, "exp": now + 300, **claims}
        header = {"alg": algorithm, "typ": "JWT", "kid": self.name}
        text = ".".join(base64url(json.dumps(part).encode()) for part in (header, payload))
        return f"{text}.{base64url(openssl('dgst', '-sha256', '-sign', self._path, given=text.encode()))}"
