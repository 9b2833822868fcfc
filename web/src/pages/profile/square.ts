/** A picture as it is sent: the square in its middle, small, and with nothing in it but what is seen. */

const SIDE_PX = 512;
const WHITE = "#ffffff";

/** The largest square in the middle of a picture. */
export function middleSquare(width: number, height: number): { x: number; y: number; side: number } {
  const side = Math.min(width, height);
  return { x: (width - side) / 2, y: (height - side) / 2, side };
}

/** Reads a picture from a file, turned as the camera meant it, and cuts the square out. Throws a sentence. */
export async function squareOf(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file).catch(() => {
    throw new Error("This file is no picture that the browser can read. Take a JPEG, PNG or WebP.");
  });
  const { x, y, side } = middleSquare(picture.width, picture.height);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.min(SIDE_PX, side);
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("This browser cannot draw pictures.");
  pen.fillStyle = WHITE; // what is transparent would become black
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, x, y, side, side, 0, 0, canvas.width, canvas.height);
  picture.close();
  const drawn = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", 0.9));
  if (!drawn) throw new Error("This picture could not be made smaller. Take another one.");
  return drawn;
}
