// The page's own geometry: from the teacher's internal coordinates to what is drawn.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const file = new URL("../../teacher/service/src/dashboard/page/axes.js", import.meta.url);
const { axisName, extent, readValues, shownSources, sources, toParameter } = await import(
  `data:text/javascript,${encodeURIComponent(readFileSync(file, "utf8"))}`
);

const plain = { dimension: "height", low: 1, high: 3, distanceScale: 1 };
const stretched = { dimension: "spacing", high: 6, distanceScale: 2 };
const logarithmic = { dimension: "rate", low: 1e-4, high: 1, logScaled: true, distanceScale: 1 };
const integer = { dimension: "count", low: 1, high: 4, integer: true, distanceScale: 1 };
const near = (found, expected) => assert.ok(Math.abs(found - expected) < 1e-9, `${found} instead of ${expected}`);

test("internal coordinates become parameters", () => {
  for (const [axis, coordinate, expected] of [
    [plain, 0, 1], [plain, 0.25, 1.5], [plain, 1, 3],
    [stretched, 1, 3], [stretched, 2, 6],
    [logarithmic, 0, 1e-4], [logarithmic, 0.5, 1e-2], [logarithmic, 1, 1],
    // The middle of each of four bins.
    [integer, 0.125, 1], [integer, 0.375, 2], [integer, 0.875, 4],
  ]) {
    near(toParameter(axis, coordinate), expected);
  }
  assert.deepEqual(extent(integer), [0.5, 4.5]);
  assert.deepEqual([axisName(plain), axisName({ ...plain, element: 0 })], ["height", "height[0]"]);
});

test("a component's outline lies at two standard deviations", () => {
  const axes = [plain, stretched];
  const covariance = [0.04, 0.03, 0.03, 0.09];
  const [source] = sources(axes, { mixture: { fit: "3", components: [{ weight: 0.4, odds: 0.6, meanAlp: 7, mean: [0.5, 1], covariance }] } });
  near(source.centre(0), 2);
  near(source.centre(1), 3);
  const determinant = 0.04 * 0.09 - 0.03 * 0.03;
  for (const [x, y] of source.outline(0, 1)) {
    const [dx, dy] = [(x - 1) / 2 - 0.5, (y / 6) * 2 - 1];
    near((0.09 * dx * dx - 2 * 0.03 * dx * dy + 0.04 * dy * dy) / determinant, 4);
  }
  const [low, high] = source.band(0);
  near(low, 1 + 2 * 0.1);
  near(high, 1 + 2 * 0.9);
});

test("regions and windows are boxes within the space", () => {
  const axes = [plain, logarithmic];
  const [region] = sources(axes, { regions: { regions: [{ low: [0, 0.25], high: [0.5, 1], odds: 0.3, meanAlp: 2 }] } });
  assert.deepEqual([region.odds, region.weight, region.meanAlp], [0.3, 0.3, 2]);
  const corners = region.outline(0, 1);
  [[1, 1e-3], [2, 1e-3], [2, 1], [1, 1]].forEach(([x, y], index) => {
    near(corners[index][0], x);
    near(corners[index][1], y);
  });
  assert.deepEqual([region.leaf, region.fullness, region.number], [true, 1, 0]);
  const [window] = sources(axes, { window: { low: [-0.5, 0], high: [0.25, 2] } });
  near(window.band(0)[0], 1);
  near(window.band(1)[1], 1);
  assert.deepEqual(sources(axes, { uniform: {} }), []);
});

test("particles are boxes that are equally likely", () => {
  const found = sources([plain], { particles: { particles: [{ point: [0.5] }, { point: [0] }], reach: [0.25] } });
  assert.deepEqual(found.map(({ odds, number, meanAlp }) => [odds, number, meanAlp]), [[0.5, undefined, undefined], [0.5, undefined, undefined]]);
  const [low, high] = found[0].band(0);
  near(found[0].centre(0), (low + high) / 2);
  // What lies beyond the space is clipped to it.
  near(found[1].band(0)[0], toParameter(plain, 0));
});

test("leaves are the fuller the more is drawn there", () => {
  const axes = [plain, stretched];
  const regions = [
    { low: [0, 0], high: [1, 2], odds: 0.4, meanAlp: 1 },
    { low: [0, 0], high: [0.5, 2], odds: 0.2, meanAlp: 2, parent: 0 },
    { low: [0.5, 0], high: [1, 2], odds: 0.2, parent: 0 },
    { low: [0.5, 0], high: [1, 1], parent: 2 },
    { low: [0.5, 1], high: [1, 2], odds: 0.2, meanAlp: 3, parent: 2 },
  ];
  const found = sources(axes, { regions: { regions } });
  assert.deepEqual(found.map(({ leaf }) => leaf), [false, true, false, true, true]);
  near(found[1].fullness, Math.sqrt(0.5));
  near(found[3].fullness, Math.sqrt(0.5));
  near(found[4].fullness, 1);
  assert.deepEqual(shownSources(axes, found, 2).map(({ number }) => number), [3, 1, 4]);
  assert.deepEqual(shownSources([...axes, integer], found, 2).map(({ number }) => number), [4, 0]);
  assert.deepEqual(shownSources(axes, sources(axes, { window: regions[0] }), 2).length, 1);
});

test("parameters are read axis by axis", () => {
  const axes = [plain, { ...stretched, dimension: "sizes", element: 0 }, { ...stretched, dimension: "sizes", element: 1 }, integer];
  const values = { height: { number: 1.5 }, sizes: { numbers: { values: [0.5, 2] } }, count: { integer: "3" } };
  assert.deepEqual(readValues(axes, { values }), [1.5, 0.5, 2, 3]);
  // A zero is left out by protobuf's JSON within messages, not within lists.
  assert.deepEqual(readValues([plain], { values: { height: {} } }), [0]);
});
