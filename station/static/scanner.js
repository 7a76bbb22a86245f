// A live camera beside each field for a badge, where the browser itself can read codes. Elsewhere people take a photo.
"use strict";

const LOOK_EVERY = 250; // milliseconds

async function look(detector, video, field) {
  const [found] = await detector.detect(video);
  if (!found || !field.isConnected) return false;
  field.value = found.rawValue;
  return true;
}

function stop(video) {
  video.srcObject.getTracks().forEach((track) => track.stop());
  video.remove();
}

async function scan(field, button) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const video = document.createElement("video");
  video.className = "viewfinder";
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  button.after(video);
  await video.play();
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const timer = setInterval(async () => {
    // A frame that cannot be read yet is no error; the next one comes at once.
    if (!(await look(detector, video, field).catch(() => false))) return;
    clearInterval(timer);
    stop(video);
    field.form.requestSubmit();
  }, LOOK_EVERY);
}

function offer(field) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn second small";
  button.textContent = field.dataset.scan;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await scan(field, button);
    } catch {
      button.textContent = field.dataset.scanFailed;
    }
  });
  // Before the number, which is for those whose camera fails.
  (field.closest(".field") || field).before(button);
}

if ("BarcodeDetector" in window && navigator.mediaDevices) {
  document.querySelectorAll("[data-scan]").forEach(offer);
}
