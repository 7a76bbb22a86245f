// The live line of the console. It runs in a worker because browsers slow down the timers of a page in the
// background, and an alarm must not wait. It reads the stream by itself rather than through EventSource, which
// hides the heartbeats: without them silence and a dead line look the same.
"use strict";

const SILENCE_MS = 25000;
const POLL_MS = 3000;
const RETRY_MS = 2000;

let address = "";
let last = 0;
let heard = Date.now();
let polled = 0;
let polling = false;
let loggedOut = false;
let stop = null;

self.onmessage = (message) => {
  address = message.data.feed;
  last = Number(message.data.last);
  setInterval(watch, 1000);
  follow();
};

async function follow() {
  for (;;) {
    await pause(await stream());
  }
}

// Reads one stream to its end; returns after how many milliseconds to open the next one.
async function stream() {
  stop = new AbortController();
  try {
    const answer = await fetch(`${address}?after=${last}`, {
      headers: { Accept: "text/event-stream", "Last-Event-ID": String(last) },
      cache: "no-store",
      signal: stop.signal,
    });
    loggedOut = answer.status === 401;
    if (!answer.ok) {
      polling = !loggedOut;
      return 1000 * Number(answer.headers.get("Retry-After") || 10);
    }
    heard = Date.now();
    polling = false;
    await read(answer.body.getReader());
    return 0; // the server ends every stream after ten minutes
  } catch {
    polling = true;
    return RETRY_MS;
  }
}

async function read(reader) {
  const text = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    heard = Date.now();
    const blocks = (rest + text.decode(value, { stream: true })).split("\n\n");
    rest = blocks.pop();
    tell(blocks.flatMap(parse));
  }
}

function parse(block) {
  const data = block.split("\n").find((line) => line.startsWith("data: "));
  return data ? [JSON.parse(data.slice(6))] : [];
}

function tell(events) {
  if (!events.length) return;
  last = Math.max(last, ...events.map((event) => event.id));
  self.postMessage({ events });
}

function watch() {
  const now = Date.now();
  const silent = now - heard > SILENCE_MS;
  if (silent && !polling) {
    stop.abort();
    polling = true;
  }
  if (polling && now - polled >= POLL_MS) {
    polled = now;
    poll();
  }
  self.postMessage({ tick: true, silent, polling, loggedOut });
}

async function poll() {
  try {
    const answer = await fetch(`${address}?after=${last}`, {
      headers: { Accept: "application/json" },
      cache: "no-store",
      signal: AbortSignal.timeout(10000),
    });
    loggedOut = answer.status === 401;
    if (!answer.ok) return;
    const body = await answer.json();
    heard = Date.now();
    tell(body.events);
    last = body.last;
  } catch {
    // The watch above notices the silence.
  }
}

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}
