// Small plots in SVG. All colours come from the style sheet.

import { svg } from "./dom.js";

/** Round numbers that divide a range. */
export function ticks(least, most, count) {
  const span = most - least;
  if (!(span > 0)) return [least];
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const list = [];
  for (let value = Math.ceil(least / step) * step; value <= most + step / 1e6; value += step) list.push(value);
  return list;
}

/** A number without digits that say nothing. */
export const short = (value) => String(Number(value.toPrecision(3)));

/** A node's time of a pass against the rows in it. */
export function costCurve(costs) {
  const points = costs.filter(({ rows, ms }) => rows > 0 && ms > 0).sort((a, b) => a.rows - b.rows);
  const [width, height, left, bottom] = [220, 76, 4, 16];
  const box = svg("svg", {
    viewBox: `0 0 ${width} ${height}`, class: "curve", role: "img",
    "aria-label": "Cost curve: " + points.map(({ rows, ms }) => `${rows} tokens ${short(ms)} ms`).join(", "),
  });
  if (points.length === 0) return box;
  const most = Math.max(...points.map(({ ms }) => ms));
  const x = (rows) => {
    const span = Math.log2(points.at(-1).rows / points[0].rows);
    return left + (span > 0 ? Math.log2(rows / points[0].rows) / span : 0) * (width - 2 * left);
  };
  const y = (ms) => height - bottom - (ms / most) * (height - bottom - 14);
  box.append(
    svg("line", { class: "axis", x1: left, x2: width - left, y1: height - bottom, y2: height - bottom }),
    svg("polyline", { class: "line", points: points.map(({ rows, ms }) => `${x(rows)},${y(ms)}`).join(" ") }),
  );
  for (const { rows, ms } of points) {
    box.append(svg("circle", { class: "dot", cx: x(rows), cy: y(ms), r: 2.5 },
      svg("title", {}, `${rows} tokens: ${short(ms)} ms`)));
  }
  const words = (at, anchor, vertical, text) =>
    box.append(svg("text", { x: at, y: vertical, "text-anchor": anchor }, text));
  words(left, "start", height - 3, `${points[0].rows} ${points[0].rows === 1 ? "token" : "tokens"}`);
  if (points.length > 1) words(width - left, "end", height - 3, `${points.at(-1).rows} tokens`);
  words(left, "start", 10, `${short(most)} ms at most`);
  return box;
}

const shapes = {
  circle: (x, y) => svg("circle", { cx: x, cy: y, r: 5 }),
  square: (x, y) => svg("rect", { x: x - 4.5, y: y - 4.5, width: 9, height: 9 }),
  diamond: (x, y) => svg("path", { d: `M${x} ${y - 6.5}L${x + 6.5} ${y}L${x} ${y + 6.5}L${x - 6.5} ${y}Z` }),
  triangle: (x, y) => svg("path", { d: `M${x} ${y - 6}L${x + 6} ${y + 5}L${x - 6} ${y + 5}Z` }),
};

/** A mark for each method: by form and colour, so that neither is needed alone. */
export const markOf = (index) => ({ shape: Object.keys(shapes)[index % 4], tone: `tone-${index % 6}` });

export function mark({ shape, tone }, x, y) {
  const element = shapes[shape](x, y);
  element.setAttribute("class", `mark ${tone}`);
  return element;
}

/** The knob's value beside its mark, where there is room. */
function nearText(point, x, y, places, end) {
  const size = { width: 7.5 * point.near.length, height: 14 };
  const free = (place) => place.at >= 0 && place.at + place.width <= end && places.every((other) =>
    place.at >= other.at + other.width || other.at >= place.at + place.width
    || place.top >= other.top + other.height || other.top >= place.top + place.height);
  const place = [[8, -7], [-8 - size.width, -7], [-size.width / 2, -22], [-size.width / 2, 8]]
    .map(([right, down]) => ({ at: x + right, top: y + down, ...size })).find(free);
  if (point.near === "" || !place) return null;
  places.push(place);
  return svg("text", { class: "near", x: place.at, y: place.top + 11 }, point.near);
}

/**
 * Quality against speed. `points`: {x, y, low, high, label, near, mark}; `names`: {x, y, title}; `level`: a quality to draw
 * a line at, with `levelName`; a size in pixels.
 */
export function scatter(points, names, level, levelName, [width, height]) {
  const [left, right, top, bottom] = [56, 16, 22, 46];
  const range = (values) => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const rest = (most - least || Math.abs(most) || 1) * 0.06;
    return [least - rest, most + rest];
  };
  const [x0, x1] = range(points.map((point) => point.x));
  const bounds = points.flatMap((point) => [point.y, point.low ?? point.y, point.high ?? point.y]);
  const [y0, y1] = range(level === null ? bounds : [...bounds, level]);
  const x = (value) => left + ((value - x0) / (x1 - x0)) * (width - left - right);
  const y = (value) => height - bottom - ((value - y0) / (y1 - y0)) * (height - top - bottom);
  const box = svg("svg", {
    viewBox: `0 0 ${width} ${height}`, class: "scatter", role: "img",
    "aria-label": `${names.title}. The table below has all figures.`,
  });
  for (const value of ticks(x0, x1, 6)) {
    box.append(svg("line", { class: "grid", x1: x(value), x2: x(value), y1: top, y2: height - bottom }),
      svg("text", { x: x(value), y: height - bottom + 16, "text-anchor": "middle" }, short(value)));
  }
  for (const value of ticks(y0, y1, 5)) {
    box.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, short(value)));
  }
  if (level !== null) {
    box.append(svg("line", { class: "level", x1: left, x2: width - right, y1: y(level), y2: y(level) }),
      svg("text", { x: width - right, y: y(level) - 5, "text-anchor": "end" }, levelName));
  }
  for (const point of points) {
    if (typeof point.low !== "number" || typeof point.high !== "number") continue;
    box.append(svg("line", {
      class: `interval ${point.mark.tone}`, x1: x(point.x), x2: x(point.x), y1: y(point.low), y2: y(point.high),
    }));
  }
  const places = points.map((point) => ({ at: x(point.x) - 7, top: y(point.y) - 7, width: 14, height: 14 }));
  for (const point of points) {
    const one = mark(point.mark, x(point.x), y(point.y));
    one.append(svg("title", {}, point.label));
    box.append(one);
    const near = nearText(point, x(point.x), y(point.y), places, width - right);
    if (near) box.append(near);
  }
  box.append(
    svg("text", { x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle" }, names.x),
    svg("text", { x: 4, y: 13 }, names.y),
  );
  return box;
}
