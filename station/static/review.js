// The picture of an identity card leaves the page when its ten minutes are over; the server gives it to nobody by then.
"use strict";

document.querySelectorAll("[data-hide-at]").forEach((picture) => {
  const left = Number(picture.dataset.hideAt) - Number(picture.dataset.now); // seconds, by the server's clock
  setTimeout(() => picture.remove(), Math.max(0, left) * 1000);
});
