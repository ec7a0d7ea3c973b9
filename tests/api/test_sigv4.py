"""The verifier of src/iam against botocore: what botocore signs is accepted, and after random changes it is accepted
exactly if botocore would sign the changed request with the same signature.

The program sigv4_check, in the build folder that CHANCERY_BUILD names (build/release by default), decides.
"""

import copy
import datetime
import os
import pathlib
import random
import string
import subprocess
import urllib.parse

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import sigv4_cases as cases

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "src/iam/testdata/sigv4_cases.txt"
SEED = 20261124
ALNUM = string.ascii_letters + string.digits
# What may stand in a target; '#' would begin a fragment for botocore, which no request has.
TARGET = ALNUM + "-._~%/:@!$'()*,;"
TEXT = [*ALNUM, *"/+= &?#%~:@*!'(),;", "ä", "€", "𝄞"]
SKEW = 300


def decide(table):
    build = pathlib.Path(os.environ.get("CHANCERY_BUILD", "build/release"))
    program = (build if build.is_absolute() else ROOT / build) / "src/iam/sigv4_check"
    text = "".join(cases.write(case) for case in table).encode()
    done = subprocess.run([program], input=text, check=True, capture_output=True, timeout=300)
    answers = done.stdout.decode().split("\n")[:-1]
    assert len(answers) == len(table)
    return answers


def test_the_fixture_is_what_botocore_signs():
    assert FIXTURE.read_text() == "".join(cases.write(case) for case in cases.table())


def test_botocore_signs_what_aws_published():
    for case, signature in cases.published():
        assert cases.sign(case).header("Authorization").endswith(f"Signature={signature}"), case.name


def test_the_table():
    table = list(cases.table())
    assert len({case.name for case in table}) == len(table)
    assert {c.name: a for c, a in zip(table, decide(table))} == {c.name: c.expect for c in table}


def text(rng, most):
    return "".join(rng.choices(TEXT, k=rng.randrange(most)))


def random_case(rng, name):
    """A request of any form, not signed yet."""
    quoted = [urllib.parse.quote(text(rng, 12), safe="-_.~") for _ in range(rng.randrange(5))]
    target = "/" + "/".join(rng.choice([part, part, ".", "..", ""]) for part in quoted)
    query = [(text(rng, 8) or "q", text(rng, 8)) for _ in range(rng.randrange(4))]
    if query:
        target += "?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote, safe="-_.~")
    headers = [("Host", rng.choice(["localhost:8080", "example.com", "[::1]:80", "example.com:443"]))]
    for _ in range(rng.randrange(4)):
        value = "".join(rng.choices(ALNUM + "   \t,;=\"'", k=rng.randrange(1, 20)))
        headers.append((rng.choice(["X-A", "x-b", "X-Amz-Meta", "Content-Type", "Accept"]), value))
    body = rng.randbytes(rng.randrange(40)) if rng.random() < 0.5 else b""
    return cases.Case(
        name, rng.choice(["GET", "PUT", "DELETE", "POST"]), target, headers, body,
        secret="".join(rng.choices(ALNUM + "+/", k=40)),
        region=rng.choice(["us-east-1", "eu-central-1", "local"]),
        now=datetime.datetime.fromtimestamp(rng.randrange(4 * 10**9), datetime.timezone.utc),
    )


def without_repeated_names(target):
    """botocore presigns only one value for each name."""
    path, _, query = target.partition("?")
    pairs = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    return path + ("?" + urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote) if pairs else "")


def signed(rng, case):
    token = text(rng, 30).encode("ascii", "ignore").decode().replace(" ", "") if rng.random() < 0.3 else None
    if rng.random() < 0.3:
        return cases.presign(cases.dataclasses.replace(case, target=without_repeated_names(case.target), body=b""),
                             rng.randrange(1, 604801), token or None)
    return cases.sign(case, token or None)


def test_random_requests_are_accepted():
    rng = random.Random(SEED)
    table = [signed(rng, random_case(rng, f"random/{i}")) for i in range(4000)]
    wrong = [case for case, answer in zip(table, decide(table)) if answer != "Ok"]
    assert not wrong, f"{len(wrong)}, first: {wrong[0]}"


# The differential part: requests as parts, so that each can be changed, and botocore's opinion of them.


def take_apart(rng, case):
    """The signed header form of `case` with its credential scope, signed headers and signature as parts."""
    case = cases.sign(case, "token" if rng.random() < 0.3 else None)
    authorization = case.header("Authorization")
    parts = dict(part.split("=", 1) for part in authorization.removeprefix("AWS4-HMAC-SHA256 ").split(", "))
    scope = parts["Credential"].split("/")
    headers = [header for header in case.headers if header[0] != "Authorization"]
    case = cases.dataclasses.replace(case, headers=headers)
    return case, scope, parts["SignedHeaders"].split(";"), parts["Signature"]


def put_together(case, scope, names, signature):
    value = f"AWS4-HMAC-SHA256 Credential={'/'.join(scope)}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return cases.with_header(case, "Authorization", value)


def canonical_query(query):
    """Read and written anew, as a server has to; botocore does so for what it is given decoded."""
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    quote = lambda part: urllib.parse.quote(urllib.parse.unquote_to_bytes(part), safe="-_.~")  # noqa: E731
    return "&".join(f"{k}={v}" for k, v in sorted((quote(k), quote(v)) for k, _, v in pairs))


def signature_by_botocore(case, scope, names, stamp):
    """What botocore would sign for the request as it arrived, with these headers."""
    auth = botocore.auth.SigV4Auth(Credentials(scope[0], case.secret), scope[3], scope[2])
    path, _, query = case.target.partition("?")
    request = AWSRequest(method=case.method, url=f"http://h{path}", data=case.body)
    for name, value in case.headers:
        if name.lower() in names:
            request.headers[name] = value
    request.context["timestamp"] = stamp
    auth.canonical_query_string = lambda _: canonical_query(query)
    auth.credential_scope = lambda _: "/".join(scope[1:])
    auth.headers_to_sign = lambda request: lowered(request.headers)
    string = auth.string_to_sign(request, auth.canonical_request(request))
    return auth.signature(string, request) if stamp[:8] == scope[1] else None


def lowered(headers):
    result = botocore.auth.HTTPHeaders()
    for name, value in headers.items():
        result[name.lower()] = value
    return result


def accepts(case, scope, names, signature):
    """The rules of src/iam/sigv4.h, told again."""
    present = [name.lower() for name, _ in case.headers]
    stamp = case.header("X-Amz-Date").strip() if "x-amz-date" in present else ""
    try:
        time = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return False
    if len(stamp) != 16 or abs((time - case.now).total_seconds()) > SKEW:
        return False
    if scope[1:] != [stamp[:8], case.region, case.service, "aws4_request"] or not case.secret:
        return False
    if names != sorted(set(names)) or "host" not in names or not set(names) <= set(present):
        return False
    if any(n.startswith("x-amz-") and n not in names and n != "x-amz-security-token" for n in present):
        return False
    return signature == signature_by_botocore(case, scope, names, stamp)


def disturb(rng, value, alphabet):
    at = rng.randrange(len(value) + 1)
    insert = rng.choice(alphabet)
    return rng.choice([value[:at] + insert + value[at:], value[:at] + value[at + 1:], value[:at] + insert + value[at + 1:]])


def change(rng, case, scope, names, signature):
    """One change, somewhere; some change nothing that counts."""
    what = rng.randrange(13)
    if what == 0:
        case.method = rng.choice(["GET", "PUT", "DELETE", "POST"])
    elif what == 1:
        case.target = "/" + disturb(rng, case.target, TARGET + "?&=").lstrip("/")
    elif what == 2:
        path, mark, query = case.target.partition("?")
        pairs = query.split("&")
        rng.shuffle(pairs)
        case.target = path.replace("/", rng.choice(["/", "//", "/./"])) + mark + "&".join(pairs)
    elif what == 3:
        i = rng.randrange(len(case.headers))
        name, value = case.headers[i]
        case.headers[i] = (name, disturb(rng, value, ALNUM + "  ,"))
    elif what == 4:
        i = rng.randrange(len(case.headers))
        case.headers[i] = (rng.choice([str.upper, str.lower, lambda n: n + "x"])(case.headers[i][0]), case.headers[i][1])
    elif what == 5:
        case.headers.insert(rng.randrange(len(case.headers) + 1), rng.choice([("X-A", "1"), ("X-Amz-X", "1"), ("Y", "1")]))
    elif what == 6:
        rng.shuffle(case.headers)
    elif what == 7:
        case.body = rng.choice([case.body + b"x", case.body[:-1], b""])
    elif what == 8:
        case.now += datetime.timedelta(seconds=rng.randrange(-600, 601))
    elif what == 9:
        scope[rng.randrange(1, 5)] = rng.choice(["us-east-1", "eu-central-1", "appmesh", "s3", "20150830", "aws4_request"])
    elif what == 10:
        attribute = rng.choice(["secret", "region", "service"])
        setattr(case, attribute, disturb(rng, getattr(case, attribute), ALNUM))
    elif what == 11:
        at = rng.randrange(64)
        signature = signature[:at] + rng.choice("0123456789abcdef") + signature[at + 1:]
    else:
        names = rng.choice([names[1:], sorted({*names, "x-a"}), sorted({*names, "x-amz-x"}), names[::-1]])
    return case, scope, names, signature


def test_changed_requests_are_accepted_only_if_nothing_that_is_signed_changed(capsys):
    rng = random.Random(SEED + 1)
    table, expected = [], []
    for i in range(15000):
        parts = take_apart(rng, random_case(rng, f"changed/{i}"))
        for _ in range(rng.choice([1, 1, 2])):
            parts = change(rng, *copy.deepcopy(parts))
        if len([1 for name, _ in parts[0].headers if name.lower() in ("host", "x-amz-date")]) != 2:
            continue
        table.append(put_together(*parts))
        host = parts[0].header("Host").strip()
        forms = [parts]
        if host.endswith((":80", ":443")):
            bare = [(k, host.rpartition(":")[0] if k.lower() == "host" else v) for k, v in parts[0].headers]
            forms.append((cases.dataclasses.replace(parts[0], headers=bare), *parts[1:]))
        expected.append(any(accepts(*form) for form in forms))
    answers = [answer == "Ok" for answer in decide(table)]
    with capsys.disabled():
        print(f"\n{len(table)} changed requests: {expected.count(False)} to be refused, {expected.count(True)} accepted")
    wrong = [(case, theirs) for case, ours, theirs in zip(table, answers, expected) if ours != theirs]
    assert not wrong, f"{len(wrong)}, first: {wrong[0]}"
    assert expected.count(False) > 10_000 and expected.count(True) > 1000

