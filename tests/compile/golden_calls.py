"""Calls that try a proxy of a golden: to every port that it names and some that it does not, over TLS and without, to
every domain, along every route, and past every condition of every route by one."""
import re

from live_proxy import is_redirected, own_port

ELSEWHERE = 9999
SERVER_NAMES = ["s3.us-east-1.amazonaws.com", "S3.AmazonAWS.com", "amazonaws.com", "example.org", ""]
HOSTS = ["unknown.example.org", "Shop.Example.com", "x.example.com", "example.com"]
# For regular expressions, of paths and of headers: the first that matches is taken.
TEXTS = ["/r12", "/x42", "/", "1", "xdx", "redorange", "application/grpc", "a"]
# Besides those that routes name.
PATHS = ["/", "/r12/x", "/a/../exact", "//m?q=1&r", "/%6drders", "/a-longer-prefix/x?y"]


def calls_of(proxy):
    """Each call has the members that tests/compile/call_simulator.cc reads."""
    routes = {each["name"]: each for each in proxy["routes"]}
    for listener in proxy["listeners"]:
        for port in ports_of(listener):
            base = {"listener_port": own_port(listener), "port": port}
            yield {**base, "bytes": True}
            for name in SERVER_NAMES:
                yield {**base, "tls": True, "server_name": name, "host": "unknown.example.org", "path": "/"}
            for config in _route_configs(listener, port):
                for call in _requests_of(routes[config]):
                    yield {**base, **call}
                    if "/" == call["path"] and not call["headers"]:
                        yield {**base, **call, "tls": True, "client_certificate": True}


def ports_of(listener):
    """Those that calls to `listener` want."""
    if not is_redirected(listener):
        return [own_port(listener)]
    named = {chain["filter_chain_match"]["destination_port"] for chain in listener["filter_chains"]
             if "destination_port" in chain.get("filter_chain_match", {})}
    return sorted(named | {443, ELSEWHERE})


def _route_configs(listener, port):
    """Of the chains that name the port; of none, where a request meets TCP alone, one to ask with."""
    for chain in listener["filter_chains"]:
        if chain.get("filter_chain_match", {}).get("destination_port") == port:
            rds = chain["filters"][0]["typed_config"].get("rds")
            if rds:
                yield rds["route_config_name"]


def _requests_of(config):
    for host in config.get("virtual_hosts", []):
        for domain in [*host["domains"], *(HOSTS if host["domains"] == ["*"] else [])]:
            name = domain.replace("*", "any") if domain != "*" else "some.where"
            for path in PATHS:
                yield {"host": name, "path": path, "headers": []}
            yield {"host": name.upper(), "path": "/", "headers": []}
            yield {"host": f"{name}:1234", "path": "/", "headers": []}
            yield {"host": name, "path": "/", "headers": [["connection", "upgrade"], ["upgrade", "websocket"]]}
        for route in host.get("routes", []):
            yield from _along({"host": _own_name(host)}, route["match"])


def _own_name(host):
    return host["domains"][0].replace("*", "some.where" if host["domains"][0] == "*" else "any")


def _along(base, match):
    """One that the route takes, as far as it can be seen here, and its neighbours."""
    path = match.get("path") or match.get("prefix") or _matching(match["safe_regex"]["regex"])
    query = [_query(each) for each in match.get("query_parameters", [])]
    values = [(each["name"], _value(each)) for each in match.get("headers", [])]
    whole = _request(base, path, query, values, match)
    yield whole
    for longer in (path + "x", path + "/x", path.rstrip("/") or "/", path[:-1] or "/", path.upper()):
        yield _request(base, longer, query, values, match)
    for index in range(len(query)):
        yield _request(base, path, query[:index] + query[index + 1:], values, match)
        yield _request(base, path, [*query[:index], query[index] + "x", *query[index + 1:]], values, match)
    for index, (name, value) in enumerate(values):
        others = values[:index] + values[index + 1:]
        for other in (None, "", "other", "0", "5", f"{value}x", f"x{value}"):
            yield _request(base, path, query, [*others, (name, other)], match)
    for name, value in values:
        # Two values of one name: the client's own beside it, before it and after it.
        if value is not None and name[0] != ":":
            for other in ("second", "0"):
                yield {**whole, "headers": [*whole["headers"], [name.lower(), other]]}
                yield {**whole, "headers": [[name.lower(), other], *whole["headers"]]}
    if match.get("grpc") is not None:
        for kind in ("application/grpc+x", "application/grpc-web", "text/plain"):
            yield {**whole, "headers": [*whole["headers"][:-1], ["content-type", kind]]}


def _request(base, path, query, values, match):
    call = {**base, "path": path + ("?" + "&".join(query) if query else ""), "headers": []}
    for name, value in values:
        if name == ":method":
            call["method"] = value if value in ("GET", "POST", "PUT", "DELETE") else "GET"
        elif name == ":scheme":
            call["headers"].append(["x-forwarded-proto", value or "http"])
        elif value is not None:
            call["headers"].append([name.lower(), value])
    if match.get("grpc") is not None:
        call["headers"].append(["content-type", "application/grpc"])
        call["method"] = "POST"
    return call


def _query(matcher):
    return f"{matcher['name']}={matcher['string_match']['exact']}" if "string_match" in matcher else matcher["name"]


def _value(matcher):
    """One that the matcher takes; None: without the header."""
    invert = matcher.get("invert_match", False)
    if "range_match" in matcher:
        return str(matcher["range_match"].get("start", 0)) if not invert else str(matcher["range_match"].get("end", 0))
    if "string_match" not in matcher:
        return None if invert else "there"
    (kind, text), = ((kind, text) for kind, text in matcher["string_match"].items() if kind != "ignore_case")
    value = {"exact": lambda: text, "prefix": lambda: text + "z", "suffix": lambda: "z" + text,
             "safe_regex": lambda: _matching(text["regex"])}[kind]()
    return f"no{value}not" if invert else value


def _matching(regex):
    return next((text for text in TEXTS if re.fullmatch(regex, text)), "/")
