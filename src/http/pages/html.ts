import type { PageAction, PageLink, PageSpec, PageTone } from "./page-spec.ts";
import { linkTarget, shownTime } from "./shown-value.ts";
import { style } from "./style.ts";

/** `&`, `<`, `>`, `"` and `'` as character references: enough in text and in quoted attributes. */
const escaped = Bun.escapeHTML;

/** The sign in the mark: an exclamation mark, a bar (no entry), a question mark, a tick. */
const glyphs: Readonly<Record<PageTone, string>> = {
  trouble: '<path d="M22 13v11"/><path d="M22 30.9v.1"/>',
  refused: '<path d="M14 22h16"/>',
  question: '<path d="M17.2 17.4a4.9 4.9 0 1 1 7.4 4.2c-1.7 1-2.6 2-2.6 3.7"/><path d="M22 30.9v.1"/>',
  done: '<path d="m14.5 22.8 5.2 5.2 10-11.5"/>',
};

/** The tab's icon, so that a browser does not ask the application for /favicon.ico. */
const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='9' fill='%2356607a'/%3E%3Cg fill='%23fff'%3E%3Ccircle cx='16' cy='13' r='4.5'/%3E%3Cpath d='m14 15-1.5 9h7L18 15z'/%3E%3C/g%3E%3C/svg%3E";

/** `spec` as a whole HTML document; every value in it is escaped (XSS-01). */
export function htmlOf(spec: PageSpec): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${escaped(spec.title)}</title>
<link rel="icon" href="${icon}">
<style>${style}</style>
</head>
<body>
<main>
${markOf(spec.tone)}
<h1>${escaped(spec.title)}</h1>
<p>${escaped(spec.happened)}</p>
<p class="advice">${escaped(spec.advice)}</p>
${factsOf(spec)}${causesOf(spec)}${actionsOf(spec)}${footerOf(spec)}
</main>
</body>
</html>
`;
}

function markOf(tone: PageTone): string {
  return `<svg class="${tone}" viewBox="0 0 44 44" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><rect width="44" height="44" rx="13" fill="currentColor" fill-opacity=".13" stroke="none"/>${glyphs[tone]}</svg>`;
}

function factsOf(spec: PageSpec): string {
  if (spec.facts.length === 0) return "";
  const rows = spec.facts.map(({ label, value }) => `<div><dt>${escaped(label)}</dt><dd>${escaped(value)}</dd></div>`);
  return `<dl>\n${rows.join("\n")}\n</dl>\n`;
}

function causesOf(spec: PageSpec): string {
  if (spec.causes.length === 0) return "";
  return `<h2>Probable causes</h2>\n<ul>\n${spec.causes.map((cause) => `<li>${escaped(cause)}</li>`).join("\n")}\n</ul>\n`;
}

function actionsOf(spec: PageSpec): string {
  const parts = [
    ...(spec.action === null ? [] : [actionOf(spec.action)]),
    ...(spec.alternative === null ? [] : [anchor(spec.alternative, "link")]),
  ].filter((part) => part !== "");
  return parts.length === 0 ? "" : `<div class="actions">\n${parts.join("\n")}\n</div>\n`;
}

function actionOf(action: PageAction): string {
  if (action.kind === "link") return anchor(action, "button");
  const target = linkTarget(action.href);
  if (target === null) return "";
  const hidden = action.fields.map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  );
  return `<form method="post" action="${escaped(target)}">${hidden.join("")}<button class="button" type="submit">${escaped(action.label)}</button></form>`;
}

function anchor(link: PageLink, kind: "button" | "link"): string {
  const target = linkTarget(link.href);
  return target === null ? "" : `<a class="${kind}" href="${escaped(target)}">${escaped(link.label)}</a>`;
}

function footerOf(spec: PageSpec): string {
  const { requestId, time } = spec.reference;
  return `<footer>
<p>Quote this when you ask for help</p>
<p class="reference"><code>${escaped(spec.code)}</code> <code>${escaped(requestId)}</code> <time>${shownTime(time)}</time></p>
</footer>`;
}
