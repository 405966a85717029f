// Talks to the gateway that served this page. All addresses are relative, so that the page works behind a path prefix.

const STORED = "bestofn-key";

export class ApiError extends Error {
  constructor(status, message, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The key of this tab; empty where none was given. It is kept in sessionStorage alone, which ends with the tab. */
export function key() {
  return sessionStorage.getItem(STORED) ?? "";
}

export function setKey(value) {
  if (value) {
    sessionStorage.setItem(STORED, value);
  } else {
    sessionStorage.removeItem(STORED);
  }
}

/** Calls a route. Throws an ApiError with the gateway's own words where it refuses. */
export async function call(path, { json, signal } = {}) {
  const headers = {};
  if (key()) {
    headers.Authorization = `Bearer ${key()}`;
  }

  const options = { headers, signal, credentials: "omit", redirect: "error", cache: "no-store" };
  if (json !== undefined) {
    headers["Content-Type"] = "application/json";
    Object.assign(options, { method: "POST", body: JSON.stringify(json) });
  }

  let response;
  try {
    response = await fetch(new URL(path, document.baseURI), options);
  } catch (error) {
    throw error.name === "AbortError" ? error : new ApiError(0, "The gateway cannot be reached.");
  }

  if (!response.ok) {
    throw await refusal(response);
  }

  return response;
}

export async function read(path, options) {
  return (await call(path, options)).json();
}

async function refusal(response) {
  let error;
  try {
    error = (await response.json()).error;
  } catch {
    // A proxy in between does not speak as the gateway does.
  }

  const wait = response.headers.get("Retry-After");
  const words = error?.message ?? `The answer has the status ${response.status}.`;
  return new ApiError(response.status, wait ? `${words} Try again in ${wait} s.` : words, error?.code);
}

/** The data of server-sent events, parsed; ends at [DONE]. Throws where the stream tells an error, or ends before that. */
export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) {
      throw new ApiError(0, "The stream broke off.");
    }

    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const lines = block.split("\n");
      const data = lines.filter(line => line.startsWith("data: ")).map(line => line.slice(6)).join("\n");
      if (data === "[DONE]") {
        return;
      }

      if (data) {
        const parsed = JSON.parse(data);
        if (lines.includes("event: error")) {
          throw new ApiError(0, parsed.error?.message ?? "The gateway failed.", parsed.error?.code);
        }

        yield parsed;
      }
    }
  }
}
