// The demonstration's phones: the page asks every three seconds for what has come, and changes only when something has.
"use strict";

function renew() {
  const request = new XMLHttpRequest();
  request.open("GET", location.href);
  // The browser parses it without running anything.
  request.responseType = "document";
  request.onload = () => {
    const fresh = request.response && request.response.getElementById("phones");
    const shown = document.getElementById("phones");
    if (fresh && !fresh.isEqualNode(shown)) show(fresh, shown);
  };
  request.onloadend = () => setTimeout(renew, 3000);
  request.send();
}

// Whoever stands on a link with the keyboard goes on standing there.
function show(fresh, shown) {
  const link = shown.contains(document.activeElement) ? document.activeElement.href : "";
  shown.replaceWith(document.importNode(fresh, true));
  if (link) document.querySelector(`#phones a[href="${CSS.escape(link)}"]`)?.focus();
}

setTimeout(renew, 3000);
