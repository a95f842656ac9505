"""A day with the client that openapi-python-client made from the server's description.

generated.py <url> <key>: everything here uses what was generated, by its types.
"""

import sys

from cairn_client import AuthenticatedClient
from cairn_client.api.content import archive, list_refs, raw
from cairn_client.api.namespaces import create_namespace
from cairn_client.api.repositories import create_repository, delete_repository, get_stats, list_repositories
from cairn_client.api.writing import create_commit
from cairn_client.models import FileChange, NewCommit, NewNamespace, NewRepository
from cairn_client.models.failure import Failure
from cairn_client.types import File

url, key = sys.argv[1:]
operator = AuthenticatedClient(base_url=url, token=key)

made = create_namespace.sync(client=operator, body=NewNamespace(namespace="generated"))
assert made.result.namespace == "generated", made
assert made.result.bytes_max is None, made

made = create_repository.sync("generated", client=operator, body=NewRepository(name="python"))
assert made.result.remote == f"{url}/git/generated/python.git", made
assert made.result.token.startswith("cairn_"), made

agent = AuthenticatedClient(base_url=url, token=made.result.token)
content = "one\ntwo\n"
files = [FileChange(path="notes/one.txt", content=content)]
commit = NewCommit(branch="main", message="first", expected_head=None, files=files)
first = create_commit.sync("generated", "python", client=agent, body=commit)
assert len(first.result.commit) == 40 and first.result.old_head is None, first

# A commit in lines, as a stream of bytes.
lines = (
    b'{"metadata":{"branch":"main","message":"second","files":[{"path":"two.bin","content_id":"1"}]}}\n'
    b'{"chunk":{"content_id":"1","data":"AP8A","eof":true}}\n'
)
import io  # noqa: E402

second = create_commit.sync("generated", "python", client=agent, body=File(payload=io.BytesIO(lines)))
assert second.result.old_head == first.result.commit, second

# The same head again: the server has another one, and its refusal has a type too.
stale = NewCommit(branch="main", message="third", expected_head=first.result.commit, files=files)
refused = create_commit.sync("generated", "python", client=agent, body=stale)
assert isinstance(refused, Failure) and refused.errors[0].code == 10310, refused

refs = list_refs.sync("generated", "python", client=agent)
assert [ref.name for ref in refs.result if ref.name != "HEAD"] == ["refs/heads/main"], refs

got = raw.sync_detailed("generated", "python", "main", "two.bin", client=agent)
assert got.status_code == 200 and got.content == b"\0\xff\0", got
packed = archive.sync("generated", "python", "main.tar.gz", client=agent)
assert packed.payload.read(2) == b"\x1f\x8b", packed

stats = get_stats.sync("generated", "python", client=operator)
assert stats.result.objects_by_kind.commit == 2 and stats.result.packs.live >= 1, stats
assert stats.result.isolate.heap_bytes > 0, stats

page = list_repositories.sync("generated", client=operator, limit=1)
assert [found.name for found in page.result] == ["python"] and page.result_info.count == 1, page
gone = delete_repository.sync("generated", "python", client=operator)
assert gone.success is True, gone
print("the generated client did its day")
