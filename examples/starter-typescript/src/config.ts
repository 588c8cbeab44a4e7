/** Config is what `flint app register` wrote to .env. */
export interface Config {
  baseUrl: string; // of Flint
  clientId: string; // fpc_…
  clientSecret: string; // fps_…
  redirectUri: string; // ends in /callback
  webhookSecrets: string[]; // whsec_…, one for each endpoint
  mode: string; // test or live
  listen: { host: string; port: number };
  storeFile: string; // where tokens and events are kept
}

export function readConfig(env: Record<string, string | undefined>): Config {
  const need = (name: string) => {
    const value = env[name];
    if (!value) {
      throw new Error(`${name} is not set: run \`flint app register\` in this folder`);
    }
    return value;
  };
  const listen = new URL(`http://${env.APP_ADDR ?? '127.0.0.1:3000'}`);
  return {
    baseUrl: need('FLINT_BASE_URL'),
    clientId: need('FLINT_CLIENT_ID'),
    clientSecret: need('FLINT_CLIENT_SECRET'),
    redirectUri: need('FLINT_REDIRECT_URI'),
    webhookSecrets: need('FLINT_WEBHOOK_SECRETS').split(/\s+/),
    mode: env.FLINT_MODE ?? 'test',
    listen: { host: listen.hostname.replace(/^\[|\]$/g, ''), port: Number(listen.port || 80) },
    storeFile: env.APP_STORE ?? 'store.json',
  };
}
