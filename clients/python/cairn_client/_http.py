"""Requests to the REST API: an address, a credential, and the envelope taken off."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

Query = Mapping[str, "str | int | bool | list[str] | None"]


class CairnError(Exception):
    """The server refused a request, or did not answer."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: int = 0,
        pointer: str | None = None,
        details: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        """The status of HTTP; 0 if there was no answer."""
        self.code = code
        """The number of the first error: docs/api.md lists them."""
        self.pointer = pointer
        """The field of the request that is wrong."""
        self.details = details
        self.retry_after = retry_after
        """Seconds after which another try may do."""


class Connection:
    """Asks one server with one credential."""

    def __init__(self, url: str, key: str, timeout: float) -> None:
        if not key:
            raise ValueError("a key is needed: the operator's, or a token")
        if not url.startswith(("http://", "https://")):
            raise ValueError("the URL begins with http:// or https://")
        self._base = url.rstrip("/") + "/api/v1"
        self._key = key
        self._timeout = timeout

    def call(
        self, method: str, path: str, *, query: Query | None = None, body: object = None, once: str | None = None
    ) -> Any:
        """The `result` of an answer."""
        return self.envelope(method, path, query=query, body=body, once=once)["result"]

    def envelope(
        self, method: str, path: str, *, query: Query | None = None, body: object = None, once: str | None = None
    ) -> dict[str, Any]:
        """The whole answer. `once` is an `Idempotency-Key`: the same one again does nothing more."""
        headers = {} if once is None else {"Idempotency-Key": once}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        answered = self._send(method, path, query, data, headers)
        envelope = json.loads(answered) if answered else {"result": None}
        if not isinstance(envelope, dict):
            raise CairnError("the server's answer is no envelope")
        return envelope

    def read(self, path: str, query: Query | None = None) -> bytes:
        """The bytes of a file."""
        return self._send("GET", path, query, None, {"Accept": "application/octet-stream"})

    def put(self, path: str, data: bytes) -> Any:
        """Sends bytes; the `result` of the answer."""
        headers = {"Content-Type": "application/octet-stream"}
        return json.loads(self._send("PUT", path, None, data, headers))["result"]

    def pages(self, path: str, query: Query | None = None) -> Iterator[Any]:
        """The items of all pages of a list."""
        asked = dict(query or {})
        while True:
            envelope = self.envelope("GET", path, query=asked)
            yield from envelope["result"]
            cursor = envelope.get("result_info", {}).get("cursor")
            if not cursor:
                return
            asked["cursor"] = cursor

    def _send(
        self, method: str, path: str, query: Query | None, data: bytes | None, headers: dict[str, str]
    ) -> bytes:
        url = self._base + path + _search(query or {})
        headers = {"Authorization": f"Bearer {self._key}", "User-Agent": "cairn-client-python", **headers}
        request = Request(url, data=data, headers=headers, method=method)
        try:
            with urlopen(request, timeout=self._timeout) as answer:
                read: bytes = answer.read()
                return read
        except HTTPError as error:
            raise _refusal(error) from None
        except (URLError, TimeoutError, ConnectionError) as error:
            raise CairnError(f"the server did not answer: {error}") from error


def _search(query: Query) -> str:
    pairs = []
    for name, value in query.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                pairs.append((name, str(one).lower() if isinstance(one, bool) else str(one)))
    return "?" + urlencode(pairs) if pairs else ""


def _refusal(error: HTTPError) -> CairnError:
    after = error.headers.get("Retry-After", "")
    retry_after = int(after) if after.isdigit() else None
    try:
        first = json.loads(error.read())["errors"][0]
        return CairnError(
            first["message"],
            status=error.code,
            code=first["code"],
            pointer=first.get("source", {}).get("pointer"),
            details=first.get("details"),
            retry_after=retry_after,
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        # As from a proxy in between.
        return CairnError(f"status {error.code}", status=error.code, retry_after=retry_after)
