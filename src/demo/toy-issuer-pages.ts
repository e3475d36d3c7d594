/** One button of the login page. */
export interface LoginChoice {
  readonly subject: string;
  readonly name: string;
  readonly detail: string;
}

/** The login page: a form with a button for each user and a cancel button; works without script. */
export function loginPage(facts: {
  readonly action: string;
  readonly client: string;
  readonly choices: readonly LoginChoice[];
}): string {
  const buttons = facts.choices.map(
    (choice) =>
      `<button name="user" value="${escaped(choice.subject)}"><span class="face" aria-hidden="true">${escaped(choice.name.slice(0, 1))}</span>` +
      `<span><b>Continue as ${escaped(choice.name)}</b><small>${escaped(choice.detail)}</small></span></button>`,
  );
  return page(
    "Who are you?",
    `<h1>Who are you?</h1>
<p><b>${escaped(facts.client)}</b> asks you to sign in. Choose a user; there is no password.</p>
<form method="post" action="${escaped(facts.action)}">
${buttons.join("\n")}
<button class="quiet" name="cancel" value="1">Cancel</button>
</form>`,
  );
}

/** The page that asks whether to sign out; `form` is oidc-provider's own, its id is `op.logoutForm`. */
export function logoutPage(facts: { readonly form: string; readonly client: string | null }): string {
  const who = facts.client === null ? "" : `<p><b>${escaped(facts.client)}</b> has signed you out already.</p>`;
  return page(
    "Sign out?",
    `<h1>Sign out of the toy issuer, too?</h1>
${who}
${facts.form}
<div class="buttons"><button class="plain" form="op.logoutForm" name="logout" value="yes" autofocus>Yes, sign me out</button>
<button class="plain quiet" form="op.logoutForm">No, stay signed in</button></div>`,
  );
}

/** The page after a sign-out without a return address. */
export function signedOutPage(): string {
  return page("Signed out", "<h1>Signed out</h1><p>You can close this page.</p>");
}

/** The page for an invalid request. */
export function issuerErrorPage(error: string, description: string): string {
  return page(
    "That did not work",
    `<h1>That did not work</h1><p>${escaped(description)}</p><p><code>${escaped(error)}</code></p>`,
  );
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function page(title: string, main: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escaped(title)} · toy issuer</title>
<style>${style}</style>
</head>
<body>
<main>
<p class="tag">toy issuer · for demonstrations only</p>
${main}
</main>
</body>
</html>
`;
}

const style = `
:root { --ink: #1c2024; --soft: #60646c; --line: #d9dce1; --card: #fff; --ground: #f4f5f7; --accent: #0b63ce; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --soft: #a8adb5; --line: #363a3f; --card: #1a1c1f; --ground: #101113; --accent: #6cb0ff; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 26rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 2rem; }
h1 { margin: .25rem 0 .5rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0 0 1rem; color: var(--soft); }
p b { color: var(--ink); }
.tag { margin: 0; font-size: .8125rem; }
form:not(:has(button)) { display: none; }
form, .buttons { display: grid; gap: .625rem; margin: 1.25rem 0 0; }
button { display: flex; align-items: center; gap: .875rem; width: 100%; padding: .75rem .875rem; border: 1px solid var(--line); border-radius: 10px; background: transparent; color: inherit; font: inherit; text-align: left; cursor: pointer; }
button:hover, button:focus-visible { border-color: var(--accent); outline: 2px solid transparent; box-shadow: 0 0 0 1px var(--accent); }
button b { display: block; font-weight: 600; }
button small { color: var(--soft); }
.plain, .quiet { justify-content: center; font-weight: 600; }
.quiet { border-color: transparent; color: var(--soft); font-weight: 400; }
.face { flex: none; display: grid; place-items: center; width: 2.25rem; height: 2.25rem; border-radius: 50%; background: var(--accent); color: var(--card); font-weight: 700; }
code { color: var(--soft); }
`;
