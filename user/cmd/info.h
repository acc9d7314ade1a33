/* SPDX-License-Identifier: GPL-2.0-only */
/* A recording described, for people and for programs. */
#pragma once

#include <stdio.h>

#include "source/recording/recording_info.h"

/* path: as it was given. Nothing of it, nor of the recording, is written that is not escaped. */
void ct_info_text(FILE *out, const char *path, const struct ct_recording_info *info);
/* One object, on one line. */
void ct_info_json(FILE *out, const char *path, const struct ct_recording_info *info);
