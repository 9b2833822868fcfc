/** What the server says only when it is asked: after entering, and when it may have changed unheard. */
import { withPage } from "./parts/chat";
import { withOlderPolls } from "./parts/polls";
import type { ClassState } from "./state";
import type { Store } from "./store";
import type { CallServer } from "./wire";

export class Readings {
  constructor(
    private readonly state: Store<ClassState | null>,
    private readonly call: CallServer,
    /** Gives whether the visit of now still goes on, for when the answer is there. */
    private readonly visit: () => () => boolean,
  ) {}

  readAll(): void {
    void this.readChat();
    void this.#readPolls();
    void this.readRecording();
  }

  /** The newest messages that this one may read; a server without a chat leaves it away. */
  async readChat(): Promise<void> {
    const goesOn = this.visit();
    const before = this.state.get()?.chat?.messages ?? [];
    const answer = await this.call("get-chat").catch(() => null);
    if (answer && goesOn()) this.state.update((state) => state && withPage(state, answer, before));
  }

  async readRecording(): Promise<void> {
    const goesOn = this.visit();
    const answer = await this.call("get-room-info").catch(() => null);
    if (!answer || !goesOn()) return;
    const { recording, streamed } = answer;
    this.state.update((state) => state && { ...state, recording, streamed });
  }

  /** Polls that have ended and were not shared, for staff. */
  async #readPolls(): Promise<void> {
    const goesOn = this.visit();
    const state = this.state.get();
    if (!state?.polls || !state.may.moderate) return;
    const answer = await this.call("get-polls").catch(() => null);
    if (answer && goesOn()) this.state.update((now) => now && withOlderPolls(now, answer.polls));
  }
}
