// The console: rings while an incident waits, follows the live line, and changes the page in place so that the
// permission to sound, which a page loses when it is left, is kept. All pages work as plain pages without it.
"use strict";

(() => {
  const banners = document.getElementById("banners");
  if (!banners) return;

  const SNOOZE_MS = 60000; // opening an incident silences it; if nobody takes it, it rings again
  const HEALTH_S = 4; // a dead sender shows after ten seconds of silence; the banner within fifteen
  const LONGEST_PRESS_MS = 3000;
  const PRESSED_MS = 50; // until what was pressed has been acted upon
  const title = document.title;
  const silenced = new Map();
  const announced = new Set();
  let ticks = 0;
  let refreshing = 0;
  let stale = new Set();
  let sending = 0;
  let heldUntil = 0;

  const byId = (id) => document.getElementById(id);
  const show = (id, shown) => {
    const element = byId(id);
    if (element && element.hidden === shown) element.hidden = !shown;
  };

  // Fetching pages ------------------------------------------------------------------------------------------

  // A request for a document is parsed by the browser without running anything, so no string ever becomes markup here.
  function load(url, body) {
    return new Promise((done, fail) => {
      const request = new XMLHttpRequest();
      request.open(body ? "POST" : "GET", url);
      request.setRequestHeader("Accept", "text/html");
      request.responseType = "document";
      request.timeout = 15000;
      request.onload = () => (request.response ? done({ page: request.response, url: request.responseURL }) : fail());
      request.onerror = request.ontimeout = () => fail();
      request.send(body);
    });
  }

  function swap(id, page) {
    const fresh = page.getElementById(id);
    const old = byId(id);
    if (!fresh || !old) return;
    const focus = old.contains(document.activeElement) ? document.activeElement : null;
    const made = document.importNode(fresh, true);
    for (const open of old.querySelectorAll("details[open][id]")) {
      const same = made.querySelector(`#${open.id}`);
      if (same) same.open = true;
    }
    old.replaceWith(made);
    if (focus) refocus(made, focus);
  }

  function refocus(part, before) {
    const same = (element) =>
      before.id ? element.id === before.id : element.href === before.href && element.textContent === before.textContent;
    const found = [...part.querySelectorAll("a, button, input, select, textarea, summary")].find(same);
    if (found) found.focus();
  }

  async function open(url, push = true) {
    try {
      put(await load(url), push, false);
    } catch {
      window.location.assign(url);
    }
  }

  async function send(form, button) {
    const body = new URLSearchParams(new FormData(form, button));
    button?.setAttribute("aria-busy", "true");
    sending += 1;
    try {
      put(await load(form.action, body), true, form.closest("#call") !== null);
    } catch {
      show("unsent-banner", true);
      window.scrollTo(0, 0);
    } finally {
      button?.removeAttribute("aria-busy");
      sending -= 1;
      if (stale.size) heard([]);
    }
  }

  // Puts the case of a fetched page into this one. `call`: the form of a phone call was sent.
  function put({ page, url }, push, call) {
    show("unsent-banner", false);
    const fresh = page.getElementById("case");
    if (!fresh) {
      byId("main").replaceWith(document.importNode(page.getElementById("main"), true));
      return;
    }
    swap("lists", page);
    if (call) swap("call", page);
    if (fresh.dataset.id || !call) {
      swap("case", page);
      document.body.classList.toggle("has-case", Boolean(fresh.dataset.id));
      if (push && new URL(url).pathname !== window.location.pathname && /\/(desk|\d+)$/.test(new URL(url).pathname)) {
        window.history.pushState(null, "", url);
      }
      arrive();
    } else {
      document.querySelector("#call .err-box a")?.focus();
    }
  }

  // A case has come into view.
  function arrive() {
    const shown = byId("case");
    window.setTimeout(() => shown.querySelector("[data-undo]")?.remove(), 10000);
    if (!shown.dataset.id) return;
    if (shown.dataset.state === "alerting") silenced.set(shown.dataset.ring, Date.now() + SNOOZE_MS);
    markSeen();
    const target = byId("wrong") || byId("case-title");
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
    if (window.matchMedia("(max-width: 60rem)").matches) window.scrollTo(0, 0);
  }

  function markSeen() {
    const form = byId("seen-form");
    if (!form || document.visibilityState !== "visible") return;
    const body = new URLSearchParams(new FormData(form));
    form.remove();
    load(form.action, body).catch(() => {});
  }

  // Staying fresh -------------------------------------------------------------------------------------------

  // A button that is replaced between the finger's coming down and its going up is pressed by nobody, and nothing says
  // so. What comes in meanwhile waits; not for long, for a finger may lie there.
  function hold(ms) {
    heldUntil = performance.now() + ms;
  }

  async function released() {
    while (performance.now() < heldUntil) await new Promise((go) => window.setTimeout(go, 20));
  }

  for (const name of ["pointerdown", "keydown"]) {
    document.addEventListener(name, (event) => {
      if (name === "pointerdown" || event.key === " ") hold(LONGEST_PRESS_MS);
    });
  }
  for (const name of ["pointerup", "pointercancel", "keyup"]) {
    document.addEventListener(name, () => hold(PRESSED_MS));
  }

  function heard(events) {
    for (const event of events) if (event.incident) stale.add(event.incident);
    if (events.some((event) => event.kind === "sender")) {
      show("sender-banner", true);
      health();
    }
    window.clearTimeout(refreshing);
    refreshing = window.setTimeout(refresh, 100);
  }

  async function refresh() {
    const changed = stale;
    stale = new Set();
    try {
      const { page } = await load(banners.dataset.list);
      await released();
      swap("lists", page);
      ring();
      const id = byId("case").dataset.id;
      if (changed.has(id) && !(await refreshCase())) stale.add(id);
    } catch {
      changed.forEach((id) => stale.add(id));
      refreshing = window.setTimeout(refresh, 2000);
    }
  }

  // The answer to a press replaces the whole case. A fresh part that came before it would invite somebody to type
  // what the answer then wipes away, so it waits. Returns whether nothing is left to do.
  async function refreshCase() {
    if (sending) return false;
    const shown = byId("case");
    const { page } = await load(shown.dataset.live);
    await released();
    if (sending) return false;
    const fresh = page.getElementById("case");
    if (!fresh || byId("case") !== shown) return true;
    if (fresh.dataset.elder !== shown.dataset.elder && !isTyped(shown)) {
      open(window.location.href, false);
      return true;
    }
    for (const name of ["state", "ring"]) shown.dataset[name] = fresh.dataset[name];
    for (const part of fresh.querySelectorAll("[data-part]")) {
      if (!isTyped(byId(part.id))) swap(part.id, page);
    }
    for (const field of shown.querySelectorAll("input[name=version]")) field.value = fresh.dataset.version;
    markSeen();
    return true;
  }

  // Whether somebody is typing here, or has typed something not yet sent.
  function isTyped(part) {
    if (!part) return false;
    if (part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) return true;
    return [...part.querySelectorAll("input:not([type=hidden]), textarea, select")].some((field) =>
      field.type === "checkbox"
        ? field.checked !== field.defaultChecked
        : field.tagName === "SELECT"
          ? field.selectedIndex > 0 && !field.options[field.selectedIndex].defaultSelected
          : field.value !== field.defaultValue,
    );
  }

  // Ringing -------------------------------------------------------------------------------------------------

  function waiting() {
    const rows = [...document.querySelectorAll("#open-list li[data-state=alerting]")];
    return rows.filter((row) => (silenced.get(row.dataset.ring) || 0) < Date.now());
  }

  function ring() {
    const rows = waiting();
    const count = document.querySelectorAll("#open-list li[data-state=alerting]").length;
    document.title = count ? `(${count}) ${banners.dataset.title} · ${title}` : title;
    if (navigator.setAppBadge) navigator.setAppBadge(count).catch(() => {});
    show("alarm-banner", rows.length > 0);
    if (rows.length) byId("alarm-link").href = rows[0].querySelector("a")?.href || "#open-title";
    else sound.calm();
    for (const row of rows) announce(row);
    return rows.length > 0;
  }

  function announce(row) {
    if (announced.has(row.dataset.ring)) return;
    announced.add(row.dataset.ring);
    if (!("Notification" in window) || Notification.permission !== "granted" || !document.hidden) return;
    try {
      new Notification(banners.dataset.title, { tag: row.dataset.ring, requireInteraction: true });
    } catch {
      // Chrome on Android shows notifications from service workers only.
    }
  }

  function tick({ silent, polling, loggedOut }) {
    ticks += 1;
    if (ring()) sound.alarm();
    else if (silent || loggedOut) sound.siren();
    show("line-banner", silent && !loggedOut);
    show("login-banner", loggedOut);
    show("poll-banner", polling && !silent && !loggedOut);
    show("sound-banner", !sound.on());
    if (ticks % HEALTH_S === 1) health();
  }

  async function health() {
    try {
      const answer = await fetch("/healthz", { headers: { Accept: "application/json" }, cache: "no-store" });
      const { checks } = await answer.json();
      if (checks?.sender) show("sender-banner", !checks.sender.ok);
      if (checks?.reach) show("reach-banner", !checks.reach.ok);
      for (const banner of document.querySelectorAll("[data-guard]")) {
        const check = checks?.[banner.dataset.guard];
        if (check) banner.hidden = check.ok;
      }
    } catch {
      // A dead line has a banner of its own.
    }
  }

  // Hands ---------------------------------------------------------------------------------------------------

  function press(key) {
    const shown = byId("case");
    if (key === "Enter" && !shown.dataset.id) {
      document.querySelector("#open-list a")?.click();
      return;
    }
    shown.querySelector(`[data-key="${key}"]`)?.click();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (link.origin !== window.location.origin || !/^\/desk(\/incidents\/\d+)?$/.test(link.pathname) || link.hash) return;
    event.preventDefault();
    open(link.href);
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-pane]")) return;
    event.preventDefault();
    if (event.submitter?.getAttribute("aria-busy") !== "true") send(event.target, event.submitter);
  });

  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.repeat || !byId("keys").checked) return;
    if (event.target.closest("input, select, textarea")) return;
    // On a button or a link Enter is already that button's or link's.
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    const key = event.key === "Enter" ? "Enter" : event.key.toLowerCase();
    if (["a", "n", "c", "Enter"].includes(key)) press(key);
  });

  byId("keys-choice").hidden = false;
  byId("keys").checked = window.localStorage.getItem("desk-keys") !== "off";
  byId("keys").addEventListener("change", (event) => {
    window.localStorage.setItem("desk-keys", event.target.checked ? "on" : "off");
  });

  byId("start-duty").hidden = false;
  byId("start-duty").addEventListener("click", async () => {
    await sound.start();
    window.sessionStorage.setItem("on-duty", "yes");
    sound.test();
    show("sound-banner", !sound.on());
  });
  // After a load in the middle of a shift any press brings the sound back.
  document.addEventListener("pointerdown", () => {
    if (window.sessionStorage.getItem("on-duty") && !sound.on()) sound.start();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || !window.sessionStorage.getItem("on-duty")) return;
    sound.stayAwake();
    markSeen();
    refresh();
  });
  window.addEventListener("popstate", () => open(window.location.href, false));

  // The one place where a string becomes a script's address: our own, written into the page by the server.
  const own = { createScriptURL: (url) => new URL(url, window.location.origin).href };
  const policy = window.trustedTypes ? window.trustedTypes.createPolicy("desk", own) : own;
  const line = new Worker(policy.createScriptURL(banners.dataset.worker));
  line.onmessage = (message) => (message.data.events ? heard(message.data.events) : tick(message.data));
  line.postMessage({ feed: banners.dataset.feed, last: banners.dataset.last });
  arrive();
})();
