import { type ComponentChildren, createContext } from "preact";
import { useContext, useEffect, useId, useRef, useState } from "preact/hooks";

import { Refusal } from "../api";

// The server's refusal of the form around: the field that is at fault marks itself.
const Refused = createContext<Error | undefined>(undefined);

/** The act under way, and why it failed if it did. */
export interface Act {
  isUnderway: boolean;
  error?: Error | undefined;
  run: (act: () => Promise<unknown>) => void;
  forget: () => void;
}

/** Runs one thing at a time, and keeps its error. */
export function useAct(): Act {
  const [{ isUnderway, error }, set] = useState<{ isUnderway: boolean; error?: Error }>({ isUnderway: false });
  const run = (act: () => Promise<unknown>) => {
    if (isUnderway) return;
    set({ isUnderway: true });
    act().then(
      () => set({ isUnderway: false }),
      (error: Error) => set({ isUnderway: false, error }),
    );
  };
  return { isUnderway, error, run, forget: () => set({ isUnderway: false }) };
}

interface FormProperties {
  /** Sends the form. Its error is shown above the button. */
  act: () => Promise<unknown>;
  submit: string;
  isDestructive?: boolean;
  isDisabled?: boolean;
  /** Takes the place of an error's text where more can be done about it. */
  explain?: (error: Error, forget: () => void) => ComponentChildren;
  /** Buttons beside the one that sends. */
  beside?: ComponentChildren;
  children: ComponentChildren;
}

/** Fields, a button, and the server's answer if it refuses them. */
export function Form({ act, submit, isDestructive, isDisabled, explain, beside, children }: FormProperties) {
  const { isUnderway, error, run, forget } = useAct();
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isDisabled) run(act);
      }}
    >
      <Refused.Provider value={error}>{children}</Refused.Provider>
      {error && (explain?.(error, forget) ?? <Alert>{error.message}</Alert>)}
      <p class="buttons">
        <button type="submit" class={isDestructive ? "danger" : "primary"} disabled={isUnderway || isDisabled}>
          {isUnderway ? "One moment…" : submit}
        </button>
        {beside}
      </p>
    </form>
  );
}

/** A message that a screen reader says at once. */
export function Alert({ children }: { children: ComponentChildren }) {
  return (
    <div class="alert" role="alert">
      {children}
    </div>
  );
}

interface FieldProperties {
  label: string;
  hint?: string;
  value: string;
  change: (value: string) => void;
  /** How the API calls the field where it refuses it: `/branch`. */
  pointer?: string;
  isRequired?: boolean;
}

function useField({ pointer, hint }: { pointer?: string | undefined; hint?: string | undefined }) {
  const id = useId();
  const error = useContext(Refused);
  const isAtFault = pointer !== undefined && error instanceof Refusal && error.pointer === pointer;
  return { id, "aria-invalid": isAtFault || undefined, "aria-describedby": hint ? `${id}-hint` : undefined };
}

function Labelled({ id, label, hint, children }: { id: string; label: string; hint?: string | undefined; children: ComponentChildren }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {hint && (
        <span class="quiet" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}

/** A line of text; `rows` makes it several. */
export function Text(properties: FieldProperties & { rows?: number; type?: "text" | "password" | "datetime-local"; isFirst?: boolean }) {
  const { label, hint, value, change, isRequired, rows, type = "text", isFirst } = properties;
  const field = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  // The attribute autofocus would be refused, and said so, where a link that led here has the focus still.
  useEffect(() => {
    if (isFirst) field.current?.focus();
  }, []);
  const shared = {
    ...useField(properties),
    value,
    required: isRequired,
    spellcheck: rows !== undefined,
    onInput: (event: preact.TargetedInputEvent<HTMLInputElement | HTMLTextAreaElement>) => change(event.currentTarget.value),
  };
  return (
    <Labelled id={shared.id} label={label} hint={hint}>
      {rows ? (
        <textarea {...shared} ref={field} rows={rows} />
      ) : type === "password" ? (
        <input {...shared} ref={field} type="password" autocomplete="off" />
      ) : type === "datetime-local" ? (
        <input {...shared} ref={field} type="datetime-local" />
      ) : (
        <input {...shared} ref={field} type="text" autocomplete="off" />
      )}
    </Labelled>
  );
}

/** One of several. */
export function Choice(properties: FieldProperties & { options: [value: string, label: string][] }) {
  const { label, hint, value, change, options } = properties;
  const shared = useField(properties);
  return (
    <Labelled id={shared.id} label={label} hint={hint}>
      <select {...shared} value={value} onChange={(event) => change(event.currentTarget.value)}>
        {options.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

/** Yes or no. */
export function Check(properties: Omit<FieldProperties, "value" | "change"> & { value: boolean; change: (value: boolean) => void }) {
  const { label, hint, value, change } = properties;
  const shared = useField(properties);
  return (
    <div class="field">
      <label class="check" for={shared.id}>
        <input {...shared} type="checkbox" checked={value} onChange={(event) => change(event.currentTarget.checked)} />
        {label}
      </label>
      {hint && (
        <span class="quiet" id={`${shared.id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}
