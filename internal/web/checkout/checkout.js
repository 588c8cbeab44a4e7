// The payment page: errors beside the fields, tips without a reload, and the talk with the frame of
// payment fields, by exact origin and a nonce of this page.
(() => {
"use strict";
const $ = id => document.getElementById(id), form = $("pay"), all = (s, in_ = document) => [...in_.querySelectorAll(s)];
const nonce = [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, "0")).join("");
const asIs = {createHTML: s => s};
const policy = window.trustedTypes ? trustedTypes.createPolicy("flint", asIs) : asIs;
let label, waiting;

if (location.hash.includes("checkout_token=")) history.replaceState(null, "", location.pathname + location.search);
const wide = matchMedia("(min-width:900px)"), sum = $("sum");
const unfold = () => { if (sum && wide.matches) sum.open = true; };
unfold();
wide.addEventListener("change", unfold);
const focusFirst = document.querySelector("[autofocus]");
if (focusFirst) focusFirst.focus();
form.noValidate = true;

function busy(on) {
  const go = $("go");
  if (on === (go.getAttribute("aria-busy") === "true")) return;
  go.setAttribute("aria-busy", on);
  if (on) { label = go.textContent; $("status").textContent = go.dataset.busy; } else { go.textContent = label; $("status").textContent = ""; }
}
function fault(el, text) {
  text ? el.setAttribute("aria-invalid", "true") : el.removeAttribute("aria-invalid");
  $(el.name + "-error").textContent = text;
}
function check() {
  const bad = all("input", form).filter(el => el.form === form && el.willValidate && $(el.name + "-error") && !el.checkValidity());
  all("[aria-invalid]", form).forEach(el => fault(el, ""));
  $("alert") && ($("alert").hidden = !bad.length);
  if (!bad.length) return true;
  $("alert").querySelector("ul").replaceChildren(...bad.map(el => {
    const text = el.validity.valueMissing && el.type !== "checkbox" ? form.dataset.required : el.dataset.bad || el.validationMessage;
    fault(el, text);
    const a = document.createElement("a"), li = document.createElement("li");
    a.href = "#" + el.id;
    a.textContent = el.type === "checkbox" ? text : (el.labels[0].textContent + ": " + text);
    li.append(a);
    return li;
  }));
  bad[0].focus();
  return false;
}
form.addEventListener("input", e => { if (e.target.getAttribute("aria-invalid")) fault(e.target, ""); });

// One after the other: typing an address and ticking the box make two changes at once, and the last word counts.
let kept = Promise.resolve();
if (form.dataset.draft) form.addEventListener("change", e => {
  const email = form.elements.email, yes = $("reminders");
  if (e.target !== email && e.target !== yes || !email.value || !email.checkValidity()) return;
  const body = new URLSearchParams({email: email.value, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone});
  if (yes && yes.checked) body.set("reminders", "yes");
  kept = kept.then(() => fetch(form.dataset.draft, {method: "POST", body, keepalive: true})).catch(() => {});
});

const frames = all("iframe.fields", form).map(el => ({el, origin: new URL(el.src, location).origin}));
const send = (f, flint) => f.el.contentWindow.postMessage({flint, nonce}, f.origin);
const lost = text => { clearTimeout(waiting); busy(false); const p = $("payment_token-error"); p.textContent = text; if (text) p.focus(); };
frames.forEach(f => { f.el.addEventListener("load", () => send(f, "hello")); send(f, "hello"); });
addEventListener("message", e => {
  const f = frames.find(f => e.source === f.el.contentWindow && e.origin === f.origin), m = e.data;
  if (!f || !m) return;
  if (m.flint === "loaded") return send(f, "hello");
  if (m.nonce !== nonce) return;
  if (m.flint === "height") f.el.height = Math.ceil(+m.height) || f.el.height;
  if (m.flint === "submit") form.requestSubmit($("go"));
  if (!waiting) return;
  if (m.flint === "errors") { clearTimeout(waiting); waiting = 0; busy(false); }
  if (m.flint === "over") return location.reload();
  if (m.flint === "token") { clearTimeout(waiting); waiting = 0; form.elements.payment_token.value = m.token; form.dispatchEvent(new Event("flint:submit")); form.submit(); }
});
form.addEventListener("submit", e => {
  if ($("go").getAttribute("aria-busy") === "true" || !check()) return e.preventDefault();
  busy(true);
  const chosen = frames.find(f => f.el.offsetParent);
  if (!chosen || form.elements.payment_token.value) return;
  e.preventDefault();
  $("payment_token-error").textContent = "";
  waiting = setTimeout(() => { waiting = 0; lost(form.dataset.lost); }, 20000);
  send(chosen, "tokenize");
});
// What was typed above a step in between goes along, to be there when the page comes back.
all("form[data-typed]").forEach(f => f.addEventListener("formdata", e => {
  for (const [k, v] of new FormData(form)) if (/^(email|phone|billing_.*)$/.test(k)) e.formData.append(k, v);
}));
addEventListener("pageshow", e => { if (e.persisted) location.reload(); });

document.addEventListener("submit", async e => {
  const f = e.target, by = e.submitter;
  if (!f.matches("[data-swap]") || !by) return;
  e.preventDefault();
  const body = new URLSearchParams(new FormData(f));
  body.set(by.name, by.value);
  busy(true);
  by.setAttribute("aria-busy", "true");
  let next;
  try {
    const page = await fetch(f.action, {method: "POST", body, headers: {Accept: "text/html"}});
    next = new DOMParser().parseFromString(policy.createHTML((await page.text()).replace(/<style[^]*?<\/style>/g, "")), "text/html");
  } catch { busy(false); by.removeAttribute("aria-busy"); return lost(form.dataset.lost); }
  if (!next.getElementById("go") || !next.getElementById("payment_token") !== !$("payment_token")) return location.reload();
  all("[data-live]").forEach(old => { const now = next.getElementById(old.id); now ? old.replaceWith(document.adoptNode(now)) : old.remove(); });
  const again = document.querySelector(`[name=tip][value="${CSS.escape(by.value)}"]`);
  const code = f.action.endsWith("/promotion") && $("promotion_code");
  if (again || code) (again || code).focus();
  $("status").textContent = $("go").textContent;
});
})();
