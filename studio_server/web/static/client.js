// The client's pages work without this file; with it they fill by themselves and keep what is being sent.
import { startCompare } from "./client/compare.js";
import { startLive } from "./client/live.js";
import { startSending } from "./client/send.js";
import { startSigning } from "./client/sign.js";
import { startViewer } from "./client/viewer.js";

const sending = startSending();
startLive(sending);
startSigning();
startCompare();
startViewer();
