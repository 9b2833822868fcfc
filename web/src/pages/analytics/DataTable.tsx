/** A table of people or things that scrolls within itself, put in order by its columns. */
import { type ReactNode, useState } from "react";
import { Icon } from "../../design/Icon";

export interface Column<T> {
  name: string;
  label: string;
  /** What is read out of the heading besides, where the label is short. */
  title?: string;
  cell: (row: T) => ReactNode;
  /** By what rows are ordered; those without a value come last. */
  order: (row: T) => number | string | null;
  words?: boolean;
}

interface Props<T> {
  label: string;
  rows: readonly T[];
  columns: readonly Column<T>[];
  keyOf: (row: T) => string;
  testId?: string;
  /** By which column the rows are ordered at first, if not by the first one. */
  by?: string;
}

interface Order {
  by: string;
  down: boolean;
}

/** So many rows are drawn at first. */
const ROWS = 100;

export function DataTable<T>({ label, rows, columns, keyOf, testId, by }: Props<T>) {
  const [order, setOrder] = useState<Order>({ by: by ?? columns[0]?.name ?? "", down: false });
  const [shown, setShown] = useState(ROWS);
  const sorted = inOrder(rows, columns.find(({ name }) => name === order.by)?.order, order.down);
  const turn = (by: string) => setOrder({ by, down: order.by === by ? !order.down : false });
  return (
    <>
      {/* It scrolls, so that it must be reached by keys too.
          biome-ignore lint/a11y/noNoninteractiveTabindex: the box of a wide table */}
      <section className="data-box" aria-label={label} tabIndex={0} data-testid={testId}>
        <table className="data-table">
          <thead>
            <tr>
              {columns.map(({ name, label: words, title, words: text }) => (
                <th
                  key={name}
                  scope="col"
                  className={text ? "data-words" : undefined}
                  aria-sort={order.by === name ? (order.down ? "descending" : "ascending") : undefined}
                >
                  <button type="button" className="data-sort" title={title} onClick={() => turn(name)}>
                    {words}
                    {title && <span className="visually-hidden"> ({title})</span>}
                    <span
                      className={order.by === name ? "data-sorted" : "data-unsorted"}
                      data-down={order.down}
                    >
                      <Icon name="up" size={14} />
                    </span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, shown).map((row) => (
              <tr key={keyOf(row)}>
                {columns.map(({ name, cell, words }, place) =>
                  place === 0 ? (
                    <th key={name} scope="row">
                      {cell(row)}
                    </th>
                  ) : (
                    <td key={name} className={words ? "data-words" : "numbers"}>
                      {cell(row)}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {sorted.length > shown && (
        <p className="list-more">
          <button type="button" className="button button-plain" onClick={() => setShown(shown + ROWS)}>
            Show more
          </button>
        </p>
      )}
    </>
  );
}

/** Nothing known comes last, whichever way it goes. */
export function inOrder<T>(
  rows: readonly T[],
  by: ((row: T) => number | string | null) | undefined,
  down: boolean,
): T[] {
  if (!by) return [...rows];
  return [...rows].sort((one, other) => {
    const [a, b] = [by(one), by(other)];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    const order = typeof a === "string" ? a.localeCompare(String(b)) : a - Number(b);
    return down ? -order : order;
  });
}
