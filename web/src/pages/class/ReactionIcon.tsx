/** The pictures of the reactions, drawn here: not every system has a font with emoji. */
import type { ReactNode } from "react";

export interface ReactionChoice {
  emoji: string;
  name: string;
}

/** What one may choose from. */
export const REACTIONS: readonly ReactionChoice[] = [
  { emoji: "👍", name: "Thumbs up" },
  { emoji: "👏", name: "Applause" },
  { emoji: "❤️", name: "Heart" },
  { emoji: "😂", name: "Laughing" },
  { emoji: "😮", name: "Surprised" },
  { emoji: "🎉", name: "Celebrating" },
];

const YELLOW = "#ffcb4c";
const SHADE = "#e0991f";
const BROWN = "#5b3a05";
const face = <circle cx="12" cy="12" r="10" fill={YELLOW} />;

const HAND = (
  <g fill={YELLOW} stroke={SHADE} strokeWidth="0.7">
    <rect x="2.9" y="10.5" width="2.6" height="6.5" rx="1.3" transform="rotate(-38 4.2 16)" />
    <rect x="5.4" y="4" width="2.4" height="10" rx="1.2" />
    <rect x="7.7" y="2.8" width="2.4" height="11" rx="1.2" />
    <rect x="10" y="3.6" width="2.4" height="10" rx="1.2" />
    <rect x="12.3" y="5.6" width="2.2" height="8" rx="1.1" />
    <path d="M5.4 11.500h9.100v4.700a4.3 4.3 0 0 1-4.3 4.300h-.500a4.3 4.3 0 0 1-4.3-4.300z" stroke="none" />
  </g>
);

const DRAWINGS: Readonly<Record<string, ReactNode>> = {
  "👍": (
    <>
      <path
        fill={YELLOW}
        d="M7 10.8 10.6 6.500c.5-.7.8-1.5.8-2.400v-.7c0-.8.6-1.4 1.4-1.4 1.6 0 2.7 1.3 2.7 3 0 1.4-.3 2.7-.9 4h5a2 2 0 0 1 1 3.7 1.9 1.9 0 0 1-.5 3.3 1.9 1.9 0 0 1-1.1 2.8 1.9 1.9 0 0 1-1.8 2.600h-6.700c-1.2 0-2.4-.4-3.5-1.100z"
      />
      <path
        fill="none"
        stroke={SHADE}
        strokeWidth="0.9"
        strokeLinecap="round"
        d="M15.5 12.700h5M15.6 15.900h4.700M15.5 18.800h3.6"
      />
      <rect x="2" y="10.3" width="4.6" height="11" rx="1" fill="#3b88c3" />
    </>
  ),
  "👏": (
    <>
      <g transform="translate(8.3 1.8) rotate(32 8 12) scale(0.82)">{HAND}</g>
      <g transform="translate(-1.3 4.3) rotate(24 8 12) scale(0.88)">{HAND}</g>
      <path
        fill="none"
        stroke="#55acee"
        strokeWidth="1.5"
        strokeLinecap="round"
        d="M3.2 6.6 1.5 5.400M6 3.8 5.2 1.900M9.4 3 9.9 1"
      />
    </>
  ),
  "❤": (
    <path
      fill="#dd2e44"
      d="M12 21.200C5 15.8 2 12.3 2 8.5 2 5.4 4.3 3.2 7.1 3.200c2 0 3.9 1.1 4.9 2.9 1-1.8 2.9-2.9 4.9-2.9 2.8 0 5.1 2.2 5.1 5.3 0 3.8-3 7.3-10 12.700z"
    />
  ),
  "😂": (
    <>
      {face}
      <path
        fill="none"
        stroke={BROWN}
        strokeWidth="1.5"
        strokeLinecap="round"
        d="M6.3 9.700c.7-1.5 2.7-1.5 3.4 0M14.3 9.700c.7-1.5 2.7-1.5 3.4 0"
      />
      <path fill={BROWN} d="M6 12.700h12c0 4-2.6 6.5-6 6.500s-6-2.5-6-6.500z" />
      <path fill="#fff" d="M7 12.700h10l-.4 1.900H7.400z" />
      <path
        fill="#5dadec"
        d="M5.2 10.800c.6 2.3.3 4.7-1.4 5.3-1.5.5-2.8-.8-2.3-2.3.5-1.6 2.2-2.4 3.7-3zM18.8 10.800c-.6 2.3-.3 4.7 1.4 5.3 1.5.5 2.8-.8 2.3-2.3-.5-1.6-2.2-2.4-3.7-3z"
      />
    </>
  ),
  "😮": (
    <>
      {face}
      <ellipse cx="8.3" cy="9.8" rx="1.3" ry="1.8" fill={BROWN} />
      <ellipse cx="15.7" cy="9.8" rx="1.3" ry="1.8" fill={BROWN} />
      <ellipse cx="12" cy="16.6" rx="2.6" ry="3.2" fill={BROWN} />
      <path
        fill="none"
        stroke={BROWN}
        strokeWidth="1.2"
        strokeLinecap="round"
        d="M6.3 6.300c.7-.8 1.7-1.2 2.8-1.100M17.7 6.300c-.7-.8-1.7-1.2-2.8-1.1"
      />
    </>
  ),
  "🎉": (
    <>
      <path fill={YELLOW} d="M1.8 22.2 7.6 7.800l8.6 8.600z" />
      <path fill="#ea596e" d="m4.9 14.6 4.5 4.5-2.6 1-2.9-2.900zM6.6 10.300l7 7-2.3 1-5.6-5.700z" />
      <path
        fill="none"
        strokeWidth="1.6"
        strokeLinecap="round"
        stroke="#5dadec"
        d="M12.3 11.500c2.8-2.6 5.7-2.8 9-1.4"
      />
      <path
        fill="none"
        strokeWidth="1.6"
        strokeLinecap="round"
        stroke="#aa70d6"
        d="M10 9.600c1.7-2.2 2-4.6.9-7.6"
      />
      <circle cx="6" cy="3.8" r="1.3" fill="#ea596e" />
      <circle cx="15.7" cy="3.6" r="1.3" fill="#77b255" />
      <circle cx="20.3" cy="5.8" r="1.3" fill="#f4900c" />
      <circle cx="16.3" cy="8" r="1.1" fill="#ea596e" />
      <circle cx="20.4" cy="14.8" r="1.3" fill="#77b255" />
      <circle cx="2.7" cy="8" r="1.1" fill="#5dadec" />
    </>
  ),
};

/** The same with and without U+FE0F, which asks for a coloured picture. */
const plain = (emoji: string) => emoji.replaceAll("\uFE0F", "");

/** What a reaction is called; empty for one that is not of ours. */
export const reactionName = (emoji: string): string =>
  REACTIONS.find((one) => plain(one.emoji) === plain(emoji))?.name ?? "";

/** A reaction; what other programs send and is not drawn here is left to the system's fonts. */
export function ReactionIcon({ emoji, size }: { emoji: string; size: number }) {
  const drawing = DRAWINGS[plain(emoji)];
  if (!drawing)
    return (
      <span className="reaction-emoji" aria-hidden="true">
        {emoji}
      </span>
    );
  return (
    <svg
      className="reaction-picture"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      aria-hidden="true"
      focusable="false"
    >
      {drawing}
    </svg>
  );
}
