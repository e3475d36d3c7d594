/**
 * The one style sheet of the pages: system fonts, no external asset, light and dark. Every text colour has at least 4.5:1 on its
 * background in both schemes (WCAG 2.2, 1.4.3). Each page contains it, so that a page never needs a second request.
 */
export const style = `
:root{color-scheme:light dark;--ground:#f4f4f1;--card:#fff;--ink:#1b1d22;--soft:#565b66;--line:#e3e3dd;--well:#f8f8f5;--button:#1b1d22;--on-button:#fff;--focus:#2b5fd9;--trouble:#a15c00;--refused:#b3362b;--question:#3556b8;--done:#1f7a4d}
@media (prefers-color-scheme:dark){:root{--ground:#101216;--card:#181b21;--ink:#eceef2;--soft:#a3a9b6;--line:#2a2e37;--well:#13161b;--button:#eceef2;--on-button:#14161a;--focus:#8fb1ff;--trouble:#f0b35c;--refused:#ff8f84;--question:#9db5ff;--done:#6fd0a0}}
*{box-sizing:border-box;margin:0}
html{font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{min-height:100vh;min-height:100dvh;display:grid;grid-template-columns:minmax(0,34rem);place-content:center;padding:1.5rem 1rem;background:var(--ground);color:var(--ink);overflow-wrap:anywhere}
main{background:var(--card);border:1px solid var(--line);border-radius:16px;padding:2.25rem 2.5rem 1.5rem;box-shadow:0 1px 2px rgb(0 0 0/.04),0 12px 32px -12px rgb(0 0 0/.12)}
svg{display:block;width:44px;height:44px;margin-bottom:1.4rem}
.trouble{color:var(--trouble)}.refused{color:var(--refused)}.question{color:var(--question)}.done{color:var(--done)}
h1{font-size:1.625rem;line-height:1.25;font-weight:650;letter-spacing:-.015em;margin-bottom:.7rem;text-wrap:balance}
p{text-wrap:pretty}
main>p+p{margin-top:.5rem}
.advice{color:var(--soft)}
dl{margin-top:1.5rem;padding:.3rem 1rem;background:var(--well);border:1px solid var(--line);border-radius:10px;font-size:.9375rem}
dl div{display:grid;grid-template-columns:9rem minmax(0,1fr);gap:0 1rem;padding:.5rem 0}
dl div+div{border-top:1px solid var(--line)}
dt{color:var(--soft)}
h2{font-size:.9375rem;font-weight:600;margin-top:1.5rem}
ul{margin-top:.4rem;padding-left:1.15rem;color:var(--soft);font-size:.9375rem}
li{margin-top:.35rem}
li::marker{color:var(--soft)}
.actions{display:flex;flex-wrap:wrap;align-items:center;gap:.75rem 1.5rem;margin-top:1.75rem}
.button{display:inline-block;border:1px solid transparent;border-radius:10px;padding:.62rem 1.15rem;background:var(--button);color:var(--on-button);font:inherit;font-weight:600;line-height:1.4;text-align:center;text-decoration:none;cursor:pointer}
.button:hover{opacity:.86}
.link{color:var(--ink);text-underline-offset:.22em;text-decoration-color:var(--soft);text-decoration-thickness:1px}
.link:hover{text-decoration-thickness:2px}
:focus-visible{outline:3px solid var(--focus);outline-offset:3px}
footer{margin-top:2rem;padding-top:1.1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.8125rem;line-height:1.6}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.95em}
footer p+p{margin-top:.2rem}
.reference{display:flex;flex-wrap:wrap;align-items:baseline;gap:0 1.1rem}
time{white-space:nowrap}
@media (max-width:30rem){body{place-content:start stretch;grid-template-columns:minmax(0,1fr);padding:.75rem}main{padding:1.75rem 1.35rem 1.25rem;border-radius:14px}h1{font-size:1.4375rem}dl div{grid-template-columns:minmax(0,1fr)}.actions>*,.button{width:100%}.link{text-align:center;padding:.35rem 0}}
@media (forced-colors:active){.button{border-color:ButtonText}}
@media print{body{min-height:0}main{box-shadow:none}}
`;

/** The CSP source that admits `style` and nothing else (CSP 3: hash of the element's text). */
export const styleSource = `'sha256-${new Bun.CryptoHasher("sha256").update(style).digest("base64")}'`;
