// @ts-check
/** What the pages share: where the server is found, how it is asked, and the elements of the document. */

/** Also when it is mounted below a path. */
export const BASE = new URL("..", import.meta.url);

const ANSWER_MS = 15_000; // a password takes the server a tenth of a second; a crowd of them more

/** @typedef {Record<string, any>} Json  what came over the wire */
/** @typedef {{status: number, body: Json, retryAfter: number}} Answer */

/** Ask the server's own interface. Throws `TypeError` where it cannot be reached, or what answers is not Headway.
 * @param {string} path @param {{token?: string, body?: Json}} [said]  with a body it is a POST
 * @returns {Promise<Answer>} */
export async function ask(path, { token = "", body } = {}) {
  const answer = await fetch(new URL(path, BASE), {
    method: body ? "POST" : "GET",
    headers: { ...authorization(token), ...(body ? { "content-type": "application/json" } : {}) },
    body: body ? JSON.stringify(body) : undefined,
    cache: "no-store",
    redirect: "error",
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => Promise.reject(new TypeError("no answer")));
  const read = await answer.json().catch(() => Promise.reject(new TypeError("no answer of Headway")));
  return { status: answer.status, body: read, retryAfter: Number(answer.headers.get("retry-after")) || 0 };
}

/** @param {string} token @returns {Record<string, string>} */
export function authorization(token) {
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind @returns {T} */
export function element(id, kind) {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} #${id}`);
}
