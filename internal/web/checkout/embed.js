// Inside the frame of an embedded checkout: tells the page around it, whose exact origin the server
// knows, how high the page is and what became of it. Sends nothing about the buyer.
(() => {
"use strict";
const d = document.currentScript.dataset, home = d.parent, page = d.page.split("/")[1];
if (parent === window || !home) return;
const tell = (flint, more) => parent.postMessage({flint, v: 1, ...more}, home);

const main = document.body.firstElementChild;
let height = 0;
const size = () => {
  const now = Math.ceil(main.getBoundingClientRect().height);
  if (now !== height) tell("height", {height: height = now});
};
new ResizeObserver(size).observe(main);
size();

if (page === "loader") {
  addEventListener("message", e => {
    const m = e.data, form = document.getElementById("open");
    if (e.source !== parent || e.origin !== home || !m || m.flint !== "open" || typeof m.token !== "string") return;
    form.elements.checkout_token.value = m.token;
    form.submit();
  });
  return tell(d.kind === "refused" ? "refused" : "hello");
}

let last = "";
function state() {
  const ask = document.getElementById("ask"), get = name => (ask && ask.querySelector(`[name=${name}]`) || {}).value;
  const amount = {amount: +(get("expected_amount") || d.amount), currency: get("currency") || d.currency};
  const now = JSON.stringify(amount);
  if (now !== last) tell("page", {page, kind: d.kind, code: d.code, amount: amount.currency ? amount : null});
  last = now;
}
state();
const form = document.getElementById("pay");
if (form) {
  form.addEventListener("flint:submit", () => tell("submit"));
  form.addEventListener("submit", e => { if (!e.defaultPrevented) tell("submit"); });
  new MutationObserver(state).observe(form, {childList: true, subtree: true});
}
// What leads away from the checkout leads the whole window away.
for (const a of document.querySelectorAll("a[href]")) if (new URL(a.href).origin !== location.origin && !a.target) a.target = "_top";
})();
