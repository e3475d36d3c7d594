import type { HeaderLines } from "../../src/core/http/header-lines.ts";

/** What a Chromium sends with a navigation, besides Host and Cookie; a reverse proxy's question holds them, too. */
export const browserHeaders: HeaderLines = [
  [
    "User-Agent",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  ],
  ["Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"],
  ["Accept-Language", "en-GB,en;q=0.9,de;q=0.8"],
  ["Accept-Encoding", "gzip, deflate, br, zstd"],
  ["Sec-Fetch-Site", "same-origin"],
  ["Sec-Fetch-Mode", "navigate"],
  ["Sec-Fetch-User", "?1"],
  ["Sec-Fetch-Dest", "document"],
  ["Upgrade-Insecure-Requests", "1"],
  ["Cache-Control", "max-age=0"],
];
