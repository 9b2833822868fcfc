// Reads the frame number of the lecture clip from a video element or canvas: the same geometry as
// vtp/bench/frame_number.py. Plain script, to be put into a page by the tests: defines window.vtpFrameNumber.
(() => {
  const CELLS = 32;
  const STRIP_SHARE = 12;
  const NUMBER_BITS = 22;
  const CHECK_BITS = 6;
  const MINIMUM_CONTRAST = 60;
  const WHITE_CELLS = [0, 30];
  const BLACK_CELLS = [1, 31];

  function checkOf(number) {
    let register = number * 2 ** CHECK_BITS;
    for (let bit = NUMBER_BITS + CHECK_BITS - 1; bit >= CHECK_BITS; bit -= 1) {
      if ((register >>> bit) & 1) register ^= 0b1000011 << (bit - CHECK_BITS);
    }
    return register ^ 0b101101;
  }

  // The mean of the middle half of every cell, both ways, from RGBA bytes of the strip.
  function cellLevels(pixels, width, stripHeight) {
    const top = Math.floor(stripHeight * 0.25);
    const bottom = Math.max(Math.floor(stripHeight * 0.75), top + 1);
    const levels = [];
    for (let cell = 0; cell < CELLS; cell += 1) {
      const left = Math.floor(((cell + 0.25) * width) / CELLS);
      const right = Math.max(Math.floor(((cell + 0.75) * width) / CELLS), left + 1);
      let sum = 0;
      for (let y = top; y < bottom; y += 1) {
        for (let x = left; x < right; x += 1) {
          const at = (y * width + x) * 4;
          sum += 0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2];
        }
      }
      levels.push(sum / ((bottom - top) * (right - left)));
    }
    return levels;
  }

  function numberOf(levels) {
    const white = Math.min(...WHITE_CELLS.map((cell) => levels[cell]));
    const black = Math.max(...BLACK_CELLS.map((cell) => levels[cell]));
    if (white - black < MINIMUM_CONTRAST) return null;
    const threshold = (white + black) / 2;
    let value = 0;
    for (let cell = 2; cell < 2 + NUMBER_BITS + CHECK_BITS; cell += 1) {
      value = value * 2 + (levels[cell] > threshold ? 1 : 0);
    }
    const number = Math.floor(value / 2 ** CHECK_BITS);
    return value % 2 ** CHECK_BITS === checkOf(number) ? number : null;
  }

  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });

  // The number of the frame that `source` (a playing video, a canvas, a VideoFrame) shows, or null.
  function readFrameNumber(source) {
    const width = source.videoWidth || source.displayWidth || source.width;
    const height = source.videoHeight || source.displayHeight || source.height;
    if (!width || !height) return null;
    const strip = height / STRIP_SHARE;
    canvas.width = width;
    canvas.height = Math.ceil(strip);
    context.drawImage(source, 0, 0, width, canvas.height, 0, 0, width, canvas.height);
    const pixels = context.getImageData(0, 0, width, canvas.height).data;
    return numberOf(cellLevels(pixels, width, strip));
  }

  window.vtpFrameNumber = { readFrameNumber, numberOf, cellLevels, checkOf };
})();
