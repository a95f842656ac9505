"""dulwich, by its porcelain. What the commands mean: tests/clients/mod.rs."""

import os
import sys

from dulwich import porcelain
from dulwich.objects import Blob, Commit, Tree
from dulwich.repo import Repo

ME = b"dulwich <dulwich@example.com>"
CREDENTIALS = {"username": "x", "password": os.environ["CAIRN_TOKEN"]}
TAG = {"author": ME, "tag_time": 1_700_000_000, "tag_timezone": 0}


def create(folder, url):
    with Repo.init(folder, mkdir=True, default_branch=b"main") as repository:
        begin(repository, url)


def begin(repository, url):
    porcelain.remote_add(repository, "origin", url)
    first = [grow(repository, b"main", number) for number in range(1, 7)][0]
    repository.refs[b"refs/heads/topic"] = repository.refs[b"refs/heads/main"]
    topic = [grow(repository, b"topic", number) for number in range(21, 24)][-1]
    for number in range(7, 10):
        grow(repository, b"main", number)
    tip = grow(repository, b"main", 10, topic)
    porcelain.tag_create(repository, b"v1", message=b"an annotated tag\n", annotated=True,
                         objectish=tip, **TAG)
    repository.refs[b"refs/tags/light"] = first
    push(repository, ["refs/heads/main", "refs/heads/topic", "refs/tags/v1", "refs/tags/light"])


def clone(url, folder, depth=None):
    porcelain.clone(url, folder, depth=depth and int(depth), **CREDENTIALS).close()


def fetch(folder, depth=None):
    porcelain.fetch(folder, "origin", depth=depth and int(depth), prune=True, **CREDENTIALS)


def commit(folder, number):
    with Repo(folder) as repository:
        grow(repository, b"main", int(number))
        push(repository, ["refs/heads/main"])


def delete(folder, branch):
    with Repo(folder) as repository:
        push(repository, [f":refs/heads/{branch}"])


def grow(repository, branch, number, *merged):
    """Commits a longer log and a new file in a folder to the branch; the commit's id."""
    store = repository.object_store
    ref = b"refs/heads/" + branch
    parents, log, root, deep, er = list(merged), b"", Tree(), Tree(), Tree()
    if ref in repository.refs:
        parents.insert(0, repository.refs[ref])
        root = store[store[parents[0]].tree]
        log = store[root[b"log.txt"][1]].data if b"log.txt" in root else b""
        deep = store[root[b"deep"][1]] if b"deep" in root else deep
        er = store[deep[b"er"][1]] if b"er" in deep else er
    name = branch.decode()
    log += "".join(f"{name} {number}, line {line}\n" for line in range(40)).encode()
    log = Blob.from_string(log)
    small = Blob.from_string(f"{number}\n".encode())
    er.add(f"ö-{number}.txt".encode(), 0o100644, small.id)
    deep.add(b"er", 0o040000, er.id)
    root.add(b"deep", 0o040000, deep.id)
    root.add(b"log.txt", 0o100644, log.id)
    made = Commit()
    made.tree, made.parents = root.id, parents
    made.author = made.committer = ME
    made.author_time = made.commit_time = 1_700_000_000
    made.author_timezone = made.commit_timezone = 0
    made.encoding = b"UTF-8"
    made.message = f"{name} {number}\n".encode()
    store.add_objects([(each, None) for each in (log, small, er, deep, root, made)])
    repository.refs[ref] = made.id
    return made.id


def push(repository, refspecs):
    result = porcelain.push(repository, "origin", refspecs, **CREDENTIALS)
    refused = {ref: why for ref, why in (result.ref_status or {}).items() if why}
    if refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    {"create": create, "clone": clone, "fetch": fetch, "commit": commit, "delete": delete}[
        sys.argv[1]
    ](*sys.argv[2:])
