"""What routes match on, the same for every kind of route: each with what it takes and what it does not."""


def _color(match=None, **more):
    return [{"name": "x-color", **({"match": match} if match else {}), **more}]


# Matches of headers, or of gRPC's metadata; headers that each takes; headers that it does not take.
HEADERS = {
    "exact": (_color({"exact": "red"}), [{"x-color": "red"}], [{}, {"x-color": "Red"}, {"x-color": "redder"}]),
    "prefix": (_color({"prefix": "re"}), [{"x-color": "red"}], [{}, {"x-color": "green"}]),
    "suffix": (_color({"suffix": "ed"}), [{"x-color": "red"}], [{}, {"x-color": "redder"}]),
    "regex": (_color({"regex": "red|gr.*"}), [{"x-color": "green"}],
              [{"x-color": "dark green"}, {"x-color": "redder"}]),
    "range": ([{"name": "x-age", "match": {"range": {"start": 18, "end": 65}}}], [{"x-age": "18"}, {"x-age": "64"}],
              [{"x-age": "65"}, {"x-age": "17"}, {"x-age": "old"}, {}]),
    "present": (_color(), [{"x-color": ""}, {"x-color": "red"}], [{}]),
    "absent": (_color(invert=True), [{}], [{"x-color": "red"}]),
    # Inverted, a value that is not there is no other value: the header must be there (contract/envoy.md §2.4).
    "inverted": (_color({"exact": "red"}, invert=True), [{"x-color": "green"}], [{"x-color": "red"}, {}]),
    # All of them, of whatever letters the name is written in.
    "all": ([*_color({"exact": "red"}), {"name": "X-Size"}], [{"x-color": "red", "x-size": "1"}],
            [{"x-color": "red"}, {"x-size": "1"}]),
}


def _with_headers(member, **match):
    """HEADERS as matches whose list of headers is the member of that name, for requests that are else alike."""
    return {f"header-{name}": ({**match, member: headers}, [{"headers": each} for each in takes],
                               [{"headers": each} for each in leaves])
            for name, (headers, takes, leaves) in HEADERS.items()}


def _paths(*paths):
    return [{"path": path} for path in paths]


_HTTP = {
    "prefix": ({"prefix": "/books"}, _paths("/books", "/books/1?x=y", "/bookshelf"), _paths("/", "/b")),
    "path-exact": ({"path": {"exact": "/books"}}, _paths("/books", "/books?x=y"), _paths("/books/", "/Books")),
    "path-regex": ({"path": {"regex": "/b(oo|u)ks"}}, _paths("/books", "/buks?x"), _paths("/books/1", "/a/books")),
    "method": ({"prefix": "/", "method": "DELETE"}, [{"method": "DELETE"}], [{}, {"method": "POST"}]),
    "query-exact": ({"prefix": "/", "queryParameters": [{"name": "q", "match": {"exact": "1"}}]},
                    _paths("/?q=1", "/?a=2&q=1"), _paths("/", "/?q=12", "/?Q=1")),
    "query-present": ({"prefix": "/", "queryParameters": [{"name": "q"}]}, _paths("/?q=", "/?q=7"),
                      _paths("/", "/?other=q")),
    "all-conditions": ({"prefix": "/a", "method": "GET", "headers": HEADERS["exact"][0],
                        "queryParameters": [{"name": "q"}]},
                       [{"path": "/a?q=1", "headers": {"x-color": "red"}}],
                       [{"path": "/a?q=1"},
                        *({"path": path, "headers": {"x-color": "red"}} for path in ("/a", "/?q=1"))]),
    **_with_headers("headers", prefix="/"),
}
# The name of a gRPC service is whole, and has capitals.
_GRPC = {
    "service": ({"serviceName": "shop.Books"}, _paths("/shop.Books/Get", "/shop.Books/List"),
                _paths("/shop.BooksToo/Get", "/shop.books/Get", "/shop/Books/Get")),
    **_with_headers("metadata"),
}
_METHOD = {"method": ({"serviceName": "shop.Books", "methodName": "Get"}, _paths("/shop.Books/Get"),
                      _paths("/shop.Books/GetAll", "/shop.Books/get", "/shop.Bookshop/Get"))}

# By protocol and name: a match; requests that it takes, as arguments of requests.ask; requests that it leaves.
OF_ROUTES = {"http": _HTTP, "http2": _HTTP, "grpc": {**_GRPC, **_METHOD}}
OF_GATEWAY_ROUTES = {"http": _HTTP, "http2": _HTTP, "grpc": _GRPC}


def cases(matches):
    """(protocol, name) of each."""
    return [(protocol, name) for protocol, those in matches.items() for name in those]


def check(match, who):
    """Asks `who` what answers the requests that `match`, one of the above, takes and leaves: `taken` and `rest`."""
    _, takes, leaves = match
    assert [(request, who(**request)) for request in takes + leaves] == [
        *((request, "taken") for request in takes), *((request, "rest") for request in leaves)]
