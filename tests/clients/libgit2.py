"""libgit2, by way of pygit2. What the commands mean: tests/clients/mod.rs."""

import os
import sys

import pygit2
from pygit2.enums import FetchPrune

ME = pygit2.Signature("libgit2", "libgit2@example.com", 1_700_000_000, 0)


class Callbacks(pygit2.RemoteCallbacks):
    """Credentials for the server, and an ear for what it refuses."""

    def __init__(self):
        super().__init__(pygit2.UserPass("x", os.environ["CAIRN_TOKEN"]))
        self.refused = []

    def push_update_reference(self, refname, message):
        if message is not None:
            self.refused.append(f"{refname}: {message}")


def create(folder, url):
    repository = pygit2.init_repository(folder, initial_head="main")
    repository.remotes.create("origin", url)
    first = [grow(repository, "main", number) for number in range(1, 7)][0]
    repository.branches.create("topic", repository.branches["main"].peel(pygit2.Commit))
    topic = [grow(repository, "topic", number) for number in range(21, 24)][-1]
    for number in range(7, 10):
        grow(repository, "main", number)
    tip = grow(repository, "main", 10, topic)
    repository.create_tag("v1", tip, pygit2.enums.ObjectType.COMMIT, ME, "an annotated tag\n")
    repository.references.create("refs/tags/light", first)
    push(repository, ["refs/heads/main", "refs/heads/topic", "refs/tags/v1", "refs/tags/light"])


def clone(url, folder, depth=0):
    pygit2.clone_repository(url, folder, callbacks=Callbacks(), depth=int(depth))


def fetch(folder, depth=0):
    origin = pygit2.Repository(folder).remotes["origin"]
    origin.fetch(callbacks=Callbacks(), prune=FetchPrune.PRUNE, depth=int(depth))


def commit(folder, number):
    repository = pygit2.Repository(folder)
    grow(repository, "main", int(number))
    push(repository, ["refs/heads/main"])


def delete(folder, branch):
    push(pygit2.Repository(folder), [f":refs/heads/{branch}"])


def grow(repository, branch, number, *merged):
    """Commits a longer log and a new file in a folder to the branch; the commit's id."""
    refname = f"refs/heads/{branch}"
    index = pygit2.Index()
    parents, log = list(merged), b""
    if refname in repository.references:
        tip = repository.references[refname].peel(pygit2.Commit)
        index.read_tree(tip.tree)
        parents.insert(0, tip.id)
        if "log.txt" in tip.tree:
            log = tip.tree["log.txt"].data
    log += "".join(f"{branch} {number}, line {line}\n" for line in range(40)).encode()
    for path, content in (("log.txt", log), (f"deep/er/ö-{number}.txt", f"{number}\n".encode())):
        blob = repository.create_blob(content)
        index.add(pygit2.IndexEntry(path, blob, pygit2.enums.FileMode.BLOB))
    tree = index.write_tree(repository)
    return repository.create_commit(refname, ME, ME, f"{branch} {number}\n", tree, parents)


def push(repository, refspecs):
    callbacks = Callbacks()
    whole = [spec if spec.startswith(":") else f"{spec}:{spec}" for spec in refspecs]
    repository.remotes["origin"].push(whole, callbacks=callbacks)
    if callbacks.refused:
        sys.exit("\n".join(callbacks.refused))


if __name__ == "__main__":
    {"create": create, "clone": clone, "fetch": fetch, "commit": commit, "delete": delete}[
        sys.argv[1]
    ](*sys.argv[2:])
