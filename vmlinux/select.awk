# SPDX-License-Identifier: GPL-2.0-only
#
# Selects definitions of a full vmlinux.h. Three inputs, in this order: the header of the types
# and members that need a relocation (bpftool gen min_core_btf), the words of the program, and the
# full header. Definitions are known by key: "struct x", "enum x", "typedef x", or for an enum
# without a name "enum #n".
#
# A structure that the program only reads through pointers gets the members that it reads. One
# that it has on its stack ("struct x name") must have its true size, so it is taken whole.

function key_of(text,    name, word)
{
	if (text ~ /^typedef (struct|union|enum) ([A-Za-z_0-9]+ )?{/) # its name is on the last line
		sub(/^.*\n}/, "typedef }", text)
	sub(/\n.*/, "", text)
	if (text ~ /^typedef/) {
		if (match(text, /\(\*[A-Za-z_0-9]+\)/)) # pointer to a function
			return "typedef " substr(text, RSTART + 2, RLENGTH - 3)
		return "typedef " last_word(text)
	}
	split(text, word, /[ ;]/)
	if (word[1] !~ /^(struct|union|enum)$/)
		return ""
	name = word[2] == "{" ? "#" ++unnamed : word[2]
	return word[1] " " name
}

function last_word(text)
{
	sub(/( __attribute__.*|(\[[0-9]*\])*);.*$/, "", text)
	sub(/.*[^A-Za-z_0-9]/, "", text)
	return text
}

# One definition ends with a line that ends it: "};", "} x;" or "typedef ... x;".
function take(text,    key)
{
	key = key_of(text)
	if (key == "" || text ~ /^(struct|union|enum) [A-Za-z_0-9]+;/)
		return
	if (input == 1) {
		gsub(/\n\t+(long|int|short|char)( int)?: [0-9]+;/, "", text) # unread members
		min[key] = text
		return
	}
	full[key] = text
	order[++count] = key
	if (key ~ /^enum /)
		enumerators(key, text)
}

function enumerators(key, text,    n, i, line, word)
{
	n = split(text, line, "\n")
	for (i = 2; i < n; i++) {
		split(line[i], word, /[\t =,]+/)
		enum_of[word[2]] = key
	}
}

function need(key, whole)
{
	if (!(key in full) || (key in needed && needed[key] >= whole))
		return
	needed[key] = whole
	body[key] = key in min && !whole ? min[key] : full[key]
	scan(body[key], whole, 0)
}

# Looks up every word of a text. Only what the program itself says (own) names enumerators.
function scan(text, whole, own,    n, i, token, tag)
{
	gsub(/[^A-Za-z_0-9*]+/, " ", text)
	gsub(/\*/, " * ", text)
	n = split(text, token, " ")
	for (i = 1; i <= n; i++) {
		if (token[i] ~ /^(struct|union|enum)$/) {
			tag = token[i] " " token[++i]
			if (!(tag in full))
				continue
			declared[tag] = 1
			if (token[i + 1] != "*")
				need(tag, tag ~ /^enum / ? 1 : whole)
		} else if (own && token[i] ~ /^(BPF_.*|true|false)$/ && token[i] in enum_of) {
			need(enum_of[token[i]], 1)
		} else {
			need("typedef " token[i], whole)
		}
	}
}

FNR == 1 { input++; text = ""; depth = 0 }
input == 2 { program = program " " $0; next }
/^#/ || /^$/ { next }
{
	text = text $0 "\n"
	depth += gsub(/{/, "{") - gsub(/}/, "}")
	if (!depth && /;$/) {
		take(text)
		text = ""
	}
}

END {
	for (key in min)
		need(key, 0)
	scan(program, 1, 1)
	print "/* SPDX-License-Identifier: GPL-2.0-only */"
	print "/* Made by vmlinux/generate.sh from the BTF of Linux " version " (" arch "): do not edit. */"
	print "#pragma once\n"
	print "#define __VMLINUX_H__ /* tells bpf_tracing.h how the registers are called */\n"
	print "#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)"
	for (i = 1; i <= count; i++)
		if (order[i] !~ /^(enum|typedef) |#/ && (order[i] in declared || order[i] in needed))
			printf "%s%s;\n", first++ ? "" : "\n", order[i]
	for (i = 1; i <= count; i++)
		if (order[i] in needed)
			printf "\n%s", body[order[i]]
	print "\n#pragma clang attribute pop"
}
