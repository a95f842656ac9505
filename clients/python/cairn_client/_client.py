"""A server, its namespaces and their repositories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, Unpack
from urllib.parse import quote

from . import types
from ._http import Connection, Query


def _segment(text: str) -> str:
    return quote(text, safe="")


class Client:
    """A Cairn server. `key` is the operator's key, or a token."""

    def __init__(self, url: str, key: str, *, timeout: float = 60) -> None:
        self._connection = Connection(url, key, timeout)

    def namespace(self, name: str) -> Namespace:
        """A namespace. The first repository makes it."""
        return Namespace(self._connection, name)

    def namespaces(self) -> Iterator[types.Namespace]:
        """All namespaces."""
        return self._connection.pages("/namespaces")

    def call(
        self, method: str, path: str, *, query: Query | None = None, body: object = None, once: str | None = None
    ) -> Any:
        """The `result` of any request of docs/api.md, by its path below `/api/v1`."""
        return self._connection.call(method, path, query=query, body=body, once=once)


class Namespace:
    """The repositories of a namespace."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._path = f"/namespaces/{_segment(name)}"
        self.name = name

    def info(self) -> types.Namespace:
        """Its settings and sizes."""
        result: types.Namespace = self._connection.call("GET", self._path)
        return result

    def update(self, **change: Unpack[types.NamespaceChange]) -> types.Namespace:
        """Changes settings; what is absent stays."""
        result: types.Namespace = self._connection.call("PATCH", self._path, body=change)
        return result

    def create(self, **repository: Unpack[types.NewRepository]) -> types.CreatedRepository:
        """Makes a repository: `create(name="hello")`. The token in the answer is never shown again."""
        result: types.CreatedRepository = self._connection.call("POST", f"{self._path}/repos", body=repository)
        return result

    def import_(self, name: str, **source: Unpack[types.NewImport]) -> types.CreatedRepository:
        """Begins to make a repository of another server's: `import_("hello", url="https://…")`."""
        path = f"{self._path}/repos/{_segment(name)}/import"
        result: types.CreatedRepository = self._connection.call("POST", path, body=source)
        return result

    def repositories(self, *, search: str | None = None) -> Iterator[types.ListedRepository]:
        """All repositories, newest first."""
        return self._connection.pages(f"{self._path}/repos", {"search": search})

    def repository(self, name: str) -> Repository:
        """A handle; nothing is asked yet."""
        return Repository(self._connection, self, name)

    def create_token(self, **token: Unpack[types.NewToken]) -> types.CreatedToken:
        """Makes a token: of one repository (`repo`), of some (`repos`), or of the namespace."""
        result: types.CreatedToken = self._connection.call("POST", f"{self._path}/tokens", body=token)
        return result

    def revoke_token(self, token_id: str) -> None:
        """Revokes a token of the namespace or of one of its repositories."""
        self._connection.call("DELETE", f"{self._path}/tokens/{_segment(token_id)}")


class Repository:
    """One repository."""

    def __init__(self, connection: Connection, namespace: Namespace, name: str) -> None:
        self._connection = connection
        self._namespace = namespace
        self._path = f"{namespace._path}/repos/{_segment(name)}"
        self.name = name

    def info(self) -> types.Repository:
        """Its settings and state."""
        result: types.Repository = self._connection.call("GET", self._path)
        return result

    def update(self, **change: Unpack[types.RepositoryChange]) -> types.Repository:
        """Changes settings; what is absent stays."""
        result: types.Repository = self._connection.call("PATCH", self._path, body=change)
        return result

    def delete(self) -> None:
        """Deletes it. It can be restored for a while."""
        self._connection.call("DELETE", self._path)

    def fork(self, **fork: Unpack[types.NewFork]) -> types.CreatedRepository:
        """Makes a fork: `fork(name="copy")`."""
        result: types.CreatedRepository = self._connection.call("POST", f"{self._path}/fork", body=fork)
        return result

    def create_token(
        self, scope: Literal["read", "write"] = "write", ttl: int | None = None
    ) -> types.CreatedToken:
        """Makes a token for it; `ttl` is in seconds, a day unless given."""
        asked: types.NewToken = {"repo": self.name, "scope": scope}
        if ttl is not None:
            asked["ttl"] = ttl
        return self._namespace.create_token(**asked)

    def tokens(self) -> Iterator[types.Token]:
        """Its tokens, newest first."""
        return self._connection.pages(f"{self._path}/tokens")

    def refs(self, prefix: str | None = None, *, ahead_behind: str | None = None) -> Iterator[types.Ref]:
        """Its refs whose names begin so; with `ahead_behind` each is compared with that revision."""
        return self._connection.pages(f"{self._path}/refs", {"prefix": prefix, "ahead_behind": ahead_behind})

    def update_refs(self, *updates: types.RefUpdatesUpdatesItem, atomic: bool | None = None) -> types.UpdatedRefs:
        """Makes, moves and deletes refs."""
        body: types.RefUpdates = {"updates": list(updates)}
        if atomic is not None:
            body["atomic"] = atomic
        result: types.UpdatedRefs = self._connection.call("POST", f"{self._path}/refs", body=body)
        return result

    def log(self, ref: str | None = None, *, path: str | None = None) -> Iterator[types.Commit]:
        """Commits from a ref on, newest first: the whole history, page by page as it is read."""
        return self._connection.pages(f"{self._path}/log", {"ref": ref, "path": path})

    def commit(self, hash: str) -> types.Commit:
        """A commit."""
        result: types.Commit = self._connection.call("GET", f"{self._path}/commit/{_segment(hash)}")
        return result

    def tree(self, hash: str) -> Iterator[types.TreeEntry]:
        """The entries of a tree."""
        return self._connection.pages(f"{self._path}/tree/{_segment(hash)}")

    def read(self, path: str, ref: str = "HEAD") -> bytes:
        """The bytes of a file."""
        return self._connection.read(f"{self._path}/raw/{_segment(ref)}/{quote(path)}")

    def blob(self, hash: str) -> bytes:
        """The bytes of a blob."""
        return self._connection.read(f"{self._path}/blob/{_segment(hash)}")

    def archive(self, ref: str = "HEAD", format: Literal["tar.gz", "tar", "zip"] = "tar.gz") -> bytes:
        """The files of a ref as `git archive` packs them."""
        return self._connection.read(f"{self._path}/archive/{_segment(ref)}.{format}")

    def put_blob(self, content: bytes) -> types.PutBlob:
        """Stores bytes, whose `blob` a commit may name."""
        result: types.PutBlob = self._connection.put(f"{self._path}/blobs", content)
        return result

    def create_commit(self, commit: types.NewCommit, *, once: str | None = None) -> types.Committed:
        """Commits files to a branch. `once` is a key: the same one again does nothing more."""
        path = f"{self._path}/commits"
        result: types.Committed = self._connection.call("POST", path, body=commit, once=once)
        return result

    def sync_fork(self, sync: types.ForkSync | None = None, *, once: str | None = None) -> types.Merged:
        """Takes over what the repository that this one was forked from has by now."""
        path = f"{self._path}/sync-fork"
        result: types.Merged = self._connection.call("POST", path, body=sync or {}, once=once)
        return result

    def merge(self, merge: types.NewMerge, *, once: str | None = None) -> types.Merged:
        """Merges a branch or a commit into a branch, as `git merge` does."""
        path = f"{self._path}/merge"
        result: types.Merged = self._connection.call("POST", path, body=merge, once=once)
        return result

    def compare(self, base: str, head: str, *, head_repository: str | None = None) -> types.Comparison:
        """What a head has that a base has not. The head may be another repository's, `namespace/name`."""
        path = f"{self._path}/compare/{_segment(base)}...{_segment(head)}"
        query = {"head_repository": head_repository}
        result: types.Comparison = self._connection.call("GET", path, query=query)
        return result

    def purge_unreachable(self, *, network: bool = False) -> types.Purged:
        """Removes for good what no ref reaches."""
        path = f"{self._path}/purge-unreachable"
        result: types.Purged = self._connection.call("POST", path, body={"network": network})
        return result

    def call(
        self, method: str, path: str = "", *, query: Query | None = None, body: object = None, once: str | None = None
    ) -> Any:
        """The `result` of any other request of docs/api.md, by its path below the repository's."""
        return self._connection.call(method, self._path + path, query=query, body=body, once=once)
