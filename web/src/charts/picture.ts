/** A chart as a picture: its title, what is what, and what is drawn. */
import { DASHES, fillOf, type Palette } from "./palette";

const EDGE = 16;
const HEAD = 62;

interface Told {
  title: string;
  series: readonly { label: string; look: string }[];
}

export async function pictureOf(drawn: HTMLCanvasElement, told: Told, palette: Palette): Promise<Blob> {
  const ratio = devicePixelRatio || 1;
  const [edge, head] = [EDGE * ratio, HEAD * ratio];
  const canvas = document.createElement("canvas");
  canvas.width = drawn.width + 2 * edge;
  canvas.height = drawn.height + head + edge;
  const brush = canvas.getContext("2d");
  if (!brush) throw new Error("This browser makes no pictures.");
  brush.fillStyle = palette.surface;
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.fillStyle = palette.ink;
  brush.textBaseline = "top";
  brush.font = `600 ${15 * ratio}px ${palette.font}`;
  brush.fillText(told.title, edge, edge, canvas.width - 2 * edge);
  brush.font = `${12 * ratio}px ${palette.font}`;
  let x = edge;
  told.series.forEach(({ label, look }, index) => {
    key(brush, { x, y: edge + 24 * ratio, ratio }, palette, index, look === "bar");
    brush.fillStyle = palette.soft;
    brush.fillText(label, x + 26 * ratio, edge + 24 * ratio);
    x += 42 * ratio + brush.measureText(label).width;
  });
  brush.drawImage(drawn, edge, head);
  return new Promise((done, failed) =>
    canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("The picture could not be made.")))),
  );
}

function key(
  brush: CanvasRenderingContext2D,
  { x, y, ratio }: { x: number; y: number; ratio: number },
  palette: Palette,
  index: number,
  bar: boolean,
): void {
  if (bar) {
    brush.fillStyle = fillOf(brush, palette, index, ratio);
    brush.fillRect(x, y, 20 * ratio, 12 * ratio);
    return;
  }
  brush.strokeStyle = palette.series[index] ?? palette.ink;
  brush.lineWidth = 2 * ratio;
  brush.setLineDash((DASHES[index] ?? []).map((px) => px * ratio));
  brush.beginPath();
  brush.moveTo(x, y + 6 * ratio);
  brush.lineTo(x + 20 * ratio, y + 6 * ratio);
  brush.stroke();
  brush.setLineDash([]);
}
