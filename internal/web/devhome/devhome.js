// Copy buttons. They are hidden without JavaScript.
document.addEventListener("click", async e => {
  const by = e.target.closest("[data-copy]");
  if (!by) return;
  await navigator.clipboard.writeText(document.getElementById(by.dataset.copy).textContent);
  const word = by.textContent;
  by.textContent = by.dataset.done;
  document.getElementById("status").textContent = by.dataset.done;
  setTimeout(() => { by.textContent = word; }, 1500);
});
