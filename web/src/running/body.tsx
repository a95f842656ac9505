import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { Refusal } from "../api";
import { Check, Choice, Form, Text } from "../parts/form";
import type { Rules } from "./api";
import { KINDS, type KindName } from "./kinds";
import { RulesField } from "./rules_field";

/** One field of a request's body, by the API's name. */
export interface Field<Body> {
  name: keyof Body & string;
  label: string;
  hint?: string;
  /** `text` unless given. */
  kind?: KindName | "check" | "choice" | "rules" | "strict";
  options?: [value: string, label: string][];
  isRequired?: boolean;
  /** Is sent although nobody changed it. */
  isAlways?: boolean;
}

interface BodyFormProperties<Body> {
  /** The subject of the group of fields. */
  title?: string;
  fields: Field<Body>[];
  /** The API's present values, by the same names. Only fields that differ from them are sent. */
  values?: object;
  /** Where the body stands in the request, as a refusal points there: `/pre_receive`. */
  under?: string;
  submit: string;
  send: (body: Body) => Promise<unknown>;
  /** Whether the fields are empty again afterwards. */
  isMaking?: boolean;
  beside?: ComponentChildren;
  children?: ComponentChildren;
}

type Raw = string | boolean | Rules;

/** A form over the body of a PATCH or a POST. */
export function BodyForm<Body extends object>(properties: BodyFormProperties<Body>) {
  const { title, fields, values, under = "", submit, send, isMaking, beside, children } = properties;
  const [edits, setEdits] = useState<Partial<Record<string, Raw>>>({});
  const [said, say] = useState("");
  const act = async () => {
    say("");
    const changed = fields.filter((field) => field.isAlways || isChanged(field, values, edits[field.name]));
    if (changed.length === 0 && !isMaking) return say("Nothing has changed.");
    const body = Object.fromEntries(changed.map((field) => [field.name, sent(field, edits[field.name], values, under)]));
    await send(body as Body);
    // A field that cannot be shown again, as a password, is empty again.
    setEdits((old) => (isMaking ? {} : Object.fromEntries(Object.entries(old).filter(([name]) => !isSecret(fields, name)))));
    say(isMaking ? "Done." : "Saved.");
  };
  return (
    <section class="group">
      {title && <h2>{title}</h2>}
      {children}
      <Form
        act={act}
        submit={submit}
        beside={
          <>
            {beside}
            <span class="quiet" role="status">
              {said}
            </span>
          </>
        }
      >
        {fields.map((field) => (
          <Input
            key={field.name}
            field={field}
            pointer={`${under}/${field.name}`}
            raw={edits[field.name] ?? shown(field, values)}
            change={(raw) => (say(""), setEdits((old) => ({ ...old, [field.name]: raw })))}
          />
        ))}
      </Form>
    </section>
  );
}

function Input<Body>({ field, pointer, raw, change }: { field: Field<Body>; pointer: string; raw: Raw; change: (raw: Raw) => void }) {
  const { label, hint, kind = "text", options = [], isRequired } = field;
  const shared = { label, change, pointer, ...(hint && { hint }), ...(isRequired && { isRequired }) };
  if (kind === "rules") return <RulesField label={label} hint={hint} value={raw as Rules} change={change} />;
  if (typeof raw !== "string") return <Check {...shared} value={raw === true} />;
  if (kind === "choice") return <Choice {...shared} value={raw} options={options} />;
  if (kind === "time") return <Text {...shared} value={raw} type="datetime-local" />;
  const rows = { long: 3, lines: 3, linesOrNone: 3, json: 12 }[kind as string];
  return <Text {...shared} value={raw} type={kind === "password" ? "password" : "text"} {...(rows && { rows })} />;
}

function value<Body>({ name }: Field<Body>, values: object | undefined): unknown {
  return (values as Record<string, unknown> | undefined)?.[name];
}

function shown<Body>(field: Field<Body>, values: object | undefined): Raw {
  const { kind = "text", options = [] } = field;
  const now = field.kind === "strict" ? undefined : value(field, values);
  if (kind === "rules") return (now as Rules | undefined) ?? [];
  if (kind === "check") return now === true;
  if (kind === "strict") return (values as { fsck?: { strict: boolean } } | undefined)?.fsck?.strict === true;
  if (kind === "choice") return String(now ?? options[0]?.[0] ?? "");
  return now === undefined ? "" : KINDS[kind].shown(now);
}

function isChanged<Body>(field: Field<Body>, values: object | undefined, edit: Raw | undefined): boolean {
  return edit !== undefined && JSON.stringify(edit) !== JSON.stringify(shown(field, values));
}

function isSecret<Body>(fields: Field<Body>[], name: string): boolean {
  return fields.some((field) => field.name === name && field.kind === "password");
}

// The value that the API gets. The page refuses one that it cannot read, in the form in which the API would.
function sent<Body>(field: Field<Body>, edit: Raw | undefined, values: object | undefined, under: string): unknown {
  const raw = edit ?? shown(field, values);
  if (field.kind === "strict") return { strict: raw };
  if (typeof raw !== "string" || field.kind === "choice" || field.kind === "rules" || field.kind === "check") return raw;
  try {
    return KINDS[field.kind ?? "text"].read(raw);
  } catch (error) {
    const message = `${field.label}: ${error instanceof Error ? error.message : error}`;
    throw new Refusal(0, { message, source: { pointer: `${under}/${field.name}` } });
  }
}
