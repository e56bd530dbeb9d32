// The server's calls: those of magister.v1.TeacherService, in protobuf's JSON form.
//
// Fields that have their default (0, "", false, []) are absent, and 64-bit integers are text: see number().

/** The server has refused a call; `reason` and `violations` are those of the contract. */
export class Refused extends Error {
  constructor(body, status) {
    super(body.message || `the server answered ${status}`);
    this.reason = body.reason ?? "";
    this.violations = body.violations ?? [];
    this.status = status;
  }
}

/** The server cannot be reached. */
export class Unreachable extends Error {}

/** Tells whoever listens for "change" whether the server answers. */
export const connection = new (class extends EventTarget {
  reachable = true;

  set(reachable) {
    if (reachable === this.reachable) return;
    this.reachable = reachable;
    this.dispatchEvent(new Event("change"));
  }
})();

/** A number that may be absent or text. */
export function number(value) {
  return Number(value ?? 0);
}

/** Makes a call and gives its answer. */
export async function call(name, message = {}) {
  let response;
  try {
    response = await fetch(`/api/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(message),
    });
  } catch (error) {
    connection.set(false);
    throw new Unreachable(`the server does not answer: ${error.message}`);
  }
  connection.set(true);
  // The token was changed: the server shows its sign-in page.
  if (response.status === 401) location.reload();
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(body, response.status);
  return body;
}

/**
 * Follows a call whose answers come one after another, for as long as the page is seen: a browser has few connections to one
 * server. Goes on after the server was away. Returns a function that ends it.
 */
export function follow(name, message, onAnswer) {
  let source = null;
  let ended = false;
  const open = () => {
    if (source || ended || document.hidden) return;
    source = new EventSource(`/api/stream/${name}?message=${encodeURIComponent(JSON.stringify(message()))}`);
    source.onopen = () => connection.set(true);
    source.onmessage = (event) => onAnswer(JSON.parse(event.data));
    // Not the browser's own retry: what is asked for may have changed since.
    source.onerror = () => {
      close();
      setTimeout(open, 1000);
    };
  };
  const close = () => {
    source?.close();
    source = null;
  };
  const seen = () => (document.hidden ? close() : open());
  document.addEventListener("visibilitychange", seen);
  open();
  return () => {
    ended = true;
    document.removeEventListener("visibilitychange", seen);
    close();
  };
}

/**
 * Repeats `ask` for as long as the page is seen, `everyMs` after the last answer. Failures are told to `onError`, and do not end
 * it. Returns a function that ends it.
 */
export function repeat(everyMs, ask, onError) {
  let timer = 0;
  let running = true;
  const turn = async () => {
    if (!running) return;
    if (!document.hidden) {
      try {
        await ask();
      } catch (error) {
        if (running) onError(error);
      }
    }
    if (running) timer = setTimeout(turn, everyMs);
  };
  turn();
  return () => {
    running = false;
    clearTimeout(timer);
  };
}
