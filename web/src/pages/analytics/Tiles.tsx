/** Figures side by side, each with what it is of. */
export interface TileFigure {
  label: string;
  value: string;
  note?: string;
}

export function Tiles({ figures, testId }: { figures: readonly TileFigure[]; testId?: string }) {
  return (
    <dl className="tiles" data-testid={testId}>
      {figures.map(({ label, value, note }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd className="numbers tile-value">{value}</dd>
          {note && <dd className="soft">{note}</dd>}
        </div>
      ))}
    </dl>
  );
}
