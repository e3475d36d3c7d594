import { afterAll, expect, test } from "bun:test";
import { startEchoApp } from "../../src/demo/echo-app.ts";

const app = startEchoApp({ port: 0 });
afterAll(() => app.close());

const alice = {
  "X-authentik-username": "alice",
  "X-authentik-name": "Alice Example",
  "X-authentik-email": "alice@example.test",
  "X-authentik-uid": "u1",
  "X-authentik-groups": "admins|staff",
  "X-authentik-entitlements": "",
  "X-authentik-jwt": `eyJ${"a".repeat(200)}`,
};

function get(path: string, headers: Record<string, string>): Promise<string> {
  return fetch(`${app.url}${path}`, { headers }).then((response) => response.text());
}

test("JSON: the user in the identity headers", async () => {
  const answer = JSON.parse(await get("/a/b?c=%2F", { ...alice, Accept: "application/json" }));

  expect(answer.method).toBe("GET");
  expect(answer.target).toBe("/a/b?c=%2F");
  expect(answer.access).toBe("protected");
  expect(answer.visitor).toEqual({
    username: "alice",
    name: "Alice Example",
    email: "alice@example.test",
    uid: "u1",
    groups: ["admins", "staff"],
    entitlements: [],
  });
  expect(answer.headers["x-authentik-jwt"]).toBe(`eyJ${"a".repeat(200)}`);
});

test("/json is JSON whatever is accepted", async () => {
  expect(JSON.parse(await get("/json", { Accept: "text/html" })).target).toBe("/json");
});

test.each([{}, { "X-authentik-username": "" }])(
  "without a user name in the headers nobody is here: %p",
  async (headers) => {
    const answer = JSON.parse(await get("/json", headers));

    expect(answer.visitor).toBeNull();
  },
);

test("the page greets by name, marks identity headers, puts them first and shortens the token", async () => {
  const page = await get("/", { ...alice, Accept: "text/html", "X-Another": "one" });

  expect(page).toContain("<h1>Hello, Alice Example</h1>");
  expect(page).toContain('<span class="chip">admins</span><span class="chip">staff</span>');
  expect(page).toContain('<tr class="ours"><th scope="row">x-authentik-username</th><td>alice</td></tr>');
  expect(page).toContain('<tr><th scope="row">x-another</th><td>one</td></tr>');
  expect(page.indexOf("x-authentik-jwt")).toBeLessThan(page.indexOf("x-another"));
  expect(page).toContain(`<td>eyJ${"a".repeat(29)}… (203 characters)</td>`);
  expect(page).not.toContain("a".repeat(30));
});

test("the page links to sign out, to a public path and has the WebSocket box", async () => {
  const page = await get("/", { ...alice, Accept: "text/html" });

  expect(page).toContain('href="/outpost.goauthentik.io/sign_out"');
  expect(page).toContain('href="/public/health"');
  expect(page).toContain("<h2>WebSocket echo</h2>");
});

test("XSS-01: hostile header values and paths stay text in the page", async () => {
  const attack = '"><svg onload=alert(1)>';
  const page = await get("/?a='%22%3E<script>alert(2)</script>", {
    "X-authentik-username": attack,
    "X-authentik-name": attack,
    "X-authentik-groups": attack,
    Accept: "text/html",
  });

  expect(page).not.toContain("<svg");
  expect(page).not.toContain("<script>alert");
  expect(page).toContain("Hello, &quot;&gt;&lt;svg onload=alert(1)&gt;");
});

test("the policy of the page admits its own style and script by hash", async () => {
  const response = await fetch(`${app.url}/`, { headers: { Accept: "text/html" } });
  const page = await response.text();

  const policy = response.headers.get("content-security-policy") ?? "";
  const parts = [/<style>([\s\S]*?)<\/style>/, /<script>([\s\S]*?)<\/script>/].map(
    (part) => part.exec(page)?.[1] ?? "",
  );
  const [style = "", script = ""] = parts.map((part) => new Bun.CryptoHasher("sha256").update(part).digest("base64"));
  expect(policy).toStartWith(`default-src 'none'; style-src 'sha256-${style}'; script-src 'sha256-${script}';`);
});

test("UTF-8 in an identity header is read as UTF-8", async () => {
  const bytes = String.fromCharCode(...new TextEncoder().encode("Jürgen €"));

  const answer = JSON.parse(await get("/json", { "X-authentik-username": "j", "X-authentik-name": bytes }));

  expect(answer.visitor.name).toBe("Jürgen €");
});

test("/public/ says public, as page and as text", async () => {
  expect(await get("/public/health", { Accept: "text/html" })).toContain("This path is public");
  expect(await get("/public/health", {})).toStartWith("GET /public/health\npublic; anonymous\n");
  expect(await get("/publicity", {})).toStartWith("GET /publicity\nanonymous\n");
});

test("a body is counted", async () => {
  const answer = await fetch(`${app.url}/json`, { method: "POST", body: "12345" }).then((response) => response.json());

  expect(answer).toMatchObject({ method: "POST", bodyBytes: 5 });
});

test("/ws echoes text and binary, and takes the first subprotocol offered", async () => {
  const socket = new WebSocket(`${app.url.replace("http", "ws")}/ws`, ["chat", "other"]);
  socket.binaryType = "arraybuffer";
  const received: unknown[] = [];

  await new Promise((resolve, reject) => {
    socket.onerror = reject;
    socket.onopen = () => {
      socket.send("hello");
      socket.send(new Uint8Array([1, 2, 3]));
    };
    socket.onmessage = (event) => received.push(event.data) === 2 && resolve(null);
  });
  socket.close();

  expect(socket.protocol).toBe("chat");
  expect(received[0]).toBe("hello");
  expect(new Uint8Array(received[1] as ArrayBuffer)).toEqual(new Uint8Array([1, 2, 3])); // binaryType says so
});

test.each(["0.0.0.0", "::", "192.0.2.1", "example.com"])("refuses %s: it is not loopback", (hostname) => {
  expect(() => startEchoApp({ port: 0, hostname })).toThrow(`echo application: address "${hostname}" is not loopback`);
});
