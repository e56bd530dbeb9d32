// The list of curricula.

import { call, number, repeat } from "./calls.js";
import { element } from "./elements.js";
import { idOf } from "./dialogs.js";
import { lineColors } from "./charts.js";
import { ago, decimal, integer, percent, teacherName } from "./words.js";

const EVERY_MS = 2000;
const PAGE = 50;

/** Shows the list in an element; returns what ends it. */
export function showList(main, tell) {
  const heading = Object.assign(document.createElement("h1"), { textContent: "Curricula" });
  const place = document.createElement("div");
  main.replaceChildren(heading, place);
  const pages = [""];
  let at = 0;
  const stop = repeat(EVERY_MS, refresh, tell);

  async function refresh() {
    const answer = await call("ListCurricula", { pageSize: PAGE, pageToken: pages[at] });
    const curricula = answer.curricula ?? [];
    const progresses = await Promise.all(
      curricula.map((curriculum) => call("GetProgress", { curriculum: curriculum.name, maxBuckets: 40 }).catch(() => ({}))),
    );
    pages.length = at + 1;
    if (answer.nextPageToken) pages.push(answer.nextPageToken);
    draw(curricula, progresses);
  }

  function draw(curricula, progresses) {
    if (curricula.length === 0 && at === 0) {
      place.replaceChildren(empty());
      return;
    }
    const focused = document.activeElement?.closest?.("tr")?.dataset.name;
    const table = element("table", "curricula");
    const head = table.createTHead().insertRow();
    for (const [text, kind] of COLUMNS) {
      const cell = element("th", kind, text);
      cell.scope = "col";
      head.append(cell);
    }
    const body = table.createTBody();
    curricula.forEach((curriculum, index) => row(body, curriculum, progresses[index]));
    const buttons = element("div", "pager");
    if (at > 0) buttons.append(turn("Previous page", -1));
    if (pages[at + 1]) buttons.append(turn("Next page", 1));
    place.replaceChildren(wrapped(table), buttons);
    if (focused) [...body.rows].find((each) => each.dataset.name === focused)?.querySelector("a")?.focus();
  }

  function turn(text, by) {
    const button = Object.assign(element("button", "quiet", text), { type: "button" });
    button.addEventListener("click", () => {
      at += by;
      refresh().catch(tell);
    });
    return button;
  }
  return stop;
}

const COLUMNS = [
  ["Curriculum"], ["State"], ["Teacher"], ["Students", "number"], ["Workers", "number"], ["Episodes", "number"],
  ["Episodes/s", "number"], ["Mean return", "number"], ["", ""], ["Mastered", "number"], ["Last report"],
];

function row(body, curriculum, progress) {
  const made = body.insertRow();
  made.dataset.name = curriculum.name;
  const id = idOf(curriculum);
  const link = Object.assign(element("a", "", id), { href: `/curricula/${encodeURIComponent(id)}` });
  const name = element("td", "name");
  name.append(link);
  if (curriculum.displayName) name.append(element("span", "faint", curriculum.displayName));
  const students = progress.students ?? [];
  const last = students.map((student) => student.lastReportTime).sort().pop();
  const cells = [
    [state(curriculum)],
    [teacherName(curriculum.teacher)],
    [integer(students.length), "number"],
    [integer(students.reduce((sum, student) => sum + number(student.workers), 0)), "number"],
    [integer(curriculum.episodes), "number"],
    [decimal(progress.episodesPerSecond ?? 0, 3), "number"],
    [decimal(progress.recent?.meanReturn, 4), "number"],
    [sparkline(progress.buckets ?? [])],
    [percent(progress.recent?.masteredShare), "number"],
    [last ? ago(last) : "none within the hour"],
  ];
  made.append(name, ...cells.map(([content, kind]) => {
    const cell = element("td", kind ?? "");
    cell.append(content);
    return cell;
  }));
}

/** Its state with a mark, for the state must not be told by colour alone. */
export function state(curriculum) {
  const paused = curriculum.state === "STATE_PAUSED";
  return element("span", paused ? "state paused" : "state active", paused ? "⏸ paused" : "● active");
}

/** Mean return over episodes as a small line. */
function sparkline(buckets) {
  const values = buckets.map((bucket) => bucket.meanReturn).filter((value) => value !== undefined);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "sparkline");
  svg.setAttribute("viewBox", "0 0 100 24");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", values.length ? `mean return from ${decimal(values[0])} to ${decimal(values[values.length - 1])}` : "no returns yet");
  if (values.length > 1) {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const height = (value) => 21 - (18 * (value - low)) / (high - low || 1);
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
    line.setAttribute("points", values.map((value, index) => `${(100 * index) / (values.length - 1)},${height(value)}`).join(" "));
    line.setAttribute("fill", "none");
    line.setAttribute("stroke", lineColors().blue);
    line.setAttribute("stroke-width", "2");
    svg.append(line);
  }
  return svg;
}

function empty() {
  const box = element("div", "empty");
  box.append(
    element("p", "", "There is no curriculum yet. Make one with the command:"),
    element("pre", "", "magister curriculum create walker --dimension stump_height=0:3 --dimension obstacle_spacing=0:6"),
    element("p", "", "or from Python:"),
    element("pre", "", "magister.connect().curriculum(\"walker\", {\"stump_height\": (0, 3), \"obstacle_spacing\": (0, 6)})"),
  );
  return box;
}

function wrapped(table) {
  const box = element("div", "wide");
  box.append(table);
  return box;
}
