// lint_description.mjs <node_modules> <file>…: asks Redocly's linter whether descriptions are valid OpenAPI of their
// version, whether each example is as its schema says, and whether generators can tell operations apart.
// The linter comes with openapi-typescript. Prints what is wrong, and exits with 1 if anything is.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, ...files] = process.argv.slice(2);
const linter = pathToFileURL(join(modules, "@redocly/openapi-core/lib/index.js"));
const { createConfig, lintFromString } = await import(linter);
const rules = [
  "struct", "no-unresolved-refs", "path-parameters-defined", "operation-operationId-unique",
  "nullable-type-sibling", "no-invalid-media-type-examples", "no-invalid-schema-examples",
  "no-invalid-parameter-examples",
];
const config = await createConfig({ rules: Object.fromEntries(rules.map((rule) => [rule, "error"])) });
for (const file of files) {
  const found = await lintFromString({ source: readFileSync(file, "utf8"), absoluteRef: file, config });
  for (const { ruleId, message, location } of found) {
    console.log(`${file}: ${ruleId}: ${message} ${location?.[0]?.pointer ?? ""}`);
    process.exitCode = 1;
  }
  console.log(`${file}: looked at`);
}
