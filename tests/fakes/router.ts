import { outpostApp, routerOf } from "../../src/http/routes.ts";
import { rawAdapter } from "../../src/wire/elysia-adapter.ts";

/** The URL map on the adapter of the real server, without a listener. */
export const router = routerOf(outpostApp(rawAdapter).fetch);
