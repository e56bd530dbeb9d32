// What all charts share: the library, the colours of the theme, the colour scale.

import * as echarts from "/assets/vendor/echarts.esm.min.js";

/** Viridis at equal steps (van der Walt and Smith, 2015): even in lightness, readable with any colour vision. */
const VIRIDIS = [
  "#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725",
];

/** Okabe and Ito's colours, for lines that must be told apart with any colour vision; lighter ones on dark ground. */
const ON_LIGHT = { blue: "#0072b2", orange: "#c77c00", green: "#008a64", purple: "#b3568c", sky: "#56b4e9" };
const ON_DARK = { blue: "#56b4e9", orange: "#f0b040", green: "#2fc79a", purple: "#e6a3c8", sky: "#a5d8f6" };

/** The colours of lines on the theme's ground. */
export function lineColors() {
  return isDark() ? ON_DARK : ON_LIGHT;
}

/** Whether the ground is dark. */
export function isDark() {
  return getComputedStyle(document.documentElement).colorScheme === "dark";
}

/** The colours of the scale from its lowest to its highest value: the highest stands out from the theme's ground. */
export function scaleColors() {
  return isDark() ? VIRIDIS : VIRIDIS.toReversed();
}

/** The colour at a share of 0 to 1 of the scale. */
export function scaleColor(share) {
  const steps = scaleColors();
  const place = Math.min(1, Math.max(0, share)) * (steps.length - 1);
  const index = Math.min(steps.length - 2, Math.floor(place));
  const parts = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  const [from, to] = [parts(steps[index]), parts(steps[index + 1])];
  return `rgb(${from.map((part, at) => Math.round(part + (to[at] - part) * (place - index))).join(",")})`;
}

/** Colours of the theme, as the style sheet has them now. */
export function colors() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { text: of("--text"), faint: of("--faint"), line: of("--line"), panel: of("--panel"), accent: of("--accent") };
}

/** A chart in an element; it follows the element's size and is told to draw anew when the theme changes. */
export function chart(element, redraw) {
  const made = echarts.init(element, null, { renderer: "canvas" });
  const sizes = new ResizeObserver(() => made.resize());
  sizes.observe(element);
  const themed = () => redraw();
  document.addEventListener("magister-theme", themed);
  return {
    chart: made,
    end() {
      sizes.disconnect();
      document.removeEventListener("magister-theme", themed);
      made.dispose();
    },
  };
}

/** What every chart starts from. Text is drawn, never parsed as markup. */
export function base() {
  const { text, panel, line } = colors();
  return {
    animation: false,
    textStyle: { color: text, fontFamily: "system-ui, sans-serif" },
    tooltip: {
      renderMode: "richText",
      backgroundColor: panel,
      borderColor: line,
      textStyle: { color: text, fontSize: 12 },
      confine: true,
    },
    aria: { enabled: false },
  };
}

/** What a chart says that has nothing to show. */
export function note(text) {
  const style = { text, fill: colors().faint, font: "14px system-ui, sans-serif" };
  return { graphic: [{ type: "text", left: "center", top: "middle", silent: true, style }] };
}

/** An axis of values. */
export function valueAxis(name, more = {}) {
  const { text, faint, line } = colors();
  return {
    type: "value",
    name,
    nameLocation: "middle",
    nameTextStyle: { color: text, fontSize: 12 },
    axisLine: { show: true, lineStyle: { color: line } },
    axisLabel: { color: faint, fontSize: 11, hideOverlap: true },
    splitLine: { lineStyle: { color: line, opacity: 0.5 } },
    ...more,
  };
}
