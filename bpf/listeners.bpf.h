/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets on which engines listen: who is spoken to. */
#pragma once

#include "ct_alike.h"
#include "places.bpf.h"

/*
 * Socket files on which engines listen for their API: a send to one of them is heard from anybody.
 * Those of engines in containers, or of users, take no place of the host's.
 */
struct api_sockets {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct ct_file_id);
	__type(value, struct ct_place);
} api_sockets SEC(".maps"), api_sockets_shared SEC(".maps");

/* Whether any was put there, by the remainder of their inodes' numbers. User space writes it too. */
__u8 ct_sockets_alike[CT_ALIKE_SOCKETS] = {};

static __always_inline bool file_id_of(enum ct_how how, struct unix_sock *us, struct ct_file_id *id)
{
	struct inode *inode = CT_GET(how, us, path.dentry, d_inode);

	if (!inode)
		return false;
	id->ino = CT_GET(how, inode, i_ino);
	id->dev = CT_GET(how, inode, i_sb, s_dev);
	return true;
}

/* af_unix.c: a struct sock of this family is the beginning of a struct unix_sock. */
static __always_inline struct unix_sock *unix_sock_of(enum ct_how how, struct sock *sk)
{
	return how == CT_TYPED ? bpf_skc_to_unix_sock(sk) : (struct unix_sock *)sk;
}

/* A message that has no share by its sender is of the engine's that is spoken to. */
static __always_inline __u64 share_of_engine(__u32 engine)
{
	struct ct_actor *to = engine ? ct_actor_of(engine) : NULL;

	return to ? to->share : 0;
}

/* Another engine may have got the socket. */
static __always_inline void api_socket(const struct ct_file_id *id, __u64 share)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct ct_place *known, place;

	known = share ? bpf_map_lookup_elem(&api_sockets_shared, id)
		      : bpf_map_lookup_elem(&api_sockets, id);
	place = place_of(share, tgid);
	if (known && known->owner == tgid) {
		known->used_ns = place.used_ns;
		return;
	}
	if (!ct_may_say(share, CT_PLACE_LASTING_BYTES))
		return;
	ct_sockets_alike[CT_ALIKE_SOCKET(id->ino)] = 1;
	if (share)
		ct_place_taken(CT_PLACES_SOCKETS_SHARED, share,
			       bpf_map_update_elem(&api_sockets_shared, id, &place, BPF_ANY));
	else
		ct_place_taken(CT_PLACES_SOCKETS, share,
			       bpf_map_update_elem(&api_sockets, id, &place, BPF_ANY));
}

/*
 * A dialogue begins with a listener, and what it accepts has its address: where neither end has one, as
 * in a pair of sockets, nobody is an engine.
 */
static __always_inline bool is_dialogue(enum ct_how how, struct unix_sock *us,
					struct unix_sock *peer)
{
	return CT_GET(how, us, addr) || (peer && CT_GET(how, peer, addr));
}

static __always_inline bool is_unlike(enum ct_how how, struct dentry *dentry)
{
	struct inode *inode = dentry ? CT_GET(how, dentry, d_inode) : NULL;
	__u64 ino = inode ? CT_GET(how, inode, i_ino) : 0;

	return !inode || !ct_sockets_alike[CT_ALIKE_SOCKET(ino)];
}

/* By casts, which are no calls: through what they give is only loaded. */
static __always_inline bool is_chat_cast(struct sock *sk)
{
	struct sock *peer = CT_CAST(unix_sock, sk)->peer;

	return !peer || is_unlike(CT_TYPED, CT_CAST(unix_sock, peer)->path.dentry);
}

static __always_inline bool is_chat_on(enum ct_how how, struct sock *sk)
{
	struct unix_sock *us = unix_sock_of(how, sk), *to;
	struct sock *peer = us ? CT_GET(how, us, peer) : NULL;

	to = peer ? unix_sock_of(how, peer) : NULL;
	return !to || is_unlike(how, CT_GET(how, to, path.dentry));
}

/*
 * Whether the socket file that is talked to is none of an engine's, by loads alone: what a bystander pays for. What is
 * not at a path has no engine behind it.
 */
static __always_inline bool is_chat(enum ct_how how, struct sock *sk)
{
	if (how == CT_TYPED && ct_has(CAST) && ct_cast_types[CT_CAST_TYPE_unix_sock])
		return is_chat_cast(sk);
	if (how == CT_TYPED && ct_has(SOCKETS))
		return is_chat_on(CT_TYPED, sk);
	return !ct_has(READ) || is_chat_on(CT_PROBED, sk);
}

/* Anybody may be a client: known by the socket file that it talks to. 0: of no engine. */
static __always_inline __u32 engine_of(enum ct_how how, struct unix_sock *peer)
{
	struct ct_file_id id;
	struct ct_place *place;

	if (!peer || !file_id_of(how, peer, &id))
		return 0;
	place = bpf_map_lookup_elem(&api_sockets, &id);
	if (!place)
		place = bpf_map_lookup_elem(&api_sockets_shared, &id);
	return place ? place->owner : 0;
}
