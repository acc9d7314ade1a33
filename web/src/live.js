// SPDX-License-Identifier: GPL-2.0-only OR MIT
// A page of 'coldtrace serve' is told of records as they come.

// words: { last, most }: the number of the last record in the page, how many to keep. take() gets what came
// since, at most once a second, and only while somebody looks.
export function follow(words, state, take) {
	const pause = 1000;
	let records = [], summary = null, timer = null, hidden = document.hidden;
	const source = new EventSource(`events?after=${words.last}`);

	function hand_over() {
		timer = null;
		const came = records;
		records = [];
		take(came, summary);
	}
	function soon() {
		if (timer === null && !hidden)
			timer = setTimeout(hand_over, pause);
	}
	source.addEventListener("open", () => state("live"));
	source.addEventListener("error", () => state(source.readyState === EventSource.CLOSED ? "ended" : "waits for the server"));
	source.addEventListener("record", (event) => {
		records.push(JSON.parse(event.data));
		records = records.slice(-words.most);
		soon();
	});
	source.addEventListener("summary", (event) => {
		summary = JSON.parse(event.data);
		soon();
	});
	// Too much was missed, or the server began anew.
	source.addEventListener("anew", () => location.reload());
	document.addEventListener("visibilitychange", () => {
		hidden = document.hidden;
		soon();
	});
}
