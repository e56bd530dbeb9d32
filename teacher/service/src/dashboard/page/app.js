// The page's frame: which view is shown, the theme, whether the server answers.

import { connection, Unreachable } from "./calls.js";
import { showCurriculum } from "./curriculum.js";
import { showList } from "./list.js";

const THEMES = ["system", "light", "dark"];
const main = document.getElementById("main");
let end = () => {};

function show() {
  end();
  const named = location.pathname.match(/^\/curricula\/([^/]+)$/);
  const id = named ? decodeURIComponent(named[1]) : null;
  document.title = id ? `${id} – Magister` : "Magister";
  document.getElementById("place").textContent = id ?? "";
  end = id ? showCurriculum(main, id, tell) : showList(main, tell);
}

/** Says what went wrong, for some seconds; that the server is away is told in the page's head instead. */
function tell(problem) {
  if (problem instanceof Unreachable) return;
  const toast = document.getElementById("toast");
  toast.textContent = problem.message ?? String(problem);
  toast.classList.add("shown");
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => toast.classList.remove("shown"), 8000);
}

function tellConnection() {
  const place = document.getElementById("connection");
  place.classList.toggle("lost", !connection.reachable);
  place.textContent = connection.reachable ? "" : "The server does not answer; trying again …";
}

function applyTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.getElementById("theme").textContent = `Theme: ${theme}`;
  document.dispatchEvent(new Event("magister-theme"));
}

let theme = THEMES.includes(localStorage.getItem("theme")) ? localStorage.getItem("theme") : "system";
applyTheme(theme);
document.getElementById("theme").addEventListener("click", () => {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  localStorage.setItem("theme", theme);
  applyTheme(theme);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("magister-theme")));
connection.addEventListener("change", tellConnection);

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='/']");
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || link.hasAttribute("download")) return;
  event.preventDefault();
  if (link.pathname !== location.pathname) history.pushState({}, "", link.href);
  show();
  main.focus();
});
addEventListener("popstate", show);
show();
