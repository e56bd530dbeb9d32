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

/** Standard deviation of a component along an axis, in internal coordinates. */
export function deviation(axes, component, index) {
  return Math.sqrt(Math.max(0, component.covariance[index * axes.length + index]));
}

/** Lowest and highest parameter within two standard deviations. */
export function band(axes, component, index) {
  const reach = 2 * deviation(axes, component, index);
  const mean = component.mean[index];
  return [toParameter(axes[index], mean - reach), toParameter(axes[index], mean + reach)];
}

/** The line at two standard deviations of a component's marginal over two axes, as parameters. */
export function ellipse(axes, component, x, y, corners = 72) {
  const covariance = (row, column) => component.covariance[row * axes.length + column];
  // Cholesky factor of the 2 x 2 block; what rounding has left below zero counts as zero.
  const a = Math.sqrt(Math.max(0, covariance(x, x)));
  const b = a > 0 ? covariance(x, y) / a : 0;
  const c = Math.sqrt(Math.max(0, covariance(y, y) - b * b));
  return Array.from({ length: corners }, (_, corner) => {
    const angle = (2 * Math.PI * corner) / corners;
    const [cos, sin] = [2 * Math.cos(angle), 2 * Math.sin(angle)];
    return [
      toParameter(axes[x], component.mean[x] + a * cos),
      toParameter(axes[y], component.mean[y] + b * cos + c * sin),
    ];
  });
}

/** A component's mean along an axis, as a parameter within the space. */
export function meanAlong(axes, component, index) {
  const [low, high] = bounds(axes[index]);
  const mean = Math.min(high, Math.max(low, toParameter(axes[index], component.mean[index])));
  return axes[index].integer ? Math.round(mean) : mean;
}
