// Labels and scores of a photo's pixels, and how they are drawn over it.

/** The bytes of a grey PNG in Base64, one a pixel. */
async function greyPixels(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const blob = new Blob([bytes], { type: "image/png" });
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  return data.filter((_, index) => index % 4 === 0);
}

/** What the server found in a photo. */
export class Labels {
  static other = 255;

  /** Reads a report with label map and scores. */
  static async from(report) {
    const labels = new Labels();
    const { width, height } = report.image;
    [labels.width, labels.height, labels.classes] = [width, height, report.classes];
    [labels.map, labels.scores] = await Promise.all(
      [report.outputs.labels, report.outputs.scores].map(greyPixels));
    if (labels.map.length !== width * height || labels.scores.length !== width * height) {
      throw new Error("This browser cannot read the label map of so large a photo; make it smaller.");
    }
    return labels;
  }

  /** The class and its score at a pixel; null as class where it is none of them. */
  at(x, y) {
    const index = y * this.width + x;
    const label = this.map[index];
    return { found: this.classes[label] ?? null, score: this.scores[index] / 100 };
  }

  /** A canvas with each pixel in its class's colour, clear where the class is hidden or it has none. */
  paint(hidden) {
    const colors = new Uint32Array(256);
    const parts = new Uint8Array(colors.buffer);
    this.classes.forEach(({ color }, label) => {
      if (hidden.has(label)) return;
      const hex = parseInt(color.slice(1), 16);
      parts.set([hex >> 16, (hex >> 8) & 255, hex & 255, 255], 4 * label);
    });
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [this.width, this.height];
    const context = canvas.getContext("2d");
    const picture = context.createImageData(this.width, this.height);
    const pixels = new Uint32Array(picture.data.buffer);
    for (let index = 0; index < pixels.length; index += 1) pixels[index] = colors[this.map[index]];
    context.putImageData(picture, 0, 0);
    return canvas;
  }
}

/** The photo on a canvas, with its labels over it. */
export class PhotoView {
  #photo = null;
  #labels = null;
  #layer = null;
  #pointer = null;
  hidden = new Set();
  opacity = 0.55;

  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  get labels() {
    return this.#labels;
  }

  /** Shows a photo without labels. */
  show(photo) {
    [this.#photo, this.#labels, this.#layer, this.#pointer] = [photo, null, null, null];
    [this.canvas.width, this.canvas.height] = [photo.width, photo.height];
    this.draw();
  }

  /** Lays labels over the photo. */
  lay(labels) {
    this.#labels = labels;
    this.hidden.clear();
    // The server's size counts, where a browser turns a photo otherwise.
    [this.canvas.width, this.canvas.height] = [labels.width, labels.height];
    this.repaint();
  }

  /** Draws again after classes were hidden or shown. */
  repaint() {
    this.#layer = this.#labels?.paint(this.hidden) ?? null;
    this.draw();
  }

  draw() {
    const { context, canvas } = this;
    context.globalAlpha = 1;
    context.drawImage(this.#photo, 0, 0, canvas.width, canvas.height);
    if (this.#layer) {
      context.globalAlpha = this.opacity;
      context.drawImage(this.#layer, 0, 0);
    }
    if (this.#pointer) this.#cross(this.#pointer);
  }

  /** Marks a pixel, or none, for those who point by keyboard. */
  point(pixel) {
    this.#pointer = pixel;
    this.draw();
  }

  #cross({ x, y }) {
    const { context, canvas } = this;
    const arm = Math.max(canvas.width, canvas.height) / 50;
    context.globalAlpha = 1;
    for (const [color, width] of [["#000", 3], ["#fff", 1]]) {
      context.strokeStyle = color;
      context.lineWidth = (width * canvas.width) / Math.max(canvas.clientWidth, 1);
      context.beginPath();
      context.moveTo(x - arm, y + 0.5);
      context.lineTo(x + arm, y + 0.5);
      context.moveTo(x + 0.5, y - arm);
      context.lineTo(x + 0.5, y + arm);
      context.stroke();
    }
  }

  /** The picture as a PNG file, without the pointer's mark. */
  file() {
    const pointer = this.#pointer;
    this.point(null);
    const blob = new Promise((done) => this.canvas.toBlob(done, "image/png"));
    this.point(pointer);
    return blob;
  }
}
