/** One person or one shared screen. */
import { DIRECT, OWN_SCREEN, type Tile as TileModel } from "../../class/tiles";
import { Avatar } from "../../design/Avatar";
import { Icon } from "../../design/Icon";
import { Menu } from "../../design/Menu";
import { Spinner } from "../../design/Spinner";
import { Picture } from "./Picture";
import { QualityMark } from "./QualityMark";
import "./Tile.css";
import { useClass, useOwnMedia, useSpeaking, useStore } from "./useClass";
import { useTileMenu } from "./usePersonMenu";

export type TileSize = "small" | "medium" | "large";

export function Tile({ tile, size }: { tile: TileModel; size: TileSize }) {
  const track = useTrack(tile);
  const { now } = useSpeaking();
  const speaks = tile.kind === "person" && !tile.muted && now.has(tile.personId);
  const items = useTileMenu(tile);
  const title = titleOf(tile);
  return (
    <figure
      className={`tile tile-${size} ${speaks ? "tile-speaks" : ""}`.trim()}
      data-testid={`tile-${tile.key}`}
      data-name={tile.name}
      data-kind={tile.kind}
      data-muted={tile.muted}
      data-picture={track !== null}
    >
      <div className="tile-dark">
        {tile.kind === "person" ? <Avatar name={tile.name} size="large" /> : <Spinner size={32} />}
      </div>
      {track && (
        <Picture
          track={track}
          mirrored={tile.own && tile.kind === "person"}
          whole={tile.kind === "screen" || size === "large"}
          label={`Picture of ${title}`}
        />
      )}
      <figcaption className="tile-name">
        {tile.muted && <Icon name="microphoneOff" size={14} />}
        {tile.kind === "screen" && <Icon name="screen" size={14} />}
        <Title tile={tile} />
        {tile.muted && <span className="visually-hidden">, muted</span>}
      </figcaption>
      <div className="tile-marks">
        {tile.hand > 0 && (
          <span className="tile-hand" data-testid="tile-hand">
            <Icon name="hand" size={16} />
            <span className="numbers">{tile.hand}</span>
            <span className="visually-hidden">in the queue of raised hands</span>
          </span>
        )}
        {tile.pinned && (
          <span className="tile-mark">
            <Icon name="pin" size={15} />
            <span className="visually-hidden">Pinned for everybody</span>
          </span>
        )}
        {tile.kind === "person" && <QualityMark personId={tile.personId} className="tile-mark" />}
        {tile.presenter && size !== "small" && <span className="tile-mark tile-word">Presenter</span>}
      </div>
      <div className="tile-menu">
        <Menu
          label={`More for ${title}`}
          items={items}
          floating
          className="button button-small button-icon tile-more"
        >
          <Icon name="more" size={18} />
        </Menu>
      </div>
    </figure>
  );
}

/** The same with the name by itself: one that is written from right to left moves no word beside it. */
function Title({ tile }: { tile: TileModel }) {
  const [before, after] = titleOf({ ...tile, name: "\n" }).split("\n");
  return (
    <span className="tile-title">
      {before && <span>{before}</span>}
      {after !== undefined && <bdi>{tile.name}</bdi>}
      {after && <span>{after}</span>}
    </span>
  );
}

function titleOf({ own, kind, name, role }: TileModel): string {
  if (kind === "screen") return own ? "Your screen" : `Screen of ${name}`;
  if (own) return `${name} (you)`;
  // Guests choose their names: nobody may take them for who they say they are.
  return role === "guest" ? `${name} (guest)` : name;
}

function useTrack(tile: TileModel): MediaStreamTrack | null {
  const { session } = useClass();
  const tracks = useStore(session.tracks);
  const direct = useStore(session.direct)?.tracks;
  const own = useOwnMedia();
  if (tile.key === OWN_SCREEN) return own.screen;
  if (tile.own) return own.camera;
  if (tile.pictureId === DIRECT.camera) return direct?.get("camera") ?? null;
  if (tile.pictureId === DIRECT.screen) return direct?.get("screen") ?? null;
  return (tile.pictureId && tracks.get(tile.pictureId)) || null;
}
