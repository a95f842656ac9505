import type { ComponentChildren } from "preact";

/** Names and values. Absent values are left out. */
export function Facts({ facts }: { facts: [name: string, value: ComponentChildren][] }) {
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** Fields of the API of which this page knows nothing: each by its own name. */
export function Told({ value }: { value: unknown }) {
  if (Array.isArray(value)) {
    if (value.length === 0) return <>none</>;
    return (
      <ul>
        {value.map((item, at) => (
          <li key={at}>
            <Told value={item} />
          </li>
        ))}
      </ul>
    );
  }
  if (typeof value === "object" && value !== null) {
    return <Facts facts={Object.entries(value).map(([name, inner]) => [name.replaceAll("_", " "), <Told key={name} value={inner} />])} />;
  }
  if (typeof value === "number") return <>{value.toLocaleString("en")}</>;
  return <>{value === null ? "none" : String(value)}</>;
}
