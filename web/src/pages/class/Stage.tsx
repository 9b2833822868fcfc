/** The tiles: all alike, or one large with the others in a strip. Only what is on the page is received. */
import { lazy, type RefObject, Suspense, useEffect, useRef, useState } from "react";
import { type Area, fitGrid, GAP, PAGER, paged, pageOf, stripSize } from "../../class/layout";
import { arrange, type Tile as TileModel } from "../../class/tiles";
import { Spinner } from "../../design/Spinner";
import { useHidden } from "../../hooks/useHidden";
import { Pager } from "./Pager";
import "./Stage.css";
import { Tile } from "./Tile";
import { useClass, useClassState } from "./useClass";
import { useClassView } from "./useClassView";
import { useTiles } from "./useTiles";

const STRIP_TILE: Area = { width: 208, height: 117 };
const NARROW_STRIP_TILE: Area = { width: 136, height: 84 };
/** A look into another tab does not stop the pictures yet. */
const HIDDEN_MS = 10_000;
/** A stage that is narrower than this times its height has the others below. */
const WIDE = 1.25;
/** The share of an upright stage that a large tile takes at most. */
const MOST_ABOVE = 0.65;

/** With the player of recordings, which most never need. */
const ClassStream = lazy(() => import("./ClassStream").then((page) => ({ default: page.ClassStream })));

export function Stage() {
  const { stream } = useClassState();
  if (!stream) return <Tiles />;
  return (
    <div className="class-stage" data-testid="stage" data-large="stream">
      <Suspense fallback={<Spinner size={32} />}>
        <ClassStream stream={stream} />
      </Suspense>
    </div>
  );
}

function Tiles() {
  const stage = useRef<HTMLDivElement>(null);
  const area = useArea(stage);
  const tiles = useTiles();
  const { view, ownPin } = useClassView();
  const { speaker } = useClassState();
  const { large, others } = arrange(tiles, { view, ownPin, speaker });
  return (
    <div ref={stage} className="class-stage" data-testid="stage" data-large={large?.key ?? ""}>
      {area && !large && <GridOf tiles={others} area={area} speaker={speaker} />}
      {area && large && <LargeWithStrip large={large} others={others} area={area} speaker={speaker} />}
    </div>
  );
}

function useArea(ref: RefObject<HTMLDivElement | null>): Area | null {
  const [area, setArea] = useState<Area | null>(null);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const measure = () => setArea({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, [ref]);
  return area;
}

interface Shown {
  tiles: readonly TileModel[];
  /** CSS pixels. */
  width: number;
}

/** Takes the pictures of these tiles from the server and no others, and none while nobody looks at the page. */
function useLook(sizes: readonly Shown[]): void {
  const { session } = useClass();
  const hidden = useHidden(HIDDEN_MS);
  const seen = sizes.flatMap(({ tiles, width }) =>
    tiles.flatMap(({ pictureId }) => (pictureId ? [[pictureId, width * devicePixelRatio] as const] : [])),
  );
  const key = hidden ? "[]" : JSON.stringify(seen);
  useEffect(() => session.look(new Map(JSON.parse(key) as [string, number][])), [session, key]);
}

function GridOf({
  tiles,
  area,
  speaker,
}: {
  tiles: readonly TileModel[];
  area: Area;
  speaker: string | null;
}) {
  const [wanted, setPage] = useState(0);
  const room = paged(tiles.length, area);
  const { shown, page, pages } = pageOf(tiles, wanted, room.size, speaker);
  const { tileWidth, tileHeight } = fitGrid(shown.length, room.area);
  useLook([{ tiles: shown, width: tileWidth }]);
  return (
    <Pager page={page} pages={pages} onPage={setPage}>
      <ul className="class-grid" aria-label="People">
        {shown.map((tile) => (
          <li key={tile.key} style={{ width: tileWidth, height: tileHeight }}>
            <Tile tile={tile} size={tileWidth < 220 ? "small" : "medium"} />
          </li>
        ))}
      </ul>
    </Pager>
  );
}

interface LargeProps {
  large: TileModel;
  others: readonly TileModel[];
  area: Area;
  speaker: string | null;
}

function LargeWithStrip(props: LargeProps) {
  const { width, height } = props.area;
  return width > height * WIDE ? <LargeBeside {...props} /> : <LargeAbove {...props} />;
}

/** One large tile with a column of the others at its side. */
function LargeBeside({ large, others, area, speaker }: LargeProps) {
  const [wanted, setPage] = useState(0);
  const tile = area.width < 700 || area.height < 400 ? NARROW_STRIP_TILE : STRIP_TILE;
  const all = stripSize(area.height, tile.height);
  const size = others.length > all ? stripSize(area.height - PAGER, tile.height) : all;
  const { shown, page, pages } = pageOf(others, wanted, size, speaker);
  const taken = others.length === 0 ? 0 : tile.width + GAP;
  useLook([
    { tiles: [large], width: area.width - taken },
    { tiles: shown, width: tile.width },
  ]);
  return (
    <div className="class-large class-large-beside">
      <div className="class-large-tile" style={{ width: area.width - taken, height: area.height }}>
        <Tile tile={large} size="large" />
      </div>
      {others.length > 0 && (
        <Pager page={page} pages={pages} onPage={setPage} strip>
          <ul className="class-strip" aria-label="Others">
            {shown.map((one) => (
              <li key={one.key} style={tile}>
                <Tile tile={one} size="small" />
              </li>
            ))}
          </ul>
        </Pager>
      )}
    </div>
  );
}

/** Held upright, the large tile is as high as its picture, and the others have what is left below. */
function LargeAbove({ large, others, area, speaker }: LargeProps) {
  const [wanted, setPage] = useState(0);
  const height =
    others.length === 0 ? area.height : Math.min(area.height * MOST_ABOVE, (area.width * 9) / 16);
  const rest = { width: area.width, height: Math.max(0, area.height - height - GAP) };
  const room = paged(others.length, rest);
  const { shown, page, pages } = pageOf(others, wanted, room.size, speaker);
  const { tileWidth, tileHeight } = fitGrid(shown.length, room.area);
  useLook([
    { tiles: [large], width: area.width },
    { tiles: shown, width: tileWidth },
  ]);
  return (
    <div className="class-large">
      <div className="class-large-tile" style={{ width: area.width, height }}>
        <Tile tile={large} size="large" />
      </div>
      {others.length > 0 && (
        <Pager page={page} pages={pages} onPage={setPage}>
          <ul className="class-grid" aria-label="Others">
            {shown.map((one) => (
              <li key={one.key} style={{ width: tileWidth, height: tileHeight }}>
                <Tile tile={one} size={tileWidth < 220 ? "small" : "medium"} />
              </li>
            ))}
          </ul>
        </Pager>
      )}
    </div>
  );
}
