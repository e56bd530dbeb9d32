// The task space: tasks as points, what they are drawn from as ellipses or boxes, in the views that suit its dimensions.

import { axisName, bounds, extent, shownSources, sources } from "./axes.js";
import { base, chart, colors, isDark, note, scaleColor, scaleColors, valueAxis } from "./charts.js";
import { decimal, integer, outcomeOf, percent } from "./words.js";

/** Axes that a pair matrix has room for. */
export const MATRIX_AXES = 6;
/** Lines that parallel coordinates can bear. */
const PARALLEL_TASKS = 400;
/** Regions that are drawn where not all have room, and that have a number where they do. */
const NUMBERED = 10;
const CROSS = "path://M0,0 L2,0 L5,3.5 L8,0 L10,0 L6,5 L10,10 L8,10 L5,6.5 L2,10 L0,10 L4,5 Z";

/** The views of a space with so many axes, the most telling one first. */
export function viewsOf(axes) {
  const all = {
    line: "One dimension",
    plane: "Two dimensions",
    matrix: "Pair matrix",
    marginals: "Marginals",
    parallel: "Parallel coordinates",
  };
  const fitting =
    axes.length === 1
      ? ["line", "marginals"]
      : axes.length === 2
        ? ["plane", "marginals"]
        : axes.length <= MATRIX_AXES
          ? ["matrix", "plane", "marginals", "parallel"]
          : ["parallel", "marginals", "plane"];
  return fitting.map((view) => [view, all[view]]);
}

/** What the colours stand for: from the lowest to the highest value, with the few outermost ones cut off. */
export function colorScale(points, drawnFrom, by) {
  const values = points.map((point) => point[by]).filter((value) => value !== undefined);
  if (by === "alp") values.push(...drawnFrom.map(({ meanAlp }) => meanAlp).filter((alp) => alp !== undefined));
  if (values.length === 0) return { low: 0, high: 1, of: () => scaleColor(0) };
  values.sort((one, other) => one - other);
  const at = (share) => values[Math.round(share * (values.length - 1))];
  const low = by === "alp" ? 0 : at(0.02);
  let high = at(0.98);
  if (high <= low) high = values[values.length - 1];
  if (high <= low) high = low + 1;
  return { low, high, of: (value) => scaleColor((value - low) / (high - low)) };
}

/** The drawing; `onPick` is told the point that was clicked on or moved to. */
export function spaceChart(element, onPick) {
  let shown = null;
  const { chart: made, end } = chart(element, () => shown && draw(shown));
  made.on("click", (event) => event.data?.point && onPick(event.data.point));
  element.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !shown?.points.length) return;
    event.preventDefault();
    const { points, selected } = shown;
    const at = points.findIndex((point) => point.task === selected?.task);
    const next = at < 0 ? (step > 0 ? 0 : points.length - 1) : (at + step + points.length) % points.length;
    onPick(points[next]);
  });
  const resized = new ResizeObserver(() => shown?.view !== "plane" && shown && draw(shown));
  resized.observe(element);

  function draw(state) {
    shown = state;
    const all = sources(state.axes, state.distribution);
    const scale = colorScale(state.points, all, state.colorBy);
    const drawnFrom = shownSources(state.axes, all, NUMBERED);
    const option = VIEWS[state.view]({ ...state, drawnFrom }, scale, { width: made.getWidth(), height: made.getHeight() });
    const nothing = state.points.length === 0 && state.view !== "marginals" ? note("No task has been reported yet") : {};
    made.setOption({ ...base(), ...nothing, ...option }, { notMerge: true });
    Object.assign(element.dataset, { view: state.view, points: state.points.length });
    return scale;
  }
  return {
    draw,
    resize: () => made.resize(),
    end() {
      resized.disconnect();
      end();
    },
  };
}

/** A colour bar with its ends, as elements. */
export function colorBar(scale, by, progress) {
  const bar = document.createElement("div");
  bar.className = "color-bar";
  const strip = document.createElement("span");
  strip.className = "strip";
  strip.style.background = `linear-gradient(to right, ${scaleColors().join(", ")})`;
  const text = (content) => Object.assign(document.createElement("span"), { textContent: content });
  bar.append(text(by === "alp" ? progress : "Return"), text(decimal(scale.low, 3)), strip, text(`${decimal(scale.high, 3)} or more`));
  return bar;
}

const VIEWS = { line, plane, matrix, marginals, parallel };

/** One axis against ALP or return. */
function line(state, scale, size) {
  const { axes, drawnFrom, colorBy } = state;
  const [low, high] = extent(axes[0]);
  const by = colorBy === "alp" ? "ALP" : "Return";
  return {
    grid: { left: 64, right: 20, top: 20, bottom: 46 },
    xAxis: spaceAxis(axes[0], { min: low, max: high, nameGap: 28, maxWidth: size.width - 90 }),
    yAxis: valueAxis(by, { nameGap: 44, scale: colorBy !== "alp" }),
    tooltip: tooltip(axes),
    series: [
      {
        type: "custom",
        data: drawnFrom.map((_, index) => [index]),
        silent: true,
        z: 1,
        renderItem: (parameters, api) => {
          const source = drawnFrom[parameters.dataIndex];
          const [from, to] = source.band(0).map((value) => api.coord([Math.min(high, Math.max(low, value)), 0])[0]);
          const { y, height } = parameters.coordSys;
          const style = sourceStyle(source, scale, state);
          return {
            type: "group",
            children: [
              { type: "rect", shape: { x: from, y, width: Math.max(1, to - from), height }, style: { ...style, lineWidth: 1 } },
              label(numberOf(source, state), (from + to) / 2, y + 10),
            ],
          };
        },
      },
      ...pointSeries(state, scale, (point) => (point[colorBy] === undefined ? null : [jitter(axes[0], point, 0), point[colorBy]]), size, 0),
    ],
  };
}

/** Two axes. */
function plane(state, scale, size) {
  const { axes, x, y } = state;
  const [[lowX, highX], [lowY, highY]] = [extent(axes[x]), extent(axes[y])];
  return {
    grid: { left: 64, right: 24, top: 20, bottom: 46 },
    xAxis: spaceAxis(axes[x], { min: lowX, max: highX, nameGap: 28, maxWidth: size.width - 90 }),
    yAxis: spaceAxis(axes[y], { min: lowY, max: highY, nameGap: 44, maxWidth: size.height - 70 }),
    tooltip: tooltip(axes),
    series: [
      ...(state.density?.borders?.length === 2 ? [densitySeries(state.density)] : []),
      ...sourceSeries(state, scale, x, y, 0),
      ...pointSeries(state, scale, (point) => [jitter(axes[x], point, x), jitter(axes[y], point, y)], size, 0),
      ...selection(state, x, y),
    ],
  };
}

/** Every two axes, with the marginals on the diagonal. */
function matrix(state, scale, { width, height }) {
  const { axes, marginalDensities } = state;
  const count = Math.min(axes.length, MATRIX_AXES);
  const [left, bottom, gap] = [56, 40, 8];
  const [cellWidth, cellHeight] = [(width - left - 8) / count - gap, (height - bottom - 8) / count - gap];
  const option = { grid: [], xAxis: [], yAxis: [], series: [], tooltip: tooltip(axes) };
  for (let row = 0; row < count; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      const index = option.grid.length;
      option.grid.push({
        left: left + column * (cellWidth + gap),
        top: 8 + row * (cellHeight + gap),
        width: cellWidth,
        height: cellHeight,
      });
      const outer = { left: column === 0, bottom: row === count - 1 };
      const [lowX, highX] = extent(axes[column]);
      const quiet = (made, shown) => ({
        ...made,
        axisLabel: {
          ...made.axisLabel,
          show: shown,
          fontSize: 10,
          showMaxLabel: false,
        },
        axisTick: { show: shown },
        splitNumber: 3,
      });
      option.xAxis.push({
        ...quiet(spaceAxis(axes[column], { min: lowX, max: highX, nameGap: 24, maxWidth: cellWidth }), outer.bottom),
        name: outer.bottom ? axisName(axes[column]) : "",
        gridIndex: index,
      });
      if (row === column) {
        option.yAxis.push({ ...valueAxis("", { show: false, min: 0 }), gridIndex: index });
        const density = marginalDensities?.[row];
        if (density) option.series.push({ ...marginalSeries(density), xAxisIndex: index, yAxisIndex: index });
        continue;
      }
      const [lowY, highY] = extent(axes[row]);
      option.yAxis.push({
        ...quiet(spaceAxis(axes[row], { min: lowY, max: highY, nameGap: 40, maxWidth: cellHeight }), outer.left),
        name: outer.left ? axisName(axes[row]) : "",
        gridIndex: index,
      });
      option.series.push(
        ...sourceSeries(state, scale, column, row, index),
        ...pointSeries(
          state,
          scale,
          (point) => [jitter(axes[column], point, column), jitter(axes[row], point, row)],
          { width: cellWidth, height: cellHeight },
          index,
        ),
        ...selection(state, column, row, index),
      );
    }
  }
  return option;
}

/** Where the next task will lie along each axis. */
function marginals(state, scale, { width }) {
  const { axes, marginalDensities } = state;
  const columns = Math.max(1, Math.min(axes.length, Math.floor(width / 230)));
  const rows = Math.ceil(axes.length / columns);
  const option = { grid: [], xAxis: [], yAxis: [], series: [], tooltip: {} };
  axes.forEach((axis, index) => {
    const [low, high] = extent(axis);
    const [column, row] = [index % columns, Math.floor(index / columns)];
    option.grid.push({
      left: `${(100 * column) / columns + 2}%`,
      width: `${100 / columns - 4}%`,
      top: `${(100 * row) / rows + 2}%`,
      height: `${100 / rows - (rows > 2 ? 12 : 14)}%`,
    });
    option.xAxis.push({ ...spaceAxis(axis, { min: low, max: high, nameGap: 22, splitNumber: 4, maxWidth: width / columns - 20 }), gridIndex: index });
    option.yAxis.push({ ...valueAxis("", { show: false, min: 0 }), gridIndex: index });
    const density = marginalDensities?.[index];
    if (density) option.series.push({ ...marginalSeries(density), xAxisIndex: index, yAxisIndex: index });
  });
  return option;
}

/** A line through all axes for each task. */
function parallel(state, scale) {
  const { axes, points, selected, colorBy } = state;
  const { text, faint, line: lineColor } = colors();
  // The brightest last, and so on top.
  const rank = (point) => (point.task === selected?.task ? Infinity : (point[colorBy] ?? -Infinity));
  const shown = points.slice(-PARALLEL_TASKS).sort((one, other) => (rank(one) < rank(other) ? -1 : rank(one) > rank(other) ? 1 : 0));
  return {
    parallel: { left: 48, right: 96, top: 70, bottom: 28 },
    parallelAxis: axes.map((axis, index) => {
      const [low, high] = bounds(axis);
      return {
        dim: index,
        name: axisName(axis),
        type: axis.logScaled ? "log" : "value",
        min: low,
        max: high,
        nameRotate: axes.length > 8 ? 30 : 0,
        nameTextStyle: { color: text, fontSize: 11, align: axes.length > 8 ? "left" : "center", width: 110, overflow: "truncate" },
        nameGap: 12,
        axisLine: { lineStyle: { color: lineColor } },
        axisLabel: { color: faint, fontSize: 10, formatter: (value) => decimal(value, 3) },
      };
    }),
    tooltip: tooltip(axes),
    series: [
      {
        type: "parallel",
        smooth: 0,
        lineStyle: { width: 1.2, opacity: 0.5 },
        emphasis: { lineStyle: { width: 3, opacity: 1 } },
        data: shown.map((point) => ({
          value: point.values,
          point,
          lineStyle: {
            color: point[colorBy] === undefined ? faint : scale.of(point[colorBy]),
            width: point.task === selected?.task ? 4 : 1.2,
            opacity: point.task === selected?.task ? 1 : 0.4,
          },
        })),
      },
      {
        // Where the centres of what is drawn from lie.
        type: "parallel",
        silent: true,
        z: 4,
        data: state.drawnFrom.map((source) => ({
          value: axes.map((_, index) => source.centre(index)),
          lineStyle: { color: text, width: 1 + 4 * source.weight, type: "dashed", opacity: 0.9 },
        })),
      },
    ],
  };
}

/** An axis of the space: logarithmic where the space is, in the units of the parameters. */
function spaceAxis(axis, more) {
  const kind = axis.logScaled ? { type: "log" } : {};
  const ticks = axis.integer ? { minInterval: 1 } : {};
  const formatter = (value) => (axis.integer && !Number.isInteger(value) ? "" : decimal(value, 4));
  const { maxWidth, ...rest } = more;
  const made = valueAxis(axisName(axis), { ...kind, ...ticks, nameTruncate: { maxWidth, ellipsis: "…" }, ...rest });
  return { ...made, axisLabel: { ...made.axisLabel, formatter, showMaxLabel: true, showMinLabel: true } };
}

function pointSeries(state, scale, place, { width, height }, axisIndex) {
  const { points, colorBy, selected } = state;
  const { faint, text } = colors();
  const room = Math.sqrt((width * height) / Math.max(1, points.length));
  const symbolSize = Math.max(3, Math.min(9, room / 2.2));
  const series = (name, symbol, keep, style, more = 1) => ({
    name,
    type: "scatter",
    symbol,
    symbolSize: symbolSize * more,
    xAxisIndex: axisIndex,
    yAxisIndex: axisIndex,
    z: 3,
    clip: true,
    cursor: "pointer",
    itemStyle: style,
    data: points.filter(keep).flatMap((point) => {
      const value = place(point);
      if (!value) return [];
      const color = point[colorBy] === undefined ? faint : scale.of(point[colorBy]);
      // What is low has nearly the colour of the ground: an edge, so that it is seen.
      const edge = { borderColor: isDark() ? "rgba(255,255,255,0.45)" : "rgba(0,0,0,0.35)", borderWidth: 0.7 };
      const chosen = point.task === selected?.task ? { borderColor: text, borderWidth: 2 } : edge;
      return [{ value, point, itemStyle: { color, ...chosen } }];
    }),
  });
  const feasible = (point) => point.return !== undefined;
  return [
    series("drawn by the teacher", "circle", (point) => feasible(point) && !point.explored, { opacity: 0.85 }),
    series("explored", "diamond", (point) => feasible(point) && point.explored, { opacity: 0.85 }, 1.25),
    series("infeasible", CROSS, (point) => !feasible(point), { opacity: 0.9 }),
  ];
}

/** What tasks are drawn from: components, windows and a few regions with outlines that stand out, all leaves of a tree filled. */
function sourceSeries(state, scale, x, y, axisIndex) {
  const { axes, distribution, drawnFrom, selected } = state;
  const { text } = colors();
  const outlines = drawnFrom.map((source) => source.outline(x, y));
  const common = { type: "custom", silent: true, clip: true, xAxisIndex: axisIndex, yAxisIndex: axisIndex, data: drawnFrom.map((_, index) => [index]) };
  const ground = {
    // Beneath the tasks, whose colours must not be tinted.
    ...common,
    z: 1,
    renderItem: ({ dataIndex }, api) => ({
      type: "polygon",
      shape: { points: outlines[dataIndex].map((corner) => api.coord(corner)) },
      style: { fill: sourceStyle(drawnFrom[dataIndex], scale, state).fill },
    }),
  };
  const outline = {
    ...common,
    z: 4,
    renderItem: (parameters, api) => {
      const source = drawnFrom[parameters.dataIndex];
      const corners = outlines[parameters.dataIndex].map((corner) => api.coord(corner));
      const centre = api.coord([source.centre(x), source.centre(y)]);
      const { stroke } = sourceStyle(source, scale, state);
      const chosen = selected?.number === source.number && selected?.fit === Number(distribution.mixture?.fit ?? 0);
      const side = (color, lineWidth, opacity = 1) => ({ type: "polygon", shape: { points: corners }, style: { fill: "none", stroke: color, opacity, lineWidth } });
      // A casing, so that light colours are seen on light ground and dark ones on dark. Leaves lie side by side: a thin line parts them.
      const sides = isTiled(source, state) ? [side(text, chosen ? 4 : 0.8, 0.6)] : [side(text, chosen ? 6 : 3.5, 0.75), side(stroke, chosen ? 4 : 2)];
      return { type: "group", children: [...sides, label(numberOf(source, state), centre[0], centre[1])] };
    },
  };
  return [ground, outline];
}

/** The task that is explained, tied to the earlier one that it was compared with. */
function selection(state, x, y, axisIndex = 0) {
  const { selected } = state;
  if (!selected?.values) return [];
  const { text } = colors();
  const own = [selected.values[x], selected.values[y]];
  const ends = selected.nearest ? [own, [selected.nearest[x], selected.nearest[y]]] : [own];
  return [
    {
      type: "line",
      silent: true,
      z: 6,
      xAxisIndex: axisIndex,
      yAxisIndex: axisIndex,
      symbol: (value, { dataIndex }) => (dataIndex === 0 ? "circle" : "rect"),
      symbolSize: 13,
      itemStyle: { color: "transparent", borderColor: text, borderWidth: 2 },
      lineStyle: { color: text, type: "dashed", width: 1.5 },
      data: ends,
    },
  ];
}

function sourceStyle(source, scale, state) {
  const { meanAlp, weight, fullness } = source;
  const highest = Math.max(...state.drawnFrom.map((other) => other.meanAlp ?? 0)) || 1;
  // A window has no progress of its own.
  const color = meanAlp === undefined ? scaleColor(0.5) : state.colorBy === "alp" ? scale.of(meanAlp) : scaleColor(meanAlp / highest);
  const opacity = isTiled(source, state) ? 0.08 + 0.5 * fullness : 0.05 + 0.25 * (meanAlp === undefined ? 0.3 : weight);
  return { stroke: color, fill: color.replace(/rgb\((.*)\)/, `rgba($1,${opacity.toFixed(3)})`) };
}

/** Whether it is a leaf among others that fill the whole space. */
function isTiled({ leaf }, { axes }) {
  return leaf && axes.length <= 2;
}

/** What a source's label says: of many leaves only those that are drawn most have one. */
function numberOf(source, { drawnFrom }) {
  const isNumbered = source.leaf === undefined || drawnFrom.indexOf(source) >= drawnFrom.length - NUMBERED;
  return isNumbered ? String(source.number ?? "") : "";
}

function label(content, x, y) {
  const { text, panel } = colors();
  return {
    type: "text",
    x,
    y,
    style: { text: content, fill: text, stroke: panel, lineWidth: 3, font: "bold 12px system-ui, sans-serif", align: "center", verticalAlign: "middle" },
  };
}

/** Probabilities of cells, the darker the likelier. */
function densitySeries(density) {
  const [alongX, alongY] = density.borders.map((borders) => borders.values);
  const [columns, rows] = [alongX.length - 1, alongY.length - 1];
  const cells = density.probabilities ?? [];
  const highest = Math.max(...cells, Number.MIN_VALUE);
  const { accent } = colors();
  return {
    type: "custom",
    silent: true,
    clip: true,
    z: 0,
    data: Array.from({ length: columns * rows }, (_, index) => [index]),
    renderItem: (parameters, api) => {
      const index = parameters.dataIndex;
      const [column, row] = [Math.floor(index / rows), index % rows];
      const [left, bottom] = api.coord([alongX[column], alongY[row]]);
      const [right, top] = api.coord([alongX[column + 1], alongY[row + 1]]);
      return {
        type: "rect",
        shape: { x: left, y: top, width: right - left + 0.5, height: bottom - top + 0.5 },
        style: { fill: accent, opacity: 0.65 * Math.sqrt((cells[index] ?? 0) / highest) },
      };
    },
  };
}

/** The probability of each cell of one axis as a bar. */
function marginalSeries(density) {
  const values = density.borders[0].values;
  const cells = density.probabilities ?? [];
  const { accent } = colors();
  return {
    type: "custom",
    clip: true,
    z: 2,
    encode: { x: 0, y: 1 },
    data: cells.map((probability, index) => [(values[index] + values[index + 1]) / 2, probability]),
    tooltip: { formatter: ({ value }) => `${decimal(value[0], 3)}: ${percent(value[1])}` },
    renderItem: (parameters, api) => {
      const index = parameters.dataIndex;
      const [left, top] = api.coord([values[index], cells[index]]);
      const [right, bottom] = api.coord([values[index + 1], 0]);
      return {
        type: "rect",
        shape: { x: left, y: top, width: Math.max(1, right - left - 0.5), height: bottom - top },
        style: { fill: accent, opacity: 0.8 },
      };
    },
  };
}

/** What a point says when pointed at. */
function tooltip(axes) {
  return {
    trigger: "item",
    formatter: ({ data }) => {
      const point = data?.point;
      if (!point) return "";
      const named = axes.slice(0, 8).map((axis, index) => `${axisName(axis)} ${decimal(point.values[index])}`);
      if (axes.length > 8) named.push("…");
      return [`episode ${integer(point.episode)}, task ${integer(point.task)}`, ...named, outcomeOf(point)].join("\n");
    },
  };
}

/** A point's place along an axis; whole numbers are spread a little, or they would lie on each other. */
function jitter(axis, point, index) {
  const value = point.values[index];
  if (!axis.integer) return value;
  const spread = Math.sin(point.episode * 12.9898 + index * 78.233) * 43758.5453;
  return value + 0.6 * (spread - Math.floor(spread) - 0.5);
}
