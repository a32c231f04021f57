// Strokes that everything is drawn with.

export type Brush = CanvasRenderingContext2D;

export function ellipse(
  brush: Brush,
  x: number,
  y: number,
  width: number,
  height: number,
  fill: string,
): void {
  brush.fillStyle = fill;
  brush.beginPath();
  brush.ellipse(x, y, width, height, 0, 0, 2 * Math.PI);
  brush.fill();
}

export function box(
  brush: Brush,
  x: number,
  y: number,
  width: number,
  height: number,
  fill: string,
  round = 0,
): void {
  brush.fillStyle = fill;
  brush.beginPath();
  brush.roundRect(x, y, width, height, round);
  brush.fill();
}

export function shape(
  brush: Brush,
  fill: string,
  ...points: (readonly [x: number, y: number])[]
): void {
  brush.fillStyle = fill;
  brush.beginPath();
  points.forEach(([x, y]) => brush.lineTo(x, y));
  brush.closePath();
  brush.fill();
}

export function line(
  brush: Brush,
  stroke: string,
  width: number,
  ...points: (readonly [x: number, y: number])[]
): void {
  brush.strokeStyle = stroke;
  brush.lineWidth = width;
  brush.beginPath();
  points.forEach(([x, y]) => brush.lineTo(x, y));
  brush.stroke();
}

/** A colour, lighter (above 0) or darker (below) by a part; it is written as #rrggbb. */
export function shade(color: string, by: number): string {
  const target = by > 0 ? 255 : 0;
  const part = Math.abs(by);
  const channels = [1, 3, 5].map((start) => {
    const channel = Number.parseInt(color.slice(start, start + 2), 16);
    return Math.round(channel + (target - channel) * part);
  });
  return `#${channels.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

/** A canvas that is not on the page, in pixels of the device. */
export function sheet(width: number, height: number): { canvas: HTMLCanvasElement; brush: Brush } {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.ceil(width));
  canvas.height = Math.max(1, Math.ceil(height));
  const brush = canvas.getContext("2d");
  if (!brush) {
    throw new Error("this browser does not draw");
  }
  return { canvas, brush };
}
