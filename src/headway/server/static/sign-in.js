// @ts-check
/**
 * Signing in: a name and a password against a cookie that no script can read, this one neither.
 *
 * The law of this file: it leads back only to a page of this server, whatever its address says.
 */

import { BASE, ask, element } from "./page.js";

const FORM = element("sign-in", HTMLFormElement);
const USER = element("user", HTMLInputElement);
const PASSWORD = element("password", HTMLInputElement);
const SUBMIT = element("submit", HTMLButtonElement);
const SHOW = element("show", HTMLButtonElement);

const NOT_REACHED = "The server cannot be reached. Check your connection, then try again.";

/** Where to go afterwards: a page of ours, or the first one. */
function destination() {
  const wanted = new URLSearchParams(location.search).get("to") ?? "";
  try {
    // A browser reads `//`, `\`, tabs and line ends in its own way, so what it makes of them is what is checked.
    const url = new URL(wanted, BASE);
    const ours = url.origin === BASE.origin && url.pathname.startsWith(BASE.pathname);
    if (wanted.startsWith("/") && ours && url.pathname !== location.pathname) return url;
  } catch {
    // It is no address at all.
  }
  return BASE;
}

/** @param {SubmitEvent} submit */
async function onSubmit(submit) {
  submit.preventDefault();
  if (SUBMIT.getAttribute("aria-disabled") === "true") return;
  tell("");
  wait(true);
  try {
    const answer = await ask("api/sign-in", { body: { user: USER.value.trim(), password: PASSWORD.value } });
    if (answer.status === 200) return location.replace(destination());
    refused(answer);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    tell(NOT_REACHED);
  }
  wait(false);
}

/** @param {import("./page.js").Answer} answer */
function refused({ status, body, retryAfter }) {
  if (status === 401) {
    tell("The name or the password is wrong.");
    for (const field of [USER, PASSWORD]) field.setAttribute("aria-invalid", "true");
    PASSWORD.select();
  } else if (status === 429) {
    tell(`Too many tries. Wait ${counted(retryAfter || 1)}, then try again.`);
  } else {
    tell(capital(String(body?.error?.message ?? `The server answered with ${status}.`)));
  }
}

/** @param {number} seconds */
function counted(seconds) {
  return seconds === 1 ? "a second" : `${seconds} seconds`;
}

/** @param {string} sentence */
function capital(sentence) {
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
}

/** @param {string} sentence  Empty: nothing is wrong. */
function tell(sentence) {
  const error = element("error", HTMLElement);
  error.textContent = sentence;
  error.hidden = sentence === "";
  if (sentence === "") for (const field of [USER, PASSWORD]) field.removeAttribute("aria-invalid");
}

/** Not `disabled`, which would take the focus away from who pressed it. @param {boolean} waiting */
function wait(waiting) {
  SUBMIT.setAttribute("aria-disabled", String(waiting));
  SUBMIT.textContent = waiting ? "Signing in …" : "Sign in";
}

function onShow() {
  const shown = PASSWORD.type === "text";
  PASSWORD.type = shown ? "password" : "text";
  SHOW.setAttribute("aria-pressed", String(!shown));
}

/** Who is here already, or cannot sign in here at all, is told so. */
async function look() {
  try {
    const { body: ways } = await ask("api/sign-in");
    if (ways.open) return insteadOfForm("This server needs no sign-in: everybody who reaches it may do everything.");
    if (!ways.sign_in) insteadOfForm("Nobody signs in here. Whoever runs the server can add a user: headway user add.");
  } catch {
    tell(NOT_REACHED);
  }
}

/** @param {string} sentence */
function insteadOfForm(sentence) {
  FORM.hidden = true;
  element("lead", HTMLElement).textContent = sentence;
}

element("back", HTMLAnchorElement).href = destination().href;
element("unencrypted", HTMLElement).hidden = isSecureContext;
FORM.addEventListener("submit", onSubmit);
FORM.addEventListener("input", () => tell(""));
SHOW.addEventListener("click", onShow);
look();
