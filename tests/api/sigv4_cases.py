"""Requests as botocore signs them, for the verifier in src/iam.

`python tests/api/sigv4_cases.py > src/iam/testdata/sigv4_cases.txt` writes the table below; its shapes are those of the
test suite that AWS published for Signature Version 4, the requests are our own. test_sigv4.py uses the same functions
for random ones.
"""

import contextlib
import dataclasses
import datetime
import sys
from unittest import mock

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCESS_KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HOST = "example.amazonaws.com"
TIME = datetime.datetime(2015, 8, 30, 12, 36, 0, tzinfo=datetime.timezone.utc)
EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@dataclasses.dataclass
class Case:
    """A request as it arrives, what the server expects and what it must say."""

    name: str
    method: str
    target: str
    headers: list  # (name, value)
    body: bytes = b""
    secret: str = SECRET
    region: str = "us-east-1"
    service: str = "appmesh"
    now: datetime.datetime = TIME
    payload: str = "body"
    expect: str = "Ok"

    def header(self, name):
        return next(value for key, value in self.headers if key.lower() == name.lower())


def timestamp(time):
    return time.strftime("%Y%m%dT%H%M%SZ")


@contextlib.contextmanager
def clock(time):
    """botocore's time."""
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda *_, **__: time):
        yield


def request_of(case, params=None):
    request = AWSRequest(method=case.method, url=f"http://{HOST}{case.target}", data=case.body, params=params or {})
    for name, value in case.headers:
        request.headers[name] = value  # adds, as there may be several
    return request


def sign(case, token=None, params=None):
    """The same case with botocore's Authorization header. `params` is the query, decoded, where botocore shall encode
    it other than the target has it."""
    request = request_of(case, params)
    with clock(case.now):
        credentials = Credentials(ACCESS_KEY, case.secret, token)
        botocore.auth.SigV4Auth(credentials, case.service, case.region).add_auth(request)
    return dataclasses.replace(case, headers=[(name, value) for name, value in request.headers.items()])


def presign(case, expires=3600, token=None):
    """The same case with botocore's parameters in the query."""
    request = request_of(case)
    with clock(case.now):
        credentials = Credentials(ACCESS_KEY, case.secret, token)
        botocore.auth.SigV4QueryAuth(credentials, case.service, case.region, expires).add_auth(request)
    return dataclasses.replace(case, target=request.url.removeprefix(f"http://{HOST}"))


def escape(value):
    raw = value if isinstance(value, bytes) else value.encode()
    return "".join(chr(b) if 0x20 <= b < 0x7F and b != ord("\\") else f"\\x{b:02x}" for b in raw)


def write(case):
    lines = [("case", case.name), ("method", case.method), ("target", case.target)]
    lines += [("header", f"{name}:{value}") for name, value in case.headers]
    lines += [("body", case.body), ("secret", case.secret), ("region", case.region), ("service", case.service)]
    lines += [("now", timestamp(case.now)), ("payload", case.payload), ("expect", case.expect)]
    return "".join(f"{key} {escape(value)}\n" for key, value in lines) + "\n"


def plain(name, method="GET", target="/", headers=(), body=b"", **more):
    return Case(name, method, target, [("Host", HOST), *headers], body, **more)


# What AWS itself published for requests that botocore can repeat: the region us-east-1, the service `service` (but
# for the last), at 2015-08-30T12:36:00Z.
FORM = ("Content-Type", "application/x-www-form-urlencoded")
PUBLISHED = [
    (plain("get-vanilla"), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    (plain("post-vanilla", "POST"), "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    (plain("get-query-order", target="/?Param1=value1&Param2=value2"),
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    (plain("get-unreserved", target="/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
    (plain("get-utf8", target="/ሴ"), "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    (plain("get-slash", target="//"), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    (plain("post-header-key-sort", "POST", headers=[("My-Header1", "value1")]),
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
    (plain("post-form", "POST", headers=[FORM], body=b"Param1=value1"),
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
]
LIST_USERS = (
    Case("list-users", "GET", "/?Action=ListUsers&Version=2010-05-08",
         [("Host", "iam.amazonaws.com"), (FORM[0], FORM[1] + "; charset=utf-8")], service="iam"),
    "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
)


def published():
    cases = [(dataclasses.replace(case, name=f"published/{case.name}", service="service"), signature)
             for case, signature in PUBLISHED]
    return cases + [(dataclasses.replace(LIST_USERS[0], name="published/list-users"), LIST_USERS[1])]


PATHS = ["", "/", "//", "/./", "/a/..", "/a/../", "/a/b/../..", "/./a", "//a//", "/a/./b/../c", "/a/b/", "/../a", "/a/...",
         "/a%20b/", "/a b/", "/my%20mesh%2Fx%401", "/%E1%88%B4", "/ሴ", "/a%2fb", "/~user/-._", "/a:b@c!$&'()*+,;=",
         "/v20190125/meshes/my%20mesh%2Fx%401/virtualNodes/%2A", "/100%", "/%zz", "/%"]

# target, and the query as botocore is told where it is not encoded yet.
QUERIES = [
    ("/?Param2=value2&Param1=value1", None),
    ("/?Param1=value2&Param1=value1", None),
    ("/?Param1=value2&Param1=Value1", None),
    ("/?Param=b&Param-a=a&Param.=c", None),
    ("/?Param1=", None),
    ("/?Param1", None),
    ("/?p=&p=a&p", None),
    ("/?ሴ=bar", [("ሴ", "bar")]),
    ("/?%E1%88%B4=bar", None),
    ("/?a=%2f%3a", [("a", "/:")]),
    ("/?a=x:y/z@w", [("a", "x:y/z@w")]),
    ("/?a=b=c", [("a", "b=c")]),
    ("/?a=b+c", [("a", "b+c")]),
    ("/?a=100%", [("a", "100%")]),
    ("/?" + "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=x", None),
    ("/v20190125/tags?resourceArn=arn%3Aaws%3Aappmesh%3Aus-east-1%3A1%3Amesh%2Fa&nextToken=a%2Bb%3D%2F&limit=3", None),
]

HEADERS = {
    "duplicates": [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
    "value-order": [("My-Header1", "value4"), ("My-Header1", "value1"), ("My-Header1", "value3")],
    "value-trim": [("My-Header1", " value1"), ("My-Header2", ' "a   b   c"  ')],
    "multi-line": [("My-Header1", "value1\r\n  value2\r\n     value3")],
    "tab": [("My-Header1", "a\t\tb \t c")],
    "empty": [("My-Header1", "")],
    "blank": [("My-Header1", "   "), ("My-Header1", " a ")],
    "key-case": [("MY-HEADER1", "value1"), ("x-AMZ-meta", "x")],
    "key-sort": [("B", "1"), ("a-b", "2"), ("a.b", "3"), ("a", "4"), ("Content-Type", "x")],
    "length": [("Content-Length", "0")],
}


def table():
    """All cases of the fixture, in its order."""
    for case, _ in published():
        yield sign(case)
    for i, path in enumerate(PATHS):
        yield sign(plain(f"path/{i}", "GET", path))
    for i, (target, params) in enumerate(QUERIES):
        yield sign(plain(f"query/{i}", target=target), params=params)
    for name, headers in HEADERS.items():
        yield sign(plain(f"header/{name}", "POST", headers=headers))
    yield from bodies()
    yield from tokens()
    yield from hosts()
    yield from streams()
    yield from presigned()
    yield from refused()


def bodies():
    json = ("Content-Type", "application/json")
    yield sign(plain("body/json", "PUT", "/v20190125/meshes", [json], '{"meshName":"größe"}'.encode()))
    yield sign(plain("body/bytes", "PUT", "/", [], bytes(range(256))))
    body, digest = b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    yield sign(plain("body/hash-sent", "PUT", "/", [("x-amz-content-sha256", digest)], body))
    wrong = sign(plain("body/other-hash-sent", "PUT", "/", [("x-amz-content-sha256", EMPTY_HASH)], body))
    yield dataclasses.replace(wrong, expect="InvalidSignature")
    unsigned = ("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    yield sign(plain("body/unsigned-and-empty", "DELETE", "/", [unsigned]))
    yield dataclasses.replace(sign(plain("body/unsigned", "PUT", "/", [unsigned], body)), expect="InvalidSignature")
    late = sign(plain("body/unsigned-added-later", "DELETE", "/", [unsigned]))
    yield dataclasses.replace(late, body=b"{}", expect="InvalidSignature")
    yield dataclasses.replace(sign(plain("body/altered", "PUT", "/", [json], b"{}")), body=b"{ }", expect="InvalidSignature")


def tokens():
    yield sign(plain("token/signed"), token="6e86291e8372ff2a+/==")
    yield with_header(sign(plain("token/added-after-signing")), "X-Amz-Security-Token", "6e86291e8372ff2a+/==")
    yield presign(plain("token/presigned"), token="6e86291e8372ff2a+/==")


def hosts():
    for name, sent in [("port", "example.amazonaws.com:8443"), ("443", f"{HOST}:443"), ("80", f"{HOST}:80")]:
        case = plain(f"host/{name}")
        case.headers = [("Host", sent)]
        yield sign(case)
    for name, sent, expect in [("443-not-signed", ":443", "Ok"), ("80-not-signed", ":80", "Ok"),
                               ("8443-not-signed", ":8443", "InvalidSignature")]:
        case = sign(plain(f"host/{name}", expect=expect))
        yield dataclasses.replace(case, headers=[(k, v + sent if k == "Host" else v) for k, v in case.headers])


def streams():
    """An ADS stream (contract/envoy.md §7.4) of aws_request_signing and of aws_iam."""
    path = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"
    grpc = [("content-type", "application/grpc"), ("te", "trailers"), ("x-envoy-internal", "true")]
    unsigned, empty = ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"), ("x-amz-content-sha256", EMPTY_HASH)
    with mock.patch.object(botocore.auth, "SIGNED_HEADERS_BLACKLIST", []):  # Envoy signs `te`
        yield sign(plain("stream/request-signing", "POST", path, [*grpc, unsigned], payload="stream"), token="t")
        late = sign(plain("stream/te-lost", "POST", path, [*grpc, unsigned], payload="stream", expect="InvalidSignature"))
        yield dataclasses.replace(late, headers=[h for h in late.headers if h[0] != "te"])
    yield sign(plain("stream/aws-iam", "POST", path, [empty], payload="stream"), token="t")
    yield sign(plain("stream/no-hash", "POST", path, payload="stream"))
    other = ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    yield sign(plain("stream/chunked", "POST", path, [other], payload="stream", expect="InvalidSignature"))


def presigned():
    yield presign(plain("presigned/vanilla"))
    yield presign(plain("presigned/query", target="/v20190125/tags?resourceArn=arn%3Aaws%3Ax&limit=3"))
    yield presign(plain("presigned/path", target="/my%20mesh%2Fx%401"))
    yield presign(plain("presigned/put", "PUT", "/v20190125/meshes", [("Content-Type", "application/json")], b""))
    yield presign(plain("presigned/7-days"), expires=604800)
    yield dataclasses.replace(presign(plain("presigned/8-days"), expires=691200), expect="IncompleteSignature")
    yield dataclasses.replace(presign(plain("presigned/0-seconds"), expires=0), expect="IncompleteSignature")
    for name, seconds, expect in [("last-second", 60, "Ok"), ("expired", 61, "InvalidSignature"),
                                  ("clock-behind", -300, "Ok"), ("too-early", -301, "InvalidSignature")]:
        case = presign(plain(f"presigned/{name}"), expires=60)
        yield dataclasses.replace(case, now=TIME + datetime.timedelta(seconds=seconds), expect=expect)


def with_header(case, name, value):
    return dataclasses.replace(case, headers=[*case.headers, (name, value)])


def refused():
    """What is signed well but for another purpose, or not at all."""
    case = sign(plain("", "PUT", "/v20190125/meshes?a=b", [("Content-Type", "application/json")], b"{}"))

    def but(name, expect="InvalidSignature", **changes):
        return dataclasses.replace(case, name=f"but/{name}", expect=expect, **changes)

    def authorized(name, change, expect="IncompleteSignature"):
        headers = [(k, change(v) if k == "Authorization" else v) for k, v in case.headers]
        return but(name, expect, headers=headers)

    yield but("nothing", "Ok")
    yield but("another-secret", secret=SECRET[:-1] + "y")
    yield but("no-secret", secret="")
    yield but("another-region", region="us-east-2")
    yield but("another-service", service="appmesh-preview")
    yield but("another-method", method="POST")
    yield but("another-path", target="/v20190125/mesheS?a=b")
    yield but("another-query", target="/v20190125/meshes?a=c")
    yield but("more-query", target="/v20190125/meshes?a=b&a=b")
    for seconds, expect in [(300, "Ok"), (301, "InvalidSignature"), (-300, "Ok"), (-301, "InvalidSignature")]:
        yield but(f"later-{seconds}", expect, now=TIME + datetime.timedelta(seconds=seconds))
    yield dataclasses.replace(with_header(case, "X-Amz-Target", "x"), name="but/amz-header-unsigned", expect="InvalidSignature")
    yield dataclasses.replace(with_header(case, "X-Other", "x"), name="but/other-header-unsigned", expect="Ok")
    yield dataclasses.replace(with_header(case, "Host", HOST), name="but/host-twice", expect="InvalidSignature")
    yield dataclasses.replace(with_header(case, "X-Amz-Date", timestamp(TIME)), name="but/date-twice",
                              expect="IncompleteSignature")
    yield but("not-signed", "MissingAuthentication", headers=case.headers[:1])
    yield but("no-date", "IncompleteSignature", headers=[h for h in case.headers if h[0] != "X-Amz-Date"])
    yield dataclasses.replace(with_header(case, "Authorization", case.header("Authorization")),
                              name="but/authorization-twice", expect="IncompleteSignature")
    yield dataclasses.replace(presign(case), name="but/header-and-query", expect="IncompleteSignature")
    yield authorized("spaces", lambda v: v.replace(", ", "  ,\t "), "Ok")
    yield authorized("no-spaces", lambda v: v.replace(", ", ","), "Ok")
    yield authorized("no-commas", lambda v: v.replace(",", ""), "Ok")
    yield authorized("other-scheme", lambda v: v.replace("AWS4-HMAC-SHA256", "Bearer"))
    yield authorized("other-algorithm", lambda v: v.replace("HMAC-SHA256", "ECDSA-P256-SHA256"))
    for part in ("Credential", "SignedHeaders", "Signature"):
        yield authorized(f"no-{part}", lambda v, part=part: v.replace(f"{part}=", "Other="))
    yield authorized("signature-in-capitals", lambda v: v[:-64] + v[-64:].upper())
    yield authorized("signature-cut", lambda v: v[:-1])
    yield authorized("terminator", lambda v: v.replace("aws4_request", "aws5_request"), "InvalidSignature")
    yield authorized("day", lambda v: v.replace("20150830", "20150831"), "InvalidSignature")
    yield authorized("four-elements", lambda v: v.replace("/aws4_request", ""))
    yield authorized("host-unsigned", lambda v: v.replace("host;", ""), "InvalidSignature")
    yield authorized("date-unsigned", lambda v: v.replace(";x-amz-date", ""), "InvalidSignature")
    yield authorized("absent-header-signed", lambda v: v.replace("host;", "host;te;"), "InvalidSignature")
    yield authorized("headers-unsorted", lambda v: v.replace("content-type;host", "host;content-type"))
    yield authorized("headers-in-capitals", lambda v: v.replace("host;", "Host;"))


if __name__ == "__main__":
    sys.stdout.write("".join(write(case) for case in table()))
