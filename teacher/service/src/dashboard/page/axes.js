// From the teacher's internal coordinates to parameters, as TaskDistribution's comments define them.

/** Name of an axis: "height", or "sizes[3]" within a vector. */
export function axisName(axis) {
  return axis.element === undefined ? axis.dimension : `${axis.dimension}[${axis.element}]`;
}

/** Lowest and highest value of an axis. */
export function bounds(axis) {
  return [axis.low ?? 0, axis.high ?? 0];
}

/** What a chart shows of an axis: its bounds, and for integers half a step around them. */
export function extent(axis) {
  const [low, high] = bounds(axis);
  return axis.integer ? [low - 0.5, high + 0.5] : [low, high];
}

/** The parameter at an internal coordinate; not clipped, and between whole numbers too, so that outlines are smooth. */
export function toParameter(axis, coordinate) {
  const [low, high] = bounds(axis);
  const share = coordinate / axis.distanceScale;
  if (axis.logScaled) return low * (high / low) ** share;
  if (axis.integer) return low - 0.5 + share * (high - low + 1);
  return low + share * (high - low);
}

/**
 * What tasks are drawn from beside exploration: a mixture's components, a tree's regions, a window, or the boxes around particles. Each has `odds` and
 * `meanAlp` (undefined where there is none), `weight` (its share of the episodes, or its odds), its `number` (a window and particles have none), and
 * along the axes of the space `centre`, `band` (lowest and highest value; of a component two standard deviations around its mean) and
 * `outline` (corners over two of them). Of a region, also whether it is a `leaf`, and its `fullness`: the root of how densely tasks
 * are drawn there, from it and from the regions that it lies in, against the densest leaf's.
 */
export function sources(axes, distribution) {
  const { mixture, regions, window, particles } = distribution ?? {};
  if (mixture) return (mixture.components ?? []).map((component, number) => ({ ...gaussian(axes, component), number }));
  if (regions) return tree(axes, regions.regions ?? []);
  if (particles) return around(axes, particles);
  return window ? [box(axes, { ...window, odds: 1 })] : [];
}

/** Those of the sources that there is room for over all axes, least first: of a tree that is more than a few, the ones drawn most. */
export function shownSources(axes, drawnFrom, most) {
  if (!drawnFrom.some(({ leaf }) => leaf)) return drawnFrom;
  const rising = [...drawnFrom].sort((one, other) => one.odds - other.odds);
  // Over one or two axes the leaves fill the space without covering each other.
  return axes.length <= 2 ? rising.filter(({ leaf }) => leaf) : rising.slice(-most);
}

function tree(axes, regions) {
  const inner = new Set(regions.map(({ parent }) => parent));
  const densities = [];
  const made = regions.map((region, number) => {
    const volume = axes.reduce((product, { distanceScale }, index) => (product * (region.high[index] - region.low[index])) / distanceScale, 1);
    densities.push((region.odds ?? 0) / volume + (region.parent === undefined ? 0 : densities[region.parent]));
    return { ...box(axes, { meanAlp: 0, ...region }), number, leaf: !inner.has(number) };
  });
  const densest = made.reduce((most, { leaf, number }) => (leaf ? Math.max(most, densities[number]) : most), 0) || 1;
  return made.map((region) => ({ ...region, fullness: Math.sqrt(densities[region.number] / densest) }));
}

function around(axes, { particles = [], reach }) {
  const end = (point, side) => point.map((at, index) => at + side * reach[index]);
  return particles.map(({ point }) => box(axes, { low: end(point, -1), high: end(point, 1), odds: 1 / particles.length }));
}

function gaussian(axes, { mean, covariance, odds = 0, weight = 0, meanAlp = 0 }) {
  const between = (row, column) => covariance[row * axes.length + column];
  const reach = (index) => 2 * Math.sqrt(Math.max(0, between(index, index)));
  return {
    odds,
    weight,
    meanAlp,
    centre(index) {
      const value = clipped(axes[index], toParameter(axes[index], mean[index]));
      return axes[index].integer ? Math.round(value) : value;
    },
    band: (index) => [-1, 1].map((side) => toParameter(axes[index], mean[index] + side * reach(index))),
    outline(x, y, corners = 72) {
      // Cholesky factor of the marginal's covariance; what rounding has left below zero counts as zero.
      const a = Math.sqrt(Math.max(0, between(x, x)));
      const b = a > 0 ? between(x, y) / a : 0;
      const c = Math.sqrt(Math.max(0, between(y, y) - b * b));
      return Array.from({ length: corners }, (_, corner) => {
        const angle = (2 * Math.PI * corner) / corners;
        const [cos, sin] = [2 * Math.cos(angle), 2 * Math.sin(angle)];
        return [toParameter(axes[x], mean[x] + a * cos), toParameter(axes[y], mean[y] + b * cos + c * sin)];
      });
    },
  };
}

function box(axes, { low, high, odds = 0, meanAlp }) {
  const band = (index) => [low, high].map((end) => clipped(axes[index], toParameter(axes[index], end[index])));
  return {
    odds,
    weight: odds,
    meanAlp,
    centre: (index) => clipped(axes[index], toParameter(axes[index], (low[index] + high[index]) / 2)),
    band,
    outline(x, y) {
      const [[left, right], [bottom, top]] = [band(x), band(y)];
      return [[left, bottom], [right, bottom], [right, top], [left, top]];
    },
  };
}

function clipped(axis, value) {
  const [low, high] = extent(axis);
  return Math.min(high, Math.max(low, value));
}

/** Parameters of a message as one number per axis. */
export function readValues(axes, parameters) {
  return axes.map((axis) => {
    const value = parameters.values?.[axis.dimension] ?? {};
    const elements = value.numbers?.values ?? value.integers?.values ?? [];
    return Number((axis.element === undefined ? (value.number ?? value.integer) : elements[axis.element]) ?? 0);
  });
}
