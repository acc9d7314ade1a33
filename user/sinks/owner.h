/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose a container is, in words. What a container chose is in them: escape them. */
#pragma once

#include "core/record.h"

#define CT_OWNER_LEN 144

/* The container that it is in: name, id or "pid N"; empty: in none. */
const char *ct_owner_container(char buf[CT_OWNER_LEN], const struct ct_owner *owner);
/* What to say behind the container's name: " in OTHER", " of uid N"; empty: the host's root's. */
const char *ct_owner_words(char buf[CT_OWNER_LEN], const struct ct_owner *owner);
