/** The icons: drawn on a 24 by 24 grid with one stroke, coloured by the text around them. */

const PATHS = {
  back: "M15 5l-7 7 7 7",
  camera: "M3.5 7.5a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-8a2 2 0 0 1-2-2zM15.5 10.5l5-3v9l-5-3",
  cameraOff:
    "M3 3l18 18M15.5 11.5v-4a2 2 0 0 0-2-2H9M5.3 5.5a2 2 0 0 0-1.8 2v9a2 2 0 0 0 2 2h8a2 2 0 0 0 1.9-1.6M15.5 10.5l5-3v9l-2-1.2",
  check: "M5 12.5l4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h9.5v10.5H9zM15 9V4.500H5.500V15H9",
  door: "M4 20h16M7 20V4.500h10V20M13.700 12.500h.01",
  download: "M12 4v11M7.5 11l4.5 4.500L16.5 11M5 19.500h14",
  edit: "M5 19l1-4L16 5l3 3L9 18zM14 7l3 3",
  expand: "M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.200a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.600z",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 12h16M4 8.500h4M4 15.500h4M16 8.500h4M16 15.500h4",
  info: "M12 3.500a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 11v5.500M12 7.600v.4",
  leave: "M14 5H6v14h8M11 12h9M16.5 8.5L20 12l-3.5 3.5",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.700l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.700l1-1",
  microphone:
    "M12 3.500a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0v-5a3 3 0 0 0-3-3zM5.5 11.500a6.5 6.5 0 0 0 13 0M12 18v3",
  microphoneOff:
    "M3 3l18 18M15 11V6.500a3 3 0 0 0-5.7-1.300M9 9v2.500a3 3 0 0 0 4.5 2.600M5.5 11.500a6.5 6.5 0 0 0 10.4 5.200M18.5 11.500c0 1-.2 1.9-.6 2.700M12 18v3",
  moon: "M19.5 14A8 8 0 1 1 10 4.500a6.5 6.5 0 0 0 9.5 9.500z",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  pause: "M8 5v14M16 5v14",
  picture: "M3.5 5h17v14h-17zM12 12h6v4.500h-6z",
  play: "M7.5 4.800v14.400L19 12z",
  plus: "M12 5v14M5 12h14",
  retry: "M19.5 12a7.5 7.5 0 1 1-2.2-5.300M19.5 4v4h-4",
  screen: "M3.5 5h17v11.500h-17zM8.5 20h7M12 16.500V20M12 13.500v-5M9.7 10.600L12 8.300l2.3 2.3",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.500L20 20",
  settings:
    "M4 7h9M17 7h3M4 17h3M11 17h9M15 5a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM9 15a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  signal: "M5 19v-4M10 19v-8M15 19V8M20 19V4.5",
  sound: "M4 9.500v5h3.500L12 18.500v-13L7.5 9.500zM15.5 9a4 4 0 0 1 0 6M18 6.500a7.5 7.5 0 0 1 0 11",
  soundOff: "M4 9.500v5h3.500L12 18.500v-13L7.5 9.500zM16 9.500l5 5M21 9.500l-5 5",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.500v2M12 19.500v2M2.5 12h2M19.5 12h2M5.3 5.300l1.4 1.400M17.3 17.300l1.4 1.400M5.3 18.700l1.4-1.400M17.3 6.700l1.4-1.4",
  trash: "M4.5 7h15M9.5 7V4.500h5V7M6.5 7l1 12.500h9l1-12.500M10.3 10.500v5.500M13.7 10.500v5.5",
  user: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20c.8-3.5 3.7-5.5 7.5-5.500s6.7 2 7.5 5.5",
  users:
    "M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM2.5 19.500c.6-3.2 3.2-5 6.5-5s5.9 1.8 6.5 5M15.5 5.300a3.5 3.5 0 0 1 0 6.400M18 14.800c1.9.7 3.1 2.3 3.5 4.7",
  warning: "M12 4L2.8 19.500h18.400zM12 10v4.500M12 17v.2",
} as const;

export type IconName = keyof typeof PATHS;

/** An icon. It is hidden from assistive technology: the control around it carries the name. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === "more" ? 2.6 : 1.75}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
