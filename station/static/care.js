// The half-yearly check by keyboard: 1 = yes, 2 = changed, 3 = nobody reached. The page works without this file.
"use strict";

const answers = document.querySelector("[data-answers]");

addEventListener("keydown", (event) => {
  if (!answers || event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
  if (event.target.closest("input, select, textarea")) return;
  const found = /^(?:Digit|Numpad)([1-3])$/.exec(event.code);
  const button = found && answers.querySelector(`[data-key="${found[1]}"]`);
  if (!button) return;
  event.preventDefault();
  button.click();
});
