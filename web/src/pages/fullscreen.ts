/** Full screen, also on iPhones, which know it only for the video element itself. */

interface PhoneVideo extends HTMLVideoElement {
  webkitEnterFullscreen?: () => void;
}

export function toggleFullscreen(frame: HTMLElement | null, video: PhoneVideo | null): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else if (frame && typeof frame.requestFullscreen === "function")
    void frame.requestFullscreen().catch(() => undefined);
  else video?.webkitEnterFullscreen?.();
}
