// Sends the token on by form and takes it out of the address, so that it is not bookmarked or shared.
(() => {
"use strict";
history.replaceState(null, "", location.pathname.replace(/[^/]+$/, ""));
document.getElementById("door").submit();
})();
