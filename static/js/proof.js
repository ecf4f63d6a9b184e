// Solves ALTCHA's puzzle (protocol 1, SHA-256) while a person fills in the form. Without it the form works all the same.
"use strict";
{
  const PATIENCE = 20000; // milliseconds that a press of the button waits at most
  const AT_ONCE = 500;
  const status = document.getElementById("proof");
  const field = document.getElementById("altcha");
  const form = field.form;
  let solving = null;
  let tired = false;

  const solve = async () => {
    const answer = await fetch(status.dataset.challenge, { cache: "no-store" });
    const { algorithm, challenge, maxNumber, salt, signature } = await answer.json();
    const text = new TextEncoder();
    const wanted = Uint8Array.from(challenge.match(/../g), (pair) => parseInt(pair, 16));
    const fits = async (number) => {
      const bytes = new Uint8Array(await crypto.subtle.digest(algorithm, text.encode(salt + number)));
      return bytes.every((byte, at) => byte === wanted[at]);
    };
    for (let start = 0; start <= maxNumber; start += AT_ONCE) {
      const tries = await Promise.all(Array.from({ length: AT_ONCE }, (_, step) => fits(start + step)));
      const found = tries.indexOf(true);
      if (found >= 0) {
        field.value = btoa(JSON.stringify({ algorithm, challenge, number: start + found, salt, signature }));
        return;
      }
    }
  };
  const begin = () => (solving ??= solve().catch(() => undefined));

  if (globalThis.crypto?.subtle) { // absent on plain http: then the mail comes later, nothing else
    form.addEventListener("focusin", begin, { once: true });
    form.addEventListener("submit", async (event) => {
      if (field.value || tired || event.submitter?.name === "look") return;
      event.preventDefault();
      status.textContent = status.dataset.working;
      await Promise.race([begin(), new Promise((done) => setTimeout(done, PATIENCE))]);
      tired = true;
      form.requestSubmit(event.submitter);
    });
    addEventListener("pageshow", (event) => { // back from the next page: that proof is spent
      if (!event.persisted) return;
      field.value = status.textContent = "";
      solving = null;
      tired = false;
    });
  }
}
