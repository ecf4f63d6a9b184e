// Passkeys: asks the server what to sign or make, the browser's owner for it, and sends the answer as a plain form.
"use strict";
{
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

  const asked = { // the server's JSON as the browser wants it
    create: (options) => ({
      ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: named(options.excludeCredentials),
    }),
    get: (options) => ({
      ...options, challenge: bytes(options.challenge), allowCredentials: named(options.allowCredentials),
    }),
  };
  const answers = { // what the browser gave, as the server wants it
    create: (response) => ({
      attestationObject: text(response.attestationObject), transports: response.getTransports?.() ?? [],
    }),
    get: (response) => ({
      authenticatorData: text(response.authenticatorData), signature: text(response.signature),
      userHandle: response.userHandle && text(response.userHandle),
    }),
  };

  const ask = async (form) => {
    const act = form.dataset.passkey;
    const token = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
    const answer = await fetch(form.dataset.options, { method: "POST", body: token });
    if (answer.redirected || !answer.ok) return location.reload(); // the page says what is wanted first
    const given = await navigator.credentials[act]({ publicKey: asked[act](await answer.json()) });
    form.elements.answer.value = JSON.stringify({
      id: given.id, rawId: text(given.rawId), type: given.type,
      response: { clientDataJSON: text(given.response.clientDataJSON), ...answers[act](given.response) },
      clientExtensionResults: given.getClientExtensionResults(),
    });
    form.submit();
  };

  for (const form of document.querySelectorAll("[data-passkey]")) {
    if (!window.PublicKeyCredential) continue;
    const failed = form.querySelector("[data-failed]");
    form.querySelector("button").hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      failed.hidden = true;
      ask(form).catch(() => { failed.hidden = false; });
    });
  }
}
