"""Runs steps through boto3. ../drivers.py says what goes in and what comes out."""
import json
import sys

import boto3
import botocore
import botocore.config
import botocore.exceptions


def connect(endpoint_url):
    # One attempt: an error is to be seen, not retried.
    config = botocore.config.Config(retries={"total_max_attempts": 1, "mode": "standard"})
    return boto3.client("appmesh", endpoint_url=endpoint_url, config=config)


def said(answer):
    """Splits an answer into the output and what the SDK knows of the HTTP exchange."""
    about = answer.pop("ResponseMetadata")
    return answer, {"status": about["HTTPStatusCode"], "requestId": about.get("RequestId")}


def pages_of(client, method, arguments):
    size = arguments.pop("limit")
    pages = client.get_paginator(method).paginate(**arguments, PaginationConfig={"PageSize": size})
    return [said(page) for page in pages]


def run(client, step):
    method, arguments = botocore.xform_name(step["operation"]), dict(step["input"])
    try:
        if step.get("pages"):
            answers = pages_of(client, method, arguments)
        else:
            answers = [said(getattr(client, method)(**arguments))]
    except botocore.exceptions.ClientError as error:
        about = error.response["ResponseMetadata"]
        return {"ok": False, "error": type(error).__name__, "message": error.response["Error"]["Message"],
                "status": about["HTTPStatusCode"], "requestId": about.get("RequestId")}
    except Exception as error:  # whatever the SDK raises is the result
        return {"ok": False, "error": type(error).__name__, "message": str(error)}
    return {"ok": True, "pages": [output for output, _ in answers], **answers[-1][1]}


def main():
    print(json.dumps({"version": boto3.__version__}))
    client = connect(sys.argv[1] if len(sys.argv) > 1 else None)
    for step in json.load(sys.stdin):
        print(json.dumps(run(client, step), default=lambda time: time.timestamp()))


main()
