/** Who waits to be let in, as staff see it (nobody, for others); null while the server has no lobby. */
import type { Pushes, RoomState, WaitingPerson } from "../protocol";

export interface LobbyPart {
  lobby: readonly WaitingPerson[] | null;
}

export const readLobby = (told: RoomState): LobbyPart => ({ lobby: told.waiting ?? null });

export const lobbyHandlers = {
  "lobby-changed": <S extends LobbyPart>(state: S, data: Pushes["lobby-changed"]): S => ({
    ...state,
    lobby: data.waiting,
  }),
};
