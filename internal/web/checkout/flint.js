// flint.js puts a checkout into a page of the merchant.
//
//   const checkout = Flint.mount({container: "#checkout", credentials: () => fetch("/checkout", {method: "POST"}).then(r => r.json())});
//   checkout.on("completed", () => location.assign("/thanks"));
//
// The merchant's server opens the session (surface "embedded", page_origin of this page) and answers
// {checkout_session_id, checkout_auth_token}. The frame is Flint's: no payment detail reaches this
// page. Where a frame cannot work, the container offers the same checkout as a page of its own.
(() => {
"use strict";
const here = document.currentScript, home = here && new URL(here.src).origin;
const names = ["ready", "changed", "submitted", "completed", "failed", "abandoned", "closed", "fallback"];

function mount(options) {
  const {container, credentials, fallback = "hosted", title = "Checkout", timeout = 10000} = options;
  const base = new URL(options.baseUrl || home).origin;
  const box = typeof container === "string" ? document.querySelector(container) : container;
  if (!box) throw new TypeError("Flint.mount: there is no such container");
  if (!credentials) throw new TypeError("Flint.mount: credentials are missing");
  const listeners = Object.fromEntries(names.map(n => [n, new Set()]));
  let frame, keys, timer, opened = false, ready = false, over = false, sent = false, amount = "";

  const emit = (name, detail) => {
    for (const f of listeners[name]) try { f({type: name, checkout_session_id: keys && keys.checkout_session_id, ...detail}); } catch (e) { reportError(e); }
  };
  const end = (name, detail) => { if (!over) { over = true; emit(name, detail); } };
  const arm = ms => { clearTimeout(timer); timer = setTimeout(() => offer("timeout"), ms); };
  const checkout = {
    on(name, f) {
      if (!listeners[name]) throw new TypeError(`Flint: there is no event "${name}"; the events are ${names.join(", ")}`);
      listeners[name].add(f);
      return () => listeners[name].delete(f);
    },
    unmount() {
      removeEventListener("message", hear);
      clearTimeout(timer);
      if (frame) frame.remove();
      if (ready) end("abandoned", {reason: "unmounted"});
      over = true;
    },
  };
  for (const n of names) if (options.on && options.on[n]) checkout.on(n, options.on[n]);

  // Shows a button that leads to the same checkout as a page of its own.
  function offer(reason) {
    if (ready || over) return;
    clearTimeout(timer);
    removeEventListener("message", hear);
    if (fallback === "none") return end("failed", {code: "frame_blocked", reason});
    const form = document.createElement("form"), input = document.createElement("input"), button = document.createElement("button");
    form.method = "post";
    form.target = "_top";
    form.action = `${base}/checkout/${encodeURIComponent(keys.checkout_session_id)}/enter`;
    form.className = "flint-fallback";
    input.type = "hidden";
    input.name = "checkout_token";
    input.value = keys.checkout_auth_token;
    button.textContent = options.fallbackLabel || "Continue to checkout";
    form.append(input, button);
    box.replaceChildren(form);
    emit("fallback", {reason});
  }

  function hear(e) {
    const m = e.data;
    if (!frame || e.source !== frame.contentWindow || e.origin !== base || !m || m.v !== 1) return;
    if (m.flint === "hello") {
      // A second greeting after the credential was handed over: the browser keeps no cookie for the frame.
      if (opened) return offer("cookies");
      opened = true;
      arm(timeout);
      return frame.contentWindow.postMessage({flint: "open", token: keys.checkout_auth_token}, base);
    }
    if (m.flint === "refused") { clearTimeout(timer); return end("failed", {code: "credential_refused"}); }
    if (m.flint === "height") frame.style.height = `${Math.max(+m.height || 0, 120)}px`;
    if (m.flint === "submit" && !sent) { sent = true; emit("submitted"); }
    if (m.flint === "page") page(m);
  }

  function page(m) {
    clearTimeout(timer);
    const now = m.amount ? JSON.stringify(m.amount) : amount;
    if (!ready) { ready = true; emit("ready", {amount_money: m.amount || undefined}); }
    else if (now !== amount) emit("changed", {amount_money: m.amount});
    amount = now;
    if (m.page === "payment") {
      if (m.code && sent) emit("failed", {code: m.code});
      sent = false;
    }
    if (m.page === "success") end("completed", {});
    if (m.page === "end") {
      if (m.kind === "already") end("completed", {already_paid: true});
      else if (m.kind === "expired") end("abandoned", {reason: "expired"});
      else if (m.kind === "busy" || m.kind === "broken") emit("failed", {code: m.kind});
      else end("closed", {reason: m.kind});
    }
  }

  (async () => {
    try {
      keys = await (typeof credentials === "function" ? credentials() : credentials);
      if (!keys || !keys.checkout_session_id || !keys.checkout_auth_token) throw new TypeError("Flint: credentials must be {checkout_session_id, checkout_auth_token}");
    } catch (e) { reportError(e); return end("failed", {code: "credentials_unavailable"}); }
    if (over) return;
    addEventListener("message", hear);
    frame = document.createElement("iframe");
    frame.title = title;
    frame.allow = "payment";
    frame.style.cssText = "width:100%;height:320px;border:0;display:block;color-scheme:normal";
    // A refused frame loads an error page, which greets nobody.
    frame.addEventListener("load", () => { if (!opened) arm(Math.min(timeout, 2500)); });
    frame.src = `${base}/checkout/${encodeURIComponent(keys.checkout_session_id)}`;
    box.replaceChildren(frame);
    arm(timeout);
  })();
  return checkout;
}

window.Flint = Object.freeze({mount, version: "2026-09-07"});
})();
