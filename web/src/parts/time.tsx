const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

/** How long ago something was, with the exact time behind it. */
export function Time({ at }: { at: string }) {
  const seconds = (Date.parse(at) - Date.now()) / 1000;
  const [unit, length] = STEPS.find(([, each]) => Math.abs(seconds) >= each) ?? ["second", 1];
  return (
    <time dateTime={at} title={exact.format(new Date(at))}>
      {relative.format(Math.round(seconds / length), unit)}
    </time>
  );
}

/** The day of a time, for headings of a history. */
export function dayOf(at: string): string {
  return new Intl.DateTimeFormat("en", { dateStyle: "long" }).format(new Date(at));
}
