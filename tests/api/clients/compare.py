"""What a step was to give against what it gave, and the same answers of different SDKs in one form."""
import datetime
import math
import uuid

# contract/api.md, 3.5.
STATUS = {
    "BadRequestException": 400, "LimitExceededException": 400, "TooManyTagsException": 400, "ForbiddenException": 403,
    "NotFoundException": 404, "ConflictException": 409, "ResourceInUseException": 409, "TooManyRequestsException": 429,
    "InternalServerErrorException": 500, "ServiceUnavailableException": 503,
}
TIMES = ("createdAt", "lastUpdatedAt")


def filled_in(value, account):
    """`value` with ${account} replaced, in all its texts."""
    if isinstance(value, str):
        return value.replace("${account}", account)
    if isinstance(value, list):
        return [filled_in(item, account) for item in value]
    if isinstance(value, dict):
        return {name: filled_in(member, account) for name, member in value.items()}
    return value


def seconds(time):
    """Epoch seconds of a time as an SDK prints it; infinity for what is none."""
    if not isinstance(time, str):
        return float(time)
    try:
        return datetime.datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return math.inf


def merged(pages):
    """All pages as one output; a page's token is kept only if it is the last."""
    whole = dict(pages[0])
    for page in pages[1:]:
        whole.pop("nextToken", None)
        whole |= {name: whole.get(name, []) + member if isinstance(member, list) else member
                  for name, member in page.items()}
    return {name: member for name, member in whole.items() if member is not None}


def differences(expected, got, sent, path=""):
    """Where `got` is not as expected. A spec must be equal, a list as long, of an object the named
    members; "<as sent>" is the spec of the step's input, "<text>" any text, null what is not there."""
    if path.endswith(".spec"):
        wanted = sent["spec"] if expected == "<as sent>" else expected
        return [] if got == wanted else [f"{path} is {got}, not {wanted}"]
    if isinstance(expected, dict) and isinstance(got, dict):
        return [each for name, member in expected.items()
                for each in differences(member, got.get(name), sent, f"{path}.{name}")]
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        return [each for index, item in enumerate(expected)
                for each in differences(item, got[index], sent, f"{path}[{index}]")]
    same = isinstance(got, str) and got != "" if expected == "<text>" else got == expected
    return [] if same else [f"{path} is {got}, not {expected}"]


def problems(client, step, result, window):
    """What is wrong with a step's result; `window` holds every time that it may name."""
    if "error" in step:
        return error_problems(client, step, result)
    if not result["ok"]:
        return [f"refused: {result['error']}: {result['message']}"]
    found = differences(step["expect"], merged(result["pages"]), step["input"])
    found += [f"{time} is outside the run" for time in times_of(result["pages"]) if not window[0] <= time <= window[1]]
    if client.tells_pages and "pages" in step:
        sizes = [len(member) for page in result["pages"] for member in page.values() if isinstance(member, list)]
        found += [] if sizes == step["pages"] else [f"pages of {sizes}, not {step['pages']}"]
    return found + exchange_problems(client, result, 200)


def error_problems(client, step, result):
    if result["ok"]:
        return [f"accepted, not {step['error']}"]
    # What is refused as malformed or as absent: which of the two is decided elsewhere.
    allowed = ("BadRequestException", "NotFoundException") if step["error"] == "<refused>" else (step["error"],)
    if result["error"] not in allowed:
        return [f"{result['error']}, not {step['error']}: {result['message']}"]
    found = [] if result["message"] else ["the error has no message"]
    return found + exchange_problems(client, result, STATUS[result["error"]])


def exchange_problems(client, result, status):
    if not client.tells_exchange:
        return []
    found = [] if result["status"] == status else [f"status {result['status']}, not {status}"]
    try:
        uuid.UUID(result["requestId"])
    except (KeyError, TypeError, ValueError):
        found.append(f"no request id: {result.get('requestId')}")
    return found


def times_of(value):
    if isinstance(value, list):
        return [time for item in value for time in times_of(item)]
    if not isinstance(value, dict):
        return []
    own = [seconds(value[name]) for name in TIMES if name in value]
    return own + [time for member in value.values() for time in times_of(member)]


def comparable(results):
    """The results of a run without what differs from run to run; a uid becomes its number in order of
    appearance, so that the same resource stays the same."""
    numbers = {}

    def plain(value):
        if isinstance(value, list):
            return [plain(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {name: numbers.setdefault(member, len(numbers)) if name == "uid" else plain(member)
                for name, member in value.items() if name not in TIMES}

    return [plain(merged(result["pages"])) if result["ok"] else (result["error"], result["message"])
            for result in results]


def without(answer, names):
    """An answer without the members of these names; an error as it is."""
    if not isinstance(answer, dict):
        return answer
    return {name: member for name, member in answer.items() if name not in names}
