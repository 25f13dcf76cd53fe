/** How tiles are laid out in a space. Sizes in CSS pixels. */
export interface Grid {
  columns: number;
  rows: number;
  width: number;
  height: number;
}

/** The widest a tile may be: a camera's picture. */
const WIDEST = 16 / 9;
/** The narrowest a tile may be, where there is more width than height, and on a phone held upright. */
const NARROWEST = { wide: 4 / 3, upright: 4 / 5 };

/** The grid in which `count` tiles show most in a space, with `gap` between them. */
export function grid(count: number, width: number, height: number, gap: number): Grid {
  let best: Grid = { columns: 1, rows: Math.max(1, count), width: 0, height: 0 };
  let most = -1;
  const narrowest = width >= height ? NARROWEST.wide : NARROWEST.upright;
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
    const rows = Math.ceil(Math.max(1, count) / columns);
    const cellWidth = (width - gap * (columns - 1)) / columns;
    const cellHeight = (height - gap * (rows - 1)) / rows;
    if (cellWidth <= 0 || cellHeight <= 0) continue;
    const tileWidth = Math.min(cellWidth, cellHeight * WIDEST);
    const tileHeight = Math.min(cellHeight, tileWidth / narrowest);
    // What counts is how large a camera's picture appears; what is cut off at the sides counts three quarters.
    const shown = Math.min(tileWidth / WIDEST, tileHeight);
    const area = shown * shown * WIDEST + 0.75 * tileWidth * tileHeight;
    if (area > most) {
      most = area;
      best = { columns, rows, width: Math.floor(tileWidth), height: Math.floor(tileHeight) };
    }
  }
  return best;
}
