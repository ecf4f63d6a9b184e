// Keys for the moderation room; without this file every button works all the same. Nothing is judged but by a button's own form.
"use strict";
{
  const STORE = "moderation-keys"; // "off" where an organiser has switched the keys off; WCAG 2.1.4
  const TYPING = "input:not([type=checkbox]), textarea, select";
  const items = [...document.querySelectorAll(".queue > .item")];
  const panel = document.getElementById("keys");
  const box = document.getElementById("keys-on");
  const current = () => document.activeElement.closest(".queue > .item");
  const go = (step) => {
    const at = items.indexOf(current());
    const next = items[at < 0 ? 0 : Math.min(Math.max(at + step, 0), items.length - 1)];
    if (next) next.focus();
  };
  const press = (key) => {
    if (!current()) return go(1); // nothing is judged that is not in view
    const button = current().querySelector(`button[data-key=${key}]`);
    if (button) button.click();
  };
  const reject = () => {
    if (!current()) return go(1);
    const part = current().querySelector("details[data-key=r]");
    if (!part) return;
    part.open = true;
    part.querySelector("select").focus();
  };
  const undo = () => {
    const button = (current() && current().querySelector("button[data-key=u]")) || document.getElementById("undo-last");
    if (button) button.click();
  };
  const KEYS = { j: () => go(1), k: () => go(-1), a: () => press("a"), r: reject, u: undo, "?": () => box.focus() };

  panel.hidden = false;
  box.checked = localStorage.getItem(STORE) !== "off";
  box.addEventListener("change", () => localStorage.setItem(STORE, box.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.closest("details[data-key=r]")) {
      const item = current();
      event.target.closest("details").open = false;
      item.focus();
      return;
    }
    const free = !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest(TYPING);
    const act = box.checked && free && !event.repeat && KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  const landed = document.getElementById(location.hash.slice(1));
  if (landed && items.includes(landed)) landed.focus();
}
