/** What is measured of a person, who sees it, and how long it is kept: the same that their own download holds. */
import { ButtonLink } from "../../design/Button";
import { plural } from "../../format";

const KINDS: readonly (readonly [what: string, how: string])[] = [
  [
    "In live classes",
    "when you came and left, how long you talked (not what was said), how long your camera was on, when you wrote, raised your hand, reacted and voted",
  ],
  [
    "Of your connection in live classes",
    "how often you connected and came back, for how long and by a phone, a tablet or a computer; for how long it was not good, and by what; how long packets were on their way and how unevenly they came (round trip, jitter), how many were lost of what you sent and of what you were sent; how often you got smaller pictures or none, or nothing came from you",
  ],
  [
    "With recordings",
    "what you played, when, at which speed and quality, where you paused and jumped, and when it stood still",
  ],
  ["In courses", "which of its pages you opened"],
  [
    "What is made of it",
    "your attendance with your teacher's corrections, how much you have watched, your scores, and the rules by which your teacher is told that you may need help",
  ],
];

export function Collected({
  keptDays,
  byNameDays,
  averagesFrom,
  isPushed,
}: {
  keptDays: number;
  byNameDays: number;
  averagesFrom: number;
  isPushed: boolean;
}) {
  const kept = keptWords(keptDays, byNameDays);
  return (
    <section className="analytics-part" aria-labelledby="collected-title" data-testid="collected">
      <div className="analytics-part-head">
        <h2 id="collected-title">What is kept of you</h2>
        <ButtonLink href="/profile" size="small" icon="download">
          Download or erase it
        </ButtonLink>
      </div>
      <dl className="collected">
        {KINDS.map(([what, how]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd className="soft">{how}</dd>
          </div>
        ))}
      </dl>
      <p className="soft analytics-note">
        You, the staff of the course and administrators see it. {averagesWords(averagesFrom)} {kept}
      </p>
      {isPushed && (
        <p className="soft analytics-note" data-testid="pushed">
          What you play, pause, jump over and complete is also sent to another system of your school (a
          learning record store), under the number of your account. Who sees it there, and for how long it is
          kept, is decided there: it is not erased there together with your account here.
        </p>
      )}
    </section>
  );
}

/** What other students are told, by the server's settings. */
export const averagesWords = (from: number): string =>
  from > 1
    ? `Other students see averages alone, of ${from} people or more.`
    : "Other students see averages alone, which may be of one person.";

/** For how long, by the server's settings; 0: always. */
export function keptWords(keptDays: number, byNameDays: number): string {
  const figures =
    byNameDays > 0
      ? `become sums ${plural(byNameDays, "day", "days")} after somebody was last in the course: from then on nobody can tell which were yours, and you cannot download them`
      : "stay as long as their course, recording or your account";
  return keptDays > 0
    ? `What your player and pages said is forgotten after ${plural(keptDays, "day", "days")}; figures ${figures}.`
    : `What your player and pages said and the figures made of it ${figures}.`;
}
