// The page on which a shift is taken over: one press lets it ring, as an alarm will.
"use strict";

(() => {
  const button = document.getElementById("test-ring");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await sound.start();
    sound.test();
  });
})();
