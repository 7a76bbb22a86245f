// A phone's picture is often larger than the station takes: it is made smaller before it is sent. Without this script,
// or where it fails, the picture goes as it is and the page says what to do.
"use strict";

const SIDE = 2000;
const LARGE = 1500000;

async function smaller(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const part = Math.min(1, SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * part);
  canvas.height = Math.round(picture.height * part);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
  return blob && new File([blob], "photo.jpg", { type: "image/jpeg" });
}

for (const input of document.querySelectorAll("input[data-shrink]")) {
  input.addEventListener("change", async () => {
    const file = input.files[0];
    if (!file || (file.size < LARGE && file.type !== "image/heic")) return;
    try {
      const made = await smaller(file);
      if (!made || input.files[0] !== file) return;
      const bag = new DataTransfer();
      bag.items.add(made);
      input.files = bag.files;
    } catch {
      // The station looks at the picture itself.
    }
  });
}

const problems = document.getElementById("problems");
if (problems) {
  problems.tabIndex = -1;
  problems.focus();
}
