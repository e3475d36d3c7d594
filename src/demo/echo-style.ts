/** The style sheet of the echo application: the colours and shapes of akproxy's own pages. */
export const echoStyle = `
:root{color-scheme:light dark;--ground:#f4f4f1;--card:#fff;--ink:#1b1d22;--soft:#565b66;--line:#e3e3dd;--well:#f8f8f5;--button:#1b1d22;--on-button:#fff;--focus:#2b5fd9;--ours:#1f7a4d}
@media (prefers-color-scheme:dark){:root{--ground:#101216;--card:#181b21;--ink:#eceef2;--soft:#a3a9b6;--line:#2a2e37;--well:#13161b;--button:#eceef2;--on-button:#14161a;--focus:#8fb1ff;--ours:#6fd0a0}}
*{box-sizing:border-box;margin:0}
html{font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{background:var(--ground);color:var(--ink);padding:3rem 1rem;overflow-wrap:anywhere}
main{display:grid;grid-template-columns:minmax(0,1fr);gap:1.25rem;max-width:56rem;margin:0 auto}
header{display:grid;grid-template-columns:auto minmax(0,1fr);gap:0 1.1rem;align-items:center;margin-bottom:.5rem}
.face{display:grid;place-items:center;width:3.5rem;height:3.5rem;border-radius:16px;background:var(--ours);color:var(--card);font-size:1.6rem;font-weight:650}
h1{font-size:1.75rem;line-height:1.2;font-weight:650;letter-spacing:-.015em}
header p{color:var(--soft)}
section{background:var(--card);border:1px solid var(--line);border-radius:16px;padding:1.35rem 1.6rem;box-shadow:0 1px 2px rgb(0 0 0/.04)}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(20rem,100%),1fr));gap:1.25rem}
h2{font-size:1rem;font-weight:600}
section>p{color:var(--soft);font-size:.9375rem;margin-top:.15rem}
dl{margin-top:.75rem;font-size:.9375rem}
dl div{display:grid;grid-template-columns:7rem minmax(0,1fr);gap:0 1rem;padding:.4rem 0;border-top:1px solid var(--line)}
dl div:first-child{border-top:0}
dt{color:var(--soft)}
.chip{display:inline-block;margin:0 .3rem .2rem 0;padding:0 .55rem;border:1px solid var(--line);border-radius:99px;background:var(--well);font-size:.875rem}
code,td,th,.log{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.8125rem}
table{width:100%;margin-top:.75rem;border-collapse:collapse;table-layout:fixed}
th,td{padding:.42rem 0;border-top:1px solid var(--line);text-align:left;vertical-align:top;font-weight:400}
th{width:15rem;padding-right:1rem;color:var(--soft)}
.ours th{color:var(--ours)}
.none{color:var(--soft);font-style:italic}
form{display:flex;gap:.6rem;margin-top:.9rem}
input{flex:1;min-width:0;padding:.5rem .8rem;border:1px solid var(--soft);border-radius:10px;background:var(--well);color:var(--ink);font:inherit}
button,.button{display:inline-block;border:1px solid transparent;border-radius:10px;padding:.5rem 1rem;background:var(--button);color:var(--on-button);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
button:hover,.button:hover{opacity:.86}
button:disabled{opacity:.5;cursor:default}
.log{min-height:4.6rem;margin-top:.75rem;padding:.6rem .8rem;background:var(--well);border:1px solid var(--line);border-radius:10px;color:var(--soft);white-space:pre-wrap}
nav{display:flex;flex-wrap:wrap;align-items:center;gap:.75rem 1.5rem;grid-column:1/-1;margin-top:1.25rem}
nav a:not(.button){color:var(--ink);text-underline-offset:.22em;text-decoration-color:var(--soft);text-decoration-thickness:1px}
:focus-visible{outline:3px solid var(--focus);outline-offset:3px}
@media (max-width:38rem){body{padding:1.25rem .75rem}section{padding:1.15rem 1.1rem}header{gap:0 .9rem}h1{font-size:1.4375rem}tr{display:block;padding:.45rem 0;border-top:1px solid var(--line)}th,td{display:block;width:auto;padding:0;border:0}}
`;
