// A server of our own for a test, and calls to it past the browser.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const program = process.env.MAGISTER_BIN;
if (!program) throw new Error("start the tests with tests/browser/run");

/** A server over a folder that goes with it. */
export class Server {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "magister-browser-"));
  }

  /** Starts it, at the port it had before if it was started before. */
  async start() {
    const listen = `127.0.0.1:${this.port ?? 0}`;
    this.process = spawn(program, ["serve", "--listen", listen, "--data", this.folder, "--until-stdin-ends"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    for await (const line of createInterface({ input: this.process.stdout })) {
      const url = line.match(/http:\/\/\S+token=\S+/)?.[0];
      if (!url) continue;
      this.url = new URL(url);
      this.port = this.url.port;
      this.token = this.url.searchParams.get("token");
      return this;
    }
    throw new Error("the server ended before it was ready");
  }

  /** Ends it like a power failure, or as a signal does. */
  async stop(signal = "SIGKILL") {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill(signal);
    await ended;
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The address of a page, without the token. */
  page(path) {
    return `${this.url.origin}${path}`;
  }

  /** Makes a call as a program does. */
  async call(name, message) {
    const response = await fetch(this.page(`/api/${name}`), {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${this.token}` },
      body: JSON.stringify(message),
    });
    const body = await response.json();
    if (!response.ok) throw new Error(`${name}: ${JSON.stringify(body)}`);
    return body;
  }
}

/** A scalar dimension. */
export function dimension(name, low, high, kind = "continuous") {
  return { name, [kind]: { low, high } };
}

/**
 * A student that gets better where it plays: its return on a task is its skill there, which spreads from the corner of low values.
 */
export class Student {
  constructor(server, curriculum, axes) {
    Object.assign(this, { server, curriculum: `curricula/${curriculum}`, axes, skill: new Map(), steps: 0 });
  }

  /** Plays episodes in batches of at most `batch`. */
  async play(episodes, batch = 50) {
    for (let left = episodes; left > 0; left -= batch) {
      const asked = { curriculum: this.curriculum, count: Math.min(left, batch), student: "pupil", worker: "one" };
      const { tasks } = await this.server.call("SampleTasks", asked);
      const outcomes = tasks.map((task) => ({
        task: task.name,
        completed: { episodeReturn: this.episode(task.parameters.values), length: 100, end: "END_TERMINATED", studentStep: (this.steps += 100) },
      }));
      await this.server.call("ReportEpisodes", { curriculum: this.curriculum, outcomes });
    }
  }

  episode(values) {
    const shares = this.axes.map(({ name, low, high }) => {
      const value = values[name].number ?? Number(values[name].integer ?? low);
      return (value - low) / (high - low);
    });
    const cell = shares.map((share) => Math.min(3, Math.floor(4 * share)));
    const known = (place) => this.skill.get(place.join()) ?? 0;
    const below = cell.map((index, axis) => (index === 0 ? 1 : known(cell.with(axis, index - 1))));
    const gain = Math.min(...below) >= 0.5 ? 0.06 : 0.001;
    this.skill.set(cell.join(), Math.min(1, known(cell) + gain));
    return 100 * known(cell);
  }
}
