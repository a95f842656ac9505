"""make_types.py: writes cairn_client/types.py from the server's description; `--check` only compares.

Each schema becomes a TypedDict with the fields of the API, so that an answer is a plain dict with a type.
"""

import json
import keyword
import sys
from pathlib import Path

HERE = Path(__file__).parent
DESCRIPTION = HERE.parent.parent / "src/worker/rest/openapi.json"
TYPES = HERE / "cairn_client/types.py"

HEAD = '''"""The types of the API. Made by make_types.py from the server's description: do not edit."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict
'''

PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


class Types:
    """Writes types in the order in which they are needed."""

    def __init__(self, schemas):
        self.schemas = schemas
        self.written = {}

    def named(self, name):
        """The name of the type of a schema of the description."""
        if name not in self.written:
            self.written[name] = ""
            schema = self.schemas[name]
            if "allOf" in schema or schema.get("type") == "object" and "properties" in schema:
                self.written[name] = self.fields(name, self.merged(schema))
            else:
                # In quotes, since the named type may stand further down.
                text = self.type(schema, name + "Fields")
                self.written[name] = f'{name}: TypeAlias = "{text}"'
        return name

    def fields(self, name, schema):
        """A TypedDict, or None beside it where the schema may be null."""
        required = set(schema.get("required", []))
        lines = []
        for field, inner in schema["properties"].items():
            text = self.type(inner, name + camel(field))
            lines.append((field, text if field in required else f"NotRequired[{text}]", inner.get("description")))
        doc = schema.get("description")
        if any(keyword.iskeyword(field) for field, _, _ in lines):
            body = "".join(f'    "{field}": "{text}",\n' for field, text, _ in lines)
            return f"{name} = TypedDict(\"{name}\", {{\n{body}}})"
        body = "".join(
            f"    {field}: {text}\n" + (f'    """{told}"""\n' if told else "") for field, text, told in lines
        )
        return f"class {name}(TypedDict):\n" + (f'    """{doc}."""\n\n' if doc else "") + body.rstrip("\n")

    def type(self, schema, name):
        """The annotation of a schema; a type of its own, called `name`, for an object with fields."""
        if "$ref" in schema:
            return self.named(schema["$ref"].rsplit("/", 1)[1])
        if "const" in schema:
            return f"Literal[{schema['const']!r}]"
        if "enum" in schema:
            return f"Literal[{', '.join(repr(value) for value in schema['enum'])}]"
        for key in ("oneOf", "anyOf"):
            if key in schema:
                return either(self.type(one, f"{name}{at or ''}") for at, one in enumerate(schema[key]))
        if "allOf" in schema:
            self.written[name] = self.fields(name, self.merged(schema))
            return name
        kinds = schema.get("type", "object")
        kinds = [kinds] if isinstance(kinds, str) else kinds
        return either(self.kind(kind, schema, name) for kind in kinds)

    def kind(self, kind, schema, name):
        if kind == "array":
            return f"list[{self.type(schema.get('items', {}), name + 'Item')}]"
        if kind != "object":
            return PLAIN[kind]
        if "properties" in schema:
            self.written[name] = self.fields(name, schema)
            return name
        more = schema.get("additionalProperties")
        return f"dict[str, {self.type(more, name + 'Value') if isinstance(more, dict) and more else 'Any'}]"

    def merged(self, schema):
        """A schema with the fields of all that it is made of."""
        if "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[1]]
        whole = {"description": schema.get("description"), "properties": {}, "required": []}
        for part in map(self.merged, schema.get("allOf", [])):
            whole["properties"] |= part["properties"]
            whole["required"] += part["required"]
        whole["properties"] |= schema.get("properties", {})
        whole["required"] += schema.get("required", [])
        return whole


def either(texts):
    return " | ".join(dict.fromkeys(text for text in texts))


def camel(field):
    return "".join(word[:1].upper() + word[1:] for word in field.split("_"))


def main():
    schemas = json.loads(DESCRIPTION.read_text())["components"]["schemas"]
    types = Types(schemas)
    for name in schemas:
        types.named(name)
    text = HEAD + "".join(f"\n\n{one}\n" for one in types.written.values())
    if "--check" not in sys.argv:
        TYPES.write_text(text)
    elif TYPES.read_text() != text:
        sys.exit("cairn_client/types.py is not what the description says: run clients/python/make_types.py")


if __name__ == "__main__":
    main()
