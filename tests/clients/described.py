"""What schemathesis asks for, made real: most names that it draws give way to such as are there.

A hook of schemathesis. `DESCRIBED_VALUES` is a file of JSON: by operation, or `*` for all, values
for a parameter (`path.hash`, `query.ref`), a field of the body (`body.url`) or the `body`. Which of them, and
whether any, follows from the request alone, so that a finding can be asked again. What is not of
the form that its description asks for stays as it is: that is asked in order to be refused.

The answers are counted by operation and status in `DESCRIBED_ANSWERS`.
"""

import atexit
import collections
import json
import os
import random
import re

import schemathesis

# How often a value is replaced, and how often a new thing gets a name of its own.
REAL = 0.9
# How often a whole body is replaced by one that fits the existing resources.
WHOLE = 0.3
# Operations that change or delete must not hit the things that others need, whose names came in answers. The
# last ones are asked a few times only, and one of those has to succeed.
ALWAYS = {
    "deleteNamespace",
    "deleteRepository",
    "updateRepository",
    "updateNamespace",
    "revokeAllTokens",
    "renameRepository",
    "restoreDeletedRepository",
    "purgeDeletedRepository",
    "updateNamespaceWebhook",
    "updateRepositoryWebhook",
    "deleteNamespaceWebhook",
    "deleteRepositoryWebhook",
    "updateDownstream",
    "deleteDownstream",
    "archive",
    "archiveHead",
    "blame",
    "raw",
    "rawHead",
    "revokeToken",
    "revokeRepositoryToken",
}
# The form of a name; refs and paths are anything.
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,60}")
# The operations that make something, and the place of its name.
NEW = {
    "createNamespace": "body.namespace",
    "createRepository": "body.name",
    "forkRepository": "body.name",
    "importRepository": "path.repo",
    "recoverRepository": "path.repo",
    "renameRepository": "body.name",
}

with open(os.environ["DESCRIBED_VALUES"], encoding="utf-8") as file:
    values = json.load(file)
answers = collections.defaultdict(collections.Counter)
made = 0


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw.get("operationId", "")
    if case.method.lower() != case.operation.method.lower():
        return
    parts = {
        "path": case.path_parameters,
        "query": case.query,
        "header": case.headers,
        "body": case.body,
    }
    drawn = random.Random(repr([operation, *(repr(part) for part in parts.values())]))
    often = 1 if operation in ALWAYS else REAL
    for place, real in {**values["*"], **values.get(operation, {})}.items():
        if place == "body":
            if isinstance(case.body, dict) and drawn.random() < WHOLE:
                case.body.clear()
                case.body.update(drawn.choice(real))
            continue
        part, name = place.split(".", 1)
        fields = parts[part]
        if by_link(case) and part != "body":
            continue
        if not holds_one(fields, name) or drawn.random() >= often and not leads_out(operation, fields):
            continue
        if name in ("namespace", "repo") and not NAME.fullmatch(fields[name]):
            continue
        fields[name] = drawn.choice(real)
    # A feed that waits half a minute leaves no time for others.
    if isinstance(case.query, dict) and case.query.get("wait") in range(1, 31):
        case.query["wait"] = 0
    new = [NEW[operation]] if operation in NEW else []
    for place in [*new, "header.Idempotency-Key"]:
        part, name = place.split(".", 1)
        fields = parts[part]
        if by_link(case) and part == "path":
            continue
        if holds_text(fields, name) and NAME.fullmatch(fields[name]) and drawn.random() < REAL:
            fields[name] = unique(fields[name])


@schemathesis.hook
def after_call(context, case, response):
    if case.method.lower() == case.operation.method.lower():
        operation = case.operation.definition.raw.get("operationId", "")
        answers[operation][response.status_code] += 1


@atexit.register
def write_answers():
    with open(os.environ["DESCRIBED_ANSWERS"], "w", encoding="utf-8") as file:
        json.dump(answers, file)


def leads_out(operation, fields):
    """Whether an import would ask a host of which this machine knows nothing, such as a webhook's."""
    return operation in ("importRepository", "setUpstream") and str(fields.get("url")).startswith("http")


def by_link(case):
    """Whether names in its path may come from an earlier answer, by a link of the description."""
    return case.meta is not None and case.meta.phase.name == "stateful"


def holds_one(fields, name):
    """Whether a text is there, or the number of a delivery."""
    return holds_text(fields, name) or (name == "delivery" and isinstance(fields.get(name), int))


def holds_text(fields, name):
    return hasattr(fields, "get") and isinstance(fields.get(name), str)


def unique(name):
    global made
    made += 1
    return f"{name[:40]}-{made}"
