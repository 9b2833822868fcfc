/** The drawn cards of short messages, in a box that goes from one place to another. */

/** What was shown for so long is read out, or in its turn: it is not to be said again where it goes. */
const HEARD_MS = 1_000;

interface Card {
  element: HTMLElement;
  since_ms: number;
}

export class Cards {
  readonly box = document.createElement("div");
  readonly #cards = new Map<number, Card>();
  #focused: HTMLElement | null = null;
  #moves = false;

  constructor() {
    this.box.className = "toasts-box";
    this.box.addEventListener("focusin", ({ target }) => {
      this.#focused = target as HTMLElement;
    });
    this.box.addEventListener("focusout", () => {
      if (!this.#moves) this.#focused = null;
    });
  }

  /** Knows a card by the id of its message, which is shown since then; gives what forgets it. */
  add(id: number, element: HTMLElement, since_ms: number): () => void {
    this.#cards.set(id, { element, since_ms });
    return () => {
      if (this.#cards.get(id)?.element === element) this.#cards.delete(id);
    };
  }

  /** Whether somebody points at it, or the focus is in it. */
  readonly isHeld = (id: number): boolean =>
    this.#cards.get(id)?.element.matches(":hover, :focus-within") ?? false;

  /** Moves all of them, unless they are there. */
  moveTo(place: HTMLElement | null): void {
    if (!place || this.box.parentElement === place) return;
    for (const { element, since_ms } of this.#cards.values()) {
      if (performance.now() - since_ms > HEARD_MS) element.setAttribute("aria-live", "off");
    }
    this.#moves = true;
    place.append(this.box);
    this.#moves = false;
    // A dialog that opens takes the focus, and gives it back only to what was not moved.
    queueMicrotask(() => {
      if (document.activeElement === document.body) this.#focused?.focus();
    });
  }
}
