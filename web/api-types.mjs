// Writes src/client/api-types.ts: the types of the HTTP API from docs/reference/openapi.json, which the daemon's own
// tests write. With --check it only says whether the file is right, after an independent look at the document.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Validator } from "@seriousme/openapi-schema-validator";

const path = name => fileURLToPath(new URL(name, import.meta.url));
const document = JSON.parse(await readFile(path("../docs/reference/openapi.json"), "utf8"));

function fail(text) {
  console.error(text);
  process.exit(1);
}

/** The part of JSON Schema that the document uses; a word that is not here stops the build. */
function type(schema) {
  if (schema === true || Object.keys(schema).every(word => word === "description")) return "unknown";
  if (schema.$ref) return schema.$ref.replace("#/components/schemas/", "");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map(value => JSON.stringify(value)).join(" | ");
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return either.map(type).join(" | ");
  if (Array.isArray(schema.type)) return schema.type.map(one => type({ ...schema, type: one })).join(" | ");
  switch (schema.type) {
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    case "integer":
    case "number":
      return "number";
    case "array":
      return `${either || schema.items.enum ? `(${type(schema.items)})` : type(schema.items)}[]`;
    case "object":
      return object(schema);
    default:
      return fail(`api-types.mjs does not know what ${JSON.stringify(schema)} is in TypeScript`);
  }
}

function object(schema) {
  if (!schema.properties) return `Record<string, ${type(schema.additionalProperties ?? true)}>`;
  const member = ([name, inner]) => {
    const optional = schema.required?.includes(name) ? "" : "?";
    return `${comment(inner, "  ")}  ${name}${optional}: ${type(inner)};\n`;
  };
  return `{\n${Object.entries(schema.properties).map(member).join("")}}`;
}

function comment(schema, indent) {
  return schema.description ? `${indent}/** ${schema.description} */\n` : "";
}

const { valid, errors } = await new Validator().validate(document);
if (!valid) fail(`docs/reference/openapi.json is no OpenAPI document: ${JSON.stringify(errors, null, 2)}`);

const named = Object.entries(document.components.schemas).map(([name, schema]) => {
  return `${comment(schema, "")}export type ${name} = ${type(schema)};\n`;
});
const made = `// Written by api-types.mjs from docs/reference/openapi.json: change the types of the daemon, not this file.\n\n${named.join("\n")}`;

const file = path("src/client/api-types.ts");
if (!process.argv.includes("--check")) await writeFile(file, made);
if ((await readFile(file, "utf8").catch(() => "")) !== made) {
  fail("src/client/api-types.ts is old: npm --prefix web run types writes it anew");
}
