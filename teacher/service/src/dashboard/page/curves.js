// Curves over episodes or student steps: return, ALP, components and exploration, mastery.

import { number } from "./calls.js";
import { base, chart, colors, lineColors, note, valueAxis } from "./charts.js";
import { decimal, integer, percent } from "./words.js";

/** What the four charts show. */
const KINDS = {
  return: { title: "Mean return", label: "Mean return with its lowest and highest" },
  alp: { title: "Mean ALP", label: "Mean absolute learning progress" },
  teacher: { title: "Components and exploration", label: "Components of the mixture, and the share of tasks drawn uniformly" },
  mastery: { title: "Mastered share", label: "Share of episodes, and of the test set, above the mastery threshold" },
};

/** The charts, in an element of their own each. */
export function curves(element) {
  const made = Object.entries(KINDS).map(([kind, { title, label }]) => {
    const figure = document.createElement("figure");
    const caption = Object.assign(document.createElement("figcaption"), { textContent: title });
    const canvas = Object.assign(document.createElement("div"), { className: "curve" });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
    figure.append(caption, canvas);
    element.append(figure);
    return { kind, caption, ...chart(canvas, () => shown && draw(shown)) };
  });
  let shown = null;

  /** `progress` as the call gives it, `rounds` of evaluations, `over` "episodes" or "steps", `moment` the slider's episode. */
  function draw(state) {
    shown = state;
    element.dataset.episodes = number(state.progress.episodes);
    for (const { kind, chart: canvas } of made) {
      canvas.setOption({ ...base(), ...(state.progress.buckets ? {} : note("No episode yet")), ...options(kind, state) }, { notMerge: true });
    }
  }
  return { draw, end: () => made.forEach(({ end }) => end()) };
}

function options(kind, { progress, rounds, over, moment }) {
  const lines = lineColors();
  const buckets = progress.buckets ?? [];
  const x = (bucket) =>
    over === "steps" ? (bucket.studentStep === undefined ? null : number(bucket.studentStep)) : number(bucket.lastEpisode);
  const line = (name, read, color, more = {}) => ({
    name,
    type: "line",
    showSymbol: buckets.length < 3,
    symbolSize: 5,
    connectNulls: false,
    lineStyle: { width: 2, color },
    itemStyle: { color },
    data: buckets.filter((bucket) => x(bucket) !== null).map((bucket) => [x(bucket), read(bucket) ?? null]),
    ...more,
  });
  const common = {
    grid: { left: 58, right: kind === "teacher" ? 52 : 18, top: 30, bottom: 40 },
    xAxis: valueAxis(over === "steps" ? "student steps" : "episodes", {
      nameGap: 24,
      min: over === "steps" ? "dataMin" : 0,
      max: "dataMax",
      axisLabel: { color: colors().faint, fontSize: 11, hideOverlap: true, formatter: short },
    }),
    tooltip: {
      ...base().tooltip,
      trigger: "axis",
      axisPointer: { type: "line", animation: false },
      formatter: (items) => describe(items, over),
    },
    legend: { top: 0, right: 0, textStyle: { color: colors().text, fontSize: 11 }, itemWidth: 18, itemHeight: 8 },
  };
  const now = over === "episodes" && moment !== null ? { markLine: momentLine(moment) } : {};
  if (kind === "return") {
    const edge = { lineStyle: { width: 1, type: "dotted", color: lines.sky }, itemStyle: { color: lines.sky }, z: 1 };
    return {
      ...common,
      yAxis: valueAxis("", { scale: true }),
      series: [
        line("mean", (bucket) => bucket.meanReturn, lines.blue, now),
        line("highest", (bucket) => bucket.highestReturn, lines.sky, edge),
        line("lowest", (bucket) => bucket.lowestReturn, lines.sky, edge),
      ],
    };
  }
  if (kind === "alp") {
    const isKnown = buckets.length === 0 || buckets.some((bucket) => bucket.meanAlp !== undefined);
    const nothing = isKnown ? {} : note("This teacher knows no ALP of single episodes");
    return { ...common, ...nothing, legend: { show: false }, yAxis: valueAxis("", { min: 0 }), series: [line("ALP", (bucket) => bucket.meanAlp, lines.green, now)] };
  }
  if (kind === "teacher") {
    return {
      ...common,
      yAxis: [
        valueAxis("", { min: 0, minInterval: 1 }),
        valueAxis("", { min: 0, max: 1, splitLine: { show: false }, axisLabel: { color: colors().faint, fontSize: 11, formatter: (share) => percent(share) } }),
      ],
      series: [
        line("components", (bucket) => bucket.components, lines.purple, { step: "end", ...now }),
        line("explored", (bucket) => bucket.explorationShare, lines.orange, { yAxisIndex: 1, lineStyle: { width: 2, type: "dashed", color: lines.orange } }),
      ],
    };
  }
  const evaluated = over === "steps" ? rounds.map((round) => [number(round.studentStep), round.masteredShare ?? null]) : [];
  return {
    ...common,
    yAxis: valueAxis("", { min: 0, max: 1, axisLabel: { color: colors().faint, fontSize: 11, formatter: (share) => percent(share) } }),
    series: [
      line("episodes", (bucket) => bucket.masteredShare, lines.blue, now),
      ...(evaluated.length
        ? [{ name: "test set", type: "line", symbolSize: 7, symbol: "rect", lineStyle: { width: 2, type: "dashed", color: lines.orange }, itemStyle: { color: lines.orange }, data: evaluated }]
        : []),
    ],
  };
}

/** Where the slider stands. */
function momentLine(episode) {
  const { text } = colors();
  return {
    silent: true,
    symbol: "none",
    label: { show: false },
    lineStyle: { color: text, type: "solid", width: 1 },
    data: [{ xAxis: episode }],
  };
}

function describe(items, over) {
  if (!items.length) return "";
  const head = `${over === "steps" ? "student step" : "episode"} ${integer(items[0].value[0])}`;
  const written = (item) => (/explored|episodes|test set/.test(item.seriesName) ? percent(item.value[1]) : decimal(item.value[1]));
  return [head, ...items.map((item) => `${item.seriesName} ${item.value[1] === null ? "none" : written(item)}`)].join("\n");
}

function short(value) {
  return new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }).format(value);
}
