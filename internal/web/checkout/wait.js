// Looks whether the page has another state by now, less and less often; prints on request.
(() => {
"use strict";
const print_ = document.querySelector("[data-print]");
if (print_) print_.addEventListener("click", () => print());
if (!document.querySelector("[data-wait]")) return;
let pause = 2000;
async function look() {
  try {
    const r = await fetch(location.href, {cache: "no-store"});
    if (r.headers.get("Flint-Page") !== "checkout/processing") return location.reload();
  } catch { /* offline: look again later */ }
  pause = Math.min(pause * 1.3, 15000);
  setTimeout(look, pause);
}
setTimeout(look, pause);
})();
