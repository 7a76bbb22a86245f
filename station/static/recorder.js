// Records a familiar voice into the file field of an elder's record; without a microphone the field stays as it is.
(() => {
  const LONGEST_MS = 40_000;
  const place = document.getElementById("voice-recorder");
  const field = document.getElementById("voice");
  if (!place || !field || !window.MediaRecorder || !navigator.mediaDevices) return;
  const button = place.querySelector("button");
  const status = place.querySelector("[role=status]");
  // M4A plays on every phone; what else a browser records does not play on older iPhones.
  const kind = ["audio/mp4", "audio/webm", "audio/ogg"].find((one) => MediaRecorder.isTypeSupported(one));
  let recorder = null;

  function keep(pieces) {
    const type = (kind || "audio/webm").split(";")[0];
    const name = `voice.${type === "audio/mp4" ? "m4a" : type.slice(6)}`;
    const list = new DataTransfer();
    list.items.add(new File(pieces, name, { type }));
    field.files = list.files;
    button.textContent = button.dataset.start;
    status.textContent = status.dataset.done;
    recorder = null;
  }

  async function start() {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const pieces = [];
    recorder = new MediaRecorder(stream, { mimeType: kind, audioBitsPerSecond: 64_000 });
    recorder.ondataavailable = ({ data }) => pieces.push(data);
    recorder.onstop = () => {
      for (const track of stream.getTracks()) track.stop();
      keep(pieces);
    };
    recorder.start();
    const mine = recorder;
    setTimeout(() => mine.state === "recording" && mine.stop(), LONGEST_MS);
    button.textContent = button.dataset.stop;
    status.textContent = status.dataset.recording;
  }

  button.addEventListener("click", () => {
    if (recorder) recorder.stop();
    else
      start().catch(() => {
        status.textContent = status.dataset.refused;
      });
  });
  place.hidden = !kind;
})();
