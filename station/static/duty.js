// The page on which a shift is taken over: one press lets it ring, as an alarm will. Only then can one say that one heard it.
"use strict";

(() => {
  const button = document.getElementById("test-ring");
  const heard = document.getElementById("heard");
  if (!button || !heard) return;
  button.hidden = false;
  heard.disabled = true;
  button.addEventListener("click", async () => {
    try {
      await sound.start();
      sound.test();
    } finally {
      // A browser that cannot sound must not keep anybody from taking over: the duty phone rings then.
      heard.disabled = false;
    }
  });
})();
