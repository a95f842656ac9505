// The largest first: a value is shown in the largest unit of which it is a whole number.
const SECONDS: [string, number][] = [
  ["days", 86_400],
  ["hours", 3_600],
  ["minutes", 60],
  ["seconds", 1],
];
const BYTES: [string, number][] = [
  ["TiB", 2 ** 40],
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
  ["bytes", 1],
];

/** A number with a unit, as people write it: `90 days`, `1.5 GiB`. */
interface Measure {
  shown: (value: number) => string;
  /** Throws if the text is not a size. A number without a unit has the smallest one. */
  read: (text: string) => number;
}

function measure(units: [string, number][]): Measure {
  const example = units.map(([unit]) => unit).join(", ");
  return {
    shown: (value) => {
      const [unit, each] = units.find(([, each]) => value >= each && value % each === 0) ?? ["", 1];
      return unit ? `${value / each} ${value === each ? unit.replace(/s$/, "") : unit}` : String(value);
    },
    read: (text) => {
      const [, number = "", word = ""] = /^([\d.]+)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
      const begins = (unit: string) => unit.toLowerCase().startsWith(word.toLowerCase());
      // From the smallest on, so that no word means the smallest; "m" are minutes, and "b" bytes.
      const found = [...units].reverse().find(([unit]) => begins(unit));
      if (number === "" || !found || Number.isNaN(Number(number))) throw new Error(`A number and one of these: ${example}.`);
      return Math.round(Number(number) * found[1]);
    },
  };
}

export const duration = measure(SECONDS);
export const amount = measure(BYTES);
