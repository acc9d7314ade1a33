// SPDX-License-Identifier: GPL-2.0-only
/* The encoder that protobuf-c makes of proto/perfetto.proto, as a unit of its own. */
#include "perfetto.pb-c.c"
