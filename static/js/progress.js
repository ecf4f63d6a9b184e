// Looks again every few seconds while something is being made, and shows how far it is; without it there is a link.
"use strict";
{
  const EVERY = 3000; // milliseconds
  let left = 200; // looks: a page that was forgotten must not keep a session open
  const look = async () => {
    const state = document.getElementById("state");
    const answer = await fetch(location.pathname, { redirect: "error" }).catch(() => null);
    if (answer?.ok) {
      const now = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("state");
      if (!now || !("moving" in now.dataset)) {
        location.reload(); // it has ended: the whole page has more to say
        return;
      }
      const touched = state.contains(document.activeElement); // nothing moves away under a finger
      if (!touched && now.textContent !== state.textContent) state.replaceChildren(...now.childNodes);
    }
    left -= 1;
    if (answer && left) setTimeout(look, EVERY); // else the session has ended, or the network: the link stays
  };
  setTimeout(look, EVERY);
}
