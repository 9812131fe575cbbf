/** Hears what holds the server up while it does, when it answers nothing else. */

const AGAIN = 3_000;

/** @param {(words: string) => void} heard */
export async function hear(heard) {
  for (;;) {
    try {
      const answer = await fetch("/api/stalls");
      if (answer.status === 501) return; // over TLS it cannot be told
      const reader = answer.ok ? answer.body?.pipeThrough(new TextDecoderStream()).getReader() : undefined;
      let rest = "";
      for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
        const lines = (rest + piece.value).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line) heard(JSON.parse(line).words);
      }
    } catch {
      // The server is gone, or another one: what is looked at says so.
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}
