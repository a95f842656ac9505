"""python_client.py <url> <key>: a day with cairn_client, as it was installed from the wheel."""

import sys
from importlib.metadata import version
from importlib.resources import files

from cairn_client import CairnError, Client

url, key = sys.argv[1:]
assert version("cairn-client") and files("cairn_client").joinpath("py.typed").is_file()

operator = Client(url, key)
typed = operator.namespace("wheel")
made = typed.create(name="first", description="of a wheel")
assert made["remote"] == f"{url}/git/wheel/first.git", made
assert [one["namespace"] for one in operator.namespaces()] == ["wheel"]
assert typed.update(fsck={"strict": True})["fsck"]["strict"] is True

# The repository's own token is enough for the rest.
repo = Client(url, made["token"]).namespace("wheel").repository("first")
notes = {"path": "notes/ö one.txt", "content": "one\n"}
first = repo.create_commit({"branch": "main", "message": "first", "files": [notes]}, once="first-commit")
again = repo.create_commit({"branch": "main", "message": "first", "files": [notes]}, once="first-commit")
assert again == first and first["oldHead"] is None, again
blob = repo.put_blob(b"\0\xff")
binary = {"path": "two.bin", "blob": blob["blob"]}
second = repo.create_commit({"branch": "topic", "base": first["commit"], "message": "second", "files": [binary]})
assert repo.read("notes/ö one.txt", "main") == b"one\n"
assert repo.read("two.bin", "topic") == repo.blob(blob["blob"]) == b"\0\xff"
assert repo.archive("topic")[:2] == b"\x1f\x8b"
assert repo.compare("main", "topic")["stats"]["files"] == 1

merged = repo.merge({"into": "main", "from": "topic", "strategy": "ff_only"})
assert merged["status"] == "fast_forward" and merged["newHead"] == second["commit"], merged
messages = [one["message"] for one in repo.log("main")]
assert messages == ["second\n", "first\n"], messages
shown = repo.commit(second["commit"])
assert [one["name"] for one in repo.tree(shown["treeHash"])] == ["notes", "two.bin"]
deleted = repo.update_refs({"name": "refs/heads/topic", "new": None})
assert deleted["updates"][0]["ok"], deleted
assert [one["name"] for one in repo.refs("refs/heads/")] == ["refs/heads/main"]

# A refusal tells the reason, by number and by field.
for asked, status, code in [
    (lambda: repo.commit("0" * 40), 404, 10200),
    (lambda: repo.update(public=True), 403, 10000),
    (lambda: typed.create(name="first"), 409, 10201),
    (lambda: typed.repository("none").info(), 404, 10200),
]:
    try:
        asked()
    except CairnError as error:
        assert (error.status, error.code) == (status, code), (error, error.status, error.code)
    else:
        raise AssertionError(f"{status} was expected")

administered = typed.repository("first")
assert administered.update(public=True)["public"] is True
token = administered.create_token("read", ttl=3600)
assert token["id"] in [one["id"] for one in administered.tokens()]
typed.revoke_token(token["id"])
fork = administered.fork(name="second")
assert fork["name"] == "second"
# Pages are asked for as they are read.
for number in range(3, 8):
    typed.create(name=f"number-{number}")
assert len(list(typed.repositories())) == 7
assert administered.call("GET", "/stats")["refs"] >= 1
assert administered.purge_unreachable()["holders"] == []
administered.delete()
assert "first" not in [one["name"] for one in typed.repositories()]

try:
    Client("http://127.0.0.1:9", key).namespace("wheel").info()
except CairnError as error:
    assert error.status == 0 and "did not answer" in str(error), error
else:
    raise AssertionError("nobody listens there")
print("the python client did its day")
