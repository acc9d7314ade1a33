# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a guest has left in $dir/out against what is expected of it. Used by tests/kernels/run, which
# sets here, O, update and, for a row: name, dir, machine, plans, cmdline.
# shellcheck disable=SC2154,SC2001

# What a machine may lack: the name of a check in tests/kernels/main.
lacks=(no-tracefs no-btf no-memlock no-rights few-rights few-rights-2)
# All that a container of a bare runc goes through, by the command that is asked.
phases_run='start: start ready, stop: die'
phases_create='start: create client start ready, stop: stop client destroy'

# verdict LINE [DETAILS]
verdict()
{
	{
		printf '%s\n' "$1"
		[[ -z ${2:-} ]] || sed 's/^/#   /' <<< "$2"
	} > "$dir/verdict"
}

out()
{
	cat "$dir/out/$1" 2> /dev/null
}

wrong=()
# differ WHAT WANTED-FILE GOT: one more fault if they do; with --update the file is written anew
differ()
{
	[[ -z $update ]] || printf '%s\n' "$3" > "$2"
	diff=$(diff -U 1 "$2" - <<< "$3" 2>&1) || wrong+=("$1:" "$(tail -n +4 <<< "$diff" | head -n 30)")
}

# Without what another kernel of the same series, or of the newest, says differently.
doctor()
{
	jq 'del(.kernel.release, .verdict)' "$dir/out/doctor.out" 2>&1
}

series()
{
	out release | grep -oE '^[0-9]+[.][0-9]+'
}

# lacking: per check what was said, and the exit status
lacking()
{
	local check

	for check in "${lacks[@]}"; do
		printf '%s: exit status %s\n' "$check" "$(out "$check.status")"
		out "$check.err"
	done
}

# programs DEPTH [PLAN]: how many are on, as doctor says
programs()
{
	jq --arg depth "$1" '.plans[] | select(.depth == $depth) | [.probes[] |
		select(.on and .only_for == null)] | length' "$dir/out/doctor${2:+-$2}.out" 2> /dev/null
}

# loaded RUN DEPTH [PLAN]: whether the kernel held as many programs as the plan has, each attached.
# Before 5.15 what is attached to a tracepoint of tracefs is a perf event alone, after that a link too.
loaded()
{
	local planned programs links events

	[[ -s $dir/out/$1.ready ]] || {
		wrong+=("$1: does not begin: $(out "$1.err" | tail -n 3)")
		return
	}
	planned=$(programs "${@:2}")
	programs=$(grep -c '^bpf-prog$' "$dir/out/$1.held")
	links=$(grep -c '^bpf_link$' "$dir/out/$1.held")
	events=$(grep -c '^perf_event$' "$dir/out/$1.held")
	if ((programs == 0 || programs != planned || (links != planned && links + events != planned))); then
		wrong+=("$1: of $planned planned, $programs loaded, $links links, $events perf events")
	fi
	grep -q '^libbpf: .*failed' "$dir/out/$1.err" &&
		wrong+=("$1: $(grep -m 3 '^libbpf: .*failed' "$dir/out/$1.err")")
}

# phases RUN: "start: PHASE..., stop: PHASE...", as they followed one another
phases()
{
	jq -rs 'map(select(.kind == "start" or .kind == "stop") |
		"\(.kind): \(.segments | sort_by(.begin_ns) | map(.phase) | join(" "))") | join(", ")' \
		"$dir/out/$1.json" 2> /dev/null
}

# unread RUN: whether sends are lost, by its summary
unread()
{
	jq -es 'map(select(.kind == "summary"))[0].lost.read > 0' "$dir/out/$1.json" > /dev/null 2>&1
}

# left_out RUN: since 7.0 whoever is in a program on a tracepoint may lose its CPU there, and who comes there next is left
# out; and of returns from a function only as many are heard as there are CPUs. What is told of that run is chance then. It is
# true all the same. Some may be left out after they were counted, at the very end.
left_out()
{
	if [[ $1 == *kprobe ]]; then
		unread "$1"
	else
		grep -q 'Dynamic Preempt: \(lazy\|full\)' "$dir/out/dmesg" &&
			{ (($(out "$1.missed") > 0)) 2> /dev/null || unread "$1"; }
	fi
}

# ended RUN: coldtrace has told all of it; where runs were left out it says so
ended()
{
	local status=0 complete=true

	! left_out "$1" || status=3 complete=false
	[[ $(out "$1.status") == "$status" ]] || wrong+=("$1: exit status $(out "$1.status"), not $status")
	[[ $(jq -s 'map(select(.kind == "summary"))[0].complete' "$dir/out/$1.json" 2>&1) == "$complete" ]] ||
		wrong+=("$1: something is lost or unmatched, or nothing is said of it")
}

# traced RUN PHASES COMMAND...: runc did it, and coldtrace saw all of it
traced()
{
	local run=$1 wanted=$2 got command

	shift 2
	for command in "$@"; do
		[[ $(out "$command.status") == 0 ]] ||
			wrong+=("$run: runc $command: exit status $(out "$command.status") $(out "$command.err")")
	done
	ended "$run"
	got=$(phases "$run")
	[[ $got == "$wanted" ]] || left_out "$run" || wrong+=("$run: traced '$got', not '$wanted'")
}

# heard RUN: whether every request of tests/kernels/talk.c was, and its answer
heard()
{
	local got

	[[ $(out "talk-$1.status") == 0 ]] || wrong+=("$1: talk: $(out "talk-$1.err")")
	got=$(jq -rs 'map(select(.kind == "create" and .outcome == "ok") | .name) - ["first"] | sort |
		join(" ")' "$dir/out/$1.json" 2> /dev/null)
	[[ $got == 'sendmsg sendto write writev' ]] || wrong+=("$1: heard of requests '$got'")
}

# jammed: others wait in the function of sending, more than return for the kernel: of what an engine is asked and answers nothing
# is heard then, and each of its five answers is counted
jammed()
{
	[[ $(out jam.status) == 3 ]] || wrong+=("jam: exit status $(out jam.status)")
	jq -es 'map(select(.kind == "summary"))[0] | .lost.read >= 5 and .lost.read <= 10 and (.complete | not)' \
		"$dir/out/jam.json" > /dev/null 2>&1 || wrong+=("jam: $(jq -c 'select(.kind == "summary") | .lost' "$dir/out/jam.json" 2>&1)")
}

# opened: every open is counted, or it is said why none is: without a storage per thread (before 5.11),
# and where no memory of the kernel may be read
opened()
{
	local got

	if [[ ! -s $dir/out/opens.ready ]]; then
		[[ $name == 5.10* && $(out opens.err) == *'cannot keep a time per thread'* ]] ||
			wrong+=("opens: does not begin: $(out opens.err | tail -n 3)")
		return
	fi
	if [[ $cmdline == *lockdown=confidentiality* ]]; then
		[[ $(out opens.err) == *'no opened file can be seen: '* ]] ||
			wrong+=("opens: it is not said that none is seen: $(out opens.err)")
		return
	fi
	got=$(jq -rs '[.[] | select(.kind == "opens" and .view == "native") | .most_opened[] |
		select(.path == "/bin/busybox" or .path == "/bin/missing") |
		"\(.path) \(.count) \(.failed)"] | sort | join(", ")' "$dir/out/opens.json" 2> /dev/null)
	[[ $got == '/bin/busybox 97 0, /bin/missing 97 97' ]] ||
		wrong+=("opens: counted '$got': $(out opens.err | tail -n 3)")
	got=$(jq -rs '[.[] | select(.kind == "opens" and .view == "native") | .most_opened[] |
		select(.path | endswith("/here") or endswith("/f")) |
		"\(.path) \(.count) \(.begin_cut)"] | sort | join(", ")' "$dir/out/opens.json" 2> /dev/null)
	[[ $got == ".../d7$(printf '/d%s' {8..30})/here 1 true, /dev/shm/new/f 1 false, /dev/shm/old/f 2 false" ]] ||
		wrong+=("opens: from where it is, '$got'")
}

# machine: what kata-runtime asks an agent behind a vsock, where that can be tried
machine()
{
	local got wanted='guest boot, agent connected, sandbox created, guest details, container created,'

	[[ -d $dir/modules ]] || return
	wanted+=' cpu and memory online, workload started'
	got=$(jq -rs '[.[] | select(.kind == "start" and .outcome == "ok") | [.steps[].name | select(IN(
		"agent connected", "guest boot", "sandbox created", "guest details", "container created",
		"cpu and memory online", "workload started"))] | join(", ")] | join("; ")' "$dir/out/machine.json" 2>&1)
	[[ $got == "$wanted" ]] || wrong+=("of the agent behind a vsock: '$got' $(cat "$dir"/out/machine*.err)")
}

# What an engine has pulled of an image, what it has pulled of one of which the registry lacks a layer, each as a client
# that fetches itself, as a kubelet asks for it, and for one that is not there.
pulled=(ctr torn cri none)
# pushed RUN: {image: [[digest, size]...]} of what was put into the registry: layers, config, manifest
pushed()
{
	local image

	for image in "${pulled[@]}"; do
		[[ ! -e $dir/pushed/$image-$1 ]] || jq -cRn --arg image "$image" \
			'{($image): [inputs | split(" ") | [.[0], (.[1] | tonumber)]]}' "$dir/pushed/$image-$1"
	done | jq -cs add
}

# pulls RUN: what is known of each pull, a line each: times by what they are, bytes by whether they are exact. Which layers of
# a torn image were there when its client gave up is chance.
pulls()
{
	jq -cs --arg run "$1" --argjson pushed "$(pushed "$1")" '
		def exact($wanted): if . == null or . == [] or . == "" then "unknown" elif . == $wanted then "exact" else "wrong" end;
		def proofs($time): [.fetched.layers[].proof[$time]] | unique | join(" ");
		map(select(.kind == "pull")) | sort_by(.begin_ns)[]
		| (.image | capture("/test/(?<name>[a-z]+)-").name) as $image
		| $pushed[$image] as $is
		| { plan: $run, image: $image, outcome, engine, namespace,
			why: (.failed.message // "" | gsub("-" + $run; "")),
			tiles: (([.segments[] | .end_ns - .begin_ns] | add) == .total_ns) }
		+ if $is == null then {} else {
			digest: (.fetched.digest | exact($is[-1][0])),
			layers: ([.fetched.layers[] | [.digest, .size]] | exact($is[:-2]))
		} end
		+ if $is == null or .outcome != "ok" then {} else {
			bytes: (.fetched.bound.bytes | exact($is[:-2] | map(.[1]) | add)),
			phases: ([.phases | to_entries[] | select(.value != null) | .key] | join(" ")),
			up_to_date: .fetched.up_to_date, first: proofs("first"), fetched: proofs("fetched"),
			unpacking: proofs("unpacking"), unpacked: proofs("unpacked"),
			unpacked_size: ([.fetched.layers[].unpacked_size != null] | (all and length > 0))
		} end
		+ { links: ([.fetched.links.peers[]? | "\(.address):\(.port)"] | unique | join(" ")) }' "$dir/out/pulls-$1.json" 2>&1
}

# pulled RUN: the engine did what was asked for, and each pull is told once, with nothing that is not so
pulled()
{
	local image got told

	for image in "${pulled[@]}"; do
		[[ $image:$(out "pull-$image-$1.status") =~ ^(ctr|cri):0$|^(torn|none):1$ ]] || wrong+=("pulls-$1: '$image': exit $(
			)status $(out "pull-$image-$1.status") $(out "pull-$image-$1.err" | tail -n 3)")
	done
	got=$(pulls "$1")
	! grep -E '"wrong"|"tiles":false' <<< "$got" > /dev/null || wrong+=("pulls-$1: it is not so:" "$got")
	ended "pulls-$1"
	! left_out "pulls-$1" || return
	told=$(jq -r .image <<< "$got" 2>&1 | xargs)
	[[ $told == "${pulled[*]}" ]] || wrong+=("pulls-$1: told of '$told', not of '${pulled[*]}'")
}

# What is expected of a plan of which runs were left out is taken from there: nothing to compare with
all_pulls()
{
	local run

	for run in phases $plans; do
		if left_out "pulls-$run"; then
			grep -s "^{\"plan\":\"$run\"" "$here/expected/$name.pulls"
		else
			pulls "$run"
		fi
	done
}

recorded()
{
	local records

	records=$("$O/static/coldtrace-$(uname -m)" report -o json "$dir/out/run.ct" 2>&1 |
		jq -rs 'map(.kind) | join(" ")' 2>&1)
	[[ $records == 'session start stop summary' ]] || wrong+=("the recording: $records")
}

# explained: where the time went, if this kernel can tell; else that it cannot
explained()
{
	local able got

	able=$(jq '.plans[] | select(.depth == "why") | .possible' "$dir/out/doctor.out" 2> /dev/null)
	if [[ $able == false ]]; then
		[[ $(out why.status) == 1 ]] && grep -qE "^coldtrace: .*(probe 'ct_why_|not for this kernel)" "$dir/out/why.err" ||
			wrong+=("--why cannot work here, but: $(out why.status) $(out why.err)")
		return
	fi
	# all of it, and no more than a hundredth for functions that no row of the table knows
	got=$("$O/static/coldtrace-$(uname -m)" report --why -o json "$dir/out/why.ct" 2>&1 | jq -rs '
		map(select(.kind == "start" or .kind == "stop")) as $records
		| [$records[].path[] | .end_ns - .begin_ns] as $all
		| [$records[].path[] | select(.reason == "unexplained" or .reason == "other")] as $rest
		| if ($records | length) != 2 then "not a start and a stop"
			elif ($records | map(.total_ns) | add) != ($all | add) then "the parts are not the whole"
			elif ($rest | map(.end_ns - .begin_ns) | add // 0) > 0.01 * ($all | add) then
				"nothing is known of: \($rest | map("\(.reason) \(.what) \((.end_ns - .begin_ns) / 1e6) ms") | join(", "))"
			else "explained" end' 2>&1)
	[[ $got == explained ]] || wrong+=("--why: $got")
}

# able: per depth whether its plan is possible; steps without a system call are none
able()
{
	jq -c '[.plans[] | .possible and (.depth != "steps" or any(.probes[];
		.on and .only_for == null and (.hook | startswith("tracepoint/syscalls/"))))]' \
		"$dir/out/doctor.out" 2>&1
}

plan()
{
	jq -r '[.plans[] | select(.possible) | .plan] | unique | join("/")' "$dir/out/doctor.out" 2> /dev/null
}

# What this kernel has not, and coldtrace does without
without()
{
	jq -r '[.plans[] | select(.possible) | .features[] | select(.on | not) | .feature] | unique | join(",")' "$dir/out/doctor.out"
}

# result: what the support table of README.md says of this row
result()
{
	local also=${plans// /,} without

	without=$(without)
	printf '%s %s %s %s %s %s %s %s %s\n' "$name" "$(series)" "$machine" "${cmdline:--}" "$(plan)" \
		"${also:--}" "$(programs phases)" "$(programs steps)" "${without:--}"
}

# The series of the newest kernel changes by itself.
known_result()
{
	[[ $(grep "^$name " "$here/results" | cut -d' ' -f1,3-) == $(result | cut -d' ' -f1,3-) ]] ||
		wrong+=("tests/kernels/results has not: $(result)")
}

# judge SECONDS REMARK
judge()
{
	local also

	wrong=()
	[[ $(out doctor.status) == 0 ]] || wrong+=("doctor: $(out doctor.err)")
	differ "doctor --json" "$here/expected/$name.json" "$(doctor)"
	[[ $(jq -c '[.verdict.features[:3][].works]' "$dir/out/doctor.out" 2>&1) == "$(able)" ]] ||
		wrong+=("doctor: its verdict is not what its plans say: $(able)")
	differ "what is said when something lacks" "$here/expected/$name.txt" "$(lacking)"
	loaded phases phases
	traced phases "$phases_run" run
	heard phases
	pulled phases
	for also in $plans; do
		loaded "$also" phases "$also"
		traced "$also" "$phases_run" "run-$also"
		heard "$also"
		pulled "$also"
		[[ $also != kprobe ]] || jammed
	done
	differ "what is known of pulls" "$here/expected/$name.pulls" "$(all_pulls)"
	loaded steps steps
	traced steps "$phases_create" create start kill delete
	opened
	recorded
	machine
	explained
	((${#wrong[@]} > 0)) || result > "$dir/passed"
	[[ -n $update ]] || known_result
	[[ $name == newest* || $name == "$(series)"* ]] || wrong+=("this is kernel $(series)")
	if ((${#wrong[@]} > 0)); then
		verdict "not ok - $name: $(out release)" "$(printf '%s\n' "${wrong[@]}")"
		return
	fi
	verdict "$(printf 'ok - %-12s %-28s %-7s plan %s: %s programs, %s with --steps; %s%d s%s' \
		"$name" "$(out release)" "$machine" "$(plan)" \
		"$(programs phases)" "$(programs steps)" "${plans:+also ${plans// /, }; }" "$1" "$2")"
}

# What a bystander's call costs more while coldtrace runs: call, plan, instructions. The fastest of many
# batches; by QEMU's clock an instruction is a nanosecond, and nothing else takes time.
costs()
{
	local file mode

	# what else ran while nothing was attached is not taken for a saving
	fastest "$dir"/out/none*.cost > "$dir/none"
	for file in "$dir"/out/*.cost; do
		mode=$(basename "$file" .cost)
		[[ $mode != none* ]] || continue
		join "$dir/none" <(fastest "$file") |
			awk -v mode="$mode" '{ printf "%s %s %d %d\n", $1, mode, $3 - $2, $2 }'
	done
}

# fastest FILE...: of each call
fastest()
{
	cat "$@" | sort -k1,1 -k2,2n | awk '!seen[$1]++ { print $1, $2 }'
}

# What is no growth yet: a dozen instructions, or a hundredth of the call. A process that ends, or a file that is
# closed, leaves work behind that the kernel does in whatever it comes to next.
cost_slack=12
judge_cost()
{
	local got

	got=$(costs)
	printf '%s\n' "$got" > "$dir/costs"
	if [[ -z $got ]]; then
		verdict "not ok - $name: what bystanders pay could not be counted" \
			"$(tail -n 3 "$dir"/out/*.err 2> /dev/null; tail -n 5 "$dir/console" | tr -d '\r')"
		return
	fi
	[[ -z $update ]] || { verdict "ok - $name: kept"; return; }
	got=$(awk -v row="$name" -v slack=$cost_slack '
		/^#/ { next }
		FNR == NR { if ($1 == row) kept[$2 " " $3] = $4 > 0 ? $4 : 0; next }
		!($1 " " $2 in kept) { print $1 " " $2 ": " $3 " instructions, not in the list"; next }
		{ counted[$1 " " $2] = 1 }
		{ room = $4 / 100 > slack ? $4 / 100 : slack }
		$3 > kept[$1 " " $2] * 1.1 + room { print $1 " " $2 ": " $3 " instructions, " kept[$1 " " $2] " are kept" }
		END { for (each in kept) if (!(each in counted)) print each ": not counted" }
		' "$here/cost.txt" "$dir/costs")
	if [[ -n $got ]]; then
		verdict "not ok - $name ($(out release)): bystanders pay more" "$got"
	else
		verdict "ok - $name ($(out release)): bystanders pay no more than is kept"
	fi
}

# With --update: the lines of this row in tests/kernels/cost.txt.
keep_cost()
{
	[[ -s $dir/costs ]] || return
	{
		grep -v "^$name " "$here/cost.txt"
		sed "s/^/$name /" "$dir/costs"
	} > "$here/cost.txt.new" && mv "$here/cost.txt.new" "$here/cost.txt"
}
