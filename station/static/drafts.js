// Whatever is typed about an elder is kept on the server while typing. The page works without this file.
"use strict";

(() => {
  const form = document.querySelector("#elder[data-drafts]");
  const word = document.getElementById("kept");
  if (!form || !word) return;
  const QUIET = 800; // milliseconds without a key
  const AGAIN = 5000; // milliseconds until the next try when the network is away
  let soon = 0;
  let changed = false;
  let sending = null;

  function typed() {
    const everything = new FormData(form);
    everything.delete("photo");
    return everything;
  }

  function say(text, isWrong) {
    word.textContent = text;
    word.classList.toggle("err", isWrong);
    if (isWrong) word.setAttribute("role", "alert");
    else word.removeAttribute("role");
  }

  // Who may be registered already. Whoever was shown once does not stop the saving.
  function show(people) {
    const place = document.getElementById("alike");
    if (!place) return;
    const shown = document.getElementById("seen");
    const before = place.querySelector("ul");
    shown.value = [...new Set([...shown.value.split(" "), ...people.map((one) => one.code)])].join(" ").trim();
    const known = people.map((one) => one.code).join(" ");
    if (before.dataset.known === known) return; // a screen reader says it once
    before.dataset.known = known;
    before.replaceChildren(...people.map((one) => {
      const line = document.createElement("li");
      const link = document.createElement("a");
      link.href = one.url;
      link.target = "_blank";
      link.rel = "noopener";
      link.textContent = one.name;
      const why = document.createElement("span");
      why.className = "badge-state";
      why.textContent = one.why;
      line.append(link, " ", why);
      return line;
    }));
    place.hidden = people.length === 0;
  }

  // Slips in the fields that were left: nobody is corrected in the middle of a word. An empty field is missed at the end.
  function point(slips) {
    for (const field of form.querySelectorAll("input[id]:not([type=file]), textarea[id]")) {
      if (field !== document.activeElement && field.value.trim()) showSlip(field, slips[field.name] || "");
    }
  }

  async function keep() {
    changed = false;
    sending = new AbortController();
    try {
      const answer = await fetch(form.dataset.drafts, {
        method: "POST", body: typed(), headers: { Accept: "application/json" }, signal: sending.signal,
      });
      if (answer.status === 401 || answer.status === 400) { // the session, or the form's own token, has ended
        say(word.dataset.out, true);
      } else if (answer.ok) {
        const found = await answer.json();
        if (found.kept) say(found.text, false);
        show(found.alike);
        point(found.slips);
        document.getElementById("from-number").textContent = found.number;
      } else {
        throw new Error("not kept");
      }
    } catch (error) {
      if (error.name === "AbortError") return;
      changed = true;
      say(word.dataset.away, true);
      soon = setTimeout(keep, AGAIN);
    }
  }

  function keepSoon() {
    changed = true;
    clearTimeout(soon);
    soon = setTimeout(keep, QUIET);
  }

  // A page that is hidden may never be seen again: the tab was closed, the phone went dark.
  function keepNow() {
    if (!changed) return;
    clearTimeout(soon);
    changed = false;
    navigator.sendBeacon(form.dataset.drafts, typed());
  }

  form.addEventListener("input", keepSoon);
  form.addEventListener("change", keepSoon);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") keepNow();
  });
  window.addEventListener("pagehide", keepNow);
  form.addEventListener("submit", () => {
    clearTimeout(soon);
    changed = false;
    if (sending) sending.abort();
  });
})();
