/** What a chart shows, as a table. */
import { type ChartData, countOf, pointName, valueWords } from "./figures";

export function ChartTable({ title, data }: { title: string; data: ChartData }) {
  const places = Array.from({ length: countOf(data.along) }, (_, index) => index);
  return (
    // It scrolls, so that it must be reached by keys too.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the box of a long table
    <section className="figure-chart-table" aria-label={`${title}, as a table`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{data.along.label}</th>
            {data.series.map(({ label }) => (
              <th key={label} scope="col" className="numbers">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {places.map((index) => (
            <tr key={index}>
              <th scope="row">{pointName(data.along, index)}</th>
              {data.series.map(({ label, values }) => (
                <td key={label} className="numbers">
                  {valueWords(data, values[index])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
