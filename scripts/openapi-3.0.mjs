// openapi-3.0.mjs [<file>]: the server's description as OpenAPI 3.0, for generators that do not read 3.1
// (progenitor, oapi-codegen). Writes the file, or prints it.
//
// Everything of 3.1 that src/worker/rest/openapi.json uses is said in the words of 3.0. Three things are left
// out, because these generators take one type an answer and one form a body:
//
// - a second form of a body or an answer: JSON stays, or else plain bytes;
// - answers that need no type: redirects, 304, and the platform's own for a URL or headers that are too long;
// - links, which lead nowhere once a generator has read them.
//
// It fails on a keyword that it does not know, so that the description cannot quietly lose its meaning.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

// Keywords of a schema that mean the same in both versions.
const SAME = new Set([
  "$ref", "default", "description", "enum", "format", "maxItems", "maxLength", "maxProperties", "maximum",
  "minItems", "minLength", "minProperties", "minimum", "pattern", "required", "title", "uniqueItems",
]);
const FORMS = ["application/json", "application/octet-stream"];
const METHODS = ["get", "head", "post", "put", "patch", "delete"];

/** The description in OpenAPI 3.0, as an object. */
export function older() {
  const newer = JSON.parse(readFileSync(join(root, "src/worker/rest/openapi.json"), "utf8"));
  const { openapi, components, paths, info, ...rest } = newer;
  if (!openapi.startsWith("3.1.")) throw new Error(`the description is of OpenAPI ${openapi}`);
  const { links, ...parts } = components;
  namesApart(newer);
  return {
    openapi: "3.0.3",
    // 3.0 has no summary of the whole, and no identifier of a license.
    info: { ...without(info, ["summary"]), license: without(info.license, ["identifier"]) },
    ...rest,
    paths: mapped(paths, pathItem),
    components: {
      ...parts,
      schemas: mapped(components.schemas, schema),
      parameters: mapped(components.parameters, described),
      headers: mapped(components.headers, described),
      responses: mapped(components.responses, response),
    },
  };
}

// Generators name the type of a parameter after its operation: `blame` and `range` make `BlameRange`.
function namesApart({ paths, components }) {
  const plain = (name) => name.replace(/[^A-Za-z0-9]/g, "").toLowerCase();
  const schemas = new Set(Object.keys(components.schemas).map(plain));
  for (const { parameters: shared = [], ...item } of Object.values(paths)) {
    for (const { operationId, parameters = [] } of Object.values(item)) {
      for (const parameter of [...shared, ...parameters]) {
        const { name } = parameter.$ref ? components.parameters[parameter.$ref.split("/").at(-1)] : parameter;
        if (schemas.has(plain(operationId + name))) {
          throw new Error(`the parameter ${name} of ${operationId} has the name of a schema: rename the schema`);
        }
      }
    }
  }
}

function pathItem(item) {
  return mapped(item, (part, key) => {
    if (key === "parameters") return part.map(described);
    return METHODS.includes(key) ? operation(part) : part;
  });
}

function operation(operation) {
  const { requestBody, responses, parameters, ...rest } = operation;
  const typed = Object.entries(responses).filter(([status, answer]) => {
    if (/^3/.test(status)) return false;
    return !/UriTooLong|HeadersTooLarge/.test(answer.$ref ?? "");
  });
  return {
    ...rest,
    ...(parameters && { parameters: parameters.map(described) }),
    ...(requestBody && { requestBody: { ...requestBody, content: content(requestBody.content) } }),
    responses: Object.fromEntries(typed.map(([status, answer]) => [status, response(answer)])),
  };
}

function response(response) {
  const { links, content: forms, headers, ...rest } = response;
  return {
    ...rest,
    ...(headers && { headers: mapped(headers, described) }),
    ...(forms && { content: content(forms) }),
  };
}

// One form of a body, the first of those that a generator knows.
function content(forms) {
  const type = FORMS.find((form) => forms[form]) ?? Object.keys(forms)[0];
  return { [type]: described(forms[type]) };
}

// A parameter, a header or a body: each has a schema.
function described(part) {
  return part.schema ? { ...part, schema: schema(part.schema) } : part;
}

function schema(newer) {
  if (typeof newer !== "object") throw new Error(`a schema is ${newer}`);
  const older = {};
  for (const [keyword, value] of Object.entries(newer)) {
    if (/^min(Items|Length|Properties)$/.test(keyword) && value === 0) continue;
    if (SAME.has(keyword)) older[keyword] = value;
    else if (keyword === "type") Object.assign(older, type(value));
    else if (keyword === "const") older.enum = [value];
    else if (keyword === "example") older.example = value;
    else if (keyword === "properties") older.properties = mapped(value, schema);
    else if (keyword === "items") older.items = schema(value);
    else if (keyword === "additionalProperties") older[keyword] = typeof value === "boolean" ? value : schema(value);
    else if (["allOf", "anyOf", "oneOf"].includes(keyword)) older[keyword] = value.map(schema);
    else throw new Error(`no word of OpenAPI 3.0 is known here for ${keyword}`);
  }
  if (older.nullable && older.enum && !older.enum.includes(null)) throw new Error("an enum without its null");
  return older;
}

// In 3.0 a type is one name, and `nullable` stands beside it. Null alone is a value without a type.
function type(type) {
  const names = [type].flat().filter((name) => name !== "null");
  if (names.length > 1) throw new Error(`a value of several types: ${names}`);
  if (names.length === 0) return { enum: [null] };
  return { type: names[0], ...(names.length < [type].flat().length && { nullable: true }) };
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object ?? {}).map(([key, value]) => [key, change(value, key)]));
}

function without(object, keys) {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const text = `${JSON.stringify(older(), null, 1)}\n`;
  if (process.argv[2]) writeFileSync(process.argv[2], text);
  else process.stdout.write(text);
}
