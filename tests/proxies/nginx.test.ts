import { journeysThrough } from "./journeys-through.ts";

journeysThrough("nginx");
