// Small charts in SVG, drawn in a fixed box and scaled by the browser.

import { make, number, svg } from "./dom.js";

const WIDTH = 460;
const HEIGHT = 210;
const MARGIN = { left: 44, right: 14, top: 12, bottom: 26 };

const plotWidth = WIDTH - MARGIN.left - MARGIN.right;
const plotHeight = HEIGHT - MARGIN.top - MARGIN.bottom;

/** Round numbers that cover a range. */
export function ticks(low, high, count = 4) {
  const span = high - low || 1;
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(each => each * power).find(each => each >= rough);
  const first = Math.ceil(low / step - 1e-9) * step;
  const result = [];
  for (let tick = first; tick <= high + step * 1e-9; tick += step) {
    result.push(Math.abs(tick) < step * 1e-9 ? 0 : tick);
  }

  return result;
}

function frame(description, yTicks, y, format) {
  const chart = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart", role: "img", "aria-label": description });
  for (const tick of yTicks) {
    chart.append(
      svg("line", { class: "axis", x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: y(tick), y2: y(tick) }),
      svg("text", { x: MARGIN.left - 7, y: y(tick) + 4, "text-anchor": "end" }, format(tick)));
  }

  return chart;
}

const scale = (low, high, from, to) => value => from + (high === low ? 0.5 : (value - low) / (high - low)) * (to - from);

/**
 * Curves over N = 1, 2, …
 * @param series each with `values`, `name`, `kind` (number of its colour), and `dashed`
 */
export function curves(series, { low, high, format, name }) {
  const n = series[0].values.length;
  const all = series.flatMap(each => each.values);
  const padding = (Math.max(...all) - Math.min(...all)) * 0.08 || 0.5;
  const bottom = low ?? Math.min(...all) - padding;
  const top = high ?? Math.max(...all) + padding;
  const x = scale(1, Math.max(n, 2), MARGIN.left + 6, WIDTH - MARGIN.right - 6);
  const y = scale(bottom, top, HEIGHT - MARGIN.bottom, MARGIN.top);

  const words = series.map(({ name: of, values }) => `${of}: ${format(values[0])} with one candidate, ${format(values[n - 1])} with ${n}`);
  const yTicks = ticks(bottom, top);
  const digits = yTicks.every(Number.isInteger) ? 0 : 1;
  const chart = frame(`${name}. ${words.join(". ")}.`, yTicks, y, high === undefined ? value => number(value, digits) : format);
  const numbers = n <= 8 ? Array.from({ length: n }, (_, i) => i + 1)
    : [1, ...ticks(2, n, 6).filter(tick => Number.isInteger(tick) && tick > 1)];
  for (const tick of numbers) {
    chart.append(svg("text", { x: x(tick), y: HEIGHT - 8, "text-anchor": "middle" }, String(tick)));
  }

  const first = series[0].values;
  const area = first.map((value, i) => `${i === 0 ? "M" : "L"}${x(i + 1)} ${y(value)}`).join("");
  chart.append(svg("path", { class: `fill f${series[0].kind}`, d: `${area}L${x(n)} ${y(bottom)}L${x(1)} ${y(bottom)}Z` }));
  for (const { values, kind, dashed } of [...series].reverse()) {
    const path = values.map((value, i) => `${i === 0 ? "M" : "L"}${x(i + 1)} ${y(value)}`).join("");
    chart.append(svg("path", { class: `line c${kind}${dashed ? " dashed" : ""}`, d: path }));
  }

  const marker = svg("line", { class: "axis", y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom, x1: 0, x2: 0, visibility: "hidden" });
  const points = series.map(({ kind }) => svg("circle", { class: `f${kind}`, r: 4.5 }));
  chart.append(marker, ...points);
  const readout = make("p", { className: "readout" });
  let shown = n;

  const show = k => {
    shown = Math.min(Math.max(k, 1), n);
    for (const [i, point] of points.entries()) {
      point.setAttribute("cx", x(shown));
      point.setAttribute("cy", y(series[i].values[shown - 1]));
    }

    for (const [attribute, value] of [["x1", x(shown)], ["x2", x(shown)], ["visibility", "visible"]]) {
      marker.setAttribute(attribute, value);
    }

    const values = series.map(each => `${series.length > 1 ? `${each.name} ` : ""}${format(each.values[shown - 1])}`);
    readout.textContent = `N = ${shown}: ${values.join(", ")}`;
  };

  chart.setAttribute("tabindex", "0");
  chart.addEventListener("pointermove", event => {
    const box = chart.getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width * WIDTH;
    show(Math.round(1 + (at - MARGIN.left - 6) / (plotWidth - 12) * (Math.max(n, 2) - 1)));
  });
  chart.addEventListener("keydown", event => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -n, End: n }[event.key];
    if (step) {
      event.preventDefault();
      show(shown + step);
    }
  });
  show(n);
  return [chart, readout];
}

/**
 * Bars, each of one or more parts that stand on each other.
 * @param bars each an array of numbers, one for each part
 * @param labels texts under the axis, with the number of the bar that each belongs to
 */
export function bars(bars, { name, kinds, labels = [], format = value => number(value, 0), whole = false, titles = [], least = 1 }) {
  const high = Math.max(1e-9, ...bars.map(parts => parts.reduce((sum, part) => sum + part, 0)));
  const top = whole ? Math.max(high, 1) : high;
  const y = scale(0, top, HEIGHT - MARGIN.bottom, MARGIN.top);
  const yTicks = ticks(0, top).filter(tick => !whole || Number.isInteger(tick));
  const chart = frame(name, yTicks, y, format);
  const step = plotWidth / Math.max(bars.length, least);
  const width = Math.max(1, step - (step > 6 ? 3 : step > 3 ? 1 : 0.4));
  for (const [i, parts] of bars.entries()) {
    let sum = 0;
    const group = svg("g");
    if (titles[i]) {
      group.append(svg("title", {}, titles[i]));
    }

    for (const [part, value] of parts.entries()) {
      if (value > 0) {
        const left = MARGIN.left + i * step + (step - width) / 2;
        group.append(svg("rect", {
          class: `f${kinds[part]}`, x: left, width, rx: Math.min(2, width / 3), y: y(sum + value),
          height: Math.max(0.5, y(sum) - y(sum + value)),
        }));
        sum += value;
      }
    }

    chart.append(group);
  }

  for (const { bar, text } of labels) {
    chart.append(svg("text", { x: MARGIN.left + (bar + 0.5) * step, y: HEIGHT - 8, "text-anchor": "middle" }, text));
  }

  return chart;
}

/** Names with counts, the most frequent first, as horizontal bars. */
export function counts(pairs, { name, none }) {
  if (pairs.length === 0) {
    return make("p", { className: "muted" }, none);
  }

  const rows = pairs.slice(0, 7);
  const most = Math.max(...rows.map(([, count]) => count));
  const chart = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${Math.max(rows.length * 28, 60)}`, class: "chart", role: "img",
    "aria-label": `${name}: ${rows.map(([word, count]) => `${word} ${count}`).join(", ")}`,
  });
  for (const [i, [word, count]] of rows.entries()) {
    const width = Math.max(3, count / most * (WIDTH - 200));
    chart.append(
      svg("text", { x: 148, y: i * 28 + 18, "text-anchor": "end" }, word),
      svg("rect", { class: "f3", x: 158, y: i * 28 + 6, width, height: 16, rx: 4 }),
      svg("text", { class: "label", x: 166 + width, y: i * 28 + 18 }, String(count)));
  }

  return chart;
}
