/** How tiles are laid out in a space. Sizes in CSS pixels. */
export interface Grid {
  columns: number;
  rows: number;
  width: number;
  height: number;
}

/** The widest and the narrowest a tile may be: a camera's picture, and what a phone held upright leaves of it. */
const WIDEST = 16 / 9;
const NARROWEST = 4 / 5;

/** The grid in which `count` tiles show most in a space, with `gap` between them. */
export function grid(count: number, width: number, height: number, gap: number): Grid {
  let best: Grid = { columns: 1, rows: Math.max(1, count), width: 0, height: 0 };
  let most = -1;
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
    const rows = Math.ceil(Math.max(1, count) / columns);
    const cellWidth = (width - gap * (columns - 1)) / columns;
    const cellHeight = (height - gap * (rows - 1)) / rows;
    if (cellWidth <= 0 || cellHeight <= 0) continue;
    const tileWidth = Math.min(cellWidth, cellHeight * WIDEST);
    const tileHeight = Math.min(cellHeight, tileWidth / NARROWEST);
    // What counts is how large a camera's picture appears; what is cut off at the sides counts half.
    const shown = Math.min(tileWidth / WIDEST, tileHeight);
    const area = shown * shown * WIDEST + 0.5 * tileWidth * tileHeight;
    if (area > most) {
      most = area;
      best = { columns, rows, width: Math.floor(tileWidth), height: Math.floor(tileHeight) };
    }
  }
  return best;
}
