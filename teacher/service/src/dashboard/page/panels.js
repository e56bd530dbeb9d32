// What a curriculum's panels hold, from the calls' answers: counts, findings, an explanation, components, the test set.

import { axisName, extent, readValues, sources } from "./axes.js";
import { number } from "./calls.js";
import { element } from "./elements.js";
import { clockTime, count, decimal, integer, percent } from "./words.js";

/** Axes that the tables of components and of regions have room for, and how many regions. */
const TABLE_AXES = 3;
const REGION_AXES = 2;
const TABLE_REGIONS = 12;
const FORGOTTEN = 20;
const TEST_TASKS = 500;

/** The numbers at the head of the page. */
export function countPairs(info, progress) {
  const students = progress?.students ?? [];
  const workers = students.reduce((sum, student) => sum + number(student.workers), 0);
  const recent = progress?.recent;
  const counts = [
    ["Episodes", integer(info.episodes)],
    ["per second", decimal(progress?.episodesPerSecond ?? 0, 3)],
    ["Open tasks", integer(info.openTasks)],
    ["Students", integer(students.length)],
    ["Workers", integer(workers)],
    ["Fits", integer(info.fits)],
    ["Mean return", decimal(recent?.meanReturn)],
    ["Mean ALP", decimal(recent?.meanAlp)],
    ["Explored", percent(recent?.explorationShare)],
    ["Mastered", percent(recent?.masteredShare)],
  ];
  return counts.map(([name, value]) => {
    const pair = element("div");
    pair.append(element("dt", "", name), element("dd", "", value));
    return pair;
  });
}

/** What Diagnose found, as items of a list. */
export function findingItems(findings) {
  const marks = { SEVERITY_PROBLEM: ["✖", "problem"], SEVERITY_WARNING: ["▲", "warning"], SEVERITY_NOTE: ["ℹ", "note"] };
  const items = findings.map(({ severity, statement, advice }) => {
    const [mark, kind] = marks[severity] ?? marks.SEVERITY_NOTE;
    const item = element("li", kind);
    const text = element("div");
    text.append(element("p", "statement", statement ?? ""), element("p", "advice", advice ?? ""));
    const sign = element("span", "mark", mark);
    sign.setAttribute("role", "img");
    sign.setAttribute("aria-label", kind);
    item.append(sign, text);
    return item;
  });
  return items.length ? items : [element("li", "well", "✔ Nothing stands in the way.")];
}

/** Why a task was given and what it taught, from ExplainTask's answer. */
export function explanation(axes, values, answer, progress) {
  const { task, episode, nearest, component } = answer;
  const facts = axes.map((axis, index) => [axisName(axis), decimal(values[index])]);
  facts.push(["Drawn with probability", percent(answer.originProbability)]);
  if (component) {
    const drawn = task.origin.component;
    facts.push(["Component", `${number(drawn.component)} of fit ${integer(drawn.fit)}`]);
    facts.push(["Its odds", percent(component.odds ?? 0)]);
    facts.push([progress === "ALP" ? "Its mean ALP" : `Its ${progress}`, decimal(component.meanAlp ?? 0)]);
    facts.push(["Its weight", percent(component.weight ?? 0)]);
  }
  if (episode) {
    facts.push(["Episode", episode.number ? integer(episode.number) : "does not count"]);
    facts.push(["Return", decimal(episode.episodeReturn)]);
    if (episode.alp !== undefined) facts.push(["ALP", decimal(episode.alp)]);
  }
  if (nearest) {
    const distance = decimal(answer.nearestDistance ?? 0, 3);
    facts.push(["Nearest earlier task", `episode ${integer(nearest.number)}, distance ${distance}`]);
    facts.push(["Its return", decimal(nearest.episodeReturn)]);
  }
  const who = [task.student && `student ${task.student}`, task.worker && `worker ${task.worker}`].filter(Boolean);
  if (who.length) facts.push(["Asked by", who.join(", ")]);
  facts.push(["Handed out", clockTime(task.createTime)]);
  const list = element("dl", "facts");
  for (const [name, value] of facts) list.append(element("dt", "", name), element("dd", "", value));
  const title = element("h3", "", `Task ${integer(task.name.split("/").pop())}`);
  return [title, element("p", "summary", answer.summary ?? ""), list];
}

/** What the panel of that table is called. */
export function sourceTitle({ regions, window, particles }) {
  return regions ? "Regions" : window ? "Window" : particles ? "Particles" : "Components";
}

/** What tasks are drawn from, as a table; the row with the number `chosen` stands out. */
export function sourceTable(axes, distribution, chosen, id, progress) {
  const found = sources(axes, distribution);
  if (!found.length) return [element("p", "faint", "Every task is drawn uniformly from the space.")];
  if (distribution.window) return [windowTable(axes, found[0])];
  if (distribution.particles) return [particleTable(axes, found)];
  const isTree = Boolean(distribution.regions);
  const shown = axes.slice(0, isTree ? REGION_AXES : TABLE_AXES);
  const rows = isTree ? [...found].sort((one, other) => other.odds - one.odds).slice(0, TABLE_REGIONS) : found;
  const largest = Math.max(...found.map(({ meanAlp }) => meanAlp));
  const cells = rows.map(({ number: index, odds, weight, meanAlp, centre, band }) => [
    index,
    percent(odds),
    ...(isTree ? [] : [percent(weight)]),
    // What rounding has left of nothing counts as nothing.
    decimal(meanAlp > 1e-9 * largest ? meanAlp : 0, 3),
    ...shown.map((axis, at) => (isTree ? reach(axis, band(at)) : decimal(centre(at), 3))),
  ]);
  const table = tableOf(["", "odds", ...(isTree ? [] : ["weight"]), progress, ...shown.map(axisName)], cells);
  rows.forEach(({ number: index }, at) => (table.tBodies[0].rows[at].className = index === chosen ? "chosen" : ""));
  const notes = [];
  if (rows.length < found.length) {
    const leaves = found.filter(({ leaf }) => leaf).length;
    notes.push(`The ${rows.length} drawn most of ${integer(found.length)} regions, ${integer(leaves)} of which are not cut any more`);
  }
  if (axes.length > shown.length) {
    notes.push(`${isTree ? "The" : "Means of the"} first ${shown.length} of ${axes.length} dimensions; the table of all: magister inspect ${id}`);
  }
  return [table, ...notes.map((text) => element("p", "faint", text))];
}

function windowTable(axes, { band }) {
  return tableOf(["dimension", "from", "to"], axes.map((axis, index) => [axisName(axis), ...band(index).map((value) => decimal(value, 3))]));
}

/** Where particles lie along each axis. */
function particleTable(axes, particles) {
  const rows = axes.map((axis, index) => {
    const rising = particles.map(({ centre }) => centre(index)).sort((one, other) => one - other);
    const places = [0, Math.floor(rising.length / 2), rising.length - 1];
    return [axisName(axis), ...places.map((place) => decimal(rising[place], 3))];
  });
  return tableOf(["dimension", "lowest", "median", "highest"], rows);
}

/** From where to where along an axis; `any` where that is all of it. */
function reach(axis, [low, high]) {
  const [lowest, highest] = extent(axis);
  return low <= lowest && high >= highest ? "any" : `${decimal(low, 3)}…${decimal(high, 3)}`;
}

function tableOf(names, rows) {
  const table = element("table");
  const head = table.createTHead().insertRow();
  for (const name of names) {
    const cell = element("th", "number", name);
    Object.assign(cell, { scope: "col", title: name });
    head.append(cell);
  }
  const body = table.createTBody();
  for (const cells of rows) {
    const row = body.insertRow();
    cells.forEach((content) => row.append(element("td", "number", String(content))));
  }
  return table;
}

/** What a student masters of the test set, and what it has forgotten, from GetMastery's answer. */
export function masteryParts(axes, mastery) {
  const tasks = mastery.testTasks ?? [];
  const kinds = { mastered: ["■", "mastered"], forgotten: ["▲", "forgotten"], open: ["□", "not mastered"] };
  const kindOf = (task) => (task.mastered ? "mastered" : task.forgotten ? "forgotten" : "open");
  const returns = (task) => `last return ${decimal(task.lastReturn ?? 0)}, best ${decimal(task.bestReturn ?? 0)}`;
  const [mastered, forgot] = [percent(mastery.masteredShare ?? 0), percent(mastery.forgottenShare ?? 0)];
  const after = count(mastery.evaluations, "evaluation");
  const summary = element("p", "", `${mastered} of ${count(tasks.length, "test task")} mastered, ${forgot} forgotten, after ${after}.`);
  const strip = element("ul", "strip-of-tasks");
  for (const task of tasks.slice(0, TEST_TASKS)) {
    const kind = kindOf(task);
    const values = readValues(axes, task.parameters).map((value) => decimal(value, 3)).join(", ");
    const item = element("li", kind, kinds[kind][0]);
    item.title = `test task ${number(task.testTask)} (${values}): ${kinds[kind][1]}; ${returns(task)}`;
    item.setAttribute("aria-label", item.title);
    strip.append(item);
  }
  const key = element("p", "faint", "■ mastered  ▲ forgotten: mastered before, not now  □ not mastered yet");
  const forgotten = tasks.filter((task) => task.forgotten).slice(0, FORGOTTEN);
  if (!forgotten.length) return [summary, strip, key];
  const list = element("ul", "forgotten-list");
  for (const task of forgotten) {
    const values = readValues(axes, task.parameters).map((value, index) => `${axisName(axes[index])} ${decimal(value, 3)}`);
    list.append(element("li", "", `${values.slice(0, 6).join(", ")}: ${returns(task)}`));
  }
  return [summary, strip, key, element("h3", "", "Forgotten"), list];
}
