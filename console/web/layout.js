// Where each tile of the wall stands: reckoned, not asked of the browser, so that only what is near the view needs to be in the document. All lengths are CSS pixels.

/** sizes are the least widths of tiles, the smallest without a picture. */
export const sizes = [132, 108, 152, 208, 288, 400, 560, 860];

/** usual is the size where none is chosen. */
const usual = 3;

/** sizeOf is the size that a choice names. */
export const sizeOf = (chosen) => (chosen !== "" && Number(chosen) in sizes ? Number(chosen) : usual);

/** From this width on a tile has a second line. */
const twoLines = 180;

/** A wall narrower than this has two columns of tiles up to the usual size, as on a phone. */
const narrow = 560;

const header = 46, strip = 8, oneLine = 30, secondLine = 20, compactHeight = 38;

/** shapeOf is what tiles of a size are like in so many columns: width, height and what they have. */
function shapeOf(wall, columns, gap, pictures) {
  const width = Math.floor((wall - gap * (columns - 1)) / columns);
  if (!pictures) return {columns, gap, width, height: compactHeight, pictures, lines: 1};
  const lines = width < twoLines ? 1 : 2;
  return {columns, gap, width, height: Math.round((width * 9) / 16) + strip + oneLine + (lines - 1) * secondLine, pictures, lines};
}

/** shapeFor is the shape of tiles of a size on a wall of this width. */
export function shapeFor(wall, size) {
  const gap = size < usual ? 8 : 14;
  let columns = Math.max(1, Math.floor((wall + gap) / (sizes[size] + gap)));
  if (wall < narrow && size > 0 && size <= usual) columns = Math.max(columns, 2);
  return shapeOf(wall, columns, gap, size > 0);
}

/** shapeToFit is the largest shape in which all groups stand on a screen of this width and height; when none does, the smallest. */
export function shapeToFit(wall, height, groups) {
  for (const [pictures, least, gap] of [[true, sizes[1], 10], [false, sizes[0], 6]]) {
    for (let columns = 1; (wall + gap) / columns - gap >= least; columns++) {
      const shape = shapeOf(wall, columns, gap, pictures);
      if (layOut(groups, shape).height <= height) return shape;
    }
  }
  return shapeFor(wall, 0);
}

/**
 * layOut places groups {key, entries, open} one below the other, their tiles in rows: items are {key, top} with a group or an entry and left, in order.
 * The one group whose key is null has no header.
 */
export function layOut(groups, {columns, gap, width, height}) {
  const items = [], places = [];
  let top = 0;
  for (const group of groups) {
    const begin = top;
    if (group.key !== null) {
      items.push({key: `group ${group.key}`, top, height: header, group});
      top += header;
    }
    if (group.open) {
      group.entries.forEach((entry, i) => {
        items.push({key: `stream ${entry.id}`, top: top + Math.floor(i / columns) * (height + gap), height, entry, left: (i % columns) * (width + gap)});
      });
      top += Math.ceil(group.entries.length / columns) * (height + gap);
    }
    places.push({key: group.key, top: begin, height: top - begin});
  }
  return {items, places, height: top};
}

/** within are the items between two heights, with the one that is kept wherever it stands. */
export function within(items, from, to, kept) {
  return items.filter((i) => (i.top + i.height > from && i.top < to) || i.key === kept);
}

/** held is where the view has to begin after a change so that what stood at its top before stays there. */
export function held(before, after, y) {
  const old = before.places.findLast((p) => p.top <= y);
  const now = old && after.places.find((p) => p.key === old.key);
  return now ? now.top + Math.min(y - old.top, now.height) : y;
}
