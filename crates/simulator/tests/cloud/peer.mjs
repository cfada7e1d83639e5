// Seals and opens for a test, with the code of the phone page: one call a line, one answer a line.
import { createInterface } from "node:readline";
import * as sealed from "../../pages/sealed.js";

const { base64, unbase64 } = sealed;
const CALLS = {
  newKey: () => base64(sealed.newKey()),
  publicKey: (secret) => sealed.publicKey(unbase64(secret)),
  seal: (key, path, text) => sealed.seal(unbase64(key), path, text),
  open: (key, path, envelope) => sealed.open(unbase64(key), path, envelope),
  grant: (pubkey, key) => sealed.grant(pubkey, unbase64(key)),
  openGrant: async (secret, grant) => {
    const key = await sealed.openGrant(unbase64(secret), grant);
    return key && base64(key);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...rest] = JSON.parse(line);
  const answer = await Promise.resolve()
    .then(() => CALLS[name](...rest))
    .then(
      (result) => ({ result }),
      (error) => ({ error: error.message }),
    );
  console.log(JSON.stringify(answer));
}
