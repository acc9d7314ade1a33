/* SPDX-License-Identifier: GPL-2.0-only */
/* What every attack of tests/hostile uses; attacker.c says how it is called. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VICTIMS_MAX 64

struct victim {
	char id[80];
	char name[80];
};

/* An attack runs until time_is_up(), and kills what it has started. */
struct attack {
	const char *name;
	void (*run)(void);
	const char *doc;
};

extern const struct attack attacks_names[], attacks_storms[], attacks_files[];

extern struct victim victims[VICTIMS_MAX];
extern unsigned victim_count;
extern char here[]; /* directory that is the attacker's own */

bool time_is_up(void);
void nap_ms(unsigned ms);
uint64_t chance(void); /* any number */
void read_victims(void); /* those of now */
const struct victim *a_victim(void);
void random_id(char id[65]);

/*
 * Starts a copy of this program under that name, which does `act` (exit, stay or the name of an
 * attack), and returns its pid. The arguments end with NULL.
 */
int spawn(const char *name, const char *act, const char *const *args);
void spawn_exit(const char *name, const char *const *args); /* waits for it */
void reap(unsigned alive_max); /* waits until at most so many children are left */
