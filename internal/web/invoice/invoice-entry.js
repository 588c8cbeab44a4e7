// Takes the token out of the address, so that it is not bookmarked or shared, and sends it by form.
(() => {
"use strict";
const token = /[#&]invoice_token=([^&]+)/.exec(location.hash), form = document.getElementById("open");
if (token) {
  history.replaceState(null, "", location.pathname + location.search);
  form.elements.invoice_token.value = decodeURIComponent(token[1]);
  form.submit();
} else {
  document.getElementById("wait").hidden = true;
  form.classList.remove("late");
}
})();
