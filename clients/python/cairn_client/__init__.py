"""A client for Cairn, a Git host.

>>> from cairn_client import Client
>>> repos = Client("https://cairn.example", key).namespace("acme")
>>> made = repos.create(name="hello")
>>> repo = repos.repository("hello")
>>> files = [{"path": "a.txt", "content": "a"}]
>>> repo.create_commit({"branch": "main", "message": "first", "files": files})
"""

from . import types
from ._client import Client, Namespace, Repository
from ._http import CairnError

__all__ = ["CairnError", "Client", "Namespace", "Repository", "types"]
