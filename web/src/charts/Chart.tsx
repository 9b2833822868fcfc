/**
 * A chart for everyone: drawn, told in a sentence, read point by point with keys, shown as a table, and taken away as
 * data or as a picture. Keep `data` the same object (useMemo) for as long as it says the same.
 */
import { type KeyboardEvent, useId, useRef, useState } from "react";
import { Button } from "../design/Button";
import { Icon } from "../design/Icon";
import { Menu } from "../design/Menu";
import { Notice } from "../design/Notice";
import { useTask } from "../hooks/useTask";
import { saveFile, saveText } from "../pages/save_file";
import "./Chart.css";
import { ChartTable } from "./ChartTable";
import {
  type ChartData,
  countOf,
  csvOf,
  fileNameOf,
  hasValues,
  pointName,
  pointWords,
  steppedBy,
  valueWords,
} from "./figures";
import { DASHES, usePalette } from "./palette";
import { pictureOf } from "./picture";
import { usePlot } from "./usePlot";

export interface ChartProps {
  title: string;
  /** What it comes to, in a sentence or two: for whoever does not see it, and for whoever looks briefly. */
  summary: string;
  data: ChartData;
  /** Said in its place while there are no values. */
  empty?: string;
  height?: number;
  /** Something to be done with a point: by a click, or by Enter. `pickWords` says what. */
  onPick?: (index: number) => void;
  pickWords?: string;
  testId?: string;
}

export function Chart(props: ChartProps) {
  const { title, summary, data, empty = "There is nothing to show yet.", testId } = props;
  const id = useId();
  const there = hasValues(data);
  return (
    <section className="figure-chart" aria-labelledby={`${id}-title`} data-testid={testId}>
      {there ? (
        <Shown {...props} id={id} />
      ) : (
        <>
          <h3 id={`${id}-title`} className="figure-chart-title">
            {title}
          </h3>
          <p className="figure-chart-empty">
            <Icon name="poll" size={20} />
            {empty}
          </p>
        </>
      )}
      {!there && summary && <p className="visually-hidden">{summary}</p>}
    </section>
  );
}

function Shown({ title, summary, data, height = 220, onPick, pickWords, id }: ChartProps & { id: string }) {
  const host = useRef<HTMLDivElement>(null);
  const [index, setIndex] = useState<number | null>(null);
  const [table, setTable] = useState(false);
  const palette = usePalette();
  const { drawing, failed } = usePlot(host, { data, palette, height, onPoint: setIndex, onPick });
  const task = useTask();
  const count = countOf(data.along);
  const at = index !== null && index < count ? index : null;

  const go = (next: number | null) => {
    setIndex(next);
    drawing?.point(next);
  };
  const press = (event: KeyboardEvent) => {
    const next = steppedBy(event.key, at, count);
    if (next !== null) go(next);
    else if (event.key === "Enter" && at !== null && onPick) onPick(at);
    else if (event.key === "Escape" && at !== null) go(null);
    else return;
    event.preventDefault();
  };
  const savePicture = () =>
    void task.run(async () => {
      if (!drawing) throw new Error("The chart is not drawn yet.");
      const blob = await pictureOf(drawing.canvas, { title, series: data.series }, palette);
      saveFile({ blob, name: fileNameOf(title, "png") }, "chart.png");
    });

  return (
    <>
      <div className="figure-chart-head">
        <h3 id={`${id}-title`} className="figure-chart-title">
          {title}
        </h3>
        <div className="figure-chart-tools">
          <Button
            size="small"
            tone="quiet"
            icon="list"
            aria-expanded={table}
            aria-controls={`${id}-table`}
            aria-label={`${title} as a table`}
            onClick={() => setTable(!table)}
          >
            Table
          </Button>
          <Menu
            label={`Save “${title}”`}
            className="button button-quiet button-small button-icon"
            floating
            items={[
              {
                label: "Data (CSV)",
                icon: "list",
                act: () => saveText(csvOf(data), fileNameOf(title, "csv"), "text/csv"),
              },
              ...(failed ? [] : [{ label: "Picture (PNG)", icon: "picture" as const, act: savePicture }]),
            ]}
          >
            <Icon name="download" size={16} />
          </Menu>
        </div>
      </div>
      <p id={`${id}-summary`} className="soft figure-chart-summary">
        {summary}
      </p>
      <Legend data={data} index={at} />
      {failed ? (
        <Notice tone="wrong">The chart could not be drawn. Its data are in the table.</Notice>
      ) : (
        <div
          ref={host}
          className="figure-chart-plot"
          style={{ height }}
          role="slider"
          tabIndex={0}
          aria-label={`${title}: read point by point${pickWords ? `, Enter to ${pickWords}` : ""}`}
          aria-describedby={`${id}-summary`}
          aria-valuemin={1}
          aria-valuemax={count}
          aria-valuenow={(at ?? 0) + 1}
          aria-valuetext={at === null ? "No point chosen" : pointWords(data, at)}
          data-drawn={drawing !== null}
          onKeyDown={press}
        />
      )}
      <div id={`${id}-table`}>{(table || failed) && <ChartTable title={title} data={data} />}</div>
    </>
  );
}

/** What is what; and the values of the point that is read. */
function Legend({ data, index }: { data: ChartData; index: number | null }) {
  return (
    <div className="figure-chart-legend" aria-hidden="true">
      <ul>
        {data.series.map(({ label, look, values }, place) => (
          <li key={label}>
            <Key look={look} place={place} />
            {label}
            {index !== null && <b className="numbers">{valueWords(data, values[index])}</b>}
          </li>
        ))}
      </ul>
      <span className="figure-chart-point numbers">{index === null ? "" : pointName(data.along, index)}</span>
    </div>
  );
}

function Key({ look, place }: { look: string; place: number }) {
  if (look === "bar") return <span className={`figure-key-bar figure-key-${place + 1}`} />;
  return (
    <svg width="22" height="8" aria-hidden="true" className={`figure-key-${place + 1}`}>
      <path d="M1 4H21" strokeDasharray={DASHES[place]?.join(" ")} />
    </svg>
  );
}
