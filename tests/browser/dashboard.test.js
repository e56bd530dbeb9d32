// The dashboard as its users meet it: list, task space, slider, explanations, changes, a server that goes and comes back.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { flaws, launch, open, placeOf } from "./browser.js";
import { dimension, Server, Student } from "./server.js";

const AXES = [
  { name: "stump_height", low: 0, high: 3 },
  { name: "stump_spacing", low: 0, high: 6 },
];
const MARKUP = '<img src=x onerror="window.broken=1">';
const pictures = join(process.env.MAGISTER_BROWSER_MODULES, "pictures");

let server;
let browser;
let pupil;

/** Curricula of the other teachers, and what the panel of what tasks are drawn from is called. */
const TEACHERS = {
  riac: { teacher: { riac: { regionSize: 50 } }, name: "RIAC", title: "Regions", legend: "from a region" },
  "riac-three": { teacher: { riac: { regionSize: 50 } }, name: "RIAC", title: "Regions", legend: "from a region" },
  oracle: { teacher: { oracle: { windowStep: [0.2, -0.2], threshold: 20 } }, name: "Oracle", title: "Window", legend: "from the window" },
  covar: { teacher: { covarGmm: { fitRate: 50, fitLagEpisodes: 0 } }, name: "Covar-GMM", title: "Components", legend: "from a component" },
};

function create(id, dimensions, more = {}) {
  const teacher = { alpGmm: { fitRate: 50, fitLagEpisodes: 0 } };
  return server.call("CreateCurriculum", { curriculumId: id, curriculum: { space: { dimensions }, teacher, seed: "7", ...more } });
}

before(async () => {
  mkdirSync(pictures, { recursive: true });
  server = await new Server().start();
  browser = await launch();
  const plane = AXES.map(({ name, low, high }) => dimension(name, low, high));
  await create("walker", plane, { displayName: "Stump Tracks", masteryThreshold: 80, testSet: { uniformCount: 20 } });
  pupil = new Student(server, "walker", AXES);
  await pupil.play(600);
  for (const [studentStep, returned] of [[1000, 90], [2000, 70]]) {
    const { evaluation, tasks } = await server.call("SampleTestTasks", { curriculum: "curricula/walker", student: "pupil", studentStep });
    const results = tasks.map((_, testTask) => ({ testTask, episodeReturn: returned + (testTask % 3) * 8 }));
    await server.call("ReportEvaluations", { evaluation: evaluation.name, results });
  }
  await create("empty", plane);
  await create("one-episode", plane);
  await new Student(server, "one-episode", AXES).play(1);
  await create("one-dimension", [dimension("friction", 0, 1)]);
  await new Student(server, "one-dimension", [{ name: "friction", low: 0, high: 1 }]).play(200);
  await create("markup", [dimension(MARKUP, 0, 1), { name: "größe 文字", integer: { low: 1, high: 6 } }, { name: "rate", logScaled: { low: 1e-5, high: 0.1 } }], {
    displayName: `${MARKUP} Übung 練習`,
  });
  await new Student(server, "markup", [{ name: MARKUP, low: 0, high: 1 }]).play(200);
  for (const [id, { teacher }] of Object.entries(TEACHERS)) {
    const third = id === "riac-three" ? [{ name: "motor_torque", low: 40, high: 100 }] : [];
    const axes = [...AXES, ...third];
    await create(id, axes.map(({ name, low, high }) => dimension(name, low, high)), { teacher });
    await new Student(server, id, axes).play(600);
  }
  await create("twelve-dimensions", [{ name: "poly_shape", continuous: { low: 0, high: 4 }, size: 12 }]);
  await new Student(server, "twelve-dimensions", []).play(200);
});

after(async () => {
  await browser?.close();
  await server?.stop();
  server?.remove();
});

/** Opens a curriculum; gives what `open` gives. */
async function curriculum(id, options) {
  const opened = await open(browser, server, options);
  await opened.page.goto(server.page(`/curricula/${id}`));
  await opened.page.locator(".findings li").first().waitFor();
  await opened.page.locator(".space[data-points]").waitFor();
  await opened.page.locator(".curves[data-episodes]").waitFor();
  return opened;
}

function moment(page, expected) {
  return page.waitForFunction((text) => document.querySelector(".moment").textContent.includes(text), expected);
}

/** The number in the page's head. */
function counted(page, name) {
  return page.locator(".counts div", { has: page.locator("dt", { hasText: name }) }).locator("dd").first().textContent();
}

describe("list", () => {
  test("shows every curriculum, and leads to it", async () => {
    const { page, context, faults } = await open(browser, server);
    await page.locator("tbody tr").nth(9).waitFor();
    assert.equal(page.url(), server.page("/"), "the token stays out of the address");
    const names = await page.locator("tbody .name a").allTextContents();
    const expected = ["covar", "empty", "markup", "one-dimension", "one-episode", "oracle", "riac", "riac-three", "twelve-dimensions", "walker"];
    assert.deepEqual(names, expected);
    for (const [id, { name }] of Object.entries(TEACHERS)) assert.match(await page.locator(`tr[data-name="curricula/${id}"]`).textContent(), new RegExp(name));
    const walker = page.locator("tbody tr", { hasText: "Stump Tracks" });
    for (const text of ["active", "ALP-GMM", "600"]) assert.match(await walker.textContent(), new RegExp(text));
    assert.deepEqual(await flaws(page), []);
    await page.screenshot({ path: join(pictures, "list.png"), fullPage: true });
    await walker.getByRole("link").click();
    await page.getByRole("heading", { level: 1, name: "walker" }).waitFor();
    assert.equal(page.url(), server.page("/curricula/walker"));
    await page.goBack();
    await page.getByRole("heading", { level: 1, name: "Curricula" }).waitFor();
    assert.deepEqual(faults, []);
    await context.close();
  });

  test("is not shown without the token", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    for (const path of ["/", "/curricula/walker", "/?token=0123456789abcdef0123"]) {
      await page.goto(server.page(path));
      await page.getByRole("heading", { name: "Show the token" }).waitFor();
    }
    await page.getByLabel("Token").fill(server.token);
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("heading", { name: "Curricula" }).waitFor();
    await context.close();
  });
});

describe("curriculum", () => {
  test("every kind of space looks right, in light and dark, wide and narrow", async () => {
    for (const id of ["walker", "empty", "one-episode", "one-dimension", "markup", "twelve-dimensions", ...Object.keys(TEACHERS)]) {
      for (const colorScheme of ["light", "dark"]) {
        for (const width of [1440, 800, 390]) {
          const { page, context, faults } = await curriculum(id, { colorScheme, viewport: { width, height: 900 } });
          assert.deepEqual(await flaws(page), [], `${id}, ${colorScheme}, ${width}`);
          await page.screenshot({ path: join(pictures, `${id}-${colorScheme}-${width}.png`), fullPage: true });
          assert.deepEqual(faults, [], id);
          await context.close();
        }
      }
    }
  });

  test("every view of a space can be chosen", async () => {
    for (const [id, views] of [["markup", ["plane", "matrix", "marginals", "parallel"]], ["twelve-dimensions", ["plane", "marginals", "parallel"]]]) {
      const { page, context, faults } = await curriculum(id);
      for (const view of views) {
        await page.locator("select[name=view]").selectOption(view);
        await page.locator("select[name=colorBy]").selectOption("return");
        await page.waitForFunction(() => document.querySelector(".color-bar").textContent.startsWith("Return"));
        await page.locator(`.space[data-view=${view}]`).waitFor();
        assert.deepEqual(await flaws(page), [], `${id}, ${view}`);
        await page.locator(".space").screenshot({ path: join(pictures, `${id}-${view}.png`) });
      }
      assert.deepEqual(faults, []);
      await context.close();
    }
  });

  test("what other teachers draw from is drawn, listed and named", async () => {
    for (const [id, { name, title, legend }] of Object.entries(TEACHERS)) {
      const { page, context, faults } = await curriculum(id);
      const distribution = await server.call("GetDistribution", { curriculum: `curricula/${id}` });
      assert.match(await page.locator(".title").textContent(), new RegExp(name));
      assert.equal(await page.locator(".components-panel h2").textContent(), title);
      assert.ok((await page.locator(".legend").textContent()).includes(legend), id);
      assert.equal(await page.locator(".color-bar span").first().textContent(), "Return");
      const rows = await page.locator(".components-panel tbody tr").count();
      const regions = distribution.regions?.regions.length ?? 0;
      assert.equal(rows, distribution.window ? 2 : (distribution.mixture?.components.length ?? Math.min(12, regions)), id);
      const more = await page.locator(".components-panel").textContent();
      assert.equal(more.includes(`of ${regions} regions`), regions > 12, more);
      await page.locator("select[name=colorBy]").selectOption("alp");
      await page.locator(".color-bar", { hasText: id === "covar" ? "covariance" : "ALP" }).waitFor();
      await page.locator(".space").screenshot({ path: join(pictures, `${id}-alp.png`) });
      await page.locator(".recent button").first().click();
      await page.locator(".why .summary").waitFor();
      assert.doesNotMatch(await page.locator(".why").textContent(), /ALP/);
      if (id === "covar") {
        await page.getByRole("button", { name: "Edit" }).click();
        assert.equal(await page.getByLabel("Fit rate").inputValue(), "50");
      }
      assert.deepEqual(faults, [], id);
      await context.close();
    }
  });

  test("names are shown as text", async () => {
    const { page, context, faults } = await curriculum("markup");
    assert.match(await page.locator(".title").textContent(), /<img src=x onerror="window.broken=1"> Übung 練習/);
    await page.locator(".recent button").first().click();
    await page.locator(".facts dt", { hasText: "<img src=x" }).waitFor();
    assert.equal(await page.evaluate(() => window.broken), undefined);
    assert.equal(await page.locator("main img").count(), 0);
    assert.deepEqual(faults, []);
    await context.close();
  });

  test("the slider goes through all fits, by mouse, keyboard and play", async () => {
    const { page, context, faults } = await curriculum("walker");
    await moment(page, "now: fit 12 of 12, episode 600");
    const slider = page.locator(".timeline input");
    await slider.fill("3");
    await moment(page, "fit 3 of 12, episode 199");
    await page.waitForFunction(() => document.querySelector(".legend").textContent.includes("199 tasks shown"));
    await slider.press("ArrowLeft");
    await moment(page, "fit 2 of 12, episode 149");
    await slider.press("Home");
    await moment(page, "before the first fit, episode 49");
    await page.getByText("Every task is drawn uniformly").waitFor();
    await page.getByRole("button", { name: "Play" }).click();
    await moment(page, "now: fit 12 of 12");
    await page.getByRole("button", { name: "Play" }).waitFor();
    await slider.fill("5");
    await page.getByRole("button", { name: "Now" }).click();
    await moment(page, "now: fit 12 of 12, episode 600");
    assert.deepEqual(faults, []);
    await context.close();
  });

  test("a click on a task, or the keyboard, tells why it was given", async () => {
    const { page, context, faults } = await curriculum("walker");
    await page.locator("select[name=window]").selectOption("250");
    await page.waitForFunction(() => document.querySelector(".legend").textContent.includes("250 tasks shown"));
    const { points } = await server.call("ListEpisodePoints", { curriculum: "curricula/walker", fromEpisode: 351 });
    // One that no other lies on, well within the axes.
    const apart = (one, other) => Math.hypot((one.values[0] - other.values[0]) / 3, (one.values[1] - other.values[1]) / 6);
    const lonely = points.find(
      (point) => point.values.every((value, index) => value > 0.1 * AXES[index].high && value < 0.9 * AXES[index].high) && points.every((other) => other === point || apart(point, other) > 0.03),
    );
    const { x, y } = await placeOf(page, lonely.values, AXES);
    await page.mouse.click(x, y);
    await page.getByRole("heading", { name: `Task ${lonely.task}` }).waitFor();
    const told = await page.locator(".why").textContent();
    for (const text of ["Drawn", "stump_height", "Drawn with probability", "Return", "ALP", "Nearest earlier task", "Its return", "student pupil, worker one"]) {
      assert.ok(told.includes(text), `${text} is missing in ${told}`);
    }
    await page.screenshot({ path: join(pictures, "why.png"), fullPage: true });
    await page.locator(".space").focus();
    await page.keyboard.press("ArrowRight");
    const next = points[points.indexOf(lonely) + 1];
    await page.getByRole("heading", { name: `Task ${next.task}`, exact: true }).waitFor();
    assert.deepEqual(faults, []);
    await context.close();
  });

  test("mastered and forgotten test tasks are marked", async () => {
    const { page, context } = await curriculum("walker");
    await page.getByText("30 % of 20 test tasks mastered, 70 % forgotten, after 2 evaluations.").waitFor();
    assert.equal(await page.locator(".strip-of-tasks .forgotten").count(), 14);
    await page.locator("select[name=over]").selectOption("steps");
    assert.deepEqual(await flaws(page), []);
    await context.close();
  });
});

describe("changes", () => {
  test("pause and resume ask first", async () => {
    const { page, context, faults } = await curriculum("walker");
    const state = async () => (await server.call("GetCurriculum", { name: "curricula/walker" })).state;
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    assert.equal(await state(), "STATE_ACTIVE");
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
    await page.locator(".state", { hasText: "paused" }).waitFor();
    assert.equal(await state(), "STATE_PAUSED");
    await page.locator(".findings", { hasText: /paused/i }).waitFor();
    assert.deepEqual(await flaws(page), []);
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
    await page.locator(".state", { hasText: "active" }).waitFor();
    assert.equal(await state(), "STATE_ACTIVE");
    assert.deepEqual(faults, []);
    await context.close();
  });

  test("a bad value is refused beside its field, and changes nothing", async () => {
    const { page, context } = await curriculum("walker");
    const settings = async () => {
      const { teacher, displayName } = await server.call("GetCurriculum", { name: "curricula/walker" });
      return { ratio: teacher.alpGmm.randomTaskRatio, displayName };
    };
    const before = await settings();
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Random task ratio").fill("1.5");
    await page.getByLabel("Display name").fill("Another name");
    await page.getByRole("button", { name: "Review changes" }).click();
    await page.getByRole("dialog").getByText("Random task ratio (0 to 1): 0.2 → 1.5").waitFor();
    await page.getByRole("button", { name: "Change" }).click();
    const problem = page.locator("#problem-randomTaskRatio");
    await problem.filter({ hasText: /1\.5.*1/ }).waitFor();
    await page.getByText("Nothing was changed.").waitFor();
    assert.deepEqual(await settings(), before);
    await page.screenshot({ path: join(pictures, "edit.png") });
    await page.getByLabel("Random task ratio").fill("a lot");
    await page.getByRole("button", { name: "Review changes" }).click();
    await problem.filter({ hasText: "a lot is no number" }).waitFor();
    await page.getByLabel("Random task ratio").fill("0.3");
    await page.getByRole("button", { name: "Review changes" }).click();
    await page.getByRole("button", { name: "Change" }).click();
    await page.getByText("Another name").waitFor();
    assert.deepEqual(await settings(), { ratio: 0.3, displayName: "Another name" });
    await context.close();
  });

  test("the exported file is the whole curriculum", async () => {
    const { page, context } = await curriculum("one-episode");
    await page.getByRole("button", { name: "Export" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download" }).click()]);
    assert.equal(download.suggestedFilename(), "one-episode.magister");
    const chunks = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk);
    assert.ok(Buffer.concat(chunks).length > 100);
    await context.close();
  });

  test("another page's requests are refused", async () => {
    const cookie = `magister_${server.port}=${server.token}`;
    const pause = (headers) =>
      fetch(server.page("/api/UpdateCurriculum"), {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ name: "curricula/walker", paused: true }),
      });
    for (const [headers, status, reason] of [
      [{ cookie, origin: "http://evil.example" }, 403, "FOREIGN_ORIGIN"],
      [{ cookie, origin: "null" }, 403, "FOREIGN_ORIGIN"],
      [{ cookie }, 403, "FOREIGN_ORIGIN"],
      [{ origin: server.url.origin }, 401, "TOKEN_REQUIRED"],
      [{ cookie: `magister_${server.port}=wrong`, origin: server.url.origin }, 401, "TOKEN_REQUIRED"],
    ]) {
      const response = await pause(headers);
      assert.equal(response.status, status, JSON.stringify(headers));
      assert.equal((await response.json()).reason, reason);
    }
    assert.equal((await server.call("GetCurriculum", { name: "curricula/walker" })).state, "STATE_ACTIVE");

    // And in a browser that holds the cookie, from a page of another origin.
    const { page, context } = await open(browser, server);
    await context.route("http://evil.example/", (route) => route.fulfill({ contentType: "text/html", body: "<p>evil</p>" }));
    await page.goto("http://evil.example/");
    const answered = await page.evaluate(async (url) => {
      const send = { method: "POST", mode: "no-cors", credentials: "include", body: '{"name":"curricula/walker","paused":true}' };
      return fetch(url, send).then(() => "sent", (error) => String(error));
    }, server.page("/api/UpdateCurriculum"));
    assert.ok(answered);
    assert.equal((await server.call("GetCurriculum", { name: "curricula/walker" })).state, "STATE_ACTIVE");
    await context.close();
  });
});

describe("live", () => {
  test("what a student does is seen as it happens", async () => {
    const { page, context, faults } = await curriculum("walker");
    const episodes = Number((await counted(page, "Episodes")).replace(",", ""));
    await pupil.play(100);
    await page.waitForFunction((expected) => document.querySelector(".counts dd").textContent === expected, String(episodes + 100));
    await moment(page, `now: fit ${(episodes + 100) / 50} of ${(episodes + 100) / 50}, episode ${episodes + 100}`);
    await page.locator(".recent button", { hasText: `task ${episodes + 100}:` }).waitFor();
    assert.deepEqual(faults, []);
    await context.close();
  });

  test("a window is seen to move", async () => {
    const plane = AXES.map(({ name, low, high }) => dimension(name, low, high));
    await create("moving", plane, { teacher: { oracle: { windowStep: [0.1, 0.1], threshold: -1 } } });
    const { page, context, faults } = await curriculum("moving");
    const before = await page.locator(".components-panel table").textContent();
    await new Student(server, "moving", AXES).play(100);
    await page.waitForFunction((text) => document.querySelector(".components-panel table").textContent !== text, before);
    assert.deepEqual(faults, []);
    await context.close();
  });

  test("an open page outlives the server's restart", async () => {
    const { page, context } = await curriculum("walker");
    const episodes = Number((await counted(page, "Episodes")).replace(",", ""));
    await server.stop("SIGKILL");
    await page.getByText("The server does not answer; trying again").waitFor();
    await server.start();
    await page.waitForFunction(() => document.getElementById("connection").textContent === "");
    await pupil.play(50);
    await page.waitForFunction((expected) => document.querySelector(".counts dd").textContent === expected, String(episodes + 50));
    await moment(page, `now: fit ${(episodes + 50) / 50} of`);
    await context.close();
  });
});
