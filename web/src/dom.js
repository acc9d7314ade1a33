// SPDX-License-Identifier: GPL-2.0-only OR MIT
// Elements without markup: what a container chose becomes text, never HTML.

// Children may be nested, and absent: null, undefined, false, "".
const real = (children) => children.flat(Infinity).filter((child) => child || child === 0);

export function h(tag, attributes, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes ?? {})) {
		if (value === null || value === undefined || value === false)
			continue;
		if (name.startsWith("on"))
			element.addEventListener(name.slice(2), value);
		else if (name === "style")
			for (const [property, text] of Object.entries(value))
				element.style.setProperty(property, text);
		else if (name in element && name !== "list" && typeof value !== "string")
			element[name] = value;
		else
			element.setAttribute(name, value === true ? "" : value);
	}
	element.append(...real(children));
	return element;
}

export function fill(element, ...children) {
	element.replaceChildren(...real(children));
}

// One of several, as buttons that say which is on.
export function segmented(label, options, value, choose) {
	const box = h("div", { class: "segmented", role: "group", "aria-label": label });
	for (const [key, text, note] of options) {
		box.append(
			h(
				"button",
				{
					type: "button",
					"aria-pressed": String(key === value),
					"data-key": key,
					onclick: () => {
						for (const button of box.children)
							button.setAttribute("aria-pressed", String(button.dataset.key === key));
						choose(key);
					},
				},
				text,
				note === undefined ? null : h("span", { class: "note" }, String(note)),
			),
		);
	}
	return box;
}

export function select(label, options, value, choose) {
	const list = h("select", { onchange: (event) => choose(event.target.value) });
	for (const [key, text] of options)
		list.append(h("option", { value: key, selected: key === value }, text));
	return h("label", { class: "field" }, h("span", {}, label), list);
}
