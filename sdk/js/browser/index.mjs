// Loads flint.js from the installation, so that the script always fits the server.

let loading;

/** loadFlint gives the Flint of an installation; loading it twice loads it once. */
export function loadFlint(baseUrl) {
  loading ??= new Promise((resolve, reject) => {
    if (window.Flint) return resolve(window.Flint);
    const script = document.createElement('script');
    script.src = new URL('/flint.js', baseUrl).href;
    script.onload = () => resolve(window.Flint);
    script.onerror = () => {
      loading = undefined;
      script.remove();
      reject(new Error(`flint.js could not be loaded from ${script.src}`));
    };
    document.head.append(script);
  });
  return loading;
}
