"""Reads /metrics with the parsers of Prometheus's own client library, both text forms, and prints what they found as JSON.

The parser of OpenMetrics is a strict one: it refuses a family twice, samples out of order, bad names, a counter without `_total`,
buckets that do not add up, and a missing end mark.
"""

import json
import os
import urllib.request

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics


def fetch(accept: str) -> tuple[str, str]:
    headers = {"Accept": accept}
    if token := os.environ.get("TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(os.environ["METRICS_URL"], headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers["content-type"], answer.read().decode()


def shapes(families: list) -> set:
    """The series without their values: numbers change between two scrapes."""
    return {
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in families
        for sample in family.samples
    }


# What Prometheus 3 sends.
kind, text = fetch(
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.2"
)
assert kind == "application/openmetrics-text; version=1.0.0; charset=utf-8", kind
families = list(openmetrics.text_string_to_metric_families(text))

kind, text = fetch("*/*")
assert kind == "text/plain; version=0.0.4; charset=utf-8", kind
classic = list(parser.text_string_to_metric_families(text))
assert shapes(families) == shapes(classic), shapes(families) ^ shapes(classic)
types = {family.name: family.type for family in families}
for family in classic:
    # The older form has no type for what is merely so.
    assert types.get(family.name) == family.type or family.name.endswith("_info"), family.name
    assert family.documentation, family.name

print(
    json.dumps(
        {
            "types": types,
            "samples": [
                {"name": sample.name, "labels": sample.labels, "value": sample.value}
                for family in families
                for sample in family.samples
            ],
        }
    )
)
