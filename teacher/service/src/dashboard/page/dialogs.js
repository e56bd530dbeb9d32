// What changes a curriculum: pause, resume, edit, export. Each asks before it does anything.

import { call, Refused } from "./calls.js";

/** A dialog with a title and content; resolves with what its buttons say, or null if it is closed. */
function dialog(title, content, buttons) {
  return new Promise((resolve) => {
    const made = document.createElement("dialog");
    const heading = Object.assign(document.createElement("h2"), { textContent: title, id: "dialog-title" });
    made.setAttribute("aria-labelledby", heading.id);
    const form = document.createElement("form");
    form.method = "dialog";
    const row = Object.assign(document.createElement("div"), { className: "buttons" });
    for (const { text, answer, kind } of buttons) {
      const button = Object.assign(document.createElement("button"), { textContent: text, type: "submit", value: answer });
      if (kind) button.className = kind;
      if (answer === "") button.formNoValidate = true;
      row.append(button);
    }
    form.append(heading, content, row);
    made.append(form);
    document.body.append(made);
    made.addEventListener("close", () => {
      made.remove();
      resolve(made.returnValue || null);
    });
    made.showModal();
  });
}

/** Asks; true only for a yes. */
async function confirmed(title, text, action) {
  const content = Object.assign(document.createElement("p"), { textContent: text });
  return (await dialog(title, content, [{ text: "Cancel", answer: "" }, { text: action, answer: "yes", kind: "primary" }])) === "yes";
}

/** Pauses or resumes after a confirmation; gives the curriculum as it is then, or null. */
export async function pauseOrResume(curriculum) {
  const paused = curriculum.state === "STATE_PAUSED";
  const id = idOf(curriculum);
  const text = paused
    ? `Students that ask get tasks again, and leases run on. Resume ${id}?`
    : `Students that ask will wait, reports are still taken, and leases stand still until it is resumed. Pause ${id}?`;
  if (!(await confirmed(paused ? "Resume" : "Pause", text, paused ? "Resume" : "Pause"))) return null;
  return call("UpdateCurriculum", { name: curriculum.name, paused: !paused });
}

/** Downloads the portable file after a confirmation. */
export async function exportFile(curriculum) {
  const text =
    `The file holds all of ${idOf(curriculum)}: settings, tasks, episodes and fits. \`magister curriculum import\` makes a ` +
    "curriculum from it. The curriculum itself goes on.";
  if (!(await confirmed("Export", text, "Download"))) return;
  const link = Object.assign(document.createElement("a"), { href: `/api/export/${encodeURIComponent(idOf(curriculum))}`, download: "" });
  document.body.append(link);
  link.click();
  link.remove();
}

/** Last segment of its name. */
export function idOf(curriculum) {
  return curriculum.name.replace(/^curricula\//, "");
}

const EVERY_CURRICULUM = [
  { key: "displayName", label: "Display name", kind: "text", of: (curriculum) => curriculum.displayName ?? "" },
  { key: "masteryThreshold", label: "Mastery threshold (return)", kind: "number", of: (curriculum) => curriculum.masteryThreshold },
  { key: "leaseDuration", label: "Lease of a task (seconds)", kind: "seconds", of: (curriculum) => parseFloat(curriculum.leaseDuration) },
  { key: "maxOpenTasks", label: "Most open tasks of a student", kind: "number", of: (curriculum) => curriculum.maxOpenTasks },
  { key: "maxStalenessEpisodes", label: "Most episodes that a report may be late", kind: "number", of: (curriculum) => curriculum.maxStalenessEpisodes },
];
const ALP_GMM = [
  ["fitRate", "Fit rate (episodes)"],
  ["randomTaskRatio", "Random task ratio (0 to 1)"],
  ["minComponents", "Fewest components"],
  ["maxComponents", "Most components"],
  ["emInitialisations", "Initialisations of EM"],
  ["fitLagEpisodes", "Fit lag (episodes)"],
].map(([key, label]) => ({ key, label, kind: "number", of: (curriculum) => mixtureOf(curriculum)[key], within: "alpGmm" }));

/** The parameters of a teacher that fits mixtures. */
function mixtureOf({ teacher }) {
  return teacher?.alpGmm ?? teacher?.covarGmm;
}

/** Edits live parameters: shows them, asks about the changes, tells what the server refuses. */
export async function edit(curriculum) {
  const fields = mixtureOf(curriculum) ? [...EVERY_CURRICULUM, ...ALP_GMM] : EVERY_CURRICULUM;
  const content = Object.assign(document.createElement("div"), { className: "fields" });
  const inputs = fields.map((field) => {
    const label = document.createElement("label");
    const before = String(field.of(curriculum) ?? "");
    const input = Object.assign(document.createElement("input"), { type: "text", value: before, name: field.key });
    if (field.kind !== "text") input.inputMode = "decimal";
    const problem = Object.assign(document.createElement("span"), { className: "problem", id: `problem-${field.key}` });
    problem.setAttribute("role", "alert");
    input.setAttribute("aria-describedby", problem.id);
    label.append(Object.assign(document.createElement("span"), { textContent: field.label }), input, problem);
    content.append(label);
    return { field, input, before, problem };
  });
  const general = Object.assign(document.createElement("p"), { className: "problem" });
  general.setAttribute("role", "alert");
  const note = Object.assign(document.createElement("p"), {
    className: "faint",
    textContent: "Changes take effect with the next task and are kept in the journal. Space, seed, teacher and return range never change: fork instead.",
  });
  const whole = document.createElement("div");
  whole.append(note, content, general);

  for (;;) {
    const answer = await dialog("Edit live parameters", whole, [
      { text: "Cancel", answer: "" },
      { text: "Review changes", answer: "review", kind: "primary" },
    ]);
    if (answer !== "review") return null;
    inputs.forEach(({ problem, input }) => {
      problem.textContent = "";
      input.removeAttribute("aria-invalid");
    });
    general.textContent = "";
    const tell = ({ input, problem }, text) => {
      problem.textContent = text;
      input.setAttribute("aria-invalid", "true");
    };
    const changed = inputs.filter(({ input, before }) => input.value.trim() !== before);
    if (changed.length === 0) return null;
    const request = { name: curriculum.name };
    let readable = true;
    for (const each of changed) {
      const { field, input } = each;
      const text = input.value.trim();
      if (field.kind !== "text" && (text === "" || !Number.isFinite(Number(text)))) {
        tell(each, text === "" ? "cannot be taken away: give a number" : `${text} is no number`);
        readable = false;
        continue;
      }
      const value = field.kind === "text" ? text : field.kind === "seconds" ? `${Number(text)}s` : Number(text);
      if (field.within) (request[field.within] ??= {})[field.key] = value;
      else request[field.key] = value;
    }
    if (!readable) continue;
    const lines = changed.map(({ field, before, input }) => `${field.label}: ${before || "none"} → ${input.value.trim()}`);
    if (!(await confirmed("Change these?", lines.join("\n"), "Change"))) continue;
    try {
      return await call("UpdateCurriculum", request);
    } catch (error) {
      const violations = error instanceof Refused ? error.violations : [];
      let placed = false;
      for (const { field: path, problem } of violations) {
        const name = path.split(".").pop().replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
        const found = inputs.find(({ field }) => field.key === name);
        if (found) {
          tell(found, problem);
          placed = true;
        }
      }
      general.textContent = placed ? "Nothing was changed." : `${error.message}. Nothing was changed.`;
    }
  }
}
