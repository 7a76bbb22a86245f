// What an officer hears: the alarm's two rising tones, and the siren of a dead line.
"use strict";

const sound = (() => {
  let audio = null;
  let lock = null;
  let rounds = 0;

  // Browsers let a page sound only after a press, so this runs inside one.
  async function start() {
    audio ||= new AudioContext();
    await Promise.allSettled([audio.resume(), stayAwake()]);
    if ("Notification" in window && Notification.permission === "default") Notification.requestPermission();
  }

  async function stayAwake() {
    if (!("wakeLock" in navigator) || document.visibilityState !== "visible" || (lock && !lock.released)) return;
    try {
      lock = await navigator.wakeLock.request("screen");
    } catch {
      lock = null; // a battery saver may refuse; the sound goes on
    }
  }

  function on() {
    return audio !== null && audio.state === "running";
  }

  function tone(kind, from, to, begins, lasts, loudness) {
    const tone = new OscillatorNode(audio, { type: kind, frequency: from });
    const level = new GainNode(audio, { gain: 0 });
    const at = audio.currentTime + begins;
    tone.frequency.linearRampToValueAtTime(to, at + lasts);
    level.gain.setValueAtTime(0, at);
    level.gain.linearRampToValueAtTime(loudness, at + 0.02);
    level.gain.setValueAtTime(loudness, at + lasts - 0.04);
    level.gain.linearRampToValueAtTime(0, at + lasts);
    tone.connect(level).connect(audio.destination);
    tone.start(at);
    tone.stop(at + lasts);
  }

  // About a second of alarm; called every second, and louder each time.
  function alarm() {
    rounds += 1;
    if (navigator.vibrate) navigator.vibrate([500, 200, 200]);
    if (!on()) return;
    const loudness = Math.min(0.9, 0.15 + rounds * 0.05);
    for (const half of [0, 1]) {
      tone("square", 740, 740, half * 0.45, 0.2, loudness);
      tone("square", 988, 988, half * 0.45 + 0.21, 0.2, loudness);
    }
  }

  function siren() {
    if (on()) tone("sawtooth", 420, 840, 0, 0.8, 0.4);
  }

  function test() {
    if (!on()) return;
    tone("square", 740, 740, 0, 0.2, 0.3);
    tone("square", 988, 988, 0.21, 0.2, 0.3);
  }

  function calm() {
    rounds = 0;
  }

  return { start, stayAwake, on, alarm, siren, test, calm };
})();
