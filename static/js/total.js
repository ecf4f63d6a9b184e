// Says what will be paid while the donor chooses; without it the page says the currency, and the payment page the sum.
"use strict";
{
  const PLAIN = /^\d{1,9}(?:[.,]\d{1,2})?$/; // how a sum is surely read; whatever else is typed, the server reads
  const GROUPED = /^[1-9]\d{0,2}[.,]\d{3}$/; // surely read where only whole units are given
  const THOUSANDTHS = /^\d{1,3}[.,]\d{3}$/; // and where there are thousandths, if the sign is the language's own
  const WHOLE = 10000; // a percent has two decimals at most
  const total = document.getElementById("total");
  const covered = document.getElementById("covered");
  const look = document.getElementById("look"); // asks the server for the sum: needed only where it is not told here
  const form = total.closest("form");
  const untold = total.textContent;
  const { code, exponent, point, step, percent, fixed, ...sentences } = total.dataset;
  const unit = 10 ** exponent;
  const parts = Math.round(percent * 100);

  const shown = (minor) => new Intl.NumberFormat(document.documentElement.lang, {
    style: "currency", currency: code, minimumFractionDigits: minor % unit ? Number(exponent) : 0,
    maximumFractionDigits: Number(exponent),
  }).format(minor / unit);
  const chosen = (choice) => { // minor units, or NaN where only the server can tell
    let typed = choice.get("amount").trim() || choice.get("preset") || "";
    if (step % unit === 0 && GROUPED.test(typed)) typed = typed.replace(/[.,]/, "");
    const [major, part = ""] = typed.split(/[.,]/);
    const minor = Number(major + part.padEnd(exponent, "0"));
    const sure = PLAIN.test(typed) || (exponent === "3" && THOUSANDTHS.test(typed) && typed.includes(point));
    return sure && part.length <= exponent && minor > 0 && minor % step === 0 ? minor : NaN;
  };
  const withFee = (minor) => { // as core/money.py has it
    const least = Math.floor((WHOLE * (2 * (minor + Number(fixed)) - 1)) / (2 * (WHOLE - parts))) + 1;
    return Math.ceil(least / step) * step;
  };
  const put = (element, words) => { // untouched where nothing changed, so that nothing is read out again
    if (element.textContent !== words) element.textContent = words;
  };
  const tell = () => {
    const choice = new FormData(form);
    document.getElementById("other-frequency").value = choice.get("frequency"); // another currency keeps them
    document.getElementById("other-cover").disabled = !choice.has("cover_fee");
    const net = chosen(choice);
    const sentence = sentences[choice.get("frequency")];
    look.hidden = Boolean(net && sentence);
    if (!net || !sentence) {
      put(total, untold);
      put(covered, "");
      return;
    }
    const gross = withFee(net);
    put(covered, covered.dataset.words.replace("{net}", shown(net)).replace("{gross}", shown(gross)));
    put(total, sentence.replace("{total}", shown(choice.has("cover_fee") ? gross : net)));
  };

  form.addEventListener("input", tell);
  form.addEventListener("input", () => document.getElementById("sum")?.remove()); // it was of the form as it was sent
  addEventListener("pageshow", tell); // also when the browser fills the form in again
  tell();
}
