/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files that hear of images tell each other of who asks for one. */
#pragma once

#include "core/book/askers.h"
#include "core/book/pulls.h"

/* What who asks is called, if that is known. */
void ct_image_asked_by(struct ct_core *core, struct ct_pull *p, const struct ct_request *asked);
/* It exits, and has not given back what it took for an image of which its engine was told nothing. */
void ct_image_left(struct ct_core *core, const struct ct_event *e);
