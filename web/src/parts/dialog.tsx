import type { ComponentChildren } from "preact";
import { useLayoutEffect, useId, useRef, useState } from "preact/hooks";

import { Form, Text } from "./form";

interface DialogProperties {
  title: string;
  close: () => void;
  children: ComponentChildren;
}

/** A window above the page, open as long as it is there. Escape closes it, and the focus goes back to where it was. */
export function Dialog({ title, close, children }: DialogProperties) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="box"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
    >
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

interface ByNameProperties extends DialogProperties {
  /** The text that has to be typed. */
  name: string;
  submit: string;
  act: () => Promise<unknown>;
}

/** Asks for the name of the thing to destroy, so that nobody does it by a slip. */
export function ByName({ title, name, submit, act, close, children }: ByNameProperties) {
  const [typed, setTyped] = useState("");
  return (
    <Dialog title={title} close={close}>
      <Form act={act} submit={submit} isDestructive isDisabled={typed !== name} beside={<Cancel close={close} />}>
        {children}
        <Text label={`Type ${name} to confirm`} value={typed} change={setTyped} isFirst />
      </Form>
    </Dialog>
  );
}

/** The button that closes a dialog without doing anything. */
export function Cancel({ close }: { close: () => void }) {
  return (
    <button type="button" onClick={close}>
      Cancel
    </button>
  );
}
