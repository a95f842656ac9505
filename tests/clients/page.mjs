// The HTTP of a page: a request that a browser would not send is an error, and a header that it would not
// show is missing. https://fetch.spec.whatwg.org/#http-cors-protocol

// Headers of answers that a page of another origin always sees.
const SHOWN = ["cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"];

const isSimple = ([name, value]) =>
  name === "accept" || (name === "content-type" && /^(text\/plain|application\/x-www-form-urlencoded|multipart\/form-data)$/.test(value));

// An HTTP client of isomorphic-git that asks for everything as a page of `origin` does, by way of `http`.
export function inPage(origin, http) {
  return {
    async request({ url, method = "GET", headers = {}, body }) {
      const asked = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
      const beyond = asked.filter((header) => !isSimple(header)).map(([name]) => name);
      if (beyond.length) await preflight(url, method, beyond.sort());
      const answer = await http.request({ url, method, headers: { ...headers, origin }, body });
      check(answer, `shows no answer to ${method} ${url}`);
      const exposed = [...SHOWN, ...list(answer, "access-control-expose-headers")];
      const seen = Object.entries(answer.headers).filter(([name]) => exposed.includes(name));
      return { ...answer, headers: Object.fromEntries(seen) };
    },
  };

  async function preflight(url, method, names) {
    const asking = {
      origin,
      "access-control-request-method": method,
      "access-control-request-headers": names.join(","),
    };
    const answer = await http.request({ url, method: "OPTIONS", headers: asking });
    const methods = [...list(answer, "access-control-allow-methods"), "get", "head", "post"];
    const allowed = list(answer, "access-control-allow-headers");
    const why = `sends no ${method} ${url} with ${names}`;
    check(answer, why);
    if (answer.statusCode < 200 || answer.statusCode > 299) throw refusal(why);
    if (!methods.includes(method.toLowerCase())) throw refusal(why);
    if (names.some((name) => !allowed.includes(name))) throw refusal(why);
  }

  function check(answer, why) {
    const allowed = answer.headers["access-control-allow-origin"];
    if (allowed !== "*" && allowed !== origin) throw refusal(why);
  }
}

const list = (answer, name) => (answer.headers[name] ?? "").toLowerCase().split(/\s*,\s*/);

const refusal = (why) => new Error(`a browser ${why}`);
