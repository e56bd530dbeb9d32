// One curriculum: its task space at any moment, what it learned, why a task was given, what stands in the way.

import { axisName, readValues } from "./axes.js";
import { call, follow, number, Refused, repeat } from "./calls.js";
import { curves } from "./curves.js";
import { element } from "./elements.js";
import { edit, exportFile, pauseOrResume } from "./dialogs.js";
import { state as stateMark } from "./list.js";
import { countPairs, explanation, findingItems, masteryParts, sourceTable, sourceTitle } from "./panels.js";
import { colorBar, MATRIX_AXES, spaceChart, viewsOf } from "./space.js";
import { count, integer, outcomeOf, percent, progressName, teacherName } from "./words.js";

const LIVE_MS = 1000;
/** Between two distributions, as a protobuf duration. */
const MIN_INTERVAL = "0.500s";
const DIAGNOSE_MS = 5000;
const EVALUATIONS_MS = 10000;
/** Fits that are asked for together. */
const FIT_PAGE = 40;
const PLAY_FRAMES = 200;
const PLAY_MS = 125;
const DENSITY_CELLS = 40;
/** Fits and densities that are kept, so that the slider need not ask again. */
const REMEMBERED = 500;
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
    this.densityAnswers = new Map();
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
    // Other teachers know no ALP of single episodes.
    this.choice.colorBy = info.teacher?.alpGmm ? "alp" : "return";
    this.build();
    this.drawHead();
    this.draw();
    this.drawRecent();
    this.ends.push(
      follow("WatchDistribution", () => ({ ...asked, minInterval: MIN_INTERVAL }), (change) => this.changed(change)),
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
    const side = element("div", "column");
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
    const learned = element("div", "column");
    learned.append(space, curvesPanel, parts.test);
    const grid = element("div", "grid");
    grid.append(learned, side);
    this.main.replaceChildren(head, part("counts", "dl", "counts"), grid);
    this.parts = parts;
    this.space = spaceChart(parts.space, (point) => this.explain(point.task));
    this.curves = curves(parts.curves);
    const themed = () => this.draw();
    document.addEventListener("magister-theme", themed);
    this.ends.push(() => this.space.end(), () => this.curves.end(), () => document.removeEventListener("magister-theme", themed));
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
      this.select("Colour", [["alp", progressName(this.info.teacher)], ["return", "return"]], "colorBy", redraw),
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
      // Without fits nobody tells of a change.
      if (!this.makesFits()) this.present = await call("GetDistribution", { curriculum: this.name });
      if (this.ended) return;
      await this.readNew();
      this.stale = true;
    }
    // Curves are in no hurry.
    this.beat = !this.beat;
    if (this.stale && this.beat) {
      this.stale = false;
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

  /** Whether the teacher is one that fits. */
  makesFits() {
    const { alpGmm, covarGmm } = this.info.teacher ?? {};
    return Boolean(alpGmm || covarGmm);
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
      // In many dimensions they are large.
      if (this.fits.size >= REMEMBERED) this.fits.clear();
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
    const chosen = this.selected?.fit === number(shown.distribution.mixture?.fit) ? this.selected.number : undefined;
    const progress = progressName(this.info.teacher);
    this.main.querySelector(".components-panel h2").textContent = sourceTitle(shown.distribution);
    this.parts.components.replaceChildren(...sourceTable(this.axes, shown.distribution, chosen, this.id, progress));
    this.drawTimeline();
  }

  async densities(fit) {
    const { view, x, y, density } = this.choice;
    const { explorationProbability, mixture, episodes } = this.present;
    // The present changes with a fit or an edit, or without fits with every episode; the past never.
    const moment = fit || `now ${this.makesFits() ? mixture?.fit : episodes} ${explorationProbability}`;
    const ask = (axes) =>
      this.remembered(`${moment} ${axes}`, () => call("GetDensity", { curriculum: this.name, fit, axes, cells: DENSITY_CELLS }));
    if (view === "plane" && density) return { density: await ask([x, y]) };
    const shown = view === "matrix" ? MATRIX_AXES : view === "marginals" ? this.axes.length : 0;
    const axes = this.axes.slice(0, shown);
    return axes.length ? { marginalDensities: await Promise.all(axes.map((_, index) => ask([index]))) } : {};
  }

  /** What `ask` gave for this key before, or gives now. */
  remembered(key, ask) {
    if (!this.densityAnswers.has(key)) {
      if (this.densityAnswers.size >= REMEMBERED) this.densityAnswers.delete(this.densityAnswers.keys().next().value);
      const answer = ask();
      answer.catch(() => this.densityAnswers.delete(key));
      this.densityAnswers.set(key, answer);
    }
    return this.densityAnswers.get(key);
  }

  drawHead() {
    const { parts, info } = this;
    parts.title.textContent = this.id;
    parts.state.replaceChildren(stateMark(info));
    parts.subtitle.textContent = [info.displayName, `${teacherName(info.teacher)}, seed ${info.seed ?? 0}, ${count(this.axes.length, "dimension")}`].filter(Boolean).join(" · ");
    parts.pause.textContent = info.state === "STATE_PAUSED" ? "Resume" : "Pause";
    parts.counts.replaceChildren(...countPairs(info, this.progress));
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
          ? this.makesFits()
            ? "now: no fit yet"
            : "now"
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
    const [source, outline] = distribution.regions
      ? ["from a region", "▭ region, fuller where more is drawn"]
      : distribution.window
        ? ["from the window", "▭ window"]
        : distribution.particles
          ? ["beside a particle", "▪ particle"]
          : ["from a component", "◯ two standard deviations"];
    const marks = element("span", "marks", `● ${source}  ◆ explored  ✕ infeasible  ${outline}`);
    const shown = element("span", "faint", `${count(points.length, "task")} shown; ${explored} of the next tasks are drawn uniformly`);
    this.parts.legend.replaceChildren(colorBar(scale, this.choice.colorBy, progressName(this.info.teacher)), marks, shown);
  }

  drawCurves() {
    if (!this.progress) return;
    const moment = this.position === null ? null : (this.past?.to ?? null);
    this.curves.draw({ progress: this.progress, rounds: this.rounds, over: this.choice.over, moment });
  }

  drawRecent() {
    const list = element("ol", "tasks");
    for (const point of this.latest.slice(-RECENT_TASKS).reverse()) {
      const made = this.button(`task ${integer(point.task)}: ${outcomeOf(point)}`, () => this.explain(point.task));
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
      const { component, region, mutation } = answer.task.origin ?? {};
      const drawn = component ?? region ?? mutation;
      this.selected = {
        task,
        values: readValues(this.axes, (answer.episode ?? answer.task).parameters),
        nearest: answer.nearest && readValues(this.axes, answer.nearest.parameters),
        number: drawn && number(drawn.component ?? drawn.region),
        fit: drawn && number(drawn.fit),
      };
      this.parts.why.replaceChildren(...explanation(this.axes, this.selected.values, answer, progressName(this.info.teacher)));
      this.draw();
    } catch (error) {
      this.tell(error);
    }
  }

  // Why no progress?

  async diagnose() {
    const { findings = [] } = await call("Diagnose", { curriculum: this.name });
    if (this.ended) return;
    this.parts.findings.replaceChildren(...findingItems(findings));
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
    if (this.info.masteryThreshold === undefined) {
      const text = "Without a mastery threshold nothing is mastered: give one with Edit.";
      this.parts.mastery.replaceChildren(element("p", "faint", text));
      return;
    }
    const mastery = await call("GetMastery", { curriculum: this.name, student: this.student });
    if (this.ended) return;
    this.offerStudents(students);
    this.parts.mastery.replaceChildren(...masteryParts(this.axes, mastery));
    this.drawCurves();
  }

  offerStudents(students) {
    if (students.length < 2) return;
    const options = students.map((student) => [student, student || "(no name)"]);
    this.choice.student = this.student;
    const choose = () => {
      this.student = this.choice.student;
      this.evaluations().catch(this.tell);
    };
    this.parts.testTools.replaceChildren(this.select("Student", options, "student", choose));
  }
}

/** A point of the answer with plain numbers; `return` and `alp` may be missing. */
function readPoint(point) {
  const { component, initial, region, mutation, window, particle } = point.origin ?? {};
  return {
    episode: number(point.episode),
    task: number(point.task),
    values: point.values ?? [],
    return: point.episodeReturn,
    alp: point.alp,
    explored: !(component || initial || region || mutation || window || particle),
  };
}
