import { amount, duration } from "./measure";

/** How a field of a form shows a value of the API, and the value that it sends for the typed text. */
export interface Kind {
  shown: (value: unknown) => string;
  /** Throws an error that names the fault of the text. */
  read: (text: string) => unknown;
}

const text: Kind = { shown: (value) => String(value ?? ""), read: (text) => text };

const optional = ({ shown, read }: Kind): Kind => ({
  shown: (value) => (value === null || value === undefined ? "" : shown(value)),
  read: (text) => (text.trim() === "" ? null : read(text.trim())),
});

const number: Kind = {
  shown: String,
  read: (text) => {
    if (!/^\d+$/.test(text)) throw new Error("A whole number.");
    return Number(text);
  },
};

// The browser's field shows the local time; the API has UTC.
const time: Kind = {
  shown: (value) => {
    const at = new Date(String(value));
    return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  },
  read: (text) => new Date(text).toISOString(),
};

const lines: Kind = {
  shown: (value) => (Array.isArray(value) ? value.join("\n") : ""),
  read: (text) => text.split("\n").map((line) => line.trim()).filter(Boolean),
};

const json: Kind = {
  shown: (value) => JSON.stringify(value, null, 2),
  read: (text) => JSON.parse(text),
};

const measured = ({ shown, read }: typeof duration): Kind => ({ shown: (value) => shown(Number(value)), read });

export const KINDS = {
  text,
  optional: optional(text),
  password: text,
  long: optional(text),
  number,
  numberOrNone: optional(number),
  seconds: measured(duration),
  secondsOrNone: optional(measured(duration)),
  bytes: measured(amount),
  bytesOrNone: optional(measured(amount)),
  time: optional(time),
  lines,
  linesOrNone: optional(lines),
  json,
} satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;
