// Hashes the chosen file in the browser and sends its SHA-256 instead of it. Without it the form sends the file.
"use strict";
{
  const MOST = 1024 ** 3; // bytes; SubtleCrypto takes a file only whole, so it has to fit into memory
  const form = document.getElementById("check");
  const input = document.getElementById("file");
  const hash = document.getElementById("sha256");
  const hint = document.getElementById("file-hint");
  const progress = document.getElementById("progress");
  const words = progress.dataset;
  let busy = false;

  const say = (sentence) => {
    progress.textContent = sentence;
  };
  const hashed = async (file) => {
    if (file.size > MOST) throw new RangeError("larger than a browser's memory");
    say(words.reading);
    const bytes = await file.arrayBuffer();
    say(words.hashing);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  const send = async (file) => {
    try {
      hash.value = await hashed(file);
      input.disabled = true; // so that the file is no part of what is sent
      say(words.asking);
    } catch {
      if (file.size > Number(words.most)) {
        say(words.large);
        return;
      }
      say(words.sending);
    }
    form.submit();
  };

  if (globalThis.crypto?.subtle) { // absent on plain http: then the file is sent
    hint.textContent = hint.dataset.here;
    form.addEventListener("submit", async (event) => {
      const [file] = input.files;
      if (!file) return;
      event.preventDefault();
      if (busy) return;
      busy = true;
      await send(file);
      busy = false;
    });
    form.addEventListener("dragover", (event) => {
      event.preventDefault();
      form.classList.add("over");
    });
    form.addEventListener("dragleave", () => form.classList.remove("over"));
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      form.classList.remove("over");
      const { files } = event.dataTransfer;
      if (files.length !== 1) {
        say(words.one);
        return;
      }
      input.files = files;
      say(words.chosen.replace("{name}", files[0].name));
    });
    addEventListener("pageshow", () => { // back from the answer, or filled in again by the browser
      hash.value = "";
      input.disabled = false;
      say("");
    });
  }
}
