// The window's start: fonts, styles, the host, the page.
import "@fontsource-variable/atkinson-hyperlegible-next";
import "@fontsource-variable/literata";
import "$lib/style/tokens.css";
import "$lib/style/base.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { chooseHost } from "$host";
import { flushAll } from "$lib/app/saver.svelte";

await chooseHost();

const flush = () => void flushAll();
addEventListener("pagehide", flush);
document.addEventListener("visibilitychange", () => document.hidden && flush());

const target = document.getElementById("app");
if (target) mount(App, { target });
