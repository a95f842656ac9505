import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { ByName } from "../parts/dialog";
import { Alert, useAct } from "../parts/form";

interface ActButtonProperties {
  label: string;
  act: () => Promise<unknown>;
  /** Names the act that was done. */
  done?: string;
}

/** A button that does one thing, and says beside itself how that went. */
export function ActButton({ label, act, done = "" }: ActButtonProperties) {
  const { isUnderway, error, run } = useAct();
  const [said, say] = useState("");
  const acted = async () => {
    say("");
    await act();
    say(done);
  };
  return (
    <span class="act">
      <button type="button" disabled={isUnderway} onClick={() => run(acted)}>
        {isUnderway ? "One moment…" : label}
      </button>
      <span class="quiet" role="status">
        {said}
      </span>
      {error && <Alert>{error.message}</Alert>}
    </span>
  );
}

interface DestroyProperties {
  label: string;
  /** The name of the thing to destroy: has to be typed. */
  name: string;
  title: string;
  act: () => Promise<unknown>;
  done: () => void;
  children: ComponentChildren;
}

/** A button that destroys something, once somebody has typed its name. */
export function Destroy({ label, name, title, act, done, children }: DestroyProperties) {
  const [isOpen, open] = useState(false);
  const close = () => open(false);
  return (
    <>
      <button type="button" class="danger" onClick={() => open(true)}>
        {label}
      </button>
      {isOpen && (
        <ByName
          title={title}
          name={name}
          submit={label}
          close={close}
          act={async () => {
            await act();
            close();
            done();
          }}
        >
          {children}
        </ByName>
      )}
    </>
  );
}

/** Something that is shown this once: a token, the secret of a webhook. */
export function Once({ label, secret }: { label: string; secret: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(secret);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <div class="once" role="status">
      <p>
        <strong>{label}</strong> Nobody can show it again: copy it now.
      </p>
      <div class="clone">
        <code tabIndex={0}>{secret}</code>
        <button type="button" onClick={copy}>
          {copied ? "Copied" : "Copy"}
          <span class="hidden"> {label}</span>
        </button>
      </div>
    </div>
  );
}
