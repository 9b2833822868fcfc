/** What the player does to hls.js, for a page of the end-to-end tests that has hls.js alone. */
import { goOnBehindGaps } from "../pages/player/gaps";
import { keepOneSound } from "../pages/player/oneSound";

Object.assign(window, { goOnBehindGaps, keepOneSound });
