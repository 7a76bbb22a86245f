// A table of elders on its way: shows how far it is, and the next page when it is there. Without this file the page
// loads itself anew.
"use strict";

const moving = document.querySelector("[data-moving]");
const EVERY_MS = 700;

async function look() {
  try {
    const answer = await fetch(moving.dataset.moving, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const now = await answer.json();
    if (now.state !== moving.dataset.state) {
      location.reload();
      return;
    }
    if (!now.total) return;
    const bar = moving.querySelector("progress");
    bar.max = now.total;
    bar.value = now.done;
    const words = moving.querySelector("[data-shown]");
    words.textContent = words.dataset.shown.replace("{done}", now.done).replace("{total}", now.total);
  } catch {
    // The network is away; the next look comes in a moment.
  }
}

if (moving) setInterval(look, EVERY_MS);
