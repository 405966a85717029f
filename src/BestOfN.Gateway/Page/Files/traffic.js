// The second view: what the gateway has been doing. It asks for what is new every two seconds while it is shown.

import { ApiError, read } from "./api.js";
import { bars, counts, ticks } from "./charts.js";
import { chip, find, make, milliseconds, number } from "./dom.js";
import { plain } from "./results.js";

const KEPT = 200;
const SHOWN = 60;
const INTERVAL = 2000;
const columns = [["Time"], ["Model"], ["Status"], ["N", true], ["Strategy"], ["Best score", true], ["Queue", true], ["Generation", true],
  ["Scoring", true], ["Total", true], ["Degraded"]];

let requests = [];
let known = 0;
let timer = 0;
let isShown = false;
let askKey = () => {};

export function start(onMissingKey) {
  askKey = onMissingKey;
  document.addEventListener("visibilitychange", () => isShown && !document.hidden && refresh());
}

export function show(visible) {
  isShown = visible;
  clearTimeout(timer);
  if (visible) {
    refresh();
  }
}

async function refresh() {
  clearTimeout(timer);
  try {
    const report = await read(`page/traffic?after=${known}`);
    if (report.total < known) {
      [requests, known] = [[], 0]; // the gateway was started anew
      return await refresh();
    }

    requests = [...requests, ...report.requests].slice(-KEPT);
    known = report.total;
    find("traffic-problem").hidden = true;
    find("traffic-view").hidden = false;
    draw(report);
  } catch (error) {
    const isKeyMissing = error instanceof ApiError && (error.status === 401 || error.status === 403);
    find("traffic-view").hidden = isKeyMissing;
    find("traffic-problem").hidden = false;
    find("traffic-problem").replaceChildren(error.message);
    if (isKeyMissing) {
      const button = make("button", { type: "button", className: "small" }, "Give a key");
      button.addEventListener("click", () => askKey(error.message, refresh));
      find("traffic-problem").append(button);
      return;
    }
  }

  if (isShown && !document.hidden) {
    timer = setTimeout(refresh, INTERVAL);
  }
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}

function draw({ now, total, minutes, keeps_texts: keepsTexts }) {
  const answered = requests.filter(({ generation_ms: made }) => made !== null);
  const times = answered.map(({ total_ms: time }) => time);
  const thisMinute = Math.floor(now / 60000);
  const perMinute = new Map(minutes.map(({ minute, requests: count, failed }) => [minute, [count - failed, failed]]));
  const recent = [...perMinute].filter(([minute]) => minute >= thisMinute - 1).reduce((sum, [, [good, bad]]) => sum + good + bad, 0);
  const degraded = answered.filter(each => each.degraded.length > 0).length;
  const failed = requests.filter(({ status }) => status >= 400).length;
  const share = (count, of) => of === 0 ? "\u2013" : [number(100 * count / of, 0), "%"];
  const time = value => value === null ? "\u2013" : milliseconds(value).split(" ");
  tiles([
    ["requests since the start", [number(total, 0)]], ["in this minute and the last", [number(recent, 0)]],
    ["median time", time(quantile(times, 0.5))], ["95th percentile", time(quantile(times, 0.95))],
    ["degraded", share(degraded, answered.length)], ["without an answer", share(failed, requests.length)],
  ]);

  const hour = Array.from({ length: 60 }, (_, i) => thisMinute - 59 + i);
  find("minutes-chart").replaceChildren(bars(hour.map(minute => perMinute.get(minute) ?? [0, 0]), {
    name: `Requests a minute in the last hour, ${number(recent, 0)} in this minute and the last`, kinds: [1, 5], whole: true,
    labels: [{ bar: 0, text: "-59 min" }, { bar: 29, text: "-30" }, { bar: 58, text: "now" }],
  }));
  drawLatency(answered.slice(-SHOWN));
  drawScores(answered.flatMap(({ scores }) => scores));
  const reasons = new Map();
  for (const word of answered.flatMap(each => each.degraded)) {
    reasons.set(plain(word), (reasons.get(plain(word)) ?? 0) + 1);
  }

  find("degraded-chart").replaceChildren(
    counts([...reasons].sort((a, b) => b[1] - a[1]), { name: "Degraded answers by reason", none: "Nothing was lost lately." }));
  drawTable(keepsTexts);
}

function tiles(list) {
  find("tiles").replaceChildren(...list.map(([name, [value, unit]]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, value, ...unit ? [make("small", {}, unit)] : []))));
}

function drawLatency(list) {
  const legend = [["l2", "queue"], ["l1", "generation"], ["l3", "scoring"], ["", "other"]];
  find("latency-legend").replaceChildren(...legend.map(([kind, name]) => make("span", {}, make("i", { className: kind }), name)));
  const split = list.map(each => {
    // Passes made while candidates were still coming are part of the generation's time.
    const parts = [each.queue_ms, each.generation_ms, each.scoring_ms];
    return [...parts, Math.max(0, each.total_ms - parts.reduce((sum, part) => sum + part, 0))];
  });
  find("latency-chart").replaceChildren(bars(split, {
    name: "Queue, generation, scoring and other time of the last answers", kinds: [2, 1, 3, 4], format: milliseconds, least: 24,
    titles: split.map(times => legend.map(([, name], part) => `${name} ${milliseconds(times[part])}`).join("\n")),
    labels: list.length > 1 ? [{ bar: list.length - 1, text: "last" }] : [],
  }));
}

function drawScores(scores) {
  if (scores.length === 0) {
    find("scores-chart").replaceChildren(make("p", { className: "muted" }, "No candidate has been scored yet."));
    return;
  }

  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const edges = ticks(low, high, 24);
  const step = edges.length > 1 ? edges[1] - edges[0] : 1;
  const first = Math.floor(low / step) * step;
  const count = Math.floor((high - first) / step + 1e-9) + 1;
  const heights = Array.from({ length: count }, () => [0]);
  for (const score of scores) {
    heights[Math.min(count - 1, Math.floor((score - first) / step + 1e-9))][0]++;
  }

  const every = Math.ceil(count / 6);
  find("scores-chart").replaceChildren(bars(heights, {
    name: `Scores of ${scores.length} candidates, from ${number(low)} to ${number(high)}`, kinds: [1], whole: true,
    labels: heights.map((_, bar) => ({ bar, text: number(first + bar * step, step < 1 ? 1 : 0) }))
      .filter(({ bar }) => bar % every === 0),
  }));
}

function drawTable(keepsTexts) {
  const all = keepsTexts ? [...columns, ["Question"], ["Answer"]] : columns;
  find("columns").replaceChildren(...all.map(([name, isNumber]) => make("th", { scope: "col", className: isNumber ? "number" : "" }, name)));
  find("row-count").textContent = requests.length;
  find("rows").replaceChildren(...[...requests].reverse().map(each => {
    const cell = (content, className = "") => make("td", { className }, ...Array.isArray(content) ? content : [content ?? "\u2013"]);
    const span = value => cell(value === null ? "\u2013" : milliseconds(value), "number");
    const status = each.status < 400 && each.generation_ms === null && each.candidates !== null ? chip("broke off", "bad")
      : chip(String(each.status), each.status < 400 ? "right" : "bad");
    return make("tr", {},
      cell(new Date(each.at).toLocaleTimeString()), cell(each.model), cell([status]),
      cell(each.candidates === null ? null : String(each.candidates), "number"), cell(each.strategy?.replaceAll("_", " ")),
      cell(each.scores.length > 0 ? number(Math.max(...each.scores)) : null, "number"), span(each.queue_ms), span(each.generation_ms),
      span(each.scoring_ms), span(each.total_ms), cell(each.degraded.map(word => chip(plain(word), "warn", word))),
      ...keepsTexts ? [cell(each.question, "words"), cell(each.answer, "words")] : []);
  }));
}
