// The registration desk by keyboard: Enter = next field, Ctrl+Enter = save, letters toggle ticks, the preview follows.
// Every page works without this file.
"use strict";

const form = document.getElementById("elder");
const LARGEST_PHOTO = 8 * 1024 * 1024; // bytes

function isShown(element) {
  // What a closed <details> holds still has a place on the page.
  return element.getClientRects().length > 0 && !element.closest("details:not([open])");
}

// Where Enter stops: each field, and of a group of ticks the first one.
function stops() {
  const seen = new Set();
  return Array.from(form.elements).filter((field) => {
    if (field.tagName === "FIELDSET" || field.type === "hidden" || !isShown(field)) return false;
    if (field.tagName === "BUTTON") return field.matches("[data-main]");
    const condition = field.closest("[data-without]");
    if (condition && form.elements[condition.dataset.without].value.trim()) return false;
    const group = field.closest("[data-keys]");
    if (!group) return true;
    if (seen.has(group)) return false;
    seen.add(group);
    return true;
  });
}

function goOn(field) {
  const all = stops();
  const group = field.closest("[data-keys]");
  const here = all.findIndex((stop) => stop === field || (group && group.contains(stop)));
  const next = all[here + 1];
  if (!next) return;
  next.focus();
  if (next.select && next.type !== "file") next.select();
}

// The key's place on the board, since an input method for Chinese hides which letter it is.
function letterOf(event) {
  const found = /^(?:Key|Digit|Numpad)([A-Z0-9])$/.exec(event.code);
  return found ? found[1].toLowerCase() : "";
}

function toggle(event) {
  const group = event.target.closest("[data-keys]");
  const letter = letterOf(event);
  if (!group || !letter || event.ctrlKey || event.altKey || event.metaKey) return;
  const box = group.querySelector(`[data-tick="${letter}"]`);
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.click();
}

function onKey(event) {
  if (event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.querySelector("[data-main]").click();
  } else if (event.key === "Enter" && !event.target.matches("textarea, button, summary")) {
    event.preventDefault();
    goOn(event.target);
  } else if (event.target.type === "checkbox") {
    toggle(event);
  }
}

// The same rule as station/identity_number.py (ISO 7064 MOD 11-2), so that a slip shows before the next field.
function isMistyped(text) {
  const digits = text.normalize("NFKC").toUpperCase().replace(/[\s-]/g, "");
  if (!/^\d{17}[\dX]$/.test(digits)) return false;
  let sum = 0;
  for (let place = 0; place < 17; place += 1) sum += Number(digits[place]) * (2 ** (17 - place) % 11);
  return "10X98765432"[sum % 11] !== digits[17];
}

// What is wrong in a field, above it; where the server has put its word already, in its place.
function showSlip(field, text) {
  let word = document.getElementById(`${field.name}-error`);
  if (!word) {
    if (!text) return;
    word = document.createElement("p");
    word.className = "err";
    word.id = `${field.name}-error`;
    word.setAttribute("role", "alert");
    field.before(word);
    field.setAttribute("aria-describedby", `${field.getAttribute("aria-describedby") || ""} ${word.id}`.trim());
  }
  if (word.textContent === text) return; // a screen reader says it once
  word.textContent = text;
  if (text) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

function watchNumber(field) {
  field.addEventListener("change", () => showSlip(field, isMistyped(field.value) ? field.dataset.bad : ""));
}

function watchPhoto(field) {
  const word = document.createElement("p");
  word.className = "err";
  word.setAttribute("role", "alert");
  field.before(word);
  field.addEventListener("change", () => {
    const tooBig = field.files.length > 0 && field.files[0].size > LARGEST_PHOTO;
    word.textContent = tooBig ? field.dataset.tooBig : "";
    if (tooBig) field.value = "";
  });
}

function fill(name, texts) {
  const place = document.querySelector(`[data-shown="${name}"]`);
  place.hidden = texts.length === 0;
  const list = place.querySelector("ul");
  if (!list) {
    place.textContent = texts.join("");
    return;
  }
  list.replaceChildren(...texts.map((text) => {
    const line = document.createElement("li");
    line.textContent = text;
    return line;
  }));
}

async function preview() {
  const typed = new FormData(form);
  typed.delete("photo");
  const answer = await fetch(form.dataset.preview, {
    method: "POST", body: typed, headers: { Accept: "application/json" },
  });
  if (!answer.ok) return;
  const items = await answer.json();
  fill("call_name", items.call_name ? [items.call_name] : []);
  fill("hints", items.hints);
  fill("flags", items.flags);
  document.querySelector('[data-shown="nothing"]').hidden =
    Boolean(items.call_name) || items.hints.length > 0 || items.flags.length > 0;
}

let soon = 0;
function previewSoon(event) {
  if (!["health_notes", "consents", "call_name", "hints"].includes(event.target.name)) return;
  clearTimeout(soon);
  // Offline, the preview simply stays as it is; saving will say what is wrong.
  soon = setTimeout(() => preview().catch(() => undefined), 300);
}

function watchBadge(item) {
  setInterval(async () => {
    try {
      const answer = await fetch(item.dataset.waiting, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const badge = await answer.json();
      const news = badge.state !== item.dataset.state || badge.failed
        || Number(badge.tested || 0) !== Number(item.dataset.tested || 0)
        || Number(badge.confirmed || 0) !== Number(item.dataset.confirmed || 0);
      if (news) location.reload();
    } catch {
      // The network is away; the next look comes in two seconds.
    }
  }, 2000);
}

if (form) {
  form.addEventListener("keydown", onKey);
  form.addEventListener("input", previewSoon);
  (document.querySelector("[data-first]") || form.querySelector("#identity_number")).focus();
}
const number = document.getElementById("identity_number");
if (number) watchNumber(number);
const photo = document.getElementById("photo");
if (photo) watchPhoto(photo);
document.querySelectorAll("[data-waiting]").forEach(watchBadge);
