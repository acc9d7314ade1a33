// SPDX-License-Identifier: GPL-2.0-only OR MIT
// What is looked at, as the part of the address behind "#": whoever opens that address sees the same.

// keys: those of the state that are in it, with what they are if nothing is said.
export function read_link(keys) {
	const said = new URLSearchParams(location.hash.slice(1));
	return Object.fromEntries(Object.keys(keys).filter((key) => said.has(key)).map((key) => [key, said.get(key)]));
}

export function write_link(keys, state) {
	const said = new URLSearchParams();
	for (const [key, usual] of Object.entries(keys))
		if (state[key] !== usual && state[key] !== null && state[key] !== "")
			said.set(key, state[key]);
	const hash = said.size ? `#${said}` : "";
	if (hash !== location.hash)
		history.replaceState(null, "", hash || location.pathname + location.search);
}
