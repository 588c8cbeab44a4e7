// The frame of payment fields: formats while typing, checks, and hands a token to the page around it.
// Without that page's greeting it stays a plain form.
(() => {
"use strict";
const form = document.getElementById("fields"), get = id => document.getElementById(id), digits = s => s.replace(/\D/g, "");
const parentOrigin = form.dataset.parent === "self" ? location.origin : form.dataset.parent;
let nonce = "";

function format(el, shape) {
  if (el) el.addEventListener("input", e => {
    const atEnd = el.selectionStart === el.value.length, erased = (e.inputType || "").startsWith("delete");
    let left = digits(el.value.slice(0, el.selectionStart)).length, i = 0;
    el.value = shape(digits(el.value), erased);
    while (left > 0 && i < el.value.length) if (/\d/.test(el.value[i++])) left--;
    if (document.activeElement === el) el.setSelectionRange(...(atEnd ? [el.value.length, el.value.length] : [i, i]));
  });
}
const brands = [[/^4/, "Visa"], [/^(5[1-5]|2[2-7])/, "Mastercard"], [/^3[47]/, "Amex"], [/^6/, "Discover"]];
const brandOf = n => (brands.find(b => b[0].test(n)) || [])[1] || "";
format(get("number"), n => {
  const badge = get("number-badge");
  badge.textContent = brandOf(n);
  badge.hidden = !badge.textContent;
  return (brandOf(n) === "Amex" ? n.replace(/^(.{4})(.{1,6})?(.{1,5})?.*/, "$1 $2 $3") : n.slice(0, 19).replace(/.{4}/g, "$& ")).trim();
});
format(get("expiry"), (n, erased) => {
  if (/^[2-9]/.test(n)) n = "0" + n;
  if (n.length === 6) n = n.slice(0, 2) + n.slice(4);
  return n.length > 2 || n.length === 2 && !erased ? n.slice(0, 2) + " / " + n.slice(2, 4) : n;
});
["cvc", "routing_number", "account_number"].forEach(id => format(get(id), n => n));

const luhn = n => [...n].reverse().reduce((sum, c, i) => sum + (i % 2 ? (c * 2 > 9 ? c * 2 - 9 : c * 2) : +c), 0) % 10 === 0;
const rules = {
  number: v => luhn(digits(v)) && digits(v).length > 11,
  expiry: (v, el) => {
    const [, m, y] = /^(\d\d) \/ (\d\d)$/.exec(v) || [], now = new Date();
    if (!(m >= 1 && m <= 12)) return false;
    return new Date(2000 + +y, +m, 1) > now || el.dataset.past;
  },
  cvc: v => /^\d{3,4}$/.test(v),
  routing_number: v => /^\d{9}$/.test(v),
  account_number: v => /^\d{4,17}$/.test(v),
  account_holder: v => v.trim() !== "",
};
const inputs = Object.keys(rules).map(get).filter(Boolean);
function show(el, text) {
  if (text) el.setAttribute("aria-invalid", "true"); else el.removeAttribute("aria-invalid");
  get(el.name + "-error").textContent = text;
}
const wrong = el => { const r = rules[el.name](el.value, el); return r === true ? "" : r || el.dataset.bad; };
inputs.forEach(el => {
  el.addEventListener("input", () => show(el, ""));
  el.addEventListener("blur", () => { if (el.value) show(el, wrong(el)); });
});
function check() {
  inputs.forEach(el => show(el, wrong(el)));
  const bad = inputs.find(el => el.getAttribute("aria-invalid"));
  if (bad) bad.focus();
  return !bad;
}
form.addEventListener("submit", e => {
  if (nonce) { e.preventDefault(); tell("submit"); } else if (!check()) e.preventDefault();
});

const tell = (flint, more) => parent.postMessage({flint, nonce, ...more}, parentOrigin);
async function tokenize() {
  if (!check()) return tell("errors");
  let answer = {};
  try {
    const r = await fetch(form.action, {method: "POST", headers: {Accept: "application/json"}, body: new URLSearchParams(new FormData(form))});
    answer = await r.json();
  } catch { answer.errors = {[inputs[0].name]: form.dataset.lost}; }
  if (answer.over) return tell("over");
  if (answer.token) return tell("token", {token: answer.token, brand: answer.brand, last4: answer.last4});
  const errors = answer.errors || {[inputs[0].name]: form.dataset.lost};
  inputs.forEach(el => show(el, errors[el.name] || ""));
  (inputs.find(el => errors[el.name]) || inputs[0]).focus();
  tell("errors");
}
if (parent !== window && parentOrigin) {
  addEventListener("message", e => {
    if (e.source !== parent || e.origin !== parentOrigin || !e.data) return;
    if (e.data.flint === "hello" && !nonce) {
      nonce = e.data.nonce;
      get("use").hidden = true;
      const size = () => tell("height", {height: document.querySelector("main").getBoundingClientRect().height});
      new ResizeObserver(size).observe(document.querySelector("main"));
      size();
    }
    if (e.data.flint === "tokenize" && nonce && e.data.nonce === nonce) tokenize();
  });
  tell("loaded");
}
})();
