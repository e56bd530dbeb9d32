// How numbers, times and counts are written. Everything here returns plain text.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A count with its noun: "1 episode", "2,000 episodes". */
export function count(number, noun) {
  return `${integer(number)} ${noun}${Number(number) === 1 ? "" : "s"}`;
}

/** A whole number with separators. */
export function integer(number) {
  return whole.format(Number(number ?? 0));
}

/** A number with about `digits` significant digits; "none" if it is absent. */
export function decimal(number, digits = 4) {
  if (number === undefined || number === null || !Number.isFinite(number)) return "none";
  if (number === 0) return "0";
  const size = Math.abs(number);
  if (size >= 1e6 || size < 1e-4) return number.toExponential(Math.max(0, digits - 1));
  const places = Math.max(0, Math.min(6, digits - 1 - Math.floor(Math.log10(size))));
  return new Intl.NumberFormat("en", { maximumFractionDigits: places }).format(number);
}

/** A share of 0 to 1 in percent; "none" if it is absent. */
export function percent(share) {
  if (share === undefined || share === null) return "none";
  return `${new Intl.NumberFormat("en", { maximumFractionDigits: share < 0.1 && share > 0 ? 1 : 0 }).format(100 * share)} %`;
}

/** What a teacher is called. */
export function teacherName(teacher) {
  const names = { alpGmm: "ALP-GMM", covarGmm: "Covar-GMM", riac: "RIAC", oracle: "Oracle", currot: "CURROT", random: "Random" };
  const [kind] = Object.keys(names).filter((name) => teacher?.[name]);
  return names[kind] ?? "another teacher";
}

/** What it takes for the learning progress of a component or a region. */
export function progressName(teacher) {
  return teacher?.covarGmm ? "covariance" : "ALP";
}

/** What came of a task; not every teacher knows an ALP of it. */
export function outcomeOf(point) {
  if (point.return === undefined) return "infeasible";
  const alp = point.alp === undefined ? "" : `, ALP ${decimal(point.alp, 3)}`;
  return `return ${decimal(point.return)}${alp}`;
}

/** How long ago a time of the server was: "3 s ago". */
export function ago(time, now = Date.now()) {
  if (!time) return "never";
  return `${duration(Math.max(0, now - Date.parse(time)))} ago`;
}

/** A length of time in the largest unit that leaves a number above one. */
export function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

/** A time on the viewer's clock. */
export function clockTime(time) {
  return time ? new Date(time).toLocaleString() : "";
}
