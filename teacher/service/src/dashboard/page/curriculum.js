// One curriculum: its task space at any moment, what it learned, why a task was given, what stands in the way.

import { axisName, sources } from "./axes.js";
import { call, follow, number, Refused, repeat } from "./calls.js";
import { curves } from "./curves.js";
import { edit, exportFile, pauseOrResume } from "./dialogs.js";
import { state as stateMark } from "./list.js";
import { colorBar, MATRIX_AXES, spaceChart, viewsOf } from "./space.js";
import { clockTime, count, decimal, integer, percent } from "./words.js";

const LIVE_MS = 1000;
const DIAGNOSE_MS = 5000;
const EVALUATIONS_MS = 10000;
/** Fits that are asked for together. */
const FIT_PAGE = 40;
const PLAY_FRAMES = 200;
const PLAY_MS = 125;
const DENSITY_CELLS = 40;
const RECENT_TASKS = 8;
const WINDOWS = [250, 500, 1000, 2500, 10000];

/** Shows a curriculum in an element; returns what ends it. */
export function showCurriculum(main, id, tell) {
  const view = new CurriculumView(main, id, tell);
  view.start();
  return () => view.end();
}

class CurriculumView {
  constructor(main, id, tell) {
    this.name = `curricula/${id}`;
    this.id = id;
    this.main = main;
    this.tell = tell;
    this.ends = [];
    this.fits = new Map();
    this.latest = [];
    /** The fit that is shown; null: the present. */
    this.position = null;
    this.choice = { view: null, x: 0, y: 1, colorBy: "alp", window: 500, density: false, over: "episodes" };
    this.selected = null;
    this.turn = 0;
    this.student = null;
    this.rounds = [];
  }

  end() {
    this.ended = true;
    this.pause();
    this.ends.forEach((end) => end());
  }

  async start() {
    try {
      await this.load();
    } catch (error) {
      if (this.ended) return;
      if (error instanceof Refused && error.status === 404) return this.missing(error);
      // The server is away: the same once it answers.
      this.tell(error);
      setTimeout(() => this.ended || this.start(), 1000);
    }
  }

  async load() {
    const asked = { curriculum: this.name };
    const [info, distribution] = await Promise.all([call("GetCurriculum", { name: this.name }), call("GetDistribution", asked)]);
    if (this.ended) return;
    Object.assign(this, { info, axes: distribution.axes ?? [], present: distribution });
    this.latest = await this.latestPoints();
    if (this.ended) return;
    this.views = viewsOf(this.axes);
    this.choice.view = this.views[0][0];
    this.build();
    this.drawHead();
    this.draw();
    this.drawRecent();
    this.ends.push(
      follow("WatchDistribution", () => asked, (change) => this.changed(change)),
      repeat(LIVE_MS, () => this.live(), this.tell),
      repeat(DIAGNOSE_MS, () => this.diagnose(), this.tell),
      repeat(EVALUATIONS_MS, () => this.evaluations(), this.tell),
    );
    this.readProgress().catch(this.tell);
  }

  missing(error) {
    const box = element("div", "empty");
    box.append(element("h1", "", "There is no such curriculum"), element("p", "", error.message));
    const link = Object.assign(element("a", "", "See all curricula"), { href: "/" });
    box.append(link);
    this.main.replaceChildren(box);
  }

  // What is shown where.

  build() {
    const parts = {};
    const part = (name, tag, className = "", text = "") => (parts[name] = element(tag, className, text));
    const section = (className, title, ...content) => {
      const made = element("section", `panel ${className}`);
      if (title) made.append(element("h2", "", title));
      made.append(...content);
      return made;
    };
    const head = element("div", "head");
    const title = element("div", "title");
    title.append(part("title", "h1"), part("state", "span"), part("subtitle", "p", "faint"));
    const buttons = element("div", "buttons");
    buttons.append(
      (parts.pause = this.button("Pause", () => this.change(pauseOrResume))),
      (parts.edit = this.button("Edit", () => this.change(edit))),
      this.button("Export", () => exportFile(this.info)),
    );
    head.append(title, buttons);

    parts.space = element("div", "space");
    parts.space.tabIndex = 0;
    parts.space.setAttribute("role", "application");
    parts.space.setAttribute("aria-label", "Task space. Left and right arrow: step through the tasks shown and explain them.");
    const space = section("space-panel", "Task space", this.tools(parts), parts.space, part("legend", "div", "legend"), this.timeline(parts));
    const side = element("div", "side");
    side.append(
      section("findings-panel", "Why no progress?", part("findings", "ul", "findings")),
      section("why-panel", "Why this task?", part("why", "div", "why")),
      section("components-panel", "Components", part("components", "div", "wide")),
    );
    parts.why.append(element("p", "faint", "Click on a task, or step through them with the arrow keys, to see why it was given and what it taught."));
    parts.recent = element("div", "recent");
    parts.why.after(parts.recent);
    const over = this.select("Over", [["episodes", "episodes"], ["steps", "student steps"]], "over", () => this.drawCurves());
    const curvesPanel = section("curves-panel", "Curves", part("curveTools", "div", "tools"), part("curves", "div", "curves"));
    parts.curveTools.append(over);
    parts.test = section("test-panel", "Test set", part("testTools", "div", "tools"), part("mastery", "div"));
    parts.test.hidden = true;
    const grid = element("div", "grid");
    grid.append(space, side);
    this.main.replaceChildren(head, part("counts", "dl", "counts"), grid, curvesPanel, parts.test);
    this.parts = parts;
    this.space = spaceChart(parts.space, (point) => this.explain(point.task));
    this.curves = curves(parts.curves);
    this.ends.push(() => this.space.end(), () => this.curves.end());
  }

  tools(parts) {
    const tools = element("div", "tools");
    const redraw = () => this.draw();
    const axes = this.axes.map((axis, index) => [index, axisName(axis)]);
    tools.append(this.select("View", this.views, "view", () => this.chooseView()));
    parts.xTool = this.select("Across", axes, "x", redraw);
    parts.yTool = this.select("Up", axes, "y", redraw);
    tools.append(
      parts.xTool,
      parts.yTool,
      this.select("Colour", [["alp", "ALP"], ["return", "return"]], "colorBy", redraw),
      this.select("Tasks", WINDOWS.map((size) => [size, `the last ${integer(size)}`]), "window", () => this.reread()),
    );
    const label = element("label", "check");
    const box = Object.assign(element("input"), { type: "checkbox", checked: this.choice.density });
    box.addEventListener("change", () => {
      this.choice.density = box.checked;
      this.draw();
    });
    label.append(box, "Density");
    label.title = "How likely the next task lies where, as a ground";
    parts.densityTool = label;
    tools.append(label);
    this.showTools(parts);
    return tools;
  }

  showTools(parts = this.parts) {
    const plane = this.choice.view === "plane";
    parts.xTool.hidden = parts.yTool.hidden = !plane || this.axes.length < 3;
    parts.densityTool.hidden = !plane;
  }

  timeline(parts) {
    const box = element("div", "timeline");
    parts.play = this.button("▶ Play", () => (this.playing ? this.pause() : this.play()));
    parts.play.classList.add("play");
    parts.slider = Object.assign(element("input"), { type: "range", min: 0, max: 0, step: 1, value: 0 });
    parts.slider.setAttribute("aria-label", "Fit that is shown");
    parts.slider.addEventListener("input", () => {
      this.pause();
      this.moveTo(Number(parts.slider.value));
    });
    parts.now = this.button("Now", () => {
      this.pause();
      this.moveTo(null);
    });
    parts.moment = element("output", "moment");
    box.append(parts.play, parts.slider, parts.now, parts.moment);
    return box;
  }

  button(text, act) {
    const made = Object.assign(element("button", "", text), { type: "button" });
    made.addEventListener("click", async () => {
      try {
        await act();
      } catch (error) {
        this.tell(error);
      }
    });
    return made;
  }

  select(text, options, key, act) {
    const label = element("label", "", text);
    const made = element("select");
    for (const [value, name] of options) made.append(Object.assign(element("option", "", name), { value }));
    made.value = this.choice[key] ?? options[0][0];
    made.name = key;
    made.addEventListener("change", () => {
      const chosen = typeof this.choice[key] === "number" ? Number(made.value) : made.value;
      this.choice[key] = chosen;
      act();
    });
    label.append(made);
    return label;
  }

  chooseView() {
    this.showTools();
    this.draw();
  }

  // What happens while it is open.

  async live() {
    const before = this.info;
    this.info = await call("GetCurriculum", { name: this.name });
    if (this.ended) return;
    this.drawHead();
    if (number(this.info.episodes) !== number(before.episodes)) {
      await this.readNew();
      await this.readProgress();
    }
  }

  changed({ distribution }) {
    this.present = distribution;
    if (this.position === null) this.draw();
    else this.drawTimeline();
  }

  async change(act) {
    const changed = await act(this.info);
    if (!changed) return;
    this.info = changed;
    this.drawHead();
    await this.diagnose();
  }

  /** Fits that have taken effect. */
  fitsInEffect() {
    return number(this.present.mixture?.fit ?? (this.lastFit ?? 0));
  }

  latestPoints() {
    const episodes = number(this.info.episodes);
    return this.points(Math.max(1, episodes - this.choice.window + 1), episodes);
  }

  async readLatest() {
    this.latest = await this.latestPoints();
    this.draw();
    this.drawRecent();
  }

  async readNew() {
    const after = this.latest.at(-1)?.episode ?? 0;
    const episodes = number(this.info.episodes);
    if (episodes - after >= this.choice.window) return this.readLatest();
    this.latest = [...this.latest, ...(await this.points(after + 1, episodes))].slice(-this.choice.window);
    if (this.position === null) this.draw();
    this.drawRecent();
  }

  async readProgress() {
    this.progress = await call("GetProgress", { curriculum: this.name, maxBuckets: 120 });
    if (this.ended) return;
    this.drawHead();
    this.drawCurves();
  }

  async reread() {
    await this.readLatest();
    if (this.position !== null) await this.moveTo(this.position);
  }

  async points(from, to) {
    if (to < from) return [];
    const answer = await call("ListEpisodePoints", {
      curriculum: this.name,
      fromEpisode: from,
      beforeEpisode: to + 1,
      maxPoints: Math.min(2500, this.choice.window),
    });
    return (answer.points ?? []).map(readPoint);
  }

  // The time slider.

  async moveTo(position) {
    const last = this.fitsInEffect();
    this.position = position === null || position >= last ? null : Math.max(0, position);
    const turn = (this.turn += 1);
    this.drawTimeline();
    if (this.position === null) return this.draw();
    const [fit, next] = await Promise.all([this.fit(this.position), this.fit(this.position + 1)]);
    const to = next ? Math.max(1, number(next.effectEpisode) - 1) : number(this.info.episodes);
    const points = await this.points(Math.max(1, to - this.choice.window + 1), to);
    // Another move came in between.
    if (turn !== this.turn || this.ended) return;
    this.past = { points, distribution: fit?.distribution ?? { axes: this.axes, explorationProbability: 1, uniform: {} }, to };
    await this.draw();
    this.drawCurves();
  }

  async fit(fitNumber) {
    if (fitNumber < 1) return null;
    if (!this.fits.has(fitNumber)) {
      const page = Math.floor((fitNumber - 1) / FIT_PAGE) * FIT_PAGE;
      const answer = await call("ListFits", { curriculum: this.name, afterFit: page, pageSize: FIT_PAGE });
      for (const fit of answer.fits ?? []) this.fits.set(number(fit.number), fit);
    }
    return this.fits.get(fitNumber) ?? null;
  }

  play() {
    const last = this.fitsInEffect();
    if (last < 1) return;
    const from = this.position === null ? 0 : this.position;
    const step = Math.max(1, Math.round(last / PLAY_FRAMES));
    this.parts.play.textContent = "⏸ Stop";
    const playing = (this.playing = {});
    const frame = async (position) => {
      if (this.playing !== playing) return;
      const started = performance.now();
      try {
        await this.moveTo(position >= last ? null : position);
      } catch (error) {
        this.tell(error);
      }
      if (position >= last) return this.pause();
      const rest = Math.max(0, PLAY_MS - (performance.now() - started));
      setTimeout(() => frame(position + step), rest);
    };
    frame(from);
  }

  pause() {
    this.playing = null;
    if (this.parts) this.parts.play.textContent = "▶ Play";
  }

  // Drawing.

  async draw() {
    if (!this.parts) return;
    const now = this.position === null || !this.past;
    const shown = now ? { points: this.latest, distribution: this.present } : this.past;
    const state = { axes: this.axes, ...this.choice, ...shown, selected: this.selected };
    const turn = (this.drawing = (this.drawing ?? 0) + 1);
    try {
      Object.assign(state, await this.densities(now ? 0 : this.position));
    } catch (error) {
      this.tell(error);
    }
    if (turn !== this.drawing || this.ended) return;
    const scale = this.space.draw(state);
    this.drawLegend(scale, shown);
    this.drawComponents(shown.distribution);
    this.drawTimeline();
  }

  async densities(fit) {
    const { view, x, y, density } = this.choice;
    const ask = (axes) => call("GetDensity", { curriculum: this.name, fit, axes, cells: DENSITY_CELLS });
    if (view === "plane" && density) return { density: await ask([x, y]) };
    const shown = view === "matrix" ? MATRIX_AXES : view === "marginals" ? this.axes.length : 0;
    const axes = this.axes.slice(0, shown);
    return axes.length ? { marginalDensities: await Promise.all(axes.map((_, index) => ask([index]))) } : {};
  }

  drawHead() {
    const { parts, info } = this;
    parts.title.textContent = this.id;
    parts.state.replaceChildren(stateMark(info));
    const teacher = info.teacher?.alpGmm ? "ALP-GMM" : info.teacher?.random ? "Random" : "another teacher";
    parts.subtitle.textContent = [info.displayName, `${teacher}, seed ${info.seed ?? 0}, ${count(this.axes.length, "dimension")}`].filter(Boolean).join(" · ");
    parts.pause.textContent = info.state === "STATE_PAUSED" ? "Resume" : "Pause";
    const students = this.progress?.students ?? [];
    const workers = students.reduce((sum, student) => sum + number(student.workers), 0);
    const recent = this.progress?.recent;
    const counts = [
      ["Episodes", integer(info.episodes)],
      ["per second", decimal(this.progress?.episodesPerSecond ?? 0, 3)],
      ["Open tasks", integer(info.openTasks)],
      ["Students", integer(students.length)],
      ["Workers", integer(workers)],
      ["Fits", integer(info.fits)],
      ["Mean return", decimal(recent?.meanReturn)],
      ["Mean ALP", decimal(recent?.meanAlp)],
      ["Explored", percent(recent?.explorationShare)],
      ["Mastered", percent(recent?.masteredShare)],
    ];
    parts.counts.replaceChildren(
      ...counts.map(([name, value]) => {
        const pair = element("div");
        pair.append(element("dt", "", name), element("dd", "", value));
        return pair;
      }),
    );
  }

  drawTimeline() {
    const { slider, moment, play, now } = this.parts;
    const last = this.fitsInEffect();
    slider.max = last;
    slider.value = this.position ?? last;
    slider.disabled = play.disabled = last < 1;
    now.disabled = this.position === null;
    const text =
      this.position === null
        ? last < 1
          ? "now: no fit yet"
          : `now: fit ${integer(last)} of ${integer(last)}`
        : this.position === 0
          ? "before the first fit"
          : `fit ${integer(this.position)} of ${integer(last)}`;
    const to = this.position === null ? number(this.info.episodes) : this.past?.to;
    moment.textContent = to === undefined ? text : `${text}, episode ${integer(to)}`;
    slider.setAttribute("aria-valuetext", moment.textContent);
  }

  drawLegend(scale, { points, distribution }) {
    const explored = percent(distribution.explorationProbability ?? 0);
    const marks = element("span", "marks", "● from a component  ◆ explored  ✕ infeasible  ◯ two standard deviations");
    const shown = element("span", "faint", `${count(points.length, "task")} shown; ${explored} of the next tasks are drawn uniformly`);
    this.parts.legend.replaceChildren(colorBar(scale, this.choice.colorBy), marks, shown);
  }

  drawComponents(distribution) {
    const found = sources(this.axes, distribution);
    if (!found.length) {
      this.parts.components.replaceChildren(element("p", "faint", "Every task is drawn uniformly from the space."));
      return;
    }
    const axes = this.axes.slice(0, 3);
    const table = element("table");
    const head = table.createTHead().insertRow();
    for (const name of ["", "odds", "weight", "ALP", ...axes.map(axisName)]) {
      head.append(Object.assign(element("th", "number", name), { scope: "col" }));
    }
    const body = table.createTBody();
    const largest = Math.max(...found.map(({ meanAlp }) => meanAlp));
    found.forEach(({ odds, weight, meanAlp, centre }, index) => {
      const row = body.insertRow();
      row.className = this.selected?.component === index && this.selected.fit === number(distribution.mixture?.fit) ? "chosen" : "";
      const cells = [index, percent(odds), percent(weight), decimal(meanAlp > 1e-9 * largest ? meanAlp : 0, 3)];
      axes.forEach((_, axis) => cells.push(decimal(centre(axis), 3)));
      cells.forEach((content) => row.append(element("td", "number", String(content))));
    });
    this.parts.components.replaceChildren(table);
    if (this.axes.length > 3) this.parts.components.append(element("p", "faint", `Means of the first 3 of ${this.axes.length} dimensions; the table of all: magister inspect ${this.id}`));
  }

  drawCurves() {
    if (!this.progress) return;
    const moment = this.position === null ? null : (this.past?.to ?? null);
    this.curves.draw({ progress: this.progress, rounds: this.rounds, over: this.choice.over, moment });
  }

  drawRecent() {
    const list = element("ol", "tasks");
    for (const point of this.latest.slice(-RECENT_TASKS).reverse()) {
      const outcome = point.return === undefined ? "infeasible" : `return ${decimal(point.return)}, ALP ${decimal(point.alp, 3)}`;
      const made = this.button(`task ${integer(point.task)}: ${outcome}`, () => this.explain(point.task));
      made.className = "quiet";
      made.dataset.task = point.task;
      const item = element("li");
      item.append(made);
      list.append(item);
    }
    const focused = document.activeElement?.dataset?.task;
    const title = element("h3", "", this.latest.length ? "The latest tasks" : "No task has been reported yet");
    this.parts.recent.replaceChildren(title, list);
    if (focused) list.querySelector(`[data-task="${CSS.escape(focused)}"]`)?.focus();
  }

  // Why this task?

  async explain(task) {
    const turn = (this.explaining = (this.explaining ?? 0) + 1);
    try {
      const answer = await call("ExplainTask", { task: `${this.name}/tasks/${task}` });
      if (turn !== this.explaining || this.ended) return;
      const drawn = answer.task.origin?.component;
      this.selected = {
        task,
        values: readValues(this.axes, (answer.episode ?? answer.task).parameters),
        nearest: answer.nearest && readValues(this.axes, answer.nearest.parameters),
        component: drawn && number(drawn.component),
        fit: drawn && number(drawn.fit),
      };
      this.drawWhy(task, answer);
      this.draw();
    } catch (error) {
      this.tell(error);
    }
  }

  drawWhy(number_, answer) {
    const { task, episode, nearest, component } = answer;
    const facts = [];
    this.axes.forEach((axis, index) => facts.push([axisName(axis), decimal(this.selected.values[index])]));
    facts.push(["Drawn with probability", percent(answer.originProbability)]);
    if (component) {
      const drawn = task.origin.component;
      facts.push(["Component", `${number(drawn.component)} of fit ${integer(drawn.fit)}`]);
      facts.push(["Its odds", percent(component.odds ?? 0)], ["Its mean ALP", decimal(component.meanAlp ?? 0)], ["Its weight", percent(component.weight ?? 0)]);
    }
    if (episode) {
      facts.push(["Episode", episode.number ? integer(episode.number) : "does not count"]);
      facts.push(["Return", decimal(episode.episodeReturn)], ["ALP", decimal(episode.alp)]);
    }
    if (nearest) {
      facts.push(["Nearest earlier task", `episode ${integer(nearest.number)}, distance ${decimal(answer.nearestDistance ?? 0, 3)}`]);
      facts.push(["Its return", decimal(nearest.episodeReturn)]);
    }
    const who = [task.student && `student ${task.student}`, task.worker && `worker ${task.worker}`].filter(Boolean).join(", ");
    if (who) facts.push(["Asked by", who]);
    facts.push(["Handed out", clockTime(task.createTime)]);
    const list = element("dl", "facts");
    for (const [name, value] of facts) list.append(element("dt", "", name), element("dd", "", value));
    this.parts.why.replaceChildren(element("h3", "", `Task ${integer(number_)}`), element("p", "summary", answer.summary ?? ""), list);
  }

  // Why no progress?

  async diagnose() {
    const { findings = [] } = await call("Diagnose", { curriculum: this.name });
    if (this.ended) return;
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
    if (!items.length) items.push(element("li", "well", "✔ Nothing stands in the way."));
    this.parts.findings.replaceChildren(...items);
  }

  // The test set.

  async evaluations() {
    if (!this.info.testSet) return;
    const rounds = [];
    for (let token = ""; ; ) {
      const page = await call("ListEvaluations", { curriculum: this.name, pageSize: 200, pageToken: token });
      rounds.push(...(page.evaluations ?? []).filter((round) => round.completeTime));
      token = page.nextPageToken;
      if (!token || rounds.length > 1000) break;
    }
    if (this.ended) return;
    const students = [...new Set(rounds.map((round) => round.student ?? ""))];
    this.student = students.includes(this.student) ? this.student : students.at(-1);
    this.rounds = rounds.filter((round) => (round.student ?? "") === this.student);
    this.parts.test.hidden = false;
    if (this.student === undefined) {
      this.parts.mastery.replaceChildren(element("p", "faint", "No evaluation has been completed yet."));
      return;
    }
    const mastery = await call("GetMastery", { curriculum: this.name, student: this.student });
    if (this.ended) return;
    this.drawMastery(mastery, students);
    this.drawCurves();
  }

  drawMastery(mastery, students) {
    if (students.length > 1) {
      const options = students.map((student) => [student, student || "(no name)"]);
      this.choice.student = this.student;
      this.parts.testTools.replaceChildren(
        this.select("Student", options, "student", () => {
          this.student = this.choice.student;
          this.evaluations().catch(this.tell);
        }),
      );
    }
    const tasks = mastery.testTasks ?? [];
    const kinds = { mastered: ["■", "mastered"], forgotten: ["▲", "forgotten"], open: ["□", "not mastered"] };
    const kindOf = (task) => (task.mastered ? "mastered" : task.forgotten ? "forgotten" : "open");
    const line = element(
      "p",
      "",
      `${percent(mastery.masteredShare ?? 0)} of ${count(tasks.length, "test task")} mastered, ${percent(mastery.forgottenShare ?? 0)} forgotten, after ${count(mastery.evaluations, "evaluation")}.`,
    );
    const strip = element("ul", "strip-of-tasks");
    for (const task of tasks.slice(0, 500)) {
      const kind = kindOf(task);
      const values = readValues(this.axes, task.parameters).map((value) => decimal(value, 3)).join(", ");
      const item = element("li", kind, kinds[kind][0]);
      item.title = `test task ${number(task.testTask)} (${values}): ${kinds[kind][1]}; last return ${decimal(task.lastReturn ?? 0)}, best ${decimal(task.bestReturn ?? 0)}`;
      item.setAttribute("aria-label", item.title);
      strip.append(item);
    }
    const key = element("p", "faint", "■ mastered  ▲ forgotten: mastered before, not now  □ not mastered yet");
    const forgotten = tasks.filter((task) => task.forgotten).slice(0, 20);
    const list = element("ul", "forgotten-list");
    for (const task of forgotten) {
      const values = readValues(this.axes, task.parameters).map((value, index) => `${axisName(this.axes[index])} ${decimal(value, 3)}`);
      list.append(element("li", "", `${values.slice(0, 6).join(", ")}: last return ${decimal(task.lastReturn ?? 0)}, best ${decimal(task.bestReturn ?? 0)}`));
    }
    this.parts.mastery.replaceChildren(line, strip, key, ...(forgotten.length ? [element("h3", "", "Forgotten"), list] : []));
  }
}

/** A point of the answer with plain numbers; `return` and `alp` may be missing. */
function readPoint(point) {
  const origin = point.origin ?? {};
  return {
    episode: number(point.episode),
    task: number(point.task),
    values: point.values ?? [],
    return: point.episodeReturn,
    alp: point.alp,
    explored: !origin.component && !origin.initial,
  };
}

/** Parameters as one number per axis. */
function readValues(axes, parameters) {
  return axes.map((axis) => {
    const value = parameters.values?.[axis.dimension] ?? {};
    if (axis.element !== undefined) {
      const elements = value.numbers?.values ?? value.integers?.values ?? [];
      return number(elements[axis.element]);
    }
    return number(value.number ?? value.integer);
  });
}

function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
