import { useId } from "preact/hooks";

import type { Rules } from "./api";

const OPERATIONS = ["no-push", "no-create", "no-delete", "no-force-push"] as const;
type Operation = (typeof OPERATIONS)[number];

/** The meaning of each, as docs/rules.md has it. */
const MEANING: Record<Operation, string> = {
  "no-push": "every change",
  "no-create": "to make it",
  "no-delete": "to delete it",
  "no-force-push": "to force it",
};

interface RulesFieldProperties {
  label: string;
  hint?: string | undefined;
  value: Rules;
  change: (value: Rules) => void;
}

/** A list of rules about refs, in their order. */
export function RulesField({ label, hint, value, change }: RulesFieldProperties) {
  const rules = value.map(([pattern, forbidden]) => ({ pattern: String(pattern), forbidden: (forbidden ?? []) as Operation[] }));
  const put = (list: typeof rules) => change(list.map(({ pattern, forbidden }) => [pattern, forbidden] as Rules[number]));
  const swap = (at: number) => put([...rules.slice(0, at - 1), rules[at]!, rules[at - 1]!, ...rules.slice(at + 1)]);
  return (
    <fieldset class="rules">
      <legend>{label}</legend>
      {hint && <p class="quiet">{hint}</p>}
      <ol>
        {rules.map((rule, at) => (
          <Rule
            key={at}
            number={at + 1}
            {...rule}
            change={(changed) => put(rules.map((old, index) => (index === at ? { ...old, ...changed } : old)))}
            up={at > 0 ? () => swap(at) : undefined}
            remove={() => put(rules.filter((_, index) => index !== at))}
          />
        ))}
      </ol>
      <button type="button" onClick={() => put([...rules, { pattern: "refs/heads/", forbidden: [] }])}>
        Add a rule
      </button>
    </fieldset>
  );
}

interface RuleProperties {
  number: number;
  pattern: string;
  forbidden: Operation[];
  change: (changed: { pattern?: string; forbidden?: Operation[] }) => void;
  up: (() => void) | undefined;
  remove: () => void;
}

function Rule({ number, pattern, forbidden, change, up, remove }: RuleProperties) {
  const id = useId();
  const toggled = (operation: Operation) =>
    forbidden.includes(operation) ? forbidden.filter((other) => other !== operation) : [...forbidden, operation];
  return (
    <li>
      <input
        aria-label={`Pattern of rule ${number}`}
        value={pattern}
        required
        spellcheck={false}
        onInput={(event) => change({ pattern: event.currentTarget.value })}
      />
      <span class="operations" role="group" aria-label={`What rule ${number} forbids`}>
        {OPERATIONS.map((operation) => (
          <label key={operation} class="check" for={`${id}-${operation}`} title={`Forbids ${MEANING[operation]}`}>
            <input
              id={`${id}-${operation}`}
              type="checkbox"
              checked={forbidden.includes(operation)}
              onChange={() => change({ forbidden: toggled(operation) })}
            />
            {operation}
          </label>
        ))}
      </span>
      <span class="buttons">
        <button type="button" disabled={!up} onClick={up} aria-label={`Move rule ${number} up`}>
          ↑
        </button>
        <button type="button" onClick={remove} aria-label={`Remove rule ${number}`}>
          Remove
        </button>
      </span>
    </li>
  );
}
