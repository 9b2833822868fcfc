/** What the examples of docs/protocol.md take for granted, for a page without a bundler. */
import { Device } from "mediasoup-client";
import { io } from "socket.io-client";

Object.assign(window, { Device, io });
