import { journeysThrough } from "./journeys-through.ts";

journeysThrough("envoy");
