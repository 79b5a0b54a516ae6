// The server's interface, as openapi.json describes it.

/** An error that the server tells, with its status. */
export class ServerError extends Error {
  constructor(status, message, retryAfter) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

const tokenKey = "san-token";

/** Keeps the token for as long as the tab is open. */
export function keepToken(token) {
  sessionStorage.setItem(tokenKey, token);
}

async function post(path, body, headers, signal) {
  const token = sessionStorage.getItem(tokenKey);
  if (token) headers.Authorization = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(path, { method: "POST", body, headers, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError(0, "The server does not answer. Is it running?");
  }
  if (response.ok) return response;
  let message = `The server says ${response.status}.`;
  try {
    message = (await response.json()).error.message;
  } catch {
    // Whatever stands between the page and the server has its own errors.
  }
  throw new ServerError(response.status, message, Number(response.headers.get("Retry-After")) || null);
}

/** Sends a photo; returns its name, with which questions are asked. */
export async function encode(photo, signal) {
  const form = new FormData();
  form.append("image", photo, photo.name || "photo");
  return (await post("/v1/encode", form, {}, signal)).json();
}

/** Asks about a kept photo; returns the report with label map and scores in it. */
export async function segment(photo, question, signal) {
  const fields = new URLSearchParams({ photo, ...question, outputs: "labels,scores", labels_as: "grey" });
  return (await post("/v1/segment", fields, { Accept: "application/json" }, signal)).json();
}

/** The label map of a kept photo as a PNG file with the classes' colours. */
export async function labelMap(photo, question) {
  const fields = new URLSearchParams({ photo, ...question, outputs: "labels" });
  return (await post("/v1/segment", fields, { Accept: "image/png" })).blob();
}
