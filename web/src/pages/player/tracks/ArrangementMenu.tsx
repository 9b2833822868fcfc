/** The menu of pictures and sounds: which is large, which are beside it, who is heard. */
import { Icon } from "../../../design/Icon";
import { Menu, type MenuItem } from "../../../design/Menu";
import { PROGRAM_NAME } from "./Pictures";
import { placeName } from "./places";
import type { Arrangement } from "./useArrangement";

export function ArrangementMenu({ arrangement }: { arrangement: Arrangement }) {
  const { tracks, voices, large, choose, alone, listenTo, strip, toggleStrip } = arrangement;
  const { pictures } = tracks;
  const shown: MenuItem[] = [
    { label: PROGRAM_NAME, chosen: large === null, testId: "large-program", act: () => choose(null) },
    ...pictures.map((place) => ({
      label: placeName(place, pictures),
      chosen: place === large,
      testId: `large-${place.key}`,
      act: () => choose(place.key),
    })),
  ];
  const heard: MenuItem[] = [
    { label: "Everybody", chosen: alone === null, testId: "hear-all", act: () => listenTo(null) },
    ...voices.map((voice) => ({
      label: `${voice.name} alone`,
      chosen: voice === alone,
      testId: `hear-${voice.key}`,
      act: () => listenTo(voice.key),
    })),
  ];
  const items: MenuItem[] = [];
  if (pictures.length > 0) {
    items.push(...shown.map((one) => ({ ...one, group: "Large picture" })));
    items.push({
      label: strip ? "Hide the small pictures" : "Show the small pictures",
      icon: strip ? "eyeOff" : "eye",
      testId: "toggle-strip",
      act: toggleStrip,
    });
  }
  if (voices.length > 0) items.push(...heard.map((one) => ({ ...one, group: "Sound" })));
  return (
    <Menu
      label="Pictures and sound"
      above
      className={`button button-quiet button-icon ${large || alone ? "player-chosen" : ""}`.trim()}
      testId="arrangement"
      items={items}
    >
      <Icon name="grid" />
    </Menu>
  );
}
