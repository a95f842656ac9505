"""Reads Prometheus' text format from its input as Prometheus' own library does, and writes the samples as
lines of JSON: kind, name, labels, value. A metric that is told twice is an error."""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

told = set()
for family in text_string_to_metric_families(sys.stdin.read()):
    if family.name in told or not family.documentation or family.type == "unknown":
        sys.exit(f"{family.name}: told twice, or without help or type")
    told.add(family.name)
    seen = set()
    for sample in family.samples:
        labels = tuple(sorted(sample.labels.items()))
        if (sample.name, labels) in seen:
            sys.exit(f"{sample.name}{labels}: two samples")
        seen.add((sample.name, labels))
        print(json.dumps([family.type, sample.name, sample.labels, sample.value]))
