// Passkeys: the one thing on these pages that needs a script. Buttons are shown where they can work.
(() => {
"use strict";
const signIn = document.getElementById("passkey-in"), add = document.getElementById("passkey-add");
// A passkey belongs to a name, never to a network address.
if (!window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON || /^[\d.]+$|^\[/.test(location.hostname)) return;
const send = async (path, body) => {
  const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const told = await response.json();
  if (!response.ok) throw Object.assign(new Error(told.problem), { told: true });
  return told;
};
const offer = (button, ceremony) => {
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const problem = document.getElementById(button.dataset.problem);
    problem.hidden = true;
    button.setAttribute("aria-busy", "true");
    try {
      location.assign((await ceremony(button.dataset)).to);
    } catch (e) {
      problem.textContent = e.told ? e.message : button.dataset.failed;
      problem.hidden = false;
      button.removeAttribute("aria-busy");
    }
  });
};
offer(signIn, async ({ to }) => {
  const { publicKey } = await send("/sign-in/passkey/begin", { to });
  const answer = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
  return send("/sign-in/passkey", { answer: answer.toJSON() });
});
offer(add, async ({ csrf }) => {
  const { publicKey } = await send("/account/passkeys/begin", { csrf });
  const answer = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
  return send("/account/passkeys", { csrf, answer: answer.toJSON() });
});
})();
