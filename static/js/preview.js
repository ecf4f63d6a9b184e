// Shows Markdown as readers will see it while it is typed; without this script the form's second button does.
"use strict";
{
  const PAUSE = 400; // milliseconds without a key until the server is asked

  for (const part of document.querySelectorAll("[data-preview]")) {
    const field = part.querySelector("textarea");
    const frame = part.querySelector("section");
    const shown = frame.querySelector(".story");
    let timer;
    let asking = new AbortController();

    const show = async () => {
      asking.abort(); // what was asked before is of an older text
      asking = new AbortController();
      const sent = new FormData();
      sent.set("csrf_token", field.form.elements.csrf_token.value);
      sent.set("text", field.value);
      try {
        const answer = await fetch(part.dataset.preview, {
          method: "POST", body: sent, signal: asking.signal, redirect: "error", // to the login page, say
        });
        if (!answer.ok && answer.status !== 422) return;
        shown.innerHTML = await answer.text(); // cleaned by the server, as on the page itself
        frame.hidden = !field.value.trim();
      } catch {} // offline, or overtaken by the next: what is shown stays
    };
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(show, PAUSE);
    });
  }
}
