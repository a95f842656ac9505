import type { ComponentChildren } from "preact";

import { Failure } from "../parts/failure";
import { More, Waiting } from "../parts/waiting";
import type { List } from "./data";

/** A column: its title, and a row's value there. */
export interface Column<T> {
  title: string;
  cell: (row: T) => ComponentChildren;
  isNumber?: boolean;
  /** The title is for readers who hear the page: buttons name themselves. */
  isSilent?: boolean;
}

interface ListedProperties<T> {
  label: string;
  list: List<T>;
  keyOf: (row: T) => string | number;
  columns: Column<T>[];
  /** The text that stands there if the list is empty. */
  none: string;
}

/** A table over a list that comes in pages. Its first column names the row. */
export function Listed<T>({ label, list, keyOf, columns, none }: ListedProperties<T>) {
  const { rows, error, isLoading, more } = list;
  return (
    <section class="card listed" aria-label={label} aria-busy={isLoading}>
      {rows?.length === 0 && <p class="message">{none}</p>}
      {rows && rows.length > 0 && (
        <table>
          <thead>
            <tr>
              {columns.map(({ title, isNumber, isSilent }) => (
                <th key={title} scope="col" class={isNumber ? "number" : undefined}>
                  <span class={isSilent ? "hidden" : undefined}>{title}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={keyOf(row)}>
                {columns.map(({ title, cell, isNumber, isSilent }, at) =>
                  at === 0 ? (
                    <th key={title} scope="row">
                      {cell(row)}
                    </th>
                  ) : (
                    <td key={title} class={isNumber ? "number" : undefined} data-title={isSilent ? undefined : title}>
                      {cell(row)}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {error && <Failure error={error} />}
      {!error && !rows && <Waiting />}
      {rows && <More more={more} isLoading={isLoading && more !== undefined} />}
    </section>
  );
}
